// The bar on top: what mode, how it is, what it earned, and the kill switch. Never out of reach.

import { killOff, killOn } from "../live/actions.js";
import { may, signOut } from "../live/session.js";
import { connection, section } from "../live/store.js";
import { language, named, t } from "../words/index.js";
import { Badge } from "./badge.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { Money } from "./money.js";
import { theme, toggleTheme } from "./theme.js";

export function Bar() {
  const overview = section("overview").value;
  return html`<header class="bar">
    ${overview && html`<span class="mode ${overview.mode}">${named("mode", overview.mode)}</span>`}
    <${Badge} state=${connection.value} text=${t(`connection.${connection.value}`)} />
    ${overview && html`<${Health} overview=${overview} />`}
    <span class="space"></span>
    ${overview && html`<${Today} overview=${overview} />`}
    <${KillSwitch} />
    <${Settings} />
  </header>`;
}

const Health = ({ overview }) =>
  html`<a class="health" href="#/overview"><${Badge} state=${overview.healthy ? "healthy" : "warning"}
    text=${overview.healthy ? t("health.well") : t("health.problems", { count: overview.problems.length })} /></a>`;

const Today = ({ overview }) =>
  html`<span class="today"><small>${t("today")}</small><${Money} value=${overview.profit_today} gain /></span>`;

function KillSwitch() {
  const on = "global" in (section("kill_switch").value ?? {});
  if (!may("trade")) return on ? html`<${Badge} state="killed" text=${t("kill.on")} />` : null;
  return html`<button class="kill ${on ? "on" : ""}" aria-pressed=${on} onClick=${() => (on ? killOff() : killOn())}>
    <${Icon} name="power" /><span>${on ? t("kill.on") : t("kill")}</span></button>`;
}

/** Language, colours, leaving. On a phone they are in the menu. */
export const Settings = () =>
  html`<div class="preferences"><button class="plain" lang=${language.value === "en" ? "zh-CN" : "en"}
      onClick=${() => (language.value = language.value === "en" ? "zh" : "en")}>${language.value === "en" ? "中文" : "English"}</button>
    <button class="plain" aria-label=${t(theme.value === "dark" ? "theme.light" : "theme.dark")} onClick=${toggleTheme}>
      <${Icon} name=${theme.value === "dark" ? "sun" : "moon"} /></button>
    <button class="plain" aria-label=${t("leave")} onClick=${() => signOut()}><${Icon} name="leave" /></button></div>`;

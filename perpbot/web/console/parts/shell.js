// The frame around every view: menu, bar on top, and what must be seen whatever is shown.

import { useEffect } from "../vendor/hooks.js";
import { signal } from "../vendor/signals.js";
import { connection, section } from "../live/store.js";
import { t } from "../words/index.js";
import { Bar, Settings } from "./bar.js";
import { Dialog } from "./dialog.js";
import { html } from "./html.js";
import { Icon } from "./icon.js";
import { Notices } from "./notices.js";
import { GROUPS, VIEWS, view } from "./views.js";

const FIRST = ["overview", "trades", "positions", "venues"];
const SHORT = { trades: "menu.trades" };
const ICON = document.querySelector("link[rel=icon]").href;
const open = signal(false);

export function Shell() {
  const name = view.value;
  useEffect(() => {
    document.title = `${t(`view.${name}`)} – PerpBot`;
    open.value = false;
  });
  return html`<a class="skip" href="#main" onClick=${skip}>${t("skip")}</a>
    <div class="shell ${open.value ? "menu-open" : ""} ${connection.value}">
      <${Menu} />
      <div class="column">
        <${Bar} />
        <${Banner} />
        <main id="main" tabindex="-1">
          <header class="heading"><h1>${t(`view.${name}`)}</h1><p>${t(`view.${name}.about`)}</p></header>
          <div class="view view-${name}"><${VIEWS[name]} /></div>
        </main>
      </div>
      <${Tabs} />
    </div>
    <${Notices} />
    <${Dialog} />`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

const Link = ({ name, words = `view.${name}` }) =>
  html`<a href="#/${name}" aria-current=${view.value === name ? "page" : undefined} onClick=${() => (open.value = false)}>
    <${Icon} name=${name} /><span>${t(words)}</span><${Count} of=${name} /></a>`;

/** How many there are that want attention. */
function Count({ of }) {
  if (of !== "alerts") return null;
  const firing = Object.values(section("alerts").value ?? {}).filter((each) => each.state === "firing").length;
  return firing ? html`<b class="count">${firing}</b>` : null;
}

const Menu = () =>
  html`<nav class="menu" aria-label=${t("menu")} onKeyDown=${(event) => event.key === "Escape" && (open.value = false)}>
    <div class="brand"><img src=${ICON} alt="" width="26" height="26" /><strong>PerpBot</strong></div>
    ${Object.entries(GROUPS).map(
      ([group, views]) => html`<div class="group"><h2>${t(`group.${group}`)}</h2>
        <ul>${Object.keys(views).map((name) => html`<li key=${name}><${Link} name=${name} /></li>`)}</ul></div>`,
    )}
    <${Settings} />
    <p class="version">${section("overview").value?.version}</p>
  </nav>`;

const Tabs = () =>
  html`<nav class="tabs" aria-label=${t("menu.first")}>
    ${FIRST.map((name) => html`<${Link} key=${name} name=${name} words=${SHORT[name]} />`)}
    <button aria-expanded=${open.value} onClick=${() => (open.value = !open.value)}>
      <${Icon} name=${open.value ? "close" : "menu"} /><span>${t("menu.all")}</span></button>
  </nav>`;

/** Says that what is shown is old, or that nobody answers. */
function Banner() {
  const state = connection.value;
  if (state !== "stale" && state !== "lost") return null;
  return html`<p class="banner ${state}" role="alert">${t(`banner.${state}`)}</p>`;
}

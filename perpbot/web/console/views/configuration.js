// The settings in force. What can change while PerpBot runs is changed here, after a look at what it comes to.

import { useEffect } from "../vendor/hooks.js";
import { signal } from "../vendor/signals.js";
import { change } from "../live/actions.js";
import { useAnswer } from "../live/asked.js";
import { may } from "../live/session.js";
import { html, memo } from "../parts/html.js";
import { Empty, Loading } from "../parts/panel.js";
import { Tabs } from "../parts/tabs.js";
import { t } from "../words/index.js";

const sought = signal("");
const only = signal("all");
/** New values by key, as they were typed; until they are the settings in force, or discarded. */
const drafts = signal({});

/** The settings of an answer of /api/config as a list, each with its key. */
export const settingsOf = (answer) => Object.entries(answer.settings).map(([key, each]) => ({ key, ...each }));

const KEEP = {
  all: () => true,
  changeable: (each) => each.at_once,
  set: (each) => each.default !== "" && each.value !== each.default,
};

export function Configuration() {
  const { answer, error, again } = useAnswer("/api/config");
  useEffect(() => {
    if (answer) drafts.value = wantedStill(answer.settings);
  }, [answer]);
  if (error) return html`<p class="said failed" role="alert">${error.message}</p>`;
  if (!answer) return html`<${Loading} />`;
  const shown = settingsOf(answer).filter((each) => KEEP[only.value](each) && `${each.key} ${each.meaning}`.includes(sought.value));
  return html`<div class="tools">
      <${Tabs} label=${t("filter")} chosen=${only.value} choose=${(each) => (only.value = each)}
        options=${Object.keys(KEEP).map((each) => [each, t(`configuration.only.${each}`)])} />
      <input type="search" aria-label=${t("configuration.seek")} placeholder=${t("configuration.seek")} value=${sought.value}
        onInput=${(event) => (sought.value = event.target.value)} />
      <code class="faint">${answer.file}</code>
    </div>
    ${shown.length ? bySection(shown).map(([name, settings]) => html`<${Section} key=${name} name=${name} settings=${settings} />`)
                   : html`<${Empty} text=${t("configuration.none")} />`}
    <${Save} answer=${answer} done=${again} />`;
}

const wantedStill = (settings) =>
  Object.fromEntries(Object.entries(drafts.value).filter(([key, to]) => to.trim() !== settings[key].value));

/** Settings by the part of the key before the last dot, in the order of the file. */
function bySection(settings) {
  const sections = new Map();
  for (const each of settings) {
    const name = each.key.includes(".") ? each.key.slice(0, each.key.lastIndexOf(".")) : "";
    sections.set(name, [...(sections.get(name) ?? []), each]);
  }
  return [...sections];
}

/** There are many venues with the same keys: they open when they are wanted. */
const Section = ({ name, settings }) =>
  html`<details class="panel flush" open=${!name.startsWith("exchanges.") || sought.value !== ""}>
    <summary><h2><code>${name || t("configuration.top")}</code></h2><small class="faint">${settings.length}</small></summary>
    <div class="settings">${settings.map((each) => html`<${Setting} key=${each.key} setting=${each} draft=${drafts.value[each.key]} />`)}</div></details>`;

const Setting = memo(({ setting: { key, value, default: usual, meaning, allowed, at_once: atOnce }, draft }) => {
  const name = key.slice(key.lastIndexOf(".") + 1);
  return html`<div class="setting ${draft === undefined ? "" : "changed"}">
    <label for=${`setting-${key}`}><code>${name}</code><small class="faint">${meaning}</small></label>
    ${atOnce && may("admin")
      ? html`<input id=${`setting-${key}`} value=${draft ?? value} onInput=${(event) => edit(key, value, event.target.value)} />`
      : html`<span class="fixed" id=${`setting-${key}`}>${value || "–"}</span>`}
    <small class="faint">${allowed} ${usual !== "" && value !== usual && html`· ${t("configuration.default", { value: usual })}`}
      ${!atOnce && html`· ${t("configuration.restart")}`}</small></div>`;
});

function edit(key, before, typed) {
  const { [key]: _, ...others } = drafts.value;
  drafts.value = typed.trim() === before ? others : { ...others, [key]: typed };
}

function Save({ answer, done }) {
  const changes = Object.entries(drafts.value).map(([key, to]) => ({ key, from: answer.settings[key].value, to: to.trim() }));
  if (!changes.length) return null;
  return html`<div class="save" role="region" aria-label=${t("configuration.save")}>
    <span>${t("configuration.changed", { count: changes.length })}</span>
    <button onClick=${() => (drafts.value = {})}>${t("configuration.discard")}</button>
    <button class="solid accent" onClick=${() => change(changes, done)}>${t("configuration.save")}</button></div>`;
}

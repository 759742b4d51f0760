// Every limit and how much of it is used.

import { fixed } from "../live/decimals.js";
import { section } from "../live/store.js";
import { Badge } from "../parts/badge.js";
import { html, memo } from "../parts/html.js";
import { Empty, Known, Panel } from "../parts/panel.js";
import { Share } from "../parts/share.js";
import { named, t } from "../words/index.js";

const LEVELS = ["pool", "account", "position", "execution"];
const UNITS = { pct: [" %", 2], usd: [" USD", 2], s: [" s", 1], count: ["", 0] };

export function Risk() {
  const risk = section("risk").value;
  return html`<${Known} of=${risk}>${() => html`
    <${Panel} title=${t("risk.blocks")} className=${risk.blocks.length ? "alarming" : ""}>
      ${risk.blocks.length
        ? html`<ul class="problems">${risk.blocks.map((each) => html`<li key=${each}>${each}</li>`)}</ul>`
        : html`<${Empty} text=${t("risk.noBlock")} />`}<//>
    <div class="halves">${LEVELS.map((level) => html`<${Level} key=${level} level=${level} limits=${risk.limits} />`)}</div>`}<//>`;
}

function Level({ level, limits }) {
  const mine = Object.entries(limits).filter(([, each]) => each.level === level);
  if (!mine.length) return null;
  return html`<${Panel} title=${t(`risk.${level}`)} note=${t(`risk.${level}.note`)}>
    <ul class="meters">${mine.map(([name, limit]) => html`<${Limit} key=${name} name=${name} limit=${limit} />`)}</ul><//>`;
}

const Limit = memo(({ name, limit }) => {
  const [unit, digits] = UNITS[limit.unit] ?? [` ${limit.unit}`, 2];
  const state = limit.share >= 1 ? "risk.reached" : limit.share >= 0.8 ? "risk.near" : null;
  return html`<li><p><strong>${named("rule", name)}</strong>
      <span><span class="number">${fixed(limit.used, digits)}</span> ${t("of")} <span class="number">${fixed(limit.limit, digits)}</span>${unit}</span></p>
    <${Share} share=${limit.share} />
    <p class="faint"><span>${limit.about ?? ""}</span>
      <span>${state && html`<${Badge} state="x" tone=${limit.share >= 1 ? "bad" : "warn"} text=${t(state)} />`} ${Math.round(limit.share * 100)} %</span></p></li>`;
});

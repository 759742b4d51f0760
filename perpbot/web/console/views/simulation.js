// The simulated world: what it is made of and what its venues send; how to run recordings.

import { useAnswer } from "../live/asked.js";
import { section } from "../live/store.js";
import { html } from "../parts/html.js";
import { Empty, Known, Panel } from "../parts/panel.js";
import { Rates } from "../parts/rates.js";
import { t } from "../words/index.js";
import { settingsOf } from "./configuration.js";

const COMMANDS = ["run", "serve", "test", "decode"];

export function Simulation() {
  const overview = section("overview").value;
  return html`<${Known} of=${overview}>${() => html`<div class="columns">
    <${Panel} title=${t("simulation.world")} tools=${html`<span class="mode ${overview.mode}">${t(`mode.${overview.mode}`)}</span>`}>
      <p>${t(`simulation.${overview.mode}`)}</p><${World} /><//>
    <${Panel} title=${t("simulation.flow")} note=${t("simulation.flow.note")} wide flush><${Rates} /><//>
    <${Panel} title=${t("simulation.commands")} className="full">
      <dl class="commands">${COMMANDS.map((each) => html`<div key=${each}><dt><code>${t(`simulation.${each}.command`)}</code></dt><dd>${t(`simulation.${each}`)}</dd></div>`)}</dl><//>
  </div>`}<//>`;
}

function World() {
  const { answer, error } = useAnswer("/api/config");
  if (error) return html`<p class="said failed">${error.message}</p>`;
  if (!answer) return null;
  const settings = settingsOf(answer).filter(({ key }) => key.startsWith("simulation."));
  if (!settings.length) return html`<${Empty} text=${t("simulation.none")} />`;
  return html`<dl class="list">${settings.map(({ key, value }) => html`<div key=${key}>
    <dt>${key.slice("simulation.".length)}</dt>
    <dd class="number">${value}</dd></div>`)}</dl>`;
}

// Nothing dangerous happens at a click: a dialog says what will happen, and afterwards what did.

import { useEffect, useRef } from "../vendor/hooks.js";
import { signal } from "../vendor/signals.js";
import { t } from "../words/index.js";
import { html } from "./html.js";

const asked = signal(null);

/** Ask before `run`. `effects` are sentences on what it will do; `tone` is "bad" for what cannot be taken back. */
export function ask({ title, effects, label, tone = "accent", run }) {
  asked.value = { title, effects, label, tone, run, step: "asked" };
}

/** Have `look` find out what there is to ask; where it cannot, say why. */
export async function first(title, look) {
  try {
    await look();
  } catch (error) {
    asked.value = { title, effects: [], step: "failed", said: error.message };
  }
}

async function carryOut(question) {
  asked.value = { ...question, step: "busy" };
  try {
    const said = await question.run();
    asked.value = { ...question, step: "done", said: said ?? t("ask.done") };
  } catch (error) {
    asked.value = { ...question, step: "failed", said: error.message };
  }
}

const close = () => (asked.value = null);

export function Dialog() {
  const element = useRef(null);
  const question = asked.value;
  useEffect(() => {
    if (question && !element.current.open) element.current.showModal();
    if (!question && element.current.open) element.current.close();
  }, [question]);
  return html`<dialog ref=${element} onClose=${close} aria-labelledby="asked">
    ${question && html`<${Asked} question=${question} />`}
  </dialog>`;
}

function Asked({ question }) {
  const { title, effects, label, tone, step, said } = question;
  const over = step === "done" || step === "failed";
  return html`<form method="dialog" onSubmit=${(event) => (event.preventDefault(), over ? close() : carryOut(question))}>
    <h2 id="asked">${title}</h2>
    ${!over && html`<p class="faint">${t("ask.effects")}</p><ul>${effects.map((each) => html`<li>${each}</li>`)}</ul>`}
    ${over && html`<p class="said ${step}" role="status">${said}</p>`}
    <footer>
      ${!over && html`<button type="button" onClick=${close} disabled=${step === "busy"} autofocus>${t("ask.cancel")}</button>`}
      ${!over && html`<button class="solid ${tone}" disabled=${step === "busy"}>${step === "busy" ? t("ask.busy") : label}</button>`}
      ${over && html`<button class="solid accent" autofocus>${t("ask.close")}</button>`}
    </footer>
  </form>`;
}

// Numbers as they are shown: tabular digits, a sign where it matters, the tone of a gain or a loss.

import { fixed, sign, signed } from "../live/decimals.js";
import { html } from "./html.js";

/** An amount; with `gain` it has its sign and its tone. */
export function Money({ value, digits = 2, gain = false, unit }) {
  if (value === undefined || value === null) return html`<span class="faint">–</span>`;
  const tone = !gain ? "" : ["loss", "", "gain"][sign(value) + 1];
  const shown = gain ? signed(value, digits) : fixed(value, digits);
  return html`<span class="number ${tone}">${shown}${unit && html`<small> ${unit}</small>`}</span>`;
}

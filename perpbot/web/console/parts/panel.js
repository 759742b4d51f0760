// A part of a view with its heading, and what stands there while there is nothing to show.

import { seq } from "../live/store.js";
import { t } from "../words/index.js";
import { html } from "./html.js";

export function Panel({ title, note, tools, wide, flush, children, className = "" }) {
  return html`<section class="panel ${wide ? "wide" : ""} ${flush ? "flush" : ""} ${className}">
    ${(title || tools) &&
    html`<header><h2>${title}</h2>${note && html`<p>${note}</p>`}${tools && html`<div class="tools">${tools}</div>`}</header>`}
    ${children}
  </section>`;
}

/** Nothing is there, which is well. */
export const Empty = ({ text }) => html`<p class="empty">${text}</p>`;

/** Nothing is known yet. */
export const Loading = () =>
  html`<div class="loading" role="status"><span class="hidden">${t("loading")}</span><i></i><i></i><i></i></div>`;

/** What `children()` draws as soon as `of`, a section's value, is known. */
export function Known({ of, children }) {
  if (of !== undefined) return children();
  return seq.value === null ? html`<${Loading} />` : html`<${Empty} text=${t("unknown")} />`;
}

/** One figure with its label. */
export const Figure = ({ label, note, tone = "", children }) =>
  html`<div class="figure ${tone}"><dt>${label}</dt><dd>${children}</dd>${note && html`<p>${note}</p>`}</div>`;

// A table that redraws only the rows that changed. What a narrow screen has no room for opens below its row.

import { useState } from "../vendor/hooks.js";
import { t } from "../words/index.js";
import { html, memo } from "./html.js";
import { Empty } from "./panel.js";

/**
 * `rows` is a list of [key, row]. A column is {head, cell(row, key), end, rank}: `end` aligns numbers to the right,
 * `rank` 2 and 3 leave when it gets narrow. `details` draws more below an opened row. `columns` has to stay the same list from one drawing to the next.
 */
export function Table({ columns, rows, empty, label, details, most = 200 }) {
  const [opened, open] = useState(null);
  if (!rows.length) return html`<${Empty} text=${empty} />`;
  const shown = rows.slice(0, most);
  const more = details ? "always" : columns.some((each) => each.rank > 1) ? "" : "never";
  return html`<div class="table">
    <table aria-label=${label}>
      <thead><tr>${columns.map((each) => html`<th scope="col" class=${classes(each)}>${each.head}</th>`)}
        <th class="more ${more}"><span class="hidden">${t("table.more")}</span></th></tr></thead>
      <tbody>${shown.map(
        ([key, row]) =>
          html`<${Row} key=${key} id=${key} row=${row} columns=${columns} opened=${opened === key} open=${open} more=${more} details=${details} />`,
      )}</tbody>
    </table>
    ${rows.length > most && html`<p class="footnote">${t("table.rest", { count: rows.length - most })}</p>`}
  </div>`;
}

const classes = ({ end, rank = 1, className = "" }) => `${end ? "end" : ""} rank${rank} ${className}`;

const Row = memo(({ id, row, columns, opened, open, more, details }) => {
  const [first, ...rest] = columns;
  return html`<tr>
      <th scope="row" class=${classes(first)}>${first.cell(row, id)}</th>
      ${rest.map((each) => html`<td class=${classes(each)}>${each.cell(row, id)}</td>`)}
      <td class="more ${more}"><button class="plain" aria-expanded=${opened} aria-label=${t("table.details", { of: id })}
        onClick=${() => open(opened ? null : id)}>${opened ? "−" : "+"}</button></td>
    </tr>
    ${opened &&
    html`<tr class="details"><td colspan=${columns.length + 1}><dl>${rest.map(
      (each) => each.rank > 1 && html`<div class="rank${each.rank}"><dt>${each.head}</dt><dd>${each.cell(row, id)}</dd></div>`,
    )}</dl>${details && html`<${details} row=${row} id=${id} />`}</td></tr>`}`;
});

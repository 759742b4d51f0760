// Where a venue holds something else for us than our fills say, and a look for it anywhere; for who may trade.

import { adopt } from "../live/adopting.js";
import { base, symbols, venueNames } from "../live/choose.js";
import { quantity } from "../live/decimals.js";
import { may } from "../live/session.js";
import { t } from "../words/index.js";
import { html } from "./html.js";
import { Panel } from "./panel.js";

export function Adoption({ positions }) {
  if (!may("trade")) return null;
  const doubted = Object.entries(positions ?? {}).filter(([, row]) => row.venue_says !== undefined);
  return html`<${Panel} title=${t("adoption")} note=${t("adoption.note")} className=${doubted.length ? "alarming" : ""}>
    ${doubted.length > 0 && html`<ul class="pairs">${doubted.map(([key, row]) => html`<${Doubted} key=${key} row=${row} />`)}</ul>`}
    <form class="buttons" onSubmit=${look}>
      <select name="venue" aria-label=${t("venue")}>${venueNames().map((each) => html`<option key=${each}>${each}</option>`)}</select>
      <select name="symbol" aria-label=${t("symbol")}>${symbols().map((each) => html`<option key=${each} value=${each}>${base(each)}</option>`)}</select>
      <${Price} />
      <button>${t("adoption.look")}</button>
    </form><//>`;
}

const Doubted = ({ row: { venue, symbol, quantity: ours, venue_says: theirs } }) => html`<li>
  <span><strong>${venue}</strong> ${base(symbol)} <span class="faint">${t("adoption.differs", { ours: quantity(ours), theirs: quantity(theirs) })}</span></span>
  <form class="buttons" onSubmit=${(event) => look(event, { venue, symbol })}>
    <${Price} />
    <button class="danger">${t("act.adopt.label")}</button>
  </form></li>`;

const Price = () => html`<input name="price" inputmode="decimal" autocomplete="off" maxlength="53"
  aria-label=${t("adoption.price")} placeholder=${t("adoption.price")} />`;

function look(event, place) {
  event.preventDefault();
  const { venue, symbol, price } = { ...Object.fromEntries(new FormData(event.target)), ...place };
  adopt(venue, symbol, price);
}

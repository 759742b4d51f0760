// The pools of capital, each with how much of it is taken.

import { sum } from "../live/decimals.js";
import { section } from "../live/store.js";
import { named, t } from "../words/index.js";
import { html } from "./html.js";
import { Money } from "./money.js";
import { Empty, Known } from "./panel.js";
import { Share } from "./share.js";

/** {total, allocated, available} over all venues. */
export function poolSums(pool) {
  const of = (key) => sum(Object.values(pool).map((each) => each[key]));
  return { total: of("total"), allocated: of("allocated"), available: of("available") };
}

export function Pools() {
  const capital = section("capital").value;
  return html`<${Known} of=${capital}>${() =>
    Object.keys(capital.pools ?? {}).length
      ? html`<ul class="meters">${Object.entries(capital.pools).map(([name, pool]) => {
          const { total, allocated, available } = poolSums(pool);
          return html`<li key=${name}><p><strong>${named("pool", name)}</strong>
              <span><${Money} value=${allocated} /> ${t("of")} <${Money} value=${total} unit="USD" /></span></p>
            <${Share} share=${Number(allocated) / (Number(total) || 1)} />
            <p class="faint"><span>${t("capital.available")}</span><${Money} value=${available} /></p></li>`;
        })}</ul>`
      : html`<${Empty} text=${t("capital.none")} />`}<//>`;
}

// Looking into sections: rows as tables take them, and what many views ask for.

import { section } from "./store.js";

/** [key, row] of every row of `rows` that `keep` keeps, the greatest `by` first. */
export function sorted(rows, by, keep = () => true) {
  return Object.entries(rows ?? {})
    .filter(([, row]) => keep(row))
    .sort(([, one], [, other]) => (by(one) < by(other) ? 1 : by(one) > by(other) ? -1 : 0));
}

/** "BTC" of "BTC-PERP". */
export const base = (symbol) => symbol?.replace(/-PERP$/, "");

/** "t62" of "1795220521-t62". */
export const short = (id) => id.slice(id.lastIndexOf("-") + 1);

/** Seconds from `iso` until the state was taken, by PerpBot's clock and not the browser's. */
export function ageOf(iso) {
  const at = section("overview").value?.at;
  return iso && at ? Math.max(0, (new Date(at) - new Date(iso)) / 1000) : undefined;
}

/** Names of the venues. */
export const venueNames = () => Object.keys(section("venues").value ?? {});

/** The symbols that are traded. */
export const symbols = () => section("overview").value?.symbols ?? [];

/** The highest bid and the lowest ask of `symbol` among quotes that count, as {bid, ask, bidAt, askAt}; numbers, for comparing only. */
export function best(quotes, symbol) {
  const found = { bid: -Infinity, ask: Infinity };
  for (const [venue, bySymbol] of Object.entries(quotes ?? {})) {
    const quote = bySymbol[symbol];
    if (!quote || quote.stale) continue;
    if (Number(quote.bid) > found.bid) Object.assign(found, { bid: Number(quote.bid), bidAt: venue });
    if (Number(quote.ask) < found.ask) Object.assign(found, { ask: Number(quote.ask), askAt: venue });
  }
  return found;
}

/** Trades that are over, oldest first, as [id, trade]. */
export const settled = (trades) => sorted(trades, (each) => each.settled_at, (each) => !each.open && each.settled_at).reverse();

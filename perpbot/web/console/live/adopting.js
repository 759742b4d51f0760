// What somebody else did in our account, made ours: told first, by the venue itself, and done when it is meant.

import { ask, first } from "../parts/dialog.js";
import { t } from "../words/index.js";
import { post } from "./api.js";
import { short } from "./choose.js";

const PATH = "/api/control/adopt";

/** Look for it, and ask. `price`, as it was typed, is what a coin of it cost; PerpBot finds one where it is empty. */
export const adopt = (venue, symbol, price) =>
  first(t("act.adopt", { venue, symbol }), async () => {
    const found = await post(PATH, { venue, symbol, price: price.trim() || null });
    ask({
      title: t("act.adopt", { venue, symbol }),
      effects: [
        ...(found.quantity === null ? [] : [t("act.adopt.position", found), booked(found), t("act.flatten.price")]),
        ...(found.orders.length ? [t("act.adopt.orders", { count: found.orders.length, orders: found.orders.join(", ") })] : []),
        ...(found.in_flight.length ? [t("act.adopt.inFlight", { orders: found.in_flight.map(short).join(", ") })] : []),
        t("act.adopt.sure"),
        t("act.audit"),
      ],
      label: t("act.adopt.label"),
      tone: "bad",
      run: async () => said(await post(PATH, { venue, symbol, yes: true, price: found.price, quantity: found.quantity ?? "nothing" })),
    });
  });

const booked = ({ symbol, price, mark }) =>
  price === null ? t("act.adopt.unpriced", { symbol }) : t("act.adopt.price", { price, mark: mark ?? "–" });

function said({ trades, cancelled, ended }) {
  const left = cancelled?.left ?? [];
  if (left.length || cancelled?.trouble) throw new Error(t("act.adopt.left", { count: left.length, trouble: cancelled.trouble }));
  if (ended.length && !trades.length) return t("act.adopt.ended", { orders: ended.map(short).join(", ") });
  return trades.length ? t("act.adopt.done", { trades: trades.map(short).join(", ") }) : t("act.adopt.cancelled", { count: cancelled?.gone.length ?? 0 });
}

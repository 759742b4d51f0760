// What an operator can have PerpBot do, each with what it will come to, told from the state as it is now.

import { ask, first } from "../parts/dialog.js";
import { t } from "../words/index.js";
import { told } from "../words/told.js";
import { patch, post } from "./api.js";
import { section } from "./store.js";

const values = (name) => Object.values(section(name).value ?? {});

/** Trades in progress, everywhere or with a leg at `venue`. */
export const openTrades = (venue) =>
  values("trades").filter((each) => each.open && (!venue || each.buy === venue || each.sell === venue));

const waitingOrders = (venue) => values("orders").filter((each) => !each.settled && (!venue || each.venue === venue));
const where = (venue) => venue ?? t("act.everywhere");

export function killOn(venue) {
  ask({
    title: t("act.killOn", { where: where(venue) }),
    effects: [
      t(venue ? "act.killOn.venue" : "act.killOn.all", { venue }),
      t("act.killOn.trades", { count: openTrades(venue).length }),
      t("act.killOn.stays"),
    ],
    label: t("act.killOn.label"),
    tone: "bad",
    run: () => post("/api/control/kill-switch", { on: true, venue }).then(() => t("act.killOn.done", { where: where(venue) })),
  });
}

/** Who has turned it on since then had a reason of their own, and it stays on. */
export function killOff(venue) {
  const by = section("kill_switch").value?.[venue ?? "global"];
  ask({
    title: t("act.killOff", { where: where(venue) }),
    effects: [...(by ? [t("act.killOff.by", { by })] : []), t("act.killOff.opens"), t("act.killOff.rules"), t("act.audit")],
    label: t("act.killOff.label"),
    run: () =>
      post("/api/control/kill-switch", { on: false, venue, whose: by }).then(() => t("act.killOff.done", { where: where(venue) })),
  });
}

export function stop() {
  ask({
    title: t("act.stop"),
    effects: [t("act.killOn.all"), t("act.killOn.trades", { count: openTrades().length }), t("act.stop.process")],
    label: t("act.stop.label"),
    tone: "bad",
    run: () => post("/api/control/stop").then(() => t("act.stop.done")),
  });
}

export function start() {
  ask({
    title: t("act.start"),
    effects: [t("act.killOff.opens"), t("act.killOff.rules"), t("act.audit")],
    label: t("act.start.label"),
    run: () => post("/api/control/start").then(() => t("act.start.done")),
  });
}

export function flatten(venue) {
  ask({
    title: t("act.flatten", { where: where(venue) }),
    effects: [
      t("act.flatten.trades", { count: openTrades(venue).length }),
      t("act.flatten.price"),
      t("act.flatten.goesOn"),
      t("act.audit"),
    ],
    label: t("act.flatten.label"),
    tone: "bad",
    run: async () => {
      const { closed } = await post("/api/control/flatten", { venue });
      return t("act.flatten.done", { count: closed.length, left: openTrades(venue).length });
    },
  });
}

export function cancelAll(venue) {
  ask({
    title: t("act.cancel", { where: where(venue) }),
    effects: [t("act.cancel.orders", { count: waitingOrders(venue).length }), t("act.cancel.ours"), t("act.cancel.trades")],
    label: t("act.cancel.label"),
    tone: "bad",
    run: async () => {
      const { venues } = await post("/api/control/cancel-all", { venue });
      const trouble = venues.filter((each) => each.left.length || each.trouble).map(leftAt);
      if (trouble.length) throw new Error(t("act.cancel.trouble", { trouble: trouble.join("; ") }));
      return t("act.cancel.done", { count: venues.flatMap((each) => each.gone).length });
    },
  });
}

const leftAt = ({ venue, left, trouble }) => `${venue}: ${t("act.adopt.left", { count: left.length, trouble: told(trouble) })}`.trim();

/** Restart an actor. What it would do, PerpBot tells itself, because it depends on the supervisors above. */
export const restart = (address) =>
  first(t("act.restart", { address }), async () => {
    const { danger, effects } = await post("/api/control/restart", { address });
    ask({
      title: t("act.restart", { address }),
      effects: [t("act.restart.order"), ...(danger ? [t("act.restart.danger", { danger: told(danger) })] : []), ...effects.map((each) => told(each)), t("act.audit")],
      label: t("act.restart.label"),
      tone: "bad",
      run: async () => told((await post("/api/control/restart", { address, yes: true })).said),
    });
  });

/** Change settings: `changes` is a list of {key, from, to}. `then` is called when it was done. */
export function change(changes, then) {
  ask({
    title: t("act.change"),
    effects: [...changes.map((each) => t("act.change.one", each)), t("act.change.now"), t("act.change.file"), t("act.audit")],
    label: t("act.change.label"),
    run: async () => {
      await patch("/api/config", { changes: Object.fromEntries(changes.map(({ key, to }) => [key, to])) });
      then();
      return t("act.change.done");
    },
  });
}

// What an operator does about alerts, each after a look at what it comes to.

import { ask } from "../parts/dialog.js";
import { t } from "../words/index.js";
import { post } from "./api.js";

const SILENCE_S = 3_600;

export function acknowledge(id) {
  ask({
    title: t("act.ack", { id }),
    effects: [t("act.ack.escalates"), t("act.ack.stays"), t("act.audit")],
    label: t("act.ack.label"),
    run: () => post("/api/alerts/ack", { name: id }).then(() => t("act.ack.done")),
  });
}

export function silence(rule) {
  ask({
    title: t("act.silence", { rule }),
    effects: [t("act.silence.told"), t("act.silence.acts"), t("act.audit")],
    label: t("act.silence.label"),
    run: () => post("/api/alerts/silence", { name: rule, seconds: SILENCE_S }).then(() => t("act.silence.done", { rule })),
  });
}

/** End a silence. */
export function hear(rule) {
  ask({
    title: t("act.hear", { rule }),
    effects: [t("act.hear.told"), t("act.audit")],
    label: t("act.hear.label"),
    run: () => post("/api/alerts/silence", { name: rule, seconds: 0 }).then(() => t("act.hear.done", { rule })),
  });
}

/** Send a test message through every channel. */
export function tryChannels() {
  ask({
    title: t("act.try"),
    effects: [t("act.try.sends"), t("act.audit")],
    label: t("act.try.label"),
    run: async () => {
      const { channels } = await post("/api/alerts/test");
      const told = Object.entries(channels).map(([name, why]) => `${name}: ${why || t("act.try.arrived")}`);
      return told.join("; ") || t("alerts.noChannel");
    },
  });
}

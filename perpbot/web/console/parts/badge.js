// A state as colour and word, never as colour alone.

import { named } from "../words/index.js";
import { html } from "./html.js";

const TONES = {
  good: ["CONNECTED", "running", "healthy", "live", "completed", "filled", "open", "valid", "ok", "resolved", "accepted"],
  warn: ["DEGRADED", "starting", "backing-off", "restarting", "suspended", "stopping", "stale", "connecting", "blocked",
    "warning", "high", "opening", "closing", "hedging", "unwinding", "pending", "unknown", "acknowledged", "unwound", "silenced"],
  bad: ["CIRCUIT_OPEN", "DISCONNECTED", "failed", "killed", "unkillable", "lost", "critical", "error", "firing",
    "invalid"],
};
const TONE = Object.fromEntries(Object.entries(TONES).flatMap(([tone, names]) => names.map((name) => [name, tone])));

/** "good", "warn", "bad" or "calm". */
export const toneOf = (state) => TONE[state] ?? TONE[String(state).toLowerCase()] ?? "calm";

/** The state's word in its tone; `tone` and `text` where they are not the usual ones. */
export function Badge({ state, tone, text, title }) {
  const shown = text ?? named("state", state);
  return html`<span class="badge ${tone ?? toneOf(state)}" title=${title}><i aria-hidden="true"></i>${shown}</span>`;
}

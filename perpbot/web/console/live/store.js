// What the console knows: one signal for each section of the state, so that a view redraws for its own sections only.

import { batch, signal } from "../vendor/signals.js";
import { merged } from "./merge.js";

const MOST_LINES = 500;
const MOST_NOTICES = 3;
const NOTICE_MS = 12_000;
const sections = new Map();

/** Number of the last state or difference that was taken in; null before the first. */
export const seq = signal(null);
/** "connecting", "live", "stale" or "lost". */
export const connection = signal("connecting");
/** Log lines that came by the stream, newest last. */
export const logLines = signal([]);
/** Alerts that came by the stream and were not put away yet. */
export const notices = signal([]);

/** The signal of a section; its value is undefined until the first state came. */
export function section(name) {
  if (!sections.has(name)) sections.set(name, signal(undefined));
  return sections.get(name);
}

/** Take a whole state in. */
export function takeSnapshot({ seq: number, state }) {
  batch(() => {
    for (const name of sections.keys()) if (!(name in state)) section(name).value = undefined;
    for (const [name, value] of Object.entries(state)) section(name).value = value;
    seq.value = number;
  });
}

/** Take a difference in; false where one before it was missed, and a new state is needed. */
export function takeDiff({ seq: number, diff }) {
  if (number !== seq.value + 1) {
    seq.value = null;
    return false;
  }
  batch(() => {
    for (const [name, patch] of Object.entries(diff)) {
      const known = section(name);
      known.value = patch === null ? undefined : merged(known.value, patch);
    }
    seq.value = number;
  });
  return true;
}

let lines = 0;

export function takeLog(line) {
  logLines.value = [...logLines.value.slice(1 - MOST_LINES), { ...line, key: lines++ }];
}

/** Take an alert in; one that is over, or does not fire yet, wants nobody's eyes. */
export function takeNotice(notice) {
  const others = notices.value.filter((each) => each.id !== notice.id);
  const wanted = notice.state === "firing" && !notice.acknowledged && !notice.silenced;
  notices.value = wanted ? [...others.slice(1 - MOST_NOTICES), notice] : others;
  if (wanted) setTimeout(() => putAway(notice), NOTICE_MS);
}

export function putAway(notice) {
  notices.value = notices.value.filter((each) => each !== notice);
}

// The stream of events: connects, notices when it goes quiet, and comes back by itself.

import { post } from "./api.js";
import { session } from "./session.js";
import { connection, seq, takeDiff, takeLog, takeNotice, takeSnapshot } from "./store.js";

const STALE_MS = 4_000;
const RETRY_MS = [500, 1_000, 2_000, 5_000];

let source = null;
let failures = 0;
let heard = 0;
let timer = 0;
let wantsLogs = false;

/** Connect for as long as somebody is signed in. */
export function follow() {
  setInterval(noticeSilence, 1_000);
  session.subscribe((value) => (value ? connect() : leave()));
}

/** Have log lines come with the stream, or no longer; reconnects where that changes anything. */
export function withLogs(wanted) {
  if (wanted === wantsLogs) return;
  wantsLogs = wanted;
  if (source) connect();
}

async function connect() {
  leave();
  const mine = (source = {});
  if (connection.value !== "lost") connection.value = "connecting";
  try {
    const { ticket } = await post("/api/auth/ticket");
    if (source !== mine) return;
    open(ticket);
  } catch {
    if (source === mine) retry();
  }
}

function open(ticket) {
  const asked = new URLSearchParams({ token: ticket });
  if (wantsLogs) asked.set("logs", "1");
  if (seq.value !== null) asked.set("last_event_id", seq.value);
  const events = new EventSource(`/api/sse/events?${asked}`);
  source = events;
  const on = (name, take) =>
    events.addEventListener(name, (event) => {
      heard = Date.now();
      failures = 0;
      connection.value = "live";
      if (take) take(JSON.parse(event.data));
    });
  on("snapshot", takeSnapshot);
  on("diff", (data) => takeDiff(data) || connect());
  on("alert", takeNotice);
  on("log", takeLog);
  on("heartbeat");
  // A ticket opens one stream only, so the browser's own reconnect would be refused.
  events.onerror = retry;
}

function retry() {
  leave();
  if (!session.value) return;
  connection.value = "lost";
  timer = setTimeout(connect, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
}

function leave() {
  clearTimeout(timer);
  source?.close?.();
  source = null;
}

function noticeSilence() {
  if (connection.value === "live" && Date.now() - heard > STALE_MS) connection.value = "stale";
}

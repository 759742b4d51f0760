// Who is signed in. The session lives as long as the browser's tab, and is renewed before it ends.

import { told } from "../words/told.js";
import { signal } from "../vendor/signals.js";

const KEY = "perpbot.session";
const RENEW_BEFORE_MS = 120_000;
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/** {token, refresh, scopes, until} or null; `until` in milliseconds since 1970. */
export const session = signal(remembered());
/** Why the last session ended: "expired", "left" or null. */
export const ended = signal(null);

let timer = 0;

session.subscribe((value) => {
  clearTimeout(timer);
  if (!value) return sessionStorage.removeItem(KEY);
  sessionStorage.setItem(KEY, JSON.stringify(value));
  const wait = value.until - RENEW_BEFORE_MS - Date.now();
  timer = setTimeout(renew, Math.min(Math.max(wait, 0), LONGEST_WAIT_MS));
});

/** Whether the one signed in may do what `scope` ("read", "trade" or "admin") allows. */
export const may = (scope) => session.value?.scopes.includes(scope) ?? false;

/** Sign in. Throws an Error with what the operator should read. */
export async function signIn(password) {
  session.value = await granted("/api/auth/token", { password });
  ended.value = null;
}

export function signOut(why = "left") {
  const token = session.value?.token;
  ended.value = why;
  session.value = null;
  if (why === "left" && token) send("/api/auth/logout", {}, { Authorization: `Bearer ${token}` }).catch(() => {});
}

async function renew() {
  try {
    session.value = await granted("/api/auth/refresh", { refresh_token: session.value.refresh });
  } catch (error) {
    if (error.status === 0) timer = setTimeout(renew, 5_000);
    else signOut("expired");
  }
}

async function granted(path, body) {
  const response = await send(path, body);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw Object.assign(new Error(told(answer.detail) || answer.title || `HTTP ${response.status}`), { status: response.status });
  }
  return {
    token: answer.access_token,
    refresh: answer.refresh_token,
    scopes: answer.scope.split(" "),
    until: Date.now() + answer.expires_in * 1000,
  };
}

async function send(path, body, more = {}) {
  try {
    const headers = { "Content-Type": "application/json", ...more };
    return await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  } catch (error) {
    throw Object.assign(new Error(error.message), { status: 0 });
  }
}

function remembered() {
  const known = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  return known && known.until > Date.now() ? known : null;
}

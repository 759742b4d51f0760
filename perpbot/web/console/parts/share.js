// How much of something is used, as a bar; its words stand beside it.

import { html } from "./html.js";

/** `share` from 0 to 1 and more; the tone turns at `warn` and at 1. */
export function Share({ share, warn = 0.8, tone }) {
  const kind = tone ?? (share >= 1 ? "bad" : share >= warn ? "warn" : "accent");
  return html`<span class="share ${kind}" aria-hidden="true"><i style=${{ width: `${Math.min(100, Math.max(0, share * 100))}%` }}></i></span>`;
}

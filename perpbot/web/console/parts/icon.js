// Line icons, 20 by 20, drawn for this console.

import { html } from "./html.js";

const PATHS = {
  overview: "M3 11a7 7 0 0 1 14 0M10 11l3.5-3.5M3 15.5h14",
  opportunities: "M3 6h9m-3-3 3 3-3 3M17 14H8m3-3-3 3 3 3",
  trades: "M4 5h12M4 10h12M4 15h7",
  positions: "M5 17V9m5 8V3m5 14v-5",
  capital: "M3.5 6.5c0-4 13-4 13 0s-13 4-13 0m0 0v7c0 4 13 4 13 0v-7M3.5 10c0 4 13 4 13 0",
  performance: "M3 15l4-5 3.5 3L17 5m-4 0h4v4",
  venues: "M3 8l7-5 7 5M5 8v6m3.3-6v6m3.4-6v6M15 8v6M3 16.5h14",
  risk: "M10 2.5 16 5v5c0 4-2.6 6.4-6 7.5C6.6 16.4 4 14 4 10V5l6-2.5",
  actors: "M10 3v4m0 0H5v3m5-3h5v3M3 10h4v3H3zm10 0h4v3h-4zM8 3h4",
  latency: "M10 5v5l3 2m4-2a7 7 0 1 1-14 0 7 7 0 0 1 14 0M8 1.5h4",
  simulation: "M7 3v5L3.5 15c-.6 1.3 0 2 1.2 2h10.6c1.2 0 1.8-.7 1.2-2L13 8V3M6 3h8M5.5 12h9",
  alerts: "M5 13V9a5 5 0 0 1 10 0v4l1.5 2h-13zM8.5 17.5h3",
  logs: "M5 3h7l3 3v11H5zM8 9h4m-4 3h4",
  configuration: "M4 6h7m4 0h1M4 14h1m4 0h7M11 4v4h4V4zM5 12v4h4v-4z",
  audit: "M10 3a3 3 0 1 1 0 6 3 3 0 0 1 0-6M4 17c0-4 2.5-5.5 6-5.5s6 1.5 6 5.5",
  menu: "M3 6h14M3 10h14M3 14h14",
  close: "M5 5l10 10M15 5 5 15",
  sun: "M10 6.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7M10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M4.3 15.7l1.1-1.1M14.6 5.4l1.1-1.1",
  moon: "M16 12.5A7 7 0 0 1 7.5 4 6.5 6.5 0 1 0 16 12.5",
  leave: "M8 4H4v12h4M9 10h8m-3-3 3 3-3 3",
  power: "M10 3v6M6 5a6.5 6.5 0 1 0 8 0",
};

export const Icon = ({ name }) =>
  html`<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;

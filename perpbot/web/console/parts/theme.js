// Dark or light: as the system has it, until somebody chooses.

import { signal } from "../vendor/signals.js";

const KEY = "perpbot.theme";
const system = matchMedia("(prefers-color-scheme: light)");
const asked = new URLSearchParams(location.search).get("theme");

/** "dark" or "light". */
export const theme = signal(asked ?? localStorage.getItem(KEY) ?? (system.matches ? "light" : "dark"));

theme.subscribe((value) => (document.documentElement.dataset.theme = value));

export function toggleTheme() {
  theme.value = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem(KEY, theme.value);
}

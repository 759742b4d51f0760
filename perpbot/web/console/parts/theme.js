// Dark or light: as begin.js found it, until somebody chooses.

import { signal } from "../vendor/signals.js";

const KEY = "perpbot.theme";

/** "dark" or "light". */
export const theme = signal(document.documentElement.dataset.theme);

theme.subscribe((value) => (document.documentElement.dataset.theme = value));

export function toggleTheme() {
  theme.value = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem(KEY, theme.value);
}

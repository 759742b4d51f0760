// The console's two languages. Words are looked up by key; a test holds the two lists against each other.

import { signal } from "../vendor/signals.js";
import { english } from "./en.js";
import { chinese } from "./zh.js";

const KEY = "perpbot.language";
const LISTS = { en: english, zh: chinese };

/** "en" or "zh". */
export const language = signal(chosen());

language.subscribe((value) => {
  localStorage.setItem(KEY, value);
  document.documentElement.lang = value === "zh" ? "zh-CN" : "en";
});

/** The words of `key`, with `{name}` replaced by `values.name`. */
export function t(key, values = {}) {
  const text = LISTS[language.value][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** The words for a state or kind that PerpBot names; its own name where there are none. */
export function named(group, name) {
  return LISTS[language.value][`${group}.${name}`] ?? name;
}

function chosen() {
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(KEY);
  return LISTS[asked] ? asked : navigator.language.startsWith("zh") ? "zh" : "en";
}

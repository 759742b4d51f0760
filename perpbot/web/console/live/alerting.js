// An alert in the words of the chosen language: its rule's title, and the values behind it.

import { language, named } from "../words/index.js";

/** The title of an alert or a rule. */
export const titleOf = ({ titles, rule, name }) => titles[language.value] ?? titles.en ?? rule ?? name;

/** "quote_latency 7.2s" as "time without a quote 7.2s". */
const value = (text) => text.replace(/^\w+/, (signal) => named("signal", signal));

/** What is wrong, with the values behind it. */
export const textOf = (alert) => [titleOf(alert), ...(alert.reading ? [alert.reading.split(", ").map(value).join(", ")] : [])].join(": ");

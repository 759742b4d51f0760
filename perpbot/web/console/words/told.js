// Sentences that PerpBot says itself, in English: in the chosen language where we know them, else as they came.

import { language, named } from "./index.js";
import { chineseSentences } from "./sentences.js";

/** Blanks that hold a name of a fixed set, and the set. All others may hold a sentence again. */
const SETS = { state: "state", circuit: "state", rule: "rule", connection: "connection" };
const SENTENCES = Object.entries(chineseSentences).map(compiled).sort((one, other) => other.weight - one.weight);
const DEEPEST = 4;

function compiled([english, chinese]) {
  const names = [...english.matchAll(/\{(\w+)\}/g)].map((each) => each[1]);
  const literals = english.split(/\{\w+\}/);
  const escaped = literals.map((each) => each.replace(/[.*+?^$()|[\]\\]/g, "\\$&"));
  return { names, chinese, pattern: new RegExp(`^${escaped.join("(.+?)")}$`, "s"), weight: literals.join("").length };
}

/** `sentence` as the operator reads it. */
export function told(sentence, depth = 0) {
  if (language.value !== "zh" || !sentence || depth > DEEPEST) return sentence;
  for (const { names, chinese, pattern } of SENTENCES) {
    const found = pattern.exec(sentence);
    if (!found) continue;
    const values = Object.fromEntries(names.map((name, at) => [name, blank(name, found[at + 1], depth)]));
    return chinese.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }
  return sentence;
}

const blank = (name, value, depth) => (SETS[name] ? named(SETS[name], value) : told(value, depth + 1));

// Answers lines of JSON, [text, digits], with what the console shows: for a test that knows the right answer.

import { createInterface } from "node:readline";
import { fixed, sum } from "../../perpbot/web/console/live/decimals.js";

for await (const line of createInterface({ input: process.stdin })) {
  const { texts, digits } = JSON.parse(line);
  console.log(JSON.stringify({ fixed: fixed(texts[0], digits), sum: sum(texts) }));
}

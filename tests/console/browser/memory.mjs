// Memory of a page that stays open: after a warm-up it does not grow. context.minutes says how long.

import assert from "node:assert/strict";
import { signIn } from "./steps.mjs";

const WARM_UP_MS = 30_000;
const GROWTH = 1.25;

export default async function scenario(page, context) {
  await signIn(page, context);
  const heap = async () => {
    await page.evaluate(() => (gc(), gc()));
    return page.evaluate(() => performance.memory.usedJSHeapSize);
  };
  await page.waitForTimeout(WARM_UP_MS);
  const sizes = [await heap()];
  for (let minute = 0; minute < context.minutes; minute++) {
    await page.waitForTimeout(60_000);
    sizes.push(await heap());
  }
  const nodes = await page.evaluate(() => document.querySelectorAll("*").length);
  const [first, last] = [sizes[0], sizes.at(-1)];
  assert.ok(last < first * GROWTH + 1_000_000, `the heap grew from ${first} to ${last} bytes`);
  return { sizes, nodes };
}

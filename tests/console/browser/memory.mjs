// Memory of a page that stays open, and is leafed through once a minute: after a warm-up it does not grow, though the
// session is renewed twice a minute. context.minutes says how long; each minute is told on stderr, after a collection of
// what is no longer used.

import assert from "node:assert/strict";
import { go, live, signIn } from "./steps.mjs";

const WARM_UP_MINUTES = 2;
const GROWTH = 1.25;
const ALLOWANCE = 1_000_000;
const LEAST_NODES = 5_000;
const SESSION_S = 150; // renewed two minutes before its end

export default async function scenario(page, context) {
  await page.route(/\/api\/auth\/(token|refresh)$/, shortened);
  await signIn(page, context);
  const views = await page.locator("nav.menu a").evaluateAll((all) => all.map((each) => each.getAttribute("href").slice(2)));
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  const minutes = [];
  for (let minute = -WARM_UP_MINUTES; minute <= context.minutes; minute++) {
    const begun = performance.now();
    for (const view of [...views, "overview"]) await go(page, view);
    await page.waitForTimeout(Math.max(0, 60_000 - (performance.now() - begun)));
    await live(page);
    await devtools.send("HeapProfiler.collectGarbage");
    const { metrics } = await devtools.send("Performance.getMetrics");
    const { JSHeapUsedSize: heap, Nodes: nodes, JSEventListeners: listeners } =
      Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
    const found = { minute, heap, nodes, listeners };
    console.error(JSON.stringify(found));
    if (minute >= 0) minutes.push(found);
  }
  const [first, last] = [minutes[0], minutes.at(-1)];
  assert.ok(last.heap < first.heap * GROWTH + ALLOWANCE, `the heap grew from ${first.heap} to ${last.heap} bytes`);
  assert.ok(last.nodes < first.nodes * GROWTH + LEAST_NODES, `there were ${first.nodes} nodes, now ${last.nodes}`);
  return { minutes };
}

async function shortened(route) {
  const response = await route.fetch();
  await route.fulfill({ response, json: { ...(await response.json()), expires_in: SESSION_S } });
}

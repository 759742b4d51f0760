// The web server is restarted under the open page, which says so and comes back by itself.

import { execFileSync } from "node:child_process";
import { changes, live, signIn } from "./steps.mjs";

export const expected = [/ERR_/, /Failed to load/];

export default async function scenario(page, context) {
  await signIn(page, context);
  await page.evaluate(() => {
    const bar = document.querySelector(".bar");
    new MutationObserver(() => (window.wasLost ||= bar.textContent.includes("Disconnected"))).observe(bar, { subtree: true, characterData: true, childList: true });
  });
  execFileSync(context.python, ["-m", "perpbot", "restart", "/web", "--yes", "--state", context.state]);
  await page.waitForFunction(() => window.wasLost);
  await live(page);
  const prices = page.locator("table.prices tbody");
  await changes(() => prices.textContent(), await prices.textContent());
}

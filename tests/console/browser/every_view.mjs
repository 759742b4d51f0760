// Every view shows something in both languages, at three widths, without an error and without scrolling sideways;
// everything that can be used has a name.

import assert from "node:assert/strict";
import { signIn } from "./steps.mjs";

const WIDTHS = [1440, 1024, 390];

export default async function scenario(page, context) {
  await signIn(page, context);
  const views = await page.locator("nav.menu a").evaluateAll((all) => all.map((each) => each.getAttribute("href").slice(2)));
  assert.equal(views.length, 15);
  for (const language of ["en", "zh"]) {
    await page.goto(`${context.url}/?lang=${language}`);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 844 });
      for (const view of views) {
        await page.evaluate((name) => (location.hash = `#/${name}`), view);
        await page.locator(`.view-${view} > *`).first().waitFor();
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${view} is ${wide} px too wide at ${width} px in ${language}`);
        assert.deepEqual(await page.evaluate(nameless), [], `${view}: elements without a name`);
      }
    }
  }
  return { views: views.length };
}

function nameless() {
  return [...document.querySelectorAll("button, a[href], input, select")]
    .filter((each) => !each.textContent.trim() && !each.getAttribute("aria-label") && !each.labels?.length && !each.title)
    .map((each) => each.outerHTML.slice(0, 120));
}

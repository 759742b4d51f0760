// A picture of every view, in both languages, at three widths, with what PerpBot does right now: English dark, Chinese
// light. Not a test; scripts/console_pictures.py runs it.

import { mkdirSync } from "node:fs";
import { signIn } from "./steps.mjs";

const SETTLE_MS = 1_200;
const WIDTHS = { 1440: 900, 1024: 768, 390: 844 };
const LOOKS = [["en", "dark"], ["zh", "light"]];

/** Whatever happens is in the pictures. */
export const expected = [/./];

export default async function scenario(page, { url, password, pictures }) {
  mkdirSync(pictures, { recursive: true });
  await page.goto(url);
  await page.screenshot({ path: `${pictures}/sign-in-en-1440.png` });
  await signIn(page, { url, password });
  const views = await page.locator("nav.menu a").evaluateAll((all) => all.map((each) => each.getAttribute("href").slice(2)));
  for (const [language, theme] of LOOKS) {
    for (const [width, height] of Object.entries(WIDTHS)) {
      await page.setViewportSize({ width: Number(width), height });
      await page.goto(`${url}/?lang=${language}&theme=${theme}#/overview`);
      for (const view of views) {
        await page.evaluate((name) => (location.hash = `#/${name}`), view);
        await page.waitForTimeout(SETTLE_MS);
        await page.screenshot({ path: `${pictures}/${view}-${language}-${width}.png` });
      }
    }
  }
}

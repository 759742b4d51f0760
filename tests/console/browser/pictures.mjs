// A picture of every view, in both languages, at three widths, with what PerpBot does right now: English dark, Chinese
// light. Alerts are taken last, with one venue stopped, so that there are some. Not a test; scripts/console_pictures.py
// runs it.

import { mkdirSync } from "node:fs";
import { signIn } from "./steps.mjs";

const WIDTHS = { 1440: 900, 1024: 768, 390: 844 };
const LOOKS = [["en", "dark"], ["zh", "light"]];
const STOPPED = "aster";

/** Whatever happens is in the pictures; but notices, which lie above everything, are put away. */
export const expected = [/./];

export default async function scenario(page, { url, password, pictures, admin, wanted }) {
  mkdirSync(pictures, { recursive: true });
  const answered = unanswered(page);
  await page.goto(url);
  await page.getByLabel("Operator password").waitFor();
  if (!wanted.length) await page.screenshot({ path: `${pictures}/sign-in-en-1440.png` });
  await signIn(page, { url, password });
  const all = await page.locator("nav.menu a").evaluateAll((links) => links.map((each) => each.getAttribute("href").slice(2)));
  const views = wanted.length ? wanted : all;
  await take(views.filter((each) => each !== "alerts"));
  if (!views.includes("alerts")) return;
  await fetch(`${admin}/admin/${STOPPED}/stop`, { method: "POST" });
  await page.goto(`${url}/?lang=en#/alerts`);
  await page.locator("table[aria-label=Alerts] .badge", { hasText: "firing" }).first().waitFor({ timeout: 120_000 });
  await take(["alerts"]);

  async function take(shown) {
    for (const [language, theme] of LOOKS) {
      for (const [width, height] of Object.entries(WIDTHS)) {
        await page.setViewportSize({ width: Number(width), height });
        await page.goto(`${url}/?lang=${language}&theme=${theme}#/overview`);
        for (const view of shown) {
          await page.evaluate((name) => (location.hash = `#/${name}`), view);
          await page.locator(`.view-${view} > *`).first().waitFor();
          await page.locator(".shell.live").waitFor();
          await answered();
          await page.waitForFunction(() => !document.querySelector("main .loading"));
          await page.evaluate(() => document.querySelectorAll(".notices button").forEach((each) => each.click()));
          await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
          await page.screenshot({ path: `${pictures}/${view}-${language}-${width}.png` });
        }
      }
    }
  }
}

/** Gives back a way to wait until every question but the stream's has been answered. */
function unanswered(page) {
  const waiting = new Set();
  let wake = () => {};
  const over = (request) => waiting.delete(request) && !waiting.size && wake();
  page.on("request", (request) => request.resourceType() === "fetch" && waiting.add(request));
  page.on("requestfinished", over);
  page.on("requestfailed", over);
  return () => waiting.size && new Promise((resolve) => (wake = resolve));
}

// Runs one scenario in Chromium: node run.mjs SCENARIO CONTEXT, where CONTEXT is JSON: url, password, state, python,
// chromium, admin. Any error on the page's console fails it, unless the scenario says that it is expected. That PerpBot
// cannot tell its state yet (503) is always: the page asks again.

import { chromium } from "playwright-core";

const [, , name, given] = process.argv;
const context = JSON.parse(given);
const { default: scenario, expected: more = [] } = await import(`./${name}.mjs`);
const expected = [...more, /status of 503/];

const OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--enable-precise-memory-info", "--js-flags=--expose-gc"];
const browser = await chromium.launch({ executablePath: context.chromium, args: OPTIONS });
const page = await browser.newPage({ viewport: { width: context.width ?? 1440, height: 900 }, locale: "en-US" });
page.setDefaultTimeout(60_000);
const errors = [];
page.on("pageerror", (error) => errors.push(error.stack));
page.on("console", (message) => {
  if (message.type() === "error" && !expected.some((each) => each.test(message.text()))) errors.push(message.text());
});

try {
  const said = await scenario(page, context);
  if (errors.length) throw new Error(`on the page's console:\n${errors.join("\n")}`);
  console.log(JSON.stringify(said ?? {}));
} catch (error) {
  console.error(error.stack);
  if (context.picture) await page.screenshot({ path: context.picture });
  process.exitCode = 1;
} finally {
  await browser.close();
}

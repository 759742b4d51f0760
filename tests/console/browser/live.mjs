// Signing in, wrongly and rightly; then prices move by themselves.

import assert from "node:assert/strict";
import { changes, live } from "./steps.mjs";

export const expected = [/401/];

export default async function scenario(page, { url, password }) {
  await page.goto(url);
  const field = page.getByLabel("Operator password");
  await field.fill("not the password");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  assert.equal(await field.getAttribute("aria-invalid"), "true");

  await field.fill(password);
  await page.keyboard.press("Enter");
  await live(page);
  assert.equal(await page.locator("body > .begin").count(), 0, "what was painted first is gone");
  const prices = page.locator("table.prices tbody");
  await page.locator("table.prices tbody td.best, table.prices tbody td.gap").first().waitFor();
  await changes(() => prices.textContent(), await prices.textContent());

  await page.getByRole("button", { name: "中文" }).click();
  await page.getByRole("heading", { name: "总览" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "zh-CN");
  await page.getByRole("button", { name: "English" }).click();

  await page.reload();
  await live(page); // the session outlives a reload of the tab
  const { token } = await page.evaluate(() => JSON.parse(sessionStorage.getItem("perpbot.session")));
  const status = async () => (await fetch(`${url}/api/config`, { headers: { Authorization: `Bearer ${token}` } })).status;
  assert.equal(await status(), 200);
  await page.getByRole("button", { name: "Sign out" }).click();
  await field.waitFor();
  await changes(status, 200); // PerpBot knows that the session is over, too
}

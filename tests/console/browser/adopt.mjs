// What is not ours is looked for at the venue before anything is asked; where there is nothing, the dialog says so.

import assert from "node:assert/strict";
import { signIn } from "./steps.mjs";

export const expected = [/409/];

export default async function scenario(page, context) {
  await signIn(page, context, "positions");
  const dialog = page.getByRole("dialog");
  for (const [language, look, nothing] of [["en", "Look for it", /nothing foreign at okx/], ["zh", "查找", /okx .*没有非我方/]]) {
    await page.goto(`${context.url}/?lang=${language}#/positions`);
    await page.getByLabel(language === "en" ? "Venue" : "交易所", { exact: true }).selectOption("okx");
    await page.getByRole("button", { name: look }).click();
    await dialog.locator(".said.failed").waitFor();
    assert.match(await dialog.locator(".said").textContent(), nothing);
    await dialog.locator("button").click();
    await dialog.waitFor({ state: "hidden" });
  }
}

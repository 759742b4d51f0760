// A setting is changed, refused where it is not allowed, and written to the audit log.

import assert from "node:assert/strict";
import { confirm, go, signIn } from "./steps.mjs";

const KEY = "scanner.min_profit_pct";
export const expected = [/409|422/];

export default async function scenario(page, context) {
  await signIn(page, context, "configuration");
  const field = page.locator(`[id="setting-${KEY}"]`);
  const before = await field.inputValue();
  await field.fill("0.07");
  await page.getByRole("button", { name: "Review and change" }).click();
  await page.getByRole("dialog").getByText(`${KEY}: ${before} becomes 0.07`).waitFor();
  await confirm(page, "Change");
  await page.getByRole("button", { name: "Review and change" }).waitFor({ state: "detached" });
  assert.equal(await field.inputValue(), "0.07");

  await field.fill("many");
  await page.getByRole("button", { name: "Review and change" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Change", exact: true }).click();
  await dialog.locator(".said.failed").waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.getByRole("button", { name: "Discard" }).click();
  assert.equal(await field.inputValue(), "0.07");

  await go(page, "audit");
  await page.locator("td", { hasText: KEY }).first().waitFor();
}

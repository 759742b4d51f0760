// The kill switch for everything, and the one of a venue, on and off.

import assert from "node:assert/strict";
import { confirm, go, signIn } from "./steps.mjs";

export default async function scenario(page, context) {
  await signIn(page, context);
  await page.getByRole("button", { name: "Kill switch", exact: true }).click();
  await page.keyboard.press("Escape"); // nothing happens to who only looks
  assert.equal(await page.locator(".bar .kill").getAttribute("aria-pressed"), "false");

  await page.locator(".bar .kill").click();
  assert.match(await confirm(page, "Turn on"), /is on/);
  await page.locator(".bar .kill[aria-pressed=true]").waitFor();
  await page.locator(".badge", { hasText: "killed" }).first().waitFor();

  await page.locator(".bar .kill").click();
  await page.getByRole("dialog").getByText(/turned on by operator/).waitFor();
  assert.match(await confirm(page, "Turn off"), /is off/);
  await page.locator(".bar .kill[aria-pressed=false]").waitFor();

  await go(page, "venues");
  const okx = page.locator(".venue[aria-label=okx]");
  await okx.getByRole("button", { name: "Kill switch", exact: true }).click();
  await confirm(page, "Turn on");
  await okx.locator(".badge.bad", { hasText: "Kill switch on" }).waitFor();
  await okx.getByRole("button", { name: "Turn kill switch off" }).click();
  await confirm(page, "Turn off");
  await okx.getByRole("button", { name: "Kill switch", exact: true }).waitFor();

  await go(page, "audit");
  await page.locator("td, th", { hasText: "okx off" }).first().waitFor();
}

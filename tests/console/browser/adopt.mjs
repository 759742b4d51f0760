// What is not ours is looked for at the venue before anything is asked; where there is nothing, the dialog says so. What is
// confirmed is what was told, with the price it is booked at: what goes over the wire is looked at.

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

    const price = page.locator("form.buttons").last().getByLabel(language === "en" ? "Price of a coin (optional)" : "每枚价格（可选）");
    await price.fill("12e3");
    await page.getByRole("button", { name: look }).click();
    assert.match(await dialog.locator(".said.failed").textContent(), language === "en" ? /above zero, not '12e3'/ : /大于零的数字/);
    await dialog.locator("button").click();
    await dialog.waitFor({ state: "hidden" });
    await confirmed(page, dialog, price, look, language === "en" ? [/at 12000.5 a coin, .* at 12001/, "Adopt"] : [/12000.5 .*12001/, "接管"]);
  }
}

async function confirmed(page, dialog, price, look, [told, label]) {
  const sent = [];
  const found = { venue: "okx", symbol: "BTC-PERP", quantity: "0.2", price: "12000.5", mark: "12001", orders: [], in_flight: [], ended: [] };
  await page.route("**/api/control/adopt", (route) => {
    const asked = route.request().postDataJSON();
    sent.push(asked);
    const done = Boolean(asked.yes);
    return route.fulfill({ json: { ...found, done, trades: done ? ["7-t1"] : [], cancelled: null } });
  });
  await price.fill(" 12000.5 ");
  await page.getByRole("button", { name: look }).click();
  await dialog.locator("li", { hasText: told }).waitFor();
  await dialog.getByRole("button", { name: label, exact: true }).click();
  await dialog.locator(".said.done").waitFor();
  await dialog.locator("button").click();
  await dialog.waitFor({ state: "hidden" });
  await page.unroute("**/api/control/adopt");
  const [asked, confirmed] = sent.map(({ venue, symbol, ...more }) => more);
  assert.deepEqual(asked, { price: "12000.5" });
  assert.deepEqual(confirmed, { yes: true, price: "12000.5", quantity: "0.2" });
}

// What several scenarios do.

import assert from "node:assert/strict";

/** Sign in, and wait for the first figures. */
export async function signIn(page, { url, password }, view = "overview") {
  await page.goto(`${url}/#/${view}`);
  await page.getByLabel("Operator password").fill(password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1 }).waitFor();
  await live(page);
}

export const live = (page) => page.locator(".bar .badge", { hasText: "Live" }).waitFor();

export async function go(page, view) {
  await page.locator(`nav.menu a[href="#/${view}"]`).click();
  await page.locator(`.view-${view}`).waitFor();
}

/** The dialog says what will happen; confirm it, and give back what it said afterwards. */
export async function confirm(page, label) {
  const dialog = page.getByRole("dialog");
  await dialog.locator("li").first().waitFor(); // the dialog tells what will happen
  await dialog.getByRole("button", { name: label, exact: true }).click();
  const said = dialog.locator(".said");
  await said.waitFor();
  assert.match(await said.getAttribute("class"), /done/, `it was done: ${await said.textContent()}`);
  const text = await said.textContent();
  await dialog.getByRole("button", { name: "Close" }).click();
  await dialog.waitFor({ state: "hidden" });
  return text;
}

/** Wait until `ask()` answers something else than `before`. */
export async function changes(ask, before) {
  for (;;) {
    const now = await ask();
    if (now !== before) return now;
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

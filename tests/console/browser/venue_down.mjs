// A venue goes down and comes back, and the console shows both.

import { signIn } from "./steps.mjs";

export default async function scenario(page, context) {
  await signIn(page, context, "venues");
  const aster = page.locator(".venue[aria-label=aster]");
  await aster.locator("header .badge.good", { hasText: "connected" }).waitFor();
  await fetch(`${context.admin}/admin/aster/stop`, { method: "POST" });
  await aster.locator("header .badge.bad").waitFor();
  await aster.locator(".standing.warn").waitFor();
  await fetch(`${context.admin}/admin/aster/start`, { method: "POST" });
  await aster.locator("header .badge.good", { hasText: "connected" }).waitFor();
}

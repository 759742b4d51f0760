// Signing in.

import { useState } from "../vendor/hooks.js";
import { ended, signIn } from "../live/session.js";
import { html } from "../parts/html.js";
import { language, t } from "../words/index.js";

export function SignIn() {
  const [wrong, setWrong] = useState(null);
  const [busy, setBusy] = useState(false);
  async function submit(event) {
    event.preventDefault();
    const password = new FormData(event.target).get("password");
    setBusy(true);
    setWrong(null);
    try {
      await signIn(password);
    } catch (error) {
      setWrong(error.status === 0 ? t("signIn.nobody") : error.message);
      setBusy(false);
    }
  }
  return html`<main class="sign-in">
    <form onSubmit=${submit}>
      <div class="brand"><img src="icon.svg" alt="" width="40" height="40" /><h1>PerpBot</h1></div>
      ${ended.value === "expired" && html`<p class="said failed">${t("signIn.expired")}</p>`}
      <label for="password">${t("signIn.password")}</label>
      <input id="password" name="password" type="password" autocomplete="current-password" required autofocus
        aria-describedby="hint" aria-invalid=${wrong ? "true" : undefined} />
      ${wrong && html`<p class="said failed" role="alert">${wrong}</p>`}
      <button class="solid accent" disabled=${busy}>${busy ? t("ask.busy") : t("signIn")}</button>
      <p id="hint" class="faint">${t("signIn.hint")}</p>
      <button type="button" class="plain" onClick=${() => (language.value = language.value === "en" ? "zh" : "en")}>
        ${language.value === "en" ? "中文" : "English"}</button>
    </form>
  </main>`;
}

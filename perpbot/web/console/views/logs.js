// The log: by page, level and word, or as it is written.

import { useEffect } from "../vendor/hooks.js";
import { signal } from "../vendor/signals.js";
import { useAnswer } from "../live/asked.js";
import { logLines } from "../live/store.js";
import { withLogs } from "../live/stream.js";
import { html, memo } from "../parts/html.js";
import { Empty, Loading, Panel } from "../parts/panel.js";
import { Tabs } from "../parts/tabs.js";
import { t } from "../words/index.js";

const PAGE_SIZE = 100;
const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"];
const asked = signal({ page: 1, level: "", keyword: "", file: "" });
const live = signal(false);
const set = (change) => (asked.value = { ...asked.value, page: 1, ...change });

export function Logs() {
  useEffect(() => {
    withLogs(live.value);
    return () => withLogs(false);
  }, [live.value]);
  return html`<${Panel} title=${t("view.logs")} flush tools=${html`<${Filters} />`}>${live.value ? html`<${Tail} />` : html`<${Page} />`}<//>`;
}

function Filters() {
  const { answer } = useAnswer("/api/logs/files");
  const { level, keyword, file } = asked.value;
  return html`<${Tabs} label=${t("logs.way")} chosen=${live.value ? "live" : "pages"} choose=${(each) => (live.value = each === "live")}
      options=${["pages", "live"].map((each) => [each, t(`logs.${each}`)])} />
    ${!live.value && html`<select aria-label=${t("logs.file")} value=${file} onChange=${(event) => set({ file: event.target.value })}>
      <option value="">${t("logs.newest")}</option>${names(answer).map((each) => html`<option key=${each} value=${each}>${each}</option>`)}</select>`}
    <select aria-label=${t("logs.level")} value=${level} onChange=${(event) => set({ level: event.target.value })}>
      <option value="">${t("logs.anyLevel")}</option>${LEVELS.map((each) => html`<option key=${each} value=${each}>${each}</option>`)}</select>
    <input type="search" aria-label=${t("logs.seek")} placeholder=${t("logs.seek")} value=${keyword} onChange=${(event) => set({ keyword: event.target.value })} />`;
}

const names = (answer) => (answer?.files ?? []).map((each) => each.name ?? each);

function Page() {
  const { page, level, keyword, file } = asked.value;
  const query = new URLSearchParams({ page, page_size: PAGE_SIZE });
  for (const [key, value] of Object.entries({ level, keyword, file })) if (value) query.set(key, value);
  const { answer, error, again } = useAnswer(`/api/logs/list?${query}`);
  if (error) return html`<p class="said failed">${error.message}</p>`;
  if (!answer) return html`<${Loading} />`;
  const pages = Math.max(1, Math.ceil(answer.total / PAGE_SIZE));
  return html`<${Lines} lines=${answer.items} />
    <nav class="pages" aria-label=${t("logs.pagesOf")}>
      <button disabled=${page <= 1} onClick=${() => set({ page: page - 1 })}>${t("logs.newer")}</button>
      <span>${t("logs.page", { page, pages, total: answer.total.toLocaleString("en") })}</span>
      <button disabled=${page >= pages} onClick=${() => set({ page: page + 1 })}>${t("logs.older")}</button>
      <button class="plain" onClick=${again}>${t("logs.again")}</button></nav>`;
}

function Tail() {
  const { level, keyword } = asked.value;
  const least = LEVELS.indexOf(level);
  const kept = logLines.value.filter(
    (each) => LEVELS.indexOf(String(each.level ?? "INFO").toUpperCase()) >= least && JSON.stringify(each).toLowerCase().includes(keyword.toLowerCase()),
  );
  return html`<${Lines} lines=${kept.toReversed()} waiting />`;
}

function Lines({ lines, waiting }) {
  if (!lines.length) return html`<${Empty} text=${t(waiting ? "logs.waiting" : "logs.none")} />`;
  return html`<ol class="lines">${lines.map((each, at) => html`<${Line} key=${each.key ?? at} line=${each} />`)}</ol>`;
}

const Line = memo(({ line }) => {
  const { at, time, timestamp, level = "INFO", event, message, actor, ...rest } = typeof line === "string" ? { event: line } : line;
  const fields = Object.entries(rest).filter(([key]) => key !== "key");
  return html`<li class=${String(level).toLowerCase()}><time>${String(at ?? time ?? timestamp ?? "").slice(11, 23)}</time><b>${String(level).toUpperCase()}</b>
    <span><strong>${event ?? message}</strong> ${actor && html`<code>${actor}</code>`} ${fields.map(
      ([key, value]) => html`<em key=${key}>${key}</em>=${typeof value === "object" ? JSON.stringify(value) : String(value)} `,
    )}</span></li>`;
});

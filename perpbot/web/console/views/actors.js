// The supervision tree as it runs.

import { signal } from "../vendor/signals.js";
import { restart } from "../live/actions.js";
import { may } from "../live/session.js";
import { section } from "../live/store.js";
import { Badge } from "../parts/badge.js";
import { html, memo } from "../parts/html.js";
import { Empty, Figure, Known, Panel } from "../parts/panel.js";
import { Tabs } from "../parts/tabs.js";
import { t } from "../words/index.js";

const sought = signal("");
const only = signal("all");

export function Actors() {
  const tree = section("tree").value;
  const overview = section("overview").value ?? {};
  return html`<${Known} of=${tree}>${() => {
    const rows = inOrder(tree).filter(({ address, node }) => kept(address, node));
    return html`<dl class="figures">
        <${Figure} label=${t("overview.actors")}>${Object.keys(tree).length}<//>
        <${Figure} label=${t("actors.restarts")}>${overview.restarts ?? "–"}<//>
        <${Figure} label=${t("actors.crashes")}>${overview.crashes ?? "–"}<//>
        <${Figure} label=${t("actors.deadLetters")}>${overview.dead_letters ?? "–"}<//>
      </dl>
      <${Panel} title=${t("actors.tree")} flush tools=${html`<${Tabs} label=${t("filter")} chosen=${only.value} choose=${(each) => (only.value = each)}
          options=${["all", "trouble"].map((each) => [each, t(`actors.${each}`)])} />
        <input type="search" aria-label=${t("actors.seek")} placeholder=${t("actors.seek")} value=${sought.value}
          onInput=${(event) => (sought.value = event.target.value)} />`}>
        ${rows.length ? html`<${Tree} rows=${rows} />` : html`<${Empty} text=${t(only.value === "trouble" ? "actors.noTrouble" : "actors.noneFound")} />`}<//>`;
  }}<//>`;
}

const kept = (address, node) =>
  address.includes(sought.value) && (only.value === "all" || node.troubles.length > 0 || !["running", "stopped"].includes(node.state));

/** {address, node, depth} from the root down. */
function inOrder(tree) {
  const children = new Map();
  for (const [address, node] of Object.entries(tree)) {
    const siblings = children.get(node.parent) ?? [];
    children.set(node.parent, [...siblings, address]);
  }
  const below = (parent, depth) =>
    (children.get(parent) ?? []).flatMap((address) => [{ address, node: tree[address], depth }, ...below(address, depth + 1)]);
  return below(undefined, 0);
}

/** An actor's name, or its address where its supervisor's is no part of it. */
const branch = (address, node) => (address === `${node.parent}/${node.name}` ? node.name : address);

const Tree = ({ rows }) =>
  html`<div class="table"><table class="tree" aria-label=${t("actors.tree")}>
    <thead><tr><th scope="col">${t("actor")}</th><th scope="col">${t("state")}</th><th scope="col" class="end rank2">${t("actors.waiting")}</th>
      <th scope="col" class="end rank2">${t("actors.rate")}</th><th scope="col" class="end rank3">${t("actors.busy")}</th>
      <th scope="col" class="end rank2">${t("actors.restarts")}</th><th scope="col" class="rank3 text">${t("actors.last")}</th><th></th></tr></thead>
    <tbody>${rows.map(({ address, node, depth }) => html`<${Node} key=${address} address=${address} node=${node} depth=${depth} />`)}</tbody>
  </table></div>`;

const Node = memo(
  ({ address, node, depth }) => html`<tr>
    <th scope="row" style=${{ "--depth": depth }} title=${address}><span class=${node.kind}>${branch(address, node)}</span>
      ${node.strategy && html` <small class="faint">${node.strategy}</small>`}</th>
    <td><${Badge} state=${node.state} />${node.circuit && node.circuit !== "CONNECTED" && html` <${Badge} state=${node.circuit} />`}</td>
    <td class="end number rank2 ${node.dropped ? "warn" : ""}" title=${t("actors.mailbox", { high: node.high_water, dropped: node.dropped })}>${node.depth}</td>
    <td class="end number rank2">${node.messages_per_s?.toFixed(1) ?? "–"}</td>
    <td class="end number rank3">${node.busy === undefined ? "–" : `${(node.busy * 100).toFixed(1)} %`}</td>
    <td class="end number rank2 ${node.restarts ? "warn" : ""}">${node.restarts}</td>
    <td class="rank3 text faint">${node.troubles.join(", ") || node.last_failure || ""}</td>
    <td class="end">${may("admin") && node.parent !== undefined && html`<button class="plain" onClick=${() => restart(address)}
      aria-label=${t("act.restart", { address })}>${t("actors.restart")}</button>`}</td></tr>`,
);

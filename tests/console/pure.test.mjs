// The console's decisions without a browser: node --test.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as decimals from "../../perpbot/web/console/live/decimals.js";
import { merged } from "../../perpbot/web/console/live/merge.js";
import { duration, micros } from "../../perpbot/web/console/live/times.js";
import { html } from "../../perpbot/web/console/parts/html.js";

// The examples of RFC 7396, appendix A: target, patch, result.
const PATCHES = [
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b" }, { a: null }, {}],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [["a", "b"], ["c", "d"], ["c", "d"]],
  [{ a: "b" }, ["c"], ["c"]],
  [{ a: "foo" }, null, null],
  [{ a: "foo" }, "bar", "bar"],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: "b", c: null }, { a: "b" }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

test("a patch changes what it names and nothing else", () => {
  for (const [target, patch, result] of PATCHES) assert.deepEqual(merged(target, patch), result);
});

test("what a patch does not touch stays the same object", () => {
  const before = { venues: { okx: { state: "up" }, aster: { state: "up" } } };
  const after = merged(before, { venues: { okx: { state: "down" } } });
  assert.equal(after.venues.aster, before.venues.aster);
  assert.equal(before.venues.okx.state, "up");
});

test("money is rounded and grouped without ever being a float", () => {
  const table = [
    ["97117.43", 1, "97,117.4"], ["0.005", 2, "0.01"], ["-0.004", 2, "0.00"], ["-1234.5", 2, "\u22121,234.50"],
    ["123456789012345678901.25", 2, "123,456,789,012,345,678,901.25"], ["7", 0, "7"], ["999.995", 2, "1,000.00"],
    [undefined, 2, "–"], ["not a number", 2, "not a number"],
  ];
  for (const [text, digits, shown] of table) assert.equal(decimals.fixed(text, digits), shown);
  assert.equal(decimals.signed("2.5", 2), "+2.50");
  assert.equal(decimals.signed("0.001", 2), "0.00");
  assert.equal(decimals.quantity("0.1500"), "0.15");
  assert.equal(decimals.sum(["0.1", "0.2", "-1.05"]), "-0.75");
  assert.equal(decimals.compared("0.10", "0.1"), 0);
});

test("durations are told in two units", () => {
  assert.deepEqual([0, 12, 61, 7_260, 266_400].map(duration), ["0 s", "12 s", "1 min 1 s", "2 h 1 min", "3 d 2 h"]);
  assert.deepEqual([5.25, 850, 1_250, 85_000, 3_400_000].map(micros), ["5.3 µs", "850 µs", "1.3 ms", "85 ms", "3.4 s"]);
});

test("what never changes is drawn anew, so that nothing of an earlier page is kept", () => {
  const draw = () => html`<header><p>always the same</p></header>`;
  assert.notEqual(draw(), draw());
  assert.notEqual(draw().props.children, draw().props.children);
});

// Sentences of PerpBot's own in the chosen language: node --test.

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.localStorage = { getItem: () => "zh", setItem() {} };
globalThis.location = { search: "" };
globalThis.document = { documentElement: {} };
const { language } = await import("../../perpbot/web/console/words/index.js");
const { told } = await import("../../perpbot/web/console/words/told.js");
const { textOf } = await import("../../perpbot/web/console/live/alerting.js");

const SAID = [
  ["okx trading is CIRCUIT_OPEN: not connected yet", "okx 交易已熔断：尚未连接"],
  ["3 orders of unknown fate", "结果未知的订单：3 个"],
  ["nothing is opened: account/drawdown: 12 %, allowed 10 %", "不再开仓：回撤：12 %，允许 10 %"],
  ["not done: nobody lives at /x; did you mean /y?", "未完成：没有 /x；您是指 /y 吗？"],
  ["no answer within 5 s", "5 秒内没有回应"],
  ["what nobody has translated", "what nobody has translated"],
  ["", ""],
  [undefined, undefined],
];

for (const [english, chinese] of SAID) {
  test(`told: ${english}`, () => {
    language.value = "zh";
    assert.equal(told(english), chinese);
    language.value = "en";
    assert.equal(told(english), english);
  });
}

test("an alert has its title and its values in the chosen language", () => {
  const alert = { titles: { en: "Stream is down", zh: "断线" }, reading: "quote_latency 7.2s, drawdown 4%" };
  language.value = "zh";
  assert.equal(textOf(alert), "断线: 无行情时间 7.2s, 回撤 4%");
  language.value = "en";
  assert.equal(textOf({ ...alert, reading: "" }), "Stream is down");
});

// Money as text. It is rounded and grouped digit by digit, because a float cannot hold every amount.

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?$/;
const MINUS = "\u2212";

function parts(text) {
  const found = NUMBER.exec(text);
  return found && { negative: found[1] === "-", whole: found[2], fraction: found[3] ?? "" };
}

/** `text` with exactly `digits` decimals, rounded half up, thousands apart: "−1,234.50". Other text stays as it is. */
export function fixed(text, digits) {
  const number = parts(String(text));
  if (!number) return text === undefined || text === null ? "–" : String(text);
  const scaled = BigInt(number.whole + number.fraction.slice(0, digits).padEnd(digits, "0"));
  const up = (number.fraction[digits] ?? "0") >= "5" ? 1n : 0n;
  const all = (scaled + up).toString().padStart(digits + 1, "0");
  const whole = all.slice(0, all.length - digits).replace(/\B(?=(\d{3})+$)/g, ",");
  const zero = /^0+$/.test(all);
  return (number.negative && !zero ? MINUS : "") + whole + (digits ? `.${all.slice(-digits)}` : "");
}

/** As `fixed`, and a plus before what is above zero. */
export function signed(text, digits) {
  const shown = fixed(text, digits);
  return sign(text) > 0 && /[1-9]/.test(shown) ? `+${shown}` : shown;
}

/** -1, 0 or 1; 0 for what is no number. */
export function sign(text) {
  const number = parts(String(text));
  if (!number || !/[1-9]/.test(number.whole + number.fraction)) return 0;
  return number.negative ? -1 : 1;
}

/** How many decimals `text` has. */
export const decimals = (text) => parts(String(text))?.fraction.length ?? 0;

/** A price as exact as it came, thousands apart. */
export function price(text) {
  const number = parts(String(text));
  return number ? fixed(text, number.fraction.length) : "–";
}

/** A price that was reckoned, to seven digits. */
export function mean(text) {
  const number = parts(String(text));
  return number ? fixed(text, Math.max(0, 7 - number.whole.length)) : "–";
}

/** A quantity without the zeros at its end. */
export function quantity(text) {
  const number = parts(String(text));
  return number ? fixed(text, number.fraction.replace(/0+$/, "").length) : "–";
}

/** Sum of decimal texts, exact. */
export function sum(texts) {
  const numbers = texts.map((each) => parts(String(each))).filter(Boolean);
  const digits = Math.max(0, ...numbers.map((each) => each.fraction.length));
  const total = numbers.reduce((all, each) => {
    const value = BigInt(each.whole + each.fraction.padEnd(digits, "0"));
    return all + (each.negative ? -value : value);
  }, 0n);
  const text = (total < 0n ? -total : total).toString().padStart(digits + 1, "0");
  const shown = digits ? `${text.slice(0, -digits)}.${text.slice(-digits)}` : text;
  return (total < 0n ? "-" : "") + shown;
}

/** -1, 0 or 1 as `one` is less than, equal to or more than `other`. */
export function compared(one, other) {
  return sign(sum([one, negated(other)]));
}

/** `text` with the other sign. */
export function negated(text) {
  const shown = String(text);
  return shown.startsWith("-") ? shown.slice(1) : `-${shown}`;
}

// What every view draws with.

import htm from "../vendor/htm.js";
import { h } from "../vendor/preact.js";

const KEEP_NOTHING = 3;

/** htm keeps an element in which nothing changes, and with it the whole page that it was first part of. */
function element(...given) {
  this[0] = KEEP_NOTHING;
  return h(...given);
}

export const html = htm.bind(element);

/** Draw `component` anew only when one of its properties is another one. */
export function memo(component) {
  function Memo(props) {
    this.shouldComponentUpdate = (next) => differs(this.props, next);
    return h(component, props);
  }
  return Memo;
}

function differs(one, other) {
  for (const key in other) if (one[key] !== other[key]) return true;
  for (const key in one) if (!(key in other)) return true;
  return false;
}

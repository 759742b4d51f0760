// What every view draws with.

import htm from "../vendor/htm.js";
import { h } from "../vendor/preact.js";

export const html = htm.bind(h);

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

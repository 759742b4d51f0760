// What trades that are over came to, one added to the other since the journal began: what PerpBot remembers, and what
// comes meanwhile. So a line through it keeps its level when older trades leave the stream.

import { useMemo, useRef } from "../vendor/hooks.js";
import { useAnswer } from "./asked.js";
import { settled } from "./choose.js";
import { section } from "./store.js";

const ASKED = 500;
const MOST = 5_000;

/** {times, sums, error}: seconds and numbers, for plotting only; `times` is undefined until they are known. */
export function useEarned() {
  const { answer, error } = useAnswer(`/api/trades/list?page_size=${ASKED}`);
  const over = settled(section("trades").value);
  const known = useRef(null);
  return useMemo(() => {
    if (!answer) return { error };
    known.current ??= begun(answer);
    for (const [id, trade] of over) known.current.nets.set(id, trade);
    return { error, ...line(known.current) };
  }, [answer, error, over.length, over.at(-1)?.[0]]);
}

/** Before the trades in the answer there was what all of them came to, without these. */
function begun({ items, summary }) {
  const nets = new Map(items.reverse().map((each) => [each.id, each]));
  return { before: Number(summary.pnl) - items.reduce((sum, each) => sum + Number(each.net), 0), nets };
}

function line(known) {
  for (const [id, trade] of known.nets) {
    if (known.nets.size <= MOST) break;
    known.before += Number(trade.net ?? 0);
    known.nets.delete(id);
  }
  let sum = known.before;
  const all = [...known.nets.values()].sort((one, other) => (one.settled_at < other.settled_at ? -1 : 1));
  return {
    times: all.map((each) => new Date(each.settled_at).getTime() / 1000),
    sums: all.map((each) => (sum += Number(each.net ?? 0))),
  };
}

// Answers that are asked for rather than streamed: asked when a view opens, and again when its question changes.

import { useEffect, useState } from "../vendor/hooks.js";
import { get } from "./api.js";

/** {answer, error, again} of `path`; both are undefined at first. With `every`, it is asked anew after so many ms. */
export function useAnswer(path, every = 0) {
  const [state, set] = useState({});
  const [turn, again] = useState(0);
  useEffect(() => {
    let alive = true;
    get(path).then(
      (answer) => alive && set({ path, answer }),
      (error) => alive && set((before) => ({ ...before, path, error })),
    );
    const timer = every && setTimeout(() => again(turn + 1), every);
    return () => {
      alive = false;
      clearTimeout(timer);
    };
  }, [path, turn, every]);
  return { answer: state.answer, error: state.error, again: () => again(turn + 1) };
}

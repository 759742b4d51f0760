// Times and durations as people read them.

/** "14:03:09" in the browser's time zone. */
export function clock(iso) {
  return iso ? new Date(iso).toLocaleTimeString("sv-SE") : "–";
}

/** "2026-11-21 14:03:09" in the browser's time zone. */
export function moment(iso) {
  return iso ? new Date(iso).toLocaleString("sv-SE") : "–";
}

/** "3 d 4 h", "2 h 5 min", "4 min 9 s", "12 s". */
export function duration(seconds) {
  if (seconds === undefined || seconds === null) return "–";
  const whole = Math.floor(seconds);
  const units = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]];
  const first = units.findIndex(([size]) => whole >= size);
  if (first < 0) return "0 s";
  const [[size, unit], next] = [units[first], units[first + 1]];
  const rest = next && Math.floor((whole % size) / next[0]);
  return `${Math.floor(whole / size)} ${unit}${rest ? ` ${rest} ${next[1]}` : ""}`;
}

/** Microseconds in the unit that suits: "85 µs", "1.2 ms", "3.4 s". */
export function micros(us) {
  if (us === undefined || us === null) return "–";
  if (us < 1_000) return `${us < 10 ? us.toFixed(1) : Math.round(us)} µs`;
  if (us < 1_000_000) return `${us < 10_000 ? (us / 1_000).toFixed(1) : Math.round(us / 1_000)} ms`;
  return `${(us / 1_000_000).toFixed(1)} s`;
}

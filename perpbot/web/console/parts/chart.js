// Lines over time, by uPlot, in the colours of the theme and as wide as there is room.

import { useEffect, useRef } from "../vendor/hooks.js";
import uPlot from "../vendor/uplot.js";
import { html } from "./html.js";
import { theme } from "./theme.js";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function options(width, height, label, digits) {
  const font = "12px Inter, system-ui, sans-serif";
  const axis = { stroke: colour("faint"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font };
  return {
    width,
    height,
    padding: [12, 8, 0, 0],
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    legend: { show: true, live: true },
    axes: [{ ...axis, size: 30, values: (_, ticks) => ticks.map((each) => moment(each, ticks)) }, { ...axis, size: 56, values: (_, ticks) => ticks.map((each) => each.toFixed(digits)) }],
    series: [
      { value: (_, at) => (at ? new Date(at * 1000).toLocaleString("sv-SE") : "–") },
      { label, stroke: colour("accent"), width: 1.75, fill: colour("accent-wash"), points: { show: false },
        value: (_, amount) => (amount === null || amount === undefined ? "–" : amount.toFixed(digits)) },
    ],
  };
}

/** A tick of the time axis, as exact as its neighbours want it. */
function moment(seconds, ticks) {
  const [date, time] = new Date(seconds * 1000).toLocaleString("sv-SE").split(" ");
  const span = ticks.at(-1) - ticks[0];
  return span > 172_800 ? date.slice(5) : span > 600 ? time.slice(0, 5) : time;
}

/** `points` is [seconds, numbers]. `summary` says in words what the picture shows. */
export function Chart({ points, label, summary, height = 220, digits = 2 }) {
  const place = useRef(null);
  const plot = useRef(null);
  useEffect(() => {
    const element = place.current;
    const width = () => element.clientWidth || 300;
    plot.current = new uPlot(options(width(), height, label, digits), points, element);
    const watch = new ResizeObserver(() => plot.current?.setSize({ width: width(), height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      plot.current.destroy();
      plot.current = null;
    };
  }, [theme.value, label, height, digits]);
  useEffect(() => plot.current?.setData(points), [points]);
  return html`<div class="chart" role="img" aria-label=${summary} ref=${place}></div>`;
}

// A tone for an alert that fires, for who wants it. A browser makes no sound before the page was clicked once.

import { signal } from "../vendor/signals.js";
import { notices } from "../live/store.js";

const KEY = "perpbot.sound";
const TONES_HZ = { critical: [880, 660, 880], error: [660, 660] };

/** Whether alerts are heard. */
export const sounds = signal(localStorage.getItem(KEY) === "on");
sounds.subscribe((on) => localStorage.setItem(KEY, on ? "on" : "off"));

let last = null;
notices.subscribe((all) => {
  const newest = all.at(-1);
  if (newest && newest !== last && newest.sound && sounds.peek()) play(TONES_HZ[newest.severity.toLowerCase()] ?? [660]);
  last = newest ?? last;
});

function play(tones) {
  const audio = new AudioContext();
  tones.forEach((hertz, at) => {
    const voice = new OscillatorNode(audio, { frequency: hertz });
    const volume = new GainNode(audio, { gain: 0.15 });
    voice.connect(volume).connect(audio.destination);
    voice.start(audio.currentTime + at * 0.18);
    voice.stop(audio.currentTime + at * 0.18 + 0.14);
    if (at === tones.length - 1) voice.onended = () => audio.close();
  });
}

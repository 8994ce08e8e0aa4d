// Draws speech as bars, as far as it has come, with the part that was heard in another colour.

import { RATE } from "./player.js";

const BUCKET = RATE / 100; // samples that share one peak
const BAR = 3; // CSS pixels from one bar to the next
const SHORTEST = 3; // seconds that the whole width shows at least while more may come

export class Waveform {
  #canvas;
  #peaks = [];
  #taken = 0; // samples in the last peak
  #complete = false;
  #position = 0;

  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  clear() {
    [this.#peaks, this.#taken, this.#complete, this.#position] = [[], 0, false, 0];
    this.draw();
  }

  append(samples) {
    for (const sample of samples) {
      if (this.#taken === 0) this.#peaks.push(0);
      const last = this.#peaks.length - 1;
      this.#peaks[last] = Math.max(this.#peaks[last], Math.abs(sample));
      this.#taken = (this.#taken + 1) % BUCKET;
    }
    this.draw();
  }

  /** Show a recording of which only some peaks, at equal distances, are known. */
  picture(peaks, seconds) {
    const count = Math.round((seconds * RATE) / BUCKET);
    const at = (index) => peaks[Math.floor((index * peaks.length) / count)];
    this.#peaks = Array.from({ length: count }, (_, index) => at(index));
    this.finish();
  }

  finish() {
    this.#complete = true;
    this.draw();
  }

  /** The position in seconds that lies under a horizontal place, in CSS pixels. */
  positionAt(x) {
    return (x / this.#canvas.clientWidth) * this.#span();
  }

  draw(position = this.#position) {
    this.#position = position;
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const brush = this.#brush(width, height);
    const colour = getComputedStyle(this.#canvas);
    const heard = colour.getPropertyValue("--wave-heard");
    const ahead = colour.getPropertyValue("--wave-ahead");
    const perBar = (this.#span() * RATE * BAR) / (BUCKET * width);
    const head = (position / this.#span()) * width;
    for (let x = 0; x + BAR <= width; x += BAR) {
      const peak = this.#peak(x / BAR, perBar);
      if (peak === null) break;
      const tall = Math.max(2, Math.sqrt(peak) * (height - 8));
      brush.fillStyle = x < head ? heard : ahead;
      brush.fillRect(x, (height - tall) / 2, BAR - 1, tall);
    }
    if (this.#peaks.length) {
      brush.fillStyle = colour.getPropertyValue("--ink");
      brush.fillRect(Math.min(Math.max(head - 0.75, 0), width - 1.5), 0, 1.5, height);
    }
  }

  #brush(width, height) {
    const ratio = devicePixelRatio || 1;
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    const brush = this.#canvas.getContext("2d");
    brush.scale(ratio, ratio);
    return brush;
  }

  /** The loudest peak under a bar, or null where nothing has come yet. */
  #peak(bar, perBar) {
    const first = Math.floor(bar * perBar);
    if (first >= this.#peaks.length) return null;
    const until = Math.max(first + 1, Math.floor((bar + 1) * perBar));
    return Math.max(...this.#peaks.slice(first, until));
  }

  /** Seconds that the whole width shows; grows in steps so that the picture stays calm. */
  #span() {
    const known = (this.#peaks.length * BUCKET) / RATE;
    if (this.#complete && known) return known;
    let span = SHORTEST;
    while (span < known) span *= 1.5;
    return span;
  }
}

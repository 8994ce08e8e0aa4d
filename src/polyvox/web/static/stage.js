// The sound on the page: player, waveform, clock and marked words, and the ways to move in it.

import { clockTime } from "./clock.js";
import { Player, RATE } from "./player.js";
import { Waveform } from "./waveform.js";

const STEP = 1; // seconds that an arrow key moves
const REST = 1000; // milliseconds of silence after which the sound card is let go
const KEYS = { ArrowLeft: -STEP, ArrowDown: -STEP, ArrowRight: STEP, ArrowUp: STEP };

export class Stage {
  #parts;
  #words;
  #notify;
  #wave;
  #context = null;
  #player = null;
  #resting = 0;

  /** `parts` are the elements stage, play, wave, clock, length; `words` marks what is said;
   * `notify` is called when `state` changes. */
  constructor(parts, words, notify) {
    [this.#parts, this.#words, this.#notify] = [parts, words, notify];
    this.#wave = new Waveform(parts.wave);
    parts.play.addEventListener("click", () => this.#toggle());
    parts.wave.addEventListener("click", (event) => this.#seek(this.#wave.positionAt(event.offsetX)));
    parts.wave.addEventListener("keydown", (event) => this.#key(event));
  }

  /** empty, playing, paused or ended. */
  get state() {
    return this.#player?.state ?? "empty";
  }

  get playing() {
    return this.state === "playing";
  }

  /** Make room for a new speech. Browsers want this to happen at a click or a key. */
  begin() {
    this.#empty();
    this.#context.resume();
  }

  /** Show a whole recording, to be heard now or when somebody plays it. */
  show(samples, now) {
    this.#empty();
    this.#wave.append(samples);
    this.#wave.finish();
    this.#player.hold(samples);
    this.#showLength();
    if (now) this.#player.play();
  }

  /** Show only peaks, of a recording that cannot be played here. */
  picture(peaks, seconds) {
    this.#empty();
    this.#wave.picture(peaks, seconds);
  }

  append({ samples, words }) {
    this.#words.append(words);
    this.#wave.append(samples);
    this.#player.append(samples);
    this.#showLength();
  }

  /** Everything has come. */
  finish() {
    this.#wave.finish();
    this.#player.finish();
  }

  /** Be silent; what has come can still be played. */
  stop() {
    if (!this.#player) return;
    this.#player.pause();
    this.finish();
  }

  #empty() {
    if (!this.#context) {
      this.#context = new AudioContext({ sampleRate: RATE });
      this.#player = new Player(this.#context);
      this.#player.addEventListener("change", () => this.#changed());
    }
    this.#player.clear();
    this.#wave.clear();
    this.#words.begin();
  }

  #toggle() {
    if (this.playing) this.#player.pause();
    else this.#player.play();
  }

  #seek(position) {
    if (!this.#player) return;
    this.#player.seek(position);
    this.#show();
  }

  #key(event) {
    const { key } = event;
    if (!this.#player || event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === " " && this.#player.duration) this.#toggle();
    else if (key in KEYS) this.#seek(this.#player.position + KEYS[key]);
    else if (key === "Home") this.#seek(0);
    else if (key === "End") this.#seek(this.#player.duration);
    else return;
    event.preventDefault();
  }

  #changed() {
    const { playing, state } = this;
    clearTimeout(this.#resting);
    this.#parts.stage.dataset.state = state;
    this.#parts.play.disabled = state === "empty";
    this.#parts.wave.setAttribute("aria-disabled", state === "empty");
    this.#parts.play.setAttribute("aria-label", playing ? "Pause" : "Play");
    if (playing) {
      this.#context.resume();
      requestAnimationFrame(() => this.#follow());
    } else this.#resting = setTimeout(() => this.#context.suspend(), REST);
    this.#show();
    this.#notify();
  }

  #follow() {
    this.#show();
    if (this.playing) requestAnimationFrame(() => this.#follow());
  }

  #show() {
    const { position, state } = this.#player;
    const { wave, clock } = this.#parts;
    this.#wave.draw(position);
    this.#words.mark(state === "playing" || state === "paused" ? position : null);
    clock.textContent = clockTime(position);
    wave.setAttribute("aria-valuenow", position.toFixed(1));
    wave.setAttribute("aria-valuetext", `${position.toFixed(1)} seconds`);
  }

  #showLength() {
    const seconds = this.#player.duration.toFixed(1);
    this.#parts.wave.setAttribute("aria-valuemax", seconds);
    this.#parts.length.textContent = `${seconds} s`;
  }
}

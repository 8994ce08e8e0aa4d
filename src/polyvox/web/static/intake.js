// The three ways to give a recording: drop a file, choose one, or speak into the microphone.

import { clockTime } from "./clock.js";
import { Recorder } from "./recorder.js";
import { attempt, say } from "./telling.js";

const LOOK = 50; // milliseconds from one look at the level to the next

export class Intake {
  #parts;
  #taken;
  #recorder = null;
  /** Of a recording, in seconds. */
  limits = { shortest: 10, longest: 300 };

  /** `parts` are the elements drop, file, record, live, level, timer; `taken` gets each file. */
  constructor(parts, taken) {
    [this.#parts, this.#taken] = [parts, taken];
    parts.record.addEventListener("click", () => this.#press());
    parts.file.addEventListener("change", () => this.#take(parts.file.files[0]));
    parts.drop.addEventListener("dragover", (event) => this.#over(event, true));
    parts.drop.addEventListener("dragleave", (event) => this.#over(event, false));
    parts.drop.addEventListener("drop", (event) => {
      this.#over(event, false);
      this.#take(event.dataTransfer.files[0]);
    });
  }

  #take(file) {
    this.#parts.file.value = ""; // so that the same file can be chosen again
    if (file) this.#taken(file);
  }

  #over(event, over) {
    event.preventDefault();
    this.#parts.drop.classList.toggle("over", over);
  }

  #press() {
    if (this.#recorder) this.#recorder.stop();
    else attempt(this.#parts.record, () => this.#begin());
  }

  async #begin() {
    this.#recorder = await Recorder.begin();
    this.#show(true);
    say("Recording. Read the text above aloud, or say anything.");
    const looking = setInterval(() => this.#look(), LOOK);
    this.#recorder.finished.then((file) => {
      clearInterval(looking);
      this.#recorder = null;
      this.#show(false);
      this.#take(file);
    });
  }

  #look() {
    const { seconds, level } = this.#recorder;
    this.#parts.level.value = level;
    const wanted = seconds < this.limits.shortest ? `at least ${this.limits.shortest} s` : "long enough";
    this.#parts.timer.textContent = `${clockTime(seconds)} · ${wanted}`;
    if (seconds >= this.limits.longest) this.#recorder.stop();
  }

  #show(recording) {
    this.#parts.live.hidden = !recording;
    this.#parts.record.textContent = recording ? "Stop" : "Record";
    this.#parts.file.disabled = recording;
  }
}

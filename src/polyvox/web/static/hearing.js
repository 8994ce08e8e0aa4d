// What the server hears in a recording: its length, its waveform, and advice in plain words.

import { upload } from "./api.js";
import { Clip } from "./clip.js";
import { element } from "./elements.js";
import { say } from "./telling.js";

export class Hearing {
  #parts;
  #clip;
  #latest = null;
  file = null; // the recording, once the server has found it usable

  /** `parts` are the elements clip, length, advice. */
  constructor(parts) {
    this.#parts = parts;
    this.#clip = new Clip(parts.clip, "the recording");
  }

  /** Have a file heard. Throws an Error in words when no voice can be made of it. */
  async hear(file) {
    this.clear();
    this.#latest = file;
    say("Listening to the recording…");
    const heard = await upload("/v1/voices/check", { audio: file }, (share) =>
      say(`Sending the recording: ${Math.round(share * 100)} %`),
    );
    if (file !== this.#latest) return;
    const unreadable = await this.#clip.open(file).catch((error) => error);
    if (unreadable) this.#clip.picture(heard.peaks, heard.seconds);
    const { duration, speech } = heard.measures;
    const [whole, spoken] = [duration, duration * speech].map((each) => each.toFixed(1));
    const length = `${whole} seconds, of which ${spoken} are speech.`;
    this.#parts.length.textContent = [length, unreadable?.message].filter(Boolean).join(" ");
    this.#parts.advice.replaceChildren(...heard.advice.map(shown));
    this.file = file;
    say(heard.advice.length ? "Heard; see the advice." : "A good recording.");
  }

  clear() {
    [this.file, this.#latest] = [null, null];
    this.#clip.close();
    this.#parts.length.textContent = "";
    this.#parts.advice.replaceChildren();
  }
}

function shown({ message, severity, code }) {
  const line = element("li", { textContent: message });
  Object.assign(line.dataset, { severity, code });
  return line;
}

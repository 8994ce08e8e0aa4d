// The segments of a narration, a few at a time; each can be heard, and spoken again.

import { ask, get, post } from "./api.js";
import { Clip } from "./clip.js";
import { button, element } from "./elements.js";
import { attempt, say } from "./telling.js";
import { over } from "./jobwords.js";

const SIZE = 20; // segments that are shown more at once

export class Segments {
  #job;
  #at = null; // the segment that was spoken again last
  #told;
  #sound = element("div", { className: "sound", hidden: true });
  #clip = null;
  #list = element("ol", { ariaLabel: "Segments" });
  #more = button("More segments", () => attempt(this.#more, () => this.#show()), {
    className: "small",
  });
  element = element("div", { className: "segments", hidden: true }, this.#list, this.#more);

  /** `told` gets the job when a segment is spoken again. */
  constructor(job, told) {
    [this.#job, this.#told] = [job, told];
  }

  /** Be silent. */
  close() {
    this.#clip?.close();
  }

  get open() {
    return !this.element.hidden;
  }

  async toggle() {
    if (this.open) {
      this.#clip?.close();
      this.element.hidden = true;
    } else {
      this.#list.replaceChildren();
      await this.#show();
      this.element.hidden = false;
    }
  }

  /** The job has changed. When it is over, all that is shown is asked for anew. */
  async update(job) {
    const before = this.#job;
    this.#job = job;
    if (!this.open || over(before) === over(job)) return;
    const found = await this.#ask(0, Math.max(this.#list.children.length, 1));
    this.#clip?.close();
    this.#list.replaceChildren(...found.map((each) => this.#entry(each)));
    if (document.activeElement === document.body) this.#list.children[this.#at]?.focus();
  }

  async #show() {
    const first = this.#list.children.length;
    const found = await this.#ask(first, SIZE);
    this.#list.append(...found.map((each) => this.#entry(each)));
    this.#more.hidden = found.length < SIZE;
    if (first) this.#list.children[first]?.querySelector("button")?.focus();
  }

  #ask(first, count) {
    return get(`/v1/jobs/${this.#job.id}/segments?first=${first}&count=${count}`);
  }

  #entry({ number, text, seconds }) {
    const length = seconds === null ? "not spoken yet" : `${seconds.toFixed(1)} s`;
    const about = element("p", { className: "about", textContent: `${number + 1} · ${length}` });
    const words = element("p", { textContent: text, dir: "auto" });
    const entry = element("li", { tabIndex: -1 }, element("div", {}, words, about));
    const again = button("Speak again", () => attempt(again, () => this.#again(number)), {
      className: "small",
      ariaLabel: `Speak segment ${number + 1} again`,
      disabled: !over(this.#job) || seconds === null,
    });
    const play = button("Play", () => attempt(play, () => this.#play(number, entry)), {
      className: "small",
      ariaLabel: `Play segment ${number + 1}`,
      disabled: !seconds,
    });
    entry.append(element("div", { className: "actions" }, play, again));
    return entry;
  }

  async #play(number, entry) {
    say("Asking…");
    const address = `/v1/jobs/${this.#job.id}/segments/${number}/audio?format=wav`;
    const sound = await (await ask(address)).blob();
    if (!entry.isConnected || !this.open) return; // it was closed or spoken again meanwhile
    entry.append(this.#sound);
    this.#clip ??= new Clip(this.#sound, "the segment");
    await this.#clip.open(sound, { now: true });
    say(`This is segment ${number + 1}.`);
  }

  async #again(number) {
    this.#at = number;
    this.#told(await post(`/v1/jobs/${this.#job.id}/segments/${number}/again`, {}));
    say(`Segment ${number + 1} is spoken again.`);
  }
}

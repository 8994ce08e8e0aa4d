// A job on a page: how it is doing, what came of it, and what can be done with it.

import { ask, post, refusalOf } from "./api.js";
import { Clip } from "./clip.js";
import { inWords } from "./clock.js";
import { button, element } from "./elements.js";
import { active, beginning, over, reasonsOf, stateOf } from "./jobwords.js";
import { Segments } from "./segments.js";
import { attempt, complain, say } from "./telling.js";

const FORMATS = {
  mp3: "MP3",
  opus: "Opus",
  aac: "AAC",
  flac: "FLAC",
  wav: "WAV",
  pcm: "PCM",
  ulaw: "µ-law",
  alaw: "A-law",
};
const PLAYED = ["mp3", "flac", "wav"]; // by every browser
const CAPTIONS = { srt: "SRT", vtt: "VTT", json: "JSON" };
const DRAWN = 900; // seconds of sound that a browser can hold in memory to draw

export const formats = () => Object.entries(FORMATS).map(([name, text]) => new Option(text, name));

export class JobCard {
  #parts;
  #naming;
  #told;
  #gone;
  #segments;
  #clip = null;

  /** `naming` gives a voice's name; `told` gets the job when something was done with it, `gone`
   * this card when the job is deleted. */
  constructor(job, { naming, told, gone }) {
    Object.assign(this, { job, element: element("li", { className: "card" }) });
    [this.#naming, this.#told, this.#gone] = [naming, told, gone];
    this.#segments = new Segments(job, told);
    this.#parts = {
      title: element("h2", { dir: "auto", tabIndex: -1 }),
      facts: element("p", { className: "quiet" }),
      state: element("p", { className: "state" }),
      bar: element("progress", { max: 100, ariaLabel: "Progress" }),
      reasons: element("div", { className: "about" }),
      actions: element("div", { className: "actions" }),
      files: element("div", { className: "actions", hidden: true, role: "group" }),
      sound: element("div", { hidden: true }),
    };
    this.element.dataset.job = job.id;
    this.#parts.files.ariaLabel = "Files";
    this.element.append(...Object.values(this.#parts), this.#segments.element);
    this.#parts.title.textContent = beginning(job, 199);
    this.element.ariaLabel = beginning(job);
    this.#show();
  }

  /** Whether somebody is at it, so that it should not vanish. */
  get busy() {
    const { files, sound } = this.#parts;
    const open = this.#segments.open || !files.hidden || !sound.hidden;
    return open || this.element.contains(document.activeElement);
  }

  update(job) {
    const before = this.job;
    this.job = job;
    this.touched = performance.now();
    if (JSON.stringify(before) === JSON.stringify(job)) return;
    if (over(before) && active(job)) this.#silence();
    this.#segments.update(job).catch(() => {}); // they are asked for again when they are opened
    this.#show(before);
  }

  /** Take it off the page. */
  close() {
    this.#silence();
    this.#segments.close();
    this.element.remove();
  }

  focus() {
    this.#parts.title.focus();
  }

  #show(before) {
    const { facts, state, bar, reasons } = this.#parts;
    const { job } = this;
    this.element.dataset.status = job.status;
    this.element.classList.toggle("over", over(job));
    facts.textContent = this.#facts();
    state.textContent = stateOf(job);
    bar.value = job.progress;
    const lines = reasonsOf(job).map((each) => element("p", { textContent: each }));
    if (reasons.textContent !== lines.map((each) => each.textContent).join("")) {
      reasons.replaceChildren(...lines);
    }
    reasons.className = job.status === "failed" ? "problem" : "about";
    reasons.hidden = !lines.length;
    if (before?.status !== job.status || !before?.total !== !job.total) this.#showActions();
  }

  #facts() {
    const { voice, engine, created_at: at, duration, kind, started_at, ended_at } = this.job;
    const begun = new Date(at).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
    const took = (new Date(ended_at) - new Date(started_at)) / 1000;
    const sound = duration && `${inWords(duration)} of sound, made in ${inWords(took)}`;
    const what = kind === "narration" ? null : kind;
    return [what, this.#naming(voice), engine, begun, sound].filter(Boolean).join(" · ");
  }

  #showActions() {
    const { actions, files } = this.#parts;
    const focused = actions.contains(document.activeElement);
    const { status, kind, total } = this.job;
    const heard = status === "completed" && kind === "narration";
    const retried = status === "failed" || status === "cancelled";
    files.hidden ||= !heard;
    files.replaceChildren(...(heard ? this.#links() : []));
    const buttons = [
      heard && this.#button("Play", () => this.#play()),
      heard && this.#opening("Download", () => (files.hidden = !files.hidden), !files.hidden),
      active(this.job) && this.#button("Cancel", () => this.#post("cancel", "It is cancelled.")),
      retried && this.#button("Try again", () => this.#post("retry", "It is tried again.")),
      kind === "narration" &&
        total > 0 &&
        this.#opening("Segments", () => this.#segments.toggle(), this.#segments.open),
      over(this.job) && this.#button("Delete", () => this.#confirm()),
    ];
    actions.replaceChildren(...buttons.filter(Boolean));
    if (focused) actions.firstElementChild?.focus();
  }

  #button(text, act) {
    const made = button(text, () => attempt(made, act), { className: "small" });
    made.ariaLabel = `${text}: ${beginning(this.job)}`;
    return made;
  }

  /** A button that opens and closes something below. */
  #opening(text, toggle, open) {
    const made = this.#button(text, async () => {
      await toggle();
      made.ariaExpanded = made.ariaExpanded !== "true";
    });
    made.ariaExpanded = open;
    return made;
  }

  #links() {
    const path = `/v1/jobs/${this.job.id}`;
    const link = (text, href, file) =>
      element("a", { textContent: text, href, download: file, className: "button small" });
    const sound = Object.entries(FORMATS).map(([name, text]) =>
      link(text, `${path}/audio?format=${name}`, `polyvox.${name}`),
    );
    const words = Object.entries(CAPTIONS).map(([name, text]) =>
      link(`Captions, ${text}`, `${path}/captions?format=${name}`, `polyvox.${name}`),
    );
    return [...sound, ...words];
  }

  async #play() {
    const { sound } = this.#parts;
    const { id, format } = this.job;
    const played = PLAYED.includes(format) ? format : "mp3";
    const address = `/v1/jobs/${id}/audio?format=${played}`;
    if (this.job.duration > DRAWN) {
      const heard = element("audio", { controls: true, src: address, autoplay: true });
      heard.ariaLabel = beginning(this.job);
      heard.addEventListener("error", async () => {
        const refused = await refusalOf(address);
        if (refused) complain(refused);
      });
      sound.replaceChildren(heard);
      sound.hidden = false;
      return;
    }
    say("Asking…");
    const file = await (await ask(address)).blob();
    this.#clip ??= new Clip(sound, beginning(this.job));
    await this.#clip.open(file, { now: true });
    say(`${inWords(this.job.duration)}.`);
  }

  #silence() {
    this.#clip?.close();
    this.#parts.sound.querySelector("audio")?.remove();
    this.#parts.sound.hidden = true;
  }

  async #post(what, words) {
    const job = await post(`/v1/jobs/${this.job.id}/${what}`, {});
    say(active(job) && what === "cancel" ? "It is being cancelled." : words);
    this.#told(job);
    if (document.activeElement === document.body) this.#parts.actions.firstElementChild.focus();
  }

  /** Jobs that are deleted cannot be brought back, so that this is asked. */
  #confirm() {
    const { actions } = this.#parts;
    const keep = this.#button("Keep", () => {
      this.#showActions();
      actions.lastElementChild.focus();
    });
    const really = this.#button("Delete for good", () => this.#delete());
    actions.replaceChildren(keep, really);
    for (const each of [keep, really]) {
      each.addEventListener("keydown", ({ key }) => key === "Escape" && keep.click());
    }
    keep.focus();
  }

  async #delete() {
    await ask(`/v1/jobs/${this.job.id}`, undefined, undefined, "DELETE");
    say(`“${beginning(this.job)}” is deleted.`);
    this.#gone(this);
  }
}

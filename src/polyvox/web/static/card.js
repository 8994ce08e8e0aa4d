// A voice on a page: what is known of it, and what can be done with it.

import { ask, post } from "./api.js";
import { Clip } from "./clip.js";
import { button, element, spelled } from "./elements.js";
import { languageName } from "./lists.js";
import { madeOf } from "./origin.js";
import { attempt, say } from "./telling.js";
import { offerUndo } from "./undo.js";

const APPROXIMATE =
  "It matches your pitch, melody, tone colour and roughly your pace; it still sounds like a " +
  "synthesizer.";

export class Card {
  #voice;
  #line;
  #reload;
  #clip = null;
  #title = element("h2");
  #clipBox = element("div", { hidden: true });
  element = element("li", { className: "card" });

  /** With a `line`, one can write what the voice says; `extra` are further controls; `reload` is
   * called when the voice is back but its place is gone. */
  constructor(voice, { line = false, extra = [], reload = () => {} } = {}) {
    [this.#voice, this.#reload] = [voice, reload];
    this.#line = line ? this.#lineField() : null;
    this.element.dataset.voice = voice.id;
    const head = element("div", { className: "above" }, this.#title, this.#facts());
    const texts = [voice.description, voice.likeness === "approximate" && APPROXIMATE];
    const about = texts.filter(Boolean).map((text) =>
      element("p", { className: "about", textContent: text }),
    );
    const actions = element("div", { className: "actions" }, ...this.#buttons(), ...extra);
    const parts = [this.#line, actions, this.#clipBox].filter(Boolean);
    this.element.append(head, ...about, ...madeOf(voice), ...parts);
    this.#showName();
  }

  #facts() {
    const { kind, engine, gender, language, expires_at: end } = this.#voice;
    const until = end && `kept until ${new Date(end).toLocaleString("en")}`;
    const facts = [kind, engine, gender, language && languageName(language), until];
    return element("span", { className: "quiet", textContent: facts.filter(Boolean).join(" · ") });
  }

  #lineField() {
    const properties = { type: "text", maxLength: 500, dir: "auto" };
    const field = element("input", { ...properties, placeholder: "A sentence of its own" });
    const label = element("label", { className: "field" }, "What it says", field);
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.element.querySelector("[data-act=hear]").click();
    });
    return label;
  }

  #buttons() {
    const { id, kind } = this.#voice;
    const small = (text, href, properties) =>
      element("a", { className: "button small", textContent: text, href, ...properties });
    const hear = this.#button("Hear", () => this.#hear());
    const speak = small("Speak with it", `/?voice=${encodeURIComponent(id)}`);
    if (kind === "preset") return [hear, speak];
    return [
      hear,
      speak,
      this.#button("Rename", () => this.#rename()),
      small("Export", `/v1/voices/${id}/export`, { download: "" }),
      this.#button("Delete", () => this.#delete()),
    ];
  }

  #button(text, act) {
    const made = button(text, () => attempt(made, act), { className: "small" });
    made.dataset.act = text.toLowerCase();
    return made;
  }

  #showName() {
    const { name, kind } = this.#voice;
    this.#title.textContent = kind === "preset" ? spelled(name) : name;
    this.element.ariaLabel = this.#title.textContent;
    for (const control of this.element.querySelectorAll("[data-act]")) {
      control.ariaLabel = `${control.textContent} ${this.#title.textContent}`;
    }
  }

  async #hear() {
    say("Asking…");
    const text = this.#line?.querySelector("input").value.trim();
    const query = new URLSearchParams({ response_format: "wav", ...(text && { text }) });
    const answer = await ask(`/v1/voices/${encodeURIComponent(this.#voice.id)}/preview?${query}`);
    this.#clip ??= new Clip(this.#clipBox, this.#voice.name);
    await this.#clip.open(await answer.blob(), { now: true });
    say(`${this.#title.textContent} speaks.`);
  }

  async #rename() {
    const field = element("input", { type: "text", maxLength: 100, ariaLabel: "New name" });
    const form = element("form", { className: "row" }, field);
    const save = element("button", { className: "small", textContent: "Save" });
    const keep = () => form.replaceWith(this.#title);
    form.append(save, button("Cancel", keep, { className: "small" }));
    field.value = this.#voice.name;
    form.addEventListener("keydown", (event) => event.key === "Escape" && keep());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(save, async () => {
        await this.#change({ name: field.value });
        keep();
      });
    });
    this.#title.replaceWith(form);
    field.select();
  }

  async #change(change) {
    const path = `/v1/voices/${this.#voice.id}`;
    this.#voice = await (await ask(path, change, undefined, "PATCH")).json();
    this.#showName();
    say(`It is called ${this.#voice.name} now.`);
  }

  async #delete() {
    const { id, name } = this.#voice;
    await ask(`/v1/voices/${id}`, undefined, undefined, "DELETE");
    this.#clip?.close();
    const place = document.createComment("");
    this.element.replaceWith(place);
    offerUndo(`${name} is deleted.`, async () => {
      this.#voice = await post(`/v1/voices/${id}/restore`, {});
      if (place.isConnected) place.replaceWith(this.element);
      else this.#reload();
      say(`${name} is back.`);
    });
    say(`${name} is deleted.`);
  }
}

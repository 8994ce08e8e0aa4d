// What was chosen on the form, kept consistent with the engine and remembered in the browser.

import { get } from "./api.js";
import { choose, listLanguages, listModels, listVoices } from "./lists.js";
import { recall, remember } from "./memory.js";
import { changedOptions, showOptions } from "./options.js";

export class Choices {
  #form;
  #kept = recall();
  #voices = [];
  #engines = [];
  #engineOf = {};
  missing = false; // whether the address asks for a voice that is not here

  /** `form` holds the controls by name: model, voice, language, speed, format, options, more. */
  constructor(form) {
    this.#form = form;
    choose(form.format, this.#kept.format);
    form.speed.value = this.#kept.speed ?? 1;
    this.#showPace();
    form.model.addEventListener("change", () => this.#showEngine());
    form.voice.addEventListener("change", () => this.#showVoice());
    form.speed.addEventListener("input", () => this.#showPace());
    form.defaults.addEventListener("click", () => this.#forgetOptions());
    form.whole.addEventListener("change", () => this.#remember());
  }

  /** Fill the lists with what the server has. */
  async load() {
    const [health, models, engines, voices] = await Promise.all([
      get("/health"),
      get("/v1/models"),
      get("/v1/engines"),
      get("/v1/voices?page_size=1000"),
    ]);
    this.#voices = voices.voices;
    this.#engines = engines.engines;
    this.#engineOf = Object.fromEntries(
      models.data.map(({ id, owned_by: owner }) => [id, owner.replace(/^polyvox-/, "")]),
    );
    this.#wish(new URLSearchParams(location.search).get("voice"));
    listModels(this.#form.model, models.data, this.#engines);
    choose(this.#form.model, health.default_model);
    choose(this.#form.model, this.#kept.model);
    this.#showEngine();
    return health;
  }

  /** The choices as fields of a request. */
  get asked() {
    const { model, voice, language, speed } = this.#form;
    return {
      model: model.value || undefined,
      voice: voice.value || undefined,
      language: language.value || "auto",
      speed: Number(speed.value),
      options: changedOptions(this.#form.options),
    };
  }

  /** Let the voice that the page's address names win over what is remembered. */
  #wish(id) {
    const voice = this.#voices.find((each) => each.id === id);
    this.missing = Boolean(id && !voice);
    if (!voice) return;
    const engine = this.#engines.find(({ name }) => name === voice.engine);
    this.#kept = { ...this.#kept, voice: id, model: engine.models[0] };
  }

  #showEngine() {
    const name = this.#engineOf[this.#form.model.value];
    const engine = this.#engines.find((each) => each.name === name);
    if (!engine) return;
    const { voice, language, options, more, modelAbout } = this.#form;
    const offered = this.#voices.filter((each) => each.engine === name);
    listVoices(voice, offered);
    voice.selectedIndex = offered.filter(({ kind }) => kind !== "preset").length;
    choose(voice, this.#kept.voice);
    listLanguages(language, engine.languages);
    choose(language, this.#kept.language);
    modelAbout.textContent = engine.failure ?? engine.summary;
    more.hidden = !showOptions(options, engine.options, this.#kept.options?.[name] ?? {});
    this.#showVoice();
  }

  #showVoice() {
    const voice = this.#voices.find(({ id }) => id === this.#form.voice.value);
    const parts = voice ? [voice.description, voice.id] : [];
    this.#form.voiceAbout.textContent = parts.filter(Boolean).join(" · ");
  }

  #showPace() {
    const { speed, pace } = this.#form;
    pace.textContent = `${Number(speed.value).toFixed(2)}×`;
    speed.setAttribute("aria-valuetext", `${Number(speed.value)} times the usual speed`);
  }

  #forgetOptions() {
    const name = this.#engineOf[this.#form.model.value];
    const engine = this.#engines.find((each) => each.name === name);
    if (engine) showOptions(this.#form.options, engine.options, {});
    this.#remember();
  }

  #remember() {
    const { options, ...rest } = this.asked;
    const engine = this.#engineOf[rest.model];
    const kept = { ...this.#kept.options, [engine]: options };
    this.#kept = { ...rest, format: this.#form.format.value, options: kept };
    remember(this.#kept);
  }
}

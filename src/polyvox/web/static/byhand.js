// Sliders for what a design decided; a slider that is moved wins over the words until it is reset.

import { button, element, spelled } from "./elements.js";

const STEPS = 200; // a slider has at least as many

export class ByHand {
  #box;
  #changed;
  #rows = new Map(); // by name: {slider, reading, reset, unit}
  #set = {};

  /** `changed` is called when something was moved or reset. */
  constructor(box, changed) {
    [this.#box, this.#changed] = [box, changed];
  }

  /** What was set by hand. */
  get set() {
    return { ...this.#set };
  }

  /** A slider for each of an engine's settings: `{low, high, usual, unit, about}` by name. */
  offer(settings) {
    [this.#set, this.#rows] = [{}, new Map()];
    this.#box.replaceChildren(...Object.entries(settings).map((each) => this.#row(...each)));
    this.#box.parentElement.hidden = !Object.keys(settings).length;
  }

  /** Show what came out; null when there is nothing yet. */
  show(settings) {
    for (const [name, { slider, reading, reset, unit }] of this.#rows) {
      const value = this.#set[name] ?? settings?.[name];
      reading.textContent = value === undefined ? "–" : `${Number(value.toPrecision(4))} ${unit}`.trim();
      reset.hidden = !(name in this.#set);
      if (value !== undefined && document.activeElement !== slider) slider.value = value;
      slider.setAttribute("aria-valuetext", reading.textContent);
    }
  }

  #row(name, { low, high, usual, unit, about }) {
    const id = `setting-${name}`;
    const step = 10 ** Math.floor(Math.log10((high - low) / STEPS));
    const range = { type: "range", id, min: low, max: high, step, value: usual };
    const slider = element("input", range);
    slider.dataset.setting = name;
    const reading = element("span", { className: "reading", textContent: "–" });
    const label = element("label", { htmlFor: id, textContent: spelled(name), title: about });
    const reset = button("Reset", () => this.#reset(name), {
      className: "small",
      ariaLabel: `Reset ${name.replaceAll("_", " ")}`,
      hidden: true,
    });
    slider.addEventListener("input", () => this.#move(name, Number(slider.value)));
    this.#rows.set(name, { slider, reading, reset, unit });
    const above = element("div", { className: "above" }, label, reset, reading);
    const told = element("p", { className: "about", id: `${id}-about`, textContent: about });
    slider.setAttribute("aria-describedby", told.id);
    return element("div", { className: "field" }, above, slider, told);
  }

  #move(name, value) {
    this.#set[name] = value;
    this.show(null);
    this.#changed();
  }

  #reset(name) {
    delete this.#set[name];
    this.#rows.get(name).slider.focus();
    this.#rows.get(name).reset.hidden = true;
    this.#changed();
  }
}

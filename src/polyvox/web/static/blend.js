// Voices chosen to be blended, with their weights.

import { post } from "./api.js";
import { button, element, spelled } from "./elements.js";
import { attempt, lacking, say } from "./telling.js";

const MOST = 8; // voices of one blend
const FIRST_WEIGHT = 50;

export class Blend {
  #parts;
  #kept;
  #chosen = new Map(); // of each voice's id: {voice, weight, row}

  /** `parts` are the elements blend, about, shares, name, keep; `kept` is called when a voice
   * was made. */
  constructor(parts, kept) {
    [this.#parts, this.#kept] = [parts, kept];
    parts.blend.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  /** A box that takes the voice into the blend. */
  choice(voice) {
    const box = element("input", { type: "checkbox", checked: this.#chosen.has(voice.id) });
    box.ariaLabel = `Blend ${voice.name}`;
    box.dataset.blend = voice.id;
    box.addEventListener("change", () => {
      if (box.checked) this.#add(voice);
      else this.#remove(voice.id);
    });
    return element("label", { className: "check" }, box, "Blend");
  }

  #add(voice) {
    const range = { type: "range", min: 0, max: 100, step: 1, value: FIRST_WEIGHT };
    const weight = element("input", { ...range, ariaLabel: `Weight of ${voice.name}` });
    const share = element("span", { className: "reading" });
    const gone = () => this.#remove(voice.id);
    const leave = button("Remove", gone, { className: "small", ariaLabel: `Remove ${voice.name}` });
    const name = voice.kind === "preset" ? spelled(voice.name) : voice.name;
    const row = element("li", {}, element("span", { textContent: name }), weight, share, leave);
    weight.addEventListener("input", () => this.#show());
    this.#chosen.set(voice.id, { voice, weight, share, row });
    this.#parts.shares.append(row);
    this.#show();
  }

  #remove(id) {
    this.#chosen.get(id)?.row.remove();
    this.#chosen.delete(id);
    const box = document.querySelector(`[data-blend="${CSS.escape(id)}"]`);
    if (box) box.checked = false;
    this.#show();
  }

  #show() {
    const total = this.#all.reduce((sum, { weight }) => sum + Number(weight.value), 0);
    for (const { weight, share } of this.#all) {
      share.textContent = total ? `${Math.round((weight.value / total) * 100)} %` : "–";
      weight.setAttribute("aria-valuetext", share.textContent);
    }
    this.#parts.blend.hidden = !this.#all.length;
    this.#parts.about.textContent = this.#lacks(total) ?? "A new voice between these.";
    this.#parts.keep.disabled = this.#lacks(total) !== null;
  }

  /** What stands in the way, in words; null when nothing does. */
  #lacks(total) {
    const engines = new Set(this.#all.map(({ voice }) => voice.engine));
    if (engines.size > 1) {
      const both = [...engines].join(" and ");
      return `Only voices of one engine can be blended; these are of ${both}.`;
    }
    if (this.#all.length < 2) return "Choose another voice to blend it with.";
    if (this.#all.length > MOST) return `At most ${MOST} voices can be blended.`;
    return total ? null : "Give at least one voice some weight.";
  }

  #submit() {
    const { name, keep } = this.#parts;
    if (!name.value.trim()) lacking(name, "Give the blend a name.");
    else attempt(keep, () => this.#keep());
  }

  async #keep() {
    const voices = this.#all.map(({ voice, weight }) => ({
      voice: voice.id,
      weight: Number(weight.value),
    }));
    say("Making the voice…");
    const made = await post("/v1/voices/blend", { name: this.#parts.name.value, voices });
    for (const id of [...this.#chosen.keys()]) this.#remove(id);
    this.#parts.name.value = "";
    await this.#kept();
    say(`${made.name} is made.`);
  }

  get #all() {
    return [...this.#chosen.values()];
  }
}

// What was understood of a description: lit up in the text, listed, and what was not.

import { element } from "./elements.js";
import { utf16Offsets } from "./words.js";

export class Understood {
  #parts;

  /** `parts` are the elements text, mirror (lies exactly behind it), list, ignored. */
  constructor(parts) {
    this.#parts = parts;
    parts.text.addEventListener("scroll", () => this.#follow());
    parts.text.addEventListener("input", () => parts.mirror.replaceChildren());
  }

  /** Show an answer to the description as it stands now. */
  show({ understood, ignored, neutral }) {
    this.#light(understood);
    this.#parts.list.replaceChildren(
      ...understood.map(({ words, about, meaning }) =>
        element("div", {}, term("dt", `“${words}”`), term("dd", `${about}: ${meaning}`)),
      ),
    );
    const words = ignored.map((word) => `“${word}”`).join(", ");
    const parts = [neutral && "Nothing was understood yet.", words && `Not understood: ${words}.`];
    this.#parts.ignored.textContent = parts.filter(Boolean).join(" ");
  }

  clear() {
    this.#parts.mirror.replaceChildren();
    this.#parts.list.replaceChildren();
    this.#parts.ignored.textContent = "";
  }

  /** Mark the words; places count code points, as the server does. */
  #light(understood) {
    const text = this.#parts.text.value;
    const at = utf16Offsets(text);
    const lit = [];
    let end = 0;
    for (const { first, last } of understood.toSorted((one, other) => one.first - other.first)) {
      if (at[first] < end) continue; // inside words that are lit already
      const mark = element("mark", { textContent: text.slice(at[first], at[last]) });
      lit.push(text.slice(end, at[first]), mark);
      end = at[last];
    }
    this.#parts.mirror.replaceChildren(...lit, `${text.slice(end)}\n`);
    this.#follow();
  }

  #follow() {
    this.#parts.mirror.scrollTop = this.#parts.text.scrollTop;
  }
}

const term = (tag, textContent) => element(tag, { textContent });

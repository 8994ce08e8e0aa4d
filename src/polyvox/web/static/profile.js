// A quality profile on a page: what it changes, in words, and what can be done with it.

import { button, element, spelled } from "./elements.js";
import { attempt } from "./telling.js";

const EFFECTS = {
  dc: () => "no constant offset",
  high_pass: (hertz) => `cut below ${hertz} Hz`,
  denoise: (depth) => `noise lowered, ${depth} of 1`,
  de_ess: (hertz) => `hissing softened from ${hertz} Hz`,
  low_pass: (hertz) => `cut above ${hertz} Hz`,
  loudness: (level) => `brought to ${String(level).replace("-", "−")} LUFS`,
};

export const title = ({ name, built_in }) => (built_in ? spelled(name) : name);

export class ProfileCard {
  #acts;
  #actions = element("div", { className: "actions" });
  #heading = element("h2", { tabIndex: -1, dir: "auto" });
  element = element("li", { className: "card" });

  /** `acts` are functions of the profile, each for a button: hear, makeDefault, duplicate, change,
   * remove. */
  constructor(profile, acts) {
    Object.assign(this, { profile });
    this.#acts = acts;
    this.element.dataset.profile = profile.id;
    this.element.ariaLabel = this.#heading.textContent = title(profile);
    const facts = element("span", { className: "quiet", textContent: factsOf(profile) });
    const about = (textContent) => element("p", { className: "about", textContent, dir: "auto" });
    this.element.append(
      element("div", { className: "above" }, this.#heading, facts),
      about(profile.description),
      element("p", { className: "changes", textContent: changesOf(profile) }),
      this.#actions,
    );
    this.#showActions();
  }

  focus(act) {
    (this.element.querySelector(`[data-act="${act}"]`) ?? this.#heading).focus();
  }

  #showActions() {
    const { built_in, default: usual } = this.profile;
    const buttons = [
      this.#button("Hear", "hear"),
      !usual && this.#button("Make default", "makeDefault"),
      this.#button("Duplicate", "duplicate"),
      !built_in && this.#button("Change", "change"),
      !built_in && !usual && this.#made("Delete", () => this.#confirm()),
    ];
    this.#actions.replaceChildren(...buttons.filter(Boolean));
    this.#actions.style.minHeight = "";
  }

  #button(text, act) {
    const made = this.#made(text, () => this.#acts[act](this.profile));
    made.dataset.act = act;
    return made;
  }

  #made(text, act) {
    const made = button(text, () => attempt(made, act), { className: "small" });
    made.ariaLabel = `${text}: ${title(this.profile)}`;
    return made;
  }

  /** Profiles that are deleted cannot be brought back, so that this is asked. */
  #confirm() {
    const keep = this.#made("Keep", () => {
      this.#showActions();
      this.#actions.lastElementChild.focus();
    });
    const really = this.#made("Delete for good", () => this.#acts.remove(this.profile));
    const { height } = this.#actions.getBoundingClientRect();
    this.#actions.style.minHeight = `${height}px`; // so that nothing moves
    this.#actions.replaceChildren(keep, really);
    for (const each of [keep, really]) {
      each.addEventListener("keydown", ({ key }) => key === "Escape" && keep.click());
    }
    keep.focus();
  }
}

function factsOf({ built_in, default: usual, expires_at: end }) {
  const day = end && new Date(end).toLocaleDateString("en", { dateStyle: "medium" });
  const until = end && `kept until ${day}, longer if used`;
  return [usual && "default", built_in ? "built in" : "yours", until].filter(Boolean).join(" · ");
}

/** "Speed 0.85, word gap 2; cut below 80 Hz." */
function changesOf({ options, effects }) {
  const own = Object.entries(options).map(([name, value]) => `${words(name)} ${shown(value)}`);
  const done = Object.entries(effects)
    .filter(([, value]) => value)
    .map(([name, value]) => EFFECTS[name]?.(value) ?? `${words(name)} ${shown(value)}`);
  const all = [own, done].filter((each) => each.length).map((each) => each.join(", "));
  return all.length ? `${spelled(all.join("; "))}.` : "Changes nothing.";
}

const words = (name) => name.replaceAll("_", " ");
const shown = (value) => (typeof value === "boolean" ? (value ? "on" : "off") : String(value));

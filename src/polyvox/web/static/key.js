// A key on a page: what it is good for, until when, when it was used; and the way to revoke it.

import { button, element } from "./elements.js";
import { attempt } from "./telling.js";

const day = (moment) => new Date(moment).toLocaleDateString("en", { dateStyle: "medium" });
const minute = (moment) =>
  new Date(moment).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });

export class KeyCard {
  #key;
  #revoke;
  #actions = element("div", { className: "actions" });
  element = element("li", { className: "card" });

  /** `revoke` is a function of the key. */
  constructor(key, revoke) {
    [this.#key, this.#revoke] = [key, revoke];
    const state = stateOf(key);
    const title = element("h3", { textContent: key.name, tabIndex: -1, dir: "auto" });
    const shown = element("span", { textContent: state, className: "quiet" });
    const facts = element("p", { textContent: factsOf(key), className: "quiet" });
    const good = element("p", {}, `Good for ${key.scopes.join(", ")}.`);
    this.element.dataset.key = key.id;
    this.element.ariaLabel = key.name;
    this.element.classList.toggle("spent", state !== "works");
    const head = element("div", { className: "above" }, title, shown);
    this.element.append(head, good, facts, this.#actions);
    this.#actions.hidden = Boolean(key.revoked_at);
    this.#offer();
  }

  #offer() {
    this.#actions.replaceChildren(this.#button("Revoke", () => this.#confirm()));
  }

  #button(text, act) {
    const made = button(text, () => attempt(made, act), { className: "small" });
    made.ariaLabel = `${text}: ${this.#key.name}`;
    return made;
  }

  /** A key that is revoked never works again, so that this is asked. */
  #confirm() {
    const keep = this.#button("Keep", () => {
      this.#offer();
      this.#actions.firstElementChild.focus();
    });
    const really = this.#button("Revoke for good", () => this.#revoke(this.#key));
    this.#actions.replaceChildren(keep, really);
    for (const each of [keep, really]) {
      each.addEventListener("keydown", ({ key }) => key === "Escape" && keep.click());
    }
    keep.focus();
  }
}

function stateOf({ revoked_at: revoked, expires_at: end }) {
  if (revoked) return "revoked";
  return end && new Date(end) <= new Date() ? "over" : "works";
}

function factsOf({ id, created_at: made, expires_at: end, used_at: used, revoked_at: revoked }) {
  const facts = [
    `made ${day(made)}`,
    revoked ? `revoked ${minute(revoked)}` : end ? `until ${minute(end)}` : "for good",
    used ? `last used ${minute(used)}` : "never used",
    id,
  ];
  return facts.join(" · ");
}

// The form of a profile: fields from the JSON Schemas of options and effects; what the server
// refuses is told at its field.

import { ask } from "./api.js";
import { byId, element, named } from "./elements.js";
import { field, valuesOf } from "./profilefields.js";
import { attempt, say } from "./telling.js";

const NOT_A_NUMBER = "This is not a number.";
const { form, name, description, own, effects, keep, hear, leave } = named(
  "form", "name", "description", "own", "effects", "keep", "hear", "leave",
);

export class ProfileForm {
  #kept;
  #left;
  #heard;
  #rules = { options: {}, effects: {} };
  #engine = "";
  #changed = null; // the profile that is changed; none when one is made

  /** `kept` gets the profile, and whether it is a new one; `left` the one that stays as it was;
   * `heard` lets options and effects be heard that are not kept. */
  constructor({ kept, left, heard }) {
    [this.#kept, this.#left, this.#heard] = [kept, left, heard];
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(keep, () => this.#keep());
    });
    form.addEventListener("keydown", ({ key }) => {
      if (key === "Escape" && !leave.hidden) leave.click();
    });
    hear.addEventListener("click", () => attempt(hear, () => this.#hear()));
    leave.addEventListener("click", () => {
      const before = this.#changed;
      this.clear();
      this.#left(before);
    });
  }

  /** Make profiles of this engine from now on. */
  offer(engine, effectRules) {
    const another = this.#engine !== engine.name;
    this.#engine = engine.name;
    this.#rules = { options: engine.options.properties, effects: effectRules.properties };
    if (another) this.clear();
    form.hidden = false;
  }

  clear() {
    this.#show(null);
  }

  change(profile) {
    this.#show(profile);
    name.focus();
    name.select();
  }

  /** Whether it is this profile that is changed now. */
  changes({ id }) {
    return this.#changed?.id === id;
  }

  #show(profile) {
    this.#changed = profile;
    this.#forgive();
    name.value = profile?.name ?? "";
    description.value = profile?.description ?? "";
    for (const [box, kind] of [[own, "options"], [effects, "effects"]]) {
      const rules = Object.entries(this.#rules[kind]);
      const given = profile?.[kind] ?? {};
      box.replaceChildren(...rules.map(([each, rule]) => field(kind, each, rule, given[each])));
      box.parentElement.hidden = !rules.length;
    }
    byId("form-title").textContent = profile ? `Change ${profile.name}` : "New profile";
    keep.textContent = profile ? "Keep changes" : "Keep";
    leave.hidden = !profile;
  }

  async #keep() {
    const { id } = this.#changed ?? {};
    const [method, path] = id ? ["PATCH", `/v1/profiles/${id}`] : ["POST", "/v1/profiles"];
    await this.#checked(async (values) => {
      say("Keeping it…");
      const said = { ...values, name: name.value, description: description.value };
      const answer = await ask(path, id ? said : { engine: this.#engine, ...said }, null, method);
      const profile = await answer.json();
      this.clear();
      await this.#kept(profile, !id);
    });
  }

  #hear() {
    return this.#checked((values) => this.#heard({ engine: this.#engine, ...values }));
  }

  /** Do something with the values of the form; what the server refuses is told at its field. */
  async #checked(act) {
    this.#forgive();
    const unread = [...form.elements].find(({ validity }) => validity?.badInput);
    if (unread) return this.#refuse(unread, NOT_A_NUMBER);
    try {
      await act({ options: valuesOf(own), effects: valuesOf(effects) });
    } catch (error) {
      const meant = form.querySelector(`[data-param="${CSS.escape(error.param ?? "")}"]`);
      if (!meant) throw error;
      this.#refuse(meant, error.message);
    }
  }

  /** Tell at a control what is wrong with it, and go there. */
  #refuse(control, words) {
    say("");
    const told = element("p", { className: "problem", textContent: words });
    told.id = `${control.id}-problem`;
    control.closest(".field").append(told);
    const about = control.getAttribute("aria-describedby");
    control.setAttribute("aria-describedby", [told.id, about].filter(Boolean).join(" "));
    control.ariaInvalid = "true";
    control.focus();
  }

  #forgive() {
    for (const told of form.querySelectorAll(".field > .problem")) told.remove();
    for (const control of form.querySelectorAll("[aria-invalid]")) {
      const [, ...about] = control.getAttribute("aria-describedby").split(" ");
      control.setAttribute("aria-describedby", about.join(" "));
      control.removeAttribute("aria-invalid");
    }
  }
}

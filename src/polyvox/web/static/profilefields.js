// Fields of a profile from a JSON Schema; what is left empty is not said.

import { element, spelled } from "./elements.js";

const TITLES = { "effects.dc": "DC offset", "effects.de_ess": "De-ess" };

/** A field; `kind` is "options" or "effects", `value` what the profile says. */
export function field(kind, name, rule, value) {
  const control = controlFor(kind, rule, value);
  control.id = `${kind}-${name}`;
  Object.assign(control.dataset, { name, kind: rule.type, param: `${kind}.${name}` });
  control.dataset.given = value !== undefined;
  control.dataset.default = JSON.stringify(rule.default);
  const named = TITLES[control.dataset.param] ?? spelled(name);
  const label = element("label", { htmlFor: control.id, textContent: named });
  const about = element("p", { id: `${control.id}-about`, className: "about" });
  about.textContent = [rule.description, kind === "options" && bounds(rule)]
    .filter(Boolean)
    .join(" ");
  control.setAttribute("aria-describedby", about.id);
  const beside = control.type === "checkbox";
  const above = element("div", { className: "above" }, label, ...(beside ? [control] : []));
  return element("div", { className: "field" }, above, ...(beside ? [] : [control]), about);
}

function controlFor(kind, rule, value) {
  if (rule.type === "boolean") {
    return element("input", { type: "checkbox", checked: value ?? rule.default });
  }
  if (rule.enum) {
    const usual = new Option(`The engine's own: ${rule.default}`, "");
    const select = element("select", {}, usual, ...rule.enum.map((each) => new Option(each)));
    select.value = value ?? "";
    return select;
  }
  const shared = { value: value ?? "", autocomplete: "off" };
  const placeholder = kind === "effects" ? "off" : String(rule.default);
  if (rule.type === "string") return element("input", { type: "text", placeholder, ...shared });
  const { minimum: min = "", maximum: max = "" } = rule;
  const step = rule.type === "integer" ? 1 : "any";
  return element("input", { type: "number", min, max, step, placeholder, ...shared });
}

function bounds({ minimum: low, maximum: high }) {
  if (low !== undefined && high !== undefined) return `${low} to ${high}.`;
  if (low !== undefined) return `At least ${low}.`;
  return high === undefined ? "" : `At most ${high}.`;
}

/** What was filled in; a box that is as the engine has it counts only if the profile had it. */
export function valuesOf(box) {
  const controls = [...box.querySelectorAll("[data-name]")];
  const all = controls.map((control) => [control.dataset.name, valueOf(control)]);
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}

function valueOf(control) {
  const { kind, given, default: usual } = control.dataset;
  if (kind === "boolean") {
    return given === "true" || control.checked !== JSON.parse(usual) ? control.checked : null;
  }
  if (control.value === "") return null;
  return kind === "string" ? control.value : Number(control.value);
}

// A form from the JSON Schema of an engine's options, and what was changed in it.

import { element, spelled } from "./elements.js";

const ELSEWHERE = ["speed"]; // the page's own control sets it

/** Show a field for each option; `values` are those that differ from the defaults. */
export function showOptions(box, schema, values) {
  const shown = Object.entries(schema.properties).filter(([name]) => !ELSEWHERE.includes(name));
  box.replaceChildren(...shown.map(([name, rule]) => field(name, rule, values[name])));
  return shown.length > 0;
}

/** The options that differ from their defaults. */
export function changedOptions(box) {
  const values = [...box.querySelectorAll("[data-option]")].map((control) => [
    control.dataset.option,
    valueOf(control),
    JSON.parse(control.dataset.default),
  ]);
  return Object.fromEntries(values.filter(([, value, usual]) => value !== usual && value !== null));
}

function field(name, rule, value) {
  const box = element("div", { className: "field" });
  const control = controlFor(rule, value ?? rule.default);
  control.id = `option-${name}`;
  control.dataset.option = name;
  control.dataset.kind = rule.type;
  control.dataset.default = JSON.stringify(rule.default);
  const label = element("label", { htmlFor: control.id, textContent: spelled(name) });
  const above = element("div", { className: "above" });
  above.append(label);
  if (control.type === "range") above.append(reading(control));
  if (control.type === "checkbox") above.append(control);
  box.append(above);
  if (control.type !== "checkbox") box.append(control);
  const about = element("p", { id: `${control.id}-about`, className: "about" });
  about.textContent = rule.description ?? "";
  control.setAttribute("aria-describedby", about.id);
  box.append(about);
  return box;
}

function controlFor(rule, value) {
  if (rule.enum) {
    const select = element("select", {});
    select.append(...rule.enum.map((each) => new Option(each, each)));
    select.value = value;
    return select;
  }
  if (rule.type === "boolean") return element("input", { type: "checkbox", checked: value });
  if (rule.type === "string") return element("input", { type: "text", value });
  const bounded = rule.minimum !== undefined && rule.maximum !== undefined;
  const bounds = { min: rule.minimum ?? "", max: rule.maximum ?? "" };
  const step = rule.type === "integer" ? 1 : bounded ? 0.01 : "any";
  return element("input", { type: bounded ? "range" : "number", ...bounds, step, value });
}

/** The value of a slider, in figures beside its label. */
function reading(control) {
  const shown = element("span", { className: "reading", ariaHidden: "true" });
  const show = () => (shown.textContent = control.value);
  control.addEventListener("input", show);
  show();
  return shown;
}

function valueOf(control) {
  if (control.dataset.kind === "boolean") return control.checked;
  if (control.dataset.kind === "string") return control.value;
  return control.value === "" ? null : Number(control.value);
}

// Builds the elements of a page, and finds those that are there.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);
export const named = (...ids) => Object.fromEntries(ids.map((id) => [id, byId(id)]));

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export function button(text, pressed, properties = {}) {
  const made = element("button", { type: "button", textContent: text, ...properties });
  made.addEventListener("click", pressed);
  return made;
}

/** A drawing of one path on a square of 24 units. */
export function sign(className, path) {
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("class", className);
  drawing.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  drawing.append(line);
  return drawing;
}

/** "snake_case" as "Snake case". */
export function spelled(name) {
  return name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");
}

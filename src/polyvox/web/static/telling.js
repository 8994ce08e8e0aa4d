// Tells how things go, in the two lines that every page has: a status, and a problem.

import { get } from "./api.js";
import { byId } from "./elements.js";

/** Tell how things go; an earlier problem is over then. */
export function say(words) {
  byId("status").textContent = words;
  byId("problem").hidden = true;
}

export function complain(error) {
  byId("status").textContent = "";
  byId("problem").textContent = error.message;
  byId("problem").hidden = false;
  byId("problem").scrollIntoView({ block: "nearest" });
}

/** Do something, telling what went wrong; `control` cannot be used meanwhile. */
export async function attempt(control, act) {
  control.disabled = true;
  try {
    await act();
  } catch (error) {
    complain(error);
  } finally {
    control.disabled = false;
    if (document.activeElement === document.body) control.focus(); // it was lost with the button
  }
}

/** Tell what a field lacks, and go there. */
export function lacking(field, words) {
  field.focus();
  complain(new Error(words));
}

/** Show beside a text how much of its `data-limit` is used. */
export function showCount(text) {
  const limit = Number(text.dataset.limit);
  const characters = [...text.value].length;
  const figures = [characters, limit].map((each) => each.toLocaleString("en"));
  byId("count").textContent = `${figures.join(" of ")} characters`;
  byId("count").classList.toggle("over", characters > limit);
}

/** Do what a page does first, then show the server's version. */
export async function begin(load) {
  const [health, loaded] = await Promise.allSettled([get("/health"), load()]);
  if (health.value) byId("version").textContent = health.value.version;
  const failed = [loaded, health].find(({ status }) => status === "rejected");
  if (failed) complain(failed.reason);
}

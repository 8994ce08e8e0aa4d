// Who may use this server, on the page of settings: keys, for admins; a word on them for others.

import { ask, get, post } from "./api.js";
import { byId, element } from "./elements.js";
import { KeyCard } from "./key.js";
import { session } from "./session.js";
import { attempt, complain } from "./telling.js";

const SCOPES = {
  speak: "speak: speech, and the lists of voices and nodes",
  voices: "voices: clone, design, rename and delete them",
  jobs: "jobs: long texts and books in the background",
  datasets: "datasets: training data from recordings",
  admin: "admin: everything, keys too",
};
const NOT_A_NUMBER = "Days are a number, or empty for a key that stays good.";
const BY_HAND = "This browser does not copy by itself. The key is selected: copy it by hand.";

export async function showAccess() {
  const { keys_needed: needed, scopes } = await session();
  const admin = needed && scopes.includes("admin");
  const shown = admin ? "admin" : needed ? "other" : "open";
  byId("access").append(byId(`access-${shown}`).content.cloneNode(true));
  if (admin) {
    byId("key-scopes").append(...Object.entries(SCOPES).map(scopeBox));
    byId("wish").addEventListener("submit", (event) => {
      event.preventDefault();
      attempt(byId("make-key"), make);
    });
    byId("copy-key").addEventListener("click", copy);
    byId("hide-key").addEventListener("click", hide);
    await list();
  }
  byId("access").hidden = false;
}

function scopeBox([value, words]) {
  const box = element("input", { type: "checkbox", value, defaultChecked: value === "speak" });
  return element("label", { className: "check" }, box, words);
}

const tell = (words) => (byId("key-status").textContent = words);

async function list() {
  const { keys } = await get("/v1/keys");
  const cards = keys.map((each) => new KeyCard(each, revoke));
  byId("key-list").replaceChildren(...cards.map((card) => card.element));
}

async function make() {
  const [name, days] = [byId("key-name"), byId("key-days")];
  byId("problem").hidden = true;
  if (days.validity.badInput) return refuse(new Error(NOT_A_NUMBER), days);
  const chosen = [...byId("key-scopes").querySelectorAll(":checked")].map(({ value }) => value);
  const said = { name: name.value, scopes: chosen };
  if (days.value) said.expires_in_days = days.valueAsNumber;
  try {
    const made = await post("/v1/keys", said);
    byId("fresh-key").value = made.key;
    byId("fresh").hidden = false;
    byId("wish").reset();
    tell(`The key for ${made.name} is made.`);
  } catch (error) {
    const meant = error.param && byId("wish").querySelector(`[data-param="${error.param}"]`);
    if (!meant) throw error;
    return refuse(error, meant);
  }
  byId("copy-key").focus();
  await list();
}

/** Tell what is wrong, and go to the field that is meant. */
function refuse(error, meant) {
  tell("");
  complain(error);
  (meant.querySelector("input") ?? meant).focus();
}

async function copy() {
  const field = byId("fresh-key");
  field.select();
  tell((await copied(field.value)) ? "The key is copied." : BY_HAND);
}

/** Browsers give the clipboard to pages from https:// and localhost; others have the older way. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}

function hide() {
  byId("fresh-key").value = "";
  byId("fresh").hidden = true;
  tell("");
  byId("key-name").focus();
}

async function revoke({ id, name }) {
  await ask(`/v1/keys/${id}`, undefined, undefined, "DELETE");
  await list();
  tell(`The key for ${name} is revoked.`);
  byId("key-list").querySelector(`[data-key="${id}"] h3`)?.focus();
}

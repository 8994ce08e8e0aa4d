// The page of all voices: filters, pages, import; each voice is a card, some can be blended.

import { get, upload } from "./api.js";
import { Blend } from "./blend.js";
import { Card } from "./card.js";
import { byId, named } from "./elements.js";
import { attempt, begin, complain, say } from "./telling.js";

const SIZE = 20; // voices on a page
const PAUSE = 250; // milliseconds after the last key before it is searched
const { search, kind, engine, voices, pages, where, previous, next } = named(
  "search", "kind", "engine", "voices", "pages", "where", "previous", "next",
);
const blend = new Blend(
  {
    ...named("blend", "shares"),
    about: byId("blend-about"),
    name: byId("blend-name"),
    keep: byId("blend-keep"),
  },
  () => list(1),
);
const NONE = "No voice is like that. Search for less, or make one: clone or design it.";
let engines = [];
let shown = 1; // the page
let asking = new AbortController();
let waiting = 0;

async function load() {
  engines = (await get("/v1/engines")).engines;
  engine.append(...engines.map(({ name }) => new Option(name, name)));
  await show(1);
}

/** Show a page, telling what goes wrong. */
async function list(page) {
  await show(page).catch((error) => error.name === "AbortError" || complain(error));
}

async function show(page) {
  asking.abort();
  asking = new AbortController();
  const wanted = { text: search.value.trim(), kind: kind.value, engine: engine.value };
  const given = Object.entries(wanted).filter(([, value]) => value);
  const query = new URLSearchParams([...given, ["page", page], ["page_size", SIZE]]);
  const found = await get(`/v1/voices?${query}`, asking.signal);
  const last = Math.max(1, Math.ceil(found.total / SIZE));
  if (page > last) return show(last);
  shown = page;
  voices.replaceChildren(...found.voices.map(card));
  byId("problem").hidden = true;
  pages.hidden = last === 1;
  where.textContent = `Page ${page} of ${last}`;
  [previous.disabled, next.disabled] = [page === 1, page === last];
  say(found.total ? `${found.total} ${found.total === 1 ? "voice" : "voices"}.` : NONE);
}

function card(voice) {
  const able = engines.find(({ name }) => name === voice.engine)?.capabilities.includes("blend");
  const extra = able ? [blend.choice(voice)] : [];
  return new Card(voice, { extra, reload: () => list(shown) }).element;
}

async function bring(file) {
  say("Sending the file…");
  const voice = await upload("/v1/voices/import", { file }, (share) =>
    say(share < 1 ? `Sending the file: ${Math.round(share * 100)} %` : "Trying the voice…"),
  );
  await show(1);
  say(`${voice.name} is here.`);
}

byId("import").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  if (file) attempt(target, () => bring(file)).then(() => (target.value = ""));
});
search.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => list(1), PAUSE);
});
for (const choice of [kind, engine]) choice.addEventListener("change", () => list(1));
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  list(1);
});
previous.addEventListener("click", () => turn(shown - 1));
next.addEventListener("click", () => turn(shown + 1));

async function turn(page) {
  await list(page);
  voices.scrollIntoView();
  if (document.activeElement === document.body) where.focus();
}

begin(load);

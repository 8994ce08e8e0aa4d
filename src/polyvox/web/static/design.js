// The page that designs: words light up as they are understood, sliders win over them.

import { get, post } from "./api.js";
import { ByHand } from "./byhand.js";
import { Card } from "./card.js";
import { Clip } from "./clip.js";
import { byId, named } from "./elements.js";
import { listEngines, listLanguages } from "./lists.js";
import { attempt, begin, complain, lacking, say, showCount } from "./telling.js";
import { Understood } from "./understood.js";

const PAUSE = 250; // milliseconds after the last key before the server is asked
const { description, line, language, engine, name, hear, keep, made } = named(
  "description", "line", "language", "engine", "name", "hear", "keep", "made",
);
const understood = new Understood({
  ...named("mirror", "ignored"), text: description, list: byId("understood"),
});
const byHand = new ByHand(byId("settings"), ask);
const clip = new Clip(byId("clip"), "the voice");
let engines = [];
let asking = new AbortController();
let waiting = 0;

async function load() {
  engines = listEngines(byId("engines"), (await get("/v1/engines")).engines, "design");
  [hear.disabled, keep.disabled] = [!engines.length, !engines.length];
  if (!engines.length) throw new Error("No engine here can design voices. Switch one on that can.");
  showEngine();
}

function showEngine() {
  const chosen = engines.find((each) => each.name === engine.value);
  listLanguages(language, chosen.languages);
  byId("engine-about").textContent = chosen.summary;
  byHand.offer(chosen.design_settings);
  if (empty()) byHand.show(null);
  else ask();
}

/** The design as fields of a request. */
function asked() {
  return {
    description: description.value,
    settings: byHand.set,
    engine: engine.value,
    language: language.value,
    text: line.value.trim() || undefined,
  };
}

function empty() {
  return !description.value.trim() && !Object.keys(byHand.set).length;
}

/** Ask, in a moment, what is understood now. */
function ask() {
  clearTimeout(waiting);
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  if (empty()) {
    show({ understood: [], ignored: [], settings: null });
    return;
  }
  waiting = setTimeout(async () => {
    try {
      const body = { ...asked(), speak: false };
      show(await post("/v1/voices/design/preview", body, signal));
      say("");
    } catch (error) {
      if (!signal.aborted) complain(error);
    }
  }, PAUSE);
}

function show(design) {
  understood.show(design);
  byHand.show(design.settings);
}

async function speak() {
  say("Asking…");
  const said = description.value;
  const body = { ...asked(), speak: true, response_format: "wav" };
  const design = await post("/v1/voices/design/preview", body);
  if (said === description.value) show(design);
  const bytes = Uint8Array.from(atob(design.audio), (each) => each.charCodeAt(0));
  await clip.open(new Blob([bytes], { type: design.media_type }), { now: true });
  say(`${design.duration.toFixed(1)} seconds.`);
}

async function keepIt() {
  say("Making the voice…");
  const voice = await post("/v1/voices/design", { ...asked(), name: name.value });
  made.prepend(new Card(voice, { line: true }).element);
  made.scrollIntoView({ block: "nearest" });
  name.value = "";
  say(`${voice.name} is made: it is below, and among the voices.`);
}

/** Whether there is something to make a voice of; else it is said what is missing. */
function described() {
  if (empty()) lacking(description, "Say how the voice should sound, or move a slider.");
  return !empty();
}

description.addEventListener("input", () => {
  showCount(description);
  ask();
});
engine.addEventListener("change", showEngine);
byId("examples").addEventListener("click", ({ target }) => {
  if (!target.matches("button")) return;
  description.value = target.textContent;
  description.dispatchEvent(new Event("input"));
});
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (described()) attempt(hear, speak);
});
keep.addEventListener("click", () => {
  if (!described()) return;
  if (!name.value.trim()) lacking(name, "Give the voice a name.");
  else attempt(keep, keepIt);
});
showCount(description);
begin(load);

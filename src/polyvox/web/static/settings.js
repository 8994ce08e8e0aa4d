// The page of settings. Quality profiles: an engine's, each to be heard, copied, made the default;
// one's own are made, changed and deleted. Then keys.

import { showAccess } from "./access.js";
import { ask, get, post } from "./api.js";
import { Clip } from "./clip.js";
import { byId, element, named } from "./elements.js";
import { choose, listVoices } from "./lists.js";
import { ProfileCard, title } from "./profile.js";
import { ProfileForm } from "./profileform.js";
import { begin, complain, lacking, say } from "./telling.js";

const { engine, voice, line, profiles } = named("engine", "voice", "line", "profiles");
const clipBox = element("div", { hidden: true });
const clip = new Clip(clipBox, "the profile's sound");
const form = new ProfileForm({
  kept: async (profile, made) => {
    if (heard === profile.id) silence();
    await show();
    say(`${profile.name} is ${made ? "kept" : "changed"}.`);
    cards.get(profile.id)?.focus("change");
  },
  left: (profile) => cards.get(profile.id)?.focus("change"),
  heard: async (unkept) => {
    const said = { ...unkept, input: line.value, ...(voice.value && { voice: voice.value }) };
    const sound = await spoken("/v1/profiles/preview", said);
    if (!sound || engine.value !== unkept.engine) return;
    await play(byId("form"), sound);
    say("This is how it sounds; it is not kept.");
  },
});
const acts = { hear, makeDefault, duplicate, change: (profile) => form.change(profile), remove };
const cards = new Map(); // by the profile's id
let heard = null; // the id of the profile whose sound is on the page; none of one not kept
let engines = [];
let effects = null; // their JSON Schema
let asking = new AbortController();

async function load() {
  const [found, rules] = await Promise.all([get("/v1/engines"), get("/v1/profiles/effects")]);
  [engines, effects] = [found.engines, rules];
  engine.replaceChildren(...engines.map(({ name }) => new Option(name)));
  choose(engine, new URLSearchParams(location.search).get("engine"));
  await Promise.all([show(), offerVoices()]);
}

/** Show the profiles of the engine that is chosen; not when another one is chosen meanwhile. */
async function show() {
  asking.abort();
  const { signal } = (asking = new AbortController());
  const query = new URLSearchParams({ engine: engine.value });
  const found = await get(`/v1/profiles?${query}`, signal).catch((error) => {
    if (!signal.aborted) throw error;
  });
  if (signal.aborted) return;
  form.offer(engines.find(({ name }) => name === engine.value), effects);
  cards.clear();
  for (const each of found.profiles) cards.set(each.id, new ProfileCard(each, acts));
  if (!cards.has(heard)) silence();
  profiles.replaceChildren(...[...cards.values()].map((card) => card.element));
  cards.get(heard)?.element.append(clipBox);
}

async function offerVoices() {
  const query = new URLSearchParams({ engine: engine.value, page_size: 1000 });
  const wanted = engine.value;
  const { voices } = await get(`/v1/voices?${query}`);
  if (wanted !== engine.value) return;
  listVoices(voice, voices);
  voice.prepend(new Option("The engine's own", ""));
  voice.value = "";
}

async function hear(profile) {
  const sound = await spoken("/v1/audio/speech", {
    input: line.value,
    profile: profile.id,
    response_format: "wav",
    stream: false,
    ...(voice.value ? { voice: voice.value } : { model: firstModel(profile.engine) }),
  });
  const card = cards.get(profile.id);
  if (!sound || !card) return; // another engine was chosen meanwhile
  await play(card.element, sound, profile.id);
  say(`This is ${title(profile)}.`);
}

const firstModel = (wanted) => engines.find(({ name }) => name === wanted).models[0];

/** The line as a file of sound; null where there is none. */
async function spoken(path, said) {
  if (!line.value.trim()) return lacking(line, "Write what it should say.");
  say("Asking…");
  return (await ask(path, said)).blob();
}

/** `id` is the profile's, where it is one that is kept. */
async function play(box, sound, id = null) {
  heard = id;
  box.append(clipBox);
  await clip.open(sound, { now: true });
}

function silence() {
  clip.close();
  clipBox.remove();
  heard = null;
}

async function makeDefault({ id, ...profile }) {
  await post(`/v1/profiles/${id}/default`, {});
  await show();
  say(`${title(profile)} is the default of ${profile.engine} now.`);
  cards.get(id)?.focus("hear");
}

async function duplicate({ id }) {
  const made = await post(`/v1/profiles/${id}/duplicate`, {});
  await show();
  say(`${made.name} is made.`);
  cards.get(made.id)?.focus("change");
}

async function remove(profile) {
  await ask(`/v1/profiles/${profile.id}`, undefined, undefined, "DELETE");
  const gone = cards.get(profile.id)?.element;
  const beside = (gone?.nextElementSibling ?? gone?.previousElementSibling)?.dataset.profile;
  if (form.changes(profile)) form.clear();
  await show();
  say(`${profile.name} is deleted.`);
  cards.get(beside)?.focus();
}

engine.addEventListener("change", async () => {
  history.replaceState(null, "", `?${new URLSearchParams({ engine: engine.value })}`);
  try {
    await Promise.all([show(), offerVoices()]);
    say(cards.size === 1 ? "1 profile." : `${cards.size} profiles.`);
  } catch (error) {
    complain(error);
  }
});
begin(load).then(showAccess).catch(complain);

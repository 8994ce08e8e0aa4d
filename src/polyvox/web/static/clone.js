// The page that clones: a recording, something about the voice, and then the voice itself.

import { get, upload } from "./api.js";
import { Card } from "./card.js";
import { inWords } from "./clock.js";
import { byId, named } from "./elements.js";
import { Hearing } from "./hearing.js";
import { Intake } from "./intake.js";
import { listEngines, listLanguages } from "./lists.js";
import { attempt, begin, complain, lacking, say } from "./telling.js";

const { name, said, language, engine, consent, clone, progress, made } = named(
  "name", "said", "language", "engine", "consent", "clone", "progress", "made",
);
const hearing = new Hearing(named("clip", "length", "advice"));
const intake = new Intake(named("drop", "file", "record", "live", "level", "timer"), (file) =>
  hearing.hear(file).catch(complain),
);
let engines = [];

async function load() {
  const { min_seconds: shortest, max_seconds: longest } = (await get("/health")).recordings;
  intake.limits = { shortest, longest };
  byId("limits").textContent = `${inWords(shortest)} at least, ${inWords(longest)} at most`;
  engines = listEngines(byId("engines"), (await get("/v1/engines")).engines, "enroll");
  clone.disabled = !engines.length;
  if (!engines.length) throw new Error("No engine here can clone. Switch one on that can.");
  showEngine();
}

function showEngine() {
  const chosen = engines.find((each) => each.name === engine.value);
  listLanguages(language, chosen.languages);
  byId("engine-about").textContent = chosen.summary;
  byId("said-about").textContent = chosen.transcript_needed
    ? "This engine needs it, word for word."
    : "Only if you know it; no need to write it down.";
}

/** Whether everything that is needed was given; else it is said what is not. */
function complete() {
  const chosen = engines.find((each) => each.name === engine.value);
  if (!hearing.file) lacking(byId("record"), "Record something or choose a file first.");
  else if (!name.value.trim()) lacking(name, "Give the voice a name.");
  else if (chosen.transcript_needed && !said.value.trim()) {
    byId("more").open = true;
    lacking(said, "Write down what is said in the recording; this engine needs it.");
  } else if (!consent.checked) {
    lacking(consent, "Clone only whoever agrees: tick the box when you have their permission.");
  } else return true;
  return false;
}

async function enroll() {
  const fields = {
    audio: hearing.file,
    name: name.value,
    ref_text: said.value.trim(),
    language: language.value,
    engine: engine.value,
    consent: byId("consent-words").textContent,
  };
  say("Sending the recording…");
  progress.hidden = false;
  try {
    show(await upload("/v1/voices", fields, sent));
  } finally {
    progress.hidden = true;
  }
}

function sent(share) {
  progress.value = share;
  if (share === 1) say("Making the voice…");
}

/** Show the voice, and begin anew. */
function show(voice) {
  const card = new Card(voice, { line: true });
  made.prepend(card.element);
  card.element.scrollIntoView({ block: "nearest" });
  [name.value, said.value, consent.checked] = ["", "", false];
  hearing.clear();
  say(`${voice.name} is made: hear it below.`);
}

engine.addEventListener("change", showEngine);
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (complete()) attempt(clone, enroll);
});
begin(load);

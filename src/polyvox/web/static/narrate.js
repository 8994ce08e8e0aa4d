// The box in which a narration is begun: a text, written or from a file, a voice, a format.

import { get, post } from "./api.js";
import { byId, named } from "./elements.js";
import { formats } from "./job.js";
import { counted } from "./jobwords.js";
import { choose, listVoices } from "./lists.js";
import { recall } from "./memory.js";
import { attempt, lacking, say } from "./telling.js";

const { text, voice, format, file, begin } = named("text", "voice", "format", "file", "begin");

/** `begun` gets the job. */
export function offerNarration(begun) {
  format.append(...formats());
  choose(format, recall().format);
  text.addEventListener("input", showLength);
  file.addEventListener("change", () => {
    const [chosen] = file.files;
    if (chosen) attempt(file, () => read(chosen)).then(() => (file.value = ""));
  });
  byId("narration").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!text.value.trim()) lacking(text, "Write a text, or choose a file.");
    else attempt(begin, async () => begun(await narrate()));
  });
  document.addEventListener("keydown", ({ key, ctrlKey, metaKey }) => {
    if (key === "Enter" && (ctrlKey || metaKey)) byId("narration").requestSubmit();
  });
  showLength();
}

/** Fill the list of voices; these voices. */
export async function loadVoices() {
  const { voices } = await get("/v1/voices?page_size=1000");
  listVoices(voice, voices);
  choose(voice, new URLSearchParams(location.search).get("voice"));
  return voices;
}

async function narrate() {
  say("Sending the text…");
  const asked = { text: text.value, voice: voice.value, response_format: format.value };
  const job = await post("/v1/jobs", asked);
  text.value = "";
  showLength();
  return job;
}

async function read(chosen) {
  const bytes = await chosen.arrayBuffer();
  if (new Uint8Array(bytes).includes(0)) throw new Error(`${chosen.name} is not a text.`);
  text.value = decoded(bytes);
  showLength();
  say(`${chosen.name} is here: ${counted(text.value.length, "character")}.`);
  text.focus();
  text.setSelectionRange(0, 0);
}

/** UTF-8, or what older editors of the West write. */
function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

function showLength() {
  byId("length").textContent = counted(text.value.length, "character");
}

// The page that generates: a voice and a text become a file; those of this visit stay listed.

import { ask, get, post } from "./api.js";
import { Clip } from "./clip.js";
import { button, byId, element, named } from "./elements.js";
import { choose, listVoices } from "./lists.js";
import { attempt, begin, lacking, say, showCount } from "./telling.js";

const { voice, text, generate, clips } = named("voice", "text", "generate", "clips");
const clip = new Clip(byId("clip"), "the speech");
let latest = ""; // the address that was asked for last

async function load() {
  text.dataset.limit = (await get("/health")).max_clip_characters;
  showCount(text);
  const { voices } = await get("/v1/voices?page_size=1000");
  listVoices(voice, voices);
  choose(voice, new URLSearchParams(location.search).get("voice"));
}

async function make() {
  say("Generating…");
  const said = { voice_id: voice.value, text: text.value };
  const { audio_url: address, duration } = await generated(said);
  const about = `${voice.selectedOptions[0].text} · ${duration.toFixed(1)} s`;
  clips.prepend(entry(address, text.value, about));
  byId("visit").hidden = false;
  await play(address);
  say(`${duration.toFixed(1)} seconds.`);
}

// The clip, at once or, when it takes longer than the server waits, as a task that is looked after.
async function generated(said) {
  const answer = await post("/api/generate", said);
  if (!answer.task_id) return answer;
  say("This takes a while; it goes on …");
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 700));
    const { status, result, error } = await get(`/api/tasks/${answer.task_id}`);
    if (status === "completed") return result;
    if (status === "failed" || status === "cancelled") throw new Error(error ?? "Cancelled.");
  }
}

async function play(address) {
  latest = address;
  const file = await (await ask(address)).blob();
  if (address === latest) await clip.open(file, { now: true });
}

function entry(address, words, about) {
  const again = button("Play", () => attempt(again, () => play(address)), { className: "small" });
  const saved = { className: "button small", textContent: "Download", download: "polyvox.mp3" };
  return element(
    "li",
    {},
    element("div", {}, line("", words), line("about", about)),
    element("div", { className: "actions" }, again, element("a", { href: address, ...saved })),
  );
}

const line = (className, textContent) => element("p", { className, textContent, dir: "auto" });

text.addEventListener("input", () => showCount(text));
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!text.value.trim()) lacking(text, "Write what the voice should say.");
  else attempt(generate, make);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("form").requestSubmit();
});
showCount(text);
begin(load);

// The page: wires the form to the server, the stage and the files.

import { speech } from "./api.js";
import { Choices } from "./choices.js";
import { byId, named } from "./elements.js";
import { save } from "./save.js";
import { Stage } from "./stage.js";
import { complain, say, showCount } from "./telling.js";
import { Words } from "./words.js";

const SAYINGS = { playing: "Speaking…", paused: "Paused.", ended: "Done." };
const GONE = "The voice that was asked for is not here any more. Choose another one.";
let speaking = null; // the AbortController of the speech that is coming
const { text, problem, stop, first, engine } = named("text", "problem", "stop", "first", "engine");
const stage = new Stage(
  named("stage", "play", "wave", "clock", "length"),
  new Words(text, byId("mirror")),
  stageChanged,
);
const choices = new Choices({
  ...named("model", "voice", "language", "speed", "pace", "format", "options", "more", "defaults"),
  whole: byId("form"),
  voiceAbout: byId("voice-about"),
  modelAbout: byId("model-about"),
});
async function speak() {
  stopSpeaking();
  say("Asking…");
  const mine = (speaking = new AbortController());
  showStop();
  const since = performance.now();
  [first, byId("length"), engine].forEach((shown) => (shown.textContent = "–"));
  try {
    const asked = speech({ ...choices.asked, input: text.value }, mine.signal);
    stage.begin();
    const { headers, parts } = await asked;
    engine.textContent = headers.get("X-Engine") ?? "–";
    for await (const part of parts) {
      if (mine !== speaking) return;
      if (first.textContent === "–") {
        first.textContent = `${Math.round(performance.now() - since)} ms`;
      }
      stage.append(part);
    }
  } catch (error) {
    if (!mine.signal.aborted) complain(error);
  } finally {
    if (mine === speaking) finished();
  }
}

function finished() {
  stage.finish();
  speaking = null;
  showStop();
}

function stopSpeaking() {
  speaking?.abort();
  speaking = null;
  stage.stop();
  showStop();
}

function stageChanged() {
  showStop();
  if (problem.hidden && stage.state in SAYINGS) say(SAYINGS[stage.state]);
}

function showStop() {
  stop.disabled = !speaking && !stage.playing;
}

async function saved(path, body, suffix) {
  say("Preparing the file…");
  try {
    await save(path, { ...choices.asked, ...body, input: text.value }, suffix);
    say(`Saved as polyvox.${suffix}.`);
  } catch (error) {
    complain(error);
  }
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  speak();
});
stop.addEventListener("click", () => {
  stopSpeaking();
  say("Stopped.");
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    speak();
  } else if (event.key === "Escape" && !stop.disabled) stop.click();
});
byId("download").addEventListener("click", () => {
  const format = byId("format").value;
  saved("/v1/audio/speech", { response_format: format, stream: false }, format);
});
for (const button of document.querySelectorAll("[data-captions]")) {
  const kind = button.dataset.captions;
  button.addEventListener("click", () =>
    saved("/v1/audio/captions", { response_format: "pcm", captions_format: kind }, kind),
  );
}
text.addEventListener("input", () => showCount(text));

showCount(text);
choices.load().then((health) => {
  byId("version").textContent = health.version;
  text.dataset.limit = health.max_characters;
  showCount(text);
  if (choices.missing) complain(new Error(GONE));
}, complain);

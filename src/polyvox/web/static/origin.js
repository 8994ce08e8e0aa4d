// What a voice was made of, in words.

import { element } from "./elements.js";

/** A list that folds open, or nothing for a preset. */
export function madeOf(voice) {
  const lines = [...(MAKING[voice.kind]?.(voice) ?? [])];
  if (!lines.length) return [];
  const items = lines.map((line) => element("li", {}, line));
  const list = element("ul", { className: "about" }, ...items);
  return [element("details", {}, element("summary", { textContent: "Made of" }), list)];
}

const MAKING = { cloned: recording, designed: description, blended: shares };

function* recording({ id, seconds, transcript, consent, origin }) {
  const length = seconds ? `a recording of ${seconds.toFixed(1)} s` : "a recording";
  yield element("a", { href: `/v1/voices/${id}/reference`, textContent: length });
  if (transcript) yield `“${transcript}”`;
  for (const { message } of origin.advice ?? []) yield message;
  if (consent) yield consent;
}

function* description({ origin }) {
  if (origin.description) yield `“${origin.description}”`;
  for (const { words, meaning } of origin.understood ?? []) yield `${words}: ${meaning}`;
  if (origin.ignored?.length) yield `Not understood: ${origin.ignored.join(", ")}`;
  for (const [name, value] of Object.entries(origin.settings ?? {})) {
    yield `${name}: ${Number(value.toPrecision(4))}`;
  }
}

function* shares({ origin }) {
  for (const { name, weight } of origin.voices ?? []) yield `${Math.round(weight * 100)} % ${name}`;
}

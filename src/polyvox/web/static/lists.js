// Fills the choices with what the server offers: models, voices, languages.

import { spelled } from "./elements.js";

const MAIN = ["zh", "en", "ja", "ko", "de", "fr", "ru", "pt", "es", "it"];
const GENDERS = { female: "Female", male: "Male", neutral: "Neutral" };

/** `engines` tell which names are models; the other names stand for one of them. */
export function listModels(select, models, engines) {
  const own = new Set(engines.flatMap((engine) => engine.models));
  const shown = (model) => new Option(model.id, model.id);
  select.replaceChildren(
    ...models.filter((model) => own.has(model.id)).map(shown),
    group("Other names", models.filter((model) => !own.has(model.id)).map(shown)),
  );
}

/** Those that were made here first, then presets in groups by gender. */
export function listVoices(select, voices) {
  const shown = (those) => those.map((voice) => new Option(title(voice), voice.id));
  const presets = voices.filter(({ kind }) => kind === "preset");
  const groups = [...Object.keys(GENDERS), undefined].map((gender) => {
    const those = presets.filter((each) => GENDERS[each.gender] === GENDERS[gender]);
    return group(GENDERS[gender] ?? "Other", shown(those));
  });
  const own = voices.filter(({ kind }) => kind !== "preset");
  select.replaceChildren(group("Your voices", shown(own)), ...groups);
}

/** Engines that can do `what` ("enroll"); the field stays hidden where nothing is to choose. */
export function listEngines(field, engines, what) {
  const able = engines.filter(({ capabilities }) => capabilities.includes(what));
  const select = field.querySelector("select");
  select.replaceChildren(...able.map(({ name }) => new Option(name, name)));
  field.hidden = able.length < 2;
  return able;
}

/** What was chosen stays chosen where it can. */
export function listLanguages(select, codes) {
  const before = select.value;
  const byName = (one, other) => one.text.localeCompare(other.text, "en");
  const shown = (code) => new Option(languageName(code), code);
  const main = MAIN.filter((code) => codes.includes(code));
  const more = codes.filter((code) => !MAIN.includes(code));
  select.replaceChildren(
    new Option("Automatic", "auto"),
    ...main.map(shown).sort(byName),
    group("More", more.map(shown).sort(byName)),
  );
  choose(select, before);
}

/** Choose `value` when it is offered, else leave the first one chosen. */
export function choose(select, value) {
  if ([...select.options].some((option) => option.value === value)) select.value = value;
}

/** "Female young – young and lively". */
function title(voice) {
  const name = voice.kind === "preset" ? spelled(voice.name) : voice.name;
  return voice.description ? `${name} – ${voice.description}` : name;
}

function group(label, options) {
  const made = document.createElement("optgroup");
  made.label = label;
  made.append(...options);
  made.hidden = !options.length;
  return made;
}

/** A language's English name with its code, or the code alone. */
export function languageName(code) {
  const names = new Intl.DisplayNames("en", { type: "language", fallback: "none" });
  try {
    const name = names.of(code);
    return name ? `${name} · ${code}` : code;
  } catch {
    return code; // not a code that BCP 47 knows
  }
}

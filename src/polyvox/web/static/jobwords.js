// How a job is doing, in words.

import { spelled } from "./elements.js";

const STATES = {
  queued: "Waiting",
  running: "Running",
  completed: "Completed",
  failed: "Failed",
  cancelled: "Cancelled",
};
const ENDS = { completed: "is completed", failed: "has failed", cancelled: "is cancelled" };
const ADVICE = {
  lost: "Whatever worked at it ended several times. Try again when the server is well.",
  engine_failed: "Try again. If it fails at the same place, change the text there, or the voice.",
  engine_crashed: "Try again. If it fails at the same place, change the text there, or the voice.",
  unavailable: "Whoever runs the server can mend that; then try again.",
  timed_out: "Try again: it goes on where it stopped.",
  not_found: "It is not here any more. Narrate the text anew, with another voice.",
  nothing_to_speak: "Narrate another text.",
  invalid_input: "Narrate the text anew, in another way.",
};
const KEPT = "Try again: what is spoken already is kept.";
const STEP = 5; // seconds, to which what is left is rounded

export const over = ({ status }) => status in ENDS;
export const active = (job) => !over(job);

/** The beginning of what it says, in as many characters. */
export function beginning({ text, kind }, most = 40) {
  const characters = [...(text ?? spelled(kind)).trim().replace(/\s+/g, " ")];
  return characters.length > most ? `${characters.slice(0, most).join("")}…` : characters.join("");
}

/** "Running · 42 % · about 3 minutes left". */
export function stateOf(job) {
  const running = job.status === "running";
  const share = running && `${Math.floor(job.progress)} %`;
  const left = running && job.seconds_left !== null && leftInWords(job.seconds_left);
  return [STATES[job.status], share, left].filter(Boolean).join(" · ");
}

/** "“Once upon a time” is completed." */
export const endOf = (job) => `“${beginning(job)}” ${ENDS[job.status]}.`;

/** Why it failed and what can be done, why it waits, or why another engine spoke. */
export function reasonsOf({ status, error, error_code: code, fallback_reason: fallback, engine }) {
  if (status === "failed") return [error, ADVICE[code] ?? KEPT].filter(Boolean);
  if (status === "queued" && error) return [`It will be tried again: ${error}`];
  return fallback ? [`Spoken by ${engine} instead: ${fallback}`] : [];
}

/** "about 3 minutes left". */
function leftInWords(seconds) {
  if (seconds < STEP) return "a few seconds left";
  const rounded = Math.round(seconds / STEP) * STEP;
  if (rounded < 60) return `about ${rounded} seconds left`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `about ${counted(minutes, "minute")} left`;
  return `about ${counted(Math.round(minutes / 60), "hour")} left`;
}

export const counted = (count, unit) =>
  `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : "s"}`;

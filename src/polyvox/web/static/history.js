// The page of jobs: begun here or anywhere, the newest first, each shown as it is now.

import { get } from "./api.js";
import { byId, named, spelled } from "./elements.js";
import { Followed } from "./follow.js";
import { JobCard } from "./job.js";
import { active, counted, endOf, over } from "./jobwords.js";
import { choose } from "./lists.js";
import { loadVoices, offerNarration } from "./narrate.js";
import { begin, complain, say } from "./telling.js";

const SIZE = 20; // jobs on a page
const SOON = 2000; // milliseconds from one look at jobs that are not over to the next
const LATER = 5000; // the same, when all are over
const NONE = "There is no job yet. Narrate a text above, or begin one through the API.";
const NONE_LIKE_THAT = "No job is like that.";
const ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;
const { which, jobs, pages, where, previous, next } = named(
  "which", "jobs", "pages", "where", "previous", "next",
);
const cards = new Map();
const followed = new Followed(told);
let names = null; // of voices, by id
let shown = 1; // the page
let asking = new AbortController();
let away = false; // whether the server did not answer the last look
let listing = 0; // pages that somebody has asked for
let looking = 0;

/** Show a page of what is chosen; when it is only a `look`, what somebody is at stays. */
async function show(page, look = false) {
  asking.abort();
  const { signal } = (asking = new AbortController());
  const since = performance.now();
  names ??= new Map((await loadVoices()).map(({ id, name }) => [id, name]));
  const query = new URLSearchParams({ page, page_size: SIZE });
  if (which.value) query.set("status", which.value);
  const found = await get(`/v1/jobs?${query}`, signal);
  if (signal.aborted) return;
  const last = Math.max(1, Math.ceil(found.total / SIZE));
  if (page > last) return show(last, look);
  shown = page;
  arrange(found.jobs, since, look);
  pages.hidden = last === 1;
  where.textContent = `Page ${page} of ${last}`;
  [previous.disabled, next.disabled] = [page === 1, page === last];
  if (!look) say(counts(found.total));
  else if (!cards.size && byId("status").textContent === "") say(counts(0));
}

const counts = (total) => {
  if (total) return `${counted(total, "job")}.`;
  return which.value ? NONE_LIKE_THAT : NONE;
};

/** Cards of these jobs, in their order; none moves that is there already. */
function arrange(found, since, look) {
  const ids = new Set(found.map(({ id }) => id));
  for (const [id, card] of cards) if (!ids.has(id) && !(look && card.busy)) drop(card);
  let place = jobs.firstElementChild;
  for (const job of found) {
    while (place && !ids.has(place.dataset.job)) place = place.nextElementSibling;
    const card = cards.get(job.id) ?? added(job);
    if (!(card.touched > since)) told(job);
    if (card.element === place) place = place.nextElementSibling;
    else jobs.insertBefore(card.element, place);
  }
  followed.follow();
}

function added(job) {
  const card = new JobCard(job, { naming, told: changed, gone });
  cards.set(job.id, card);
  followed.add(card);
  return card;
}

function drop(card) {
  cards.delete(card.job.id);
  followed.remove(card);
  card.close();
}

/** A job has been heard of; that it is over is said once. */
function told(job) {
  const card = cards.get(job.id);
  if (!card) return;
  const before = card.job;
  card.update(job);
  if (active(before) && over(job)) say(endOf(job));
}

/** Something was done with a job here. */
function changed(job) {
  told(job);
  followed.follow();
  soon(SOON);
}

function gone(card) {
  const beside = card.element.nextElementSibling ?? card.element.previousElementSibling;
  drop(card);
  if (beside) cards.get(beside.dataset.job).focus();
  else which.focus();
  soon(0);
}

function naming(voice) {
  if (!voice) return null;
  const name = names.get(voice);
  if (name) return voice.includes(".") ? spelled(name) : name;
  return ID.test(voice) ? "a voice that is not here any more" : voice;
}

/** Show a page, telling what goes wrong. */
async function list(page) {
  const address = new URLSearchParams(which.value ? { status: which.value } : {});
  history.replaceState(null, "", `?${address}`);
  listing++;
  await show(page).catch((error) => error.name === "AbortError" || complain(error));
  listing--;
  soon(SOON);
}

/** Look whether anything has changed, again and again. A server that is away is told once. */
async function look() {
  try {
    if (document.hidden || listing) return soon(SOON);
    await show(shown, true);
    if (away) say("The server is back.");
    away = false;
  } catch (error) {
    if (error.name !== "AbortError" && !away) {
      complain(error);
      away = true;
    }
  }
  const waiting = [...cards.values()].some(({ job }) => active(job));
  soon(waiting || away ? SOON : LATER);
}

function soon(pause) {
  clearTimeout(looking);
  looking = setTimeout(look, pause);
}

offerNarration(async (job) => {
  which.value = "";
  await list(1);
  say("It is begun; see below how it is doing.");
  cards.get(job.id)?.element.scrollIntoView({ block: "nearest" });
});
choose(which, new URLSearchParams(location.search).get("status"));
which.addEventListener("change", () => list(1));
previous.addEventListener("click", () => turn(shown - 1));
next.addEventListener("click", () => turn(shown + 1));
document.addEventListener("visibilitychange", () => document.hidden || soon(0));

async function turn(page) {
  await list(page);
  jobs.scrollIntoView();
  if (document.activeElement === document.body) where.focus();
}

begin(() =>
  show(1).catch((error) => {
    away = true;
    throw error;
  }),
).then(() => soon(SOON));

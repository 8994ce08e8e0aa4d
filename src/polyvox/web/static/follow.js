// Follows jobs by the events that the server sends: those that run, are on the screen, and only a
// few at a time. The rest is for whoever asks now and then.

import { refusalOf } from "./api.js";
import { complain } from "./telling.js";

const AT_ONCE = 2; // browsers hold six connections to one server, for all of its pages together
const TRIES = 3; // streams that break one after the other; then something lies in between
const STATES = ["queued", "running", "completed", "failed", "cancelled"];

export class Followed {
  #told;
  #sources = new Map();
  #cards = new Map();
  #seen = new Set();
  #silent = 0;
  #observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting: seen } of entries) {
      if (seen) this.#seen.add(target.dataset.job);
      else this.#seen.delete(target.dataset.job);
    }
    this.follow();
  });

  /** `told` gets a job whenever it changes. */
  constructor(told) {
    this.#told = told;
    document.addEventListener("visibilitychange", () => this.follow());
    window.addEventListener("pagehide", () => this.#closeAll());
    window.addEventListener("pageshow", () => this.follow());
  }

  add(card) {
    this.#cards.set(card.job.id, card);
    this.#observer.observe(card.element);
  }

  remove({ job, element }) {
    this.#observer.unobserve(element);
    this.#cards.delete(job.id);
    this.#seen.delete(job.id);
    this.#close(job.id);
  }

  /** Open and close streams, so that they are those that are wanted now. */
  follow() {
    const wanted = document.hidden || this.#silent >= TRIES ? [] : this.#wanted();
    for (const id of this.#sources.keys()) if (!wanted.includes(id)) this.#close(id);
    for (const id of wanted) if (!this.#sources.has(id)) this.#open(id);
  }

  #wanted() {
    const running = ({ job }) => job.status === "running" && this.#seen.has(job.id);
    const some = [...this.#cards.values()].filter(running).slice(0, AT_ONCE);
    return some.map(({ job }) => job.id);
  }

  #open(id) {
    const path = `/v1/jobs/${id}/events`;
    const source = new EventSource(path);
    this.#sources.set(id, source);
    const told = ({ data }) => {
      this.#silent = 0;
      this.#told(JSON.parse(data));
      this.follow();
    };
    for (const state of STATES) source.addEventListener(state, told);
    source.onerror = async () => {
      const answered = source.readyState === EventSource.CLOSED;
      this.#silent++;
      this.#close(id); // it is followed again when the server has answered something else
      const refused = answered && (await refusalOf(path));
      if (refused) complain(refused);
    };
  }

  #close(id) {
    this.#sources.get(id)?.close();
    this.#sources.delete(id);
  }

  #closeAll() {
    for (const id of this.#sources.keys()) this.#close(id);
  }
}

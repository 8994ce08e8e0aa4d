// The last minutes of all nodes together, as far as this page has seen them.

const KEY = "polyvox-nodes-past";
export const SPAN = 300; // seconds that are kept
const OVER = 20; // seconds over which a rate is taken; nodes tell their counts every ten

export class Past {
  #samples = []; // {at, underWay, requests}: seconds, segments, requests counted since the first
  #counts = {}; // requests that each node had answered at the last look

  constructor() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
      [this.#samples, this.#counts] = [kept.samples ?? [], kept.counts ?? {}];
    } catch {
      // the browser keeps nothing: the page begins anew
    }
    addEventListener("pagehide", () => this.#keep());
  }

  add(nodes, at) {
    const online = nodes.filter(({ status }) => status !== "offline");
    const underWay = online.reduce((sum, node) => sum + node.current_concurrent, 0);
    let requests = this.#samples.at(-1)?.requests ?? 0;
    for (const { node_id: id, request_count: count } of nodes) {
      const before = this.#counts[id] ?? count;
      requests += count < before ? count : count - before; // fewer: its process is another one
    }
    this.#counts = Object.fromEntries(nodes.map((node) => [node.node_id, node.request_count]));
    this.#samples = this.#samples.filter((each) => at - each.at <= SPAN + OVER && each.at <= at);
    this.#samples.push({ at, underWay, requests });
  }

  /** Segments under way, as points `{at, value}`. */
  get underWay() {
    return this.#samples.map(({ at, underWay }) => ({ at, value: underWay }));
  }

  /** Requests a second, as points. */
  get rate() {
    const found = [];
    let from = 0;
    this.#samples.forEach(({ at, requests }, index) => {
      while (from + 1 < index && this.#samples[from + 1].at <= at - OVER) from++;
      const earlier = this.#samples[from];
      const seconds = at - earlier.at;
      if (seconds > 0) found.push({ at, value: (requests - earlier.requests) / seconds });
    });
    return found;
  }

  #keep() {
    try {
      const kept = { samples: this.#samples, counts: this.#counts };
      sessionStorage.setItem(KEY, JSON.stringify(kept));
    } catch {
      // no room: the next page begins anew
    }
  }
}

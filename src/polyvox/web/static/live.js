// How nodes are doing, live: pushed through a socket; where there is none, asked for again and
// again.

import { get } from "./api.js";

const EVERY = 2000; // milliseconds from one look to the next
const STALE = 6000; // milliseconds of silence after which the socket is not relied on
const OPEN_AGAIN = 60000; // milliseconds until a socket that was closed is tried again

export class Live {
  #told;
  #lost;
  #heard = 0;
  #tried = 0;
  #socket = null;
  #looking = 0;

  /** `told` gets the nodes, `lost` the error when they cannot be asked for. */
  constructor(told, lost) {
    [this.#told, this.#lost] = [told, lost];
  }

  /** The first look; its error is the caller's. From then on it goes by itself. */
  async start() {
    document.addEventListener("visibilitychange", () => document.hidden || this.soon());
    try {
      this.#tell((await get("/api/nodes")).nodes);
      this.#open();
    } catch (error) {
      if (![401, 403].includes(error.status)) this.#open(); // who is refused one, is the other
      throw error;
    } finally {
      this.#again(EVERY);
    }
  }

  /** Look at once. */
  soon() {
    this.#heard = -Infinity;
    this.#again(0);
  }

  async #look() {
    const now = performance.now();
    if (this.#socket === null && now - this.#tried > OPEN_AGAIN) this.#open();
    if (!document.hidden && (this.#socket === null || now - this.#heard > STALE)) {
      const answer = await get("/api/nodes").catch((error) => this.#lost(error));
      if (answer) this.#tell(answer.nodes);
    }
    this.#again(EVERY);
  }

  #tell(nodes) {
    this.#heard = performance.now();
    this.#told(nodes);
  }

  #open() {
    this.#tried = performance.now();
    const place = new URL("/ws", location.href);
    place.protocol = place.protocol.replace("http", "ws");
    const socket = (this.#socket = new WebSocket(place));
    socket.addEventListener("message", ({ data }) => {
      const said = JSON.parse(data);
      if (said.type === "status") this.#tell(said.nodes);
    });
    socket.addEventListener("close", () => (this.#socket = null));
  }

  #again(pause) {
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => this.#look(), pause);
  }
}

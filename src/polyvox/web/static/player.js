// Plays speech while it comes, without gaps. Knows nothing of where it comes from.

export const RATE = 24000;
const LEAD = 0.05; // seconds between the first piece and its sound, so that the next one is there

/** Sends "change" when `state` changes: empty, playing, paused or ended. */
export class Player extends EventTarget {
  #context;
  #pieces = [];
  #length = 0; // samples
  #complete = false;
  #state = "empty";
  #resting = 0; // position in seconds while not playing
  #runs = []; // stretches of unbroken sound: {at: context time, from, until: positions}
  #sources = new Set();

  constructor(context) {
    super();
    this.#context = context;
  }

  get state() {
    return this.#state;
  }

  /** Seconds of speech that have come. */
  get duration() {
    return this.#length / RATE;
  }

  /** Seconds of speech that have been heard. */
  get position() {
    if (this.#state !== "playing") return this.#resting;
    const now = this.#context.currentTime - (this.#context.outputLatency || 0);
    const run = this.#runs.findLast(({ at }) => at <= now);
    return run ? Math.min(run.from + now - run.at, run.until) : this.#resting;
  }

  /** Take the next samples, and play them when it is their turn. */
  append(samples) {
    if (!samples.length) return;
    const from = this.duration;
    this.#pieces.push(samples);
    this.#length += samples.length;
    if (this.#state === "empty") this.#change("playing");
    if (this.#state === "playing") this.#schedule([samples], from);
  }

  /** Nothing more will come. */
  finish() {
    this.#complete = true;
    this.#endIfSilent();
  }

  /** Take a whole recording, to be heard when somebody plays it. */
  hold(samples) {
    this.clear();
    [this.#pieces, this.#length, this.#complete] = [[samples], samples.length, true];
    this.#change("paused");
  }

  /** Play from `position`, or from the beginning when all has been heard. */
  play(position = this.#state === "ended" ? 0 : this.position) {
    if (this.#state === "empty") return;
    this.#silence();
    this.#resting = position;
    this.#change("playing");
    this.#schedule(this.#pieces, 0, position);
  }

  pause() {
    if (this.#state !== "playing") return;
    this.#resting = this.position;
    this.#silence();
    this.#change("paused");
  }

  seek(position) {
    const within = Math.min(Math.max(position, 0), this.duration);
    if (this.#state === "playing") this.play(within);
    else if (this.#state !== "empty") {
      this.#resting = within;
      this.#change("paused");
    }
  }

  clear() {
    this.#silence();
    [this.#pieces, this.#length, this.#resting, this.#complete] = [[], 0, 0, false];
    this.#change("empty");
  }

  /** Queue pieces that begin at position `from`; of the first of them, only what is after `skip`. */
  #schedule(pieces, from, skip = from) {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const buffer = this.#context.createBuffer(1, length, RATE);
    let filled = 0;
    for (const piece of pieces) {
      buffer.copyToChannel(piece, 0, filled);
      filled += piece.length;
    }
    const at = this.#nextTime();
    const until = from + length / RATE;
    this.#runs.push({ at, from: skip, until });
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    source.connect(this.#context.destination);
    source.onended = () => {
      this.#sources.delete(source);
      this.#endIfSilent();
    };
    source.start(at, skip - from);
    this.#sources.add(source);
  }

  /** The end of what is queued; when that is over or there is nothing, a moment from now. */
  #nextTime() {
    const last = this.#runs.at(-1);
    const end = last ? last.at + last.until - last.from : 0;
    const now = this.#context.currentTime;
    return end > now ? end : now + LEAD;
  }

  #endIfSilent() {
    if (this.#state !== "playing" || !this.#complete || this.#sources.size) return;
    this.#resting = this.duration;
    this.#silence();
    this.#change("ended");
  }

  #silence() {
    for (const source of this.#sources) {
      source.onended = null;
      source.stop();
    }
    this.#sources.clear();
    this.#runs = [];
  }

  #change(state) {
    this.#state = state;
    this.dispatchEvent(new Event("change"));
  }
}

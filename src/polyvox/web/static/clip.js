// A recording with its waveform on a page: shown, played, moved in.

import { element, sign } from "./elements.js";
import { RATE } from "./player.js";
import { Stage } from "./stage.js";
import { NO_WORDS } from "./words.js";

const PLAY = "M8 5.5v13l11-6.5z";
const PAUSE = "M7 5h3.5v14H7zM13.5 5H17v14h-3.5z";
const UNREADABLE = "This browser cannot play the recording; the server can read it all the same.";

export class Clip {
  #box;
  #stage;

  /** `box` is where it appears once there is something to hear; `name` says what that is. */
  constructor(box, name) {
    const parts = {
      play: element("button", { type: "button", className: "round", ariaLabel: "Play" }),
      wave: element("canvas", { role: "slider", tabIndex: 0, ariaLabel: `Position in ${name}` }),
      clock: element("span"),
      length: element("span"),
    };
    parts.play.append(sign("play-sign", PLAY), sign("pause-sign", PAUSE));
    Object.assign(parts.wave, { ariaValueMin: "0", ariaValueMax: "0", ariaValueNow: "0" });
    const clock = element("span", { className: "clock quiet", ariaHidden: "true" });
    clock.append(parts.clock, parts.length);
    parts.stage = element("div", { className: "stage" }, parts.play, parts.wave, clock);
    parts.stage.dataset.state = "empty";
    Object.assign(box, { role: "group", ariaLabel: name, hidden: true });
    box.replaceChildren(parts.stage);
    this.#box = box;
    this.#stage = new Stage(parts, NO_WORDS, () => {});
  }

  /** Show a file of sound, heard at once or when somebody plays it. Throws an Error in words
   * when this browser cannot read it. */
  async open(file, { now = false } = {}) {
    const samples = await decoded(file);
    this.#box.hidden = false;
    this.#stage.show(samples, now);
  }

  /** Show only the peaks of a recording that this browser cannot read. */
  picture(peaks, seconds) {
    this.#box.hidden = false;
    this.#stage.picture(peaks, seconds);
  }

  close() {
    this.#stage.stop();
    this.#box.hidden = true;
  }
}

/** Mono samples at the player's rate. */
async function decoded(file) {
  const reader = new OfflineAudioContext(1, 1, RATE);
  const sound = await reader.decodeAudioData(await file.arrayBuffer()).catch(() => {
    throw new Error(UNREADABLE);
  });
  const mono = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel++) {
    const samples = sound.getChannelData(channel);
    for (let i = 0; i < mono.length; i++) mono[i] += samples[i] / sound.numberOfChannels;
  }
  return mono;
}

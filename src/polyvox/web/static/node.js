// A node in the table: how it is doing, and what it is told to do.

import { ask, post } from "./api.js";
import { button, element } from "./elements.js";
import {
  STATES, ago, figure, gpuOf, nameOf, share, shortId, stateOf, timeOf, underWayOf,
} from "./nodewords.js";
import { attempt, say } from "./telling.js";

const CELLS = {
  name: "Node",
  speaks: "Speaks",
  state: "State",
  cpu: "CPU",
  memory: "Memory",
  gpu: "GPU",
  underWay: "Under way",
  requests: "Requests",
  errors: "Errors",
  mean: "Mean time",
  heard: "Heard",
  acts: "Actions",
};
const ACTS = {
  activate: ["Activate", "brings a model into memory."],
  standby: ["Standby", "gives its memory back."],
};
const STOPPING = "It finishes what it speaks, then its process ends.";

export const heads = () =>
  Object.values(CELLS).map((text) =>
    element("th", { scope: "col", role: "columnheader", textContent: text }),
  );

export class NodeRow {
  #cells = {};
  #told;
  #acts = null; // those that are shown, as text
  #models = null;

  /** `told` is called when something was done with it. */
  constructor(node, told) {
    [this.node, this.#told] = [node, told];
    this.element = element("tr", { role: "row" });
    this.element.dataset.node = node.node_id;
    for (const [name, label] of Object.entries(CELLS)) {
      const cell = element(name === "name" ? "th" : "td", { role: "cell", className: name });
      if (name === "name") Object.assign(cell, { scope: "row", role: "rowheader", tabIndex: -1 });
      cell.dataset.label = label;
      this.#cells[name] = cell;
    }
    this.element.append(...Object.values(this.#cells));
    this.update(node);
  }

  /** Whether somebody is at it. */
  get focused() {
    return this.element.contains(document.activeElement);
  }

  focus() {
    this.#cells.name.focus();
  }

  update(node) {
    this.node = node;
    this.element.dataset.state = node.status;
    const { name, speaks, state, acts, ...figures } = this.#cells;
    const texts = {
      cpu: share(node.cpu),
      memory: share(node.memory),
      gpu: gpuOf(node),
      underWay: underWayOf(node),
      requests: figure(node.request_count),
      errors: figure(node.error_count),
      mean: timeOf(node.avg_response_time_ms),
      heard: ago(node.seconds_since_heartbeat),
    };
    for (const [each, cell] of Object.entries(figures)) cell.textContent = texts[each];
    const quiet = (text) => element("span", { className: "quiet", textContent: text });
    const address = node.url.replace(/^https?:\/\//, "");
    const known = element("strong", { textContent: shortId(node), title: node.node_id });
    name.replaceChildren(known, quiet([node.about.machine, address].filter(Boolean).join(" · ")));
    const word = element("span", { className: "word", textContent: stateOf(node) });
    word.title = STATES[node.status]?.[1] ?? "";
    state.replaceChildren(word, ...(node.error ? [quiet(node.error)] : []));
    this.#showModels(speaks);
    this.#showActs(acts);
  }

  /** Its models; where there are several, each is brought into memory or put to rest alone. */
  #showModels(cell) {
    const { offers, engine_type: engine, status } = this.node;
    const reached = status !== "offline" && status !== "draining";
    const shown = JSON.stringify([offers, reached]);
    if (shown === this.#models) return;
    this.#models = shown;
    const at = cell.contains(document.activeElement) && document.activeElement.dataset.model;
    const lines = offers.map(({ model, loaded }) => {
      const line = element("li", {}, model === engine ? "" : `${model} `);
      line.append(element("span", { className: "quiet", textContent: restOf(loaded) }));
      if (offers.length > 1 && reached) line.append(this.#modelButton(model, loaded));
      return line;
    });
    const list = element("ul", { ariaLabel: "Models" }, ...lines);
    cell.replaceChildren(element("span", { textContent: engine }), list);
    if (at) this.#refocus(at);
  }

  #modelButton(model, loaded) {
    const [command, text] = loaded ? ["unload_model", "Unload"] : ["load_model", "Load"];
    const made = this.#button(text, () => this.#command(command, { model }), model);
    made.dataset.model = model;
    return made;
  }

  #showActs(cell) {
    const acts = actsOf(this.node.status);
    const shown = acts.join();
    if (shown === this.#acts) return;
    const focused = cell.contains(document.activeElement);
    this.#acts = shown;
    const buttons = acts.map((act) => {
      if (act === "stop") return this.#button("Stop", () => this.#confirm());
      if (act === "forget") return this.#button("Forget", () => this.#forget());
      return this.#button(ACTS[act][0], () => this.#command(act, {}));
    });
    cell.replaceChildren(element("div", { className: "actions" }, ...buttons));
    if (focused) this.#refocus();
  }

  #button(text, act, what = nameOf(this.node)) {
    const press = async () => {
      await attempt(made, act);
      if (document.activeElement === document.body) this.#refocus(made.dataset.model);
    };
    const made = button(text, press, { className: "small" });
    made.ariaLabel = `${text}: ${what}`;
    return made;
  }

  async #command(command, params) {
    const { state } = await post(`/v1/nodes/${this.node.node_id}/command`, { command, params });
    const does = ACTS[command]?.[1] ?? (command === "load_model" ? ACTS.activate : ACTS.standby)[1];
    say(`${nameOf(this.node).replace(/^n/, "N")} ${command === "stop" ? "is told to end." : does}`);
    if (state) this.update({ ...this.node, status: state });
    this.#told();
  }

  /** A node that has ended is started again on its own machine only, so that this is asked. */
  #confirm() {
    const { acts } = this.#cells;
    const keep = this.#button("Keep", () => {
      this.#reopen();
      acts.querySelector("button:last-of-type")?.focus();
    });
    const really = this.#button("Stop for good", async () => {
      await this.#command("stop", {});
      this.#reopen();
    });
    const row = element("div", { className: "actions" }, keep, really);
    acts.replaceChildren(element("p", { className: "about", textContent: STOPPING }), row);
    for (const each of [keep, really]) {
      each.addEventListener("keydown", ({ key }) => key === "Escape" && keep.click());
    }
    keep.focus();
  }

  /** Where to go on when the button that was pressed is not there any more. */
  #refocus(model = "") {
    const { name, speaks, acts } = this.#cells;
    const same = speaks.querySelector(`[data-model="${CSS.escape(model)}"]`);
    (same ?? acts.querySelector("button") ?? name).focus();
  }

  #reopen() {
    this.#acts = null;
    this.#showActs(this.#cells.acts);
  }

  async #forget() {
    await ask(`/v1/nodes/${this.node.node_id}`, undefined, undefined, "DELETE");
    this.#told();
  }
}

const restOf = (loaded) => (loaded ? "in memory" : "asleep");

/** What can be done with a node in that state. */
function actsOf(state) {
  if (state === "offline") return ["forget"];
  if (state === "draining") return [];
  const awake = ["ready", "busy", "loading"].includes(state);
  return [awake ? "standby" : "activate", "stop"];
}

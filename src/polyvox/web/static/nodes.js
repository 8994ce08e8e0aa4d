// The page of nodes: how each is doing, live; what they do together; and what they are told.

import { byId, element, named } from "./elements.js";
import { Graph } from "./graph.js";
import { counted } from "./jobwords.js";
import { choose } from "./lists.js";
import { Live } from "./live.js";
import { NodeRow, heads } from "./node.js";
import { STATES, changesOf, totalsOf } from "./nodewords.js";
import { Past, SPAN } from "./past.js";
import { begin, complain, say } from "./telling.js";

const JOIN = `polyvox worker --engine espeak --gateway ${location.origin} --auto-load`;
const { engine, state } = named("engine", "state");
const rows = new Map(); // by the node's id
let known = null; // nodes by id, as they were at the last look
let away = false; // whether the server did not answer it

for (const each of document.querySelectorAll(".join")) each.textContent = JOIN;
if (byId("alone")) begin(async () => {});
else watch();

function watch() {
  const past = new Past();
  const graphs = [
    [new Graph(byId("under-way"), "Segments under way", SPAN), () => past.underWay],
    [new Graph(byId("rate"), "Requests a second", SPAN, 0.5), () => past.rate],
  ];
  const live = new Live((nodes) => {
    const now = Date.now() / 1000;
    past.add(nodes, now);
    tell(nodes);
    show(nodes, () => live.soon());
    for (const [graph, points] of graphs) graph.show(points(), now);
  }, lose);
  byId("heads").append(...heads());
  state.append(...Object.entries(STATES).map(([value, [word]]) => new Option(word, value)));
  const asked = new URLSearchParams(location.search);
  if (asked.get("engine")) engine.add(new Option(asked.get("engine")));
  choose(engine, asked.get("engine"));
  choose(state, asked.get("state"));
  for (const each of [engine, state]) {
    each.addEventListener("change", () => {
      const chosen = Object.entries({ engine: engine.value, state: state.value });
      const query = new URLSearchParams(chosen.filter(([, value]) => value));
      history.replaceState(null, "", `?${query}`);
      sift();
      say(byId("count").textContent);
    });
  }
  begin(() =>
    live.start().catch((error) => {
      away = true;
      throw error;
    }),
  );
}

/** Say what has changed since the last look. */
function tell(nodes) {
  const now = new Map(nodes.map((node) => [node.node_id, node]));
  const changes = known && changesOf(known, now);
  if (changes) say(changes);
  else if (away) say("The server is back.");
  known = now;
  away = false;
}

/** A server that is away is told once. */
function lose(error) {
  if (!away) complain(error);
  away = true;
}

function show(nodes, soon) {
  byId("none").hidden = nodes.length > 0;
  byId("some").hidden = !nodes.length;
  const told = Object.entries(totalsOf(nodes)).map(([name, value]) =>
    element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: value })),
  );
  byId("totals").replaceChildren(...told);
  offerEngines(nodes);
  arrange(nodes, soon);
  sift();
}

/** Engines that some node speaks with can be chosen, and the one that is chosen. */
function offerEngines(nodes) {
  const there = nodes.flatMap(({ offers }) => offers.map((offer) => offer.engine));
  const wanted = [...new Set([...there, engine.value].filter(Boolean))].sort();
  const offered = [...engine.options].slice(1).map(({ value }) => value);
  if (wanted.join() === offered.join()) return;
  const chosen = engine.value;
  engine.replaceChildren(engine.options[0], ...wanted.map((name) => new Option(name)));
  choose(engine, chosen);
}

/** Rows of these nodes, in their order; none moves that is there already. */
function arrange(nodes, soon) {
  const body = byId("nodes");
  const ids = new Set(nodes.map((node) => node.node_id));
  for (const [id, row] of rows) if (!ids.has(id)) drop(id, row);
  nodes.forEach((node, place) => {
    const row = rows.get(node.node_id);
    if (row) row.update(node);
    else rows.set(node.node_id, new NodeRow(node, soon));
    const { element: made } = rows.get(node.node_id);
    if (body.children[place] !== made) body.insertBefore(made, body.children[place] ?? null);
  });
}

function drop(id, row) {
  const beside = row.element.nextElementSibling ?? row.element.previousElementSibling;
  const focused = row.focused;
  rows.delete(id);
  row.element.remove();
  if (focused) (rows.get(beside?.dataset.node) ?? engine).focus();
}

/** Show only the rows that are chosen. */
function sift() {
  let shown = 0;
  for (const row of rows.values()) {
    const { offers, status } = row.node;
    const right = !engine.value || offers.some((offer) => offer.engine === engine.value);
    row.element.hidden = !right || Boolean(state.value && state.value !== status);
    if (!row.element.hidden) shown++;
  }
  const all = counted(rows.size, "node");
  const some = shown ? `${shown} of ${all}.` : "No node is like that.";
  byId("count").textContent = shown === rows.size ? `${all}.` : some;
}

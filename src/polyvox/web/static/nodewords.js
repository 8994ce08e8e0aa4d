// How a node is doing, in words.

import { counted } from "./jobwords.js";

export const STATES = {
  ready: ["Ready", "A model is in memory and a seat is free."],
  busy: ["Busy", "All seats are taken."],
  loading: ["Loading", "A model is being brought into memory."],
  standby: ["Standby", "No model is in memory; the first request brings it there."],
  draining: ["Finishing", "It takes nothing more and ends when it has spoken what it began."],
  offline: ["Offline", "Nothing has been heard of it."],
  error: ["Error", "It cannot speak."],
};
const NONE = "–";

export const stateOf = ({ status }) => STATES[status]?.[0] ?? status;
export const shortId = ({ node_id: id }) => id.slice(0, 8);

/** "node 3f2a91c0 (rack-1)", as it is spoken of. */
export function nameOf(node) {
  const machine = node.about.machine;
  return `node ${shortId(node)}${machine ? ` (${machine})` : ""}`;
}

export const seatsOf = ({ offers }) => offers.reduce((sum, { seats }) => sum + seats, 0);
export const figure = (number) => number.toLocaleString("en", { maximumFractionDigits: 1 });
export const share = (percent) => (percent === null ? NONE : `${Math.round(percent)} %`);

export function underWayOf(node) {
  const waiting = node.queue_size ? `, ${figure(node.queue_size)} waiting` : "";
  return `${figure(node.current_concurrent)} of ${figure(seatsOf(node))}${waiting}`;
}

/** "63 %, memory 40 %". */
export function gpuOf({ gpu, gpu_memory: memory }) {
  return memory === null ? share(gpu) : `${share(gpu)}, memory ${share(memory)}`;
}

export function timeOf(milliseconds) {
  if (!milliseconds) return NONE;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return `${figure(milliseconds / 1000)} s`;
}

export function ago(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s ago`;
  return `${counted(Math.round(seconds / 60), "minute")} ago`;
}

/** What all of them do together, as names and figures. */
export function totalsOf(nodes) {
  const online = nodes.filter(({ status }) => status !== "offline" && status !== "draining");
  const sum = (of) => online.reduce((sum, node) => sum + of(node), 0);
  const requests = sum((node) => node.request_count);
  const underWay = sum((node) => node.current_concurrent);
  const spent = sum((node) => node.avg_response_time_ms * node.request_count);
  return {
    Online: `${online.length} of ${nodes.length}`,
    "Under way": `${figure(underWay)} of ${figure(sum(seatsOf))} seats`,
    Waiting: figure(sum((node) => node.queue_size)),
    Requests: figure(requests),
    Errors: figure(sum((node) => node.error_count)),
    "Mean time": timeOf(requests ? spent / requests : 0),
  };
}

/** What has changed between two looks that should be told; null where nothing has. */
export function changesOf(before, now) {
  const found = [];
  for (const [id, node] of now) {
    const earlier = before.get(id);
    const name = nameOf(node).replace(/^n/, "N");
    if (!earlier) found.push(`${name} has joined.`);
    else if (earlier.status === node.status) continue;
    else if (node.status === "offline") found.push(`${name} is offline.`);
    else if (node.status === "error") found.push(`${name} cannot speak: ${node.error ?? "error"}`);
    else if (earlier.status === "offline") found.push(`${name} is back.`);
  }
  for (const [id, node] of before) {
    if (!now.has(id)) found.push(`${nameOf(node).replace(/^n/, "N")} has left.`);
  }
  return found.join(" ") || null;
}

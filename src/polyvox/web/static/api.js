// Talks to the server. What goes wrong becomes an Error whose message is for people to read; what
// the server refuses has a `status` and a `code` too, and `param` names the field of the request
// that is wrong. Whoever needs a key for it is led to where one signs in.

import { signInFirst } from "./session.js";

const UNREACHABLE = "The server cannot be reached.";
const BROKEN = "The connection broke before the speech was complete.";
const REFUSED = [401, 403];

/** The answer to a GET, or to a POST of `body` as JSON, when it is a good one. */
export async function ask(path, body, signal, method = body ? "POST" : "GET") {
  const sent = body && {
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  const answer = await fetch(path, { method, ...sent, signal }).catch((error) => {
    throw signal?.aborted ? error : new Error(UNREACHABLE);
  });
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

export const get = async (path, signal) => (await ask(path, undefined, signal)).json();
export const post = async (path, body, signal) => (await ask(path, body, signal)).json();

/** Why the browser got nothing where it asks by itself, as an Error, when a key was lacking or not
 * good for it; else null. */
export async function refusalOf(path) {
  const enough = new AbortController();
  const error = await ask(path, undefined, enough.signal).then(
    () => enough.abort(),
    (error) => error,
  );
  return REFUSED.includes(error?.status) ? error : null;
}

/** POST a form; `told` is called with the share that has been sent, which `fetch` cannot tell. */
export function upload(path, fields, told = () => {}) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value) form.append(name, value);
  const request = new XMLHttpRequest();
  request.open("POST", path);
  request.upload.onprogress = ({ loaded, total }) => told(loaded / total);
  return new Promise((resolve, reject) => {
    request.onerror = () => reject(new Error(UNREACHABLE));
    request.onload = async () => {
      const { status, statusText } = request;
      const answer = new Response(request.responseText, { status, statusText });
      if (answer.ok) resolve(await answer.json());
      else reject(await refusal(answer));
    };
    request.send(form);
  });
}

/** Speech as it is spoken: the headers of the answer, and parts `{samples, words}` to iterate. */
export async function speech(request, signal) {
  const wanted = { response_format: "pcm", stream_format: "sse", timestamps: true };
  const answer = await ask("/v1/audio/speech", { ...request, ...wanted }, signal);
  return { headers: answer.headers, parts: parts(answer, signal) };
}

async function* parts(answer, signal) {
  const decode = decoder();
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      throw signal?.aborted ? error : new Error(BROKEN);
    });
    if (done) throw new Error(BROKEN);
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events.map((line) => JSON.parse(line.slice("data: ".length)))) {
      if (event.type === "speech.audio.done") return;
      if (event.type === "speech.audio.error") throw refused(event.error);
      yield { samples: decode(event.audio), words: event.words };
    }
  }
}

/** A function from base64 to samples, for 16-bit little-endian audio cut at any byte. */
function decoder() {
  let odd = "";
  return (base64) => {
    const bytes = odd + atob(base64);
    const samples = new Float32Array(bytes.length >> 1);
    for (let i = 0; i < samples.length; i++) {
      const unsigned = bytes.charCodeAt(2 * i) | (bytes.charCodeAt(2 * i + 1) << 8);
      samples[i] = ((unsigned << 16) >> 16) / 32768;
    }
    odd = bytes.slice(2 * samples.length);
    return samples;
  };
}

/** What the server says went wrong, in any of its shapes. */
async function refusal(answer) {
  const { status, statusText } = answer;
  if (status === 401) signInFirst();
  const { error, detail, code } = (await answer.json().catch(() => null)) ?? {};
  if (typeof error === "string") return refused({ message: error, code, status });
  if (error) return refused({ ...error, status });
  if (Array.isArray(detail)) {
    return refused({ message: detail.map(problem).join(" "), param: fieldOf(detail[0]), status });
  }
  return refused({ message: detail ?? `The server answered ${status} ${statusText}.`, status });
}

function refused({ message, code = null, param = null, status = null }) {
  return Object.assign(new Error(message), { code, param, status });
}

const fieldOf = ({ loc }) => String(loc.at(-1));

/** A field of the request and what is wrong with it. */
function problem(wrong) {
  return `${fieldOf(wrong)}: ${wrong.msg}.`;
}

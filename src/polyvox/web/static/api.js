// Talks to the server. What goes wrong becomes an Error whose message is for people to read.

const UNREACHABLE = "The server cannot be reached.";
const BROKEN = "The connection broke before the speech was complete.";

/** The answer to a GET, or to a POST of `body` as JSON, when it is a good one. */
export async function ask(path, body, signal) {
  const posted = body && {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
  const answer = await fetch(path, { ...posted, signal }).catch((error) => {
    throw signal?.aborted ? error : new Error(UNREACHABLE);
  });
  if (!answer.ok) throw new Error(await refusal(answer));
  return answer;
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
      if (event.type === "speech.audio.error") throw new Error(event.error.message);
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

async function refusal(answer) {
  const body = await answer.json().catch(() => null);
  return body?.error?.message ?? `The server answered ${answer.status} ${answer.statusText}.`;
}

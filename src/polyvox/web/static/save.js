// Files from the server, saved by the browser.

import { ask } from "./api.js";

/** Fetch an answer to `body` and save it under the suffix, as polyvox.<suffix>. */
export async function save(path, body, suffix) {
  const answer = await ask(path, body);
  const address = URL.createObjectURL(await answer.blob());
  const link = document.createElement("a");
  [link.href, link.download] = [address, `polyvox.${suffix}`];
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // some browsers read it late
}

// Who is signed in, and the ways to the page where one does that and back.

import { ask, get } from "./api.js";

const SIGN_IN = "/sign-in";
let leading = false;
let asked = null;
window.addEventListener("pageshow", () => (leading = false));

/** `{keys_needed, name, scopes}`, asked for once a page; `name` is null for nobody. */
export const session = () => (asked ??= get("/session"));

export const here = () => location.pathname === SIGN_IN;

/** Where to sign in, to be back on this page afterwards. */
export const wayIn = () =>
  `${SIGN_IN}?${new URLSearchParams({ next: location.pathname + location.search })}`;

/** Go where one signs in, once. Whoever has done something on this page comes back to it by the
 * browser's own Back; for others it never was. */
export function signInFirst() {
  if (leading || here()) return;
  leading = true;
  if (navigator.userActivation?.hasBeenActive) location.assign(wayIn());
  else location.replace(wayIn());
}

/** The page of this site that `next` names, else the first one. */
export function pageOf(next) {
  const first = new URL("/", location.origin);
  if (!next?.startsWith("/") || !URL.canParse(next, location.origin)) return first.href;
  const place = new URL(next, location.origin);
  const ours = place.origin === location.origin && place.pathname !== SIGN_IN;
  return ours ? place.href : first.href;
}

export async function signOut() {
  await ask("/session", undefined, undefined, "DELETE");
  location.assign(SIGN_IN);
}

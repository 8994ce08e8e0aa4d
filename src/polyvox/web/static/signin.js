// The page where one signs in with a key, or out again.

import { get, post } from "./api.js";
import { byId, named } from "./elements.js";
import { pageOf, session, signOut } from "./session.js";
import { attempt, begin, complain, lacking, say } from "./telling.js";

const NOT_KEPT = "The key is right, but this browser keeps no cookies for this page. Allow them.";
const { form, key, peek, enter, inside, who, onward, leave, open } = named(
  "form", "key", "peek", "enter", "inside", "who", "onward", "leave", "open",
);
const next = pageOf(new URLSearchParams(location.search).get("next"));

async function load() {
  const { keys_needed: needed, name, scopes } = await session();
  open.hidden = needed;
  form.hidden = !needed || name !== null;
  inside.hidden = !needed || name === null;
  who.textContent = `You are signed in as ${name}. This key is good for: ${scopes.join(", ")}.`;
  if (!form.hidden) key.focus();
}

async function signIn() {
  if (!key.value.trim()) return lacking(key, "Write your key.");
  say("Asking…");
  try {
    await post("/session", { key: key.value });
    if ((await get("/session")).name === null) throw new Error(NOT_KEPT);
    location.replace(next);
  } catch (error) {
    complain(error);
    key.ariaInvalid = "true";
    key.focus();
    key.select();
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(enter, signIn);
});
key.addEventListener("input", () => (key.ariaInvalid = null));
peek.addEventListener("click", () => {
  const shown = key.type === "password";
  key.type = shown ? "text" : "password";
  peek.ariaPressed = String(shown);
});
onward.href = next;
leave.addEventListener("click", () => attempt(leave, signOut));
begin(load);

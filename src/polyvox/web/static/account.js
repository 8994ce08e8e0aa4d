// Who is signed in, at the top of every page; nothing where nobody needs a key.

import { refusalOf } from "./api.js";
import { byId, button, element } from "./elements.js";
import { here, session, signOut, wayIn } from "./session.js";
import { attempt, complain } from "./telling.js";

const who = here() ? null : await session().catch(() => null); // the page itself tells of a failure
if (who?.keys_needed) {
  const box = byId("account");
  box.append(...(who.name === null ? nobody() : somebody(who.name)));
  box.hidden = false;
  document.addEventListener("click", ({ target }) => explain(target.closest("a[download]")));
}

function nobody() {
  return [element("a", { href: wayIn(), textContent: "Sign in", className: "button small" })];
}

function somebody(name) {
  const out = button("Sign out", () => attempt(out, signOut), { className: "small" });
  const shown = { textContent: name, title: name, className: "quiet", dir: "auto" };
  return [element("span", shown), out];
}

/** A file that the server refuses is saved by no browser, and none says why. */
async function explain(link) {
  if (!link?.href.startsWith(`${location.origin}/`)) return;
  const refused = await refusalOf(link.href);
  if (refused) complain(refused);
}

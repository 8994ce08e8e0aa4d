// A bar that takes the last deletion back, for a while.

import { button, element } from "./elements.js";
import { attempt } from "./telling.js";

const SECONDS = 20;
const bar = element("div", { className: "undo", role: "group", ariaLabel: "Undo", hidden: true });
let closing = 0;

/** Show `words` and a button that calls `back`. */
export function offerUndo(words, back) {
  const undo = button("Undo", () =>
    attempt(undo, async () => {
      await back();
      close();
    }),
  );
  bar.replaceChildren(element("span", { textContent: words }), undo);
  bar.hidden = false;
  document.body.append(bar);
  undo.focus();
  clearTimeout(closing);
  closing = setTimeout(close, SECONDS * 1000);
}

function close() {
  clearTimeout(closing);
  bar.hidden = true;
}

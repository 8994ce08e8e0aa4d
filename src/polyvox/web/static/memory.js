// The last choices, kept in this browser where it allows that. Texts are not kept.

const KEY = "polyvox.choices";

export function recall() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {};
  }
}

export function remember(choices) {
  try {
    localStorage.setItem(KEY, JSON.stringify(choices));
  } catch {
    // Storage is switched off or full; the page works without it.
  }
}

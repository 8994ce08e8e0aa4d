// Marks the word that is being said, behind the text. The text itself stays an ordinary field.

export class Words {
  #text;
  #mark = document.createElement("mark");
  #mirror;
  #words = [];
  #offsets = [];
  #shown = null;

  /** `mirror` lies exactly behind the text area `text` and repeats it. */
  constructor(text, mirror) {
    [this.#text, this.#mirror] = [text, mirror];
    text.addEventListener("scroll", () => this.#follow());
    text.addEventListener("input", () => this.clear());
  }

  /** Begin with the words of the text as it stands now. */
  begin() {
    this.clear();
    this.#offsets = utf16Offsets(this.#text.value);
  }

  append(words) {
    if (this.#offsets.length) this.#words.push(...words);
  }

  clear() {
    [this.#words, this.#offsets] = [[], []];
    this.#show(null);
  }

  /** Mark the word that is said at a time in seconds; none when `time` is null. */
  mark(time) {
    this.#show(time === null ? null : (this.#words.findLast((word) => word.start <= time) ?? null));
  }

  #show(word) {
    if (word === this.#shown) return;
    this.#shown = word;
    if (word === null) {
      this.#mirror.replaceChildren();
      return;
    }
    const text = this.#text.value;
    const [first, last] = [this.#offsets[word.first], this.#offsets[word.last]];
    this.#mark.textContent = text.slice(first, last);
    this.#mirror.replaceChildren(text.slice(0, first), this.#mark, `${text.slice(last)}\n`);
    this.#follow();
    this.#reveal();
  }

  #follow() {
    this.#mirror.scrollTop = this.#text.scrollTop;
  }

  /** Scroll the text when the marked word has left the view. */
  #reveal() {
    const { offsetTop: top, offsetHeight: height } = this.#mark;
    const { scrollTop: above, clientHeight: view } = this.#text;
    if (top < above || top + height > above + view) {
      this.#text.scrollTop = top - view / 3;
      this.#follow();
    }
  }
}

/** For sound without a text. */
export const NO_WORDS = { begin() {}, append() {}, mark() {} };

/** For each code point of `text`, and for its end, the index that JavaScript counts. */
export function utf16Offsets(text) {
  const found = [0];
  for (const character of text) found.push(found.at(-1) + character.length);
  return found;
}

"""What a page of HTML says, as one would read it aloud: its paragraphs, headings, lists and
tables as blocks of text. Scripts, page numbers and the marks of footnotes are left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from lxml import etree  # type: ignore[import-not-found, import-untyped, unused-ignore]

from polyvox.text.books.inline import (
    address,
    is_back_link,
    is_footnote_mark,
    read_picture,
    types_of,
)

_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main nav ol p pre section "
    "summary table tbody tfoot thead tr ul".split()
)
_SILENT = frozenset(
    "annotation annotation-xml area audio base button canvas col colgroup embed head iframe input "
    "link map meta nav noscript object param progress rp rt rtc script select style template "
    "textarea title track video".split()
)
_HEADINGS: Mapping[str, int] = MappingProxyType({f"h{level}": level for level in range(1, 7)})
_ITEMS = frozenset(("li", "dt", "dd", "tr"))
_NO_PROGRAMS = frozenset(("text", "txt", "plain", "plaintext", "none", "markdown", "md"))
_LINE_END = "\v"
"""Stands for a line's end that is meant, until the paragraph's end; no document can hold it."""
_CELL = "\x1f"
"""Stands between two cells of a row, until the row's end."""
_NEWLINE = re.compile(r"\r\n?|\n")
_SPACE = re.compile(r"[ \t\n\r\f]+")
_WIDE = "\u1100-\u11ff\u2e80-\ua4cf\uf900-\ufaff\uff00-\uff60"
_WRAPPED = re.compile(rf"(?<=[{_WIDE}])[ \t]*[\r\n][ \t\r\n]*(?=[{_WIDE}])")
_EAST = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_OPEN_END = re.compile(r"(?:[\w%°]|(?<![.!?:…。！？])[)\]’”\"'])$")


@dataclass(frozen=True)
class Block:
    """A paragraph or a heading."""

    text: str
    level: int
    """1 to 6 for a heading, else 0."""


@dataclass
class Page:
    """The blocks of a document, and before which of them each of its named places stands."""

    title: str = ""
    """From its head."""
    blocks: list[Block] = field(default_factory=list)
    places: dict[str, int] = field(default_factory=dict)


def prose(root: Any) -> Page:
    """The page under an lxml element, of HTML or XHTML without namespaces in tag names."""
    page = Page(title=_head_title(root))
    reader = _Reader(page)
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if not isinstance(element.tag, str):
            if event == "end":
                reader.say(element.tail)
        elif event == "start":
            if not reader.begin(element):
                walk.skip_subtree()
        else:
            reader.end(element)
    reader.break_off()
    return page


class _Reader:
    """Collects what a walk through a document meets."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._parts: list[str] = []
        self._skipped: list[Any] = []
        self._counters: list[int | None] = []
        self._level = 0
        self._kept_lines = 0
        self._spoken = False
        self._ahead = ""
        """What comes before the next word: a list's number, a comma between cells."""

    def begin(self, element: Any) -> bool:
        """Whether what is in the element is read."""
        tag = element.tag
        if tag in _BLOCKS:
            self.break_off()
        for name in (element.get("id"), element.get("name") if tag == "a" else None):
            if name:
                self._page.places.setdefault(name, len(self._page.blocks))
        if self._is_silent(element):
            self._skipped.append(element)
            return False
        if tag in _HEADINGS:
            self._level = _HEADINGS[tag]
        elif tag in ("ol", "ul"):
            self._counters.append(_first_number(element) if tag == "ol" else None)
        elif tag == "li":
            self._count()
        elif tag in ("td", "th"):
            self._ahead = _CELL if self._spoken else ""
        elif tag == "pre":
            self._kept_lines += 1
        self.say(address(element.text) if tag == "a" else element.text)
        return True

    def end(self, element: Any) -> None:
        tag = element.tag
        if self._skipped and self._skipped[-1] is element:
            self._skipped.pop()
            self.say(read_picture(element))
        elif tag == "br":
            self._parts.append(_LINE_END)
        elif tag in _BLOCKS:
            self.break_off(finished=tag in _ITEMS)
            self._leave(tag)
        self.say(element.tail)

    def say(self, text: str | None) -> None:
        if not text:
            return
        if text.strip():
            self._spoken = True
            self._parts.append(self._ahead)
            self._ahead = ""
        self._parts.append(_NEWLINE.sub(_LINE_END, text) if self._kept_lines else text)

    def break_off(self, finished: bool = False) -> None:
        """Ends the paragraph, if there is one; `finished` ones end as sentences do."""
        text = _tidied("".join(self._parts))
        self._parts.clear()
        self._spoken = False
        if text:
            if finished and _OPEN_END.search(text):
                text += "。" if _EAST.search(text[-2:]) else "."
            self._page.blocks.append(Block(text, self._level))

    def _count(self) -> None:
        number = self._counters[-1] if self._counters else None
        if number is not None:
            self._ahead = f"{number}. "
            self._counters[-1] = number + 1

    def _leave(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._level = 0
        elif tag in _ITEMS:
            self._ahead = ""
        elif tag == "pre":
            self._kept_lines -= 1
        elif tag in ("ol", "ul"):
            self._counters.pop()

    def _is_silent(self, element: Any) -> bool:
        if element.tag in _SILENT or element.tag in ("img", "image", "svg"):
            return True
        if element.get("hidden") is not None or "pagebreak" in types_of(element):
            return True
        if is_footnote_mark(element) or is_back_link(element):
            return True
        return element.tag == "pre" and _is_program(element)


def _is_program(element: Any) -> bool:
    """A listing in a named programming language, which nobody wants to hear."""
    code = element.find("code")
    kind = ("" if code is None else code.get("class") or "").split(" ")[0]
    named = kind.startswith(("language-", "sourceCode"))
    return named and kind.removeprefix("language-") not in _NO_PROGRAMS


def _first_number(element: Any) -> int:
    start = element.get("start") or ""
    return int(start) if re.fullmatch(r"[0-9]{1,6}", start) else 1


def _head_title(root: Any) -> str:
    for title in root.iter("title"):
        return " ".join("".join(title.itertext()).split())
    return ""


def _tidied(text: str) -> str:
    """`text` with white space as browsers show it, but none where a line of Chinese or Japanese
    was wrapped."""
    flowing = _SPACE.sub(" ", _WRAPPED.sub("", text))
    cells = ", ".join(cell.strip(f" {_LINE_END}") for cell in flowing.split(_CELL))
    lines = "\n".join(line.strip(" ") for line in cells.split(_LINE_END))
    return re.sub(r"\n{2,}", "\n\n", lines).strip()

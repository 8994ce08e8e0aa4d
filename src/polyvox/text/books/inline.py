"""What stands within a line of HTML and is not read as it is written: marks of footnotes,
addresses, pictures."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

_MARK = re.compile(r"[\[({]?\s*(?:[0-9]{1,4}|[a-z]|[ivxlc]{1,7}|[*†‡§¶#✱＊]{1,4})\s*[\])}]?")
_NUMBERED = re.compile(r"[\[(（〔［]\s*[0-9]{1,4}\s*[\])）〕］]")
_NOTE = re.compile(r"(?:^|[-_ ])(?:foot|end)?note?(?:[-_ ]?(?:ref|call|anchor|mark))|noteref|fnref")
_ARROWS = frozenset("↩↑⤴⏎^\ufe0e\ufe0f\u00a0 \n\t")
_ADDRESS = re.compile(r"\s*(?:https?|ftp)://(?:www\.)?([^/\s:?#@]+)\S*\s*|\s*mailto:(\S+)\s*")
_FILE = re.compile(r"\S+\.(?:jpe?g|png|gif|svg|webp|bmp|tiff?)", re.IGNORECASE)
_TELLING_NOTHING = frozenset(("image", "img", "picture", "cover", "images", "photo", "*", "***"))
_MOST_PARTS = 16
"""Elements within a mark, below this."""
_TYPE = "{http://www.idpf.org/2007/ops}type"


def types_of(element: Any) -> set[str]:
    """What an EPUB says that an element is (`epub:type`, or the role that goes with it)."""
    said = f"{element.get(_TYPE) or element.get('epub:type') or ''} {element.get('role') or ''}"
    return {word.removeprefix("doc-") for word in said.lower().split()}


def is_footnote_mark(element: Any) -> bool:
    """Whether it is the small number or star that leads to a note."""
    if "noteref" in types_of(element):
        return True
    parts = list(islice(element.iter(), _MOST_PARTS)) if element.tag in ("a", "sup") else []
    link = next((each for each in parts if each.tag == "a"), None)
    if link is None or len(parts) == _MOST_PARTS or "#" not in (link.get("href") or ""):
        return False
    text = "".join(element.itertext()).strip()
    if not _MARK.fullmatch(text):
        return False
    raised = any(each.tag == "sup" for each in parts)
    named = _NOTE.search(f"{link.get('class') or ''} {link.get('id') or ''}")
    return raised or bool(named) or bool(_NUMBERED.fullmatch(text)) or not text.isalnum()


def is_back_link(element: Any) -> bool:
    """Whether it leads from a note back to where it was marked, by an arrow."""
    if "backlink" in types_of(element):
        return True
    text = (element.text or "") if element.tag == "a" and not len(element) else ""
    return bool(text) and set(text) <= _ARROWS


def address(text: str | None) -> str | None:
    """For a link whose text is its address, only the name of the place."""
    found = _ADDRESS.fullmatch(text or "")
    return (found[1] or found[2]) if found else text


def read_picture(element: Any) -> str:
    """What is told in place of a picture, where somebody described it."""
    if element.tag != "img":
        return ""
    words = " ".join((element.get("alt") or "").split())
    if _FILE.fullmatch(words) or words.lower() in _TELLING_NOTHING:
        return ""
    return f" {words} " if words else ""

"""Stretches of a tidied text: found as sentences, cut to a limit, packed into pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from polyvox.text.markup import Pause
from polyvox.text.paragraphs import find_paragraphs
from polyvox.text.sentences import cut_sentence, sentence_ends

SENTENCE_PAUSE = 0.25
"""Seconds between two pieces of a paragraph."""
PARAGRAPH_PAUSE = 0.6
"""Seconds between two paragraphs."""


@dataclass(frozen=True)
class Span:
    """text[first:last], without white space at its edges, and the silence after it."""

    first: int
    last: int
    pause: float
    """Seconds."""
    closed: bool = False
    """Whether nothing may be joined to its end."""
    language: str = ""


def find_sentences(
    text: str, pauses: Sequence[Pause], language_of: Callable[[str], str]
) -> Iterator[Span]:
    """Every sentence of `text`, none of them across a paragraph's end or a written pause.

    `language_of` names the language whose rules divide a paragraph. A pause before any text is
    a span without text.
    """
    for first, last, pause in _between_pauses(text, pauses):
        spans = [
            span
            for start, end in find_paragraphs(text, first, last)
            for span in _sentences_of(text, start, end, language_of(text[start:end]))
        ]
        yield from spans[:-1]
        ending = spans[-1] if spans else Span(last, last, 0.0, closed=True)
        yield replace(ending, pause=pause)


def cut(text: str, spans: Iterable[Span], limit: int) -> Iterator[Span]:
    """`spans` with those longer than `limit` in parts."""
    for span in spans:
        for first, last, pause in cut_sentence(text, span.first, span.last, limit):
            if last < span.last:
                yield Span(first, last, pause, language=span.language)
            else:
                yield replace(span, first=first)


def pack(spans: Iterable[Span], limit: int) -> Iterator[Span]:
    """`spans` joined as long as they fit in `limit`, are open and share a language."""
    held: Span | None = None
    for span in spans:
        if held is None:
            held = span
        elif not held.closed and held.language == span.language and span.last - held.first <= limit:
            held = replace(span, first=held.first)
        else:
            yield held
            held = span
    if held is not None:
        yield held


def _between_pauses(text: str, pauses: Sequence[Pause]) -> list[tuple[int, int, float]]:
    """What stands before each written pause and after the last: (first, last, pause after it).
    Pauses with nothing but white space between them count as one."""
    stretches: list[tuple[int, int, float]] = []
    start = 0
    for pause in pauses:
        if stretches and not text[start : pause.first].strip():
            first, last, seconds = stretches.pop()
            stretches.append((first, last, seconds + pause.seconds))
        else:
            stretches.append((start, pause.first, pause.seconds))
        start = pause.last
    if text[start:].strip():
        stretches.append((start, len(text), 0.0))
    return stretches


def _sentences_of(text: str, first: int, last: int, language: str) -> Iterator[Span]:
    """The sentences of the paragraph text[first:last], which has no white space at its edges."""
    start = first
    for end in sentence_ends(text[first:last], language):
        sentence = text[start : first + end]
        begin = start + len(sentence) - len(sentence.lstrip())
        finish = start + len(sentence.rstrip())
        start = first + end
        if finish == last:
            yield Span(begin, finish, PARAGRAPH_PAUSE, closed=True)
        elif begin < finish:
            yield Span(begin, finish, SENTENCE_PAUSE)

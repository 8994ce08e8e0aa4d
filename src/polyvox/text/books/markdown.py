"""A book of Markdown: headings of the first and second level begin its chapters."""

from __future__ import annotations

import re
from itertools import pairwise

from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

from polyvox.text.books.book import Book, Limits, Section, chapters_of
from polyvox.text.books.markup import parse_html
from polyvox.text.books.prose import Block, prose

_DEEPEST = 2
"""Level of the headings that begin chapters."""
_ENTRY = re.compile(r"^(\w+)\s*:\s*(.*?)\s*$")


def read_markdown(text: str, title: str, limits: Limits) -> Book:
    """Title, author and language come from the front matter, the title else from the only heading
    of the first level, else from `title`."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.use(footnote_plugin, inline=False).use(front_matter_plugin)
    # Four spaces are more often a paragraph's indent or a verse than a program.
    parser.disable("code")
    tokens = parser.parse(text)
    facts = _facts("".join(each.content for each in tokens if each.type == "front_matter"))
    page = prose(parse_html(parser.renderer.render(tokens, parser.options, {}), "The book"))
    firsts = [block.text for block in page.blocks if block.level == 1]
    name = facts.get("title") or (firsts[0] if len(firsts) == 1 else title)
    return Book(
        name,
        facts.get("author") or None,
        facts.get("language") or facts.get("lang") or None,
        None,
        chapters_of(sections_of(page.blocks), name, limits),
    )


def sections_of(blocks: list[Block]) -> list[Section]:
    """`blocks` from one heading of the first two levels to the next."""
    starts = [number for number, block in enumerate(blocks) if 0 < block.level <= _DEEPEST]
    edges = [*starts, len(blocks)] if starts[:1] == [0] else [0, *starts, len(blocks)]
    return [_section(blocks[first:last]) for first, last in pairwise(edges)]


def _section(blocks: list[Block]) -> Section:
    headed = bool(blocks) and 0 < blocks[0].level <= _DEEPEST
    title = " ".join(blocks[0].text.split()) if headed else ""
    return Section(title, tuple(block.text for block in blocks), headed and len(blocks) == 1)


def _facts(front_matter: str) -> dict[str, str]:
    """The plain entries of YAML at the top of the file."""
    found = (_ENTRY.match(line) for line in front_matter.splitlines())
    return {each[1].lower(): each[2].strip("\"'") for each in found if each}

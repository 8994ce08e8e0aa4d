import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvox.domain.errors import NothingToSpeak
from polyvox.text.books import Book, read_book
from tests.text.epubs import epub3, xhtml


def read(text: str) -> Book:
    return read_book(text.encode(), "notes.md")


def said(text: str) -> str:
    return "\n\n".join(chapter.text for chapter in read(text).chapters)


def test_headings_of_two_levels_begin_chapters() -> None:
    book = read(
        "Before.\n\n# Rain\n\nWet.\n\n## Drizzle\n\nFine.\n\n### Mist\n\nGrey.\n\nSnow\n===\n\nW."
    )
    assert [(each.title, each.text) for each in book.chapters] == [
        ("notes", "Before."),
        ("Rain", "Rain\n\nWet."),
        ("Drizzle", "Drizzle\n\nFine.\n\nMist\n\nGrey."),
        ("Snow", "Snow\n\nW."),
    ]


def test_front_matter_and_the_only_first_heading_name_the_book() -> None:
    text = '---\ntitle: "Die Nächte"\nauthor: Anna Ä\nlang: de\n---\n# Eins\n\nText.'
    book = read(text)
    assert (book.title, book.author, book.language) == ("Die Nächte", "Anna Ä", "de")
    book = read("# The Snow\n\n## One\n\nWhite.\n\n## Two\n\nBlack.")
    assert (book.title, book.author, book.language) == ("The Snow", None, None)
    assert [(each.title, each.text) for each in book.chapters] == [
        ("One", "The Snow\n\nOne\n\nWhite."),
        ("Two", "Two\n\nBlack."),
    ]


@pytest.mark.parametrize(
    ("written", "read_aloud"),
    [
        ("*One* **two** ~~three~~ `four`.", "One two three four."),
        ("A [link](https://a.test/x) here.", "A link here."),
        ("At <https://www.example.org/a?b> now.", "At example.org now."),
        ("![a red house](x.png)", "a red house"),
        ("![](x.png) ![IMG_1.JPG](y.jpg) Text", "Text"),
        ("Word[^1] goes on.\n\n[^1]: A note.", "Word goes on.\n\n1. A note."),
        ("- Apples\n- Pears", "Apples.\n\nPears."),
        ("3. Mix\n4. Bake", "3. Mix.\n\n4. Bake."),
        ("| Name | Age |\n|---|---|\n| Ann | 7 |", "Name, Age.\n\nAnn, 7."),
        ("Before\n\n```python\nx = 1\n```\n\nAfter", "Before\n\nAfter"),
        ("```\nA verse\nand more\n```", "A verse\nand more"),
        ("```text\nA letter\n```", "A letter"),
        ("    An indented paragraph.", "An indented paragraph."),
        ("> Quoted\n> text.", "Quoted text."),
        ("One\ntwo\\\nthree", "One two\nthree"),
        ("A &amp; B &copy; 2 < 3 > 1", "A & B © 2 < 3 > 1"),
        ("<div>Raw <b>HTML</b></div>\n\n<!-- no --><script>x</script>", "Raw HTML"),
        ("雪は\n白い。", "雪は白い。"),
        ("One\n\n---\n\nTwo", "One\n\nTwo"),
        (r"\# No heading \* no star", "# No heading * no star"),
    ],
)
def test_markup_becomes_what_one_would_read_aloud(written: str, read_aloud: str) -> None:
    assert said(written) == read_aloud


def test_markdown_without_words_has_nothing_to_speak() -> None:
    with pytest.raises(NothingToSpeak):
        read("---\n\n<!-- nothing -->\n")


# Every word once, in order, whatever it stands in. `w12x` are words that nothing else makes.

INLINE = [
    "{}",
    "*{}*",
    "**{}**",
    "`{}`",
    "[{}](http://a.test)",
    "~~{}~~",
    "<b>{}</b>",
    "![{}](a.b)",
]
BLOCK = [
    "{}", "# {}", "## {}", "### {}", "> {}", "- {}", "1. {}", "    {}", "{}\n===", "{}\n---",
    "| {} | b |\n|---|---|\n| c | d |", "```\n{}\n```", "<div>{}</div>", "<p>{}",
    "- - {}", "> > {}",
]  # fmt: skip
HTML_INLINE = [
    "{}", "<b>{}</b>", "<a href='x.html'>{}</a>", "<span><i>{}</i></span>", "<br/>{}",
    "<img src='i.png' alt='{}'/>", "<ruby>{}<rt>rt</rt></ruby>", "<a id='q'/>{}", "<sup>{}</sup>",
    "{}<sup><a href='#n'>1</a></sup>", "<code>{}</code>", "<q>{}</q>", "{}<wbr/>",
]  # fmt: skip
HTML_BLOCK = [
    "<p>{}</p>", "<h1>{}</h1>", "<h4>{}</h4>", "<div>{}</div>", "{}", "<div><p>{}</p>loose</div>",
    "<ul><li>{}</li></ul>", "<ol><li><p>{}</p></li></ol>", "<blockquote>{}</blockquote>",
    "<table><tr><td>{}</td><td>b</td></tr></table>", "<pre>{}</pre>",
    "<section><p>{}</p></section>",
    "<dl><dt>{}</dt><dd>d</dd></dl>", "<figure><figcaption>{}</figcaption></figure>",
    "<aside epub:type='footnote'>{}</aside>", "<ul><li>a<ul><li>{}</li></ul>b</li></ul>",
]  # fmt: skip


def numbered(blocks: list[tuple[str, list[str]]], between: str) -> tuple[str, list[str]]:
    """The blocks filled with words, and the words."""
    words, written = [], []
    for block, inlines in blocks:
        parts = []
        for inline in inlines:
            words.append(f"w{len(words)}x")
            parts.append(inline.format(words[-1]))
        written.append(block.format(between.join(parts)))
    return "\n\n".join(written), words


def of(blocks: list[str], inlines: list[str]) -> st.SearchStrategy[list[tuple[str, list[str]]]]:
    line = st.lists(st.sampled_from(inlines), min_size=1, max_size=5)
    return st.lists(st.tuples(st.sampled_from(blocks), line), min_size=1, max_size=12)


def words_in(book: Book) -> list[str]:
    return [word for each in book.chapters for word in re.findall(r"w[0-9]+x", each.text)]


@given(of(BLOCK, INLINE))
def test_markdown_loses_and_doubles_no_word(blocks: list[tuple[str, list[str]]]) -> None:
    text, words = numbered(blocks, " ")
    assert words_in(read(text)) == words


@given(of(HTML_BLOCK, HTML_INLINE), st.integers(0, 4), st.booleans())
def test_an_epub_loses_and_doubles_no_word(
    blocks: list[tuple[str, list[str]]], pages: int, broken: bool
) -> None:
    text, words = numbered(blocks, " ")
    parts = text.split("\n\n")
    size = -(-len(parts) // (pages + 1))
    body = ["\n".join(parts[first : first + size]) for first in range(0, len(parts), size)]
    spoiled = "<p>&broken" if broken else ""
    files = {f"{number}.xhtml": xhtml(text + spoiled) for number, text in enumerate(body)}
    contents = [(f"Part {name}", f"{name}#q") for name in list(files)[::2]]
    assert words_in(read_book(epub3(files, contents), "a.epub")) == words


@given(
    st.lists(
        st.sampled_from(
            ["Chapter {}", "第{}章 雪", "Text {}.", "", "Part {}", "Глава {}. Снег", "# {}"]
        ),
        min_size=1,
        max_size=30,
    )
)
def test_plain_text_loses_and_doubles_no_line(lines: list[str]) -> None:
    written = [line.format(number) for number, line in enumerate(lines)] + ["The end."]
    book = read_book("\n".join(written).encode(), "a.txt")
    found = [line for each in book.chapters for line in each.text.split("\n") if line]
    assert found == [line for line in written if line]

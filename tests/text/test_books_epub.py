import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvox.domain.errors import InvalidInput, NothingToSpeak, TooLarge, UnsupportedMedia
from polyvox.text.books import Limits, read_book
from tests.text.epubs import CONTAINER, archive, epub2, epub3, point, xhtml

OLD = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" '
    '"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">'
)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def chapters(data: bytes, **limits: int) -> list[tuple[str, str]]:
    book = read_book(data, "book.epub", Limits(**limits))
    return [(chapter.title, chapter.text) for chapter in book.chapters]


def said(body: str) -> str:
    """What is read of one page with that body."""
    return read_book(epub3({"a.xhtml": xhtml(body)}), "book.epub").chapters[0].text


def test_an_epub_3_is_read_in_the_order_of_its_spine_with_the_titles_of_its_contents() -> None:
    data = epub3(
        {
            "text/one.xhtml": xhtml("<h1>I</h1><p>It rained.</p>"),
            "text/two.xhtml": xhtml("<h1>II</h1><p>It  was\n late.</p>"),
        },
        [("Rain", "text/one.xhtml"), ("The <em>Late</em> Hour", "text/two.xhtml")],
        metadata='<dc:creator id="c">A. Writer</dc:creator><dc:creator id="d">Ed Itor</dc:creator>'
        '<meta refines="#c" property="role">aut</meta>'
        '<meta refines="#d" property="role">edt</meta>',
        items='<item id="x" href="c.png" media-type="image/png" properties="cover-image"/>',
        more={"OEBPS/c.png": PNG},
    )
    book = read_book(data, "file.epub")
    assert (book.title, book.author, book.language) == ("A Book", "A. Writer", "en")
    assert book.cover == PNG
    assert [(each.title, each.text) for each in book.chapters] == [
        ("Rain", "I\n\nIt rained."),
        ("The Late Hour", "II\n\nIt was late."),
    ]


def test_an_epub_2_is_read_by_its_ncx_and_names_its_cover_in_its_own_way() -> None:
    data = epub2(
        {
            "title.html": xhtml("<h1>Die Nächte</h1>", doctype=OLD),
            "toc.html": xhtml("<p>Inhalt</p><p>Teil 1</p>", doctype=OLD),
            "a.html": xhtml(
                '<h1 id="t1">Erster Teil</h1><h2 id="k1">Kapitel 1</h2><p>Es&nbsp;war Nacht.</p>'
                '<h2 id="k2">Kapitel 2</h2><p>&bdquo;M&uuml;de?&ldquo; &ndash; Ja.</p>',
                doctype=OLD,
            ),
            "b.html": xhtml("<p>Es ging weiter &amp; weiter.</p>", doctype=OLD),
        },
        point(
            "Erster Teil",
            "a.html#t1",
            point("Kapitel 1", "a.html#k1") + point("Kapitel 2", "a.html#k2"),
        ),
        metadata='<dc:title>Die Nächte</dc:title><dc:creator opf:role="aut">Anna Ä</dc:creator>'
        '<dc:creator opf:role="trl">T. R.</dc:creator><dc:language>de-AT</dc:language>'
        '<meta name="cover" content="pic"/>',
        items='<item id="pic" href="c.jpg" media-type="image/jpeg"/>',
        guide='<guide><reference type="toc" href="toc.html"/></guide>',
        more={"OEBPS/c.jpg": b"\xff\xd8\xff\xe0rest"},
    )
    book = read_book(data, "x.epub")
    assert (book.title, book.author, book.language) == ("Die Nächte", "Anna Ä", "de-AT")
    assert book.cover == b"\xff\xd8\xff\xe0rest"
    assert [(each.title, each.text) for each in book.chapters] == [
        ("Die Nächte", "Die Nächte"),
        ("Erster Teil – Kapitel 1", "Erster Teil\n\nKapitel 1\n\nEs\u00a0war Nacht."),
        ("Kapitel 2", "Kapitel 2\n\n„Müde?“ – Ja.\n\nEs ging weiter & weiter."),
    ]


def test_vertical_japanese_reads_ruby_once_and_joins_wrapped_lines() -> None:
    page = xhtml(
        "<h2><ruby>第一章<rt>だいいっしょう</rt></ruby>　雪</h2>"
        "<p>　<ruby>吾輩<rp>（</rp><rt>わがはい</rt><rp>）</rp></ruby>は\n  <ruby><rb>猫</rb>"
        '<rtc><rt>ねこ</rt></rtc></ruby>である<span class="tcy">12</span>月。</p>',
        head="<style>html { writing-mode: vertical-rl }</style>",
    )
    data = epub3(
        {"p1.xhtml": page},
        [("<ruby>第一章<rt>だいいっしょう</rt></ruby>", "p1.xhtml")],
        title="吾輩は猫である",
        language="ja",
        direction="rtl",
    )
    book = read_book(data, "猫.epub")
    assert (book.title, book.language) == ("吾輩は猫である", "ja")
    assert [(each.title, each.text) for each in book.chapters] == [
        ("第一章", "第一章　雪\n\n吾輩は猫である12月。")
    ]


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        ("ru", "Глава 1", "Снег шёл всю ночь."),
        ("ko", "제1장", "눈이 밤새 내렸다."),
        ("zh", "第一章", "雪下了一整夜。"),
        ("fr", "Chapitre 1", "« Où es-tu ? » demanda-t-il."),
        ("ar", "الفصل ١", "كان الثلج يتساقط."),
    ],
)
def test_every_script_comes_through(language: str, title: str, text: str) -> None:
    page = xhtml(f"<h1>{title}</h1><p>{text}</p>")
    book = read_book(epub3({"a.xhtml": page}, [(title, "a.xhtml")], language=language), "a.epub")
    assert book.language == language
    assert [(each.title, each.text) for each in book.chapters] == [(title, f"{title}\n\n{text}")]


def test_pages_without_a_line_in_the_contents_belong_to_the_chapter_before() -> None:
    pages = {f"{number}.xhtml": xhtml(f"<p>Page {number}.</p>") for number in range(5)}
    found = chapters(epub3(pages, [("One", "1.xhtml"), ("Two", "3.xhtml")]))
    assert found == [
        ("A Book", "Page 0."),
        ("One", "Page 1.\n\nPage 2."),
        ("Two", "Page 3.\n\nPage 4."),
    ]


def test_without_contents_every_page_is_a_chapter_by_its_heading() -> None:
    pages = {
        "a.xhtml": xhtml("<h2>Snow</h2><p>White.</p>"),
        "b.xhtml": xhtml("<p>Black.</p>", title="Night"),
        "c.xhtml": xhtml('<img src="x.png" alt="cover"/>'),
    }
    assert chapters(epub3(pages)) == [("Snow", "Snow\n\nWhite."), ("Night", "Black.")]


def test_only_two_levels_of_the_contents_make_chapters() -> None:
    listed = (
        '<ol><li><a href="a.xhtml#p">Part</a><ol><li><a href="a.xhtml#c">Chapter</a><ol>'
        '<li><a href="a.xhtml#s">Section</a></li></ol></li></ol></li></ol>'
    )
    page = xhtml(
        '<h1 id="p">Part</h1><p>One.</p><h2 id="c">Chapter</h2><p>Two.</p>'
        '<h3 id="s">Section</h3><p>Three.</p>'
    )
    assert chapters(epub3({"a.xhtml": page}, listed)) == [
        ("Part", "Part\n\nOne."),
        ("Chapter", "Chapter\n\nTwo.\n\nSection\n\nThree."),
    ]


def test_what_stands_apart_from_the_reading_order_is_not_read() -> None:
    pages = {"a.xhtml": xhtml("<p>Read.</p>"), "b.xhtml": xhtml("<p>Aside.</p>")}
    data = epub3(pages, spine='<itemref idref="i0"/><itemref idref="i1" linear="no"/>')
    assert [text for _, text in chapters(data)] == ["Read."]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>One<br/>two</p><p>Three</p>", "One\ntwo\n\nThree"),
        ("<div>Loose<p>Held</p>again</div>", "Loose\n\nHeld\n\nagain"),
        ("<p><b>O</b>nce <i>up</i>on.</p>", "Once upon."),
        ("<p>A</p><script>x()</script><style>p{}</style><p>B</p>", "A\n\nB"),
        ('<p>A<span epub:type="pagebreak" title="7">7</span>B</p>', "AB"),
        ('<p>A<span role="doc-pagebreak">7</span> B</p>', "A B"),
        ('<p>Word<a epub:type="noteref" href="#n">1</a>.</p>', "Word."),
        ('<p>Word<sup><a href="n.xhtml#n">12</a></sup>.</p>', "Word."),
        ('<p>Word<a href="#n"><sup>*</sup></a>.</p>', "Word."),
        ('<p>Word<a href="#n">[3]</a>.</p>', "Word."),
        ('<p>See <a href="#n">chapter 3</a>, <a href="#c">7</a>.</p>', "See chapter 3, 7."),
        ("<p>The 10<sup>th</sup> of m<sup>2</sup>.</p>", "The 10th of m2."),
        ("<ul><li>Apples</li><li>Pears!</li></ul><p>End</p>", "Apples.\n\nPears!\n\nEnd"),
        ("<ol><li>Mix</li><li><p>Bake.</p></li></ol>", "1. Mix.\n\n2. Bake."),
        ("<ul><li>“No.”</li><li>A “no”</li></ul>", "“No.”\n\nA “no”."),
        ('<ol start="4"><li>りんご</li></ol>', "4. りんご。"),
        ("<ul><li>A<ul><li>B</li></ul></li></ul>", "A\n\nB."),
        (
            "<table><tr><th>Name</th><th>Age</th></tr><tr><td>Ann</td><td></td><td>7</td></tr>"
            "</table>",
            "Name, Age.\n\nAnn, 7.",
        ),
        ("<table><tr><td><p>One.</p><p>Two.</p></td></tr></table>", "One.\n\nTwo."),
        ('<p>A <img src="x" alt="a red house"/> B</p>', "A a red house B"),
        ('<p>A <img src="x" alt="IMG_0815.jpg"/>B</p>', "A B"),
        ("<pre>Roses are  red\nViolets blue</pre>", "Roses are red\nViolets blue"),
        ("<p>&hellip;&nbsp;&eacute;&#8212;&#x4e2d;&lt;b&gt;</p>", "…\u00a0é—中<b>"),
        ('<p hidden="hidden">No</p><p>Yes</p>', "Yes"),
        ("<p>A<!-- c -->B<?pi x?>C<![CDATA[D]]></p>", "ABCD"),
        ("<blockquote><p>Q.</p></blockquote><hr/><p>R.</p>", "Q.\n\nR."),
        ("<dl><dt>Sun</dt><dd>A star</dd></dl>", "Sun.\n\nA star."),
        ('<p><a href="https://www.example.org/a?b=1">https://example.org/a?b=1</a></p>',
         "example.org"),
        ("<p>Unclosed <br> tags <p>& ampersands", "Unclosed\ntags\n\n& ampersands"),
        ("<p>Em<wbr/>ily &unknown; it</p>", "Emily &unknown; it"),
    ],
)  # fmt: skip
def test_a_page_is_read_as_one_would_read_it_aloud(body: str, text: str) -> None:
    assert said(body) == text


def test_an_empty_title_in_xhtml_swallows_nothing() -> None:
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="a.js"/></head>'
    page += '<body><a id="x"/><p>Heard.</p>{}</body></html>'
    whole, broken = page.format(""), page.format("<p>This & that.")
    assert [text for _, text in chapters(epub3({"a.xhtml": whole}))] == ["Heard."]
    found = [text for _, text in chapters(epub3({"a.xhtml": broken}))]
    assert found == ["Heard.\n\nThis & that."]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "shift_jis"])
def test_pages_state_their_encoding(encoding: str) -> None:
    text = "Größe" if encoding == "iso-8859-1" else "雪国"
    page = f'<?xml version="1.0" encoding="{encoding}"?><html><body><p>{text}</p></body></html>'
    data = epub3(
        {"b.xhtml": ""},
        more={"OEBPS/a.xhtml": page.encode(encoding)},
        items='<item id="z" href="a.xhtml" media-type="application/xhtml+xml"/>',
        spine='<itemref idref="z"/>',
    )
    assert [words for _, words in chapters(data)] == [text]


# What nobody vouches for.


def test_links_out_of_the_archive_read_nothing() -> None:
    items = "".join(
        f'<item id="e{number}" href="{link}" media-type="application/xhtml+xml"/>'
        for number, link in enumerate(
            ["../../../../etc/passwd", "/etc/passwd", "file:///etc/passwd", "http://a.test/x"]
        )
    )
    spine = "".join(f'<itemref idref="e{number}"/>' for number in range(4))
    data = epub3(
        {"a.xhtml": xhtml("<p>Inside.</p>")}, items=items, spine=spine + '<itemref idref="i0"/>'
    )
    assert [text for _, text in chapters(data)] == ["Inside."]


LAUGHS = '<!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
OUTSIDE = '<!DOCTYPE html [<!ENTITY c SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("doctype", [LAUGHS, OUTSIDE])
def test_entities_of_its_own_are_refused(doctype: str) -> None:
    with pytest.raises(InvalidInput, match=r"a\.xhtml.*entities"):
        chapters(epub3({"a.xhtml": xhtml("<p>&c;</p>", doctype=doctype)}))
    package = f'<?xml version="1.0"?>{doctype}<package>&c;</package>'
    with pytest.raises(InvalidInput, match="entities"):
        chapters(epub3({"a.xhtml": xhtml("<p>A</p>")}, more={"OEBPS/content.opf": package}))


def test_a_document_type_outside_is_never_fetched() -> None:
    doctype = '<!DOCTYPE html PUBLIC "x" "http://127.0.0.1:9/never.dtd">'
    assert said_with(doctype) == "Fine."


def said_with(doctype: str) -> str:
    return chapters(epub3({"a.xhtml": xhtml("<p>Fine.</p>", doctype=doctype)}))[0][1]


def test_a_zip_bomb_is_refused_by_how_it_grows() -> None:
    bomb = xhtml("<p>" + "0" * 5_000_000 + "</p>")
    with pytest.raises(TooLarge, match="grows"):
        chapters(epub3({"a.xhtml": bomb}))


def test_the_limits_hold() -> None:
    data = epub3({"a.xhtml": xhtml("<p>One.</p>"), "b.xhtml": xhtml("<p>Two.</p>")})
    for limit, value, match in (
        ("size", 100, "MB"),
        ("entries", 3, "files"),
        ("unpacked", 100, "unpacked"),
        ("document", 100, "more than is taken"),
        ("characters", 5, "characters"),
        ("chapters", 1, "chapters"),
    ):
        with pytest.raises(TooLarge, match=match):
            chapters(data, **{limit: value})


def test_an_entry_that_is_larger_than_it_says_is_broken() -> None:
    page = xhtml("<p>" + "word " * 1000 + "</p>").encode()
    data = epub3({"a.xhtml": page.decode()})
    lying = data.replace(len(page).to_bytes(4, "little"), (50).to_bytes(4, "little"))
    assert lying != data
    with pytest.raises(InvalidInput, match=r"broken: .*a\.xhtml"):
        chapters(lying)


@pytest.mark.parametrize(
    ("file", "lock"),
    [
        ("META-INF/license.lcpl", "Readium LCP"),
        ("META-INF/sinf.xml", "Apple FairPlay"),
        ("META-INF/rights.xml", "Adobe ADEPT"),
        ("META-INF/other", "reading system"),
    ],
)
def test_a_locked_book_is_refused_by_the_name_of_its_lock(file: str, lock: str) -> None:
    with pytest.raises(UnsupportedMedia, match=lock):
        chapters(locked("http://www.w3.org/2001/04/xmlenc#aes128-cbc", {file: "<x/>"}))


def test_a_book_with_hidden_fonts_only_is_not_locked() -> None:
    data = locked("http://www.idpf.org/2008/embedding", {})
    assert [text for _, text in chapters(data)] == ["Text."]


def locked(algorithm: str, more: dict[str, str]) -> bytes:
    encryption = (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" '
        'xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData>'
        f'<enc:EncryptionMethod Algorithm="{algorithm}"/></enc:EncryptedData></encryption>'
    )
    files = {"META-INF/encryption.xml": encryption, **more}
    return epub3({"a.xhtml": xhtml("<p>Text.</p>")}, more=files)


def test_broken_books_say_what_is_broken() -> None:
    whole = epub3({"a.xhtml": xhtml("<p>Text.</p>")})
    with pytest.raises(InvalidInput, match="archive cannot be read"):
        chapters(whole[: len(whole) // 2])
    with pytest.raises(UnsupportedMedia, match="no EPUB"):
        chapters(archive({"word/document.xml": "<w/>"}))
    with pytest.raises(InvalidInput, match=r"content\.opf.*broken"):
        chapters(epub3({"a.xhtml": xhtml("<p>A</p>")}, more={"OEBPS/content.opf": "<package>"}))
    with pytest.raises(InvalidInput, match="names no package"):
        chapters(archive({"META-INF/container.xml": "<container/>"}))
    with pytest.raises(InvalidInput, match="missing"):
        chapters(
            archive(
                {"META-INF/container.xml": '<container><rootfile full-path="x.opf"/></container>'}
            )
        )
    with pytest.raises(NothingToSpeak):
        chapters(epub3({"a.xhtml": xhtml("<p> </p>")}))


def test_what_is_nested_deep_is_read_or_refused_but_never_lost() -> None:
    def nested(depth: int) -> str:
        return xhtml("<div>" * depth + "<p>Deep.</p>" + "</div>" * depth + "<p>After.</p>")

    assert chapters(epub3({"a.xhtml": nested(1500)}))[0][1] == "Deep.\n\nAfter."
    with pytest.raises(InvalidInput, match=r"a\.xhtml.*nested"):
        chapters(epub3({"a.xhtml": nested(3000)}))


def test_a_flood_of_tags_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(TooLarge, match="tags"):
        chapters(epub3({"a.xhtml": xhtml("<p/>" * 2_000_001)}), ratio=10**6)


def test_a_paragraph_longer_than_ten_million_letters_is_whole() -> None:
    text = "ab cd. " * 1_600_000
    found = chapters(epub3({"a.xhtml": xhtml(f"<p>{text}</p>")}), ratio=10**6)
    assert found == [("A Book", text.strip())]


SPOILS = [
    b"<", b">", b"</p>", b"&#0;", b"&#x1f;", b"\0", b"<![CDATA[", b"<!--", b"<td>", b"</ol>",
    b"\xe4", b"</li>", b"<?xml version='1.0' encoding='x'?>", b"]]>", b"\xff\xfe",
    b"<a href='//['>", b"%00",
    b"</pre>", b"<svg>", b"<math>", b"xmlns=''", b"<title>", b"<!DOCTYPE", b"&", b'"', b"<tr>",
    b"#",
]  # fmt: skip
PARTS = {
    "META-INF/container.xml": CONTAINER,
    "OEBPS/content.opf": '<package><metadata><title>T</title><meta name="cover" content="a"/>'
    '</metadata><manifest><item id="n" href="n.ncx" media-type="application/x-dtbncx+xml"/>'
    '<item id="a" href="a.html" media-type="text/html"/></manifest><spine toc="n">'
    '<itemref idref="a"/></spine></package>',
    "OEBPS/n.ncx": f"<ncx>{point('A', 'a.html#a', point('B', 'a.html'))}</ncx>",
    "OEBPS/a.html": xhtml(
        '<h1 id="a">I<ruby>x<rt>y</rt></ruby></h1><table><tr><td>q</td></tr></table><ol><li>z'
        '<pre>k</pre></li></ol>w<a href="#n"><sup>1</sup></a><p>&hellip;<img alt="t"/></p>',
        doctype=OLD,
    ),
}
PLACES = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 20), st.sampled_from(SPOILS)), max_size=5
)


def spoiled(data: bytes, spoils: list[tuple[float, int, bytes]]) -> bytes:
    for place, length, put in spoils:
        first = int(place * len(data))
        data = data[:first] + put + data[first + length :]
    return data


@given(st.sampled_from(list(PARTS)), PLACES, PLACES)
def test_whatever_a_file_holds_it_is_read_or_refused(
    name: str, within: list[tuple[float, int, bytes]], around: list[tuple[float, int, bytes]]
) -> None:
    files = PARTS | {name: spoiled(PARTS[name].encode(), within)}
    with contextlib.suppress(InvalidInput):
        assert chapters(spoiled(archive(files, packed=False), around[:1]))

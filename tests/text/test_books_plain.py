from pathlib import Path

import pytest

from polyvox.domain.errors import NothingToSpeak, TooLarge, UnsupportedMedia
from polyvox.text.books import Limits, read_book


def read(text: str, name: str = "a book.txt") -> list[tuple[str, str]]:
    book = read_book(text.encode(), name)
    return [(chapter.title, chapter.text) for chapter in book.chapters]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Chapter 1", "CHAPTER II. The Pool of Tears"),
        ("Chapter One", "Chapter Two: Snow"),
        ("BOOK ONE", "Epilogue"),
        ("Kapitel 1", "Zweites Kapitel"),
        ("Erster Teil", "Kapitel 12 – Der Schnee"),
        ("Chapitre premier", "Chapitre 2. La neige"),
        ("Première partie", "Deuxième partie"),
        ("Capítulo 1", "Capítulo segundo: La nieve"),
        ("Primera parte", "Capítulo XIV"),
        ("Capítulo um", "Parte 2"),
        ("Capitolo 1", "Capitolo secondo"),
        ("Глава 1", "Глава вторая. Снег"),
        ("Часть первая", "Эпилог"),
        ("第一章", "第二章　雪国"),
        ("第1回", "第２回：风雪"),
        ("プロローグ", "第三話 旅立ち"),
        ("楔子", "第一百二十章 归来"),
        ("제1장", "제 2 장. 눈"),
        ("프롤로그", "제3부"),
        ("# Chapter 1", "** Chapter 2 **"),
    ],
)
def test_headings_of_ten_languages_begin_chapters(first: str, second: str) -> None:
    found = read(f"{first}\n\nIt rained.\nAll day.\n\nAnd all night.\n\n{second}\n\nIt snowed.\n")
    bare = [heading.strip("#* ") for heading in (first, second)]
    assert found == [
        (bare[0], f"{first}\n\nIt rained.\nAll day.\n\nAnd all night."),
        (bare[1], f"{second}\n\nIt snowed."),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Chapter 3 was the best of all.",
        "Chapter 3 of the book tells of snow.",
        "chapter 3",
        "Part of it is true",
        "Part Civil, part soldier",
        "Parts 1",
        "Book him, Danno",
        "Teil der Familie",
        "Partie de campagne",
        "第三章で述べたように、雪は白い。",
        "第三章的内容很长",
        "제3장에서 말한 대로",
        "В главе 3 он умер.",
        "Introduction to the theory of snow, and of rain",
        "I",
        "12",
        "Chapter " + "1" * 9,
        "Chapter 1, in which it rains, and the reader is told at some length of the weather there",
    ],
)
def test_lines_that_only_look_like_headings_stay_text(line: str) -> None:
    text = f"It rained.\n\n{line}\n\nIt snowed.\n\n{line}\n\nIt hailed."
    assert read(text) == [("a book", text)]


def test_a_heading_within_a_paragraph_is_none() -> None:
    text = "He turned to\nChapter 3\nand read on.\n\nThen to\nChapter 4\nand slept."
    assert read(text) == [("a book", text)]


def test_one_heading_alone_divides_nothing() -> None:
    text = "It rained.\n\nChapter 1\n\nIt snowed."
    assert read(text) == [("a book", text)]


def test_what_stands_before_the_first_chapter_is_one_of_its_own() -> None:
    found = read("My Book\nby Me\n\nChapter 1\n\nIt rained.\n\nChapter 2\n\nIt snowed.")
    assert [title for title, _ in found] == ["a book", "Chapter 1", "Chapter 2"]
    assert found[0][1] == "My Book\nby Me"


def test_the_name_of_a_chapter_may_stand_under_its_number() -> None:
    found = read("CHAPTER I.\nDown the Hole\n\nAlice sat.\n\nCHAPTER II.\nThe Pool\n\nShe fell.")
    assert found == [
        ("CHAPTER I. Down the Hole", "CHAPTER I.\n\nDown the Hole\n\nAlice sat."),
        ("CHAPTER II. The Pool", "CHAPTER II.\n\nThe Pool\n\nShe fell."),
    ]


def test_a_part_begins_its_first_chapter() -> None:
    text = "Part One\n\nChapter 1\n\nRain.\n\nChapter 2\n\nSnow.\n\nPart Two\n\nChapter 3\n\nHail."
    assert read(text) == [
        ("Part One – Chapter 1", "Part One\n\nChapter 1\n\nRain."),
        ("Chapter 2", "Chapter 2\n\nSnow."),
        ("Part Two – Chapter 3", "Part Two\n\nChapter 3\n\nHail."),
    ]


def test_a_list_of_contents_makes_no_chapters() -> None:
    contents = "\n".join(f"Chapter {number}" for number in range(1, 9))
    found = read(f"CONTENTS\n\n{contents}\n\nChapter 1\n\nRain.\n\nChapter 2\n\nSnow.")
    assert [title for title, _ in found] == ["a book", "Chapter 1", "Chapter 2"]


def test_chinese_and_japanese_headings_need_no_blank_lines() -> None:
    found = read("第一章 雨\n　　下雨了。\n　　很久。\n第二章 雪\n　　下雪了。")
    assert [title for title, _ in found] == ["第一章 雨", "第二章 雪"]
    assert found[0][1] == "第一章 雨\n\n　　下雨了。\n　　很久。"


TEXTS = {
    "cp932": "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
    "euc_jp": "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。",
    "gb18030": "雪下了一整夜，早晨的村庄一片寂静，没有一个人出门。",
    "big5": "雪下了一整夜，早晨的村莊一片寂靜，沒有一個人出門。",
    "cp949": "눈이 밤새 내렸다. 아침의 마을은 조용했고 아무도 밖에 나오지 않았다.",
    "cp1251": "Снег шёл всю ночь. Утром деревня была тиха, и никто не вышел из дома.",
    "koi8_r": "Снег шёл всю ночь. Утром деревня была тиха, и никто не вышел из дома.",
    "cp1250": "Śnieg padał całą noc. Rano wieś była cicha i nikt nie wyszedł, choć było późno.",
    "cp1252": "„Der Schnee“, sagte sie müde, „fällt über Nacht.“ Draußen war es still.",
    "utf-16": "Der Schnee fällt über Nacht. 雪。",
    "utf-16-le": "雪国。雪は一晩中降っていた、静かに。",
    "utf-16-be": "Der Schnee fällt über Nacht.",
    "utf-32": "雪国 Schnee",
    "utf-8-sig": "雪国 Schnee",
}


@pytest.mark.parametrize("encoding", TEXTS)
@pytest.mark.parametrize("times", [1, 50])
def test_encodings_are_told_apart(encoding: str, times: int) -> None:
    text = "\n\n".join([TEXTS[encoding]] * times)
    book = read_book(text.encode(encoding), "b.txt")
    assert [chapter.text for chapter in book.chapters] == [text]


@pytest.mark.parametrize(
    "text",
    [
        "« Où êtes-vous ? » demanda-t-elle. Il n’était déjà plus là.",
        "O coração não tem razão, disse ela. Amanhã voltarei à estação.",
        "La città era silenziosa. Perché non è tornato? Così finì.",
        "El niño se despertó temprano. ¿Quién había abierto la ventana?",
    ],
)
def test_western_europe_is_not_taken_for_central_europe(text: str) -> None:
    assert read_book(text.encode("cp1252"), "b.txt").chapters[0].text == text


def test_a_file_is_read_by_its_path_too(tmp_path: Path) -> None:
    path = tmp_path / "The_Snow.txt"
    path.write_text("It snowed.", encoding="utf-8")
    book = read_book(path)
    assert (book.title, book.author, book.language, book.cover) == ("The Snow", None, None, None)
    with pytest.raises(TooLarge, match="MB"):
        read_book(path, limits=Limits(size=3))


@pytest.mark.parametrize(
    ("data", "name", "match"),
    [
        (b"%PDF-1.7", "a.txt", "PDF"),
        (b"text", "a.docx", r"\.docx"),
        (b"text", "a.epub", "is none"),
        (b"\0" * 60 + b"BOOKMOBI" + b"\0" * 9, "a.azw3", "Kindle"),
        (b"\0\1\2\3" * 99, "a.txt", "not text"),
        (bytes(range(256)) * 40, "a.txt", "not text"),
    ],
)
def test_other_files_are_refused_by_what_they_are(data: bytes, name: str, match: str) -> None:
    with pytest.raises(UnsupportedMedia, match=match):
        read_book(data, name)


@pytest.mark.parametrize("text", ["", " \n\t\n ", "\ufeff"])
def test_a_blank_book_has_nothing_to_speak(text: str) -> None:
    with pytest.raises(NothingToSpeak):
        read_book(text.encode(), "a.txt")


def test_limits_on_characters_and_chapters_hold() -> None:
    text = "Chapter 1\n\nRain.\n\nChapter 2\n\nSnow."
    with pytest.raises(TooLarge, match="characters"):
        read_book(text.encode(), "a.txt", Limits(characters=20))
    with pytest.raises(TooLarge, match="2 chapters"):
        read_book(text.encode(), "a.txt", Limits(chapters=1))

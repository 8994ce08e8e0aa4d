import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyvox.domain.errors import InvalidInput, NothingToSpeak, TooLarge, UnsupportedMedia
from polyvox.text.rows import RowLimits, Rows, read_rows


def read(text: str, name: str = "list.csv", **limits: int) -> Rows:
    return read_rows(text.encode(), name, RowLimits(**limits))


def texts(text: str, name: str = "list.csv") -> list[tuple[int, str]]:
    return [(row.index, row.text) for row in read(text, name).rows]


def test_a_header_names_the_text_and_the_other_columns() -> None:
    found = read("ID,Voice,Text\n7,anna,Hello there\n8,,Bye\n").rows
    assert [(row.index, row.text, dict(row.fields)) for row in found] == [
        (2, "Hello there", {"id": "7", "voice": "anna"}),
        (3, "Bye", {"id": "8"}),
    ]


@pytest.mark.parametrize(
    "name", ["text", "Input", " SENTENCE ", "文本", "テキスト", "текст", "텍스트"]
)
def test_the_text_may_be_called_by_several_names(name: str) -> None:
    assert texts(f"id,{name}\n1,Hello\n") == [(2, "Hello")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_told_by_the_rows(delimiter: str) -> None:
    text = f"id{delimiter}text\n1{delimiter}Eins zwei\n2{delimiter}Drei. Vier\n"
    assert texts(text) == [(2, "Eins zwei"), (3, "Drei. Vier")]


def test_excels_line_tells_the_delimiter_and_is_no_row() -> None:
    assert texts("sep=;\r\nid;text\r\n1;a, b, c\r\n") == [(2, "a, b, c")]


def test_without_a_header_the_text_is_where_the_letters_are() -> None:
    found = read("1,anna,Good morning to you\n2,ben,Good evening to you\n").rows
    assert [(row.index, row.text, dict(row.fields)) for row in found] == [
        (1, "Good morning to you", {"1": "1", "2": "anna"}),
        (2, "Good evening to you", {"1": "2", "2": "ben"}),
    ]


def test_commas_in_a_single_column_belong_to_the_text() -> None:
    assert texts("text\nHello, world\nBye\n") == [(2, "Hello, world"), (3, "Bye")]
    assert texts("One, two, three\nFour\nFive, six\n")[0] == (1, "One, two, three")


def test_cells_hold_quotes_line_ends_and_delimiters() -> None:
    text = 'id,text\n1,"He said ""no"", and\r\nleft."\n2,"a,b"\n3,5" pipe\n'
    assert texts(text) == [(2, 'He said "no", and\r\nleft.'), (3, "a,b"), (4, '5" pipe')]


def test_blank_rows_count_as_a_spreadsheet_counts_them() -> None:
    assert texts("\n\nid,text\n\n1,One\n,\n2,Two\n") == [(5, "One"), (7, "Two")]


def test_a_bad_row_is_told_by_its_number_and_the_others_stay() -> None:
    found = read(
        'id,text\n1,One\n2\n3,\n4,Four,more,and more\n5,"Five" x\n6,Six,\n7,"Seven\n8,Eight'
    )
    assert [row.text for row in found.rows] == ["One", "Six", "Eight"]
    assert [refused.index for refused in found.refused] == [3, 4, 5, 6, 8]
    assert "no text" in found.refused[0].reason
    assert "4 cells; the header has 2" in found.refused[2].reason
    assert "quotes" in found.refused[3].reason


def test_json_lines_hold_objects_or_strings() -> None:
    text = (
        '{"text": "One", "Voice": "anna", "speed": 1.5, "none": null}\n'
        '"Two"\n\n{"input": "Three"}\n[1]\n{"x": 1}\n{"text": 5}\n{broken\n{"text": " "}\n'
    )
    found = read(text, "list.jsonl")
    assert [(row.index, row.text, dict(row.fields)) for row in found.rows] == [
        (1, "One", {"voice": "anna", "speed": "1.5"}),
        (2, "Two", {}),
        (4, "Three", {}),
    ]
    assert [refused.index for refused in found.refused] == [5, 6, 7, 8, 9]
    assert read(text, "").rows == found.rows


@pytest.mark.parametrize("line", ["[" * 100_000, "9" * 10_000, '{"text": "a", "b": ' + "[" * 5000])
def test_monstrous_json_is_a_bad_row(line: str) -> None:
    found = read(f'{{"text": "Fine"}}\n{line}\n', "list.jsonl")
    assert [row.text for row in found.rows] == ["Fine"]
    assert [refused.index for refused in found.refused] == [2]


def test_plain_lines_are_texts() -> None:
    assert texts("One, two\r\n\r\n  Three\rFour", "a.txt") == [
        (1, "One, two"), (3, "Three"), (4, "Four"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8-sig", "Größe"),
        ("utf-16", "雪国"),
        ("cp1252", "Die Straße über den Fluß ist für Fußgänger gesperrt"),
        ("cp932", "雪は一晩中降っていた。静かな朝です。"),
        ("cp1251", "Снег шёл всю ночь, и утром было тихо"),
    ],
)
def test_spreadsheets_write_in_many_encodings(encoding: str, text: str) -> None:
    found = read_rows(f"id;text\r\n1;{text}\r\n".encode(encoding), "list.csv").rows
    assert [row.text for row in found] == [text]


def test_the_limits_hold() -> None:
    with pytest.raises(TooLarge, match="MB"):
        read("text\nOne\n", size=5)
    with pytest.raises(TooLarge, match="2 rows"):
        read("text\nOne\nTwo\nThree\n", rows=2)
    with pytest.raises(InvalidInput, match="row 2: It has no text"):
        read("id,text\n1,\n2,\n3,Three\n", refused=1)
    found = read("text\nOne\n" + "x" * 50 + "\n", characters=20)
    assert [(row.text, found.refused[0].index) for row in found.rows] == [("One", 3)]


def test_a_quote_that_never_closes_costs_one_row_however_long_the_file_is() -> None:
    found = read('id,text\n1,"One\n' + "2,Two words\n" * 20_000)
    assert len(found.rows) == 20_000
    assert [refused.index for refused in found.refused] == [2]


def test_a_file_without_texts_and_other_files_are_refused() -> None:
    for text in ("", "\n\n", "id,text\n1,\n"):
        with pytest.raises(NothingToSpeak):
            read(text)
    with pytest.raises(UnsupportedMedia, match="CSV"):
        read_rows(b"PK\3\4", "list.csv")
    with pytest.raises(UnsupportedMedia, match="CSV"):
        read("One", "list.xlsx")
    with pytest.raises(UnsupportedMedia, match="text"):
        read_rows(bytes(range(256)) * 9, "list.csv")


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=20), st.sampled_from(",;\t"))
def test_what_a_spreadsheet_wrote_comes_back(rows: list[tuple[str, str]], delimiter: str) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([("text", "note"), *rows])
    found = read(file.getvalue())
    assert [(row.text, row.fields["note"]) for row in found.rows] == [
        (text.strip(), note.strip()) for text, note in rows
    ]
    assert not found.refused


@given(st.lists(CELLS, min_size=1, max_size=20))
def test_what_json_lines_hold_comes_back(lines: list[str]) -> None:
    text = "\n".join(json.dumps({"text": line}) for line in lines)
    assert [row.text for row in read(text, "a.jsonl").rows] == [line.strip() for line in lines]

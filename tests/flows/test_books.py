"""A book is sent as a file, spoken chapter by chapter as a job, and comes back as an audiobook."""

import io
from collections.abc import Iterator
from typing import Any

import av
import httpx
import pytest

from tests.jobs_over_http import ended
from tests.server import served
from tests.text.epubs import epub3, xhtml

pytestmark = pytest.mark.long
MARKDOWN = """# The harbour

ten chars.

# The sea

and more.
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = {"POLYVOX_ENGINES__ENABLED": "tone", "POLYVOX_SPEECH__MODEL": "tone"}
    settings |= {"POLYVOX_VOICES__MAX_MB": "0.2"}
    with (
        served(tmp_path_factory.mktemp("books"), **settings) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        yield client


def sent(client: httpx.Client, name: str, data: bytes, **form: str) -> httpx.Response:
    headers = {"Idempotency-Key": form.pop("key")} if "key" in form else {}
    return client.post("/v1/books", files={"file": (name, data)}, data=form, headers=headers)


def over(client: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    """The job that was answered, once it is over."""
    return ended(client, f"/v1/jobs/{answer.json()['id']}")


def opened(client: httpx.Client, id: str, **query: str) -> Any:
    answer = client.get(f"/v1/jobs/{id}/audio", params=query)
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    return av.open(io.BytesIO(answer.content), "r"), answer


def test_a_book_becomes_an_audiobook_with_its_chapters(client: httpx.Client) -> None:
    answer = sent(
        client, "book.md", MARKDOWN.encode(), response_format="m4b", voice="low", language="en"
    )
    assert answer.status_code == 202, answer.text
    job = over(client, answer)
    assert (job["status"], job["format"]) == ("completed", "m4b"), job
    assert [each["title"] for each in job["chapters"]] == ["The harbour", "The sea"]
    book, answer = opened(client, job["id"])
    assert answer.headers["content-type"] == "audio/mp4"
    assert answer.headers["content-disposition"].endswith('.m4b"')
    with book:
        titles = [each["metadata"]["title"] for each in book.chapters()]
        starts = [each["start"] * each["time_base"] for each in book.chapters()]
        assert titles == ["The harbour", "The sea"]
        assert float(starts[1]) == pytest.approx(job["chapters"][1]["start"], abs=0.05)
        assert book.duration / 1e6 == pytest.approx(job["duration"], abs=0.1)


def test_it_comes_in_the_other_formats_too(client: httpx.Client) -> None:
    job = over(client, sent(client, "book.txt", b"ten chars.", voice="low"))
    for kind in ("mp3", "m4a", "m4b", "flac"):
        sound, _ = opened(client, job["id"], format=kind)
        with sound:
            assert sum(frame.samples for frame in sound.decode(audio=0)) > 10_000


def test_title_author_and_language_are_the_books_own_unless_said(client: httpx.Client) -> None:
    page = xhtml("<h1>Eins</h1><p>zehn.</p>")
    epub = epub3({"one.xhtml": page}, title="Der Hafen", language="de")
    job = sent(client, "book.epub", epub, response_format="m4b").json()
    assert job["title"] == "Der Hafen"
    assert ended(client, f"/v1/jobs/{job['id']}")["status"] == "completed"
    book, _ = opened(client, job["id"])
    with book:
        assert book.metadata["title"] == "Der Hafen"
    other = sent(client, "book.epub", epub, title="Another").json()
    assert other["title"] == "Another"


def test_the_same_key_makes_one_job(client: httpx.Client) -> None:
    first, again = (sent(client, "a.txt", b"hum.", key="book") for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]
    assert sent(client, "a.txt", b"other.", key="book").status_code == 409


@pytest.mark.parametrize(
    ("name", "data", "form", "status", "words"),
    [
        ("a.pdf", b"%PDF-1.7 ...", {}, 415, "PDF"),
        ("a.epub", b"PK\x03\x04 broken", {}, 400, ""),
        ("a.txt", b"  ", {}, 400, ""),
        ("a.txt", b"x " * 110_000, {}, 413, "0.2 MB"),
        ("a.txt", b"hum.", {"voice": "nobody"}, 404, "nobody"),
        ("a.txt", b"hum.", {"response_format": "midi"}, 400, "midi"),
        ("a.txt", b"hum.", {"language": "tlh"}, 400, "tlh"),
    ],
)
def test_what_cannot_be_read_or_spoken_is_refused_at_once(
    client: httpx.Client, name: str, data: bytes, form: dict[str, str], status: int, words: str
) -> None:
    before = client.get("/v1/jobs").json()["total"]
    answer = sent(client, name, data, **form)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]["message"]
    assert client.get("/v1/jobs").json()["total"] == before


def test_a_job_without_a_file_is_told_what_to_send(client: httpx.Client) -> None:
    answer = client.post("/v1/books", data={"voice": "low"})
    assert answer.status_code == 400
    assert "`file`" in answer.json()["error"]["message"]

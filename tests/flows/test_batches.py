"""Batches behind a real server: many texts, a file each, one archive; bad ones fail alone, and a
killed server speaks nothing twice."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from polyvox.jobs.worker import Rules, Worker
from polyvox.services import Services
from polyvox.services.archives import archive
from polyvox.services.batches import Batches
from tests import sounds
from tests.jobs_over_http import ended, killed, until
from tests.server import served

pytestmark = pytest.mark.long

SETTINGS = {
    "POLYVOX_ENGINES__ENABLED": "espeak,tone",
    "POLYVOX_JOBS__SILENCE_SECONDS": "2",
    "POLYVOX_JOBS__MAX_CHARACTERS": "200000",
    "POLYVOX_CACHE__ENABLED": "false",
}
HOW = {"model": "tone", "voice": "low", "language": "en", "response_format": "wav"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with (
        served(tmp_path_factory.mktemp("batches"), **SETTINGS) as server,
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):
        yield client


def begun(client: httpx.Client, items: list[Any], **given: Any) -> dict[str, Any]:
    answer = client.post("/v1/batches", json={**HOW, **given, "items": items})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def spoken(client: httpx.Client, items: list[Any], **given: Any) -> dict[str, Any]:
    return ended(client, f"/v1/jobs/{begun(client, items, **given)['id']}", 60)


def unpacked(client: httpx.Client, id: str) -> zipfile.ZipFile:
    answer = client.get(f"/v1/jobs/{id}/archive")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert packed.testzip() is None
    return packed


def manifest(packed: zipfile.ZipFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(packed.read("manifest.csv").decode())))


def test_every_text_becomes_a_file_with_its_own_voice(client: httpx.Client) -> None:
    items = [
        {"text": "ten chars.", "name": "First line"},
        {"input": "ten chars.", "voice": "high", "response_format": "mp3"},
        {"text": "Guten Tag.", "model": "espeak", "voice": "nova", "language": "de"},
    ]
    job = spoken(client, items)
    assert (job["status"], job["kind"], job["done"], job["total"]) == ("completed", "batch", 3, 3)
    packed = unpacked(client, job["id"])
    names = ["00001-First-line.wav", "00002.mp3", "00003.wav"]
    assert packed.namelist() == ["manifest.csv", *names]
    low, rate = sounds.decode(packed.read(names[0]), "wav")
    high, _ = sounds.decode(packed.read(names[1]), "mp3")
    assert sounds.pitch_of(low[rate // 4 :], rate) == pytest.approx(220, rel=0.03)
    assert sounds.pitch_of(high[rate // 4 :], rate) == pytest.approx(880, rel=0.03)
    rows = manifest(packed)
    assert [row["file"] for row in rows] == names
    assert [row["text"] for row in rows] == ["ten chars.", "ten chars.", "Guten Tag."]
    assert sum(float(row["seconds"]) for row in rows) == pytest.approx(job["duration"], abs=0.01)


def test_bad_rows_fail_alone_and_say_why(client: httpx.Client) -> None:
    items = [
        {"text": "ten chars."},
        {"text": "ten chars.", "voice": "nobody"},
        {"text": "ten chars.", "speed": 9},
        {"text": "   "},
        {"voice": "low"},
        {"text": "ten chars.", "options": {"levle": 1}},
        {"text": "x" * 5000},
        {"text": "ten chars.", "response_format": "midi"},
        {"text": "ten chars.", "name": "../../etc/passwd"},
    ]
    job = spoken(client, items)
    assert job["status"] == "completed", job
    page = client.get(f"/v1/jobs/{job['id']}/rows").json()
    assert (page["total"], page["succeeded"], page["failed"]) == (9, 2, 7)
    errors = {row["number"]: row["error"] for row in page["rows"] if row["status"] == "error"}
    wanted = {1: "nobody", 2: "speed", 3: "speak", 4: "text", 5: "levle", 6: "4096", 7: "midi"}
    for number, told in wanted.items():
        assert told in errors[number], errors[number]
    packed = unpacked(client, job["id"])
    assert len(packed.read("errors.txt").decode().splitlines()) == 7
    assert [name for name in packed.namelist() if name.endswith(".wav")] == [
        "00001.wav",
        "00009-etc-passwd.wav",
    ]
    only = client.get(f"/v1/jobs/{job['id']}/rows", params={"status": "success"}).json()
    assert [row["number"] for row in only["rows"]] == [0, 8]
    file = client.get(f"/v1/jobs/{job['id']}/rows/8/audio")
    assert len(sounds.decode(file.content, "wav")[0]) > 10_000
    assert client.get(f"/v1/jobs/{job['id']}/rows/1/audio").status_code == 404
    assert client.get(f"/v1/jobs/{job['id']}/rows/99/audio").status_code == 404


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("list.csv", "text,voice,name\nten chars.,high,a\n,low,b\nten chars.,nobody,c\n"),
        ("list.tsv", "name\tvoice\ttext\na\thigh\tten chars.\nb\t\t\nc\tnobody\tten chars.\n"),
        (
            "list.jsonl",
            '{"text": "ten chars.", "voice": "high", "name": "a"}\n{"voice": "low"}\n'
            '{"text": "ten chars.", "voice": "nobody", "name": "c"}\n',
        ),
    ],
)
def test_an_uploaded_list_does_as_well(client: httpx.Client, name: str, data: str) -> None:
    answer = client.post("/v1/batches", data=HOW, files={"file": (name, data.encode())})
    assert answer.status_code == 202, answer.text
    job = ended(client, f"/v1/jobs/{answer.json()['id']}")
    page = client.get(f"/v1/jobs/{job['id']}/rows").json()
    assert [row["status"] for row in page["rows"]] == ["success", "error", "error"], page
    assert "Row " in page["rows"][1]["error"]
    assert page["rows"][0]["file"] == "00001-a.wav"
    samples, rate = sounds.decode(client.get(f"/v1/jobs/{job['id']}/rows/0/audio").content, "wav")
    assert sounds.pitch_of(samples[rate // 4 :], rate) == pytest.approx(880, rel=0.03)


def test_what_is_no_batch_is_refused_at_once(client: httpx.Client) -> None:
    before = client.get("/v1/jobs").json()["total"]
    items = [{"text": "hum"}]
    for body, status, param in (
        ({}, 400, "items"),
        ({"items": []}, 400, "items"),
        ({"items": ["hum"]}, 400, "items"),
        ({"items": items * 10_001}, 400, "items"),
        ({"items": [{"text": "x" * 4000}] * 51}, 413, "items"),
        ({"items": items, "speed": 9}, 400, "speed"),
        ({"items": items, "webhook_url": "http://127.0.0.1/"}, 400, "webhook_url"),
    ):
        answer = client.post("/v1/batches", json=body)
        assert answer.status_code == status, answer.text
        assert param in answer.json()["error"]["param"]
    for files, status in (
        ({"file": ("list.xlsx", b"PK\x03\x04")}, 415),
        ({"file": ("list.csv", b"text\n\n")}, 400),
        ({"other": ("list.csv", b"text\nhum\n")}, 400),
    ):
        answer = client.post("/v1/batches", files=files)
        assert (answer.status_code, "error" in answer.json()) == (status, True), answer.text
    assert client.get("/v1/jobs").json()["total"] == before


def test_the_same_key_makes_one_batch(client: httpx.Client) -> None:
    sent = {"json": {**HOW, "items": [{"text": "hum"}] * 300}, "headers": {"Idempotency-Key": "b"}}
    first, again = (client.post("/v1/batches", **sent) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]


def test_an_archive_waits_for_its_batch_and_a_narration_has_none(client: httpx.Client) -> None:
    slow = {"real_time_factor": 0.5}
    job = begun(client, [{"text": "x" * 40}] * 20, options=slow)
    assert client.get(f"/v1/jobs/{job['id']}/archive").status_code == 409
    until(lambda: client.get(f"/v1/jobs/{job['id']}").json()["done"] > 2)
    client.post(f"/v1/jobs/{job['id']}/cancel")
    assert ended(client, f"/v1/jobs/{job['id']}")["status"] == "cancelled"
    part = manifest(unpacked(client, job["id"]))
    assert {row["status"] for row in part} == {"success", "waiting"}
    told = client.post("/v1/jobs", json={"text": "hum", "model": "tone"}).json()
    for path in ("archive", "rows"):
        assert client.get(f"/v1/jobs/{told['id']}/{path}").status_code == 400


def test_ten_thousand_texts_are_taken_and_listed(client: httpx.Client) -> None:
    job = begun(client, [{"text": f"Line {number}."} for number in range(10_000)])
    assert job["status"] == "queued"
    page = client.get(f"/v1/jobs/{job['id']}/rows", params={"first": 9_990}).json()
    assert (page["total"], len(page["rows"])) == (10_000, 10)
    assert page["rows"][-1]["text"] == "Line 9999."
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    assert client.get(f"/v1/jobs/{job['id']}").status_code == 404


def test_a_killed_server_speaks_nothing_twice(tmp_path: Path) -> None:
    slow = {**HOW, "options": {"real_time_factor": 0.2}}
    items = [{"text": f"{number:02} is a line."} for number in range(40)] + [{"text": " "}]
    with served(tmp_path, **SETTINGS) as server, httpx.Client(base_url=server.url) as client:
        job = begun(client, items, **slow)
        until(lambda: client.get(f"/v1/jobs/{job['id']}").json()["done"] >= 10)
        killed(server)
    folder = tmp_path / "blobs" / "jobs" / job["id"] / "rows"
    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.wav")}
    assert 10 <= len(before) < 40
    with (
        served(tmp_path, **SETTINGS) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        done = ended(client, f"/v1/jobs/{job['id']}", 60)
        assert (done["status"], done["done"]) == ("completed", 41), done
        packed = unpacked(client, job["id"])
        assert [row["status"] for row in manifest(packed)] == ["success"] * 40 + ["error"]
    after = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.wav")}
    assert len(after) == 40
    again = [name for name, moment in before.items() if after[name] != moment]
    assert len(again) <= 2, "only what was being written is spoken again"


async def test_an_archive_is_written_a_piece_at_a_time(services: Services) -> None:
    """However large its files: no piece grows with them."""
    items = [{"text": "x" * 2000, "model": "tone", "format": "wav"}] * 3
    job, _ = await services.jobs.submit(Batches.kind, {"items": items})
    worker = Worker(services.jobs.rows, services.jobs.do, Rules())
    assert await worker.take(job.id)
    rows = await services.batches.rows(services.jobs, job.id)
    assert all(row.spoken for row in rows)
    sizes = [len(piece) async for piece in archive(services.batches, job.id, rows)]
    assert sum(sizes) > 20_000_000
    assert max(sizes) < 300 * 1024
    await services.jobs.delete(job.id)


def test_a_batch_in_json_lines_is_what_was_sent(client: httpx.Client) -> None:
    texts = ["Привет, мир.", "你好，世界。", 'A "quoted", line\nwith two lines.']
    lines = "\n".join(json.dumps({"text": text}) for text in texts)
    files = {"file": ("list.jsonl", lines.encode())}
    given = {"model": "espeak", "response_format": "mp3"}
    job = client.post("/v1/batches", data=given, files=files).json()
    assert ended(client, f"/v1/jobs/{job['id']}")["status"] == "completed"
    assert [row["text"] for row in manifest(unpacked(client, job["id"]))] == texts


def test_what_may_come_right_is_tried_again_before_it_fails(client: httpx.Client) -> None:
    """An engine that is not here holds up nobody else's row."""
    items = [{"text": "hum"}, {"text": "hum", "model": "qwen3-tts-1.7b-preset", "voice": None}]
    job = begun(client, [*items, {"text": "hum"}])
    rows = f"/v1/jobs/{job['id']}/rows"
    until(lambda: bool(client.get(rows).json()["succeeded"] == 2))
    assert client.get(rows).json()["rows"][1]["status"] == "waiting"
    done = ended(client, f"/v1/jobs/{job['id']}")
    assert (done["status"], done["attempts"]) == ("completed", 1)
    page = client.get(rows).json()
    assert [row["status"] for row in page["rows"]] == ["success", "error", "success"]
    assert "polyvox engines install qwen3" in page["rows"][1]["error"]

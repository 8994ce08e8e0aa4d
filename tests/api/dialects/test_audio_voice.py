"""The asynchronous audio service's clients read voices, presets and languages."""

from pathlib import Path
from uuid import uuid4

import httpx

from polyvox.services.presets import GENERIC


def test_voices_are_read_a_page_at_a_time(client: httpx.Client, recording: Path) -> None:
    ids = []
    for _ in range(3):
        with recording.open("rb") as audio:
            form = {"name": f"AV {uuid4().hex[:8]}", "engine": "tone"}
            made = client.post("/v1/voices", data=form, files={"audio": audio}).json()
        ids.append(made["id"])
    page = client.get("/voices", params={"page_size": 2}).json()
    assert [voice["id"] for voice in page["voices"]] == ids[:0:-1]
    assert page["total_pages"] == -(-page["total"] // 2)
    assert page["total"] >= 3
    one = client.get(f"/voices/{ids[0]}").json()
    assert (one["id"], one["tts_engine"], one["kind"]) == (ids[0], "tone", "cloned")
    assert one["duration"] > 10
    assert client.delete(f"/voices/{ids[0]}").status_code == 204
    assert client.get(f"/voices/{ids[0]}").json()["detail"]
    assert client.get(f"/voices/{ids[0]}").status_code == 404
    assert client.delete(f"/voices/{ids[0]}").status_code == 404


def test_presets_are_listed_apart(client: httpx.Client) -> None:
    presets = client.get("/presets").json()["presets"]
    assert [preset["name"] for preset in presets] == list(GENERIC)
    assert client.get("/voices/espeak.nova").status_code == 404
    assert client.delete("/voices/espeak.nova").status_code == 404


def test_languages_are_told_by_engine(client: httpx.Client) -> None:
    languages = client.get("/languages").json()["languages"]
    assert set(languages) == {"espeak", "tone"}
    assert {"zh", "en", "ja"} <= set(languages["tone"])


def test_a_page_that_is_not_there_is_empty_and_a_wrong_one_refused(client: httpx.Client) -> None:
    assert client.get("/voices", params={"page": 9999}).json()["voices"] == []
    for wrong in ({"page": 0}, {"page_size": 101}, {"page": "x"}):
        answer = client.get("/voices", params=wrong)
        assert (answer.status_code, "detail" in answer.json()) == (422, True)


def test_browsers_get_a_page(client: httpx.Client) -> None:
    answer = client.get("/voices", headers={"Accept": "text/html,*/*"})
    assert answer.headers["content-type"].startswith("text/html")
    assert client.get("/voices").headers["content-type"] == "application/json"

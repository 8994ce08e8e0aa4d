"""Models, voices, engines, status: what there is, and how it is doing."""

import httpx
import pytest

from polyvox import __version__


def test_models_are_listed_as_openai_lists_them(client: httpx.Client) -> None:
    answer = client.get("/v1/models").json()
    assert answer["object"] == "list"
    for model in answer["data"]:
        assert set(model) == {"id", "object", "created", "owned_by"}
        assert client.get(f"/v1/models/{model['id']}").json() == model


def test_open_webui_finds_models_and_voices(client: httpx.Client) -> None:
    assert {"id": "espeak", "name": "espeak"} in client.get("/v1/audio/models").json()["models"]
    voices = client.get("/v1/audio/voices").json()["voices"]
    assert all(voice["id"] and voice["name"] for voice in voices)


def test_voices_can_be_asked_for_by_model_and_as_names(client: httpx.Client) -> None:
    tone = client.get("/v1/audio/voices", params={"model": "tone"}).json()
    assert [voice["name"] for voice in tone["voices"]][-3:] == ["middle", "low", "high"]
    assert {voice["model"] for voice in tone["voices"]} == {"tone"}
    assert tone["data"] == tone["voices"]
    assert client.get("/v1/audio/voices", params={"model": "none"}).json()["voices"] == []
    legacy = client.get("/v1/audio/voices", params={"model": "tone", "legacy": "true"}).json()
    assert legacy == {"voices": [voice["name"] for voice in tone["voices"]]}


def test_voices_come_a_page_at_a_time(client: httpx.Client) -> None:
    pages = [
        client.get("/v1/voices", params={"kind": "preset", "page": page, "page_size": 10}).json()
        for page in (1, 2, 3, 4)
    ]
    assert [len(page["voices"]) for page in pages] == [10, 10, 4, 0]
    assert {page["total"] for page in pages} == {24}
    first = pages[0]["voices"][0]
    assert client.get(f"/v1/voices/{first['id']}").json() == first


@pytest.mark.parametrize(
    "path",
    [
        "/v1/voices/nobody",
        "/v1/voices/..%2F..%2Fetc%2Fpasswd",
        "/v1/models/none",
        "/v1/engines/none",
        "/nothing",
        "/static/..%2f..%2fapp.py",
        "/static/nothing.js",
    ],
)
def test_what_is_not_there_is_404_in_openais_shape(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"]


def test_an_engine_says_what_it_takes(client: httpx.Client) -> None:
    names = [engine["name"] for engine in client.get("/v1/engines").json()["engines"]]
    assert names == ["espeak", "tone"]
    espeak = client.get("/v1/engines/espeak").json()
    assert espeak["state"] == "ready"
    assert espeak["capabilities"] == ["synthesize", "enroll", "design", "blend"]
    assert espeak["likeness"] == "approximate"
    assert espeak["options"]["properties"]["pitch"]["maximum"] == 99
    assert len(espeak["languages"]) > 100


def test_an_engine_is_brought_into_memory_and_out_of_it(client: httpx.Client) -> None:
    assert client.post("/v1/engines/tone/load").json()["state"] == "ready"
    assert client.post("/v1/engines/tone/unload").json()["state"] == "sleeping"
    asked = {"model": "tone", "input": "Hm."}
    assert client.post("/v1/audio/speech", json=asked).status_code == 200
    assert client.get("/v1/engines/tone").json()["state"] == "ready"
    for path in ("nobody/load", "tone/load?model=espeak", "tone/unload?model=nothing"):
        assert client.post(f"/v1/engines/{path}").status_code == 404


def test_health_says_how_it_is(client: httpx.Client) -> None:
    assert client.get("/health").json()["status"] == "ok"
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 200
    engines = client.get("/health/engines").json()["engines"]
    assert engines["espeak"]["state"] == "ready"
    assert engines["espeak"]["hosts"] >= 1
    assert client.get("/version").json() == {"name": "polyvox", "version": __version__}


def test_health_tells_of_the_queue_its_broker_and_the_gpus(client: httpx.Client) -> None:
    slow = {"text": "hum " * 50, "model": "tone", "options": {"real_time_factor": 1}}
    jobs = [client.post("/v1/jobs", json=slow).json()["id"] for _ in range(6)]
    queue = client.get("/health").json()["queue"]
    assert (queue["status"], queue["reason"]) == ("ok", None)
    assert queue["waiting"] + queue["running"] >= 6
    for id in jobs:
        client.post(f"/v1/jobs/{id}/cancel")
    health = client.get("/health").json()
    assert health["queue"]["waiting"] == 0
    assert health["broker"] == {"kind": "embedded", "status": "ok", "reason": None}
    assert health["gpu"]["available"] == bool(health["gpu"]["devices"])


def test_the_documents_load_from_this_server_alone(client: httpx.Client) -> None:
    page = client.get("/docs").text
    assert "http://" not in page
    assert "https://" not in page
    assert "/v1/audio/speech" in client.get("/openapi.json").json()["paths"]


def test_a_request_id_is_kept_when_it_is_harmless(client: httpx.Client) -> None:
    given = client.get("/version", headers={"X-Request-Id": "abc-123"})
    assert given.headers["x-request-id"] == "abc-123"
    odd = client.get("/version", headers={"X-Request-Id": "a b<script>"})
    assert odd.headers["x-request-id"] != "a b<script>"

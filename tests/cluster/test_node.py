"""A node answers whoever has its token, in wire messages, and refuses everything else early."""

import io
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from polyvox.domain.speech import Segment
from polyvox.domain.voice import DESIGNED, PRESET, Voice
from polyvox.runtime.wire import Message, pack, read, to_fields
from tests.cluster.nodes import TOKEN, node

pytestmark = pytest.mark.long

_PRESET = Voice("low", "low", "tone", PRESET, "low")
Client = httpx.Client


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with (
        node(tmp_path_factory.mktemp("node"), "tone") as running,
        Client(base_url=running.url, headers=headers, timeout=30) as client,
    ):
        yield client


def _asked(text: str = "ten chars.", voice: Voice = _PRESET, **options: Any) -> bytes:
    fields = {
        "segment": to_fields(Segment(text, "en")),
        "voice": to_fields(voice),
        "options": options,
    }
    return pack(Message("speak", 7, fields))


def _told(answer: httpx.Response) -> list[Message]:
    """Without those that only say that it goes on."""
    assert answer.status_code == 200, answer.text
    stream = io.BytesIO(answer.content)
    messages = list(iter(lambda: read(stream), None))
    return [message for message in messages if message.kind != "waiting"]


def _refused(answer: httpx.Response) -> str:
    return str(answer.json()["error"]["message"])


def test_messages_go_in_and_messages_come_out(client: Client) -> None:
    told = _told(client.post("/host?model=tone", content=_asked()))
    assert {message.kind for message in told[:-1]} == {"chunk"}
    assert told[-1].kind == "done"
    assert {message.id for message in told} == {7}
    assert sum(len(message.body) for message in told) == 24000 * 4


def test_anybody_may_ask_whether_it_is_well(client: Client) -> None:
    answer = httpx.get(f"{client.base_url}/health")
    assert answer.json()["status"] == "ok"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x"]
)
def test_without_the_token_nothing_is_done(client: Client, header: str) -> None:
    answer = httpx.post(
        f"{client.base_url}/host?model=tone", content=_asked(), headers={"Authorization": header}
    )
    assert answer.status_code == 401
    assert TOKEN not in answer.text


@pytest.mark.parametrize(
    ("token", "host"),
    [("", "0.0.0.0"), ("short", "127.0.0.1"), ("with blanks in the middle", "127.0.0.1")],
)
def test_a_worker_does_not_start_with_a_token_that_protects_nothing(
    tmp_path: Path, token: str, host: str
) -> None:
    asked = node(tmp_path, "tone", "--host", host, POLYVOX_CLUSTER__TOKEN=token)
    with pytest.raises(AssertionError, match=r"cluster\.token"), asked:
        pass


@pytest.mark.parametrize(
    ("body", "about"),
    [
        (b"", "asks for nothing"),
        (b"hello", "not a message"),
        (b"{}\n", "not a message"),
        (pack(Message("load", 0)), "'load'"),
        (pack(Message("cancel", 1)), "'cancel'"),
        (pack(Message("speak", 1)), "cannot be read"),
        (pack(Message("speak", 1, {"segment": 5, "voice": {}, "options": {}})), "cannot be read"),
        (pack(Message("enroll", 1, {"sample_rate": 8000}, b"123")), "cannot be read"),
        (_asked() + b"more", "goes on"),
        (_asked()[:-1] + b" ", "not a message"),
        (pack(Message("state", 0, {"digest": "0" * 64}, b"x")) + _asked(), "digest"),
    ],
)
def test_what_is_no_request_is_refused(client: Client, body: bytes, about: str) -> None:
    answer = client.post("/host?model=tone", content=body)
    assert answer.status_code == 400, answer.text
    assert about in _refused(answer)


def test_an_unknown_model_is_named_with_the_known_ones(client: Client) -> None:
    for query in ("?model=tune", ""):
        answer = client.post(f"/host{query}", content=_asked())
        assert answer.status_code == 404
        assert "Known: tone" in _refused(answer)


def test_a_body_that_is_too_large_is_refused(client: Client) -> None:
    whole = client.post("/host?model=tone", content=bytes((32 << 20) + 1))
    assert whole.status_code == 413
    pieces = client.post("/host?model=tone", content=iter([bytes(1 << 20)] * 33))
    assert pieces.status_code == 413


def test_a_design_is_spoken_with_its_state(client: Client) -> None:
    wish = {"description": "high", "language": "en", "settings": {"pitch": 660.0}, "text": "a"}
    made = _told(client.post("/host?model=tone", content=pack(Message("design", 1, wish))))
    assert [message.kind for message in made] == ["made"]
    assert made[0].fields["settings"] == {"pitch": 660.0}
    state = bytes(made[0].body)
    digest = sha256(state).hexdigest()
    voice = Voice("v", "v", "tone", DESIGNED, digest=digest)
    sent = pack(Message("state", 0, {"digest": digest}, state))
    assert _told(client.post("/host?model=tone", content=sent + _asked(voice=voice)))[-1].kind == (
        "done"
    )
    asked = {"voices": [to_fields(voice), to_fields(_PRESET)], "weights": [0.5, 0.5]}
    blended = client.post("/host?model=tone", content=sent + pack(Message("blend", 2, asked)))
    assert [message.kind for message in _told(blended)] == ["made"]


def test_a_voice_whose_state_was_sent_once_is_known_by_its_digest(client: Client) -> None:
    state = b"not asked for before"
    voice = Voice("v", "v", "tone", DESIGNED, digest=sha256(state).hexdigest())
    unknown = client.post("/host?model=tone", content=_asked(voice=voice))
    assert unknown.status_code == 409
    assert unknown.json()["error"]["code"] == "state_needed"


def test_what_is_converted_has_the_length_of_what_was_spoken(client: Client) -> None:
    """The tone engine cannot convert: the refusal is the host's own, in the answer."""
    fields = {
        "source": {"sample_rate": 24000, "transcript": None, "language": None},
        "voice": to_fields(_PRESET),
        "options": {},
    }
    told = _told(
        client.post("/host?model=tone", content=pack(Message("convert", 3, fields, bytes(400))))
    )
    assert [message.kind for message in told] == ["error"]


def test_commands_need_the_token_and_a_known_name(client: Client) -> None:
    refused = httpx.post(f"{client.base_url}/command", json={"command": "stop"})
    assert refused.status_code == 401
    assert client.post("/command", json={"command": "dance"}).status_code == 400
    assert client.post("/command", content=b"hello").status_code == 400
    params = {"command": "activate", "params": {"model": "tune"}}
    assert client.post("/command", json=params).status_code == 404


def test_an_engine_that_is_not_installed_says_what_to_do(tmp_path: Path) -> None:
    asked = node(tmp_path, "qwen3")
    with pytest.raises(AssertionError, match="polyvox engines install qwen3"), asked:
        pass


def test_a_worker_speaks_with_several_engines(tmp_path: Path) -> None:
    nova = Voice("espeak.nova", "nova", "espeak", PRESET, "nova")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with (
        node(tmp_path, "tone", "--engine", "espeak") as running,
        Client(base_url=running.url, headers=headers, timeout=30) as client,
    ):
        for model, voice in (("tone", _PRESET), ("espeak", nova)):
            answer = client.post(f"/host?model={model}", content=_asked(voice=voice))
            assert _told(answer)[-1].kind == "done"

"""The Gradio page, through Gradio's own client: speak, clone, jobs."""

import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import sounds
from tests.server import Server, served

pytestmark = [pytest.mark.gradio, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"POLYVOX_SERVER__GRADIO": "true", "POLYVOX_ENGINES__ENABLED": "espeak,tone"}
    with served(tmp_path_factory.mktemp("gradio"), **settings) as server:
        yield server


@pytest.fixture(scope="module")
def page(running: Server, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from gradio_client import Client

        folder = tmp_path_factory.mktemp("downloads")
        return Client(f"{running.url}/gradio/", download_files=str(folder), verbose=False)


def heard(path: str, kind: str) -> tuple[Any, int]:
    return sounds.decode(Path(path).read_bytes(), kind)


def test_it_speaks_a_text_in_the_voice_and_format_that_are_chosen(page: Any) -> None:
    path = page.predict("ten chars.", "tone.low", "wav", 1.0, api_name="/speak")
    samples, rate = heard(path, "wav")
    assert len(samples) / rate == pytest.approx(1, abs=0.1)
    assert sounds.pitch_of(samples[rate // 4 : rate // 2], rate) == pytest.approx(220, rel=0.02)


def test_what_is_wrong_is_said_in_the_servers_words(page: Any) -> None:
    from gradio_client.exceptions import AppError

    with pytest.raises(AppError, match="nobody"):
        page.predict("Hello.", "nobody", "mp3", 1.0, api_name="/speak")


def test_a_voice_is_cloned_and_spoken_with(page: Any, recording: Path) -> None:
    from gradio_client import handle_file

    voice, about = page.predict(
        handle_file(str(recording)), "By Gradio", "", "She agrees.", api_name="/clone"
    )
    assert about.startswith("By Gradio can speak.")
    path = page.predict("Good morning.", voice, "mp3", 1.0, api_name="/speak")
    assert sounds.level_of(heard(path, "mp3")[0]) > -40


def test_a_long_text_becomes_a_job_whose_result_is_fetched(page: Any) -> None:
    job = page.predict("ten chars. " * 30, "tone.middle", "flac", api_name="/begin")
    until = time.monotonic() + 20
    status = ""
    while status != "completed" and time.monotonic() < until:
        rows = page.predict(api_name="/jobs")["data"]
        status = next(row[2] for row in rows if row[0] == job)
        time.sleep(0.2)
    assert status == "completed"
    samples, rate = heard(page.predict(job, api_name="/result"), "flac")
    assert len(samples) / rate > 25


def test_the_other_pages_and_routes_are_still_there(running: Server) -> None:
    assert "Polyvox" in httpx.get(running.url).text
    assert httpx.get(f"{running.url}/health").json()["status"] == "ok"
    page = httpx.get(f"{running.url}/gradio/")
    assert page.status_code == 200
    assert "fonts.googleapis" not in page.text + httpx.get(f"{running.url}/gradio/theme.css").text

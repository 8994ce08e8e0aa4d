"""A Gradio page at /gradio: speak, clone, jobs. For those who know Gradio, and for its clients."""

from __future__ import annotations

import functools
import importlib
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from polyvox.audio.encode import FORMATS, format_named
from polyvox.domain.errors import PolyvoxError, Unavailable
from polyvox.domain.speech import Utterance
from polyvox.services import Services
from polyvox.services.enrolment import About

PATH = "/gradio"
_KEPT = 3600
"""Seconds that a file is kept which somebody was given."""
_MOST_VOICES = 1000
_MOST_JOBS = 50


def mount(app: FastAPI) -> None:
    """Put the page into the application. Raises Unavailable when Gradio is not installed."""
    try:
        gradio: Any = importlib.import_module("gradio")
    except ImportError as error:
        raise Unavailable(
            "The page at /gradio needs Gradio. Run: pip install 'polyvox[gradio]', or unset "
            "server.gradio."
        ) from error
    fonts = {"font": ["system-ui", "sans-serif"], "font_mono": ["monospace"]}
    gradio.mount_gradio_app(
        app,
        _laid_out(gradio, _Page(app)),
        path=PATH,
        show_error=True,
        theme=gradio.themes.Default(**fonts),  # its own would be fetched from elsewhere
    )


class _Page:
    """What the page does; Gradio calls it with what stands in its fields."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._folder = tempfile.TemporaryDirectory(prefix="polyvox-gradio-")

    @property
    def _served(self) -> Services:
        served: Services = self._app.state.services
        return served

    async def voices(self) -> list[tuple[str, str]]:
        """Names that people read, and ids."""
        found, _ = await self._served.voices.list(count=_MOST_VOICES)
        return [(f"{each.voice.name} ({each.voice.engine})", each.voice.id) for each in found]

    async def speak(self, text: str, voice: str | None, fmt: str, speed: float) -> str:
        said = Utterance(text, voice=voice or None, speed=speed)
        speech = await self._served.synthesis.speak(said, format_named(fmt), whole=True)
        recording = await speech.collect()
        return self._file(recording.data, fmt)

    async def clone(
        self, recording: str | None, name: str, transcript: str, consent: str
    ) -> tuple[str, str]:
        """The new voice's id, and what is to be said of it."""
        if not recording:
            raise Unavailable("Record somebody, or choose a file.")
        about = About(name, transcript=transcript or None, consent=consent or None)
        made = await self._served.enrolment.clone(Path(recording), about)
        advice = [each["message"] for each in made.origin.get("advice", ())]
        return made.voice.id, " ".join([f"{made.voice.name} can speak.", *advice])

    async def begin(self, text: str, voice: str | None, fmt: str) -> str:
        """The id of a new job."""
        asked = {"text": text, "format": fmt, **({"voice": voice} if voice else {})}
        job, _ = await self._served.jobs.submit("narration", asked)
        return job.id

    async def jobs(self) -> list[list[Any]]:
        """Rows of a table."""
        found, _ = await self._served.jobs.list(count=_MOST_JOBS)
        return [
            [job.id, job.kind, job.status, f"{job.progress:.0%}", job.error or ""] for job in found
        ]

    async def result(self, id: str) -> str:
        blob, fmt = await self._served.jobs.audio(id.strip())
        return self._file(b"".join([piece async for piece in blob.pieces]), fmt)

    def _file(self, data: bytes, fmt: str) -> str:
        """Where the bytes lie for a while; Gradio copies them from there."""
        folder = Path(self._folder.name)
        for old in folder.iterdir():
            if time.time() - old.stat().st_mtime > _KEPT:
                old.unlink(missing_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=folder, prefix="speech-", suffix=format_named(fmt).suffix, delete=False
        ) as file:
            file.write(data)
        return file.name


def _laid_out(gr: Any, page: _Page) -> Any:
    def told(work: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The same; what goes wrong is said on the page."""

        @functools.wraps(work)
        async def saying(*given: Any) -> Any:
            try:
                return await work(*given)
            except PolyvoxError as error:
                raise gr.Error(error.message) from error

        return saying

    async def choices() -> tuple[Any, Any]:
        voices = await page.voices()
        return gr.Dropdown(choices=voices), gr.Dropdown(choices=voices)

    with gr.Blocks(title="Polyvox", analytics_enabled=False, delete_cache=(_KEPT, _KEPT)) as blocks:
        with gr.Tab("Speak"):
            text = gr.Textbox(label="Text", lines=4)
            voice = gr.Dropdown([], label="Voice", allow_custom_value=True)
            fmt = gr.Dropdown(list(FORMATS), value="mp3", label="Format")
            speed = gr.Slider(0.25, 4, value=1, step=0.05, label="Speed")
            speech = gr.Audio(label="Speech", type="filepath")
            gr.Button("Speak", variant="primary").click(
                told(page.speak), [text, voice, fmt, speed], speech, api_name="speak"
            )
        with gr.Tab("Clone"):
            recording = gr.Audio(label="10 seconds to 5 minutes of somebody", type="filepath")
            name = gr.Textbox(label="Name of the voice")
            words = gr.Textbox(label="What is said (some engines need it)")
            consent = gr.Textbox(label="That the speaker agrees")
            made, about = gr.Textbox(label="Voice"), gr.Textbox(label="About it")
            gr.Button("Clone", variant="primary").click(
                told(page.clone), [recording, name, words, consent], [made, about], api_name="clone"
            )
        with gr.Tab("Jobs"):
            long = gr.Textbox(label="A long text", lines=8)
            other = gr.Dropdown([], label="Voice", allow_custom_value=True)
            kind = gr.Dropdown(list(FORMATS), value="mp3", label="Format")
            job = gr.Textbox(label="Job")
            gr.Button("Begin", variant="primary").click(
                told(page.begin), [long, other, kind], job, api_name="begin"
            )
            heads = ["id", "kind", "status", "progress", "error"]
            table = gr.Dataframe(headers=heads, label="Jobs", interactive=False)
            gr.Button("Look").click(told(page.jobs), None, table, api_name="jobs")
            result = gr.Audio(label="Result", type="filepath")
            gr.Button("Fetch the result").click(told(page.result), job, result, api_name="result")
        blocks.load(choices, None, [voice, other], api_name=False)
    return blocks

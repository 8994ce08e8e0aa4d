"""What one would write in an afternoon: FastAPI, an `espeak-ng` process per request, its WAV read,
resampled and encoded in the endpoint's thread.

    uvicorn bench.peers.subprocesses:app --workers CORES
"""

from __future__ import annotations

import subprocess

import numpy as np
from fastapi import FastAPI, Response
from pydantic import BaseModel

from bench.peers.sound import encoded
from polyvox.audio.encode import format_named

_HEADER = 44
"""Bytes of the WAV header that espeak-ng writes; its sizes are made up when it writes to a pipe."""
_RATE = 22050
_COMMAND = ("espeak-ng", "-v", "en-us", "--stdin", "--stdout")

app = FastAPI()


class Asked(BaseModel):
    input: str
    response_format: str = "mp3"


@app.post("/v1/audio/speech")
def speak(asked: Asked) -> Response:
    done = subprocess.run(_COMMAND, input=asked.input.encode(), capture_output=True, check=True)
    samples = np.divide(np.frombuffer(done.stdout[_HEADER:], "<i2"), 32768, dtype=np.float32)
    data = b"".join(encoded([samples], _RATE, asked.response_format))
    return Response(data, media_type=format_named(asked.response_format).media_type)

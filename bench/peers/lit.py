"""LitServe with Polyvox's own engine and encoder: what its inference server costs, and no more.
LitServe reads the annotations of `decode_request`, so they are not put off here.

    python -m bench.peers.lit PORT WORKERS
"""

import sys
from typing import Any

import litserve  # type: ignore[import-not-found, import-untyped, unused-ignore]
from fastapi import Response

from bench.peers.sound import encoded, loaded, spoken
from polyvox.audio.encode import format_named


class Speaking(litserve.LitAPI):  # type: ignore[misc, unused-ignore]
    def setup(self, device: str) -> None:
        self._engine = loaded()

    def decode_request(self, request: dict[str, Any]) -> tuple[str, str]:
        return request["input"], request["response_format"]

    def predict(self, asked: tuple[str, str]) -> tuple[bytes, str]:
        text, format_name = asked
        pieces = spoken(self._engine, text)
        return b"".join(encoded(pieces, self._engine.sample_rate, format_name)), format_name

    def encode_response(self, output: tuple[bytes, str]) -> Response:
        data, format_name = output
        return Response(data, media_type=format_named(format_name).media_type)


if __name__ == "__main__":
    port, workers = map(int, sys.argv[1:])
    server = litserve.LitServer(
        Speaking(api_path="/v1/audio/speech"),
        accelerator="cpu",
        workers_per_device=workers,
        timeout=False,
        fast_queue=True,
    )
    server.run("127.0.0.1", port, log_level="warning", generate_client_file=False)

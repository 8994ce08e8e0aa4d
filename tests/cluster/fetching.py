"""A node that fetches what a model needs when it is first asked for it, as the one on Modal does;
run as a program, with a drop-in engine and a folder for weights."""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

from polyvox.cluster.launches import weights_of
from polyvox.cluster.node import node
from polyvox.domain.errors import Unavailable
from polyvox.engines.registry import Registry
from polyvox.runtime.launch import Launch
from tests.cluster.nodes import TOKEN


def main(name: str, drop_ins: Path, weights: Path, python: str = "") -> None:
    engine = Registry(drop_ins).synthesizer(name)

    def launch(model: str) -> Launch:
        if python and not Path(python).exists():
            raise Unavailable("There is no such interpreter.")
        found = weights_of(engine, model, weights)
        own = Path(python) if python else None
        return Launch(name, model=model, weights=found, folder=drop_ins, python=own)

    config = uvicorn.Config(node(TOKEN, engine.models, launch), port=0)
    listening = config.bind_socket()
    print(f"listens on http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), *sys.argv[4:])

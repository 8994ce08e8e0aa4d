"""The steps of a line as CUDA graphs, through faster-qwen3-tts: one graph for the sounds, and one
for their fine codes for each way of drawing them. Without a GPU the same steps run without graphs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any
from weakref import WeakMethod

_WAYS_KEPT = 4
_WARM = 100
"""Positions that are taken as spoken while a graph is made; it fits any number."""


@dataclass(frozen=True)
class Drawing:
    """How fine codes are drawn; a graph holds it."""

    do_sample: bool = True
    top_k: int = 50
    temperature: float = 0.9


class Graphs:
    """Of one model, for lines that are spoken one after the other."""

    def __init__(self, model: Any, positions: int) -> None:
        """`positions` is how many words and sounds of a line they hold."""
        from faster_qwen3_tts.talker_graph import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
            TalkerGraph,
        )

        config = model.config.talker_config
        self.sounds = TalkerGraph(
            model.talker.model, config, max_seq_len=positions, **_place(model)
        )
        _make(self.sounds, self.sounds._decode_step, prefill_len=min(_WARM, positions - 1))
        self.fine: Callable[[Drawing], Any] = lru_cache(_WAYS_KEPT)(partial(_fine, model))
        """The graph that adds the fine codes to a sound, drawn like this; made when it is new."""


def _fine(model: Any, drawing: Drawing) -> Any:
    from faster_qwen3_tts.predictor_graph import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
        PredictorGraph,
    )

    predictor = model.talker.code_predictor
    graph = PredictorGraph(
        predictor,
        predictor.model.config,
        model.config.talker_config.hidden_size,
        do_sample=drawing.do_sample,
        top_k=drawing.top_k,
        temperature=drawing.temperature,
        **_place(model),
    )
    graph.lm_heads = [_in_full(head) for head in graph.lm_heads]
    _make(graph, graph._full_loop)
    return graph


def _place(model: Any) -> dict[str, Any]:
    """Of a device without a number the package asks CUDA for it, also of a CPU."""
    device = "cpu:0" if model.device.type == "cpu" else str(model.device)
    return {"device": device, "dtype": model.dtype}


def _in_full(head: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Draws from 32-bit numbers, as the plain package does."""
    return lambda hidden: head(hidden).float()


def _make(graph: Any, step: Callable[[], Any], **how: int) -> None:
    """Captures the graph, of which the package tells; on a CPU it gets ready for the plain step."""
    import torch  # type: ignore[import-not-found, unused-ignore]

    with torch.inference_mode(), redirect_stdout(sys.stderr):
        if torch.device(graph.device).type == "cuda":
            graph.capture(**how)
            return
        graph._init_cache_layers()
        graph._build_attention_masks()
        graph.graph = _Ungraphed(step)


class _Ungraphed:
    """Stands where the package keeps the graph of a step."""

    def __init__(self, step: Callable[[], Any]) -> None:
        self._step = WeakMethod(step)

    def replay(self) -> None:
        step = self._step()
        assert step is not None
        step()

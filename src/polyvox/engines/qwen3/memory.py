"""What the talker remembers of a line: in the fixed room of its graph as long as that suffices,
then in room that grows, where each step is slower."""

from __future__ import annotations

from typing import Any


class Memory:
    """Of one line."""

    def __init__(self, talker: Any, graph: Any, heard: Any) -> None:
        """`graph` is a `TalkerGraph`; `heard` is what the line begins with, as a growing cache."""
        self._talker, self._graph = talker, graph
        self._position = int(heard.get_seq_length())
        self._grown: Any = heard
        if self._position < graph.max_seq_len:
            self._grown = None
            graph.prefill_kv(heard)
            graph.set_generation_state(None, talker.rope_deltas)

    def hear(self, embedded: Any) -> Any:
        """What the talker makes of the next frame; both (1, 1, width). It holds until the next."""
        position, self._position = self._position, self._position + 1
        if position < self._graph.max_seq_len:
            return self._graph.run(embedded, position)
        if self._grown is None:
            self._grown = self._moved()
        import torch  # type: ignore[import-not-found, unused-ignore]

        return self._talker.model(
            inputs_embeds=embedded,
            past_key_values=self._grown,
            position_ids=(self._talker.rope_deltas + position).expand(3, -1, -1),
            cache_position=torch.tensor([position], device=embedded.device),
            use_cache=True,
        ).last_hidden_state

    def _moved(self) -> Any:
        from transformers import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
            DynamicCache,
        )

        grown = DynamicCache()
        for number, layer in enumerate(self._graph.static_cache.layers):
            grown.update(layer.keys.clone(), layer.values.clone(), number)
        return grown

"""A seed of its own for each of the texts that are spoken together: the same draws as alone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any


def seeded(torch: Any, seeds: Sequence[int]) -> AbstractContextManager[Any]:
    """Inside it, each row of a batch of `len(seeds)` is drawn by `torch.multinomial` as it would be
    alone after `torch.manual_seed` with its seed."""
    torch.manual_seed(seeds[0])
    if len(seeds) == 1:
        return nullcontext()
    generators: dict[Any, list[Any]] = {}

    def on(device: Any) -> list[Any]:
        if device not in generators:
            generators[device] = [torch.Generator(device).manual_seed(seed) for seed in seeds]
        return generators[device]

    class Rows(torch.overrides.TorchFunctionMode):  # type: ignore[misc, unused-ignore]
        def __torch_function__(
            self, function: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            if function is not torch.multinomial or len(args[0]) != len(seeds):
                return function(*args, **(kwargs or {}))
            rows = zip(args[0].split(1), on(args[0].device), strict=True)
            drawn = [
                function(row, *args[1:], **{**(kwargs or {}), "generator": each})
                for row, each in rows
            ]
            return torch.cat(drawn)

    return Rows()

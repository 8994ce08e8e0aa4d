"""A line that is spoken alone, in the package's own steps as CUDA graphs: the plain package starts
each of some thousand small operations a frame from Python, which is most of its time on a GPU.

Draws are those of the plain package: the same options, in the same order, from the same seed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, Optional

from polyvox.domain.errors import Unavailable
from polyvox.engines.qwen3.codec import Frame
from polyvox.engines.qwen3.graphs import Drawing, Graphs
from polyvox.engines.qwen3.memory import Memory


def quick(model: Any, wish: str, positions: int) -> Optional[Quick]:
    """What speaks `model` quickly, where `wish` is yes, or auto and it is on a GPU.

    Where it cannot be, yes raises Unavailable, and auto says so on standard error.
    """
    if wish == "no" or (wish == "auto" and model.device.type != "cuda"):
        return None
    try:
        return Quick(model, positions)
    except ImportError:
        reason = "faster-qwen3-tts is not here: run `polyvox engines install qwen3`."
    except RuntimeError as error:
        reason = f"{' '.join(str(error).split())[:200]}."
    if wish == "yes":
        raise Unavailable(f"Qwen3-TTS cannot be fast: {reason} Or set its 'fast' to 'no'.")
    print(f"Qwen3-TTS speaks, but is not fast: {reason}", file=sys.stderr)
    return None


class Quick:
    """Says one line after the other."""

    def __init__(self, model: Any, positions: int) -> None:
        self._model, self._graphs = model, Graphs(model, positions)
        self._graphs.fine(Drawing())

    def can(self, sampling: Mapping[str, Any]) -> bool:
        """Whether it draws so: the package's choice by `subtalker_top_p` is another one than the
        plain package's, and may wait for the GPU, which a graph must not."""
        return not sampling["subtalker_dosample"] or bool(sampling["subtalker_top_p"] >= 1)

    def get_ready(self, sampling: Mapping[str, Any]) -> None:
        """Makes the graph that draws so; before the seed is set, for it draws too."""
        self._fine(sampling)

    def _fine(self, sampling: Mapping[str, Any]) -> Any:
        if not sampling["subtalker_dosample"]:
            return self._graphs.fine(Drawing(do_sample=False))
        top_k, temperature = sampling["subtalker_top_k"], sampling["subtalker_temperature"]
        return self._graphs.fine(Drawing(True, top_k, temperature))

    def say(self, given: Mapping[str, Any], tell: Callable[[Frame], None]) -> None:
        """Tells each frame when it is made; an error of `tell` ends it.

        `given` is what the package gives to its talker to say one line.
        """
        import torch  # type: ignore[import-not-found, unused-ignore]

        talker, fine = self._model.talker, self._fine(given)
        draw = _Draw(given, talker.codec_head.out_features)
        rest, pad = given["trailing_text_hidden"], given["tts_pad_embed"]
        with torch.inference_mode():
            heard = talker(
                inputs_embeds=given["inputs_embeds"],
                attention_mask=given["attention_mask"],
                trailing_text_hidden=rest,
                tts_pad_embed=pad,
                use_cache=True,
            )
            memory = Memory(talker, self._graphs.sounds, heard.past_key_values)
            hidden, sound = heard.past_hidden, draw(heard.logits[:, -1])
            for count in range(given["max_new_tokens"] - 1):
                if int(sound) == given["eos_token_id"]:
                    return
                embedded = talker.get_input_embeddings()(sound)
                codes = fine.run(torch.cat((hidden, embedded), dim=1))
                tell(torch.cat((sound[0], codes)).cpu().numpy())
                text = rest[:, count : count + 1] if count < rest.shape[1] else pad
                hidden = memory.hear(self._together(embedded, codes) + text)
                sound = draw(talker.codec_head(hidden)[:, -1])

    def _together(self, embedded: Any, codes: Any) -> Any:
        """A frame as the talker hears it."""
        import torch

        fine = self._model.talker.code_predictor.get_input_embeddings()
        parts = [layer(codes[None, n : n + 1]) for n, layer in enumerate(fine)]
        return torch.cat([embedded, *parts], dim=1).sum(1, keepdim=True)


class _Draw:
    """Draws sounds as Transformers does, by its rules in its order."""

    def __init__(self, given: Mapping[str, Any], entries: int) -> None:
        """`entries` is the number of sounds there are, with those that are marks."""
        import torch
        from transformers.generation import (  # type: ignore[import-not-found, import-untyped, unused-ignore]
            RepetitionPenaltyLogitsProcessor,
            TemperatureLogitsWarper,
            TopKLogitsWarper,
            TopPLogitsWarper,
        )

        self._sample, self._fewest = given["do_sample"], given["min_new_tokens"]
        device = given["inputs_embeds"].device
        self._never = torch.zeros(entries, dtype=torch.bool, device=device)
        self._never[given["suppress_tokens"]] = True
        self._not_yet = self._never.clone()
        self._not_yet[given["eos_token_id"]] = True
        self._repeat = RepetitionPenaltyLogitsProcessor(given["repetition_penalty"])
        self._choose: list[Any] = []
        if self._sample:
            self._choose.append(TemperatureLogitsWarper(given["temperature"]))
        if self._sample and given["top_k"]:
            self._choose.append(TopKLogitsWarper(given["top_k"]))
        if self._sample and given["top_p"] < 1:
            self._choose.append(TopPLogitsWarper(given["top_p"]))
        self._drawn = torch.zeros((1, given["max_new_tokens"]), dtype=torch.long, device=device)
        self._count = 0

    def __call__(self, logits: Any) -> Any:
        """One of the sounds that have these logits; (1, 1)."""
        import torch

        before = self._drawn[:, : self._count]
        left_out = self._not_yet if self._count < self._fewest else self._never
        scores = self._repeat(before, logits.float()).masked_fill(left_out, float("-inf"))
        for rule in self._choose:
            scores = rule(before, scores)
        if self._sample:
            drawn = torch.multinomial(scores.softmax(-1), 1)
        else:
            drawn = scores.argmax(-1, keepdim=True)
        self._drawn[:, self._count : self._count + 1] = drawn
        self._count += 1
        return drawn

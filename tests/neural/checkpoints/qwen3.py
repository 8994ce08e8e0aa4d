"""Makes tiny random Qwen3-TTS checkpoints with the package's own classes, one of each kind.

    python qwen3.py FOLDER [--full MODEL]

FOLDER then holds a folder for each of the five models, named like it. They differ in kind and in
the size that their configuration names, not in weights. With --full it holds only MODEL, as large
as the real one but for its vocabulary of words and what its codec listens with.
"""

import inspect
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

KINDS = {"preset": "custom_voice", "voice-clone": "base", "voice-design": "voice_design"}
MODELS = {
    "qwen3-tts-1.7b-preset": ("preset", "1b7"),
    "qwen3-tts-0.6b-preset": ("preset", "0b6"),
    "qwen3-tts-1.7b-voice-clone": ("voice-clone", "1b7"),
    "qwen3-tts-0.6b-voice-clone": ("voice-clone", "0b6"),
    "qwen3-tts-1.7b-voice-design": ("voice-design", "1b7"),
}


@dataclass(frozen=True)
class Shape:
    """How large the networks are."""

    width: int
    inner: int
    heads: int
    shared_heads: int
    head: int
    layers: int
    """Of the talker."""
    fine_layers: int
    """Of what adds the fine codes of a frame."""
    text_width: int
    groups: int
    """Codebooks of a frame; 16 in the real model, whose frames take four times as long."""
    codes: int
    """Entries of a codebook."""
    rotary: tuple[int, int, int]
    codec: Mapping[str, int]
    """Of its decoder."""
    fine_width: int = 0
    """Of what adds the fine codes; `width` when 0."""


TINY_CODEC = {
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "codebook_dim": 32,
    "hidden_size": 32,
    "latent_dim": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "decoder_dim": 32,
}
FULL_CODEC = {
    "num_attention_heads": 16,
    "num_key_value_heads": 16,
    "head_dim": 64,
    "codebook_dim": 512,
    "hidden_size": 512,
    "latent_dim": 1024,
    "intermediate_size": 1024,
    "num_hidden_layers": 8,
    "decoder_dim": 1536,
}
TINY = Shape(32, 64, 2, 1, 16, 2, 1, 32, 4, 64, (4, 2, 2), TINY_CODEC)
SMALL = Shape(1024, 3072, 16, 8, 128, 28, 5, 2048, 16, 2048, (24, 20, 20), FULL_CODEC)
LARGE = replace(SMALL, width=2048, inner=6144, fine_width=1024)
LANGUAGES = """chinese english german italian portuguese spanish japanese korean french russian
beijing_dialect sichuan_dialect""".split()
SPEAKERS = "serena vivian uncle_fu ryan aiden ono_anna sohee eric dylan".split()
DIALECTS = {"eric": "sichuan_dialect", "dylan": "beijing_dialect"}
MARKS = ["<|im_start|>", "<|im_end|>", "<tts_pad>", "<tts_text_bos>", "<tts_text_eod>"]


def text_tokenizer(folder: Path) -> Any:
    """Byte by byte, but for the two roles: the model finds its text by counting tokens."""
    from transformers import Qwen2TokenizerFast
    from transformers.models.gpt2.tokenization_gpt2 import bytes_to_unicode

    vocabulary = {character: rank for rank, character in enumerate(bytes_to_unicode().values())}
    merges = ["#version: 0.2"]
    for role in ("assistant", "user"):
        for end in range(1, len(role)):
            merge = f"{role[:end]} {role[end]}"
            if merge not in merges:
                merges.append(merge)
            vocabulary.setdefault(role[: end + 1], len(vocabulary))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(merges) + "\n", encoding="utf-8")
    return Qwen2TokenizerFast(
        vocab_file=str(folder / "vocab.json"),
        merges_file=str(folder / "merges.txt"),
        unk_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        eos_token="<|im_end|>",
        additional_special_tokens=MARKS,
    )


def configuration(kind: str, size: str, tokenizer: Any, shape: Shape) -> Any:
    from qwen_tts.core.models import Qwen3TTSConfig

    control, language, speaker = shape.codes + 100, shape.codes + 200, shape.codes + 300
    speakers = SPEAKERS if kind == "custom_voice" else []
    layers = {
        "hidden_size": shape.width,
        "intermediate_size": shape.inner,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.shared_heads,
        "head_dim": shape.head,
        "rope_theta": 1000000,
        "num_code_groups": shape.groups,
    }
    talker = {
        **layers,
        "vocab_size": shape.codes + 1024,
        "num_hidden_layers": shape.layers,
        "max_position_embeddings": 4096,
        "rope_scaling": {
            "interleaved": True,
            "mrope_section": list(shape.rotary),
            "rope_type": "default",
        },
        "text_hidden_size": shape.text_width,
        "text_vocab_size": 320,
        "codec_pad_id": control,
        "codec_bos_id": control + 1,
        "codec_eos_token_id": control + 2,
        "codec_think_id": control + 6,
        "codec_nothink_id": control + 7,
        "codec_think_bos_id": control + 8,
        "codec_think_eos_id": control + 9,
        "codec_language_id": {name: language + rank for rank, name in enumerate(LANGUAGES)},
        "spk_id": {name: speaker + rank for rank, name in enumerate(speakers)},
        "spk_is_dialect": {name: DIALECTS.get(name, False) for name in speakers},
        "code_predictor_config": {
            **layers,
            "hidden_size": shape.fine_width or shape.width,
            "vocab_size": shape.codes,
            "num_hidden_layers": shape.fine_layers,
            "max_position_embeddings": 256,
        },
    }
    encoder = {
        "mel_dim": 128,
        "enc_dim": shape.width,
        "enc_channels": [16, 16, 16, 16, 48],
        "enc_kernel_sizes": [5, 3, 3, 3, 1],
        "enc_dilations": [1, 2, 3, 4, 1],
        "enc_attention_channels": 8,
        "enc_res2net_scale": 4,
        "enc_se_channels": 8,
        "sample_rate": 24000,
    }
    number = tokenizer.convert_tokens_to_ids
    return Qwen3TTSConfig(
        talker_config=talker,
        speaker_encoder_config=encoder,
        tokenizer_type="qwen3_tts_tokenizer_12hz",
        tts_model_size=size,
        tts_model_type=kind,
        im_start_token_id=number("<|im_start|>"),
        im_end_token_id=number("<|im_end|>"),
        tts_pad_token_id=number("<tts_pad>"),
        tts_bos_token_id=number("<tts_text_bos>"),
        tts_eos_token_id=number("<tts_text_eod>"),
        architectures=["Qwen3TTSForConditionalGeneration"],
    )


def codec(shape: Shape) -> Any:
    from qwen_tts.core import Qwen3TTSTokenizerV2Config, Qwen3TTSTokenizerV2Model

    return Qwen3TTSTokenizerV2Model(
        Qwen3TTSTokenizerV2Config(
            encoder_config={
                "num_attention_heads": 2,
                "num_key_value_heads": 2,
                "head_dim": 16,
                "hidden_size": 32,
                "num_filters": 4,
                "upsampling_ratios": [8, 6, 5, 4],
                "codebook_size": shape.codes,
                "codebook_dim": 16,
                "num_quantizers": shape.groups,
                "vector_quantization_hidden_dimension": 16,
                "num_semantic_quantizers": 1,
                "upsample_groups": 32,
                "num_hidden_layers": 1,
                "intermediate_size": 64,
                "sliding_window": 250,
            },
            decoder_config={
                **shape.codec,
                "codebook_size": shape.codes,
                "sliding_window": 72,
                "num_quantizers": shape.groups,
                "upsample_rates": [8, 5, 4, 3],
                "upsampling_ratios": [2, 2],
            },
            encoder_valid_num_quantizers=shape.groups,
        )
    ).eval()


def make_audible(model: Any, shape: Shape) -> None:
    """A fresh codec is silent: gives it codebooks, and a level of about 0.1."""
    import torch

    with torch.no_grad():
        for name, values in [*model.named_parameters(), *model.named_buffers()]:
            if name.endswith(("embedding_sum", "embed_sum")):
                values.normal_()
            elif name.startswith("decoder.") and values.dim() == 3:
                values.normal_(std=1 / math.sqrt(values.shape[1] * values.shape[2]))
        seen: list[Any] = []
        last = model.decoder.decoder[-1].conv
        hook = last.register_forward_hook(lambda _module, _given, made: seen.append(made))
        codes = torch.randint(0, shape.codes, (2, shape.groups, 24))
        model.decoder(codes)
        last.weight.mul_(0.1 / seen[-1].std())
        last.bias.zero_()
        model.decoder(codes)
        last.bias.sub_(seen[-1].mean())
        hook.remove()


def make_talkative(model: Any) -> None:
    """Speakers and words make a difference, some sounds become likelier than others, and the end
    is likely after a hundred or so."""
    import torch

    with torch.no_grad():
        model.talker.get_input_embeddings().weight.normal_()
        model.talker.get_text_embeddings().weight.normal_()
        for name, weight in model.talker.named_parameters():
            if weight.dim() == 2 and ("self_attn" in name or "text_projection" in name):
                weight.normal_(std=2 * weight.shape[1] ** -0.5)
        head = model.talker.codec_head.weight
        head.normal_(std=head.shape[1] ** -0.5)
        model.talker.codec_head.weight[model.config.talker_config.codec_eos_token_id] = 0


def mend_configuration(path: Path, accepted: set[str]) -> None:
    """Drops what saving adds to the speaker encoder and its class does not take again."""
    written = json.loads(path.read_text())
    encoder = written["speaker_encoder_config"]
    written["speaker_encoder_config"] = {key: encoder[key] for key in encoder if key in accepted}
    path.write_text(json.dumps(written, indent=2))


def make(folder: Path, full: str | None = None) -> None:
    import torch
    from qwen_tts.core.models import Qwen3TTSForConditionalGeneration, Qwen3TTSProcessor
    from transformers import EncodecFeatureExtractor

    shape = {"1b7": LARGE, "0b6": SMALL}[MODELS[full][1]] if full else TINY
    precision = torch.bfloat16 if full else torch.float32
    torch.manual_seed(0)
    sound = codec(shape)
    make_audible(sound, shape)
    for name, (kind, size) in MODELS.items():
        if full not in (None, name):
            continue
        place = folder / name
        tokenizer = text_tokenizer(place)
        torch.manual_seed(1)
        described = configuration(KINDS[kind], size, tokenizer, shape)
        model = Qwen3TTSForConditionalGeneration(described)
        make_talkative(model)
        model.to(precision).eval().save_pretrained(place)
        encoder = type(model.config.speaker_encoder_config)
        mend_configuration(place / "config.json", set(inspect.signature(encoder).parameters))
        Qwen3TTSProcessor(tokenizer=tokenizer).save_pretrained(place)
        defaults = {"do_sample": True, "temperature": 0.9, "top_k": 50, "max_new_tokens": 8192}
        (place / "generation_config.json").write_text(json.dumps(defaults))
        sound.save_pretrained(place / "speech_tokenizer")
        EncodecFeatureExtractor(sampling_rate=24000).save_pretrained(place / "speech_tokenizer")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src"))
    from polyvox.engines.qwen3.package import import_package

    import_package()
    make(Path(sys.argv[1]), sys.argv[3] if "--full" in sys.argv else None)

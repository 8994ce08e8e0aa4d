"""Makes a tiny random F5 checkpoint and vocoder with the packages' own classes, laid out like the
folder of the published ones.

    python f5.py FOLDER
"""

import sys
import types
from importlib.resources import files
from pathlib import Path
from typing import Any

NAME = "F5TTS_v1_Base"
RATE, BANDS, WINDOW, HOP = 24000, 100, 1024, 256
ARCH = {
    "dim": 64,
    "depth": 2,
    "heads": 2,
    "ff_mult": 2,
    "text_dim": 32,
    "text_mask_padding": True,
    "conv_layers": 2,
}
MEL = {
    "target_sample_rate": RATE,
    "n_mel_channels": BANDS,
    "hop_length": HOP,
    "win_length": WINDOW,
    "n_fft": WINDOW,
    "mel_spec_type": "vocos",
}
LOUDNESS = 1.5
"""Mean of the vocoder's logarithmic magnitudes, so that it is neither silent nor clipped."""


def import_torchaudio() -> None:
    """Without its compiled part where that fits no PyTorch of this machine."""
    try:
        import torchaudio
    except OSError:
        extension: Any = types.ModuleType("torchaudio._extension")
        extension._IS_TORCHAUDIO_EXT_AVAILABLE = extension._IS_ALIGN_AVAILABLE = False
        extension.fail_if_no_align = lambda function: function
        sys.modules[extension.__name__] = extension
        import torchaudio  # noqa: F401


def make(folder: Path) -> None:
    training: Any = types.ModuleType("f5_tts.model.trainer")
    training.Trainer = None
    sys.modules[training.__name__] = training
    import_torchaudio()
    import torch

    torch.manual_seed(0)
    (folder / NAME).mkdir(parents=True, exist_ok=True)
    make_network(folder)
    make_vocoder(folder / "vocos")


def make_network(folder: Path) -> None:
    import torch
    import yaml
    from f5_tts.model import CFM, DiT
    from f5_tts.model.utils import get_tokenizer
    from safetensors.torch import save_file

    vocabulary = folder / NAME / "vocab.txt"
    vocabulary.write_bytes((files("f5_tts") / "infer" / "examples" / "vocab.txt").read_bytes())
    numbers, size = get_tokenizer(str(vocabulary), "custom")
    transformer = DiT(**ARCH, text_num_embeds=size, mel_dim=BANDS)
    mixing = [block.attn_norm.linear for block in transformer.transformer_blocks]
    for layer in (*mixing, transformer.norm_out.linear, transformer.proj_out):
        torch.nn.init.normal_(layer.weight, std=0.1)
    network = CFM(transformer, mel_spec_kwargs=MEL, vocab_char_map=numbers)
    tensors = {f"ema_model.{name}": value for name, value in network.state_dict().items()}
    save_file(tensors, folder / NAME / "model_1250000.safetensors")
    described = {"model": {"name": "tiny", "backbone": "DiT", "arch": ARCH, "mel_spec": MEL}}
    (folder / f"{NAME}.yaml").write_text(yaml.safe_dump(described), encoding="utf-8")


def make_vocoder(folder: Path) -> None:
    import torch
    import yaml
    from vocos import Vocos

    folder.mkdir(exist_ok=True)
    width = {"dim": 64}
    described = {
        "feature_extractor": {
            "class_path": "vocos.feature_extractors.MelSpectrogramFeatures",
            "init_args": {
                "sample_rate": RATE,
                "n_fft": WINDOW,
                "hop_length": HOP,
                "n_mels": BANDS,
                "padding": "center",
            },
        },
        "backbone": {
            "class_path": "vocos.models.VocosBackbone",
            "init_args": {
                "input_channels": BANDS,
                "intermediate_dim": 128,
                "num_layers": 2,
                **width,
            },
        },
        "head": {
            "class_path": "vocos.heads.ISTFTHead",
            "init_args": {"n_fft": WINDOW, "hop_length": HOP, "padding": "center", **width},
        },
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(described), encoding="utf-8")
    vocoder = Vocos.from_hparams(str(folder / "config.yaml"))
    with torch.no_grad():
        vocoder.head.out.bias[: WINDOW // 2 + 1] += LOUDNESS
    torch.save(vocoder.state_dict(), folder / "pytorch_model.bin")


if __name__ == "__main__":
    make(Path(sys.argv[1]))

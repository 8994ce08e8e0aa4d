"""Makes a tiny random converter of OpenVoice v2 with the package's own classes, in the form in
which the real one is published (weights kept as lengths and directions by their old names).

    python openvoice.py FOLDER [--full]

FOLDER/openvoice-v2/converter then holds it; with --full it has the size of the real one.
"""

import json
import sys
from pathlib import Path

FULL = {
    "zero_g": True,
    "inter_channels": 192,
    "hidden_channels": 192,
    "filter_channels": 768,
    "n_heads": 2,
    "n_layers": 6,
    "kernel_size": 3,
    "p_dropout": 0.1,
    "resblock": "1",
    "resblock_kernel_sizes": [3, 7, 11],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
    "upsample_rates": [8, 8, 2, 2],
    "upsample_initial_channel": 512,
    "upsample_kernel_sizes": [16, 16, 4, 4],
    "gin_channels": 256,
}
TINY = {
    **FULL,
    "inter_channels": 16,
    "hidden_channels": 16,
    "filter_channels": 32,
    "n_layers": 1,
    "upsample_initial_channel": 32,
    "gin_channels": 32,
}
DATA = {
    "sampling_rate": 22050,
    "filter_length": 1024,
    "hop_length": 256,
    "win_length": 1024,
    "n_speakers": 0,
}
OLD_NAMES = {
    "parametrizations.weight.original0": "weight_g",
    "parametrizations.weight.original1": "weight_v",
}
LOUDNESS = 20.0
"""How much louder than its random start the vocoder is made, so that something is heard."""
DIFFERENCE = 0.05
"""Size of what the flow adds in one voice and takes away in another; it starts as nothing."""


def old_name(name: str) -> str:
    for new, old in OLD_NAMES.items():
        name = name.replace(new, old)
    return name


def make(folder: Path, shape: dict[str, object]) -> None:
    import torch
    from TTS.vc.configs.openvoice_config import OpenVoiceArgs, OpenVoiceConfig
    from TTS.vc.models.openvoice import OpenVoice

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    converter = OpenVoice(OpenVoiceConfig(model_args=OpenVoiceArgs(**shape)))
    with torch.no_grad():
        converter.dec.conv_post.weight.mul_(LOUDNESS)
        for layer in converter.flow.flows[::2]:
            layer.post.weight.normal_(0, DIFFERENCE)
    config = {"_version_": "v2", "data": DATA, "model": shape}
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    weights = {old_name(name): tensor for name, tensor in converter.state_dict().items()}
    whole = {"model": weights, "iteration": 0, "optimizer": None, "learning_rate": 0.0}
    torch.save(whole, folder / "checkpoint.pth")


if __name__ == "__main__":
    make(Path(sys.argv[1]) / "openvoice-v2" / "converter", FULL if "--full" in sys.argv else TINY)

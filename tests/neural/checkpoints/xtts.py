"""Makes a tiny random XTTS-v2 checkpoint with the package's own classes, in the form in which the
real one is published (its configuration pickled beside the weights).

    python xtts.py FOLDER
"""

import sys
from pathlib import Path

LANGUAGES = "en es fr de it pt pl tr ru nl cs ar zh-cn hu ko ja hi".split()
SPEAKERS = ("Claribel Dervla", "Daisy Studious")
WIDTH = 64
SOUNDS = 24
"""How many a text becomes, whatever it says: the random model never says that it is done."""
FAVOURITES = 12
"""Sounds that are likelier than all others, so that some come again and a penalty is heard."""
LOUDNESS = 40.0
"""How much louder than its random start the vocoder is made."""


def write_vocabulary(path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    marks = ["[STOP]", "[UNK]", "[SPACE]", "[START]", *(f"[{each}]" for each in LANGUAGES)]
    entries = [*marks, *"!'(),-.:;?", *map(chr, range(ord("a"), ord("z") + 1))]
    ranks = {entry: index for index, entry in enumerate(entries)}
    tokenizer = Tokenizer(models.BPE(vocab=ranks, merges=[], unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(marks)
    tokenizer.save(str(path))


def make(folder: Path) -> None:
    import torch
    from torch.nn.functional import normalize
    from TTS.tts.configs.xtts_config import XttsArgs, XttsAudioConfig, XttsConfig
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer
    from TTS.tts.models import xtts

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    write_vocabulary(folder / "vocab.json")
    shape = XttsArgs(
        gpt_layers=2,
        gpt_n_model_channels=WIDTH,
        gpt_n_heads=2,
        decoder_input_dim=WIDTH,
        gpt_max_audio_tokens=SOUNDS,
        gpt_num_audio_tokens=1026,
        gpt_start_audio_token=1024,
        gpt_stop_audio_token=1025,
        gpt_use_perceiver_resampler=True,
        kv_cache=True,
    )
    config = XttsConfig(
        model_args=shape,
        audio=XttsAudioConfig(),
        gpt_cond_len=30,
        gpt_cond_chunk_len=4,
        max_ref_len=30,
    )
    model = xtts.Xtts(config)
    model.tokenizer = VoiceBpeTokenizer(vocab_file=folder / "vocab.json")
    model.init_models()
    with torch.no_grad():
        model.gpt.mel_head.bias[shape.gpt_stop_audio_token] = -1e4
        model.gpt.mel_head.bias[:FAVOURITES] += 5
        model.hifigan_decoder.waveform_decoder.conv_post.weight.mul_(LOUDNESS)
    config.save_json(str(folder / "config.json"))
    with xtts._legacy_safe_globals():
        torch.save({"model": model.state_dict(), "config": config}, folder / "model.pth")
    voices = {
        name: {
            "gpt_cond_latent": torch.randn(1, 32, WIDTH),
            "speaker_embedding": normalize(torch.randn(1, 512, 1), dim=1),
        }
        for name in SPEAKERS
    }
    torch.save(voices, folder / "speakers_xtts.pth")


if __name__ == "__main__":
    from polyvox.engines.pytorch import import_torchaudio

    import_torchaudio()
    make(Path(sys.argv[1]))

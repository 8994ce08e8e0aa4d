"""The speakers that are cloned: voices of flite and festival, which make recordings of known words
that anybody can make again. Kept in a folder, so that they are spoken once."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from polyvox.audio.resample import resampled
from polyvox.domain.audio import Samples

FLITE, FESTIVAL = "flite", "festival"
_ENCODINGS = {"cs": "iso-8859-2", "ru": "utf-8", "hi": "utf-8"}
"""What festival's voices of a language read; the others read Latin 1."""
_LIMIT = 60
"""Seconds for one sentence."""
_LOUD = 0.08
"""Root of the mean square that every recording is brought to."""


@dataclass(frozen=True)
class Target:
    """A speaker to be cloned."""

    name: str
    gender: str
    """female or male."""
    language: str
    """BCP 47 code."""
    synthesizer: str
    """flite or festival."""
    voice: str
    """As the synthesizer calls it."""
    packages: str
    """Of Debian, that bring it."""
    untouched: bool = False
    """Whether nobody may look at it while choosing how to clone."""


def _festival(
    name: str, gender: str, language: str, voice: str, packages: str, untouched: bool = False
) -> Target:
    return Target(name, gender, language, FESTIVAL, voice, f"festival {packages}", untouched)


TARGETS = (
    Target("slt", "female", "en", FLITE, "slt", "flite"),
    Target("rms", "male", "en", FLITE, "rms", "flite"),
    Target("awb", "male", "en", FLITE, "awb", "flite"),
    Target("kal", "male", "en", FLITE, "kal16", "flite"),
    _festival("ked", "male", "en", "ked_diphone", "festvox-kdlpc16k"),
    _festival("dita", "female", "cs", "czech_dita", "festival-czech festvox-czech-dita"),
    _festival("machac", "male", "cs", "czech_machac", "festival-czech festvox-czech-machac"),
    _festival("ph", "male", "cs", "czech_ph", "festival-czech festvox-czech-ph"),
    _festival("mv", "male", "fi", "hy_fi_mv_diphone", "festvox-suopuhe-mv"),
    _festival("lp", "female", "it", "lp_diphone", "festvox-italp16k"),
    _festival("nsh", "male", "ru", "msu_ru_nsh_clunits", "festvox-ru"),
    _festival("krb", "male", "cs", "czech_krb", "festival-czech festvox-czech-krb", True),
    _festival("lj", "female", "fi", "suo_fi_lj_diphone", "festvox-suopuhe-lj", True),
    _festival("pc", "male", "it", "pc_diphone", "festvox-itapc16k", True),
    _festival("ona", "female", "ca", "upc_ca_ona_hts", "festival-ca festvox-ca-ona-hts", True),
    _festival("nsk", "male", "hi", "hindi_NSK_diphone", "festival-hi festvox-hi-nsk", True),
)

LISTENERS = (
    *(each for each in TARGETS if each.name in ("rms", "awb", "kal", "ked")),
    _festival("slt", "female", "en", "cmu_us_slt_arctic_hts", "festvox-us-slt-hts"),
)
"""Whose words those of others are compared with; slt with a voice that says words more clearly."""


def missing(targets: Iterable[Target]) -> list[Target]:
    """Those whose voice is not installed here."""
    flite = shutil.which("flite") is not None
    festival = _voices_of_festival()
    return [
        each
        for each in targets
        if not (flite if each.synthesizer == FLITE else each.voice in festival)
    ]


def recordings(target: Target, texts: Sequence[str], folder: Path, rate: int) -> list[Samples]:
    """Each text as `target` says it, all equally loud, at `rate` hertz; kept in `folder`."""
    return [_recording(target, text, place(target, text, folder), rate) for text in texts]


def place(target: Target, text: str, folder: Path) -> Path:
    """Where `text` as `target` says it is kept."""
    return folder / target.voice / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.wav"


def encoding(target: Target) -> str:
    """What its synthesizer reads."""
    return "utf-8" if target.synthesizer == FLITE else _ENCODINGS.get(target.language, "latin-1")


def _recording(target: Target, text: str, kept: Path, rate: int) -> Samples:
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as name:
            _say(target, text, Path(name)).rename(kept)
    samples, own_rate = _read(kept)
    gain = _LOUD / float(np.sqrt((samples**2).mean()))
    return resampled(np.multiply(samples, gain, dtype=np.float32), own_rate, rate)


def _say(target: Target, text: str, folder: Path) -> Path:
    """The new file; raises ChildProcessError when the synthesizer makes none."""
    written, spoken = folder / "text", folder / "spoken.wav"
    written.write_bytes(text.encode(encoding(target)))
    if target.synthesizer == FLITE:
        command = ["flite", "-voice", target.voice, "-f", str(written), "-o", str(spoken)]
    else:
        voice = f"(voice_{target.voice})"
        command = ["text2wave", "-eval", voice, str(written), "-o", str(spoken)]
    done = subprocess.run(command, capture_output=True, timeout=_LIMIT)
    if done.returncode or not spoken.exists():
        raise ChildProcessError(f"{target.name} does not say '{text}': {done.stderr.decode()}")
    return spoken


def _read(path: Path) -> tuple[Samples, int]:
    """Samples and their rate, of 16-bit mono."""
    with wave.open(str(path)) as file:
        data = file.readframes(file.getnframes())
        return np.divide(np.frombuffer(data, "<i2"), 32768, dtype=np.float32), file.getframerate()


def _voices_of_festival() -> frozenset[str]:
    if shutil.which("festival") is None or shutil.which("text2wave") is None:
        return frozenset()
    asked = ["festival", "-b", "(print (voice.list))"]
    found = subprocess.run(asked, capture_output=True, text=True, timeout=_LIMIT)
    return frozenset(found.stdout.strip(" ()\n").split())

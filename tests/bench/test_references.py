from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from bench.likeness.references import (
    FESTIVAL,
    FLITE,
    LISTENERS,
    TARGETS,
    Target,
    encoding,
    place,
    recordings,
)
from bench.likeness.sentences import SENTENCES, WORDS

ABSENT = Target("nobody", "female", "en", FESTIVAL, "of_nobody", "none")
TONE = Target("tone", "male", "en", FLITE, "tone", "none")


def keep(folder: Path, text: str, amplitude: float) -> None:
    """A second of 200 Hz at 8 kHz, as if `TONE` had said `text`."""
    kept = place(TONE, text, folder)
    kept.parent.mkdir(exist_ok=True)
    sound = amplitude * np.sin(2 * np.pi * 200 * np.arange(8000) / 8000)
    with wave.open(str(kept), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes((32767 * sound).astype("<i2").tobytes())


def test_every_target_has_a_name_and_a_voice_of_its_own() -> None:
    assert len({each.name for each in TARGETS}) == len(TARGETS)
    assert len({each.voice for each in TARGETS}) == len(TARGETS)


def test_every_text_can_be_written_as_its_synthesizer_reads_it() -> None:
    for target in TARGETS:
        texts = SENTENCES[target.language]
        for text in (*texts.enrolled, *texts.judged):
            assert text.encode(encoding(target)).decode(encoding(target)) == text


def test_no_sentence_judges_that_was_enrolled() -> None:
    for texts in SENTENCES.values():
        for each in (texts, texts.fewer()):
            assert not set(each.enrolled) & set(each.judged)
            assert each.enrolled
            assert each.judged


def test_words_are_all_different() -> None:
    assert len(set(WORDS)) == len(WORDS)


def test_only_english_is_listened_to() -> None:
    assert {each.language for each in LISTENERS} == {"en"}


def test_some_targets_of_either_gender_are_untouched() -> None:
    assert {each.gender for each in TARGETS if each.untouched} == {"female", "male"}
    assert {each.synthesizer for each in TARGETS if each.untouched} == {FESTIVAL}


def test_recordings_that_are_kept_are_not_spoken_again(tmp_path: Path) -> None:
    keep(tmp_path, "A tone.", 0.9)
    keep(tmp_path, "Another.", 0.1)
    loud, quiet = recordings(TONE, ["A tone.", "Another."], tmp_path, 16000)
    assert len(loud) == pytest.approx(16000, abs=2)
    np.testing.assert_allclose(loud, quiet, atol=0.001)
    assert np.sqrt((loud**2).mean()) == pytest.approx(0.08, rel=0.02)


def test_nothing_is_kept_of_what_cannot_be_spoken(tmp_path: Path) -> None:
    with pytest.raises((ChildProcessError, FileNotFoundError)):
        recordings(ABSENT, ["Hello."], tmp_path, 16000)
    assert not [each for each in tmp_path.rglob("*") if each.is_file()]

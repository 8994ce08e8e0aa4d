"""Making voices: cloned from a recording, designed from words, blended from others. What is
wrong is said before anything is kept, and nothing is kept in part."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import time
from typing import Any

from polyvox.audio.decode import Limits, decode
from polyvox.audio.reference import Prepared, prepare, write_wav
from polyvox.audio.resample import resampled
from polyvox.domain.errors import Conflict, InvalidInput
from polyvox.domain.identity import new_id
from polyvox.domain.voice import (
    BLENDED,
    CLONED,
    DESIGNED,
    Design,
    Reference,
    Voice,
    VoiceRecord,
)
from polyvox.engines.contract import Synthesizer
from polyvox.runtime.speakers import Speakers
from polyvox.services.engines import Engines
from polyvox.services.samples import sentence
from polyvox.services.voices import Voices
from polyvox.text.language import AUTO, resolve

KEPT_RATE = 24000
"""Hertz of the references that are kept."""
LONGEST_DESCRIPTION = 1000
MOST_BLENDED = 8
_LONGEST_LIFETIME = 10 * 365 * 86400.0


@dataclass(frozen=True)
class Rules:
    """What is taken, and for how long it is kept."""

    limits: Limits
    """Of a recording."""
    lifetime: float | None = None
    """Seconds a voice is kept when its maker does not say; None is until it is deleted."""
    consent_needed: bool = False
    """Whether cloning needs a note that the speaker agrees."""


@dataclass(frozen=True)
class About:
    """What is said of a voice by who makes it."""

    name: str
    description: str = ""
    language: str | None = None
    """Code or English name."""
    gender: str | None = None
    transcript: str | None = None
    consent: str | None = None
    lifetime: float | None = None
    """Seconds."""


class Enrolment:
    """Makes voices."""

    def __init__(
        self, engines: Engines, voices: Voices, pool: Speakers, threads: Executor, rules: Rules
    ) -> None:
        """`threads` are those that decode."""
        self._engines, self._voices, self._pool = engines, voices, pool
        self._threads, self.rules = threads, rules

    async def listen(self, recording: Path) -> Prepared:
        """What is in a recording, measured, with advice. Raises InvalidInput, TooLarge or
        UnsupportedMedia for what no voice can be made of."""
        heard: Prepared = await self._inside(_heard, recording, self.rules.limits)
        return heard

    async def cloner(
        self, about: About, engine: str | None = None, model: str | None = None
    ) -> tuple[type[Synthesizer], str]:
        """The engine and the model that would clone. Raises what is wrong with the request but
        for its recording."""
        declared = self._engines.able("enroll", engine)
        used = self._engines.model_able("enroll", declared.name, model).id
        await self._check(about, declared)
        if self.rules.consent_needed and not (about.consent or "").strip():
            raise InvalidInput(
                "Say in `consent` that the speaker agrees to be cloned.", param="consent"
            )
        if declared.transcript_needed and not (about.transcript or "").strip():
            raise InvalidInput(
                f"Engine '{declared.name}' needs the text that is spoken in the recording.",
                param="ref_text",
            )
        return declared, used

    async def clone(
        self,
        recording: Path,
        about: About,
        engine: str | None = None,
        model: str | None = None,
        id: str | None = None,
    ) -> VoiceRecord:
        """Keep the voice of whoever speaks in `recording`, under a new id or the one given."""
        declared, used = await self.cloner(about, engine, model)
        transcript = (about.transcript or "").strip() or None
        heard = await self.listen(recording)
        samples = await self._inside(resampled, heard.samples, KEPT_RATE, declared.reference_rate)
        language = self._language(about, declared)
        reference = Reference(samples, declared.reference_rate, transcript, language)
        state = await self._pool.enroll(used, reference)
        origin = {
            "measures": asdict(heard.measures),
            "advice": [asdict(each) for each in heard.advice],
        }
        record = self._record(about, declared, CLONED, state, origin, used)
        voice = replace(record.voice, id=id or record.voice.id)
        seconds = len(heard.samples) / KEPT_RATE
        record = replace(record, voice=voice, seconds=seconds, likeness=declared.likeness)
        with tempfile.TemporaryDirectory(prefix="polyvox-") as folder:
            kept = Path(folder) / "reference.wav"
            await self._inside(write_wav, kept, heard.samples, KEPT_RATE)
            await self._voices.shelf.keep(record, state, kept)
        return record

    async def imagine(
        self,
        description: str,
        *,
        language: str | None = None,
        engine: str | None = None,
        model: str | None = None,
        settings: Mapping[str, float] | None = None,
        text: str | None = None,
    ) -> tuple[Voice, Design]:
        """The voice that a description asks for, to speak with but not kept.

        `settings` win over the words; `text` is what the engine may say while it makes it.
        """
        declared = self._engines.able("design", engine)
        if len(description) > LONGEST_DESCRIPTION:
            raise InvalidInput(
                f"The description has {len(description)} characters; at most "
                f"{LONGEST_DESCRIPTION} are taken.",
                param="description",
            )
        if not description.strip() and not settings:
            raise InvalidInput("Say how the voice should sound.", param="description")
        found = resolve(language or AUTO, self._engines.languages(declared.name))
        spoken = "en" if found == AUTO else found
        used = self._engines.model_able("design", declared.name, model).id
        design = await self._pool.design(
            used, description, spoken, settings or {}, text or sentence(spoken)
        )
        digest = hashlib.sha256(design.state).hexdigest()
        voice = Voice(
            id=f"{declared.name}.preview",
            name="preview",
            engine=declared.name,
            model=used if len(declared.models) > 1 else None,
            kind=DESIGNED,
            gender=design.gender,
            description=description,
            digest=digest,
            state=design.state,
        )
        return voice, design

    async def design(
        self,
        about: About,
        engine: str | None = None,
        settings: Mapping[str, float] | None = None,
        text: str | None = None,
        model: str | None = None,
    ) -> tuple[VoiceRecord, Design]:
        """Keep the voice that the description in `about` asks for."""
        declared = self._engines.able("design", engine)
        await self._check(about, declared)
        imagined, design = await self.imagine(
            about.description,
            language=about.language,
            engine=declared.name,
            model=model,
            settings=settings,
            text=text,
        )
        origin = {
            "description": about.description,
            "understood": [asdict(trait) for trait in design.understood],
            "ignored": list(design.ignored),
            "settings": dict(design.settings),
        }
        gender = about.gender or design.gender
        used = imagined.model
        record = self._record(about, declared, DESIGNED, design.state, origin, used, gender=gender)
        await self._voices.shelf.keep(record, design.state, None)
        return record, design

    async def blend(self, about: About, parts: Sequence[tuple[str, float]]) -> VoiceRecord:
        """Keep a voice between others of one engine: names or ids with their weights."""
        if not 2 <= len(parts) <= MOST_BLENDED:
            raise InvalidInput(
                f"2 to {MOST_BLENDED} voices can be blended, not {len(parts)}.", param="voices"
            )
        total = sum(weight for _, weight in parts)
        if not all(0 <= weight <= 1e6 for _, weight in parts) or not total > 0:
            raise InvalidInput("Weights are positive numbers.", param="voices")
        first = await self._voices.find(parts[0][0], self._engines.default.engine, anywhere=True)
        declared = self._engines.able("blend", first.engine)
        await self._check(about, declared)
        voices = [await self._voices.find(name, first.engine) for name, _ in parts]
        weights = [weight / total for _, weight in parts]
        used = self._engines.model_able("blend", declared.name, first.model).id
        state = await self._pool.blend(used, voices, weights)
        origin = {
            "voices": [
                {"id": voice.id, "name": voice.name, "weight": round(weight, 6)}
                for voice, weight in zip(voices, weights, strict=True)
            ]
        }
        genders = {voice.gender for voice in voices}
        gender = about.gender or (genders.pop() if len(genders) == 1 else "neutral")
        record = self._record(about, declared, BLENDED, state, origin, used, gender=gender)
        await self._voices.shelf.keep(record, state, None)
        return record

    async def _check(self, about: About, engine: type[Synthesizer]) -> None:
        """Refuse what can be refused before any work."""
        name = self._voices.check_name(about.name)
        lifetime = about.lifetime
        if lifetime is not None and not 0 < lifetime <= _LONGEST_LIFETIME:
            raise InvalidInput("A lifetime is a number of seconds, up to ten years.", param="ttl")
        self._language(about, engine)
        for param, text in (("description", about.description), ("consent", about.consent)):
            if text and len(text) > LONGEST_DESCRIPTION:
                raise InvalidInput(
                    f"{param} has {len(text)} characters; at most {LONGEST_DESCRIPTION} are taken.",
                    param=param,
                )
        if await self._voices.shelf.rows.named(name):
            raise Conflict(f"There is already a voice called '{name}'.", param="name")

    def _record(
        self,
        about: About,
        engine: type[Synthesizer],
        kind: str,
        state: bytes,
        origin: Mapping[str, Any],
        model: str | None,
        *,
        gender: str | None = None,
    ) -> VoiceRecord:
        now = time()
        lifetime = about.lifetime or self.rules.lifetime
        voice = Voice(
            id=new_id(),
            name=self._voices.check_name(about.name),
            engine=engine.name,
            model=model if len(engine.models) > 1 else None,
            kind=kind,
            gender=gender or about.gender,
            language=self._language(about, engine),
            description=about.description,
            digest=hashlib.sha256(state).hexdigest(),
        )
        return VoiceRecord(
            voice,
            created_at=now,
            expires_at=now + lifetime if lifetime else None,
            transcript=about.transcript,
            consent=about.consent,
            origin=origin,
        )

    def _language(self, about: About, engine: type[Synthesizer]) -> str | None:
        found = resolve(about.language or AUTO, self._engines.languages(engine.name))
        return None if found == AUTO else found

    async def _inside(self, step: Any, *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, step, *given)


def _heard(recording: Path, limits: Limits) -> Prepared:
    decoded = decode(recording, KEPT_RATE, limits)
    return prepare(decoded.samples, KEPT_RATE, decoded.complete)

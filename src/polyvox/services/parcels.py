"""A voice as one file: a ZIP archive with what is known of it, its state and its recording, to
carry it to another server."""

from __future__ import annotations

import asyncio
import hashlib
import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from time import time
from typing import Any

from polyvox.audio.encode import format_named
from polyvox.domain.errors import InvalidInput, TooLarge
from polyvox.domain.identity import new_id
from polyvox.domain.speech import Utterance
from polyvox.domain.voice import BLENDED, CLONED, DESIGNED, PRESET, Voice, VoiceRecord
from polyvox.services.engines import Engines
from polyvox.services.samples import sentence
from polyvox.services.synthesis import Synthesis
from polyvox.services.voices import Voices

SUFFIX, MEDIA_TYPE = ".voice.zip", "application/zip"
_FORMAT = 1
_ABOUT, _STATE, _REFERENCE = "voice.json", "state.safetensors", "reference.wav"
_LARGEST = {_ABOUT: 1_000_000, _STATE: 64_000_000, _REFERENCE: 64_000_000}
"""Bytes, unpacked."""


class Parcels:
    """Packs voices and unpacks them."""

    def __init__(self, engines: Engines, voices: Voices, synthesis: Synthesis) -> None:
        self._engines, self._voices, self._synthesis = engines, voices, synthesis

    async def pack(self, id: str, target: Path) -> VoiceRecord:
        """Write the voice to a file. Raises NotFound, or InvalidInput for a preset."""
        record = await self._voices.get(id)
        if record.voice.kind == PRESET:
            raise InvalidInput("Preset voices are on every server already.", param="voice")
        shelf = self._voices.shelf
        state = await shelf.state(id)
        reference = await shelf.reference(id)
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as parcel:
            parcel.writestr(_ABOUT, json.dumps(_described(record), ensure_ascii=False, indent=1))
            parcel.writestr(_STATE, state)
            if reference:
                with parcel.open(_REFERENCE, "w") as written:
                    async for piece in reference.pieces:
                        written.write(piece)
        return record

    async def unpack(self, source: Path, name: str | None = None) -> VoiceRecord:
        """Keep the voice that is in a file, under a new id and, if given, another name.

        It must be able to speak. Raises InvalidInput or TooLarge for what is no parcel of ours,
        NotFound for an engine that is not here, Conflict when its name is taken.
        """
        with tempfile.TemporaryDirectory(prefix="polyvox-") as folder:
            files = await asyncio.to_thread(_unpacked, source, Path(folder))
            about = _read(files[_ABOUT])
            state = files[_STATE].read_bytes()
            record = self._record(about, state, name)
            voice = replace(record.voice, state=state)
            await self._tried(voice)
            await self._voices.shelf.keep(record, state, files.get(_REFERENCE))
        return record

    def _record(self, about: Mapping[str, Any], state: bytes, name: str | None) -> VoiceRecord:
        try:
            record = VoiceRecord(**{**about["record"], "voice": Voice(**about["voice"])})
            assert record.voice.kind in (CLONED, DESIGNED, BLENDED)
            assert all(isinstance(part, dict) for part in (record.origin, about["voice"]))
            json.dumps(record.origin)
        except (KeyError, TypeError, AssertionError) as error:
            raise InvalidInput("The file does not describe a voice.", param="file") from error
        engine = self._engines.synthesizer(str(record.voice.engine))
        voice = replace(
            record.voice,
            id=new_id(),
            name=self._voices.check_name(name or str(record.voice.name)),
            engine=engine.name,
            description=str(record.voice.description)[:1000],
            digest=hashlib.sha256(state).hexdigest(),
            aliases=(),
            speaker=None,
        )
        return replace(record, voice=voice, created_at=time(), expires_at=None)

    async def _tried(self, voice: Voice) -> None:
        """Raises InvalidInput when the engine cannot speak with the voice."""
        model = voice.model or self._engines.model_of(voice.engine).id
        asked = Utterance(sentence(voice.language), model=model)
        speech = await self._synthesis.speak(asked, format_named("pcm"), voice=voice)
        await speech.collect()


def _described(record: VoiceRecord) -> dict[str, Any]:
    known = asdict(replace(record, voice=replace(record.voice, state=None)))
    voice = known.pop("voice")
    voice.pop("state")
    return {"format": _FORMAT, "voice": voice, "record": known}


def _unpacked(source: Path, folder: Path) -> dict[str, Path]:
    """The files of a parcel, by the names that we know; any other is left where it is."""
    files: dict[str, Path] = {}
    try:
        with zipfile.ZipFile(source) as parcel:
            for name, largest in _LARGEST.items():
                if name not in parcel.namelist():
                    continue
                files[name] = folder / name
                with parcel.open(name) as packed, files[name].open("wb") as written:
                    while piece := packed.read(1 << 16):
                        written.write(piece)
                        if written.tell() > largest:
                            raise TooLarge(
                                f"{name} in the file is over {largest // 1_000_000} MB.",
                                param="file",
                            )
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
        raise InvalidInput("The file is not an exported voice.", param="file") from error
    if _ABOUT not in files or _STATE not in files:
        raise InvalidInput("The file is not an exported voice.", param="file")
    return files


def _read(file: Path) -> Mapping[str, Any]:
    try:
        about = json.loads(file.read_text(encoding="utf-8"))
        found = about["format"] if isinstance(about, dict) else None
    except (ValueError, KeyError) as error:
        raise InvalidInput("The file does not describe a voice.", param="file") from error
    if found != _FORMAT:
        raise InvalidInput(f"The file's format is {found!r:.20}, not {_FORMAT}.", param="file")
    return about  # type: ignore[no-any-return]

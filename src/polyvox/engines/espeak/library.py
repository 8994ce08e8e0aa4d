"""libespeak-ng through ctypes: text in, 16-bit samples and word events out, as they are made.

The library keeps its state in C globals, so a process holds one `Library` and speaks one text
at a time. Constants and structures are those of espeak-ng 1.52's public header `speak_lib.h`.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any, Optional, Union

import numpy as np
import numpy.typing as npt

from polyvox.domain.errors import EngineFailed

PARAMETERS = {"rate": 1, "volume": 2, "pitch": 3, "range": 4, "punctuation": 5, "word_gap": 7}
_SYNCHRONOUS, _DO_NOT_EXIT, _UTF8 = 2, 0x8000, 1
_WORD, _END_OF_CLAUSE, _LIST_END = 1, 5, 0
_LONGEST_DATA_PATH = 159


@dataclass(frozen=True)
class Mark:
    """Where the sound is in the text."""

    time: float
    """Seconds from the beginning of the text's sound."""
    position: int
    """Index of the character; -1 at the end of a clause."""


Piece = tuple[npt.NDArray[np.int16], list[Mark]]


class _Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class _Event(ctypes.Structure):
    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    ]


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


class Library:
    """The loaded library, speaking through one voice at a time."""

    def __init__(self, library_path: str, data_path: str, chunk_ms: int = 200) -> None:
        if len(os.fsencode(data_path)) > _LONGEST_DATA_PATH:
            raise EngineFailed(f"The path of espeak-ng's data is too long: {data_path}")
        self._c = ctypes.CDLL(library_path)
        self._c.espeak_ng_SetRandSeed.argtypes = [ctypes.c_long]
        self.sample_rate: int = self._c.espeak_Initialize(
            _SYNCHRONOUS, chunk_ms, os.fsencode(data_path), _DO_NOT_EXIT
        )
        if self.sample_rate <= 0:
            raise EngineFailed(f"espeak-ng cannot start with its data in {data_path}")
        self._callback = _Callback(self._on_samples)  # the library does not keep it alive
        self._c.espeak_SetSynthCallback(self._callback)
        self._out: SimpleQueue[Union[Piece, BaseException, None]] = SimpleQueue()
        self._stopped = False

    def speak(
        self, text: str, voice: str, parameters: Mapping[str, int], seed: int
    ) -> Iterator[Piece]:
        """Samples and marks of `text` while the library makes them; closing it stops the library.

        The same arguments give the same samples, provided that the voice has no flutter.
        """
        self._out, self._stopped = SimpleQueue(), False
        thread = Thread(target=self._speak, args=(text, voice, parameters, seed), daemon=True)
        thread.start()
        try:
            while (piece := self._out.get()) is not None:
                if isinstance(piece, BaseException):
                    raise piece
                yield piece
        finally:
            self._stopped = True
            thread.join()

    def _speak(self, text: str, voice: str, parameters: Mapping[str, int], seed: int) -> None:
        try:
            if self._c.espeak_SetVoiceByName(voice.encode()) != 0:
                raise EngineFailed(f"espeak-ng has no voice '{voice}'")
            for name, value in parameters.items():
                self._c.espeak_SetParameter(PARAMETERS[name], value, 0)
            self._c.espeak_ng_SetRandSeed(seed)
            data = text.encode("utf-8", "replace")
            self._c.espeak_Synth(data, ctypes.c_size_t(len(data) + 1), 0, 1, 0, _UTF8, None, None)
            self._out.put(None)
        except BaseException as error:
            self._out.put(error)

    def _on_samples(self, samples: Any, count: int, events: Any) -> int:
        """Called by the library; an exception must not cross it. Returning 1 stops the library."""
        try:
            marks = list(_marks(events))
            if samples and count > 0:
                copied = np.ctypeslib.as_array(samples, (count,)).copy()
            else:
                copied = np.zeros(0, np.int16)
            if len(copied) or marks:
                self._out.put((copied, marks))
            return int(self._stopped)
        except BaseException as error:
            self._out.put(error)
            return 1


def _marks(events: Any) -> Iterator[Mark]:
    index = 0
    while events[index].type != _LIST_END:
        mark = _mark(events[index])
        if mark:
            yield mark
        index += 1


def _mark(event: _Event) -> Optional[Mark]:
    seconds = event.audio_position / 1000
    if event.type == _WORD:
        return Mark(seconds, event.text_position - 1)
    if event.type == _END_OF_CLAUSE:
        return Mark(seconds, -1)
    return None

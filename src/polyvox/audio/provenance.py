"""Says in a file that its speech is synthetic, as the format says such things: ID3 for MP3,
Vorbis comments for Opus and FLAC, INFO for WAV, a comment for MP4. Standard library only."""

from __future__ import annotations

import struct

SOFTWARE = "Polyvox"
NOTE = "Synthetic voice"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's term for what a trained model made; C2PA's manifests name it `digitalSourceType` too."""
COMMENT = f"{NOTE}; digitalSourceType={SOURCE_TYPE}"
"""All of it in one line, for formats without fields of their own."""


def id3() -> bytes:
    """A tag of ID3v2.4, to stand before the first frame of an MP3 stream."""
    frames = b"".join(
        (
            _id3_frame(b"TSSE", "", SOFTWARE),
            _id3_frame(b"COMM", "eng\0", NOTE),
            _id3_frame(b"TXXX", "synthetic\0", "true"),
            _id3_frame(b"TXXX", "digitalSourceType\0", SOURCE_TYPE),
        )
    )
    return b"ID3\x04\0\0" + _in_sevens(len(frames)) + frames


def vorbis_comments(marked: bool) -> bytes:
    """The vendor and the fields of a Vorbis comment (RFC 9639, 8.6); only the vendor unless
    `marked`."""
    fields = (f"COMMENT={NOTE}", "SYNTHETIC=true", f"DIGITALSOURCETYPE={SOURCE_TYPE}")
    told = fields if marked else ()
    return _counted(SOFTWARE) + struct.pack("<I", len(told)) + b"".join(map(_counted, told))


def riff_info() -> bytes:
    """A LIST chunk of a WAV file, to stand between its format and its samples."""
    told = b"INFO" + _riff_chunk(b"ISFT", SOFTWARE) + _riff_chunk(b"ICMT", COMMENT)
    return b"LIST" + struct.pack("<I", len(told)) + told


def _id3_frame(name: bytes, before: str, text: str) -> bytes:
    """`before` is what the frame has ahead of its text: a language, a description."""
    latin_1 = b"\0"
    body = latin_1 + (before + text).encode("ascii")
    no_flags = bytes(2)
    return name + _in_sevens(len(body)) + no_flags + body


def _in_sevens(size: int) -> bytes:
    """Seven bits to a byte, so that no size looks like the beginning of a frame of MP3."""
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def _counted(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("ascii")


def _riff_chunk(name: bytes, text: str) -> bytes:
    """Text ends in a zero; a second one evens the bytes, and is not counted."""
    body = text.encode("ascii") + b"\0"
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

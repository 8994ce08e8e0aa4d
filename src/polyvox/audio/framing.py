"""The bytes between a codec's packets: ADTS for AAC, the start of a FLAC stream, and Ogg pages for
Opus. Knows nothing of codecs but the header that they hand over."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Sequence
from typing import Protocol

from polyvox.audio.provenance import vorbis_comments


class Framing(Protocol):
    """Turns the packets of one stream into its bytes."""

    def __init__(self, header: bytes, sample_rate: int, marked: bool) -> None:
        """`header` is what FFmpeg calls the codec's extradata; `marked` streams say that they
        are synthetic, where they can."""

    def wrap(self, packets: Sequence[bytes]) -> bytes:
        """The bytes of the next packets; they need nothing that comes later."""

    def close(self, packets: Sequence[bytes], total_samples: int) -> bytes:
        """The bytes of the last packets of a stream that took in `total_samples`."""


class Flac(Framing):
    """FLAC frames after what must be told of a stream and what may be (RFC 9639, 8.2 and 8.6)."""

    def __init__(self, header: bytes, sample_rate: int, marked: bool) -> None:
        self._prelude = b"fLaC" + self._block(0, header, last=not marked)
        if marked:
            self._prelude += self._block(4, vorbis_comments(marked), last=True)

    def wrap(self, packets: Sequence[bytes]) -> bytes:
        if not packets:
            return b""
        prelude, self._prelude = self._prelude, b""
        return prelude + b"".join(packets)

    def close(self, packets: Sequence[bytes], total_samples: int) -> bytes:
        return self.wrap(packets)

    @staticmethod
    def _block(kind: int, data: bytes, *, last: bool) -> bytes:
        return struct.pack(">I", last << 31 | kind << 24 | len(data)) + data


class Adts(Framing):
    """AAC packets with a header each (ISO/IEC 13818-7, 6.2), so that a listener may come late.
    They have no place for words."""

    def __init__(self, header: bytes, sample_rate: int, marked: bool) -> None:
        profile = (header[0] >> 3) - 1
        rate_index = (header[0] & 7) << 1 | header[1] >> 7
        channels = header[1] >> 3 & 15
        fullness_unknown = 0x7FF
        self._fixed = (
            0xFFF1 << 40 | profile << 38 | rate_index << 34 | channels << 30 | fullness_unknown << 2
        )

    def wrap(self, packets: Sequence[bytes]) -> bytes:
        return b"".join(self._header(packet) + packet for packet in packets)

    def close(self, packets: Sequence[bytes], total_samples: int) -> bytes:
        return self.wrap(packets)

    def _header(self, packet: bytes) -> bytes:
        return (self._fixed | (len(packet) + 7) << 13).to_bytes(7, "big")


class OggOpus(Framing):
    """Opus packets of 20 ms in Ogg pages (RFC 3533, RFC 7845), a page for what is ready."""

    _CONTINUED, _FIRST, _LAST = 0, 2, 4
    _PACKET = 960
    """Samples at the 48 kHz that Ogg Opus counts in."""
    _PAGE = 40
    """Packets in a page at most: under a second, and their sizes fit its table."""

    def __init__(self, header: bytes, sample_rate: int, marked: bool) -> None:
        self._serial = random.getrandbits(32)
        self._scale = 48000 // sample_rate
        self._skipped: int = struct.unpack_from("<H", header, 10)[0]
        self._pages = self._position = 0
        tags = b"OpusTags" + vorbis_comments(marked)
        self._prelude = self._page([header], self._FIRST) + self._page([tags], self._CONTINUED)

    def wrap(self, packets: Sequence[bytes]) -> bytes:
        if not packets:
            return b""
        parts, self._prelude = [self._prelude], b""
        for start in range(0, len(packets), self._PAGE):
            part = packets[start : start + self._PAGE]
            self._position += self._PACKET * len(part)
            parts.append(self._page(part, self._CONTINUED))
        return b"".join(parts)

    def close(self, packets: Sequence[bytes], total_samples: int) -> bytes:
        """The position of the last page cuts off what the codec filled its last packet with."""
        begun = self._prelude if not packets[:-1] else b""
        head = begun + self.wrap(packets[:-1])
        self._position = self._skipped + total_samples * self._scale
        return head + self._page(packets[-1:], self._LAST)

    def _page(self, packets: Sequence[bytes], kind: int) -> bytes:
        sizes = b"".join(b"\xff" * (len(p) // 255) + bytes([len(p) % 255]) for p in packets)
        fields = (b"OggS", 0, kind, self._position, self._serial, self._pages)
        head = struct.pack("<4sBBqII", *fields)
        rest = bytes([len(sizes)]) + sizes + b"".join(packets)
        self._pages += 1
        return head + struct.pack("<I", _ogg_crc(head + bytes(4) + rest)) + rest


_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _ogg_crc(page: bytes) -> int:
    """Ogg's checksum. It has zlib's polynomial, but takes bits from the other end and inverts
    nothing, so zlib can do it on bytes turned around."""
    reflected = zlib.crc32(page.translate(_REVERSED_BITS), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reflected:032b}"[::-1], 2)

"""What recordings may be wrapped in and written with, by FFmpeg's names. Everything that opens
other files or addresses is missing on purpose: playlists, concat, sdp, image sequences."""

from __future__ import annotations

CONTAINERS = tuple(
    "aac ac3 aiff amr ape asf au avi caf dsf eac3 flac flv matroska matroska,webm mov"
    " mov,mp4,m4a,3gp,3g2,mj2 mp3 mpc mpc8 mpeg mpegts ogg tak tta voc w64 wav webm wv".split()
)
"""Names of demuxers. A recording of a telephone's camera is taken too: its picture is not read."""

CODECS = tuple(
    "aac aac_latm ac3 adpcm_ima_qt adpcm_ima_wav adpcm_ms adpcm_swf alac amrnb amrwb ape"
    " dsd_lsbf dsd_lsbf_planar dsd_msbf dsd_msbf_planar eac3 flac g722 gsm gsm_ms mp1 mp1float"
    " mp2 mp2float mp3 mp3float mpc7 mpc8 nellymoser opus libopus pcm_alaw pcm_bluray pcm_dvd"
    " pcm_f32be pcm_f32le pcm_f64be pcm_f64le pcm_mulaw pcm_s16be pcm_s16le pcm_s24be pcm_s24le"
    " pcm_s32be pcm_s32le pcm_s8 pcm_s8_planar pcm_s16le_planar pcm_s24le_planar"
    " pcm_s32le_planar pcm_u8 pcm_u16le speex libspeex tak tta vorbis libvorbis wavpack wmalossless"
    " wmapro wmav1 wmav2 wmavoice".split()
)
"""Names of decoders."""

HEADERLESS = frozenset({"aac", "ac3", "amr", "eac3", "mpeg", "mpegts"})
"""Demuxers that make the length up from the size of the file and its first bit rates."""

GUESSING = frozenset({"mp3"})
"""Demuxers that do so where a header is missing."""

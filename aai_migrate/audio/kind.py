"""What kind of audio file begins in which way."""

from __future__ import annotations

RIFF = (b"RIFF", b"RF64", b"BW64")
_MAGIC = {
    b"RIFX": "a big-endian WAV file (RIFX)",
    b"fLaC": "FLAC",
    b"ID3": "MP3",
    b"OggS": "Ogg",
    b"\x1aE\xdf\xa3": "WebM or Matroska",
    b"caff": "CAF",
    b".snd": "AU",
    b"riff": "Wave64",
    b"#!AMR": "AMR",
    b"wvpk": "WavPack",
    b"MAC ": "Monkey's Audio",
    b"TTA1": "TTA",
    b"FLV": "FLV",
    b"0&\xb2u\x8ef\xcf\x11": "WMA",
}
HEAD = 12
"""How many bytes tell."""


def kind(head: bytes) -> str:
    """Return what kind of file begins with *head*, in words; "" for none that is known.

    Args:
        head: the first ``HEAD`` bytes, or all there are.
    """
    if head[:4] in RIFF:
        return {b"WAVE": "WAV", b"AVI ": "AVI"}.get(head[8:12], "another kind of RIFF file")
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "AIFF"
    if head[4:8] == b"ftyp":
        return "MP4"
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    return _mpeg(head)


def _mpeg(head: bytes) -> str:
    """Name an MPEG audio frame, whose first 11 bits are ones, as those of raw samples near zero may be too.

    Source: ISO/IEC 11172-3, 2.4.1.3 (version, layer, bit rate, sampling frequency); 13818-7, 6.2 (ADTS).
    """
    if len(head) < 3 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return ""
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    if head[1] & 0xF6 == 0xF0:
        return "AAC" if head[2] >> 2 & 15 < 13 else ""
    known = version != 1 and layer != 0 and 0 < head[2] >> 4 < 15 and head[2] >> 2 & 3 != 3
    return "MP3" if known else ""

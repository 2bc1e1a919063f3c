"""What a file seems to be by its first bytes."""

from __future__ import annotations

import struct

import pytest

from aai_migrate.audio import AudioFormat, from_pcm16, wav_bytes
from aai_migrate.audio.format import ENCODINGS
from aai_migrate.audio.kind import HEAD, kind

# First bytes as the formats' own pages have them, or as encoders write them.
BEGINNINGS = {
    "WAV": [
        b"RIFF\0\0\0\0WAVE",
        b"RF64\xff\xff\xff\xffWAVE",
        b"BW64\xff\xff\xff\xffWAVE",
        wav_bytes(b"", AudioFormat()),
    ],
    "AVI": [b"RIFF\0\0\0\0AVI "],
    "another kind of RIFF file": [b"RIFF\0\0\0\0RMID", b"RIFF"],
    "a big-endian WAV file (RIFX)": [b"RIFX\0\0\0\0WAVE"],
    "FLAC": [b"fLaC\0\0\0\x22"],
    "MP3": [b"ID3\x04\0\0\0\0\0\0", b"\xff\xfb\x90\x64", b"\xff\xf3\x44\xc4", b"\xff\xe3\x18\xc4"],
    "AAC": [b"\xff\xf1\x50\x80", b"\xff\xf9\x4c\x80"],
    "Ogg": [b"OggS\0\x02"],
    "WebM or Matroska": [b"\x1aE\xdf\xa3\x9fB\x86\x81"],
    "MP4": [b"\0\0\0\x20ftypM4A ", b"\0\0\0\x18ftypqt  "],
    "AIFF": [b"FORM\0\0\0\0AIFF", b"FORM\0\0\0\0AIFC"],
    "CAF": [b"caff\0\x01\0\0"],
    "AU": [b".snd\0\0\0\x18"],
    "Wave64": [b"riff\x2e\x91\xcf\x11"],
    "AMR": [b"#!AMR\n", b"#!AMR-WB\n"],
    "WavPack": [b"wvpk"],
    "Monkey's Audio": [b"MAC \x96\x0f"],
    "TTA": [b"TTA1"],
    "FLV": [b"FLV\x01\x04"],
    "WMA": [b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa"],
    "": [b"", b"\xff", bytes(12), b"FORM\0\0\0\x008SVX", b"#EXTM3U\n", b"hello world!"],
}


@pytest.mark.parametrize(("name", "heads"), BEGINNINGS.items())
def test_files_are_known_by_their_beginning(name: str, heads: list[bytes]) -> None:
    """A few bytes tell, and no more than ``HEAD`` of them are needed."""
    assert {kind(head) for head in heads} == {name}
    assert {kind(head[:HEAD]) for head in heads} == {name}


@pytest.mark.parametrize("level", range(-40, 41))
def test_raw_samples_near_silence_are_no_file(level: int) -> None:
    """Small negative samples begin with the ones of an MPEG frame, but make none."""
    samples = struct.pack("<6h", *[level] * 6)
    assert kind(samples) == ""
    for encoding in ENCODINGS:
        assert kind(from_pcm16(samples * 2, encoding)[:HEAD]) == ""

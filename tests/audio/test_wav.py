"""WAV files: what is read, what is refused and in which words."""

from __future__ import annotations

import io
import math
import os
import struct
import wave
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate import audio
from aai_migrate.audio import AudioFile, AudioFormat, wav_bytes
from aai_migrate.audio.format import ENCODINGS, Encoding
from aai_migrate.errors import AudioError

MONO = AudioFormat()
SECOND = bytes(index % 253 for index in range(32_000))
GUID_TAIL = b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"


class Pipe(io.RawIOBase):
    """A source that cannot seek and gives a few bytes at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        self._rest = io.BytesIO(data)
        self._step = step

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]
        piece = self._rest.read(min(len(buffer), self._step))
        buffer[: len(piece)] = piece
        return len(piece)


def pipe(data: bytes, step: int = 7) -> BinaryIO:
    return cast(BinaryIO, Pipe(data, step))


def chunk(kind: bytes, body: bytes, size: int | None = None) -> bytes:
    return kind + struct.pack("<I", len(body) if size is None else size) + body + b"\0" * (len(body) % 2)


def layout(tag: int = 1, channels: int = 1, rate: int = 16_000, bits: int = 16, block: int = 0) -> bytes:
    block = block or (bits + 7) // 8 * channels
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits))


def riff(*parts: bytes, kind: bytes = b"RIFF") -> bytes:
    body = b"WAVE" + b"".join(parts)
    return kind + struct.pack("<I", len(body)) + body


def read(data: bytes) -> tuple[AudioFile, bytes]:
    source = audio.wav(io.BytesIO(data))
    return source, b"".join(source)


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_is_written_is_read(encoding: Encoding, channels: int) -> None:
    """Every format comes back with the same bytes and length, odd sizes included."""
    fmt = AudioFormat(8_000, encoding, channels)
    samples = bytes(index % 256 for index in range(fmt.frame * 401))
    source, got = read(wav_bytes(samples, fmt))
    assert (source.format, got, source.notices) == (fmt, samples, ())
    assert source.seconds == 401 / 8_000


@pytest.mark.parametrize("encoding", ["pcm_s16le", "pcm_s24le", "pcm_s32le"])
def test_the_standard_library_reads_what_is_written(encoding: Encoding) -> None:
    """wave finds rate, width, channels and samples."""
    fmt = AudioFormat(44_100, encoding, 2)
    samples = bytes(range(fmt.frame * 3))
    with wave.open(io.BytesIO(wav_bytes(samples, fmt))) as file:
        assert file.getparams()[:4] == (2, fmt.width, 44_100, 3)
        assert file.readframes(10) == samples


def test_the_standard_library_writes_what_is_read(tmp_path: Path) -> None:
    """A file by wave is read."""
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(SECOND)
    source = audio.wav(tmp_path / "a.wav")
    assert (source.format, source.seconds, b"".join(source)) == (MONO, 1.0, SECOND)


@pytest.mark.parametrize(("encoding", "tag"), [("pcm_f32le", 3), ("pcm_alaw", 6), ("pcm_mulaw", 7)])
def test_other_tags_are_written_with_extension_size_and_fact(encoding: Encoding, tag: int) -> None:
    """What is not PCM has 18 bytes of fmt and a fact chunk that counts samples."""
    data = wav_bytes(bytes(12), AudioFormat(8_000, encoding, 1))
    assert struct.unpack_from("<4sIH", data, 12) == (b"fmt ", 18, tag)
    assert struct.unpack_from("<4sII", data, 38) == (b"fact", 4, 12 // AudioFormat(8_000, encoding).frame)
    assert struct.unpack_from("<I", data, 4) == (len(data) - 8,)


def test_writing_a_split_sample_is_refused() -> None:
    """Nobody can read half a sample."""
    with pytest.raises(AudioError, match="3 bytes"):
        wav_bytes(bytes(3), MONO)


@given(st.integers(0, 900), st.sampled_from([0.001, 0.0101, 0.05, 60.0]), st.integers(1, 99))
def test_chunks_are_of_one_length(frames: int, seconds: float, step: int) -> None:
    """Chunks have the length asked for and the last the rest, however the source hands out its bytes."""
    data = SECOND[: 2 * frames]
    cut = list(audio.wav(pipe(wav_bytes(data, MONO), step), chunk=seconds))
    assert b"".join(cut) == data
    assert all(len(piece) == MONO.size(seconds) for piece in cut[:-1])
    assert all(0 < len(piece) <= MONO.size(seconds) for piece in cut)


def test_eight_bits_become_sixteen() -> None:
    """Unsigned bytes are centred and widened, and a notice says so."""
    source, got = read(riff(layout(bits=8), chunk(b"data", bytes([0, 128, 255]))))
    assert source.format == MONO
    assert got == struct.pack("<3h", -32768, 0, 32512)
    assert source.notices == ("8-bit unsigned samples are read as pcm_s16le",)
    assert source.seconds == 3 / 16_000


@pytest.mark.parametrize(
    ("tag", "bits", "encoding"),
    [
        (1, 16, "pcm_s16le"),
        (1, 24, "pcm_s24le"),
        (1, 32, "pcm_s32le"),
        (3, 32, "pcm_f32le"),
        (6, 8, "pcm_alaw"),
        (7, 8, "pcm_mulaw"),
    ],
)
def test_extensible_files_are_read(tag: int, bits: int, encoding: Encoding) -> None:
    """WAVE_FORMAT_EXTENSIBLE says in a GUID what the plain tags say."""
    block = bits // 8 * 2
    body = struct.pack("<HHIIHH", 0xFFFE, 2, 48_000, 48_000 * block, block, bits)
    body += struct.pack("<HHIH", 22, bits, 3, tag) + GUID_TAIL
    source, got = read(riff(chunk(b"fmt ", body), chunk(b"data", bytes(block * 4))))
    assert source.format == AudioFormat(48_000, encoding, 2)
    assert len(got) == block * 4


def test_samples_of_twenty_bits_are_read_as_their_container() -> None:
    """PCM of 20 bits stands in the upper bits of three bytes."""
    source, _ = read(riff(layout(bits=20), chunk(b"data", bytes(6))))
    assert source.format.encoding == "pcm_s24le"


def test_other_chunks_are_skipped() -> None:
    """Chunks before the data, large and odd ones too, and those after it are no audio."""
    parts = [
        chunk(b"LIST", b"odd"),
        layout(),
        chunk(b"fact", bytes(4)),
        chunk(b"id3 ", bytes(100_001)),
        chunk(b"data", SECOND),
        chunk(b"LIST", b"after"),
    ]
    source, got = read(riff(*parts))
    assert (got, source.notices) == (SECOND, ())
    assert b"".join(audio.wav(pipe(riff(*parts), 999))) == SECOND


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF])
def test_a_header_without_size_reads_to_the_end(size: int, tmp_path: Path) -> None:
    """A file measures itself; a pipe does not know its length until it was read."""
    data = riff(layout(), chunk(b"data", SECOND, size))
    (tmp_path / "a.wav").write_bytes(data)
    source = audio.wav(tmp_path / "a.wav")
    assert (source.seconds, b"".join(source), source.notices) == (1.0, SECOND, ())
    piped = audio.wav(pipe(data))
    assert (piped.seconds, piped.notices) == (None, ())
    assert b"".join(piped) == SECOND
    assert (piped.seconds, piped.notices) == (1.0, ())


@pytest.mark.parametrize("size", [0x7FFF_F000, 0x8000_0000])
def test_the_size_of_a_writer_that_cannot_seek_is_no_claim(size: int) -> None:
    """sox writes 0x7FFFF000 into a pipe: no length is known and nothing is cut short."""
    data = riff(layout(bits=24), chunk(b"data", bytes(48_000), size))
    piped = audio.wav(pipe(data, 999))
    assert (piped.seconds, piped.notices) == (None, ())
    assert len(b"".join(piped)) == 48_000
    assert (piped.seconds, piped.notices) == (1.0, ())
    source, got = read(data)
    assert (source.seconds, source.notices, len(got)) == (1.0, (), 48_000)


def test_an_empty_recording_has_no_chunks() -> None:
    """No samples are no error."""
    source, got = read(wav_bytes(b"", MONO))
    assert (got, source.seconds, source.notices) == (b"", 0.0, ())


@pytest.mark.parametrize("kind", [b"RF64", b"BW64"])
@pytest.mark.parametrize(
    ("wide", "plain", "seconds"),
    [
        (16_000, 0xFFFF_FFFF, 0.5),
        (2**64 - 1, 0xFFFF_FFFF, 1.0),
        (0, 0xFFFF_FFFF, 1.0),
        (16_000, 8_000, 0.25),
    ],
)
def test_large_files_state_their_size_elsewhere(kind: bytes, wide: int, plain: int, seconds: float) -> None:
    """RF64 and BW64 have the size in ds64 where data says all ones; there all ones, or 0, is unknown."""
    sizes = chunk(b"ds64", struct.pack("<QQQI", 2**40, wide, 0, 0))
    source, got = read(riff(sizes, layout(), chunk(b"data", SECOND, plain), kind=kind))
    assert source.seconds == seconds
    assert len(got) == seconds * 32_000


def test_a_file_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    """Whole frames come out; one notice, known on opening, tells what is missing, half a sample or not."""
    (tmp_path / "a.wav").write_bytes(riff(layout(), chunk(b"data", SECOND[:16_001], 32_000))[:-1])
    source = audio.wav(tmp_path / "a.wav")
    for _ in range(2):
        assert source.notices == ("file is cut short: 0.500 s of 1.000 s",)
        assert source.seconds == 0.5
        assert b"".join(source) == SECOND[:16_000]


MORE = "another data chunk of 0.500 s in all, left out: only the first is read"


@pytest.mark.parametrize(
    ("tail", "notices"),
    [
        ([chunk(b"data", SECOND[:16_000])], (MORE,)),
        ([chunk(b"LIST", b"odd"), chunk(b"data", SECOND[:16_000]), chunk(b"LIST", b"end")], (MORE,)),
        ([chunk(b"data", b"")], ("another data chunk of 0.000 s in all, left out: only the first is read",)),
        (
            [chunk(b"data", SECOND[:8_000])] * 2,
            ("2 more data chunks of 0.500 s in all, left out: only the first is read",),
        ),
        ([chunk(b"LIST", b"x" * 99), chunk(b"id3 ", b"")], ()),
        ([bytes(64)], ()),
        ([b"\xff\xfe\xfd\xfc" + bytes(64)], ()),
        ([b"dat"], ()),
    ],
)
@pytest.mark.parametrize("odd", [0, 1])
def test_more_audio_after_the_data_is_noticed(tail: list[bytes], notices: tuple[str, ...], odd: int) -> None:
    """A second data chunk is not read, and not left out in silence; other chunks and rubbish are nothing."""
    law, first = layout(7, rate=32_000, bits=8), SECOND[: 31_999 + odd]
    data = riff(law, chunk(b"data", first), *tail)
    source = audio.wav(io.BytesIO(data))
    assert source.notices == notices
    assert b"".join(source) == first
    assert source.notices == notices
    piped = audio.wav(pipe(data, 999))
    assert piped.notices == ()
    assert b"".join(piped) == first
    assert piped.notices == notices


def test_a_file_after_the_file_is_noticed() -> None:
    """Two files that were joined by cat are the first; a pipe that goes on is not read beyond its file."""
    one = wav_bytes(SECOND, MONO)
    source, got = read(one + one)
    assert (got, source.notices) == (SECOND, ("another WAV file follows and is left out",))
    stream = io.BytesIO(one + one)
    stream.seekable = lambda: False  # type: ignore[method-assign]
    piped = audio.wav(stream)
    assert (b"".join(piped), piped.notices) == (SECOND, ())
    assert stream.tell() == len(one)


def test_a_pipe_cut_short_is_known_when_read() -> None:
    """The header's length stands until the end is seen."""
    piped = audio.wav(pipe(riff(layout(), chunk(b"data", SECOND[:8_000], 32_000))))
    assert (piped.seconds, piped.notices) == (1.0, ())
    assert b"".join(piped) == SECOND[:8_000]
    assert (piped.seconds, piped.notices) == (0.25, ("file is cut short: 0.250 s of 1.000 s",))


def test_a_size_that_splits_a_sample_is_noticed() -> None:
    """The header itself may count half a frame."""
    source, got = read(riff(layout(channels=2), chunk(b"data", bytes(10))))
    assert len(got) == 8
    assert source.notices == ("the last 2 bytes are not a whole sample of 4 and are left out",)


FMT = layout()
REFUSED = {
    "empty": (b"", "file is empty; record"),
    "riff-cut": (riff(FMT)[:9], "header is cut short"),
    "fmt-cut": (riff(FMT)[:30], "header is cut short"),
    "mark-cut": (riff(FMT) + b"dat", "header is cut short"),
    "skip-cut": (riff(FMT, chunk(b"LIST", b"x", 90)), "header is cut short"),
    "flac": (b"fLaC" + bytes(30), "not a WAV file but FLAC; convert it: ffmpeg -i"),
    "mp3-id3": (b"ID3\x04" + bytes(30), "not a WAV file but MP3"),
    "mp3": (b"\xff\xfb\x90\x64" + bytes(30), "not a WAV file but MP3"),
    "aac": (b"\xff\xf1\x50\x80" + bytes(30), "not a WAV file but AAC"),
    "ogg": (b"OggS" + bytes(30), "not a WAV file but Ogg"),
    "webm": (b"\x1a\x45\xdf\xa3" + bytes(30), "not a WAV file but WebM or Matroska"),
    "mp4": (b"\0\0\0\x20ftypM4A " + bytes(30), "not a WAV file but MP4"),
    "aiff": (b"FORM\0\0\0\0AIFF" + bytes(30), "not a WAV file but AIFF"),
    "avi": (b"RIFF\0\0\0\0AVI " + bytes(30), "not a WAV file but AVI"),
    "midi": (b"RIFF\0\0\0\0RMID" + bytes(30), "not a WAV file but another kind of RIFF file"),
    "rifx": (riff(FMT, kind=b"RIFX"), r"not a WAV file but a big-endian WAV file \(RIFX\)"),
    "raw": (bytes(99), "not a WAV file; if it is raw PCM, say how it was made: sox -t raw"),
    "tiny": (b"\xff", "not a WAV file; if it is raw PCM"),
    "no-chunks": (riff(), "no fmt chunk"),
    "no-fmt": (riff(chunk(b"data", b"")), "no fmt chunk before the data"),
    "no-data": (riff(FMT, chunk(b"LIST", b"")), "no data chunk"),
    "short-fmt": (riff(chunk(b"fmt ", bytes(14))), "fmt chunk has 14 bytes"),
    "adpcm": (riff(layout(2, bits=4)), "4-bit Microsoft ADPCM is not read here; convert it"),
    "unknown-tag": (riff(layout(0x1234)), "16-bit format tag 0x1234 is not read here"),
    "guid": (riff(chunk(b"fmt ", layout(0xFFFE)[8:] + bytes(24))), "16-bit extensible format is not read"),
    "float64": (riff(layout(3, bits=64)), "64-bit float is not read here"),
    "channels-0": (riff(layout(channels=0)), "channels 0 is not .* -ac 1 OUT.wav"),
    "channels-99": (riff(layout(channels=99)), "channels 99 is not"),
    "rate-0": (riff(layout(rate=0)), "sample_rate 0 is not .* -ar 16000"),
    "rate-high": (riff(layout(rate=384_000)), "sample_rate 384000 is not"),
    "block": (riff(layout(block=3)), "a frame has 3 bytes, but 1 × 16 bits need 2"),
}


@pytest.mark.parametrize(("data", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_refused(data: bytes, words: str, tmp_path: Path) -> None:
    """The error is one line with the file, what is wrong and what to do, and no file stays open."""
    path = tmp_path / "some call.wav"
    path.write_bytes(data)
    with pytest.raises(AudioError, match=words) as caught:
        audio.wav(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert ";" in text
    with pytest.raises(AudioError, match=words):
        audio.wav(pipe(data))


def test_the_command_in_an_error_can_be_pasted() -> None:
    """A name with a space is quoted for the shell."""
    file = io.BytesIO(b"fLaC")
    file.name = "my call.flac"
    with pytest.raises(AudioError, match=r"ffmpeg -i 'my call\.flac' OUT\.wav"):
        audio.wav(file)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tail: bytes) -> None:
    """Nothing but AudioError comes of rubbish, and what comes out is whole frames."""
    for head in (b"", riff(), riff(FMT), riff(FMT, b"data"), riff(b"fmt \x28\0\0\0")):
        try:
            source, got = read(head + tail)
        except AudioError:
            continue
        assert len(got) % source.format.frame == 0
        assert source.seconds == len(got) / source.format.bytes_per_second


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    """The system's own words are best."""
    with pytest.raises(FileNotFoundError):
        audio.wav(tmp_path / "none.wav")
    with pytest.raises(OSError, match=r"directory|denied"):
        audio.wav(tmp_path)


def test_a_path_can_be_read_again(tmp_path: Path) -> None:
    """Each iteration opens the file anew, also two at once."""
    (tmp_path / "a.wav").write_bytes(wav_bytes(SECOND, MONO))
    source = audio.wav(str(tmp_path / "a.wav"))
    assert list(source) == list(source)
    assert [a for a, b in zip(source, source, strict=True) if a == b] == list(source)


def test_a_file_object_is_read_once_from_where_it_stands() -> None:
    """It is not rewound, and stays open for its owner."""
    file = io.BytesIO(b"before" + wav_bytes(SECOND, MONO))
    file.seek(6)
    source = audio.wav(file)
    assert (source.seconds, source.name) == (1.0, "audio data")
    assert b"".join(source) == SECOND
    assert not file.closed
    with pytest.raises(AudioError, match="audio data: was read already"):
        list(source)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX")
def test_a_named_pipe_is_read_once(tmp_path: Path) -> None:
    """It is opened once only, as what was read from it is gone."""
    os.mkfifo(tmp_path / "pipe")
    end = os.open(tmp_path / "pipe", os.O_RDWR)
    os.write(end, wav_bytes(SECOND, MONO))
    source = audio.wav(tmp_path / "pipe")
    os.close(end)
    assert b"".join(source) == SECOND
    with pytest.raises(AudioError, match="was read already"):
        list(source)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts open files in /proc")
def test_no_file_stays_open(tmp_path: Path) -> None:
    """Opening leaves nothing open; an iteration that is left early closes its file."""

    def opened() -> int:
        return sum(os.path.realpath(f"/proc/self/fd/{fd}") == str(path) for fd in os.listdir("/proc/self/fd"))

    path = (tmp_path / "a.wav").resolve()
    path.write_bytes(wav_bytes(SECOND, MONO))
    source = audio.wav(path)
    assert opened() == 0
    stream = iter(source)
    next(stream)
    assert opened() == 1
    stream.close()
    assert opened() == 0
    assert len(list(source)) == 20
    assert opened() == 0


def test_only_the_header_is_read_on_opening() -> None:
    """Not a byte of audio is taken before it is asked for, then a chunk at a time."""
    file = io.BytesIO(wav_bytes(SECOND, MONO))
    source = audio.wav(file, chunk=0.1)
    assert file.tell() == 44
    next(iter(source))
    assert file.tell() == 44 + 3_200


def test_pace_is_chosen_by_name_or_number() -> None:
    """As fast as it can unless real time or a speed is asked for; a speed is kept."""
    file = wav_bytes(SECOND, MONO)
    assert audio.wav(io.BytesIO(file)).speed == 0
    assert audio.wav(io.BytesIO(file), realtime=True).speed == 1
    fast = audio.wav(io.BytesIO(file), realtime=True, speed=1e6)
    assert (fast.speed, b"".join(fast)) == (1e6, SECOND)


@pytest.mark.parametrize("value", [-1.0, math.nan])
def test_pace_and_chunk_out_of_range_are_refused_on_opening(value: float) -> None:
    """The mistake shows where it is made."""
    with pytest.raises(AudioError, match="speed"):
        audio.wav(io.BytesIO(wav_bytes(b"", MONO)), speed=value)
    with pytest.raises(AudioError, match="chunk length"):
        audio.wav(io.BytesIO(wav_bytes(b"", MONO)), chunk=value)

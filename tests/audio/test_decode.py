"""Recordings of any kind: the samples that were put in, whatever they are kept in; broken ones say so."""

from __future__ import annotations

import io
import math
import os
import random
import re
import shutil
import statistics
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO, cast

import av
import pytest

from aai_migrate import audio
from aai_migrate.audio import AudioFile, AudioFormat, wav_bytes
from aai_migrate.errors import AudioError, MissingExtra

MONO = AudioFormat()


def tone(seconds: float, rate: int = 16_000, channels: int = 1) -> bytes:
    """Return 16-bit samples, every channel with a pitch of its own."""
    samples = [
        round(9000 * math.sin(2 * math.pi * 300 * (channel + 1) * at / rate))
        for at in range(round(seconds * rate))
        for channel in range(channels)
    ]
    return struct.pack(f"<{len(samples)}h", *samples)


def write(
    container: str,
    codec: str,
    samples: bytes,
    *,
    rate: int = 16_000,
    layout: str = "mono",
    sample: str = "",
    tracks: int = 1,
    **more: str,
) -> bytes:
    """Return a file of *samples*, 16-bit integers, as PyAV writes it."""
    file = io.BytesIO()
    with av.open(file, "w", format=container, options=more) as output:
        streams: list[Any] = [output.add_stream(codec, rate=rate, layout=layout) for _ in range(tracks)]
        for stream in streams:
            stream.format = sample or stream.format  # before the first one opens the file
        for stream in streams:
            frame = av.AudioFrame(format="s16", layout=layout, samples=len(samples) // 2 // stream.layout.nb_channels)
            frame.sample_rate, frame.pts = rate, 0
            frame.planes[0].update(samples)
            size = stream.codec_context.frame_size or None
            fitting = av.AudioResampler(stream.format, layout, rate, frame_size=size)
            for piece in [*fitting.resample(frame), *fitting.resample(None), None]:
                output.mux(stream.encode(piece))
    return file.getvalue()


class Pipe(io.RawIOBase):
    """A source that cannot seek and gives a few bytes at a time."""

    def __init__(self, data: bytes, step: int = 700) -> None:
        self.taken = 0
        self._rest, self._step = io.BytesIO(data), step

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]
        piece = self._rest.read(min(len(buffer), self._step))
        buffer[: len(piece)] = piece
        self.taken += len(piece)
        return len(piece)


def pipe(data: bytes, step: int = 700) -> BinaryIO:
    return cast(BinaryIO, Pipe(data, step))


def read(data: bytes) -> tuple[AudioFile, bytes]:
    source = audio.recording(io.BytesIO(data))
    return source, b"".join(source)


LOSSLESS = {
    "flac": ("flac", "flac", "s16"),
    "flac-24": ("flac", "flac", "s32"),
    "ogg-flac": ("ogg", "flac", "s16"),
    "matroska": ("matroska", "flac", "s16"),
    "aiff": ("aiff", "pcm_s16be", "s16"),
    "aiff-24": ("aiff", "pcm_s24be", "s32"),
    "au": ("au", "pcm_s16be", "s16"),
    "caf": ("caf", "pcm_s16be", "s16"),
    "wave64": ("w64", "pcm_s16le", "s16"),
    "wavpack": ("wv", "wavpack", "s16p"),
    "tta": ("tta", "tta", "s16"),
    "mov": ("mov", "pcm_s16le", "s16"),
    "wav": ("wav", "pcm_s16le", "s16"),
}


def made(name: str, seconds: float) -> tuple[bytes, int]:
    """Return a tone in the container and codec of that name, and its sample rate."""
    if name in LOSSLESS:
        container, codec, sample = LOSSLESS[name]
        return write(container, codec, tone(seconds), sample=sample), 16_000
    container, codec, rate = LOSSY[name]
    return write(container, codec, tone(seconds, rate), rate=rate), rate


@pytest.mark.parametrize(("channels", "layout", "rate"), [(1, "mono", 16_000), (2, "stereo", 44_100)])
@pytest.mark.parametrize(("container", "codec", "sample"), LOSSLESS.values(), ids=LOSSLESS)
def test_lossless_recordings_give_back_every_sample(
    container: str, codec: str, sample: str, channels: int, layout: str, rate: int, tmp_path: Path
) -> None:
    """From a path, twice, and from a file that stands elsewhere than at its beginning."""
    samples = tone(0.7, rate, channels)
    data = write(container, codec, samples, rate=rate, layout=layout, sample=sample)
    path = tmp_path / "call"
    path.write_bytes(data)
    source = audio.recording(path, chunk=0.1)
    assert (source.name, source.format) == (str(path), AudioFormat(rate, "pcm_s16le", channels))
    assert source.seconds == pytest.approx(0.7, abs=0.001)
    for _ in range(2):
        pieces = list(source)
        assert b"".join(pieces) == samples
        assert {len(piece) for piece in pieces[:-1]} == {source.format.size(0.1)}
        assert (source.seconds, source.notices) == (0.7, ())
    file = io.BytesIO(b"junk" + data)
    file.seek(4)
    assert b"".join(audio.recording(file)) == samples
    assert not file.closed


STREAMED = ["flac", "ogg-flac", "matroska", "aiff", "au", "caf", "wave64", "tta", "wav"]


@pytest.mark.parametrize("name", STREAMED)
@pytest.mark.parametrize("step", [1, 700, 100_000])
def test_recordings_come_through_a_pipe(name: str, step: int) -> None:
    """What needs no seeking gives the same samples from a pipe, however it dribbles."""
    source = audio.recording(pipe(made(name, 0.3)[0], step))
    assert b"".join(source) == tone(0.3)
    assert (source.seconds, source.notices) == (0.3, ())
    with pytest.raises(AudioError, match="was read already"):
        list(source)


LOSSY = {
    "mp3": ("mp3", "libmp3lame", 16_000),
    "opus": ("ogg", "libopus", 48_000),
    "webm": ("webm", "libopus", 48_000),
    "m4a": ("mp4", "aac", 44_100),
    "aac": ("adts", "aac", 44_100),
    "adpcm": ("wav", "adpcm_ima_wav", 16_000),
    "adpcm-ms": ("wav", "adpcm_ms", 16_000),
    "mulaw": ("aiff", "pcm_mulaw", 8_000),
}


@pytest.mark.parametrize(("container", "codec", "rate"), LOSSY.values(), ids=LOSSY)
def test_lossy_recordings_sound_the_same(container: str, codec: str, rate: int) -> None:
    """The tone is there, at its level and, but for what the file pads at its end, for its time; as 16 bits."""
    samples = tone(1.0, rate)
    source, got = read(write(container, codec, samples, rate=rate))
    assert source.format == AudioFormat(rate)
    assert len(got) >= len(samples)
    assert source.notices == ()
    assert source.seconds == len(got) / 2 / rate
    ours, theirs = (struct.unpack(f"<{rate}h", data[: 2 * rate]) for data in (got, samples))
    lead = 1024 if container == "adts" else 0  # which cannot say that its encoder began with silence
    errors = [abs(a - b) for a, b in zip(ours[lead + 2_000 : -2_000], theirs[2_000:], strict=False)]
    assert statistics.mean(errors) < 400


@pytest.mark.parametrize(
    ("container", "codec"), [("wav", "pcm_f64le"), ("aiff", "pcm_f32be"), ("caf", "pcm_f32le"), ("w64", "pcm_f64le")]
)
def test_floats_stay_floats(container: str, codec: str) -> None:
    """What is kept as floats comes out as such."""
    samples = tone(0.2)
    source, got = read(write(container, codec, samples))
    assert source.format == AudioFormat(encoding="pcm_f32le")
    values = struct.unpack("<3200h", samples)
    assert struct.unpack("<3200f", got) == tuple(value / 32768 for value in values)


def test_many_channels_keep_their_order() -> None:
    """Five channels come out as they went in."""
    samples = tone(0.1, channels=5)
    source, got = read(write("aiff", "pcm_s16be", samples, layout="5.0"))
    assert (source.format.channels, got) == (5, samples)


def test_wav_files_are_read_by_our_own_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """They need no PyAV, from a file or a pipe, and keep their encoding."""
    monkeypatch.setitem(sys.modules, "av", None)
    fmt = AudioFormat(8_000, "pcm_mulaw", 2)
    data = wav_bytes(bytes(range(200)), fmt)
    for source in (audio.recording(io.BytesIO(data)), audio.recording(pipe(data, 3))):
        assert source.format == fmt
        assert b"".join(source) == bytes(range(200))


def test_a_long_wav_from_a_pipe_is_not_kept() -> None:
    """What was read to find out what it is, is let go of."""
    from aai_migrate.audio.decode import _Begun

    begun = _Begun(pipe(bytes(100_000)))
    begun.read(50)
    begun.settle()
    begun.read(50_000)
    assert begun._seen is None


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a call.flac", b"fLaC" + bytes(99), "FLAC"),
        ("call.mp3", b"ID3\x04" + bytes(99), "MP3"),
        ("call.wav", write("wav", "adpcm_ms", tone(0.1)), "WAV of 4-bit Microsoft ADPCM"),
    ],
)
def test_without_pyav_the_error_says_what_is_needed(
    name: str, data: bytes, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kind of file, the install line, and the way without."""
    monkeypatch.setitem(sys.modules, "av", None)
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(MissingExtra) as caught:
        audio.recording(path)
    text = str(caught.value)
    assert text.startswith(
        f"{path}: {kind} needs an extra: pip install 'aai_migrate[codecs]'; or convert it: ffmpeg -i "
    )
    assert "\n" not in text


def test_nothing_is_imported_before_it_is_needed() -> None:
    """Neither importing nor reading a WAV file loads PyAV."""
    code = (
        "import io, sys\n"
        "from aai_migrate import audio\n"
        "list(audio.recording(io.BytesIO(audio.wav_bytes(bytes(9600), audio.AudioFormat()))))\n"
        "assert 'av' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["flac", "ogg-flac", "matroska", "aiff", "mp3", "opus", "webm", "adpcm"])
def test_a_recording_cut_short_gives_what_is_there(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """And says that it is; nothing is printed."""
    data, rate = made(name, 4.0)
    _, whole = read(data)
    source, got = read(data[: len(data) * 6 // 10])
    assert 0.4 * len(whole) < len(got) < 0.7 * len(whole)
    assert got[: rate // 2] == whole[: rate // 2]
    if name not in ("opus", "ogg-flac"):  # whose length stands on their last page, which is another one now
        (notice,) = source.notices
        assert re.fullmatch(r"file is damaged or cut short: [12]\.\d{3} s of 4\.0\d\d s", notice)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["flac", "matroska", "mp3", "aac"])
def test_a_damaged_recording_gives_the_rest(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Bad places are left out and told; what stands before them is as it was."""
    good, rate = made(name, 4.0)
    _, whole = read(good)
    data = bytearray(good)
    rng = random.Random(5)
    for at in (0.6, 0.7, 0.8):
        spot = int(at * len(data))
        data[spot : spot + 1_500] = rng.randbytes(1_500)
    source, got = read(bytes(data))
    assert got[: 2 * rate] == whole[: 2 * rate]
    assert len(got) > 0.5 * len(whole)
    (notice,) = source.notices
    assert "damaged" in notice
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["flac", "opus", "webm", "m4a", "mp3", "wavpack"])
@pytest.mark.parametrize("keep", [12, 60])
def test_a_recording_of_which_nothing_is_left(name: str, keep: int, capfd: pytest.CaptureFixture[str]) -> None:
    """One clear error, of ours alone, in one line; nothing is printed."""
    data, _ = made(name, 1.0)
    with pytest.raises(AudioError, match=r"^audio data: cannot be read as .*, so it is broken or cut short$") as caught:
        read(data[:keep] + (b"" if keep < 60 else bytes(500)))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert capfd.readouterr() == ("", "")


def test_any_rubbish_is_an_audio_error(capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever follows a known beginning: audio or AudioError, never anything else."""
    rng = random.Random(11)
    seeds = [
        write("flac", "flac", tone(0.2)),
        write("mp3", "libmp3lame", tone(0.2)),
        write("wav", "adpcm_ms", tone(0.2)),
    ]
    for _ in range(150):
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.choice([1, 10, 200])):
            data[rng.randrange(4, len(data))] = rng.randrange(256)
        try:
            source, got = read(bytes(data[: rng.choice([len(data), rng.randrange(12, len(data))])]))
        except AudioError:
            continue
        assert len(got) % source.format.frame == 0
    assert capfd.readouterr() == ("", "")


def test_an_index_at_the_end_needs_a_file() -> None:
    """MP4 keeps it there unless it was told otherwise: the error says what to do."""
    samples = tone(0.5, 44_100)
    data = write("mp4", "aac", samples, rate=44_100)
    with pytest.raises(AudioError, match=r"cannot be read as MP4.*pass its path"):
        audio.recording(pipe(data))
    live = write("mp4", "aac", samples, rate=44_100, movflags="frag_keyframe+empty_moov")
    assert len(b"".join(audio.recording(pipe(live)))) >= len(samples)


@pytest.mark.parametrize("data", [b"", b"\0" * 99, b"hello world, this is text", bytes(range(200, 256)) * 4])
def test_what_is_no_recording_is_refused(data: bytes) -> None:
    """Without PyAV being asked, which would take much for music."""
    with pytest.raises(AudioError, match=r"file is empty|no kind of recording that is known here; if it is raw PCM"):
        audio.recording(io.BytesIO(data))


def test_a_broken_wav_is_not_handed_on() -> None:
    """Our reader's own words are the better ones."""
    with pytest.raises(AudioError, match="header is cut short"):
        audio.recording(io.BytesIO(wav_bytes(bytes(100), MONO)[:30]))


def test_a_playlist_is_not_followed(tmp_path: Path) -> None:
    """FFmpeg opens what it names, another file or a server: whoever may hand in a recording could read those."""
    secret, path = tmp_path / "secret.aac", tmp_path / "call.m3u8"
    secret.write_bytes(write("adts", "aac", tone(0.5, 44_100), rate=44_100))
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{secret}\n#EXT-X-ENDLIST\n")
    with av.open(str(path)) as followed:
        assert followed.format.name == "hls"
    with pytest.raises(AudioError, match="no kind of recording"):
        audio.recording(path)


def test_a_film_without_sound_is_refused() -> None:
    """There is nothing to transcribe in it, and the error says so."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as output:
        stream: Any = output.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        output.mux(stream.encode(av.VideoFrame(32, 32, "yuv420p")))
        output.mux(stream.encode(None))
    with pytest.raises(AudioError, match="has no audio that can be decoded"):
        read(file.getvalue())


def test_a_rate_that_nobody_hears_is_refused() -> None:
    """The command to convert it can be pasted."""
    with pytest.raises(AudioError, match=r"sample_rate 384000 is not .* -ar 16000 -ac 1 OUT\.wav"):
        read(write("flac", "flac", tone(0.1, 384_000), rate=384_000, strict="experimental"))


def test_only_the_first_track_is_read() -> None:
    """And the others are told of, before anything is read."""
    samples = tone(0.5)
    source = audio.recording(io.BytesIO(write("matroska", "flac", samples, tracks=2)))
    assert source.notices == ("has 2 audio tracks: the first is read, the others are left out",)
    assert b"".join(source) == samples


def test_a_stream_that_changes_keeps_its_first_format() -> None:
    """Two MP3 files that were joined by cat: the second is brought to rate and channels of the first."""
    first = write("mp3", "libmp3lame", tone(8.0), write_xing="0")
    second = write("mp3", "libmp3lame", tone(1.0, 44_100, 2), rate=44_100, layout="stereo", write_xing="0")
    source, got = read(first + second)
    assert source.format == MONO
    assert len(got) / 32_000 == pytest.approx(9.0, abs=0.25)


def test_opening_reads_the_beginning_only() -> None:
    """A long recording comes as it is asked for."""
    source = Pipe(write("flac", "flac", tone(60.0)))
    size = len(source._rest.getvalue())
    stream = iter(audio.recording(cast(BinaryIO, source)))
    next(stream)
    assert source.taken < size / 10
    for _ in range(600):
        next(stream)
    assert size * 0.4 < source.taken < size * 0.7


def test_a_source_that_fails_fails_as_it_does() -> None:
    """A disk that is gone is no matter of the recording's kind."""

    class Broken(Pipe):
        def readinto(self, buffer: bytearray, /) -> int:  # type: ignore[override]
            if self.taken > 5_000:
                raise OSError(5, "the disk is gone")
            return super().readinto(buffer)

    data = write("flac", "flac", tone(10.0))
    with pytest.raises(OSError, match="the disk is gone"):
        list(audio.recording(cast(BinaryIO, Broken(data))))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts open files in /proc")
def test_no_file_stays_open(tmp_path: Path) -> None:
    """Neither after opening, nor after an iteration that was left early, nor after an error."""
    path = (tmp_path / "a.flac").resolve()

    def opened() -> int:
        return sum(os.path.realpath(f"/proc/self/fd/{fd}") == str(path) for fd in os.listdir("/proc/self/fd"))

    path.write_bytes(write("flac", "flac", tone(2.0)))
    source = audio.recording(path)
    assert opened() == 0
    stream = iter(source)
    next(stream)
    assert opened() == 1
    stream.close()
    assert opened() == 0
    path.write_bytes(b"fLaC" + bytes(500))
    with pytest.raises(AudioError):
        audio.recording(path)
    assert opened() == 0


def test_a_file_that_has_become_another_is_refused(tmp_path: Path) -> None:
    """Whoever was told the first format would hear noise."""
    path = tmp_path / "call.flac"
    path.write_bytes(write("flac", "flac", tone(0.2)))
    source = audio.recording(path)
    path.write_bytes(write("flac", "flac", tone(0.2, 44_100), rate=44_100))
    with pytest.raises(AudioError, match="was 16000 Hz pcm_s16le mono and is now 44100 Hz pcm_s16le mono"):
        list(source)


@pytest.mark.skipif(not shutil.which("sox"), reason="compares with sox")
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.flac", ["-b", "16"]),
        ("a.flac", ["-b", "24"]),
        ("a.aiff", ["-b", "16", "-c", "2"]),
        ("a.wav", ["-e", "ms-adpcm"]),
        ("a.wav", ["-e", "ima-adpcm"]),
        ("a.wav", ["-r", "8000", "-e", "gsm-full-rate"]),
        ("a.au", ["-e", "mu-law"]),
        ("a.wv", ["-b", "16"]),
    ],
)
def test_what_sox_writes_is_read_as_sox_reads_it(name: str, options: list[str], tmp_path: Path) -> None:
    """The same samples, to one step where bits are dropped."""
    path, plain = tmp_path / name, tmp_path / "plain.raw"
    subprocess.run(
        ["sox", "-D", "-n", "-r", "16000", *options, path, "synth", "1", "sine", "440", "vol", "0.4"], check=True
    )
    subprocess.run(["sox", "-D", path, "-t", "raw", "-e", "signed", "-b", "16", plain], check=True)
    got, expected = (b"".join(audio.recording(path)), plain.read_bytes())
    assert len(got) == len(expected)
    pairs = zip(struct.unpack(f"<{len(got) // 2}h", got), struct.unpack(f"<{len(got) // 2}h", expected), strict=True)
    assert max(abs(a - b) for a, b in pairs) <= (1 if "24" in options else 0)

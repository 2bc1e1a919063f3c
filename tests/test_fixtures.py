"""The recordings in ``fixtures/audio``: what they are, what is heard of them, and how they were made."""

from __future__ import annotations

import math
import os
import platform
import re
import shutil
import subprocess
import sys
from array import array
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import aai_migrate
from aai_migrate import StreamEvent, Termination, Turn
from aai_migrate.audio import AudioFormat, to_pcm16, wav
from aai_migrate.gateway import local
from aai_migrate.testing import check_turns
from aai_migrate.testing.words import plain_words

from .recordings import AUDIO, program

clips, score = program("clips").clips, program("score")
CLIPS = clips()
CODED = [clip for clip in CLIPS if clip.ear == "coded"]
VENDORS = program("matrix").PROVIDERS
REAL = [clip for clip in CLIPS if clip.ear == "local"]


def named(clip: Any) -> str:
    return str(clip.name)


def samples(clip: Any) -> list[array[int]]:
    """The clip's 16-bit samples, channel by channel."""
    data = array("h", to_pcm16(b"".join(wav(clip.path)), clip.format))
    return [data[channel :: clip.format.channels] for channel in range(clip.format.channels)]


def level(part: array[int]) -> float:
    """Root mean square, full scale being 1."""
    return math.sqrt(sum(sample * sample for sample in part) / len(part)) / 32768


def pieces(channel: array[int], rate: int) -> Iterator[array[int]]:
    """Pieces of 50 ms."""
    size = rate // 20
    for start in range(0, len(channel) - size + 1, size):
        yield channel[start : start + size]


# What they are.


def test_index_is_complete() -> None:
    """Every recording and every text is listed, and nothing else; together they stay small."""
    listed = {clip.name for clip in CLIPS}
    files = list(AUDIO.glob("*.wav"))
    assert {path.stem for path in files} == {path.stem for path in AUDIO.glob("*.txt")} == listed
    assert sum(path.stat().st_size for path in files) < 6.5e6


def test_kinds() -> None:
    """The set holds what applications send."""
    formats = {(clip.format.sample_rate, clip.format.encoding, clip.format.channels) for clip in REAL}
    assert formats >= {
        (16_000, "pcm_s16le", 1),
        (8_000, "pcm_mulaw", 1),
        (8_000, "pcm_alaw", 1),
        (44_100, "pcm_s16le", 2),
        (48_000, "pcm_f32le", 1),
    }
    assert {voice for clip in REAL for voice in clip.voices} == {"awb", "rms", "kal16"}
    assert any(clip.seconds > 60 for clip in REAL)


@pytest.mark.parametrize("clip", CLIPS, ids=named)
def test_form(clip: Any) -> None:
    """Format, length and number of turns are what the index says, and the file is whole."""
    file = wav(clip.path)
    assert file.format == clip.format
    assert file.seconds == pytest.approx(clip.seconds, abs=0.0006)
    assert file.notices == ()
    assert len(clip.reference) == clip.turns
    assert all(re.fullmatch(r"[A-Za-z',.? ]+", line) and plain_words(line) for line in clip.reference)
    assert clip.path.with_suffix(".txt").read_bytes().endswith(b"\n") == bool(clip.turns)


def test_silence() -> None:
    """Nothing but zeros in one; noise that nobody hears in the other."""
    silence, hiss = clips("silence", "hiss")
    assert not any(samples(silence)[0])
    (channel,) = samples(hiss)
    assert 20 * math.log10(max(map(abs, channel)) / 32768) == pytest.approx(-65, abs=1)
    assert len(set(channel)) > 30


def test_noise() -> None:
    """The noise is as far below the speech as the index says."""
    (clip,) = clips("noise")
    (channel,) = samples(clip)
    noise = level(channel[: clip.format.sample_rate * 4 // 10])
    loud = [part for part in map(level, pieces(channel, clip.format.sample_rate)) if part > 2 * noise]
    speech = math.sqrt(sum(part**2 for part in loud) / len(loud) - noise**2)
    assert 20 * math.log10(speech / noise) == pytest.approx(clip.snr, abs=2)


def test_quiet() -> None:
    """The peaks are at 2 % of full scale."""
    (channel,) = samples(*clips("quiet"))
    assert max(map(abs, channel)) / 32768 == pytest.approx(0.02, abs=0.0005)


def test_stereo() -> None:
    """Both channels hold the same; of the call one speaks at a time, and both do."""
    stereo, call = clips("stereo", "call")
    left, right = samples(stereo)
    assert left == right
    sides = [[level(part) > 0.005 for part in pieces(side, call.format.sample_rate)] for side in samples(call)]
    assert all(map(any, sides))
    assert not any(map(all, zip(*sides, strict=True)))


def spans(speaking: list[bool]) -> list[int]:
    """How many pieces each silence between two sounds lasts."""
    text = "".join("x" if each else "." for each in speaking).strip(".")
    return [len(gap) for gap in re.findall(r"\.+", text)]


@pytest.mark.parametrize("clip", [clip for clip in CLIPS if clip.turns and clip.snr is None], ids=named)
def test_pauses(clip: Any) -> None:
    """Pauses within a turn are below half a second, those between turns above one: no detector may doubt."""
    parts = [pieces(channel, clip.format.sample_rate) for channel in samples(clip)]
    loud = [max(map(level, now)) for now in zip(*parts, strict=True)]
    gaps = [count / 20 for count in spans([part > 0.05 * max(loud) for part in loud])]
    assert sum(gap > 1 for gap in gaps) == clip.turns - 1
    assert all(gap < 0.5 or gap > 1 for gap in gaps)


def test_long_pause_and_long_speech() -> None:
    """One recording has a pause of four seconds, another a minute of speech, pauses between turns left out."""
    for name in ("pause", "long"):
        (clip,) = clips(name)
        loud = [level(part) > 0.01 for part in pieces(samples(clip)[0], clip.format.sample_rate)]
        gaps = [count / 20 for count in spans(loud)]
        if name == "pause":
            assert max(gaps) > 4
        else:
            assert clip.seconds - sum(gap for gap in gaps if gap > 1) > 60


# What is heard.


def heard(clip: Any, provider: str, **options: Any) -> list[Turn]:
    """The ended turns, heard without waiting; every event keeps the contract."""
    fmt: AudioFormat = clip.format
    options |= {"sample_rate": fmt.sample_rate, "encoding": fmt.encoding, "audio_channels": fmt.channels}
    with aai_migrate.connect(provider, **options) as stream:
        return ended(clip, list(stream.transcribe(wav(clip.path))))


def ended(clip: Any, events: list[StreamEvent]) -> list[Turn]:
    check_turns(events)
    last = events[-1]
    assert isinstance(last, Termination)
    assert last.complete
    assert last.unconfirmed_seconds == 0
    assert last.audio_seconds == pytest.approx(clip.seconds, abs=0.001)
    turns = [event for event in events if isinstance(event, Turn) and event.end_of_turn]
    times = [time for turn in turns for word in turn.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert all(0 <= time <= clip.seconds + 0.03 for time in times)
    return turns


def said(turns: list[Turn]) -> list[list[str]]:
    return [plain_words(turn.transcript) for turn in turns]


def test_real_speech() -> None:
    """The embedded recogniser hears every turn of every recording, and at most a tenth of all words wrong."""
    pytest.importorskip("pocketsphinx")
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # the work is done in processes
        turns = dict(zip(map(named, REAL), pool.map(lambda clip: said(heard(clip, "local")), REAL), strict=True))
    assert {name: len(each) for name, each in turns.items()} == {clip.name: clip.turns for clip in REAL}
    results = [
        (clip.name, score.compare(clip.reference, [" ".join(turn) for turn in turns[clip.name]])) for clip in REAL
    ]
    assert score.pooled(result for _, result in results).passes, "\n".join(score.table(results))


@pytest.mark.parametrize("clip", clips("call", "stereo"), ids=named)
def test_real_speech_over_a_protocol(clip: Any) -> None:
    """The same turns come through each vendor's protocol, in formats that it takes and in others."""
    pytest.importorskip("pocketsphinx")
    alone = said(heard(clip, "local"))
    with local("local") as url:
        for vendor in VENDORS:
            assert said(heard(clip, vendor, base_url=url, api_key="any", paced=False)) == alone, vendor


@pytest.mark.parametrize("clip", CODED, ids=named)
def test_coded_speech(clip: Any) -> None:
    """Coded words come back exactly, turn by turn, from the ear itself and through each vendor's protocol."""
    exact = [line.split() for line in clip.reference]
    assert said(heard(clip, "coded")) == exact
    with local("coded") as url:
        for vendor in VENDORS:
            assert said(heard(clip, vendor, base_url=url, api_key="any", paced=False)) == exact, vendor


# How they were made.


def version(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    return done.stdout + done.stderr


def test_made_again(tmp_path: Path) -> None:
    """The script beside them makes the same bytes."""
    if not (shutil.which("flite") and shutil.which("sox")) or platform.machine() != "x86_64":
        pytest.skip("needs flite and sox on the same kind of machine")
    if "flite-2.2" not in version("flite", "--version") or "v14.4.2" not in version("sox", "--version"):
        pytest.skip("other versions of flite and sox make other bytes")
    environment = {**os.environ, "PYTHON": sys.executable}
    subprocess.run(["sh", AUDIO / "make.sh", tmp_path], env=environment, check=True, capture_output=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert sorted(made) == sorted(path.name for path in AUDIO.glob("*.wav"))
    assert [name for name, content in made.items() if content != (AUDIO / name).read_bytes()] == []

"""Audio that comes twice is taken once, however it is cut; headers and split samples."""

from __future__ import annotations

import struct

import pytest
from aai_migrate_providers.gladia.intake import Intake, wav_header
from aai_migrate_providers.gladia.replay import Replay, Taken
from aai_migrate_providers.gladia.request import read
from hypothesis import given
from hypothesis import strategies as st

MOVING = bytes(index * 7 % 251 for index in range(250))  # no byte twice, and no two samples alike


def replay(frame: int = 2, window: int = 1000, patience: int = 100) -> Replay:
    return Replay(frame, window, patience)


def fed(replay: Replay, *chunks: bytes) -> bytes:
    return b"".join(replay.feed(chunk).new for chunk in chunks)


def test_every_chunk_is_new_on_the_first_connection() -> None:
    """Ranges follow each other, the end is exclusive; nothing has an empty range."""
    it = replay()
    assert it.feed(b"abcd") == Taken(b"abcd", 0, 4)
    assert it.feed(b"abcd") == Taken(b"abcd", 4, 8)
    assert it.feed(b"") == Taken(b"", 8, 8)


def test_what_follows_an_end_that_was_acknowledged_is_skipped() -> None:
    """Two acknowledgements were in flight: the range is that of the client, the new part is handed on."""
    it = replay()
    fed(it, MOVING[:40], MOVING[40:60], MOVING[60:80])
    it.reconnected()
    assert it.feed(MOVING[40:100]) == Taken(MOVING[80:100], 40, 100)
    assert it.feed(MOVING[100:110]) == Taken(MOVING[100:110], 100, 110)


def test_a_frame_shorter_than_the_overlap_is_skipped_whole() -> None:
    """And the next one goes on skipping."""
    it = replay()
    fed(it, MOVING[:40], MOVING[40:100])
    it.reconnected()
    assert it.feed(MOVING[40:70]) == Taken(b"", 40, 70)
    assert it.feed(MOVING[70:90]) == Taken(b"", 70, 90)
    assert it.feed(MOVING[90:130]) == Taken(MOVING[100:130], 90, 130)


def test_an_empty_chunk_tells_the_true_position_and_does_not_disturb() -> None:
    """Our own client asks for it so."""
    it = replay()
    fed(it, MOVING[:40], MOVING[40:100])
    it.reconnected()
    assert it.feed(b"") == Taken(b"", 100, 100)
    assert it.feed(MOVING[40:70]) == Taken(b"", 40, 70)
    assert it.feed(b"") == Taken(b"", 100, 100)
    assert it.feed(MOVING[70:130]) == Taken(MOVING[100:130], 70, 130)


def test_audio_that_goes_on_where_it_was_lost_is_new() -> None:
    """A client that had read every acknowledgement."""
    it = replay()
    fed(it, MOVING[:40], MOVING[40:100])
    it.reconnected()
    assert it.feed(MOVING[100:130]) == Taken(MOVING[100:130], 100, 130)


def test_what_seemed_to_come_twice_and_then_differs_is_new() -> None:
    """Nothing of it is lost: 30 bytes are as those before, the 31st is not."""
    it = replay()
    fed(it, MOVING[:40], MOVING[40:100])
    it.reconnected()
    assert fed(it, MOVING[40:70]) == b""
    assert it.feed(MOVING[150:160]) == Taken(MOVING[40:70] + MOVING[150:160], 100, 140)


def test_a_later_end_is_tried_where_an_earlier_one_fails() -> None:
    """Audio that repeats itself: the first ten bytes fit both ends."""
    head, same = MOVING[:20], MOVING[20:30]
    it = replay()
    fed(it, head, same + MOVING[50:60], same)
    it.reconnected()
    assert it.feed(same) == Taken(b"", 20, 30)
    assert it.feed(MOVING[80:100]) == Taken(MOVING[80:100], 50, 70)


@pytest.mark.parametrize(("frame", "still"), [(2, b"\0"), (2, b"\1\2"), (1, b"\xff"), (4, b"\1\2\3\4")])
def test_digital_silence_counts_as_new(frame: int, still: bytes) -> None:
    """It always equals what came before."""
    silence = still * (80 // len(still))
    it = replay(frame)
    fed(it, MOVING[:40], silence, silence)
    it.reconnected()
    assert it.feed(silence) == Taken(silence, 200, 280)


def test_a_long_silence_counts_as_new_too() -> None:
    """An end before it is compared with all the same: what came before the silence comes twice."""
    it = replay(window=40_000)
    fed(it, MOVING[:40], MOVING[40:80], bytes(10_000))
    it.reconnected()
    assert it.feed(bytes(50)) == Taken(bytes(50), 10_080, 10_130)
    it.reconnected()
    assert it.feed(MOVING[40:80] + bytes(10_051)) == Taken(b"\0", 40, 10_131)


def test_silence_before_speech_waits_to_be_told_from_a_repetition() -> None:
    """It comes twice: the speech behind it says so; nothing is doubled."""
    it = replay()
    fed(it, MOVING[:40], bytes(60) + MOVING[40:80])
    it.reconnected()
    assert it.feed(bytes(30)) == Taken(b"", 40, 70)
    assert it.feed(bytes(30) + MOVING[40:90]) == Taken(MOVING[80:90], 70, 150)


def test_silence_that_only_looks_like_a_repetition_is_handed_on() -> None:
    """At once when it is longer, or differs; else after the patience."""
    it = replay()
    fed(it, MOVING[:40], bytes(300) + MOVING[40:80])
    it.reconnected()
    assert it.feed(bytes(90)) == Taken(b"", 40, 130)
    assert it.feed(bytes(20)) == Taken(bytes(110), 380, 490)
    assert it.feed(bytes(20)) == Taken(bytes(20), 490, 510)


def test_what_is_held_when_all_is_over() -> None:
    """What does not change is new, the rest had come before."""
    still, moving = replay(), replay()
    fed(still, MOVING[:40], bytes(60) + MOVING[40:80])
    fed(moving, MOVING[:40], MOVING[40:100])
    still.reconnected()
    moving.reconnected()
    fed(still, bytes(30))
    fed(moving, MOVING[40:70])
    assert still.rest() == bytes(30)
    assert moving.rest() == b""
    assert still.rest() == b""


def test_only_the_window_is_compared() -> None:
    """What is older cannot be known again."""
    it = replay(window=50)
    fed(it, MOVING[:40], MOVING[40:60], MOVING[60:120])
    it.reconnected()
    assert fed(it, MOVING[40:130]) == MOVING[40:130]


@given(st.data())
def test_any_cuts_yield_the_audio_once(data: st.DataObject) -> None:
    """Any chunks, any losses, a replay from any acknowledgement of either connection: the audio, once."""
    size = data.draw(st.integers(1, 250))
    audio = MOVING[:size]
    it = Replay(data.draw(st.sampled_from([1, 2, 4])), 1000, 100)
    got, sent, read = b"", 0, 0
    for _ in range(data.draw(st.integers(0, 4))):
        while sent < size and data.draw(st.booleans()):
            length = data.draw(st.integers(1, 60))
            taken = it.feed(audio[sent : sent + length])
            assert taken.end >= min(sent + length, size)
            got += taken.new
            sent = min(size, sent + length)
            if data.draw(st.booleans()):
                read = max(read, taken.end)
            if data.draw(st.booleans()):
                assert it.feed(b"").end == it.position
        it.reconnected()
        sent = read
    while sent < size:
        length = data.draw(st.integers(1, 250))
        got += it.feed(audio[sent : sent + length]).new
        sent += length
    assert got + it.rest() == audio
    assert it.position == size


def test_the_longest_wait_is_cheap() -> None:
    """A client that sends 256 KiB twice in small frames: the bytes are looked at once."""
    audio = b"".join(struct.pack("<I", index * 2654435761 % 2**32) for index in range(1 << 16))
    it = Replay(2, 1 << 20, 32_000)
    for at in range(0, len(audio), 4096):
        it.feed(audio[at : at + 4096])
    it.reconnected()
    assert all(it.feed(audio[at : at + 64]).new == b"" for at in range(0, len(audio), 64))
    assert it.position == len(audio)


def test_what_the_client_has_not_read_is_known_again_beyond_the_window() -> None:
    """A client that pushes a file is far ahead of the answers it reads; up to a bound, all of it may come twice."""
    audio = b"".join(struct.pack("<I", index * 2654435761 % 2**32) for index in range(2500))
    it = Replay(2, 1000, 100, 8000)
    fed(it, *(audio[at : at + 100] for at in range(0, 6000, 100)))
    it.reconnected()
    assert fed(it, *(audio[at : at + 70] for at in range(0, 7000, 70))) == audio[6000:7000]
    it.read(7000)
    fed(it, audio[7000:9000])
    it.reconnected()
    assert fed(it, audio[7000:9000]) == b""


def test_what_the_client_has_read_is_not_kept() -> None:
    """Only the window is: what is older comes no second time, and what looks like it is new."""
    audio = b"".join(struct.pack("<I", index * 2654435761 % 2**32) for index in range(2500))
    it = Replay(2, 1000, 100, 8000)
    fed(it, *(audio[at : at + 100] for at in range(0, 6000, 100)))
    it.read(99_999)
    fed(it, audio[6000:6100])
    it.reconnected()
    assert fed(it, audio[:200]) == audio[:200]


# From bytes to samples.


def wav(extra: bytes = b"") -> bytes:
    fmt = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    return b"RIFF\xff\xff\xff\xffWAVE" + fmt + extra + b"data\xff\xff\xff\xff"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", None),
        (b"RI", None),
        (b"RIFF\0\0\0\0WA", None),
        (wav()[:40], None),
        (wav(), 44),
        (wav(b"LIST\5\0\0\0abcde\0") + b"12", 58),
        (b"RIFFRAFF", None),
        (b"RIFF\0\0\0\0AVI ", 0),
        (b"\0\0", 0),
    ],
)
def test_a_wav_header_ends_where_the_samples_begin(data: bytes, expected: int | None) -> None:
    """None: more has to come to know."""
    assert wav_header(data) == expected


@pytest.mark.parametrize("size", [1, 3, 7, 44, 400])
def test_a_wav_header_is_skipped_however_it_is_cut(size: int) -> None:
    """Its bytes count, its time does not."""
    it, stream = Intake(read({})), wav(b"LIST\4\0\0\0abcd") + MOVING
    chunks = [it.feed(stream[at : at + size]) for at in range(0, len(stream), size)]
    assert b"".join(chunk.audio for chunk in chunks) == MOVING
    assert chunks[-1].end == len(stream)
    assert it.seconds == len(MOVING) / 32_000


def test_what_only_begins_like_a_header_is_audio() -> None:
    """Also where nothing more comes, and where no samples are found in 64 KiB."""
    it = Intake(read({}))
    assert it.feed(b"RIFF").audio == b""
    assert it.rest() == b"RIFF"
    it = Intake(read({}))
    long = b"RIFF\0\0\0\0WAVELIST" + struct.pack("<I", 1 << 30) + bytes(1 << 16)
    assert it.feed(long).audio == long


def test_split_samples_are_joined() -> None:
    """The range counts bytes as they come."""
    it = Intake(read({"channels": 2}))
    parts = [it.feed(MOVING[:3]), it.feed(MOVING[3:6]), it.feed(MOVING[6:12])]
    assert [part.audio for part in parts] == [b"", MOVING[:4], MOVING[4:12]]
    assert [(part.start, part.end) for part in parts] == [(0, 3), (3, 6), (6, 12)]


def test_eight_bits_are_unsigned() -> None:
    """They become 16, signed; time is counted in bytes of the client."""
    it = Intake(read({"bit_depth": 8, "sample_rate": 8000}))
    taken = it.feed(b"\x80\x00\xff\x81")
    assert taken.audio == struct.pack("<4h", 0, -32768, 32512, 256)
    assert taken.until == 0.0005

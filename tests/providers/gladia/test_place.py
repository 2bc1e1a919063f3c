"""Where the vendor is in the session's audio, by what it answers."""

from __future__ import annotations

import random

import pytest
from aai_migrate_providers.gladia.messages import Ack
from aai_migrate_providers.gladia.place import KEPT, Place
from hypothesis import given
from hypothesis import strategies as st

FRAME = 2
SAMPLE = bytes(FRAME)


def ack(start: int | None, end: int | None) -> Ack:
    return Ack(True, start, end)


NACK = Ack(False, reason="no")


def sent(*sizes: int, frame: int = FRAME) -> Place:
    place = Place(frame)
    for size in sizes:
        place.send(size)
    return place


@pytest.mark.parametrize(
    ("answers", "taken"),
    [
        ([], [0]),
        ([(0, 100), (100, 300)], [100, 300]),
        ([(0, 99), (100, 299)], [100, 300]),
        ([(0, 100), (100, 299)], [100, 300]),
        ([(0, 300)], [300]),
        ([(100, 300), (0, 100)], [300, 300]),
        ([(0, 100), (0, 100)], [100, 100]),
        ([(0, 101)], [100]),
        ([(0, 50)], [50]),
        ([(0, 51)], [50]),
        ([(300, 9_999)], [600]),
        ([(0, -5)], [0]),
    ],
)
def test_ranges_count_from_the_start_of_the_session(answers: list[tuple[int, int]], taken: list[int]) -> None:
    """With an end behind the last byte, or at it; cumulative, late, twice, at no chunk's end, beyond all that was."""
    place, seen = sent(100, 200, 300), []
    for start, end in answers:
        place.acknowledged(ack(start, end))
        seen.append(place.taken)
    assert seen == (taken if answers else [])
    assert place.taken == taken[-1] == place.heard
    assert place.certain is (taken[-1] == 600)


def test_an_answer_tells_whether_more_is_taken() -> None:
    """A refusal tells nothing, nor does what says no place."""
    place = sent(100, 100)
    assert [place.acknowledged(each) for each in (NACK, ack(None, None), ack(0, 100), ack(0, 100))] == [
        False,
        False,
        True,
        False,
    ]
    assert place.acknowledged(ack(100, 9_999))
    assert not place.acknowledged(ack(100, 9_999))


@pytest.mark.parametrize("frame", [1, 2, 3, 16])
def test_what_is_taken_is_whole_samples(frame: int) -> None:
    """An answer in the midst of one counts for those before it."""
    place = sent(frame * 10, frame=frame)
    assert place.acknowledged(ack(0, frame * 5 + frame // 2))
    assert place.taken == frame * 5


def test_memory_is_bounded() -> None:
    """Without answers it forgets where chunks ended, not how much was sent."""
    place = sent(*[2] * (KEPT + 10))
    assert place.sent == 2 * (KEPT + 10)
    assert place.acknowledged(ack(0, 2 * (KEPT + 10)))
    assert place.certain


def test_a_count_that_begins_anew_with_each_connection() -> None:
    """Its first answer shows that; one from the start of the session does not move."""
    place = sent(100)
    place.acknowledged(ack(0, 100))
    assert place.reconnect(SAMPLE)
    place.send(60)
    assert place.acknowledged(ack(0, 60))
    assert place.taken == 160
    place.send(40)
    assert place.acknowledged(ack(60, 100))
    assert place.certain
    assert place.reconnect(SAMPLE)
    place.send(100)
    assert place.acknowledged(ack(200, 300))
    assert place.taken == 300


# Probes.


def lost() -> Place:
    """300 bytes were sent, 100 are known to have arrived, and there is another connection."""
    place = sent(100, 200)
    place.acknowledged(ack(0, 100))
    assert not place.reconnect(SAMPLE)
    return place


def test_an_empty_chunk_is_answered() -> None:
    """By where the vendor is; nothing was added."""
    place = lost()
    assert place.probe() == b""
    assert place.asking
    assert place.found(ack(300, 300))
    assert not place.asking
    assert (place.taken, place.sent, place.heard, place.added) == (300, 300, 300, 0)


@pytest.mark.parametrize("end", [202, 201])
def test_a_sample_is_answered_where_an_empty_chunk_is_not(end: int) -> None:
    """It is counted by the vendor, and not as the caller's."""
    place = lost()
    assert [place.probe(), place.probe()] == [b"", SAMPLE]
    assert place.found(ack(200, end))
    assert (place.taken, place.sent, place.heard, place.added) == (202, 202, 200, 2)
    place.send(100)
    assert place.acknowledged(ack(202, 302))
    assert (place.heard, place.certain) == (300, True)


@pytest.mark.parametrize("answer", [NACK, ack(None, None), ack(300, None)])
def test_a_probe_without_an_answer_is_followed_by_the_other(answer: Ack) -> None:
    """After both there is nothing more to ask."""
    place = lost()
    for expected in (b"", SAMPLE):
        assert place.probe() == expected
        assert not place.found(answer)
        assert not place.asking
    assert place.probe() is None


@pytest.mark.parametrize("place_of", [(0, 0), (98, 98), (302, 302), (201, 201), (-2, -2)])
def test_who_cannot_be_there_does_not_say_where_it_is(place_of: tuple[int, int]) -> None:
    """Before what it has said to have, behind all that was sent, in the midst of a sample."""
    place = lost()
    place.probe()
    assert not place.found(ack(*place_of))
    assert not place.asking
    assert place.probe() is None
    assert place.taken == 100


def test_a_late_answer_to_audio_answers_no_probe() -> None:
    """It has a length."""
    place = lost()
    place.probe()
    assert not place.found(ack(100, 300))
    assert place.asking
    place.probe()
    assert not place.found(ack(100, 300))
    assert place.found(ack(300, 302))
    assert place.heard == 300


def test_what_nobody_asked_finds_nothing() -> None:
    """An answer before any probe."""
    assert not lost().found(ack(300, 300))


def test_a_cut_while_probing() -> None:
    """An empty chunk has changed nothing; a sample may have arrived or not, and nothing will tell."""
    place = lost()
    assert place.probe() == b""
    assert not place.reconnect(SAMPLE)
    assert [place.probe(), place.probe()] == [b"", SAMPLE]
    assert not place.reconnect(SAMPLE)
    assert place.probe() is None


def test_nothing_is_missing_of_a_session_that_took_all() -> None:
    """The vendor said so."""
    place = lost()
    place.probe()
    place.all_taken()
    assert place.certain
    assert not place.asking
    assert place.heard == 300


@given(
    seed=st.integers(0, 2**32),
    frame=st.sampled_from([1, 2, 3, 4, 6, 16]),
    empty=st.booleans(),
    inclusive=st.booleans(),
)
def test_after_a_probe_what_was_heard_is_exact(seed: int, frame: int, empty: bool, inclusive: bool) -> None:
    """Over many connections, each of which loses chunks behind any of those sent, and answers behind any of those
    taken: what the vendor took of the caller's audio is what is said to be heard."""
    chance = random.Random(seed)
    place, vendor, ours = Place(frame), 0, 0  # bytes that the vendor has, and how many of them are the caller's
    fed = 0
    for _ in range(chance.randrange(1, 6)):
        fed = ours  # what was lost is sent again
        chunks = [frame * chance.randrange(1, 500) for _ in range(chance.randrange(1, 30))]
        took, told = chance.randrange(len(chunks) + 1), 0
        for number, size in enumerate(chunks):
            place.send(size)
            fed += size
            if number < took:
                start, vendor, ours = vendor, vendor + size, ours + size
                if number == told and chance.random() < 0.9:
                    told += 1
                    place.acknowledged(ack(start, vendor - inclusive))
                    assert place.heard <= ours
        if not place.reconnect(bytes(frame)):
            answered = place.taken > 0
            probe = place.probe()
            assert probe == b""
            if not empty:
                probe = place.probe()
                assert probe == bytes(frame)
            start, vendor = vendor, vendor + len(probe)
            end = vendor - inclusive if probe else vendor
            if not place.found(ack(start, end)):
                assert not answered or start == 0
                return
        assert place.heard == ours
        assert place.sent == place.taken == vendor
        assert place.certain

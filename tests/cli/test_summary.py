"""From events to figures, from figures to words."""

from __future__ import annotations

from typing import Any

import pytest

from aai_migrate.cli.handed import Handed
from aai_migrate.cli.summary import Figures, Tally
from aai_migrate.events import (
    AudioGap,
    Begin,
    ProviderChanged,
    Reconnected,
    StreamEvent,
    Termination,
    Turn,
    TurnRevised,
)
from aai_migrate.testing import ManualClock


def _handed(speed: float = 1.0) -> Handed:
    """Twenty seconds of audio from second 100 of the clock on."""
    clock = ManualClock(100.0)
    handed = Handed(clock=clock)
    handed.begin()
    for chunk in range(1, 41):
        clock.advance(0.5 / speed)
        handed.note(chunk / 2)
    return handed


def _figures(*events: StreamEvent, handed: Handed | None = None) -> Figures:
    tally = Tally()
    for event in events:
        tally.note(event)
    return tally.figures(handed or _handed())


def _turn(order: int, at: float, *, end: bool, start: float | None, stop: float | None, **more: Any) -> Turn:
    return Turn(
        turn_order=order, transcript="ask", end_of_turn=end, start=start, end=stop, received_at=100.0 + at, **more
    )


END = Termination(complete=True, reason="stopped", audio_seconds=20.0)


def test_delays_are_those_from_the_audio() -> None:
    """First words count from the first word's start, final from the last word's end, in the turn's last state."""
    figures = _figures(
        _turn(0, 1.5, end=False, start=0.9, stop=1.2),
        _turn(0, 2.5, end=False, start=0.9, stop=2.0),
        _turn(0, 3.25, end=True, start=1.0, stop=2.25),
        END,
    )
    assert (figures.first_words, figures.final) == pytest.approx((0.5, 1.0))
    assert (figures.turns, figures.measured, figures.audio_seconds) == (1, 1, 20.0)


def test_delays_are_medians() -> None:
    """Over all turns of all channels; an even number has its middle between two."""
    figures = _figures(
        _turn(0, 1.2, end=True, start=1.0, stop=1.1),
        _turn(0, 5.0, end=True, start=4.0, stop=4.5, channel=1),
        _turn(1, 9.0, end=True, start=8.6, stop=8.9),
        _turn(2, 12.0, end=True, start=10.0, stop=11.0),
    )
    assert (figures.first_words, figures.final) == pytest.approx((0.7, 0.3))
    assert figures.measured == 4


def test_an_early_final_is_less_than_nothing() -> None:
    """A vendor that ends a turn before its last word has ended is neither hidden nor cut to 0."""
    figures = _figures(_turn(0, 2.0, end=True, start=1.0, stop=2.5))
    assert figures.final == pytest.approx(-0.5)
    assert ("final", "-0.50 s after speech ended") in figures.details[0]


@pytest.mark.parametrize(
    "events",
    [
        [],
        [_turn(0, 2.0, end=True, start=None, stop=None)],
        [_turn(0, 2.0, end=True, start=float("nan"), stop=float("inf"))],
        [_turn(0, 2.0, end=True, start=90.0, stop=91.0)],
        [_turn(0, 2.0, end=False, start=1.0, stop=2.0)],
    ],
)
def test_a_missing_value_is_none(events: list[StreamEvent]) -> None:
    """No turn, no times, times beyond the audio, a turn that never ended: not known, which is not 0."""
    figures = _figures(*events)
    assert (figures.first_words, figures.final, figures.measured) == (None, None, 0)
    assert figures.details[0] == (("first words", "–"), ("final", "–"))


def test_audio_that_came_too_fast() -> None:
    """Nothing is measured against audio that nobody could have heard by then, and it is said why."""
    figures = _figures(_turn(0, 3.0, end=True, start=1.0, stop=2.0), handed=_handed(100.0))
    assert (figures.first_words, figures.final) == (None, None)
    assert figures.details[0][1] == ("final", "– (the audio came faster than speech)")


def test_silence() -> None:
    """No turn at all is no speech."""
    assert _figures(Begin(provider="p"), END).headline == "no speech, 20.0 s of audio, complete"


def test_everything_else_is_counted() -> None:
    """Who served, what was converted, what was lost, how often a connection was replaced."""
    seam = Reconnected(seam=1.0, settled=1.0, resumed=False, replayed=1.5, lag=2.0)
    figures = _figures(
        Begin(provider="p", model="m", conversions=("48000 -> 16000 Hz by soxr", "stereo -> mono")),
        AudioGap(1.0, 1.5),
        AudioGap(3.0, 3.25),
        seam,
        seam,
        ProviderChanged("p", "q", 4.0, "quota"),
        _turn(0, 3.0, end=True, start=1.0, stop=2.0),
        TurnRevised(turn_order=0, transcript="Ask."),
        Termination(complete=False, reason="audio lost", audio_seconds=20.0, unconfirmed_seconds=0.75),
    )
    assert figures.headline == "1 turn, 20.0 s of audio, truncated: audio lost, 0.8 s unconfirmed"
    assert figures.details[1:] == (
        (("served by", "p m, q"), ("converted", "48000 -> 16000 Hz by soxr, stereo -> mono")),
        (("gaps", "2 (0.8 s lost)"), ("reconnects", "2 (3.0 s sent again)")),
    )


def test_before_the_end() -> None:
    """Without the last event nobody knows how it ended."""
    assert _figures().headline == "no speech, 0.0 s of audio, –"

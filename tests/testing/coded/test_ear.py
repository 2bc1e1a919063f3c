"""The coded ear as a vendor: turns, hard options, and the grammar of its events."""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import pytest
from attrs import evolve

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.errors import StreamClosed
from aai_migrate.testing.coded import CodedEar, Hard, encode, interleave, words
from aai_migrate.wire.commands import Audio, Configure, Finalize, KeepAlive, Silence, Start, Stop
from aai_migrate.wire.events import (
    Configured,
    Event,
    Final,
    Finalized,
    Partial,
    Settled,
    Stopped,
    TurnEnded,
)
from aai_migrate.wire.frames import Frame

PHONE = AudioFormat(8000)
TEXT = words(20, 9)
SCRIPT: tuple[str | float, ...] = (0.3, *TEXT[:7], 1.0, *TEXT[7:9], 0.5, *TEXT[9:12], 0.8, *TEXT[12:], 2.5)


def started(hard: Hard | None = None, **options: Any) -> CodedEar:
    ear = CodedEar(hard=hard)
    ear.send(Start(Config(**{"audio": PHONE, **options})), 0.0)
    return ear


def feed(ear: CodedEar, sound: bytes, seconds: float = 0.05, fmt: AudioFormat = PHONE) -> list[Any]:
    size = fmt.size(seconds)
    return [event for at in range(0, len(sound), size) for event in ear.send(Audio(sound[at : at + size]), 0.0)]


def kinds(events: Iterable[Event | Frame]) -> list[str]:
    return [type(event).__name__ for event in events]


class Grammar:
    """Reads events by the contract's words and fails where they break it; ``turns`` is what was said."""

    def __init__(self, jitter: float = 0.0) -> None:
        self.jitter = jitter
        self.turns: list[tuple[int, Any, str]] = []
        self.open: dict[tuple[int, Any], tuple[str, str, str]] = {}  # final text, tail, what was promised
        self.ended: set[Any] = set()
        self.settled: dict[int, float] = {}

    def read(self, events: Sequence[Any]) -> Grammar:
        for event in events:
            match event:
                case Partial() | Final():
                    self.text(event)
                case TurnEnded(turn=turn, channel=channel):
                    text, _, promised = self.open.pop((channel, turn))
                    assert text, "an ended turn has a Final"
                    assert not promised, "what was promised is final at the end of a turn"
                    self.ended.add(turn)
                    self.turns.append((channel, turn, text))
                case Settled(to, channel):
                    assert to > self.settled.get(channel, 0.0), "settled goes forward"
                    self.settled[channel] = to
        return self

    def text(self, event: Partial | Final) -> None:
        key = (event.channel, event.turn)
        assert event.turn not in self.ended, "a turn's key is used once"
        assert all(turn == event.turn for channel, turn in self.open if channel == event.channel), "one is open"
        done, _, stable = self.open.get(key, ("", "", ""))
        assert event.text == "".join(word.joiner + word.text for word in event.words)
        assert event.text.startswith(" ") == bool(done), "the peer puts the joiner, and only between pieces"
        both = min(len(stable), len(event.text))
        assert event.text[:both] == stable[:both], "stable text stays"
        assert isinstance(event, Final) or both == len(stable), "stable text is repeated"
        assert all(word.is_final == isinstance(event, Final) for word in event.words)
        assert all(word.start <= word.end for word in event.words)
        assert (event.start, event.end) == (event.words[0].start, event.words[-1].end)
        settled = self.settled.get(event.channel, 0.0)
        for word in event.words:
            assert settled <= (word.start + word.end) / 2 + self.jitter, "nothing comes for settled audio"
        if isinstance(event, Final):
            self.open[key] = (done + event.text, "", stable[both:])
        else:
            self.open[key] = (done, event.text, event.text[: event.stable])

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(name for _, _, text in self.turns for name in text.split(" "))


def test_a_turn_from_its_first_word_to_its_end() -> None:
    """Onset, the whole open tail after each word, then Final, end and what is settled."""
    a, b = TEXT[:2]
    events = feed(started(), encode([0.2, a, b, 1.0], PHONE))
    assert kinds(events) == ["SpeechStarted", "Partial", "Partial", "Final", "TurnEnded", "Settled"]
    onset, first, second, final, end, settled = events
    assert (onset.at, onset.channel) == (pytest.approx(0.2, abs=0.01), 0)
    assert (first.text, second.text, second.stable) == (a, f"{a} {b}", 0)
    for name in ("text", "turn", "start", "end"):
        assert getattr(final, name) == getattr(second, name)
    assert [(word.start, word.end) for word in final.words] == [
        (pytest.approx(0.2 + at, abs=0.011), pytest.approx(0.4 + at, abs=0.011)) for at in (0, 0.24)
    ]
    assert (end.turn, end.at, end.reason, end.confidence, end.formatted) == (
        0,
        final.end,
        "vendor",
        1.0,
        False,
    )
    assert settled == Settled(final.end, 0)


def test_the_turn_ends_after_the_quiet_that_was_asked_for() -> None:
    """0.7 s unless the caller says otherwise, also in mid-session."""
    sound = encode([TEXT[0], 0.55], PHONE)
    assert "TurnEnded" not in kinds(feed(started(), sound))
    assert "TurnEnded" in kinds(feed(started(turn_silence=0.5), sound))
    ear = started()
    assert ear.send(Configure("c", {"turn_silence": 0.5}), 0.0) == [Configured("c")]
    assert "TurnEnded" in kinds(feed(ear, sound))
    ear = started(turn_silence=0.5)
    assert ear.send(Configure("c", {"turn_silence": None}), 0.0) == [Configured("c")]
    assert "TurnEnded" not in kinds(feed(ear, sound))


@pytest.mark.parametrize(
    "options", [{"language": "en"}, {"turn_silence": -1.0}, {"partials": True, "turn_silence": 1.0}]
)
def test_what_cannot_change_is_refused_with_a_reason(options: dict[str, Any]) -> None:
    """A refused Configure names what was wrong and changes nothing."""
    (answer,) = started().send(Configure("c", options), 0.0)
    assert isinstance(answer, Configured)
    assert not answer.accepted
    assert next(iter(options)) in answer.reason


def test_finalize_settles_what_was_heard_and_keeps_the_word_in_progress() -> None:
    """The word that is being spoken belongs to the next turn, and its audio is not settled."""
    ear, sound = started(), encode([*TEXT[:3], 1.0], PHONE)
    cut = PHONE.size(0.24 * 2 + 0.15)
    grammar = Grammar().read(feed(ear, sound[:cut]))
    events = ear.send(Finalize("f"), 0.0)
    assert kinds(events) == ["Final", "TurnEnded", "Settled", "Finalized"]
    assert events[1].reason == "forced"  # type: ignore[union-attr]
    assert events[-1] == Finalized("f", "vendor")
    grammar.read(events)
    assert grammar.settled[0] <= 0.48
    assert ear.send(Finalize("g"), 0.0) == [Finalized("g", "vendor")]
    grammar.read(feed(ear, sound[cut:]))
    assert [text for *_, text in grammar.turns] == [" ".join(TEXT[:2]), TEXT[2]]


def test_a_late_end_reported_beyond_the_next_words_start_settles_only_up_to_it() -> None:
    """Finalize never settles past the start of a tone in progress, however wrong the times."""
    for seed in range(10):
        ear = started(Hard(jitter=0.1, seed=seed))
        sound = encode(TEXT[:2], PHONE)[: PHONE.size(0.3)]
        events = [*feed(ear, sound), *ear.send(Finalize("f"), 0.0)]
        assert all(event.to <= 0.24 for event in events if isinstance(event, Settled))


def test_stop_takes_a_word_of_which_enough_was_there() -> None:
    """120 ms count, 80 do not; everything is settled, and nothing is taken afterwards."""
    for tone, count in ((0.12, 2), (0.08, 1)):
        ear = started()
        grammar = Grammar().read(feed(ear, encode(TEXT[:2], PHONE)[: PHONE.size(0.24 + tone)]))
        events = ear.send(Stop(), 0.0)
        grammar.read(events)
        assert grammar.words == TEXT[:count]
        assert isinstance(events[-1], Stopped)
        assert events[-1].audio_seconds == pytest.approx(0.24 + tone)
        assert grammar.settled[0] == pytest.approx(0.24 + tone)
        with pytest.raises(StreamClosed):
            ear.send(KeepAlive(), 0.0)


def test_stop_without_audio() -> None:
    """Nothing said, nothing to settle."""
    assert started().send(Stop(), 0.0) == [Stopped(audio_seconds=0.0)]


def test_silence_settles_about_every_second() -> None:
    """With nothing open, quiet audio is settled, but never the tone in progress; it can be switched off."""
    settled = [event.to for event in feed(started(), PHONE.silence(5)) if isinstance(event, Settled)]
    assert len(settled) in (4, 5)
    assert 4.0 <= settled[-1] <= 4.76
    ear = started()
    events = feed(ear, PHONE.silence(1.3) + encode([TEXT[0]], PHONE)[: PHONE.size(0.2)], 0.01)
    assert all(event.to <= 1.3 for event in events)
    assert feed(started(Hard(silent_settle=False)), PHONE.silence(5)) == []


def test_injected_silence_is_silence_and_counts() -> None:
    """Silence ends a turn and lasts on the connection's clock; KeepAlive does nothing."""
    ear = started()
    feed(ear, encode(TEXT[:1], PHONE))
    assert ear.send(KeepAlive(), 0.0) == []
    assert "TurnEnded" in kinds(ear.send(Silence(1.0), 0.0))
    stopped = ear.send(Stop(), 0.0)[-1]
    assert isinstance(stopped, Stopped)
    assert stopped.audio_seconds == pytest.approx(1.24)


def test_chunks_do_not_change_the_turns() -> None:
    """All at once, or 10 ms at a time: the same turns."""
    sound = encode(SCRIPT, PHONE)
    turns = []
    for seconds in (0.01, 0.05, 0.37, 60):
        ear = started()
        turns.append(Grammar().read([*feed(ear, sound, seconds), *ear.send(Stop(), 0.0)]).turns)
    assert len(turns[0]) == 3
    assert all(other == turns[0] for other in turns)


def test_separate_channels_have_turns_of_their_own() -> None:
    """Each channel is heard apart; keys are unique over them, and Finalize may name one."""
    fmt = AudioFormat(16000, "pcm_mulaw", 2)
    mono = evolve(fmt, channels=1)
    left, right = TEXT[:5], TEXT[5:12]
    sound = interleave(encode([*left, 3.0], mono), encode([0.1, *right, 1.0], mono), fmt=fmt)
    ear = started(audio=fmt, channels="separate")
    grammar = Grammar().read(feed(ear, sound[: fmt.size(0.6)], fmt=fmt))
    forced = ear.send(Finalize("f", 1), 0.0)
    assert {event.channel for event in forced if isinstance(event, (Final, TurnEnded, Settled))} == {1}
    grammar.read([*forced, *feed(ear, sound[fmt.size(0.6) :], fmt=fmt), *ear.send(Stop(), 0.0)])
    for channel, text in enumerate((left, right)):
        assert " ".join(t for c, _, t in grammar.turns if c == channel) == " ".join(text)
    assert len({turn for _, turn, _ in grammar.turns}) == 3


def test_mixed_channels_are_one() -> None:
    """Two channels that are not kept apart give one voice."""
    fmt = AudioFormat(8000, channels=2)
    ear = started(audio=fmt)
    grammar = Grammar().read(feed(ear, encode([*TEXT, 1.0], fmt), fmt=fmt))
    assert grammar.turns == [(0, 0, " ".join(TEXT))]


def test_finals_in_mid_turn_append() -> None:
    """Every second word a Final, whose second piece begins with the joiner, and what it settles."""
    events = feed(started(Hard(final_every=2)), encode([*TEXT[:5], 1.0], PHONE))
    finals = [event for event in events if isinstance(event, Final)]
    assert [final.text for final in finals] == [
        f"{TEXT[0]} {TEXT[1]}", f" {TEXT[2]} {TEXT[3]}", f" {TEXT[4]}",
    ]  # fmt: skip
    assert [e.to for e in events if isinstance(e, Settled)] == [final.end for final in finals]
    exact = feed(started(Hard(final_every=2)), encode([*TEXT[:4], 1.0], PHONE))
    assert kinds(exact)[-2:] == ["Settled", "TurnEnded"]


def test_rewriting_partials_put_the_newest_word_right_later() -> None:
    """The newest word is another one, the words before it are right, and nothing is promised."""
    events = feed(started(Hard(rewrite=True, stable=True)), encode([*TEXT[:3], 1.0], PHONE))
    partials = [event for event in events if isinstance(event, Partial)]
    for count, partial in enumerate(partials, 1):
        said = tuple(partial.text.split(" "))
        assert said[:-1] == TEXT[: count - 1]
        assert said[-1] != TEXT[count - 1]
        assert partial.stable == 0
    assert Grammar().read(events).words == TEXT[:3]


def test_late_turns_keep_the_next_words_in_their_tail() -> None:
    """Until the late end is said, the next turn's words are the tail; then they move on, repeated."""
    a, b, c = TEXT[:3]
    ear = started(Hard(late=1.0, stable=True))
    events = feed(ear, encode([a, b, 0.8, c, 3.0], PHONE))
    assert [(e.turn, e.text, e.stable) for e in events if isinstance(e, Partial)] == [
        (0, a, len(a)),
        (0, f"{a} {b}", len(f"{a} {b}")),
        (0, f"{a} {b} {c}", len(f"{a} {b}")),
        (1, c, len(c)),
    ]
    assert Grammar().read(events).turns == [(0, 0, f"{a} {b}"), (0, 1, c)]


def test_late_finals_come_at_once_on_finalize_and_stop() -> None:
    """What is decided is said then, as it was decided."""
    for end, reason in ((Finalize("f"), "forced"), (Stop(), "stop")):
        ear = started(Hard(late=20.0))
        grammar = Grammar().read(feed(ear, encode([*TEXT[:2], 1.0, *TEXT[2:4]], PHONE)))
        assert not grammar.turns
        events = ear.send(end, 0.0)
        assert [event.reason for event in events if isinstance(event, TurnEnded)] == ["vendor", reason]
        assert grammar.read(events).words == TEXT[:4]


def test_jitter_moves_times_the_same_way_every_time() -> None:
    """Times are off by no more than asked for, and by the same for the same seed."""
    runs = []
    for seed in (1, 1, 2):
        ear = started(Hard(jitter=0.06, seed=seed))
        finals = [e for e in feed(ear, encode([0.5, *TEXT, 1.0], PHONE)) if isinstance(e, Final)]
        runs.append([(word.start, word.end) for word in finals[0].words])
    assert runs[0] == runs[1] != runs[2]
    errors = [time - 0.5 - at * 0.24 - part for at, times in enumerate(runs[0])
              for time, part in zip(times, (0, 0.2), strict=True)]  # fmt: skip
    assert 0.03 < max(map(abs, errors)) <= 0.071


def test_turns_are_split_without_a_pause() -> None:
    """Every third word ends a turn; a turn that lasts a minute is ended too."""
    grammar = Grammar().read(feed(started(Hard(split_every=3)), encode([*TEXT[:8], 1.0], PHONE)))
    assert [len(text.split(" ")) for *_, text in grammar.turns] == [3, 3, 2]
    long = words(260, 2)
    grammar = Grammar().read(feed(started(), encode([*long, 1.0], PHONE), 1.0))
    assert grammar.words == long
    assert len(grammar.turns) == 2


HARDS = [
    Hard(final_every=every, rewrite=rewrite, late=late, jitter=jitter, split_every=split, stable=stable, seed=4)
    for every, rewrite, late, jitter, split, stable in product(
        (0, 2), (False, True), (0.0, 0.9, 6.0), (0.0, 0.08), (0, 4), (False, True)
    )
]


@pytest.mark.parametrize("hard", HARDS, ids=str)
def test_no_difficulty_breaks_the_grammar_or_loses_a_word(hard: Hard) -> None:
    """All options together: the joined ended turns are the spoken words, with Finalize at any time."""
    dice, sound = random.Random(7), encode(SCRIPT, PHONE)
    for forcing in (False, True):
        ear, grammar = started(hard), Grammar(hard.jitter + 0.001)
        for at in range(0, len(sound), PHONE.size(0.08)):
            grammar.read(ear.send(Audio(sound[at : at + PHONE.size(0.08)]), 0.0))
            if forcing and dice.random() < 0.1:
                grammar.read(ear.send(Finalize("f"), 0.0))
        grammar.read(ear.send(Stop(), 0.0))
        assert grammar.words == TEXT
        assert not grammar.open


def test_without_partials_only_finals_come() -> None:
    """A caller who wants no partials gets none, and the same turns."""
    events = feed(started(Hard(late=1.0), partials=False), encode([*SCRIPT, 1.0], PHONE))
    assert not any(isinstance(event, Partial) for event in events)
    assert Grammar().read(events).words == TEXT


def test_hours_of_audio_take_no_memory() -> None:
    """Endless talk leaves nothing behind: more minutes of it grow no memory."""
    ear = started(Hard(late=0.5, final_every=4, split_every=10))
    second = AudioFormat(8000).size(1.0)
    sound = encode([*TEXT, 1.2], PHONE)
    assert len(sound) == 6 * second

    def listen(minutes: int) -> int:
        for at in range(minutes * 60):
            ear.send(Audio(sound[at % 6 * second :][:second]), 0.0)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    listen(1)
    before = listen(1)
    after = listen(4)
    tracemalloc.stop()
    assert after - before < 20_000  # a word kept would be 100,000; what else runs here allocates a little

"""How sessions end, and how they go on while nobody speaks."""

from __future__ import annotations

import gc
import itertools
import types
from typing import Any

from ...config import Config
from ...wire.commands import Audio, Start, Stop
from ...wire.events import Failed, Final, Stopped
from ...wire.frames import Close, Lost, Message
from ..coded import CodedEar, encode
from ..run import Run
from ..trace import Trace
from ..words import plain_words
from .bench import AUDIO, FORMAT, WORDS, Bench
from .watched import Watch

HOUR = 3600.0
GROWTH = 2000
"""Objects that a half may come to hold in fifty idle minutes: queues of bounded length fill up."""


def heard(audio: bytes) -> tuple[str, ...]:
    """Return the words that the ear finds in *audio*."""
    ear = CodedEar(None)
    out = [event for item in (Start(Config(audio=FORMAT)), Audio(audio), Stop()) for event in ear.send(item, 0.0)]
    return tuple(word for event in out if isinstance(event, Final) for word in plain_words(event.text))


class Ends(Bench):
    """The drain after Stop, and hours in which nothing is said."""

    def _ended(self, done: Run, watch: Watch) -> None:
        """Stopped came once and last, and whatever comes after it is nothing."""
        ends = [event for event in done.said if isinstance(event, (Stopped, Failed))]
        assert [type(event) for event in ends] == [Stopped]
        assert done.said[-1] is ends[0]
        assert done.end.complete
        for half in watch.clients:
            for frame in (Message("{}"), Close(1000), Lost("reset")):
                assert half.receive(frame, done.link.clock.now) == [], "a half that has ended says no more"
            assert half.deadline is None
        watch.check()

    def test_the_last_words_arrive_wherever_the_audio_stops(self) -> None:
        """In mid-word, in mid-turn, in a pause: what was heard is told, then comes the end."""
        for tenth in range(2, int(FORMAT.seconds(len(AUDIO)) * 10), 3):
            audio, watch = AUDIO[: FORMAT.size(tenth / 10)], Watch()
            done = self.run(audio, watch=watch)
            assert self.said(done) == heard(audio), f"stopped after {tenth / 10} s"
            self._ended(done, watch)

    def test_the_last_words_of_a_late_vendor_arrive(self) -> None:
        """What it had not made final yet."""
        for name, hard in self.ears.items():
            watch = Watch()
            done = self.run(AUDIO, hard=hard, watch=watch)
            assert self.said(done) == WORDS, name
            self._ended(done, watch)

    def test_a_session_may_end_as_soon_as_it_began(self) -> None:
        """Without any audio, and with less than a chunk of it; there is no turn."""
        for audio in (FORMAT.silence(0.01), FORMAT.silence(0.0001), FORMAT.silence(1.0)):
            watch = Watch()
            done = self.run(audio, watch=watch)
            assert done.turns == []
            self._ended(done, watch)

    def test_an_hour_without_audio_is_kept_alive(self) -> None:
        """Something goes out within the vendor's time, on one connection, and the words behind the hour arrive."""
        numbers, trace = self.suited().numbers, Trace("any", "an idle hour")
        before, after = WORDS[:3], WORDS[3:]
        audio = encode([0.25, *before, 1.5, *after, 0.3], FORMAT)
        done = self.run(audio, halts={2.0: HOUR}, trace=trace)
        assert self.said(done) == WORDS
        assert done.end.complete
        assert len(done.link.begun) <= 1, "the connection did not last"
        if numbers.keepalive:
            out = [entry.time for entry in trace.entries if entry.direction == ">"]
            longest = max(later - earlier for earlier, later in itertools.pairwise(out))
            assert longest <= numbers.keepalive + 0.1, f"nothing was sent for {longest:.1f} s"

    def test_an_hour_without_audio_makes_nothing_grow(self) -> None:
        """Neither half keeps what happens while nothing happens."""
        watch, sizes = Watch(), list[int]()

        class Weighing:
            """A far end that weighs both halves, ten minutes after the last audio and at the hour's end."""

            def __init__(self, far: Any) -> None:
                self.far, self.due = far, [700.0, HOUR - 100.0]
                self.connected = False

            @property
            def heard(self) -> Any:
                return self.far.heard

            @property
            def deadline(self) -> float | None:
                due = [time for time in (self.far.deadline, *self.due[:1]) if time is not None]
                return min(due, default=None)

            def receive(self, frame: Any, now: float) -> Any:
                return self.far.receive(frame, now)

            def tick(self, now: float) -> Any:
                if self.due and self.due[0] <= now:
                    self.due.pop(0)
                    sizes.append(sum(map(weight, [*watch.clients, *watch.servers])))
                return self.far.tick(now) if self.far.deadline is not None and self.far.deadline <= now else []

        self.needs_a_wire()
        self.run(encode([0.25, *WORDS[:3], 2.0], FORMAT), halts={1.5: HOUR}, watch=watch, around=Weighing)
        early, late = sizes
        assert late - early < GROWTH, f"the halves held {early} objects, and {late} fifty minutes later"


def weight(root: object) -> int:
    """Return how many objects are reachable from *root* that are its own: no modules, classes or functions."""
    shared: tuple[type, ...] = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.CodeType)
    seen, todo = set[int](), [root]
    while todo:
        each = todo.pop()
        if id(each) in seen or isinstance(each, shared):
            continue
        seen.add(id(each))
        todo += gc.get_referents(each)
    return len(seen)

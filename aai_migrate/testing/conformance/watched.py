"""A half of a provider under watch: what it is told goes through, what it answers is judged."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from attrs import frozen

from ...provider import Peer
from ...session.session import EARLY
from ...wire import commands as ask
from ...wire import events as say
from ...wire.frames import FRAMES, Close, Connect, HttpRequest

COMMANDS, EVENTS = ask.Command.__args__, say.Event.__args__  # the classes of the two unions
SLACK = 1.0
"""Seconds between a text's own times and those of its words, some of which silence around it makes."""
MOST_TICKS = 1000
"""Ticks at one time after which a half is said to spin."""


@frozen
class Call:
    """One call of a half: its name, what it was given, and when."""

    name: Literal["send", "receive", "tick"]
    given: Any
    now: float

    def on(self, half: Peer[Any, Any]) -> list[Any]:
        """Make the call again, on another half."""
        if self.name == "tick":
            return half.tick(self.now)
        return half.send(self.given, self.now) if self.name == "send" else half.receive(self.given, self.now)


class Watched:
    """One half, which behaves as it does unwatched.

    What is wrong is noted, not raised in mid-session, where it might be taken for a failure of the vendor's; but for a
    half that spins, with which no session ends.

    Attributes:
        calls: all calls, in order; None: they are not kept.
        wrong: the rules that it broke, in words.
    """

    def __init__(self, half: Any, rules: Rules, *, keep: bool = False) -> None:
        self._half, self._rules = half, rules
        self.calls: list[Call] | None = [] if keep else None
        self.wrong = rules.wrong
        self._ticked: tuple[float, int] = (-math.inf, 0)

    @property
    def deadline(self) -> float | None:
        due: float | None = self._half.deadline
        if due is not None and not math.isfinite(due):
            self._note(f"deadline is {due!r}")
            return None
        return due

    @property
    def resumable(self) -> bool:
        return bool(self._half.resumable)

    def send(self, item: Any, now: float, /) -> list[Any]:
        return self._called(Call("send", item, now))

    def receive(self, frame: Any, now: float, /) -> list[Any]:
        return self._called(Call("receive", frame, now))

    def tick(self, now: float, /) -> list[Any]:
        time, count = self._ticked
        self._ticked = (now, count + 1 if time == now else 1)
        if self._ticked[1] == MOST_TICKS:
            raise AssertionError(f"a half's deadline stays in the past at {now:g} s, however often it ticks")
        return self._called(Call("tick", None, now))

    def _called(self, call: Call) -> list[Any]:
        if self.calls is not None:
            self.calls.append(call)
        self._rules.told(call)
        out = call.on(self._half)
        if not isinstance(out, list):
            self._note(f"{call.name} returned a {type(out).__name__}, not a list")
        for item in out:
            self._rules.judge(item)
        return out

    def _note(self, what: str) -> None:
        if what not in self.wrong:
            self.wrong.append(what)


class Rules:
    """What one half may say; *wrong* collects what it said against them."""

    allowed: tuple[type, ...] = ()

    def __init__(self, wrong: list[str]) -> None:
        self.wrong = wrong

    def told(self, call: Call) -> None:
        """Learn what the half is told before it answers."""

    def judge(self, item: Any) -> None:
        """Judge one item of an answer."""
        if not isinstance(item, self.allowed):
            self._say(f"it answers with a {type(item).__name__}")

    def _say(self, what: str) -> None:
        self.wrong.append(what)


class ClientRules(Rules):
    """The grammar of a client half's events, over one connection after the other."""

    allowed = FRAMES + EVENTS

    def __init__(self, wrong: list[str]) -> None:
        super().__init__(wrong)
        self._begun = self._over = self._stopping = False
        self._ended: set[tuple[int, Any]] = set()
        self._growing: set[tuple[int, Any]] = set()  # turns that have text which will not change
        self._channels = 1

    def told(self, call: Call) -> None:
        if isinstance(call.given, (ask.Start, ask.Resume)):
            self._over = False
        if isinstance(call.given, ask.Start):
            config = call.given.config
            self._channels = config.audio.channels if config.channels == "separate" else 1
        elif isinstance(call.given, ask.Stop):
            self._stopping = True

    def judge(self, item: Any) -> None:
        super().judge(item)
        name = type(item).__name__
        if isinstance(item, FRAMES):
            return
        if self._over:
            self._say(f"{name} follows the end")
        if not self._begun and not isinstance(item, EARLY):
            self._say(f"{name} comes before Started")
        if not 0 <= getattr(item, "channel", 0) < self._channels:
            self._say(f"{name} is on channel {item.channel}, and there are {self._channels}, from 0")
        match item:
            case say.Started():
                self._begun = True
            case say.Stopped() | say.Failed():
                if isinstance(item, say.Stopped) and not self._stopping:
                    self._say("Stopped comes before Stop was asked for")
                self._over = True
            case say.Partial() | say.Final():
                self._text(item)
            case say.TurnEnded(turn=turn, channel=channel):
                if (channel, turn) in self._ended:
                    self._say("TurnEnded comes twice for one turn")
                self._ended.add((channel, turn))
            case say.Settled(to) | say.AudioTaken(to):
                self._times(name, (to,))

    def _text(self, item: say.Partial | say.Final) -> None:
        name = type(item).__name__
        if (item.channel, item.turn) in self._ended:
            self._say(f"{name} for a turn that has ended; its words belong to the next one")
        if item.text[:1].isspace() and (item.channel, item.turn) not in self._growing:
            self._say(f"{name} begins its turn with a blank; the first word of a turn has no joiner")
        if isinstance(item, say.Final) and item.text:
            self._growing.add((item.channel, item.turn))
        if isinstance(item, say.Partial) and not 0 <= item.stable <= len(item.text):
            self._say("Partial promises more characters than it has")
        if item.words and "".join(word.joiner + word.text for word in item.words) != item.text:
            self._say(f"the words of a {name}, with their joiners, are not its text")
        self._times(name, [time for time in (item.start, item.end) if time is not None])
        if item.words and item.start is not None and abs(item.start - item.words[0].start) > SLACK:
            self._say(f"{name} does not start where its first word does")
        if item.words and item.end is not None and abs(item.end - item.words[-1].end) > SLACK:
            self._say(f"{name} does not end where its last word does")
        for word in item.words:
            self._times(f"a word of a {name}", (word.start, word.end))
            if word.confidence is not None and not 0 <= word.confidence <= 1:
                self._say(f"a word of a {name} has a confidence outside 0 to 1")

    def _times(self, name: str, times: Sequence[float]) -> None:
        if not all(math.isfinite(time) and time >= 0 for time in times) or list(times) != sorted(times):
            self._say(f"{name} has impossible times")


class ServerRules(Rules):
    """The order of a server half's commands and frames."""

    allowed = FRAMES + COMMANDS

    def __init__(self, wrong: list[str]) -> None:
        super().__init__(wrong)
        self._started = self._stopped = self._closed = False

    def told(self, call: Call) -> None:
        if isinstance(call.given, (Connect, HttpRequest)):
            self._closed = False

    def judge(self, item: Any) -> None:
        super().judge(item)
        name = type(item).__name__
        if isinstance(item, FRAMES):
            if self._closed:
                self._say(f"{name} follows the server's own close")
            self._closed = isinstance(item, Close)
            return
        if isinstance(item, ask.Start):
            if self._started:
                self._say("Start is asked for twice")
            self._started = True
        elif not self._started:
            self._say(f"{name} is asked for before Start")
        elif self._stopped:
            self._say(f"{name} is asked for after Stop")
        self._stopped = self._stopped or isinstance(item, ask.Stop)


class Watch:
    """Watches all halves that it makes."""

    def __init__(self, *, keep: bool = False) -> None:
        self._keep = keep
        self.clients: list[Watched] = []
        self.servers: list[Watched] = []

    def client(self, make: Callable[[Any], Any]) -> Callable[[Any], Watched]:
        """Return what makes client halves as *make* does, under watch."""
        return lambda context: self._add(self.clients, make(context), ClientRules([]))

    def server(self, make: Callable[[Any], Any]) -> Callable[[Any], Watched]:
        """Return what makes server halves as *make* does, under watch."""
        return lambda context: self._add(self.servers, make(context), ServerRules([]))

    def _add(self, to: list[Watched], half: Any, rules: Rules) -> Watched:
        to.append(Watched(half, rules, keep=self._keep))
        return to[-1]

    def check(self) -> None:
        """Fail if a half broke a rule.

        Raises:
            AssertionError: with all of them.
        """
        wrong = [*_named("client", self.clients), *_named("server", self.servers)]
        if wrong:
            raise AssertionError("; ".join(wrong))


def _named(half: str, watched: Iterable[Watched]) -> list[str]:
    return sorted({f"the {half} half: {what}" for each in watched for what in each.wrong})

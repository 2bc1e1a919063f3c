"""Whatever comes over the wire, in whatever state: no half raises, none spins, every session ends."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ...wire.commands import Finalize
from ...wire.frames import (
    FRAMES,
    Close,
    Connect,
    Connected,
    Frame,
    HttpRequest,
    HttpResponse,
    Lost,
    Message,
    Ping,
    Pong,
    Refused,
)
from ..link import FarEnd
from .bench import Bench
from .settings import DETERMINED
from .watched import MOST_TICKS, Call, ClientRules, Rules, ServerRules, Watch

EXAMPLES, SESSIONS = 60, 15
NUMBERS = st.one_of(
    st.integers(-3, 3), st.integers(), st.floats(), st.sampled_from([1e300, -0.5, 10**400, 2**63, float("nan")])
)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TEXTS = st.one_of(
    JSON.map(json.dumps),
    st.text(max_size=20),
    st.sampled_from(["", "null", "{", "[" * 5000, '{"a":' * 5000, "\x00", '"\\ud800"', "1" * 5000]),
)
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "location", "x-request-id", "content-type"]), st.text(max_size=9)
)
CODES = st.none() | st.sampled_from([1000, 1001, 1008, 1009, 1011, 3005, 4001]) | st.integers(0, 70_000)
STATUSES = st.sampled_from([101, 200, 201, 204, 302, 400, 401, 402, 403, 404, 408, 429, 500, 503]) | st.integers(0, 999)
BODIES = st.one_of(st.binary(max_size=20), TEXTS.map(lambda text: text.encode("utf-8", "replace")))
URLS = st.text(st.characters(codec="utf-8", min_codepoint=33), max_size=20).map(lambda text: f"ws://x/{text}")


def spoilt(real: Sequence[str]) -> st.SearchStrategy[str]:
    """Return messages that were really said, with one member another, gone, or new; or their text cut and mixed."""

    @st.composite
    def draw_one(draw: st.DrawFn) -> str:
        text = real[draw(st.integers(0, len(real) - 1))]
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, dict) or not value or draw(st.integers(0, 4)) == 0:
            at, to = sorted((draw(st.integers(0, len(text))), draw(st.integers(0, len(text)))))
            return text[:at] + draw(TEXTS)[:40] + text[to:]
        place: Any = value
        while True:
            keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
            key = keys[draw(st.integers(0, len(keys) - 1))]
            inner = place[key]
            if not isinstance(inner, (dict, list)) or not inner or draw(st.booleans()):
                break
            place = inner
        if draw(st.integers(0, 5)) == 0:
            del place[key]
        else:
            place[key] = draw(JSON)
        return json.dumps(value)

    return draw_one()


def frames(real: Sequence[Frame]) -> st.SearchStrategy[Frame]:
    """Return frames of every kind: invented, real ones at the wrong time, and real ones spoilt."""
    said = sorted({frame.data for frame in real if isinstance(frame, Message) and isinstance(frame.data, str)})
    bodies = sorted({each.body.decode() for each in real if isinstance(each, (HttpRequest, HttpResponse))})
    true = spoilt([*said, *bodies, "{}"])
    invented = [
        TEXTS.map(Message),
        st.binary(max_size=40).map(Message),
        st.builds(Close, CODES, st.text(max_size=20)),
        st.builds(Lost, st.sampled_from(["dns", "refused", "tls", "timeout", "proxy", "reset", "too_big"])),
        st.builds(Refused, STATUSES, HEADERS, BODIES),
        st.builds(HttpResponse, STATUSES, HEADERS, BODIES | true.map(lambda text: text.encode("utf-8", "replace"))),
        st.builds(Connect, URLS, HEADERS),
        st.builds(HttpRequest, st.sampled_from(["GET", "POST", "?"]), URLS, HEADERS, BODIES),
        st.just(Connected()) | st.builds(Connected, HEADERS),
        st.just(Ping()) | st.just(Pong(b"x")),
    ]
    changed = true.map(Message)
    at_the_wrong_time = st.integers(0, max(0, len(real) - 1)).map(lambda number: real[number] if real else Connected())
    return st.one_of(changed, changed, changed, at_the_wrong_time, *invented)


class Noisy:
    """A far end that says something of its own after the *at*-th frame that it gets."""

    def __init__(self, far: FarEnd, at: int, noise: Sequence[Frame]) -> None:
        self._far, self._left, self._noise = far, at, noise

    @property
    def heard(self) -> bytearray:
        return self._far.heard

    @property
    def deadline(self) -> float | None:
        return self._far.deadline

    def receive(self, frame: Frame, now: float) -> list[Frame]:
        said = self._far.receive(frame, now)
        self._left -= 1
        return [*said, *self._noise] if self._left == 0 else said

    def tick(self, now: float) -> list[Frame]:
        return self._far.tick(now)


class Fuzz(Bench):
    """Both halves, fed with what no sane peer says."""

    def test_no_frame_in_any_state_makes_the_client_half_raise(self) -> None:
        """From before Start to behind the end; what it answers are frames and events."""
        watch = self._watched()
        self._fuzz([half.calls or [] for half in watch.clients], self.suited().client, ClientRules)

    def test_no_frame_in_any_state_makes_the_server_half_raise(self) -> None:
        """Nor anything that a client may say; what it answers are frames and commands."""
        watch, suited = self._watched(), self.suited()
        if suited.server is None:
            pytest.skip("there is no server half")
        self._fuzz([half.calls or [] for half in watch.servers], suited.server, ServerRules)

    def test_no_conversation_leaves_a_session_without_an_end(self) -> None:
        """Messages that should not come, in mid-session: the Turn contract holds and the session is over some time."""
        self.needs_a_wire()
        watch = self._watched()
        real = _real([half.calls or [] for half in watch.clients])
        spoilt_ = frames(real)

        @settings(DETERMINED, max_examples=SESSIONS)
        @given(st.integers(1, 40), st.lists(spoilt_, min_size=1, max_size=3))
        def check(at: int, noise: list[Frame]) -> None:
            said = [frame for frame in noise if not isinstance(frame, (Connect, HttpRequest, Ping))]
            try:
                done = self.run(around=lambda far: Noisy(far, at, said), watch=_Silent())
            except AssertionError as error:
                raise AssertionError(f"after {said} behind frame {at}: {error}") from error
            assert done.said

        check()

    def _watched(self) -> Watch:
        """A whole session with a Finalize and a change, all calls of both halves kept."""
        watch = Watch(keep=True)
        self.run(watch=watch, asked=[(0.9, Finalize("f"))])
        return watch

    def _fuzz(self, sessions: list[list[Call]], make: Any, rules: type[Rules]) -> None:
        states = [
            calls[:count]
            for calls in sessions
            for count in sorted({*range(min(8, len(calls))), *range(8, len(calls), 9), len(calls)})
        ]
        strategy = frames(_real(sessions))

        @settings(DETERMINED, max_examples=EXAMPLES)
        @given(st.sampled_from(range(len(states))), st.lists(strategy, min_size=1, max_size=6))
        def check(state: int, said: list[Frame]) -> None:
            half, now = make(self.context()), 0.0
            for call in states[state]:
                call.on(half)
                now = call.now
            for frame, step in zip(said, itertools.cycle((0.0, 0.3, 4.0)), strict=False):
                now += step
                _judged(half.receive(frame, now), rules)
                _rest(half, now, rules)

        check()


class _Silent(Watch):
    """Watches halves whose vendor breaks the rules: then the halves may, too."""

    def check(self) -> None:
        return


def _real(sessions: list[list[Call]]) -> list[Frame]:
    """Return what was received in true sessions, each once."""
    found = [call.given for calls in sessions for call in calls if isinstance(call.given, FRAMES)]
    return [frame for number, frame in enumerate(found) if frame not in found[:number]][:60]


def _judged(items: Any, rules: type[Rules]) -> None:
    wrong: list[str] = []
    judge = rules(wrong)
    for item in items:
        Rules.judge(judge, item)
    assert not wrong, "; ".join(wrong)


def _rest(half: Any, now: float, rules: type[Rules]) -> None:
    """Tick until nothing is due."""
    for _ in range(MOST_TICKS):
        if half.deadline is None or half.deadline > now:
            return
        _judged(half.tick(now), rules)
    raise AssertionError(f"the deadline {half.deadline} stays in the past at {now}: a driver would spin")

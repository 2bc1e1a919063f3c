"""The key: it reaches the vendor, and nothing else."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import pytest
from attrs import asdict

from ...credentials import Credential
from ...wire.frames import Connect, HttpRequest
from ..faults import Cut, Fault, Refuse
from ..trace import Trace
from .bench import AUDIO, CANARY, WORDS, Bench
from .watched import Watch

ECHO = b'{"error": "no such key: ' + CANARY.encode() + b'"}'


class Secrets(Bench):
    """A credential that must not be seen, over whole sessions and refusals."""

    def _needs_a_key(self) -> None:
        if not self.suited().env:
            pytest.skip("no key is needed")

    def test_the_key_reaches_the_vendor(self) -> None:
        """The far end is shown what the caller gave, and decides by it."""
        self._needs_a_key()
        shown: list[Credential | None] = []

        def authenticate(credential: Credential | None) -> str:
            shown.append(credential)
            return "caller"

        assert self.said(self.run(authenticate=authenticate)) == WORDS
        assert {each.secret.reveal() if each else None for each in shown} <= {CANARY}
        if self.suited().server:
            assert shown

    @pytest.mark.parametrize(
        "faults",
        [[], [Cut("up", 9)], [Refuse(0, 401, ECHO)], [Refuse(0, 400, ECHO)], [Refuse(0, 503, ECHO)]],
        ids=["whole", "cut", "refused", "bad request", "away"],
    )
    def test_the_key_is_seen_nowhere(self, faults: list[Fault], caplog: pytest.LogCaptureFixture) -> None:
        """Not in a repr or text of a frame, command, event, half or error, in no log, also where the vendor says it."""
        self._needs_a_key()
        caplog.set_level(logging.DEBUG)
        watch, trace = Watch(keep=True), Trace("any", "a session with a canary")
        done = self.run(watch=watch, trace=trace, faults=faults)
        halves = [*watch.clients, *watch.servers]
        seen: list[Any] = [done, done.session, *done.said, *done.events, *halves]
        seen += [each._half for each in halves]
        seen += [entry.frame for entry in trace.entries]
        seen += [call.given for half in halves for call in half.calls or []]
        for item in seen:
            assert CANARY not in f"{item!r}{item!s}", f"the key is in the repr of a {type(item).__name__}"
        if done.error:
            text = "".join(traceback.format_exception(done.error))
            assert CANARY not in f"{text}{done.error!r}{done.error.args}{vars(done.error)}"
        assert CANARY not in caplog.text
        for event in done.events[:1]:
            assert CANARY not in str(asdict(event)), "the key is in the settings of the greeting"

    def test_the_vendor_never_says_the_key(self) -> None:
        """What the server half sends does not hold it, neither in a session nor in a refusal."""
        self._needs_a_key()
        for authenticate in (lambda _: "caller", lambda _: None):
            trace = Trace("any", "a session with a canary")
            self.run(AUDIO[:32_000], trace=trace, authenticate=authenticate)
            for entry in trace.entries:
                if entry.direction == "<":
                    assert CANARY not in str(asdict(entry.frame))

    def test_the_key_is_sent_once(self) -> None:
        """At the handshake: no later message holds it, and no URL but the vendor's own."""
        self._needs_a_key()
        trace = Trace("any", "a session with a canary")
        self.run(trace=trace)
        for entry in trace.entries:
            if entry.direction == ">" and not isinstance(entry.frame, (Connect, HttpRequest)):
                assert CANARY not in str(asdict(entry.frame)), f"the key is in a {type(entry.frame).__name__}"

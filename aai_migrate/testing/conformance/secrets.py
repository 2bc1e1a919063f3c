"""The key: it reaches the vendor, and nothing else."""

from __future__ import annotations

import logging
import traceback
from typing import Any

import pytest
from attrs import asdict

from ...credentials import Credential
from ...wire.commands import Start
from ...wire.events import Failed, Warned
from ...wire.frames import Connect, HttpRequest, Message
from ..faults import Cut, Fault, Refuse
from ..trace import Trace
from .bench import AUDIO, CANARY, WORDS, Bench, Kept
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

    def test_the_server_half_says_who_came(self) -> None:
        """By the name that the key was let in under; the key itself goes no further."""
        if self.suited().server is None:
            pytest.skip("there is no server half")
        self.needs_a_wire()
        kept = Kept()
        self.run(AUDIO[:32_000], around=kept)
        starts = [command for each in kept.sessions for command in each.commands if isinstance(command, Start)]
        assert starts
        for start in starts:
            assert start.credential is None, "Start of a server half holds the key of its client"
            assert start.origin is not None, "Start of a server half has no origin"
            assert start.origin.dialect == self.suited().name, "the origin's dialect is the name of the provider"
            assert start.origin.principal == "caller", "the origin's principal is what context.authenticate() gave"
            assert not set("?") & set(start.origin.path), "the origin's path has a query"

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

    def test_what_was_said_is_seen_in_no_error(self, caplog: pytest.LogCaptureFixture) -> None:
        """Nor in a log, a warning or the repr of a half, when a message with words in it cannot be read."""
        caplog.set_level(logging.DEBUG)
        watch = Watch(keep=True)
        self.run(watch=watch)
        for half in [*watch.clients, *watch.servers]:
            assert not _told(f"{half._half!r}{half._half!s}"), f"words are in the repr of a {type(half._half).__name__}"
        calls = watch.clients[0].calls or []
        heard = [at for at, call in enumerate(calls) if isinstance(call.given, Message) and call.name == "receive"]
        for at in heard:
            anew, data = self.suited().client(self.context()), calls[at].given.data
            for call in calls[:at]:
                call.on(anew)
            for item in anew.receive(Message(data[: len(data) * 2 // 3]), calls[at].now):
                if isinstance(item, (Failed, Warned)):
                    text = f"{item!r}{item.error!r}{item.error}" if isinstance(item, Failed) else repr(item)
                    assert not _told(text), f"words that were said are in the text of a {type(item).__name__}"
        assert not _told(caplog.text), "words that were said are in a log"


def _told(text: str) -> list[str]:
    return [word for word in WORDS if word in text]

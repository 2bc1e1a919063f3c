"""Sessions on borrowed time: tokens that expire, and vendors that end a session; all on a manual clock."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import AuthenticationError
from aai_migrate.session import RetryPolicy, Session
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import Connect, Connected, Lost, Message, Refused

from ..test_tokens import CANARY, jwt
from .plain import config, context, provider, written
from .test_session import kinds, second, until

EPOCH = 1_790_000_000.0
"""2026-09-21T14:13:20Z, when the clocks of these tests say 0."""
START = ask.Start(config())
RENEW = "create another one, or pass a callable that yields a fresh one for every connection"


def token(lives: float | None = None, **more: Any) -> Credential:
    """A token that expires so many seconds after the beginning."""
    until = None if lives is None else EPOCH + lives
    return Credential(Secret(CANARY), "token", **{"expires_at": until, **more})


def prepared(shown: Credential, **more: Any) -> Session:
    return Session(provider(), evolve(context(), epoch=EPOCH), credentials=lambda: shown, **more)


def begun(shown: Credential, *, ends: float | None = None, now: float = 0.0, **more: Any) -> Session:
    """A session that was greeted at *now*, which the vendor will end so many seconds after the beginning."""
    session = prepared(shown, **more)
    session.send(START, now)
    greet(session, now, ends)
    return session


def greet(session: Session, now: float, ends: float | None = None) -> None:
    session.receive(Connected(), now)
    expires_at = None if ends is None else EPOCH + ends
    session.receive(Message(written(say.Started(session_id="s", expires_at=expires_at))), now)


def redialled(session: Session) -> tuple[float, Connect]:
    """Tick a session that waits until it dials; return when, and what."""
    while (due := session.deadline) is not None:
        for item in session.tick(due):
            if isinstance(item, Connect):
                return due, item
    raise AssertionError("it does not dial")


def warned(said: list[tuple[float, Any]]) -> list[tuple[float, str]]:
    return [(time, item.code) for time, item in said if isinstance(item, say.Warned)]


class TestExpired:
    @pytest.mark.parametrize("now", [30.0, 31.0, 1e6])
    def test_nobody_dials_with_an_expired_token(self, now: float) -> None:
        """The first connection raises, and says since when and what to do."""
        with pytest.raises(AuthenticationError) as caught:
            prepared(token(30.0)).send(START, now)
        assert str(caught.value) == f"plain: the token expired at 2026-09-21T14:13:50Z; {RENEW}"
        assert not caught.value.retryable

    def test_until_then_it_is_dialled_with(self) -> None:
        """The vendor is who checks it."""
        assert kinds(prepared(token(30.0)).send(START, 29.9)) == ["Connect"]

    def test_a_lost_connection_is_not_made_again_with_it(self) -> None:
        """The session fails with the same words, and nobody is dialled."""
        session = begun(token(30.0))
        session.receive(Lost("reset"), 40.0)
        said = [item for _, item in until(session, 100.0)]
        assert kinds(said) == ["Failed"]
        assert isinstance(said[0].error, AuthenticationError)
        assert said[0].error.reason == f"the token expired at 2026-09-21T14:13:50Z; {RENEW}"

    def test_nor_a_first_connection_that_took_too_long(self) -> None:
        """A retry before the greeting ends the session, in an event."""
        session = prepared(token(5.0))
        session.send(START, 0.0)
        session.receive(Lost("timeout"), 6.0)
        said = [item for _, item in until(session, 100.0)]
        assert kinds(said) == ["Failed"]
        assert "the token expired" in str(said[0].error)

    def test_a_callable_that_yields_fresh_ones_goes_on(self) -> None:
        """It is asked for every connection; no notice is needed."""
        times = iter([30.0, 90.0])
        made = evolve(context(), epoch=EPOCH)
        session = Session(provider(), made, credentials=lambda: token(next(times), renewed=True))
        session.send(START, 0.0)
        greet(session, 0.0)
        assert warned(until(session, 40.0)) == []
        session.receive(Lost("reset"), 40.0)
        redialled(session)


class TestExpiring:
    def test_it_is_said_once_when_the_token_is_over(self) -> None:
        """The session goes on; what a loss would mean is said."""
        session = begun(token(30.0))
        assert warned(until(session, 29.9)) == []
        said = until(session, 1000.0)
        assert warned(said) == [(30.0, "token_expired")]
        text = next(item.message for _, item in said if isinstance(item, say.Warned))
        assert text == (
            "plain: the token expired at 2026-09-21T14:13:50Z: this session goes on, but a connection that is lost "
            "cannot be made again with it; pass a callable that yields a fresh one"
        )

    def test_a_greeting_that_came_later_is_told_at_once(self) -> None:
        """Between the dial and the greeting it expired."""
        session = prepared(token(5.0))
        session.send(START, 4.0)
        greet(session, 6.0)
        assert warned(until(session, 6.0)) == [(6.0, "token_expired")]

    def test_a_key_does_not_expire(self) -> None:
        """Nothing is due, nor where a token does not say."""
        for shown in (Credential(Secret("key")), token(None)):
            assert warned(until(begun(shown), 1e4)) == []


class TestRefused:
    def refusal(self, shown: Credential, now: float, status: int = 401) -> str:
        session = prepared(shown)
        session.send(START, now)
        said = session.receive(Refused(status, {}, b'{"error":"Not Authorized"}'), now)
        (failed,) = [item for item in said if isinstance(item, say.Failed)]
        assert CANARY not in str(failed)
        return failed.error.reason

    def test_what_a_jwt_says_of_itself_explains_a_refusal(self) -> None:
        """When the vendor refuses it, and only then."""
        shown = Credential(jwt(exp=EPOCH + 30), "token")
        late = self.refusal(shown, 60.0)
        assert late == f"Not Authorized; the token says that it expired at 2026-09-21T14:13:50Z: {RENEW}"
        assert self.refusal(shown, 20.0) == "Not Authorized"
        assert self.refusal(shown, 60.0, status=400) == "Not Authorized"

    def test_what_is_opaque_explains_nothing(self) -> None:
        """Nor does a key that looks like one."""
        assert self.refusal(token(), 60.0) == "Not Authorized"
        assert self.refusal(Credential(jwt(exp=EPOCH + 30), "key"), 60.0) == "Not Authorized"


class TestOnce:
    def test_a_token_that_is_one_session_begins_no_other(self) -> None:
        """Where the vendor's session is gone, there is nothing to go back to."""
        session = begun(token(once=True))
        session.receive(Lost("reset"), 1.0)
        said = [item for _, item in until(session, 60.0)]
        assert kinds(said) == ["Failed"]
        assert said[0].error.reason == f"the session that the token stands for cannot be gone back to; {RENEW}"

    def test_it_is_tried_again_until_it_has_begun(self) -> None:
        """A connection that failed before the greeting has used nothing up."""
        session = prepared(token(once=True))
        session.send(START, 0.0)
        session.receive(Lost("refused"), 0.0)
        redialled(session)

    def test_a_lost_connection_comes_back_to_it(self) -> None:
        """A vendor's session that can be resumed is the same one."""
        made = evolve(context(), epoch=EPOCH)
        session = Session(provider(resumes=True), made, credentials=lambda: token(once=True))
        session.send(START, 0.0)
        greet(session, 0.0)
        session.receive(Lost("reset"), 1.0)
        assert redialled(session)[1].url.startswith("ws://plain/s?")


class TestSessionExpires:
    @pytest.mark.parametrize(("ends", "due"), [(10_800.0, 10_740.0), (120.0, 60.0), (60.0, 30.0), (10.0, 5.0)])
    def test_the_end_is_announced(self, ends: float, due: float) -> None:
        """A minute before, of a short session half of it."""
        session = begun(Credential(Secret("key")), ends=ends)
        said = until(session, 20_000.0)
        assert warned(said) == [(due, "session_expires")]

    def test_it_says_when(self) -> None:
        """In UTC."""
        session = begun(Credential(Secret("key")), ends=120.0)
        (text,) = [item.message for _, item in until(session, 100.0) if isinstance(item, say.Warned)]
        assert text == "plain ends this session at 2026-09-21T14:15:20Z; what follows needs another connection"

    def test_a_clock_that_is_wrong_announces_nothing(self) -> None:
        """A session does not end before it begins."""
        session = begun(Credential(Secret("key")), ends=-5.0)
        assert warned(until(session, 1000.0)) == []

    def test_nothing_is_announced_while_the_connection_is_down(self) -> None:
        """The next vendor session has its own end."""
        session = begun(Credential(Secret("key")), ends=120.0, retry=RetryPolicy(first=30.0, longest=30.0))
        session.receive(Lost("reset"), 59.0)
        dialled, _ = redialled(session)
        assert dialled > 60.0
        greet(session, dialled, ends=500.0)
        assert warned(until(session, 1000.0)) == [(440.0, "session_expires")]

    def test_a_session_with_audio_is_told_as_well(self) -> None:
        """Both notices come in their order, and neither ends it."""
        session = begun(token(90.0), ends=120.0)
        session.send(second(), 1.0)
        assert warned(until(session, 110.0)) == [(60.0, "session_expires"), (90.0, "token_expired")]
        assert session.state == "live"

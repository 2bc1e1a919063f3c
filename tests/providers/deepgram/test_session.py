"""What a session makes of this vendor's numbers and ends, on a manual clock."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from aai_migrate_providers.deepgram import PROVIDER

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.events import Reconnecting
from aai_migrate.session import Session
from aai_migrate.turns import Turns
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message, Ping, Pong, Refused

from .wire import (
    CLOSE,
    CONNECTED,
    FINALIZE,
    FLUX_EN,
    FORCE,
    KEEP_ALIVE,
    LISTEN_ID,
    METADATA,
    NET0001,
    asked,
    context,
    ended,
    results,
    said,
    settled,
    turn,
)

FORMAT = AudioFormat()
CANARY = "canary-7f3e-of-a-key"
KEY = Credential(Secret(CANARY))
SO = settled(0.0, 2.0, "So it goes")


class Line:
    """A session and the vendor's side of its connections, which the test speaks."""

    def __init__(self, config: Config | None = None, **more: Any) -> None:
        self.config = config or Config()
        self.flux = (self.config.model or "").startswith("flux")
        self.session, self.now = Session(PROVIDER, context(), **more), 0.0
        self.said: list[Any] = []
        self.take(self.session.send(ask.Start(self.config, KEY), 0.0))

    def take(self, items: Iterable[Any]) -> list[Any]:
        """Note what the session says; a handshake succeeds, a ping is answered."""
        items = list(items)
        self.said += items
        for item in items:
            if isinstance(item, Connect):
                self.take(self.session.receive(Connected({"dg-request-id": LISTEN_ID}), self.now))
                if self.flux:
                    self.take(self.session.receive(Message(CONNECTED), self.now))
            elif isinstance(item, Ping):
                self.take(self.session.receive(Pong(item.data), self.now))
        return items

    def until(self, time: float) -> list[Any]:
        """Let time pass; return what was said."""
        before = len(self.said)
        while (due := self.session.deadline) is not None and due <= time:
            self.now = max(self.now, due)
            self.take(self.session.tick(self.now))
        self.now = time
        return self.said[before:]

    def feed(self, seconds: float) -> list[Any]:
        return self.ask(ask.Audio(bytes(FORMAT.size(seconds))))

    def ask(self, command: ask.Command) -> list[Any]:
        before = len(self.said)
        self.take(self.session.send(command, self.now))
        self.until(self.now)
        return self.said[before:]

    def hear(self, *frames: str | Frame) -> list[Any]:
        before = len(self.said)
        for frame in frames:
            self.take(self.session.receive(Message(frame) if isinstance(frame, str) else frame, self.now))
        self.until(self.now)
        return self.said[before:]

    def turns(self) -> list[str]:
        """The ended turns of all that was said."""
        turns = Turns("deepgram")
        events = [item for item in self.said if not isinstance(item, Frame)]
        return [
            each.transcript
            for each in turns.fold(events, 0.0)
            if getattr(each, "end_of_turn", False) and hasattr(each, "transcript")
        ]


def audio(items: list[Any]) -> float:
    """Seconds of audio, silence too."""
    return FORMAT.seconds(
        sum(len(item.data) for item in items if isinstance(item, Message) and isinstance(item.data, bytes))
    )


def of(items: list[Any], kind: type[Any]) -> list[Any]:
    return [item for item in items if isinstance(item, kind)]


# Signs of life.


def test_the_first_audio_is_never_late() -> None:
    """Ten seconds without any closes the connection, and KeepAlive may not count: silence is sent."""
    line = Line()
    first = line.until(10.0)
    assert 0 < audio(first) < 1
    assert audio(line.until(20.0)) > 0
    assert line.session.fed == 0.0  # on the timeline, not on the audio clock


def test_audio_that_pauses_is_bridged() -> None:
    """By KeepAlive, at most five seconds apart; between turns no silence is sent."""
    line = Line()
    line.feed(2.0)
    line.hear(ended(0.0, 2.0, "So it goes."))
    times: list[float] = []
    for tenth in range(1, 301):
        out = line.until(tenth / 10)
        assert audio(out) == 0
        times += [tenth / 10] * asked(out).count(KEEP_ALIVE)
    gaps = [after - before for before, after in zip([0.0, *times], times, strict=False)]
    assert len(times) >= 6
    assert max(gaps) <= 5.0


def test_flux_is_kept_by_pings() -> None:
    """It has no KeepAlive, and no first audio that is due."""
    line = Line(FLUX_EN)
    out = line.until(60.0)
    assert len(of(out, Ping)) >= 3
    assert of(out, Message) == []


@pytest.mark.parametrize("config", [Config(), FLUX_EN])
def test_an_open_turn_without_audio_is_helped_to_its_end(config: Config) -> None:
    """End-of-speech detection moves with audio only."""
    line = Line(config)
    line.feed(2.0)
    line.hear(turn("StartOfTurn", "So", ("So", 0.4, 0.7)) if line.flux else results(0.0, 2.0, "So"))
    assert 2.0 <= audio(line.until(5.0)) <= 4.5


# Finalize.


def test_finalize_without_an_answer_is_given_up() -> None:
    """Little audio may bring none."""
    line = Line()
    line.feed(2.0)
    line.hear(results(0.0, 2.0, "So"))
    assert asked(line.ask(ask.Finalize("f"))) == [FINALIZE]
    assert of(line.until(10.0), say.Finalized) == [say.Finalized("f", "timeout")]


def test_finalize_with_nothing_open_is_settled() -> None:
    """Nothing is asked, nothing is waited for."""
    line = Line()
    line.feed(2.0)
    line.hear(ended(0.0, 2.0, "So it goes."))
    assert line.ask(ask.Finalize("f")) == [say.Finalized("f", "settled")]


def test_finalize_and_its_answer() -> None:
    """The turn ends, once, though an ordinary final came first."""
    line = Line()
    line.feed(2.0)
    line.hear(results(0.0, 1.0, "So"))
    line.ask(ask.Finalize("f"))
    out = line.hear(SO, ended(2.0, 0.0, finalize=True))
    [done] = of(out, say.Finalized)
    assert (done.id, done.by in ("vendor", "settled")) == ("f", True)  # the same answer says both
    assert line.turns() == ["So it goes"]
    assert of(line.until(20.0), say.Finalized) == []


def test_a_deployment_without_force_end_turn_loses_nothing() -> None:
    """It closes for the message: the audio is heard again, the Finalize is given up and not asked again."""
    line = Line(FLUX_EN)
    line.feed(2.0)
    line.hear(turn("StartOfTurn", "So", ("So", 0.4, 0.7)))
    assert asked(line.ask(ask.Finalize("f"))) == [FORCE]
    out = line.hear(said("Error", sequence_id=3, code="UNPARSABLE_CLIENT_MESSAGE", description="what?"), Close(None))
    out += line.until(3.0)
    assert of(out, say.Finalized) == [say.Finalized("f", "timeout")]
    assert "force_end_turn" in {item.code for item in of(out, say.Warned)}
    assert len(of(out, Connect)) == 1
    assert audio(out) >= 2.0
    assert FORCE not in asked(out)
    line.hear(
        turn("EndOfTurn", "So it goes.", ("So", 0.4, 0.7), ("it", 0.8, 1.0), ("goes.", 1.0, 1.6), trigger="model")
    )
    assert line.turns() == ["So it goes."]


def test_silence_stands_for_force_end_turn() -> None:
    """Where the caller says that there is none."""
    line = Line(Config(model="flux-general-en", extra={"deepgram": {"force_end_turn": False}}))
    line.feed(2.0)
    line.hear(turn("StartOfTurn", "So", ("So", 0.4, 0.7)))
    out = line.ask(ask.Finalize("f"))
    assert audio(out) > 5.0
    assert asked(out) == []


# The end.


def test_stop_drains() -> None:
    """CloseStream, the rest of the words, Metadata; then we hang up."""
    line = Line()
    line.feed(2.0)
    line.hear(results(0.0, 1.0, "So"))
    assert asked(line.ask(ask.Stop())) == [CLOSE]
    out = line.hear(settled(0.0, 2.0, "So it goes"), METADATA)
    assert isinstance(out[-1], say.Stopped)
    assert out[-1].unconfirmed == 0.0
    assert line.turns() == ["So it goes"]
    assert of(out, Close) == [Close(1000)]


def test_a_normal_close_without_metadata() -> None:
    """Is an end as well."""
    line = Line()
    line.feed(2.0)
    line.hear(SO)
    line.ask(ask.Stop())
    out = line.hear(Close(1000))
    assert isinstance(out[-1], say.Stopped)
    assert line.turns() == ["So it goes"]


@pytest.mark.parametrize("loss", [Close(1011, NET0001), Lost("reset"), Close(1012)])
def test_a_loss_while_draining_reconnects(loss: Frame) -> None:
    """What was not settled is heard again, and CloseStream said again."""
    line = Line()
    line.feed(4.0)
    line.hear(SO)
    line.ask(ask.Stop())
    out = line.hear(loss) + line.until(5.0)
    assert len(of(out, Connect)) == 1
    assert asked(out) == [CLOSE]
    assert 2.0 <= audio(out) <= 4.5
    at = 4.0 - audio(out)  # where the second connection began
    line.hear(settled(2.0 - at, 2.0, "and on."), METADATA)
    assert line.turns() == ["So it goes and on."]
    assert isinstance(line.said[-1], say.Stopped)


@pytest.mark.parametrize("close", [Close(1000), Close(None)])
def test_a_normal_close_before_words_are_final_reconnects(close: Close) -> None:
    """They were shown, so they are to come."""
    line = Line()
    line.feed(4.0)
    line.hear(SO, results(2.0, 1.5, "and"))
    line.ask(ask.Stop())
    out = line.hear(close) + line.until(5.0)
    assert len(of(out, Connect)) == 1
    assert asked(out) == [CLOSE]


@pytest.mark.parametrize("close", [Close(1000), Close(None)])
def test_a_normal_close_that_leaves_audio_untold_is_not_complete(close: Close) -> None:
    """Nobody knows whether there was a word in it."""
    line = Line()
    line.feed(4.0)
    line.hear(SO)
    line.ask(ask.Stop())
    end = line.hear(close)[-1]
    assert isinstance(end, say.Stopped)
    assert end.unconfirmed == pytest.approx(2.0)
    assert line.turns() == ["So it goes"]


def test_a_loss_while_draining_with_all_settled_is_the_end() -> None:
    """Nothing is left to hear."""
    line = Line()
    line.feed(2.0)
    line.hear(SO)
    line.ask(ask.Stop())
    out = line.hear(Close(1011, NET0001))
    assert of(out, Connect) == []
    assert isinstance(out[-1], say.Stopped)
    assert line.turns() == ["So it goes"]


def test_flux_stops_without_an_end_of_its_turn() -> None:
    """The last Update becomes the final text; the close has no status."""
    line = Line(FLUX_EN)
    line.feed(2.0)
    line.hear(turn("StartOfTurn", "So", ("So", 0.4, 0.7)))
    assert asked(line.ask(ask.Stop())) == [CLOSE]
    out = line.hear(turn("Update", "So it goes", ("So", 0.4, 0.7), ("it", 0.8, 1.0), ("goes", 1.0, 1.6)), Close(None))
    assert isinstance(out[-1], say.Stopped)
    assert line.turns() == ["So it goes"]


def test_silence_is_settled_as_it_is_heard() -> None:
    """At one path by empty spans, at the other since what was read brought no word: a loss replays little of it."""
    line = Line()
    line.feed(20.0)
    line.hear(settled(0.0, 10.0), settled(10.0, 9.0), Lost("reset"))
    assert 0.9 <= audio(line.until(30.0)) <= 2.0
    line = Line(FLUX_EN)
    for second in range(20):
        line.feed(1.0)
        line.until(second + 1.0)
        line.hear(turn("Update"))
    line.hear(Lost("reset"))
    assert audio(line.until(22.0)) <= 8.0


# Losses in mid-session.


def test_a_flux_turn_goes_on_over_a_loss() -> None:
    """What it had shown is heard again; the turn ends once."""
    line = Line(FLUX_EN)
    line.feed(2.0)
    line.hear(turn("StartOfTurn", "So it", ("So", 0.4, 0.7), ("it", 0.8, 1.0)), Lost("reset"))
    assert audio(line.until(5.0)) >= 2.0
    line.hear(
        turn("EndOfTurn", "So it goes.", ("So", 0.4, 0.7), ("it", 0.8, 1.0), ("goes.", 1.0, 1.6), trigger="model")
    )
    assert line.turns() == ["So it goes."]


def test_a_close_for_bad_audio_is_not_tried_again() -> None:
    """It would be bad again."""
    line = Line()
    line.feed(2.0)
    out = line.hear(Close(1008, "DATA-0000"))
    assert of(out, Reconnecting) == []
    [failed] = of(out, say.Failed)
    assert "check encoding and sample_rate" in str(failed.error)


def test_a_change_is_kept_over_a_loss() -> None:
    """The next connection is dialled with it."""
    line = Line()
    line.feed(2.0)
    out = line.ask(ask.Configure("c", {"keyterms": ("tretinoin",)}))
    assert asked(out) == [{"type": "Configure", "keyterms": ["tretinoin"]}]
    out = line.hear(said("ConfigureSuccess", request_id="r", keyterms=["tretinoin"]))
    assert of(out, say.Configured) == [say.Configured("c")]
    line.hear(ended(0.0, 2.0, "So it goes."), Lost("reset"))
    [connect] = of(line.until(5.0), Connect)
    assert "keyterm=tretinoin" in connect.url


def test_what_cannot_change_in_mid_session_is_told() -> None:
    """Whoever asks."""
    line = Line()
    [refused] = of(line.ask(ask.Configure("c", {"turn_silence": 1.0})), say.Configured)
    assert not refused.accepted
    [refused] = of(line.ask(ask.Configure("d", {"language": "de"})), say.Configured)
    assert not refused.accepted


# Credentials.


@pytest.mark.parametrize(("kind", "scheme"), [("key", "Token"), ("token", "Bearer")])
@pytest.mark.parametrize("config", [Config(), FLUX_EN])
def test_every_connection_gets_a_fresh_credential(config: Config, kind: Any, scheme: str) -> None:
    """An access token lives for seconds."""
    tokens = iter(Credential(Secret(f"fresh-{number}"), kind) for number in range(5))
    line = Line(config, credentials=lambda: next(tokens))
    line.feed(1.0)
    line.hear(Lost("reset"))
    line.until(5.0)
    assert [each.headers["Authorization"] for each in of(line.said, Connect)] == [
        f"{scheme} fresh-0",
        f"{scheme} fresh-1",
    ]


def test_a_key_that_the_vendor_echoes_is_shown_nowhere() -> None:
    """Not in an error, and not in what an error is made of."""
    session = Session(PROVIDER, context())
    session.send(ask.Start(Config(), KEY), 0.0)
    body = json.dumps({"err_code": "INVALID_AUTH", "err_msg": f"bad {CANARY}", "details": CANARY})
    [failed] = session.receive(Refused(401, {"dg-error": f"no {CANARY}"}, body.encode()), 0.1)
    assert isinstance(failed, say.Failed)
    error = failed.error
    assert CANARY not in f"{error} {error!r} {error.args} {error.reason} {error.code}"
    assert session.deadline is None


@pytest.mark.parametrize("config", [Config(), FLUX_EN])
def test_nothing_that_a_session_says_shows_the_key(config: Config) -> None:
    """Nor what was heard."""
    line = Line(config)
    line.feed(2.0)
    line.hear(turn("StartOfTurn", "Tretinoin") if line.flux else results(0.0, 2.0, "Tretinoin"))
    line.ask(ask.Finalize("f"))
    line.hear(Close(1011, NET0001))
    line.until(20.0)
    line.ask(ask.Stop())
    line.until(400.0)
    assert CANARY not in repr(line.said)
    assert "Tretinoin" not in repr(line.said)


def test_without_partials_flux_shows_ends_only() -> None:
    """They always come, so they are kept back; yet who stops feeding in mid-turn is helped to its end by silence."""
    line = Line(Config(model="flux-general-en", partials=False))
    line.feed(2.0)
    heard = line.hear(turn("StartOfTurn", "Hi"), turn("Update", "Hi can you"))
    assert [type(event) for event in heard if isinstance(event, say.Event)] == [say.SpeechStarted]
    assert audio(line.until(4.0)) > 0.5
    line.hear(turn("EndOfTurn", "Hi, can you help?"))
    assert line.turns() == ["Hi, can you help?"]


@pytest.mark.parametrize("partials", [None, False])
def test_without_partials_words_that_are_final_in_mid_turn_open_no_turn(partials: bool | None) -> None:
    """Nova's final results come long before the turn ends."""
    line = Line(Config(partials=partials))
    line.feed(2.0)
    [final] = of(line.hear(results(0.0, 2.0, "Tretinoin", final=True)), say.Final)
    assert final.shown is (partials is None)


@pytest.mark.parametrize(
    ("model", "can"),
    [
        (None, "keyterms"),
        ("nova-2", "nothing"),
        ("flux-general-en", "keyterms, max_turn_silence"),
        ("flux-general-multi", "keyterms, language, languages, max_turn_silence"),
        ("flux-of-tomorrow", "keyterms, max_turn_silence"),
    ],
)
def test_what_could_change_is_what_this_model_can(model: str | None, can: str) -> None:
    """Each once, though several rows, of several models, say how."""
    [refused] = of(Line(Config(model=model)).ask(ask.Configure("c", {"turn_silence": 0.3})), say.Configured)
    assert refused.reason == f"deepgram cannot change turn_silence in mid-session; it can change {can}"

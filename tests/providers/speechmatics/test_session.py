"""What a session makes of this vendor's numbers and ends, on a manual clock."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from aai_migrate_providers.speechmatics import PROVIDER

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import AuthenticationError, ConnectionLost, QuotaExceeded
from aai_migrate.events import Reconnecting, Turn, TurnRevised
from aai_migrate.session import Session
from aai_migrate.turns import Turns
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import (
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

from .wire import AGENT, BEGUN, FORCE, OVER, asked, context, final, over, p, partial, said, segment, separate, w

FORMAT = AudioFormat()
CANARY = "canary-7f3e-of-a-key"
KEY = Credential(Secret(CANARY))
SO, IT, GOES = w("So", 0.2, 0.5), w("it", 0.6, 0.8), w("goes", 0.9, 1.4)
END = {"message": "EndOfStream"}


class Line:
    """A session and the vendor's side of its connections, which the test speaks."""

    def __init__(self, config: Config | None = None, *, greets: bool = True, **more: Any) -> None:
        self.greets = greets
        self.config = config or Config()
        self.session, self.now = Session(PROVIDER, context(), **more), 0.0
        self.said: list[Any] = []
        self.chunks: list[float] = []  # of this connection, each with the seconds after it
        self.take(self.session.send(ask.Start(self.config, KEY), 0.0))

    def take(self, items: Iterable[Any]) -> list[Any]:
        """Note what the session says; a handshake succeeds, a ping is answered."""
        items = list(items)
        self.said += items
        for item in items:
            if isinstance(item, HttpRequest):
                self.take(self.session.receive(HttpResponse(201, {}, b'{"key_value":"j.w.t"}'), self.now))
            elif isinstance(item, Connect):
                self.chunks = []
                self.take(self.session.receive(Connected(), self.now))
                if self.greets:
                    self.take(self.session.receive(Message(BEGUN), self.now))
            elif isinstance(item, Ping):
                self.take(self.session.receive(Pong(item.data), self.now))
            elif isinstance(item, Message) and isinstance(item.data, bytes):
                self.chunks.append((self.chunks or [0.0])[-1] + self.config.audio.seconds(len(item.data)))
        return items

    def acknowledge(self, number: int) -> list[Any]:
        return self.take(self.session.receive(Message(said("AudioAdded", seq_no=number)), self.now))

    def until(self, time: float) -> list[Any]:
        """Let time pass; return what was said."""
        before = len(self.said)
        while (due := self.session.deadline) is not None and due <= time:
            self.now = max(self.now, due)
            self.take(self.session.tick(self.now))
        self.now = time
        return self.said[before:]

    def feed(self, seconds: float) -> list[Any]:
        return self.ask(ask.Audio(bytes(self.config.audio.size(seconds))))

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

    def turns(self, **more: Any) -> list[str]:
        """The ended turns of all that was said, revisions too."""
        turns = Turns("speechmatics", **more)
        folded = turns.fold([item for item in self.said if not isinstance(item, Frame)], 0.0)
        found = [
            each for each in folded if isinstance(each, TurnRevised) or (isinstance(each, Turn) and each.end_of_turn)
        ]
        return [each.transcript for each in found]


def audio(items: list[Any]) -> float:
    """Seconds of audio, silence too."""
    return FORMAT.seconds(
        sum(len(item.data) for item in items if isinstance(item, Message) and isinstance(item.data, bytes))
    )


def of(items: list[Any], kind: type[Any]) -> list[Any]:
    return [item for item in items if isinstance(item, kind)]


def named(items: list[Any]) -> list[str]:
    """The control messages among *items*, by name."""
    return [each["message"] for each in asked(items)]


# The start.


def test_nothing_goes_out_before_the_greeting() -> None:
    """Audio that is fed waits; a vendor that never greets is given up."""
    line = Line(greets=False)
    assert named(line.said) == ["StartRecognition"]
    assert audio(line.feed(2.0)) == 0
    assert audio(line.hear(said("Info", type="concurrent_session_usage", reason="1 of 2"))) == 0
    assert audio(line.hear(BEGUN)) == pytest.approx(2.0, abs=0.1)
    line = Line(greets=False)
    line.feed(2.0)
    [failed] = of(line.until(60.0), say.Failed)
    assert isinstance(failed.error, ConnectionLost)
    assert failed.error.reason.startswith("no greeting within 10 s")
    assert audio(line.said) == 0


def test_a_vocabulary_is_waited_for() -> None:
    """It takes up to 15 s."""
    line = Line(Config(keyterms=("tretinoin",)), greets=False)
    assert of(line.until(19.0), say.Failed) == []
    assert of(line.hear(BEGUN), say.Started) != []


def test_a_refused_key_is_not_tried_again() -> None:
    """Whether the handshake says so or the first message."""
    for frame in (Refused(401), Message(said("Error", type="not_authorised", reason="Not Authorized")), Close(4001)):
        line = Line(greets=False)
        [failed] = of(line.hear(frame), say.Failed)
        assert isinstance(failed.error, AuthenticationError)
        assert line.session.deadline is None
        assert len(of(line.said, Connect)) == 1


# What is under way.


@pytest.mark.parametrize("each", [1, 7, 40])
def test_a_whole_file_is_never_far_ahead_of_what_was_taken(each: int) -> None:
    """Once there is an answer, at most ten seconds of audio go without one, however fast it is fed."""
    line, taken, most = Line(), 1, 0.0
    line.feed(1.0)
    line.acknowledge(taken)
    for _ in range(59):
        line.feed(1.0)
    while taken < len(line.chunks):
        line.until(line.now + 1.0)
        under_way = line.chunks[-1] - line.chunks[taken - 1]
        assert under_way <= 10.0 + 1e-6
        most = max(most, under_way)
        taken = min(taken + each, len(line.chunks))
        line.acknowledge(taken)
        line.until(line.now)
    assert most == pytest.approx(10.0)
    assert line.chunks[-1] == pytest.approx(60.0)


def test_who_acknowledges_nothing_is_sent_all_of_it() -> None:
    """Nobody but the vendor's newest servers is sure to say."""
    line = Line()
    for second in range(25):
        line.feed(2.0)
        line.until(second / 10)
    line.until(10.0)
    assert audio(line.said) == pytest.approx(50.0, abs=0.1)


def test_acknowledgements_that_stop_are_a_loss() -> None:
    """The connection is dead; what was not settled is heard again."""
    line = Line()
    line.feed(12.0)
    line.acknowledge(1)
    assert of(line.until(29.0), Reconnecting) == []
    out = line.until(45.0)
    [reconnecting] = of(out, Reconnecting)
    assert "no audio was taken for 30 s" in str(reconnecting)
    assert audio(out) > 9


def test_channels_count_together() -> None:
    """What one of them has not taken is under way."""
    line = Line(separate())
    line.feed(2.0)
    sent = len([each for each in asked(line.said) if each["message"] == "AddChannelAudio"]) // 2
    assert sent >= 10
    line.hear(said("ChannelAudioAdded", channel="channel_1", seq_no=sent))
    for _ in range(10):
        line.feed(2.0)
        line.until(line.now + 2.0)
    apart = [each for each in asked(line.said) if each["message"] == "AddChannelAudio"]
    assert len(apart) / 2 <= 100  # of 0.1 s each
    line.hear(said("ChannelAudioAdded", channel="channel_2", seq_no=sent))
    line.until(line.now + 2.0)
    assert len([each for each in asked(line.said) if each["message"] == "AddChannelAudio"]) > len(apart)


# Signs of life.


def test_a_pause_is_kept_by_pings() -> None:
    """And by a little silence long before the hour is over; no silence is sent where nothing is open."""
    line = Line()
    line.feed(2.0)
    line.hear(final(SO, IT, GOES), over(1.9), final(window=(1.4, 2.0)))
    out = line.until(600.0)
    assert len(of(out, Ping)) >= 25
    assert audio(out) == 0
    assert 0 < audio(line.until(3500.0)) < 5


@pytest.mark.parametrize("config", [Config(), AGENT])
def test_an_open_turn_without_audio_is_helped_to_its_end(config: Config) -> None:
    """Silence that nobody sends is not heard."""
    line = Line(config)
    line.feed(2.0)
    line.hear(segment("AddSegment", "So it goes", 0.2, 1.4) if config.model else final(SO, IT, GOES))
    assert audio(line.until(6.0)) > 1.0


# Finalize.


def test_finalize_and_its_answer() -> None:
    """The turn ends, once."""
    line = Line()
    line.feed(2.0)
    line.hear(partial(SO, IT))
    assert asked(line.ask(ask.Finalize("f"))) == [FORCE]
    out = line.hear(final(SO, IT, GOES, forced=True), partial(forced=True), over(1.9, forced=True))
    assert of(out, say.Finalized) == [say.Finalized("f")]
    assert [each.reason for each in of(out, say.TurnEnded)] == ["forced"]
    assert line.turns() == ["So it goes"]


def test_finalize_without_an_answer_is_given_up() -> None:
    """It is not said what comes back where nothing is open at the vendor's."""
    line = Line()
    line.feed(2.0)
    line.hear(partial(SO))
    assert asked(line.ask(ask.Finalize("f"))) == [FORCE]
    out = line.until(8.0)
    assert of(out, say.Finalized) == [say.Finalized("f", "timeout")]
    assert of(line.hear(final(SO), over(8.0)), say.Finalized) == []
    assert line.turns() == ["So"]


def test_finalize_with_nothing_open_is_settled() -> None:
    """Nothing is asked, nothing is waited for."""
    line = Line()
    line.feed(1.4)
    line.hear(final(SO, IT, GOES), over(1.4))
    assert line.ask(ask.Finalize("f")) == [say.Finalized("f", "settled")]


def test_several_finalizes() -> None:
    """Each has one answer."""
    line = Line()
    line.feed(2.0)
    line.hear(partial(SO))
    line.ask(ask.Finalize("f"))
    line.ask(ask.Finalize("g"))
    assert of(line.hear(final(SO), over(2.0)), say.Finalized) == [say.Finalized("f"), say.Finalized("g")]


# The end.


def test_stop_drains() -> None:
    """EndOfStream, the rest of the words, EndOfTranscript; then we hang up."""
    line = Line()
    line.feed(2.0)
    line.hear(final(SO), partial(IT))
    [end] = asked(line.ask(ask.Stop()))
    assert end == END | {"last_seq_no": len(line.chunks)}
    out = line.hear(final(IT, GOES), partial(), OVER)
    assert out[-1] == say.Stopped("stopped", 2.0, None, 0.0)
    assert line.turns() == ["So it goes"]
    assert of(out, Close) == [Close(1000)]


@pytest.mark.parametrize("config", [Config(), AGENT])
def test_what_was_shown_and_never_said_is_no_turn(config: Config) -> None:
    """Not at the end either, and nothing is unconfirmed for it."""
    line = Line(config)
    line.feed(2.0)
    line.hear(segment("AddPartialSegment", "Uh", 0.2, 0.5) if config.model else partial(w("Uh", 0.2, 0.5)))
    line.ask(ask.Stop())
    assert line.hear(OVER)[-1] == say.Stopped("stopped", 2.0, None, 0.0)
    assert line.turns() == []


@pytest.mark.parametrize("loss", [Close(1011, "internal_error"), Lost("reset"), Close(1000), Close(None)])
def test_a_loss_while_draining_reconnects(loss: Frame) -> None:
    """What was not settled is heard again, and EndOfStream said again with the new count."""
    line = Line()
    line.feed(4.0)
    line.hear(final(SO, IT, GOES))
    line.ask(ask.Stop())
    out = line.hear(loss) + line.until(8.0)
    assert named(out) == ["StartRecognition", "EndOfStream"]
    assert asked(out)[1]["last_seq_no"] == len(line.chunks)
    assert 2.0 <= audio(out) <= 4.5
    at = 4.0 - audio(out)  # where the second connection began
    line.hear(final(w("on", 2.0 - at, 2.5 - at), p(".", 2.5 - at)), OVER)
    assert line.turns() == ["So it goes on."]
    assert isinstance(line.said[-1], say.Stopped)


def test_a_loss_while_draining_with_all_settled_is_the_end() -> None:
    """Nothing is left to hear."""
    line = Line()
    line.feed(1.4)
    line.hear(final(SO, IT, GOES))
    line.ask(ask.Stop())
    out = line.hear(Close(1011))
    assert of(out, Connect) == []
    assert isinstance(out[-1], say.Stopped)
    assert line.turns() == ["So it goes"]


def test_a_vendor_that_never_ends_is_given_up() -> None:
    """What it did not settle is told as missing."""
    line = Line()
    line.feed(4.0)
    line.hear(final(SO, IT, GOES))
    line.ask(ask.Stop())
    [failed] = of(line.until(60.0), say.Failed)
    assert failed.unconfirmed == pytest.approx(2.6)
    assert failed.error.reason.startswith("no end of the session within 30 s")


# Losses in mid-session.


def test_a_turn_goes_on_over_a_loss() -> None:
    """What is final stays, what was shown is heard again; the turn ends once, and its mark sticks."""
    line = Line()
    line.feed(2.0)
    line.hear(final(SO), partial(IT, GOES), Lost("reset"))
    replayed = audio(line.until(5.0))
    assert replayed >= 1.5
    at = 2.0 - replayed
    line.hear(
        final(
            w("So", 0.2 - at, 0.5 - at), w("it", 0.6 - at, 0.8 - at), w("goes", 0.9 - at, 1.4 - at), p(".", 1.4 - at)
        ),
        over(2.0 - at),
    )
    assert line.turns() == ["So it goes."]


def test_silence_is_settled_as_it_is_heard() -> None:
    """By windows without words: a loss replays little of it."""
    line = Line()
    line.feed(20.0)
    line.hear(*[final(window=(at / 2, at / 2 + 0.5)) for at in range(39)], Lost("reset"))
    assert 0.4 <= audio(line.until(30.0)) <= 1.0


def test_an_end_that_was_too_long_in_coming_is_a_loss() -> None:
    """The vendor stops listening to an utterance that is too long: the rest is heard by another connection."""
    line = Line()
    line.feed(4.0)
    warning = said("Warning", type="duration_limit_exceeded", reason="too long", duration_limit=60)
    out = line.hear(final(SO, IT, GOES), warning, OVER) + line.until(5.0)
    assert len(of(out, Reconnecting)) == 1
    assert audio(out) >= 2.6
    assert of(out, say.Warned) == [say.Warned("speechmatics:duration_limit_exceeded", "too long")]


def test_a_full_account_is_waited_for() -> None:
    """In mid-session, and for as long as the vendor asks; before the greeting the caller is told at once."""
    line = Line()
    line.feed(1.0)
    full = said("Error", type="quota_exceeded", reason="Concurrent Quota Exceeded")
    out = line.hear(full)
    [reconnecting] = of(out, Reconnecting)
    assert reconnecting.delay >= 5.0
    assert of(line.until(4.9), Connect) == []
    line = Line(greets=False)
    [failed] = of(line.hear(full), say.Failed)
    assert isinstance(failed.error, QuotaExceeded)


def test_a_change_is_kept_over_a_loss() -> None:
    """The next connection is opened with it."""
    line = Line()
    line.feed(2.0)
    out = line.ask(ask.Configure("c", {"turn_silence": 1.9}))
    assert named(out) == ["SetRecognitionConfig"]
    assert of(out, say.Configured) == [say.Configured("c")]
    line.hear(final(SO, IT, GOES), over(2.0), final(window=(1.4, 2.1)), Lost("reset"))
    [start] = asked(line.until(5.0))
    transcription = start["transcription_config"]
    assert transcription["conversation_config"] == {"end_of_utterance_silence_trigger": 1.9}
    assert transcription["max_delay"] == 2.4


def test_what_cannot_change_in_mid_session_is_told() -> None:
    """By what can."""
    [refused] = of(Line().ask(ask.Configure("c", {"language": "de"})), say.Configured)
    assert not refused.accepted
    assert refused.reason.endswith("it can change partials, turn_silence")
    [refused] = of(Line(AGENT).ask(ask.Configure("c", {"partials": False})), say.Configured)
    assert refused.reason.endswith("it can change nothing")
    assert of(Line(AGENT).ask(ask.Configure("d", {})), say.Configured) == [say.Configured("d")]


# Revisions.


@pytest.mark.parametrize("formatted_turns", ["wait", "revise", "raw"])
def test_a_mark_after_the_end_is_a_revision(formatted_turns: str) -> None:
    """The turn was told as ended; its words are the same."""
    line = Line(Config(formatted_turns=formatted_turns))  # type: ignore[arg-type]
    line.feed(3.0)
    line.hear(final(SO, IT, GOES), over(2.0), final(p(".", 1.4, eos=True)))
    assert line.turns(formatted_turns=formatted_turns)[:1] == ["So it goes"]
    assert line.turns(formatted_turns=formatted_turns)[-1] == "So it goes."


# Credentials.


def test_every_connection_gets_a_fresh_credential() -> None:
    """A temporary key is good for the start of a session only."""
    tokens = iter(Credential(Secret(f"fresh-{number}"), "token") for number in range(5))
    line = Line(credentials=lambda: next(tokens))
    line.feed(1.0)
    line.hear(Lost("reset"))
    line.until(5.0)
    assert [each.url.partition("?")[2] for each in of(line.said, Connect)] == ["jwt=fresh-0", "jwt=fresh-1"]


def test_a_temporary_key_is_asked_for_with_every_connection() -> None:
    """It may live for a minute only."""
    line = Line(Config(extra={"speechmatics": {"temporary_key": 60}}))
    line.feed(1.0)
    line.hear(Lost("reset"))
    line.until(5.0)
    assert len(of(line.said, HttpRequest)) == len(of(line.said, Connect)) == 2


@pytest.mark.parametrize("config", [Config(), AGENT, Config(keyterms=("Tretinoin",))])
def test_nothing_that_a_session_says_shows_the_key(config: Config) -> None:
    """Nor what was heard."""
    line = Line(config)
    line.feed(2.0)
    line.hear(segment("AddSegment", "Zymurgy", 0.2, 0.5) if config == AGENT else final(w("Zymurgy", 0.2, 0.5)))
    line.ask(ask.Finalize("f"))
    line.hear(Close(1011, f"no {CANARY}"))
    line.until(20.0)
    line.hear(said("Error", type="invalid_config", reason=f"bad {CANARY}"))
    assert isinstance(line.said[-1], say.Failed)
    assert CANARY not in repr(line.said)
    assert CANARY not in f"{line.said[-1].error} {line.said[-1].error.args}"
    assert "Zymurgy" not in repr(line.said)
    assert CANARY not in json.dumps(asked(line.said))

"""The worked traces of the protocol page, and the facts beside them, as literal wire text against the client half."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from aai_migrate import registry
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import ProviderError
from aai_migrate.events import Begin, StreamEvent, Termination, Turn
from aai_migrate.provider import Context
from aai_migrate.turns import Turns
from aai_migrate.wire import events as say
from aai_migrate.wire.commands import Audio, Command, Configure, Finalize, Start, Stop
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Message, Refused

from ..replay import words

V2 = registry.find("assemblyai-v2")
KEY = Credential(Secret("k3y-of-a-test"))
HOST = "wss://v2.test"
SECOND = Audio(bytes(32_000))
BEGINS = (
    '{"message_type":"SessionBegins","session_id":"5a1d3b0c-9f1e-4d0a-8f57-2f0b5c6f7e10",'
    '"expires_at":"2025-03-04T12:30:00.118204"}'
)
TERMINATED = '{"message_type":"SessionTerminated"}'


def partial(start: int, end: int, text: str, *spoken: tuple[str, int, int], **more: Any) -> str:
    """One ``PartialTranscript``; a word is text, start and end in ms."""
    items = [{"text": word, "start": first, "end": last, "confidence": 0.9} for word, first, last in spoken]
    message = {
        "message_type": "PartialTranscript",
        "created": "2025-03-04T11:00:07.402113",
        "audio_start": start,
        "audio_end": end,
        "confidence": 0.871 if text else 0,
        "text": text,
        "words": items,
    }
    return json.dumps(message | more)


def final(start: int, end: int, text: str, *spoken: tuple[str, int, int], **more: Any) -> str:
    """One ``FinalTranscript``."""
    flags = {"message_type": "FinalTranscript", "confidence": 0.934, "punctuated": True, "text_formatted": True}
    return partial(start, end, text, *spoken, **(flags | more))


WHERE = (("where", 820, 1100), ("is", 1180, 1300))
PARCEL = (*WHERE, ("my", 1400, 1520), ("parcel", 1600, 2140))
WRITTEN = (("Where", 820, 1100), ("is", 1180, 1300), ("my", 1400, 1520), ("parcel?", 1600, 2140))
CODE = (("My", 300, 500), ("code", 600, 900), ("is", 980, 1100), ("7.", 1300, 1700))


def kind(turn: Turn) -> str:
    return "end" if turn.end_of_turn else "turn"


class Play:
    """A client half, and what an application sees of it."""

    def __init__(self, **options: Any) -> None:
        ids = itertools.count()
        self.client = V2.suited(Config()).client(Context(new_id=lambda: f"id-{next(ids)}"))
        self.turns = Turns(V2.name)
        self.events: list[say.Event] = []
        self.seen: list[StreamEvent] = []
        self.sent: list[Frame] = []
        self.take(self.client.send(Start(Config(base_url=HOST, **options), KEY), 0.0))
        self.take(self.client.receive(Connected(), 0.1))

    def take(self, items: list[Frame | say.Event], now: float = 1.0) -> None:
        self.sent += [item for item in items if isinstance(item, Frame)]
        events = [item for item in items if not isinstance(item, Frame)]
        self.events += events
        self.seen += self.turns.fold(events, now)

    def hear(self, *texts: str) -> Play:
        for text in texts:
            self.take(self.client.receive(Message(text), 1.0))
        return self

    def ask(self, command: Command) -> Play:
        self.take(self.client.send(command, 1.0))
        return self

    def close(self, code: int, reason: str = "") -> Play:
        self.take(self.client.receive(Close(code, reason), 2.0))
        return self

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in [*self.events, *self.seen] if isinstance(event, kind)]

    @property
    def shown(self) -> list[tuple[str, int, str, int, str]]:
        """Each turn with its order, text, stable length and words."""
        return [
            (kind(turn), turn.turn_order, turn.transcript, turn.stable_length, words(turn.words))
            for turn in self.of(Turn)
        ]

    @property
    def told(self) -> list[Any]:
        """The text messages of our side."""
        data = [frame.data for frame in self.sent if isinstance(frame, Message)]
        return [json.loads(each) for each in data if isinstance(each, str)]


def test_trace_a_a_plain_session() -> None:
    """An empty partial is nothing, a partial replaces, one that says the same again is nothing new; two finals."""
    play = Play().hear(BEGINS)
    [begin] = play.of(Begin)
    assert begin.session_id == "5a1d3b0c-9f1e-4d0a-8f57-2f0b5c6f7e10"
    play.ask(SECOND).hear(
        partial(0, 700, ""),
        partial(0, 1500, "where is", *WHERE),
        partial(0, 2300, "where is my parcel", *PARCEL),
        partial(0, 2800, "where is my parcel", *PARCEL),
        final(0, 3100, "Where is my parcel?", *WRITTEN),
        partial(3100, 4600, "number four two", ("number", 3300, 3700), ("four", 3800, 4000), ("two", 4100, 4300)),
        final(3100, 6000, "Number 42.", ("Number", 3300, 3700), ("42.", 3800, 4300)),
    )
    where = "where@820-1100 is@1180-1300"
    assert [shown for shown, again in itertools.pairwise([*play.shown, None]) if shown != again] == [
        ("turn", 0, "where is", 0, where),
        ("turn", 0, "where is my parcel", 0, f"{where} my@1400-1520 parcel@1600-2140"),
        ("end", 0, "Where is my parcel?", 19, "Where*@820-1100 is*@1180-1300 my*@1400-1520 parcel?*@1600-2140"),
        ("turn", 1, "number four two", 0, "number@3300-3700 four@3800-4000 two@4100-4300"),
        ("end", 1, "Number 42.", 10, "Number*@3300-3700 42.*@3800-4300"),
    ]
    ends = [turn for turn in play.of(Turn) if turn.end_of_turn]
    assert [(turn.start, turn.end, turn.confidence) for turn in ends] == [(0.82, 2.14, 0.934), (3.3, 4.3, 0.934)]
    play.ask(Stop()).hear(TERMINATED).close(1000)
    assert play.told == [{"terminate_session": True}]
    [end] = play.of(Termination)
    assert end.complete
    assert play.client.deadline is None


def test_trace_b_finals_only_a_forced_end_and_extra_information() -> None:
    """The threshold is told first; the final that a force brings answers it; the tail comes before the end."""
    play = Play(
        partials=False, turn_silence=1.2, extra={"assemblyai-v2": {"enable_extra_session_information": True}}
    ).hear(BEGINS)
    [connect] = [frame for frame in play.sent if isinstance(frame, Connect)]
    assert "disable_partial_transcripts=true" in connect.url.lower()
    assert "enable_extra_session_information=true" in connect.url.lower()
    play.ask(SECOND).ask(Finalize("forced")).hear(final(0, 1800, "My code is 7.", *CODE))
    assert play.told == [{"end_utterance_silence_threshold": 1200}, {"force_end_utterance": True}]
    [answer] = play.of(say.Finalized)
    assert (answer.id, answer.by) == ("forced", "vendor")
    play.hear(final(1800, 4300, "731.", ("731.", 2000, 3400))).ask(Stop())
    assert not play.of(Termination)
    play.hear(
        final(4300, 5100, "Thanks.", ("Thanks.", 4500, 4900)),
        '{"message_type":"SessionInformation","audio_duration_seconds":5.12}',
        TERMINATED,
    ).close(1000)
    assert [shown[:3] for shown in play.shown] == [
        ("end", 0, "My code is 7."),
        ("end", 1, "731."),
        ("end", 2, "Thanks."),
    ]
    assert [event.reason for event in play.of(say.TurnEnded)][:2] == ["forced", "vendor"]
    [end] = play.of(Termination)
    assert (end.complete, end.audio_seconds) == (True, 5.12)
    assert len(play.of(say.Finalized)) == 1


def test_trace_c_an_error_is_told_once() -> None:
    """By the frame and by the close behind it: one failure, with the text and the code."""
    play = Play().hear(BEGINS).ask(SECOND)
    play.hear(partial(0, 900, "send the", ("send", 300, 500), ("the", 560, 700)))
    play.hear('{"error":"Client sent audio too fast"}').close(4029, "Client sent audio too fast")
    [failed] = play.of(say.Failed)
    assert "Client sent audio too fast" in str(failed.error)
    assert failed.error.code == 4029


@pytest.mark.parametrize(("status", "again"), [(401, False), (410, False), (429, True), (500, True), (503, True)])
def test_a_refusal_that_is_over_soon_is_tried_again(status: int, again: bool) -> None:
    """Too many streams are as many behind the upgrade, where 4102 says so."""
    client = V2.client(Context(new_id=lambda: "id"))
    client.send(Start(Config(base_url=HOST), KEY), 0.0)
    [failed] = client.receive(Refused(status, {}, b'{"error":"no"}'), 1.0)
    assert isinstance(failed, say.Failed)
    assert failed.error.retryable == again


@pytest.mark.parametrize("code", [4001, 4002, 4008, 4029, 4031, 4102, 1013])
def test_a_close_without_a_frame_is_an_error_too(code: int) -> None:
    """With its code, and one of the page's reasons where the vendor gave none."""
    [failed] = Play().hear(BEGINS).close(code).of(say.Failed)
    assert isinstance(failed.error, ProviderError)
    assert failed.error.code == code


def test_an_error_frame_without_a_close_ends_the_session_in_time() -> None:
    """Nobody waits for ever for the code."""
    play = Play().hear(BEGINS, '{"error":"Client sent audio too fast"}')
    while not play.of(say.Failed):
        due = play.client.deadline
        assert due is not None, "nothing will happen any more"
        play.take(play.client.tick(due), due)
    [failed] = play.of(say.Failed)
    assert "Client sent audio too fast" in str(failed.error)


def test_a_partial_is_the_whole_open_utterance() -> None:
    """Nothing of it is stable; a shorter one takes back what a longer one said."""
    play = Play().hear(BEGINS, partial(0, 2300, "where is my parcel", *PARCEL), partial(0, 2400, "where is", *WHERE))
    assert [shown[2:4] for shown in play.shown] == [("where is my parcel", 0), ("where is", 0)]


def test_a_final_may_have_other_words_and_more_or_fewer() -> None:
    """It is what was said."""
    spoken = (("Where", 820, 1100), ("is", 1120, 1180), ("it?", 1200, 1300))
    play = Play().hear(BEGINS, partial(0, 1500, "wears", ("wears", 820, 1300)), final(0, 3100, "Where is it?", *spoken))
    assert [shown[:3] for shown in play.shown] == [("turn", 0, "wears"), ("end", 0, "Where is it?")]


def test_a_final_needs_no_partial() -> None:
    """And ends the turn that it begins."""
    assert [shown[:3] for shown in Play().hear(BEGINS, final(0, 3100, "Yes.", ("Yes.", 820, 1100))).shown] == [
        ("end", 0, "Yes.")
    ]


def test_an_empty_final_is_no_turn() -> None:
    """Nor is the one after it another."""
    play = Play().hear(BEGINS, final(0, 900, ""), final(900, 3100, "Yes.", ("Yes.", 1820, 2100)))
    assert [shown[:3] for shown in play.shown] == [("end", 0, "Yes.")]


def test_an_empty_final_takes_back_what_partials_showed() -> None:
    """What they said was no speech; the next utterance is a turn of its own words."""
    play = Play().hear(BEGINS, partial(0, 900, "uh", ("uh", 300, 500)), final(0, 1900, ""))
    play.hear(final(1900, 3100, "Yes.", ("Yes.", 2200, 2400)))
    assert [shown[2] for shown in play.shown if shown[0] == "end"] == ["Yes."]


def test_the_span_of_a_turn_is_that_of_its_words() -> None:
    """A window is wider."""
    [turn] = Play().hear(BEGINS, final(0, 5100, "Yes.", ("Yes.", 820, 1100))).of(Turn)
    assert (turn.start, turn.end) == (0.82, 1.1)


def test_what_is_settled_ends_with_the_last_word() -> None:
    """Not with the window, in which the next utterance may have begun."""
    play = Play().hear(BEGINS).ask(SECOND).hear(final(0, 5100, "Yes.", ("Yes.", 820, 1100)))
    assert [event.to for event in play.of(say.Settled)] == [1.1]


def test_a_final_that_is_not_written_says_so() -> None:
    """Servers that bridge to other recognisers send ``false``."""
    play = Play().hear(BEGINS, final(0, 2, "yes", ("yes", 820, 1100), punctuated=False, text_formatted=False))
    play.hear(final(0, 2, "Yes.", ("Yes.", 1820, 2100)))
    assert [turn.turn_is_formatted for turn in play.of(Turn)] == [False, True]


def test_every_message_has_a_place() -> None:
    """What the page does not have leaves with its raw message, and nothing ends."""
    play = Play().hear(BEGINS, '{"message_type":"SessionHeartbeat","load":0.5}', final(0, 9, "Yes.", ("Yes.", 1, 8)))
    [unmapped] = play.of(say.Unmapped)
    assert "SessionHeartbeat" in str(unmapped.raw)
    assert len(play.shown) == 1


@pytest.mark.parametrize("expires", ["2025-03-04T12:30:00.118204", "2025-03-04T12:30:00", "2025-03-04T12:30:00Z"])
def test_the_time_of_the_end_is_utc(expires: str) -> None:
    """With or without a zone."""
    [begin] = Play().hear(BEGINS.replace("2025-03-04T12:30:00.118204", expires)).of(Begin)
    assert begin.expires_at == pytest.approx(1_741_091_400.0, abs=0.2)


def test_audio_goes_as_it_is_and_the_key_without_a_scheme() -> None:
    """The preferred form, at the path without a slash behind it."""
    play = Play().hear(BEGINS).ask(SECOND)
    [connect] = [frame for frame in play.sent if isinstance(frame, Connect)]
    assert connect.url.startswith("wss://v2.test/v2/realtime/ws?")
    assert {name.lower(): value for name, value in connect.headers.items()}["authorization"] == "k3y-of-a-test"
    assert play.sent[-1] == Message(SECOND.data)


def test_a_token_takes_the_place_of_the_key() -> None:
    """In the query, and nothing in a header."""
    client = V2.client(Context(new_id=lambda: "id"))
    token = Credential(Secret("t0ken"), "token")
    [connect] = [item for item in client.send(Start(Config(base_url=HOST), token), 0.0) if isinstance(item, Connect)]
    assert "token=t0ken" in connect.url
    assert "authorization" not in {name.lower() for name in connect.headers}


def test_the_threshold_may_be_told_at_any_time() -> None:
    """In ms; nobody acknowledges it, so that it is answered at once."""
    play = Play().hear(BEGINS).ask(Configure("a", {"turn_silence": 0.5}))
    assert play.told == [{"end_utterance_silence_threshold": 500}]
    assert [(event.id, event.accepted) for event in play.of(say.Configured)] == [("a", True)]


def test_a_goodbye_without_a_close_is_an_end() -> None:
    """Some servers leave the closing to the client."""
    play = Play().hear(BEGINS).ask(Stop()).hear(TERMINATED)
    assert [event.reason for event in play.of(say.Stopped)]
    assert len(play.of(Termination)) == 1


def test_a_close_without_a_goodbye_is_a_loss() -> None:
    """The last final may be missing, however well the connection was closed."""
    play = Play().hear(BEGINS).ask(SECOND).ask(Stop()).close(1000)
    assert not play.of(say.Stopped)
    [failed] = play.of(say.Failed)
    assert failed.error.retryable

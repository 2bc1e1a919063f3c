"""The server half, what it says: events in, literal messages out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aai_migrate_providers.assemblyai_v2.utterances import Utterances

from aai_migrate.errors import (
    AuthenticationError,
    BadRequest,
    ConnectionLost,
    ProtocolError,
    ProviderError,
    QuotaExceeded,
)
from aai_migrate.wire.events import (
    AudioTaken,
    Configured,
    Failed,
    Final,
    Finalized,
    Partial,
    Revised,
    Settled,
    SpeechStarted,
    Started,
    Stopped,
    TurnEnded,
    Unmapped,
    Warned,
    Word,
)
from aai_migrate.wire.frames import Close, Frame, Message

from .wire import END, begun, parted

SECOND = bytes(32_000)
TERMINATED = Message('{"message_type":"SessionTerminated"}')
SCHEMA = "Endpoint received a message with an invalid schema"
BUSY = "Temporary server condition forced blocking client's request"
ASK = (Word("Where", 0.82, 1.1, 1.0, joiner=""), Word("is", 1.15, 1.3, 0.75), Word("it?", 1.4, 1.6, 0.5))


def messages(out: list[Any]) -> list[dict[str, Any]]:
    """The JSON of a list of messages."""
    assert all(isinstance(item, Message) for item in out)
    return [json.loads(item.data) for item in out]


def told(*events: Any, query: str = "sample_rate=16000", now: float = 2.0) -> list[dict[str, Any]]:
    """The JSON of everything that a client of two seconds is told of *events*."""
    server = begun(query, SECOND, SECOND)
    return messages([frame for event in events for frame in server.send(event, now)])


def test_what_was_taken_back_behind_another_hides_nothing() -> None:
    """It is open no more when the older one ends, though it never ends itself."""
    out = told(
        Partial(turn=1, text="a"),
        Partial(turn=2, text="b"),
        Partial(turn=2, text=""),
        Final(turn=1, text="A."),
        TurnEnded(turn=1),
        Partial(turn=3, text="c"),
    )
    assert [(item["message_type"], item["text"]) for item in out] == [
        ("PartialTranscript", "a"),
        ("FinalTranscript", "A."),
        ("PartialTranscript", "c"),
    ]


def test_no_transcript_is_in_a_repr() -> None:
    """Nor that of what waits for the end of its utterance."""
    utterances = Utterances()
    utterances.final(Final(turn=1, text="canary", words=(Word("canary", 0.0, 1.0),)))
    assert "canary" not in repr(vars(utterances))


def test_a_partial() -> None:
    """Every member that strict clients demand: whole milliseconds, lower case, no punctuation."""
    server = begun("sample_rate=16000", SECOND, SECOND)
    assert server.send(Partial(turn="a", text="Where is it?", words=ASK, start=0.82, end=1.6), 2.25) == [
        Message(
            '{"message_type":"PartialTranscript","created":"2025-03-04T11:00:02.250000","audio_start":0,'
            '"audio_end":2000,"confidence":0.75,"text":"where is it","words":['
            '{"text":"where","start":820,"end":1100,"confidence":1.0},'
            '{"text":"is","start":1150,"end":1300,"confidence":0.75},'
            '{"text":"it","start":1400,"end":1600,"confidence":0.5}]}'
        )
    ]


@pytest.mark.parametrize("taken_back", [TurnEnded(turn="a"), Partial(turn="a", text="")])
def test_what_is_taken_back_ends_without_text(taken_back: Any) -> None:
    """Told nothing, a client would keep what it was shown; and the next utterance is shown again."""
    shown = Partial(turn="a", text="ah", words=(Word("ah", 1.0, 1.2, joiner=""),))
    more = Partial(turn="b", text="yes", words=(Word("yes", 1.5, 1.7, joiner=""),))
    first, final, second = told(shown, taken_back, more)
    assert [first["text"], second["text"]] == ["ah", "yes"]
    assert (final["message_type"], final["text"], final["words"]) == ("FinalTranscript", "", [])
    assert (final["punctuated"], final["text_formatted"]) == (True, True)
    assert [one["text"] for one in told(shown, taken_back, taken_back)] == ["ah", ""]
    assert not told(taken_back)


def test_a_final() -> None:
    """When its turn has ended, not before, and with the provider's own spelling."""
    server = begun("sample_rate=16000", SECOND, SECOND)
    assert server.send(Final(turn="a", text="Where is it?", words=ASK, start=0.82, end=1.6), 2.0) == []
    assert server.send(TurnEnded(turn="a", formatted=True), 2.25) == [
        Message(
            '{"message_type":"FinalTranscript","created":"2025-03-04T11:00:02.250000","audio_start":0,'
            '"audio_end":2000,"confidence":0.75,"text":"Where is it?","words":['
            '{"text":"Where","start":820,"end":1100,"confidence":1.0},'
            '{"text":"is","start":1150,"end":1300,"confidence":0.75},'
            '{"text":"it?","start":1400,"end":1600,"confidence":0.5}],'
            '"punctuated":true,"text_formatted":true}'
        )
    ]


def test_several_finals_make_one() -> None:
    """A client counts each as an utterance; what may still change is shown behind what may not."""
    heard = told(
        Final(turn=0, text="Where", words=ASK[:1]),
        Partial(turn=0, text=" is It", words=(ASK[1], Word("It", 1.4, 1.5, 0.76))),
        Final(turn=0, text=" is it?", words=ASK[1:]),
        TurnEnded(turn=0),
    )
    assert [(each["message_type"], each["text"]) for each in heard] == [
        ("PartialTranscript", "where is it"),
        ("FinalTranscript", "Where is it?"),
    ]
    assert [word["text"] for word in heard[1]["words"]] == ["Where", "is", "it?"]
    assert heard[1]["punctuated"] is heard[1]["text_formatted"] is False


def test_windows_follow_each_other() -> None:
    """A final's begins where the one before ended; partials grow within it; one that was taken back ends too."""
    server = begun("sample_rate=16000", SECOND)
    windows = []
    for number in range(3):
        key = f"turn {number}"
        out = server.send(Partial(turn=key, text="a"), 1.0)
        server.receive(Message(bytes(16_000)), 1.0)
        out += server.send(Partial(turn=key, text="a b"), 1.0)
        if number != 1:
            server.send(Final(turn=key, text="A b."), 1.0)
        out += server.send(TurnEnded(turn=key), 1.0)
        windows.append([(each["audio_start"], each["audio_end"]) for each in messages(out)])
    assert windows == [
        [(0, 1000), (0, 1500), (0, 1500)],
        [(1500, 1500), (1500, 2000), (1500, 2000)],
        [(2000, 2000), (2000, 2500), (2000, 2500)],
    ]


def test_texts_without_words_get_some() -> None:
    """Strict clients demand times; unknown confidence counts as certain."""
    [shown, heard] = told(
        Partial(turn=0, text="Mm, yes.", start=0.5, end=1.5),
        Final(turn=0, text="Mm, yes.", start=0.5, end=1.5),
        TurnEnded(turn=0),
    )
    assert shown["words"] == [
        {"text": "mm", "start": 500, "end": 1000, "confidence": 1.0},
        {"text": "yes", "start": 1000, "end": 1500, "confidence": 1.0},
    ]
    assert [word["text"] for word in heard["words"]] == ["Mm,", "yes."]
    assert heard["confidence"] == 1.0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It's 3:00, O'Neill—no?", "it's 3:00 o'neill—no"),
        ('"Well ..." he said', "well he said"),
        ("¿Qué?", "qué"),
        ("STRASSE", "strasse"),
    ],
)
def test_what_counts_as_punctuation(text: str, shown: str) -> None:
    """What stands beside a word, not what is inside; what is nothing else is no word."""
    [message] = told(Partial(turn=0, text=text, start=0.0, end=1.0))
    assert message["text"] == shown
    assert " ".join(word["text"] for word in message["words"]) == shown


@pytest.mark.parametrize("text", ["", "  ", "?!", "… ."])
def test_nothing_to_show(text: str) -> None:
    """Clients would have to skip it."""
    assert told(Partial(turn=0, text=text)) == []


def test_text_of_scripts_without_spaces() -> None:
    """Words are joined as the provider joins them."""
    words = (Word("今日", 0.0, 0.5, 0.9, joiner=""), Word("は。", 0.5, 0.8, 0.9, joiner=""))
    [message] = told(Partial(turn=0, text="今日は。", words=words))
    assert [word["text"] for word in message["words"]] == ["今日", "は"]
    assert message["text"] == "今日は"


def test_partials_are_not_wanted() -> None:
    """Finals all the same."""
    heard = told(
        Partial(turn=0, text="where"),
        Final(turn=0, text="Where?"),
        TurnEnded(turn=0),
        query="sample_rate=16000&disable_partial_transcripts=True",
    )
    assert [each["message_type"] for each in heard] == ["FinalTranscript"]


@pytest.mark.parametrize("before", [[], [Final(turn=0, text=" ")]])
def test_an_end_without_text_is_none(before: list[Any]) -> None:
    """There was no utterance, and nobody was shown one."""
    assert told(*before, TurnEnded(turn=0)) == []


def test_of_two_open_turns_the_older_shows() -> None:
    """Messages have no key: a partial of the later one would replace what it does not belong to."""
    heard = told(
        Partial(turn="a", text="one"),
        Partial(turn="b", text="two"),
        Final(turn="a", text="One."),
        TurnEnded(turn="a"),
        Partial(turn="b", text="two three"),
        Final(turn="b", text="Two three."),
        TurnEnded(turn="b"),
    )
    assert [each["text"] for each in heard] == ["one", "One.", "two three", "Two three."]


@pytest.mark.parametrize(
    "event",
    [
        Started(),
        SpeechStarted(0.5),
        Settled(1.0),
        AudioTaken(1.0),
        Finalized("id-2"),
        Configured("id-2", False, "no"),
        Revised(turn=0, text="B"),
        Warned("x", "y"),
        Unmapped({}),
    ],
)
def test_what_v2_cannot_say(event: Any) -> None:
    """It is left out: strict clients die of messages that they do not know."""
    assert told(event) == []


# The end.


def ended(*messages_: str, event: Any, query: str = "sample_rate=16000") -> list[Frame]:
    """What a client of two seconds that says *messages_* is told at last."""
    server = begun(query, SECOND, SECOND, *messages_)
    out = server.send(event, 3.0)
    assert server.send(event, 3.0) == server.send(Partial(turn=0, text="late"), 3.0) == []
    out = parted(server, out, 3.0) if server.deadline else out
    return [item for item in out if isinstance(item, Frame)]


def test_the_end() -> None:
    """The goodbye that clients wait for, then the close."""
    assert ended(END, event=Stopped()) == [TERMINATED, Close(1000)]


def test_how_much_audio_there_was() -> None:
    """Only who asked is told; strict clients demand the member."""
    information = Message('{"message_type":"SessionInformation","audio_duration_seconds":2.0}')
    query = "sample_rate=16000&enable_extra_session_information=True"
    assert ended(END, event=Stopped(), query=query) == [information, TERMINATED, Close(1000)]


def refusal(code: int, text: str) -> list[Frame]:
    return [Message(json.dumps({"error": text}, separators=(",", ":"))), Close(code, text)]


FAILURES: list[tuple[ProviderError, int, str]] = [
    (AuthenticationError("x", "bad key"), 1013, BUSY),
    (QuotaExceeded("x", "no credit"), 1013, BUSY),
    (
        QuotaExceeded("x", "too many", retryable=True),
        4102,
        "This account has exceeded the number of allowed streams",
    ),
    (BadRequest("x", "no such language"), 4101, f"{SCHEMA}: no such language"),
    (BadRequest("x", f"{SCHEMA}: as before"), 4101, f"{SCHEMA}: as before"),
    (ConnectionLost("x", "gone"), 1013, BUSY),
    (ProtocolError("x", "what?"), 1013, BUSY),
]


@pytest.mark.parametrize(("error", "code", "text"), FAILURES)
def test_a_provider_that_fails(error: ProviderError, code: int, text: str) -> None:
    """Whose key or credit it is that failed is none of the client's business."""
    assert ended(event=Failed(error)) == refusal(code, text)


@pytest.mark.parametrize(("error", "code", "text"), FAILURES)
def test_a_provider_that_fails_at_the_end(error: ProviderError, code: int, text: str) -> None:
    """Python's client waits for the goodbye for ever, so it comes behind the error."""
    error_text = refusal(code, text)[0]
    assert ended(END, event=Failed(error)) == [error_text, TERMINATED, Close(1000)]


def test_a_reason_that_no_close_frame_can_hold() -> None:
    """The text has all of it, the close frame the vendor's own words."""
    text, close = ended(event=Failed(BadRequest("x", "é" * 100)))
    assert text == Message(json.dumps({"error": f"{SCHEMA}: {'é' * 100}"}, ensure_ascii=False, separators=(",", ":")))
    assert close == Close(4101, SCHEMA)

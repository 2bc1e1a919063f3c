"""A server half as its clients meet it: handshakes, first messages, what it says as JSON, and events to tell it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

from aai_migrate_providers.speechmatics.server import Server

from aai_migrate.credentials import Credential
from aai_migrate.provider import Context
from aai_migrate.wire.commands import Command, Start
from aai_migrate.wire.events import Event, Final, Partial, Started, TurnEnded, Word
from aai_migrate.wire.frames import Connect, Connected, Frame, Message

KEY = {"Authorization": "Bearer k3y"}
RAW = {"type": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000}
SECOND = bytes(32_000)
"""One second of silence in the format of ``RAW``."""
END_OF_STREAM = Message('{"message":"EndOfStream","last_seq_no":412}')
FORCE = Message('{"message":"ForceEndOfUtterance"}')
EPOCH = 1_790_211_526.0
W = tuple[str, float, float]


def uuid(number: int) -> str:
    """The id that a context makes as its *number*-th."""
    return f"00000000-0000-4000-8000-{number:012d}"


def context(authenticate: Callable[[Credential | None], str | None] = lambda _: "somebody", **more: Any) -> Context:
    """A context with countable ids, in which 2026-09-24 is time 0."""
    ids = itertools.count(1)
    return Context(new_id=lambda: uuid(next(ids)), epoch=EPOCH, authenticate=authenticate, **more)


def text(**members: Any) -> Message:
    """A text message with these members."""
    return Message(json.dumps(members))


def start(audio: dict[str, Any] | None = None, beside: dict[str, Any] | None = None, **transcription: Any) -> Message:
    """A first message: raw audio in English, unless told otherwise."""
    return text(
        message="StartRecognition",
        audio_format=RAW if audio is None else audio,
        transcription_config={"language": "en"} | transcription,
        **beside or {},
    )


def connected(path: str = "/v2", headers: dict[str, str] | None = None) -> Server:
    """A server half that has let its client in at time 0."""
    server = Server(context())
    out = server.receive(Connect(path, KEY if headers is None else headers), 0.0)
    assert out == [Connected({"request-id": uuid(1)})]
    return server


def asked(first: Message, path: str = "/v2") -> list[Any]:
    """What a fresh server half answers to a first message at time 0."""
    return heard(connected(path).receive(first, 0.0))


def wanted(first: Message, path: str = "/v2") -> Start:
    """The command that a first message brings about."""
    command = asked(first, path)[-1]
    assert isinstance(command, Start)
    return command


def begun(path: str = "/v2", **transcription: Any) -> Server:
    """A server half that has greeted its client at time 0: raw audio in English, unless told otherwise."""
    server = connected(path)
    out = server.receive(start(**transcription), 0.0)
    assert isinstance(out[-1], Start)
    greeting = heard(server.send(Started(), 0.0))
    assert [message["message"] for message in greeting] == ["RecognitionStarted", "Info"]
    return server


def live(**transcription: Any) -> Server:
    """A server half whose client wants partials and the ends of utterances."""
    more: dict[str, Any] = {"enable_partials": True, "conversation_config": {"end_of_utterance_silence_trigger": 0.6}}
    return begun(**more | transcription)


def tell(server: Server, *events: Event, now: float = 0.0) -> list[Any]:
    """What the client hears of *events*, which come at once: JSON as values, other things as they are."""
    return heard([item for event in events for item in server.send(event, now)])


def heard(items: list[Frame | Command]) -> list[Any]:
    """Messages as the values that a client makes of them."""
    return [json.loads(item.data) if isinstance(item, Message) else item for item in items]


def words(*given: W, joiner: str = "", **more: Any) -> tuple[Word, ...]:
    """Words with a blank between them; the first has *joiner* before it."""
    return tuple(Word(w[0], w[1], w[2], 0.9, joiner=" " if index else joiner, **more) for index, w in enumerate(given))


def partial(turn: Any, *given: W, channel: int = 0, joiner: str = "", **more: Any) -> Partial:
    """An open tail."""
    items = words(*given, joiner=joiner)
    said = "".join(word.joiner + word.text for word in items)
    return Partial(turn=turn, text=said, words=items, channel=channel, **more)


def final(turn: Any, *given: W, channel: int = 0, joiner: str = "", **more: Any) -> Final:
    """A piece that is final."""
    items = words(*given, joiner=joiner)
    said = "".join(word.joiner + word.text for word in items)
    return Final(turn=turn, text=said, words=items, channel=channel, **more)


def ended(turn: Any, channel: int = 0, **more: Any) -> TurnEnded:
    """The end of a turn."""
    return TurnEnded(turn=turn, channel=channel, **more)

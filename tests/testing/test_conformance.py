"""The suite, over every provider of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import pytest
from aai_migrate_providers.local.messages import Answer, Heard, Ready, Settings, Utterance, answer_text, read_request
from aai_migrate_providers.local.settings import WIRE

from aai_migrate.config import Config
from aai_migrate.provider import Context, Provider
from aai_migrate.service import Ear
from aai_migrate.testing import FarEnd
from aai_migrate.testing.conformance import Conformance
from aai_migrate.wire import events as say
from aai_migrate.wire.commands import Audio, Command, Start
from aai_migrate.wire.frames import Close, Connect, Connected, Frame, Lost, Message

pytestmark = pytest.mark.no_cover  # thousands of sessions


class TestAssemblyAiV2(Conformance):
    provider = "assemblyai-v2"
    options: ClassVar[Mapping[str, Any]] = {"base_url": "ws://localhost"}


class TestAssemblyAiV3(Conformance):
    provider = "assemblyai-v3"


class TestUniversalStreaming(Conformance):
    provider = "assemblyai-v3/universal-streaming-english"


class TestCoded(Conformance):
    provider = "coded"


class TestDeepgram(Conformance):
    provider = "deepgram"


class TestFlux(Conformance):
    provider = "deepgram/flux-general-en"


class TestGladia(Conformance):
    provider = "gladia"


class TestSpeechmatics(Conformance):
    provider = "speechmatics"


class TestAgentStt(Conformance):
    provider = "speechmatics/linden-1"
    word_times = None  # segments have times, their words have none


class Worker:
    """The far end of the embedded recogniser's pipe, with an ear for coded speech in place of pocketsphinx."""

    deadline: float | None = None

    def __init__(self, listen: Callable[[], Ear]) -> None:
        self._listen = listen
        self._ear: Ear | None = None
        self._final: dict[Any, tuple[say.Word, ...]] = {}
        self.heard = bytearray()

    def receive(self, frame: Frame, now: float) -> list[Frame]:
        match frame:
            case Connect():
                self._ear, self._final, self.heard = self._listen(), {}, bytearray()
                return [Connected()]
            case Lost() | Close():
                self._ear = None
            case Message(bytes(data)):
                self.heard += data
                return self._ask(Audio(data), now)
            case Message(str(text)):
                return self._asked(text, now)
        return []

    def tick(self, now: float) -> list[Frame]:
        return []

    def _asked(self, text: str, now: float) -> list[Frame]:
        request = read_request(text)
        if not isinstance(request, Settings):
            return self._ask(request, now)
        config = Config(audio=WIRE, turn_silence=request.turn_silence, partials=request.partials)
        return self._ask(Start(config), now)

    def _ask(self, command: Command, now: float) -> list[Frame]:
        events = self._ear.send(command, now) if self._ear else []
        return [Message(answer_text(answer)) for event in events for answer in self._answers(event)]

    def _answers(self, event: Any) -> Iterable[Answer]:
        match event:
            case say.Started():
                yield Ready("coded")
            case say.Partial(turn=turn, words=words):
                yield Heard(turn, (*self._final.get(turn, ()), *words))
            case say.Final(turn=turn, words=words):
                self._final[turn] = (*self._final.get(turn, ()), *words)
            case say.TurnEnded(turn=turn):
                words = self._final.pop(turn)
                yield Utterance(turn, words, words[-1].end)
            case say.Settled() if not self._final:
                yield event
            case say.Finalized() | say.Stopped():
                yield event


class TestLocal(Conformance):
    provider = "local"

    def far_end(self, provider: Provider, context: Context, listen: Callable[[], Ear]) -> FarEnd:
        return Worker(listen)

"""The client half of Agent STT: the vendor ends turns itself, by what it hears.

Its pages say of segments no words, and not whether a turn has an end where an application is to end it: so words get
equal parts of their segment's time, and ``external`` is not asked for.

Source: https://docs.speechmatics.com/speech-to-text/agent-stt
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from aai_migrate.config import Config
from aai_migrate.errors import ConfigError
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.text import joined, spread
from aai_migrate.wire.values import mapping, string

from .. import client
from ..client import Out
from ..messages import control, point
from ..options import AGENT_MODEL, AGENT_OPTIONS, AGENT_PATH, NAME
from ..schema import AGENT_TRANSCRIPTION, NOT_AGENT

VAD = {"turn_detection_mode": "vad"}


class Client(client.Client):
    """One connection, as a :class:`~aai_migrate.provider.ClientPeer`; it begins with ``RecognitionStarted``."""

    path, rows, members = AGENT_PATH, AGENT_OPTIONS, AGENT_TRANSCRIPTION

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._model = AGENT_MODEL
        self._turn, self._begins = 0, True
        self._speaking = False

    def _defaults(self, config: Config) -> dict[str, Any]:
        return {"enable_partials": True}

    def _beside(self) -> dict[str, Any]:
        return {"turn_config": VAD}

    def _dialled(self, transcription: Mapping[str, Any]) -> None:
        refused = sorted(NOT_AGENT & {*transcription})
        if refused:
            raise ConfigError(f"{NAME}/{self._model} has no {', '.join(refused)}; leave it out of extra")
        for name in ("translation_config", "audio_events_config"):
            if name in self._config.extra.get(NAME, {}):
                raise ConfigError(f"{NAME}/{self._model} has no {name}; leave it out of extra")
        given = mapping(self._config.extra.get(NAME, {}).get("turn_config"))
        if given.get("turn_detection_mode", "vad") != "vad":
            raise ConfigError(f"{NAME}/{self._model}: turns end by what is heard only; leave turn_config out of extra")

    def _command(self, command: ask.Command) -> list[Out]:
        if isinstance(command, ask.Finalize):
            self._asked.ask(command.id, (0,), self._sent)
            return [control("ForceEndOfUtterance")]
        return super()._command(command)

    def _message(self, message: dict[str, Any]) -> list[Out]:
        match message.get("message"):
            case "AddPartialSegment":
                return [*self._speech(point(message, "start_time")), self._segment(message, final=False)]
            case "AddSegment":
                return self._final(message)
            case "SpeechStarted" | "StartOfTurn":
                return self._speech(point(message, "start_time"))
            case "EndOfTurn":
                return self._end("vendor", point(message), message)
            case "SpeechEnded":
                return []
        return super()._message(message)

    def _speech(self, at: float | None) -> list[Out]:
        if self._speaking:
            return []
        self._speaking = True
        return [say.SpeechStarted(self._sent if at is None else at)]

    def _segment(self, message: Mapping[str, Any], *, final: bool) -> say.Partial | say.Final:
        """Read a segment: a partial one replaces the one before it."""
        segment = mapping(message.get("segment"))
        text = (string(segment.get("transcript")) or "").strip()
        start, end = point(message, "start_time"), point(message)
        speaker = string(segment.get("speaker")) if final else None
        between = self._delimiters.pack
        words = tuple(
            evolve(word, speaker=speaker, is_final=final, joiner=between if index else "" if self._begins else between)
            for index, word in enumerate(spread(text, start, end))
        )
        said: dict[str, Any] = {
            "turn": self._turn,
            "text": joined(words),
            "words": words,
            "start": start,
            "end": end,
            "raw": message,
        }
        return say.Final(**said, speaker=speaker) if final else say.Partial(**said)

    def _final(self, message: Mapping[str, Any]) -> list[Out]:
        final = self._segment(message, final=True)
        settled = [] if final.end is None else [say.Settled(final.end)]
        if not final.text:
            return [*settled]
        out: list[Out] = [*self._speech(final.start), final, *settled]
        self._begins = False
        return out

    def _end(self, reason: say.EndReason, at: float | None = None, message: Any = None) -> list[Out]:
        """End the open turn, if anything was said in it: the end answers whoever asked for it."""
        begins, self._begins, self._speaking = self._begins, True, False
        if begins:
            return []
        forced = self._asked.waits(0)
        ended = say.TurnEnded(
            turn=self._turn, at=at, reason="forced" if forced else reason, formatted=True, raw=message
        )
        self._turn += 1
        return [ended, *self._asked.answer(0, at)]

    def _finish(self) -> list[say.Event]:
        ended = [event for event in self._end("stop") if isinstance(event, (say.TurnEnded, say.Finalized))]
        return [*ended, *super()._finish()]

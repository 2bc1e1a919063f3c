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
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.schema import Table, one_of
from aai_migrate.wire.text import joined, spread
from aai_migrate.wire.values import mapping, string

from .. import client
from ..client import Out
from ..messages import control, point
from ..options import AGENT_MODEL, AGENT_OPTIONS, AGENT_PATH, NAME
from ..schema import AGENT_TRANSCRIPTION

VAD = {"turn_detection_mode": "vad"}
BESIDE = {"turn_config": Table({"turn_detection_mode": one_of("vad")})}


class Client(client.Client):
    """One connection, as a :class:`~aai_migrate.provider.ClientPeer`; it begins with ``RecognitionStarted``."""

    path, rows, members, beside = AGENT_PATH, AGENT_OPTIONS, AGENT_TRANSCRIPTION, BESIDE

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._model = AGENT_MODEL
        self._turn, self._begins = 0, True
        self._speaking = self._shown = False  # a start of speech was told, a tail is

    def _defaults(self, config: Config) -> dict[str, Any]:
        return {"enable_partials": True}

    def _dialled(self, transcription: dict[str, Any], beside: dict[str, Any]) -> None:
        beside["turn_config"] = {**VAD, **mapping(beside.get("turn_config"))}

    def _command(self, command: ask.Command) -> list[Out]:
        match command:
            case ask.Finalize(id=id_):
                self._asked.ask(id_, (0,), self._sent)
                return [control("ForceEndOfUtterance")]
            case ask.Configure(id=id_, options=options):
                reason = f"{NAME}/{self._model} can change nothing in mid-session" if options else ""
                return [say.Configured(id_, not options, reason)]
        return super()._command(command)

    def _message(self, message: dict[str, Any]) -> list[Out]:
        match message.get("message"):
            case "AddPartialSegment":
                return self._partial(message)
            case "AddSegment":
                return self._final(message)
            case "SpeechStarted" | "StartOfTurn":
                return self._speech(point(message, "start_time"))
            case "EndOfTurn":
                return self._turn_over(message)
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
            evolve(word, speaker=speaker, is_final=final, joiner=" " if index else "" if self._begins else between)
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

    def _partial(self, message: Mapping[str, Any]) -> list[Out]:
        partial = self._segment(message, final=False)
        if not partial.text:
            return [*self._clear()]
        self._shown = True
        return [*self._speech(partial.start), partial]

    def _final(self, message: Mapping[str, Any]) -> list[Out]:
        final = self._segment(message, final=True)
        settled = [] if final.end is None else [say.Settled(final.end)]
        if not final.text:
            return [*self._clear(), *settled]
        self._begins = self._shown = False
        return [*self._speech(final.start), final, *settled]

    def _clear(self) -> list[say.Event]:
        """Take back what is shown: no end of a turn does, and what stays shown at the last is taken for words."""
        shown, self._shown = self._shown, False
        return [say.Partial(turn=self._turn, text="")] if shown else []

    def _turn_over(self, message: Mapping[str, Any]) -> list[Out]:
        """The end of a turn answers whoever asked for it, though nothing was said in it."""
        at = point(message)
        ended = self._end("forced" if self._asked.waits(0) else "vendor", at, message)
        return [*ended, *self._asked.answer(0, at)]

    def _end(self, reason: say.EndReason, at: float | None = None, message: Any = None) -> list[say.Event]:
        """End the open turn, if anything was said in it."""
        out, begins = self._clear(), self._begins
        self._begins, self._speaking = True, False
        if begins:
            return out
        ended = say.TurnEnded(turn=self._turn, at=at, reason=reason, formatted=True, raw=message)
        self._turn += 1
        return [*out, ended]

    def _finish(self) -> list[say.Event]:
        return [*self._end("stop"), *super()._finish()]

"""The client half of ``/v1/listen``: commands to frames, frames to events.

Source: https://developers.deepgram.com/reference/speech-to-text/listen-streaming
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aai_migrate.config import Config
from aai_migrate.errors import ConfigError
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import Connected
from aai_migrate.wire.values import number, string

from .. import client, errors
from ..client import Out
from ..messages import channel, control, span
from ..options import KEYTERM_FAMILIES, LISTEN_OPTIONS, LISTEN_PATH, NAME, TURN_SILENCE, WORD_GAP, family
from ..parameters import LISTEN, InvalidParameter, check_listen
from .turns import NEAR, Turns

PUNCTUATES = ("punctuate", "smart_format", "detect_entities")
"""Parameters of which each has the text punctuated."""
LONGEST_GAP = 5000
"""Milliseconds between words that the vendor can be told to wait for."""
_CHANGE = re.compile(r'\s*\{\s*"type"\s*:\s*"Configure"')


class Client(client.Client):
    """One connection, as a :class:`~aai_migrate.provider.ClientPeer`. It begins with the handshake: nothing is said."""

    path, rows, parameters = LISTEN_PATH, LISTEN_OPTIONS, LISTEN

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._turns = Turns()

    def _defaults(self, config: Config) -> dict[str, Any]:
        """Turns end after a pause; where noise hides it, after a gap between words, which interim results show."""
        words: dict[str, Any] = {"interim_results": True, "punctuate": True, "endpointing": TURN_SILENCE}
        gap = max(WORD_GAP, round((config.turn_silence or 0.0) * 1000))
        told = config.extra.get(NAME, {}).get("interim_results")
        shows = config.partials is not False if told is None else str(told).lower() not in ("false", "0")
        if shows and gap <= LONGEST_GAP:
            words["utterance_end_ms"] = gap
        return words

    def _check(self, values: Mapping[str, Any]) -> None:
        check_listen(values)
        if "utterance_end_ms" in values and not values.get("interim_results"):
            raise InvalidParameter("utterance_end_ms", "needs interim_results; do not turn partials off")

    def _dialled(self, config: Config, query: dict[str, Any]) -> None:
        formatted = any(str(query.get(name)).lower() in ("true", "1") for name in PUNCTUATES)
        self._turns = Turns(config.audio.channels, formatted=formatted)

    def _command(self, command: ask.Command, now: float) -> list[Out]:
        match command:
            case ask.KeepAlive():
                return [control("KeepAlive")]
            case ask.Finalize(id=id_, channel=number_):
                self._turns.finalize(id_, number_, self._sent)
                return [control("Finalize") if number_ is None else control("Finalize", channel=number_)]
            case ask.Configure():
                return self._configure(command, now)
        return super()._command(command, now)

    def _configure(self, command: ask.Configure, now: float) -> list[Out]:
        """Change the keyterms of Nova-3, and nothing else; a change that does not speak of them leaves them."""
        try:
            config, encoded = self._changed(command)
        except ConfigError as error:
            return [say.Configured(command.id, False, str(error))]
        warnings, asked = encoded.warnings(), "keyterms" in command.options
        if set(encoded.native) - {"keyterm"} or (asked and family(self._model) not in KEYTERM_FAMILIES):
            reason = f"{NAME} changes keyterms in mid-session for Nova-3 models only"
            return [*warnings, say.Configured(command.id, False, reason)]
        if not asked or "keyterms" in encoded.dropped:
            return [*warnings, say.Configured(command.id)]
        return [*warnings, *self._changes.ask(command.id, control("Configure", keyterms=[*config.keyterms]), now)]

    def _connected(self, frame: Connected) -> list[Out]:
        return self._greet(frame.headers.get(errors.REQUEST_ID))

    def _message(self, message: dict[str, Any], now: float) -> list[Out]:
        match message.get("type"):
            case "Results":
                return [*self._turns.take(span(message), self._sent)]
            case "UtteranceEnd":
                at = number(message.get("last_word_end"))
                return [*self._turns.utterance_end(-1.0 if at is None else at, channel(message.get("channel")))]
            case "SpeechStarted":
                at = number(message.get("timestamp"))
                started = self._sent if at is None else max(0.0, at)
                return [*self._turns.speech_started(started, channel(message.get("channel")))]
            case "Metadata" if self._stopped:
                return self._stop(number(message.get("duration")))
            case "Error":
                return self._error(message, now)
        return super()._message(message, now)

    def _error(self, message: Mapping[str, Any], now: float) -> list[Out]:
        """The session goes on; where the message quotes a change of ours, that one was not understood.

        The quote may be cut short, and is not passed on: what the caller's terms are is nobody else's business.
        """
        text = (string(message.get("description")) or "no reason given")[:500]
        refused = bool(_CHANGE.match(string(message.get("message")) or ""))
        answer = self._changes.answered(now, accepted=False, reason=text) if refused else []
        return [say.Warned(f"{NAME}:{string(message.get('variant')) or 'Error'}", text), *answer]

    def _untold(self) -> float | None:
        """Metadata is the end. A close without it may be one too, but not before words that were shown are final."""
        if self._turns.unsettled:
            return None
        untold = self._sent - self._turns.told_to
        return untold if untold > NEAR else 0.0

    def _finish(self) -> list[say.Event]:
        return self._turns.finish()

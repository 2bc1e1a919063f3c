"""The client half of ``/v2``: commands to frames, frames to events.

Source: https://docs.speechmatics.com/api-ref/realtime-transcription-websocket
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve

from aai_migrate.config import Config
from aai_migrate.errors import ConfigError
from aai_migrate.options import Flaw
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.values import mapping, number, string

from .. import client
from ..client import Out
from ..messages import control, piece, point
from ..options import (
    BILINGUAL,
    HOSTS,
    MAX_DELAY,
    MELIA,
    MOST_DELAY,
    MULTI,
    NAME,
    PATH,
    PREVIEW,
    RT_OPTIONS,
    TURN_SILENCE,
    base,
    family,
)
from ..schema import AUDIO_EVENTS, TRANSCRIPTION, TRANSLATION
from .turns import Turns

BESIDE = {"translation_config": TRANSLATION, "audio_events_config": AUDIO_EVENTS}
TRIGGER = "end_of_utterance_silence_trigger"
BEYOND = 0.5
"""Seconds by which words may become final later than silence ends their utterance: it is told behind them."""


class Client(client.Client):
    """One connection, as a :class:`~aai_migrate.provider.ClientPeer`; it begins with ``RecognitionStarted``."""

    path, rows, members, beside = PATH, RT_OPTIONS, TRANSCRIPTION, BESIDE

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._turns = Turns()
        self._language: Any = None
        self._delay: float | None = None  # None: it is the caller's

    def _defaults(self, config: Config) -> dict[str, Any]:
        words: dict[str, Any] = {
            "enable_partials": True,
            "conversation_config": {TRIGGER: TURN_SILENCE},
        }
        if family(self._model) == MELIA:
            words["language"] = MULTI
            if config.languages:
                words["language_hints"] = [*dict.fromkeys(map(base, config.languages))]
        elif {*map(base, config.languages)} == {"es", "en"}:
            words["domain"] = BILINGUAL
        return words

    def _flaws(self, config: Config, extra: dict[str, Any]) -> Iterator[Flaw]:
        yield from super()._flaws(config, extra)
        silence = mapping(extra.get("conversation_config")).get(TRIGGER, config.turn_silence)
        marks = mapping(extra.get("punctuation_overrides")).get("permitted_marks")
        bare = config.formatting is False if marks is None else marks == []
        if bare and silence is not None and not silence:
            reason = "with turn_silence=0 a turn is a sentence, and without punctuation no sentence ends"
            option = "formatting" if marks is None else "extra.punctuation_overrides"
            fix = "leave formatting on, or give turn_silence"
            yield Flaw(f"{NAME}: formatting cannot be off: {reason}", fix, option=option)

    def _host(self, config: Config) -> str:
        nowhere = config.region is None or config.region not in HOSTS
        return PREVIEW if nowhere and family(self._model) == MELIA else super()._host(config)

    def _dialled(self, transcription: dict[str, Any], beside: dict[str, Any]) -> None:
        trigger = number(mapping(transcription.get("conversation_config")).get(TRIGGER))
        marks = mapping(transcription.get("punctuation_overrides"))
        formatted = marks.get("permitted_marks") != []
        if not trigger and not formatted:  # which was told to be left out
            transcription["punctuation_overrides"] = {name: marks[name] for name in marks if name != "permitted_marks"}
            formatted = True
        self._language = transcription["language"]
        if "max_delay" not in self._own:
            self._delay = transcription["max_delay"] = _delay(trigger)
        self._turns = Turns(self._config.audio.channels, sentences=not trigger, formatted=formatted)
        self._turns.asked = self._asked

    def _command(self, command: ask.Command) -> list[Out]:
        match command:
            case ask.Finalize(id=id_, channel=number_):
                return self._finalize(id_, number_)
            case ask.Configure():
                return self._configure(command)
        return super()._command(command)

    def _finalize(self, id_: str, channel: int | None) -> list[Out]:
        """Without a time: told to end where the audio does, the vendor was seen to leave out the words there."""
        self._turns.finalize(id_, channel, self._sent)
        if not self._labels:
            return [control("ForceEndOfUtterance")]
        labels = self._labels if channel is None else self._labels[channel : channel + 1]
        return [control("ForceEndOfUtterance", channel=label) for label in labels]

    def _configure(self, command: ask.Configure) -> list[Out]:
        """There is no answer to a change, so it counts as made."""
        try:
            encoded = self._changed(command)
        except ConfigError as error:
            return [say.Configured(command.id, False, str(error))]
        changes = encoded.native
        silence = command.options.get("turn_silence")
        if "conversation_config" in changes and silence is not None:
            if not silence and not self._turns.formatted:
                return [say.Configured(command.id, False, f"{NAME}: without punctuation no sentence ends a turn")]
            self._turns.sentences = not silence
            if self._delay is not None and self._delay != _delay(silence):
                self._delay = changes["max_delay"] = _delay(silence)
        if not changes:
            return [*encoded.warnings(), say.Configured(command.id)]
        update = control("SetRecognitionConfig", transcription_config={"language": self._language, **changes})
        return [*encoded.warnings(), update, say.Configured(command.id)]

    def _greet(self, message: Mapping[str, Any]) -> list[Out]:
        out = super()._greet(message)
        if out:  # once: languages that were found since are known
            self._turns.delimiters = self._delimiters
        return out

    def _message(self, message: dict[str, Any]) -> list[Out]:
        match message.get("message"):
            case "AddTranscript" | "AddPartialTranscript" as name:
                found = piece(message)
                if self._labels and found.channel is None and not found.tokens:
                    return []  # of servers before August 2025, which name the channel in the words alone
                take = self._turns.final if name == "AddTranscript" else self._turns.partial
                return [*take(found, self._number(found.channel))]
            case "EndOfUtterance":
                channel, forced = self._number(string(message.get("channel"))), message.get("forced") is True
                return [*self._turns.utterance_end(point(message), channel, forced=forced)]
            case "LanguageInfo":
                return self._found_language(message)
        return super()._message(message)

    def _found_language(self, message: Mapping[str, Any]) -> list[Out]:
        """A model that finds the language itself tells of each before its first word."""
        language, given = string(message.get("language")), message.get("word_delimiter")
        if language and isinstance(given, str):
            known = self._turns.delimiters
            self._turns.delimiters = evolve(known, languages={**known.languages, language: given})
        return []

    def _finish(self) -> list[say.Event]:
        return self._turns.finish()


def _delay(silence: float | None) -> float:
    """Return how late words may become final: later than what silence ends their utterance, or it ends without them."""
    return min(MOST_DELAY, max(MAX_DELAY, (silence or 0.0) + BEYOND))

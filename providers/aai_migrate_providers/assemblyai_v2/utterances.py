"""Events become transcripts: one utterance at a time, in partials that grow and one final.

Source: https://github.com/AssemblyAI/assemblyai-api-spec (asyncapi.yml, PartialTranscript and FinalTranscript)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import define, evolve, field

from aai_migrate.wire import events as say
from aai_migrate.wire.events import Word
from aai_migrate.wire.text import spread

from .messages import transcript_json

MARKS = '.,?!;:…¿¡"“”„«»()[]。、，？！'
"""Punctuation that stands beside a word; partials have none."""


@define
class _Utterance:
    """What of an open utterance is final, and whether anything of it was shown."""

    text: str = field(default="", repr=False)
    words: tuple[Word, ...] = field(default=(), repr=False)
    shown: bool = False


class Utterances:
    """The utterances of one client's session, in the order of their ends."""

    def __init__(self) -> None:
        self._open: dict[Any, _Utterance] = {}
        self._from = 0.0  # where the window of the next final begins

    def partial(self, event: say.Partial, received: float, created: float) -> dict[str, Any] | None:
        """Return a ``PartialTranscript``; None: there is nothing to be shown.

        What was shown and is taken back ends with a final without text: a client that is told nothing keeps it.
        Messages have no key, so of two utterances that are open only the older one shows.

        Args:
            received: seconds of audio that the client has sent.
            created: Unix seconds.
        """
        utterance = self._open.setdefault(event.turn, _Utterance())
        oldest = next(iter(self._open)) == event.turn
        said = _plain((*utterance.words, *_words(event)))
        if not (said or utterance.text):
            del self._open[event.turn]
        if not oldest:
            return None
        if not said:
            return self._taken_back(utterance, received, created)
        utterance.shown = True
        text = "".join((word.joiner if index else "") + word.text for index, word in enumerate(said))
        return transcript_json("PartialTranscript", text, said, (self._from, received), created)

    def final(self, event: say.Final) -> None:
        """Keep text that will not change until its utterance ends: a client counts each final as an utterance."""
        utterance = self._open.setdefault(event.turn, _Utterance())
        utterance.text += event.text
        utterance.words += _words(event)

    def ended(self, event: say.TurnEnded, received: float, created: float) -> dict[str, Any] | None:
        """Return the ``FinalTranscript`` of an utterance; None: it has no text, and none was shown."""
        utterance = self._open.pop(event.turn, None)
        if utterance is None:
            return None
        if not utterance.text.strip():
            return self._taken_back(utterance, received, created)
        window, self._from = (self._from, received), received
        message = transcript_json("FinalTranscript", utterance.text.strip(), utterance.words, window, created)
        return message | {"punctuated": event.formatted, "text_formatted": event.formatted}

    def _taken_back(self, utterance: _Utterance, received: float, created: float) -> dict[str, Any] | None:
        shown, utterance.shown = utterance.shown, False
        if not shown:
            return None
        window, self._from = (self._from, received), received
        return transcript_json("FinalTranscript", "", (), window, created) | {
            "punctuated": True,
            "text_formatted": True,
        }


def _words(event: say.Partial | say.Final) -> tuple[Word, ...]:
    return event.words or spread(event.text, event.start, event.end)


def _plain(said: Iterable[Word]) -> tuple[Word, ...]:
    """Return words in lower case without punctuation, as partials have them."""
    plain = (evolve(word, text=word.text.lower().strip(MARKS)) for word in said)
    return tuple(word for word in plain if word.text)

"""Transcripts become turns. The wire numbers none: their order on the socket is what tells them apart.

Source: https://github.com/AssemblyAI/assemblyai-api-spec (asyncapi.yml, PartialTranscript and FinalTranscript)
"""

from __future__ import annotations

from attrs import evolve

from aai_migrate.wire import events as say
from aai_migrate.wire.text import mean

from .messages import Transcript

NEAR = 0.25
"""Seconds of audio that the vendor may not have looked at yet when it ends an utterance because it was told to."""


class Turns:
    """The turns of one connection; at most one is open.

    Attributes:
        told_to: seconds of audio of which it was said what was heard, or that nothing was.
    """

    def __init__(self) -> None:
        self.told_to = 0.0
        self._number = 0
        self._open: Transcript | None = None  # as it was shown last
        self._asked: list[tuple[str, float]] = []

    @property
    def open(self) -> bool:
        """Whether something was shown that is not final."""
        return self._open is not None

    def finalize(self, id_: str, place: float) -> None:
        """Note a ``force_end_utterance`` after *place* seconds of audio."""
        self._asked.append((id_, place))

    def partial(self, heard: Transcript) -> list[say.Event]:
        """Take the open utterance as it is now; without a text it says that nothing was heard."""
        if not heard.spoken:
            if self._open is None:
                self._told(heard.until)
            return []
        self._open = heard
        return [
            say.Partial(
                turn=self._number,
                text=heard.text,
                words=heard.words,
                start=heard.start,
                end=heard.end,
                confidence=heard.confidence,
                raw=heard.raw,
            )
        ]

    def final(self, heard: Transcript) -> list[say.Event]:
        """Take the end of an utterance: it replaces everything that was shown of it."""
        shown, self._open = self._open, None
        asked = self._answered(heard)
        self._told(heard.end if heard.until is None else heard.until)
        if heard.spoken:
            out = self._ended(heard, "forced" if any(place > _begin(heard) for _, place in asked) else "vendor")
        else:
            out = [say.TurnEnded(turn=self._next(), raw=heard.raw)] if shown else []
        for id_, place in asked:  # what was asked before the turn began was asked in silence
            out.append(say.Finalized(id_, "vendor" if place > _begin(heard) else "settled"))
        return out

    def finish(self) -> list[say.Event]:
        """The session is over: what was shown is not left open, but it was not confirmed."""
        out: list[say.Event] = []
        if self._open:
            guessed = tuple(evolve(word, is_final=True) for word in self._open.words)
            out, self._open = self._ended(evolve(self._open, words=guessed), "stop", confirmed=False), None
        asked, self._asked = self._asked, []
        return [*out, *(say.Finalized(id_, "settled") for id_, _ in asked)]

    def _ended(self, heard: Transcript, reason: say.EndReason, *, confirmed: bool = True) -> list[say.Event]:
        turn = self._next()
        out: list[say.Event] = [
            say.Final(
                turn=turn,
                text=heard.text,
                words=heard.words,
                start=heard.start,
                end=heard.end,
                confidence=mean(heard.words) if heard.confidence is None else heard.confidence,
                confirmed=confirmed,
                raw=heard.raw,
            ),
            say.TurnEnded(turn=turn, at=heard.end, reason=reason, formatted=heard.formatted, raw=heard.raw),
        ]
        return out if heard.end is None else [*out, say.Settled(heard.end)]

    def _next(self) -> int:
        number, self._number = self._number, self._number + 1
        return number

    def _told(self, to: float | None) -> None:
        self.told_to = max(self.told_to, to or 0.0)

    def _answered(self, heard: Transcript) -> list[tuple[str, float]]:
        """Return what this end answers: an utterance that ended by itself was over before the audio asked about."""
        reach = None if heard.until is None else heard.until + NEAR
        done = [asked for asked in self._asked if reach is None or asked[1] <= reach]
        self._asked = [asked for asked in self._asked if asked not in done]
        return done


def _begin(heard: Transcript) -> float:
    return heard.words[0].start if heard.words else 0.0

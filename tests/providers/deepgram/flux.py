"""``/v2/listen`` (Flux) as its documentation describes it: bytes and text in, text out, nothing of our protocol code.

It decodes a quarter of a second at a time and says one thing about each; what came since then it has not heard yet.
"""

from __future__ import annotations

import json
from typing import Any

from attrs import define, field

from aai_migrate.audio.format import AudioFormat
from aai_migrate.testing.coded import Reader

from .habits import Habits, Json, Word, float32, rewritten, told, written

WINDOW = 0.25
"""Seconds of audio from one TurnInfo to the next."""


@define
class Query:
    """The parameters that matter here, and what Configure makes of them."""

    eot_threshold: float = 0.7
    eager_eot_threshold: float | None = None
    eot_timeout: float = 5.0
    keyterms: list[str] = field(factory=list)


@define
class Flux:
    """One connection to ``/v2/listen``.

    Attributes:
        heard: the audio that came.
        ended: the close frame that comes next, as code and reason.
    """

    audio: AudioFormat
    query: Query
    habits: Habits
    request_id: str
    heard: bytearray = field(factory=bytearray, repr=False)
    ended: tuple[int | None, str] | None = None
    deadline: float | None = None
    _reader: Reader = field(init=False)
    _read: int = 0  # bytes of ``heard`` that were decoded
    _number: int = 0  # of the next message
    _turn: int = 0
    _begun: float = 0.0  # where the turn's window begins
    _now: float = 0.0  # and ends: what the model has heard
    _count: int = 0  # words heard
    _behind: list[Word] = field(factory=list)  # heard, and not shown: the model is late, or the turn was split
    _words: list[Word] = field(factory=list)  # of the open turn
    _eager: bool = False
    _updates: int = 0

    def __attrs_post_init__(self) -> None:
        self._reader = Reader(self.audio)

    def greeting(self) -> list[str]:
        """Return what comes unprompted."""
        return [self._message("Connected")]

    def tick(self, now: float) -> list[str]:
        """Return nothing: pings, which it waits for, are the driver's."""
        return []

    def binary(self, data: bytes, now: float) -> list[str]:
        """Take audio, cut anywhere."""
        if self.ended:
            return []
        self.heard += data
        out: list[str] = []
        size = self.audio.size(WINDOW)
        while len(self.heard) >= self._read + size:
            out += self._decode(self._read + size)
        return out

    def text(self, text: str, now: float) -> list[str]:
        """Take a control message."""
        if self.ended:
            return []
        message = json.loads(text)
        match message.get("type"):
            case "CloseStream":
                return self._close()
            case "Configure":
                return self._configure(message)
            case "ForceEndTurn" if self.habits.forces:
                return self._force()
        self.ended = (None, "")
        return [self._message("Error", code="UNPARSABLE_CLIENT_MESSAGE", description="not a message of this stream")]

    def _message(self, kind: str, **members: Any) -> str:
        number, self._number = self._number, self._number + 1
        request = {} if kind == "Error" else {"request_id": self.request_id}
        return json.dumps({"type": kind, **request, "sequence_id": number, **members})

    def _configure(self, message: Json) -> list[str]:
        if not self.habits.configures:
            return []
        query, asked = self.query, message.get("thresholds") or {}
        threshold = asked.get("eot_threshold", query.eot_threshold)
        eager = asked.get("eager_eot_threshold", query.eager_eot_threshold)
        if eager is not None and eager > threshold:
            return [self._message("ConfigureFailure", code="INVALID_THRESHOLD", description="eager above eot")]
        query.eot_threshold, query.eager_eot_threshold = threshold, eager
        query.eot_timeout = asked.get("eot_timeout_ms", query.eot_timeout * 1000) / 1000
        if message.get("keyterms") is not None:
            query.keyterms = message["keyterms"]
        thresholds = {"eot_threshold": threshold, "eot_timeout_ms": round(query.eot_timeout * 1000)}
        if eager is not None:
            thresholds["eager_eot_threshold"] = eager
        return [self._message("ConfigureSuccess", thresholds=thresholds, keyterms=query.keyterms)]

    def _force(self) -> list[str]:
        if self._words:
            return [self._end("manual")]
        code = "FORCE_END_TURN_NO_ACTIVE_TURN"
        return [self._message("Warning", code=code, description="no open turn")]

    def _close(self) -> list[str]:
        """Decode what came, and say nothing more: the last Update is all there is of an open turn."""
        end = len(self.heard) // self.audio.frame * self.audio.frame
        out = self._decode(end) if end > self._read else []
        self._hear([(each.text, each.start, each.end) for each in self._reader.flush()])
        self._now = self.audio.seconds(self._read)
        if self._behind:
            out.append(self._show(self._behind))
        if self._words:
            out.append(self._info("Update", true=True))
        self.ended = (None, "")
        return out

    def _decode(self, end: int) -> list[str]:
        data, self._read = bytes(self.heard[self._read : end]), end
        self._hear([(each.text, each.start, each.end) for each in self._reader.feed(data)])
        since, at = self._reader.speaking_since, max(0.0, self._reader.read_to - self.habits.hard.late)
        self._now = max(self._now, at)
        return [self._said(min(at, at if since is None else since), at)]

    def _hear(self, heard: list[tuple[str, float, float]]) -> None:
        for text, start, end in heard:
            self._behind.append(told(self._count, text, start, end, self.habits.hard, self.request_id))
            self._count += 1

    def _said(self, quiet_to: float, at: float) -> str:
        """Return the one thing to say about a window: the model has heard up to *at*, nothing since *quiet_to*."""
        split = self.habits.hard.split_every
        if self._words and split and len(self._words) >= split:
            return self._end("model")
        quiet = min(quiet_to, self._behind[0].true_start if self._behind else quiet_to) - self._last
        if self._words and (trigger := self._over(quiet)):
            return self._end(trigger)
        due = [word for word in self._behind if word.true_end <= at]
        if due:
            return self._show(due[: split - len(self._words)] if split else due)
        eager = self._words and self.query.eager_eot_threshold is not None and not self._eager
        if eager and quiet >= self.habits.eager:
            self._eager = True
            return self._info("EagerEndOfTurn", true=True, ends=True)
        return self._info("Update")

    @property
    def _last(self) -> float:
        return self._words[-1].true_end if self._words else 0.0

    def _over(self, quiet: float) -> str:
        """Say what ends the turn after so much silence, or ""."""
        if quiet >= self.habits.silence and self.query.eot_threshold < 1.0:
            return "model"
        return "timeout" if quiet >= self.query.eot_timeout else ""

    def _show(self, words: list[Word]) -> str:
        """Let the turn go on with the next *words*, or begin with them."""
        event = "TurnResumed" if self._eager else "Update" if self._words else "StartOfTurn"
        self._eager = False
        self._words, self._behind = self._words + words, self._behind[len(words) :]
        return self._info(event)

    def _end(self, trigger: str) -> str:
        if self._behind:  # they belong to the next turn's window
            self._now = max(self._begun, min(self._now, self._behind[0].true_start))
        said = self._info("EndOfTurn", true=True, ends=True, trigger=trigger)
        self._turn, self._words, self._eager, self._begun = self._turn + 1, [], False, self._now
        return said

    def _info(self, event: str, *, true: bool = False, ends: bool = False, trigger: str = "") -> str:
        texts = [word.text for word in self._words]
        if texts and self.habits.hard.rewrite and not true:
            texts = rewritten(texts, self._updates)
        self._updates += 1
        shown = written(texts, begins=True, ends=ends)
        words = [self._word(text, word, n) for n, (text, word) in enumerate(zip(shown, self._words, strict=True))]
        return self._message(
            "TurnInfo",
            event=event,
            turn_index=self._turn,
            audio_window_start=float32(self._begun),
            audio_window_end=float32(self._now),
            transcript=" ".join(shown),
            words=words,
            end_of_turn_confidence=0.83 if ends else 0.02,
            **({"trigger": trigger} if trigger and self.habits.triggers else {}),
        )

    def _word(self, text: str, word: Word, number: int) -> Json:
        told = {"word": text, "confidence": 0.98}
        timed = self.habits.times == "all" or (self.habits.times == "some" and number % 2)
        return {**told, "start": float32(word.start), "end": float32(word.end)} if timed else told

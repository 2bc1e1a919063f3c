"""``/v1/listen`` as its documentation describes it: bytes and text in, text out, nothing of our protocol code.

A span is audio that one final covers; the spans of a channel tile the audio. What it hears does not depend on how the
audio is cut into frames: it listens in steps of a tenth of a second.
"""

from __future__ import annotations

import json
from collections import deque

from attrs import define, field

from aai_migrate.audio.channels import split
from aai_migrate.audio.format import AudioFormat
from aai_migrate.testing.coded import Reader

from .habits import Habits, Json, Word, float32, rewritten, told, written

IDLE = 10.0
"""Seconds without a frame, and without audio from the beginning, after which the service gives up."""
NET_0001 = (
    "Deepgram did not receive audio data or a text message within the timeout window. See https://dpgr.am/net0001"
)
QUIET = 3.0
"""Seconds of audio without speech that a final covers."""
NOISE = 0.5
"""Seconds of silence after which words become final where no endpoint is found."""
MODEL = "b7a1c0de-1111-4222-8333-abcdef012345"
INFO = {"name": "general-nova-3", "version": "2026-02-10.3", "arch": "nova-3"}


@define
class Query:
    """The parameters that matter here."""

    interims: bool = False
    punctuates: bool = False
    diarizes: bool = False
    endpointing: float | None = 0.01
    utterance_end: float | None = None
    vad: bool = False
    channels: int = 1


@define
class _Mark:
    """A decision: the next *count* words are final, their span ends at *cut*; said when audio came up to *due*."""

    due: float
    cut: float
    count: int
    speech: bool = False
    finalize: bool = False


class Ear:
    """One channel.

    What is decided follows the words at once (``spoken``, ``last``, ``decided``); what is said follows the marks.
    """

    def __init__(self, index: int, audio: AudioFormat, query: Query, habits: Habits, request_id: str) -> None:
        self.index, self.query, self.habits, self.request_id = index, query, habits, request_id
        self.reader = Reader(audio)
        self.words: list[Word] = []  # that no final had
        self.marks: deque[_Mark] = deque()
        self.marked = 0  # words that marks cover
        self.heard = self.spoken = self.interims = 0
        self.last = self.decided = 0.0
        self.begun = 0.0  # where the present span begins
        self.stepped = 0.0
        self.speaking = False
        self.begins = True  # a sentence
        self.final_end: float | None = None  # of the last final word
        self.closed: float | None = None  # what it was when speech_final closed
        self.ended: float | None = None  # what it was when UtteranceEnd was decided
        self.ends: deque[tuple[int, float]] = deque()  # UtteranceEnds that come later: after which step
        self.stale: float | None = None  # what the last UtteranceEnd said
        self.held: float | None = None  # what one that is stale will say
        self.steps = 0

    @property
    def quiet_to(self) -> float:
        """No word but those heard began before."""
        since = self.reader.speaking_since
        return self.reader.read_to if since is None else since

    def hear(self, data: bytes) -> list[Json]:
        """Listen to one step of audio."""
        out: list[Json] = []
        for each in self.reader.feed(data):
            out += self._word(each.text, each.start, each.end)
        now = self.reader.read_to
        out += self._vad()
        self._pause(self.quiet_to)
        self._segment(now)
        out += self._release(now)
        if now - self.stepped >= self.habits.step - 0.011:  # the reader holds back less than 10 ms
            self.stepped = now
            out += self._step(now)
        return out

    def finalize(self) -> list[Json]:
        """Settle what was heard."""
        habit = self.habits.finalize
        if habit == "silent" or (habit == "if buffered" and not self.words):
            return []
        out = self._release(float("inf"))
        if habit == "ordinary first":
            self._decide(self.quiet_to, len(self.words), speech=True)
        self._decide(self.quiet_to, len(self.words) - self.marked, speech=habit != "not speech_final", finalize=True)
        return out + self._release(float("inf"))

    def close(self, at: float) -> list[Json]:
        """Settle everything: the stream ended *at*."""
        out: list[Json] = []
        for each in self.reader.flush():
            out += self._word(each.text, each.start, each.end)
        out += self._release(float("inf"))
        if at > self.begun:
            self._decide(at, len(self.words), speech=self.habits.last == "speech_final")
        return out + self._release(float("inf"))

    # What is decided.

    def _word(self, text: str, start: float, end: float) -> list[Json]:
        out = self._vad(start)
        self._pause(start)
        self.words.append(told(self.heard, text, start, end, self.habits.hard, f"{self.request_id}/{self.index}"))
        self.heard, self.spoken, self.last = self.heard + 1, self.spoken + 1, end
        hard, tail, waiting = self.habits.hard, self.habits.tail, len(self.words) - self.marked
        if hard.split_every and self.spoken >= hard.split_every:
            self._decide(end, waiting, speech=True)
        elif hard.final_every and waiting >= hard.final_every + tail:
            self._cut(waiting - tail)
        return out

    def _pause(self, quiet_to: float) -> None:
        """Find an endpoint: no speech between the last word and *quiet_to*."""
        silence, waiting = self.query.endpointing, len(self.words) - self.marked
        if not self.spoken:
            return
        if silence is not None and self.habits.closing != "never":
            if quiet_to - self.last >= silence:
                self._decide(quiet_to, waiting, speech=True)
        elif waiting and quiet_to - self.last >= NOISE:
            self._decide(quiet_to, waiting)

    def _segment(self, now: float) -> None:
        """Let no span become too long."""
        waiting = len(self.words) - self.marked
        if not waiting and self.quiet_to - self.decided >= QUIET:
            self._decide(self.quiet_to, 0)
        elif waiting > self.habits.tail and now - self.decided >= self.habits.segment:
            self._cut(waiting - self.habits.tail)

    def _cut(self, count: int) -> None:
        """Make *count* more words final, in mid-speech."""
        words = self.words[self.marked :]
        after = words[count].true_start if count < len(words) else self.quiet_to
        self._decide(max(words[count - 1].true_end, min(words[count - 1].true_end + 0.02, after)), count)

    def _decide(self, cut: float, count: int, *, speech: bool = False, finalize: bool = False) -> None:
        due = self.reader.read_to + self.habits.hard.late
        self.marks.append(_Mark(due, max(cut, self.decided), count, speech, finalize))
        self.marked += count
        self.decided = max(cut, self.decided)
        if speech:
            self.spoken = 0

    # What is said.

    def _vad(self, start: float | None = None) -> list[Json]:
        start = self.reader.speaking_since if start is None else start
        if not self.query.vad or start is None or (self.speaking and not self.habits.repeats_speech):
            return []
        self.speaking = True
        return [{"type": "SpeechStarted", "channel": self._channel, "timestamp": float32(start)}]

    @property
    def _channel(self) -> list[int]:
        return [self.index, self.query.channels]

    def _release(self, now: float) -> list[Json]:
        out: list[Json] = []
        while self.marks and self.marks[0].due <= now:
            out += self._say(self.marks.popleft())
        return out

    def _say(self, mark: _Mark) -> list[Json]:
        words, self.words = self.words[: mark.count], self.words[mark.count :]
        self.marked -= mark.count
        begins, closing = self.begins, self.habits.closing
        if words:
            self.final_end, self.begins = min(words[-1].end, mark.cut), False
        if mark.speech:
            self.closed, self.speaking, self.begins = self.final_end, False, True
        out: list[Json] = []
        if mark.speech and not mark.finalize and words and closing == "empty":
            first = min(mark.cut, words[-1].true_end + 0.02)
            out.append(self._results(first, words, final=True, begins=begins, ends=True))
            self.begun, words = first, []
        out.append(
            self._results(
                mark.cut,
                words,
                final=mark.finalize or not (mark.speech and closing == "not final"),
                speech=mark.speech,
                finalize=mark.finalize,
                begins=begins,
                ends=mark.speech,
            )
        )
        self.begun = mark.cut
        if self.held is not None and words and not mark.speech:
            out.append(self._utterance_end(self.held))
            self.held = None
        return out

    def _step(self, now: float) -> list[Json]:
        """Restate the span, and see how long ago the last final word was."""
        if not self.query.interims:
            return []
        self.steps += 1
        out = [self._results(now, self.words, begins=self.begins)]
        self.interims += 1
        out += self._gap()
        while self.ends and self.ends[0][0] <= self.steps:
            out.append(self._utterance_end(self.ends.popleft()[1]))
        return out

    def _gap(self) -> list[Json]:
        end, long, habits = self.final_end, self.query.utterance_end, self.habits
        after = self.words[0].start if self.words else self.quiet_to
        if long is None or end is None or end == self.ended or after - end < long:
            return []
        before, self.ended = self.stale, end
        self.stale = end
        if end == self.closed:
            if habits.after_end == "stale":
                self.held = end
            at = {"time": end, "minus one": -1.0}.get(habits.after_end)
            return [] if at is None else [self._utterance_end(at)]
        if habits.utterance_end == "late":
            self.ends.append((self.steps + 1, end))
            return []
        again = [before] if habits.utterance_end == "stale" and before is not None else []
        again += [end] if habits.utterance_end == "twice" else []
        if habits.utterance_end == "twice":
            self.ends.append((self.steps + 2, end))
        return [self._utterance_end(at) for at in (end, *again)]

    def _utterance_end(self, at: float) -> Json:
        return {"type": "UtteranceEnd", "channel": self._channel, "last_word_end": -1 if at < 0 else float32(at)}

    def _results(
        self,
        to: float,
        words: list[Word],
        *,
        begins: bool,
        final: bool = False,
        speech: bool = False,
        finalize: bool = False,
        ends: bool = False,
    ) -> Json:
        return {
            "type": "Results",
            "channel_index": self._channel,
            "duration": float32(float32(to) - float32(self.begun)),
            "start": float32(self.begun),
            "is_final": final,
            "speech_final": speech,
            "channel": {"alternatives": [self._alternative(to, words, begins, ends, settled=final or speech)]},
            "metadata": {"request_id": self.request_id, "model_info": INFO, "model_uuid": MODEL},
            "from_finalize": finalize,
        }

    def _alternative(self, to: float, words: list[Word], begins: bool, ends: bool, *, settled: bool) -> Json:
        texts = [word.text for word in words]
        if texts and self.habits.hard.rewrite and not settled:
            texts = rewritten(texts, self.interims)
        shown = written(texts, begins=begins, ends=ends) if self.query.punctuates else texts
        spans = [(min(max(word.start, self.begun), to), min(max(word.end, self.begun), to)) for word in words]
        listed = [
            {
                "word": text,
                "start": float32(start),
                "end": float32(max(start, end)),
                "confidence": 0.99,
                **({"punctuated_word": written_} if self.query.punctuates else {}),
                **({"speaker": 0} if self.query.diarizes else {}),
            }
            for text, written_, (start, end) in zip(texts, shown, spans, strict=True)
        ]
        return {
            "transcript": " ".join(shown),
            "confidence": 0.99 if words else 0.0,
            "words": listed if self.habits.times == "all" else [],
            **({} if self.habits.languages is None else {"languages": self.habits.languages}),
        }


@define
class Listen:
    """One connection to ``/v1/listen``.

    Attributes:
        heard: the audio that came.
        ended: the close frame that comes next, as code and reason.
    """

    audio: AudioFormat
    query: Query
    habits: Habits
    request_id: str
    opened: float
    heard: bytearray = field(factory=bytearray, repr=False)
    ended: tuple[int | None, str] | None = None
    _ears: list[Ear] = field(init=False)
    _seen: float = field(init=False)
    _read: int = 0  # bytes of ``heard`` that the ears had

    def __attrs_post_init__(self) -> None:
        one = AudioFormat(self.audio.sample_rate, self.audio.encoding)
        apart = self.query.channels > 1
        self._ears = [
            Ear(n, one if apart else self.audio, self.query, self.habits, self.request_id)
            for n in range(self.query.channels)
        ]
        self._seen = self.opened

    @property
    def deadline(self) -> float | None:
        """When it gives up."""
        if self.ended:
            return None
        waits = not self.heard and self.habits.unprompted
        return (self.opened if waits else self._seen) + IDLE

    def greeting(self) -> list[str]:
        """Return nothing: it speaks when it has heard audio."""
        return []

    def tick(self, now: float) -> list[str]:
        """Give up on a client that is silent."""
        if self.deadline is not None and self.deadline <= now:
            self.ended = (1011, NET_0001)
        return []

    def binary(self, data: bytes, now: float) -> list[str]:
        """Take audio, cut anywhere; an empty frame ends the stream."""
        if self.ended:
            return []
        self._seen = now
        if not data:
            return self._close()
        self.heard += data
        out: list[Json] = []
        size = self.audio.size(0.1)
        while len(self.heard) >= (end := (self._read // size + 1) * size):
            out += self._hear(end)
        return _texts(out)

    def text(self, text: str, now: float) -> list[str]:
        """Take a control message."""
        if self.ended:
            return []
        self._seen = now
        message = _object(text)
        match message.get("type"):
            case "KeepAlive":
                return []
            case "Finalize":
                chosen = self._ears if message.get("channel") is None else [self._ears[message["channel"]]]
                return _texts([*self._rest(), *(said for ear in chosen for said in ear.finalize())])
            case "CloseStream":
                return self._close()
            case "Configure" if {"keyterms", "features", "processors"} & set(message):
                return _texts([self._configured(message)] if self.habits.configures else [])
        error = {"type": "Error", "variant": "SchemaError", "description": "not a known message", "message": text}
        return _texts([error])

    def _configured(self, message: Json) -> Json:
        terms = {"keyterms": message["keyterms"]} if "keyterms" in message else {}
        return {"type": "ConfigureSuccess", "request_id": self.request_id, **terms}

    def _hear(self, end: int) -> list[Json]:
        data, self._read = bytes(self.heard[self._read : end]), end
        parts = [data] if len(self._ears) == 1 else split(data, self.audio.width, self.audio.channels)
        return [said for ear, part in zip(self._ears, parts, strict=True) for said in ear.hear(part)]

    def _rest(self) -> list[Json]:
        """Listen to what came since the last step."""
        end = len(self.heard) // self.audio.frame * self.audio.frame
        return self._hear(end) if end > self._read else []

    def _close(self) -> list[str]:
        out = self._rest()
        at = self.audio.seconds(self._read)
        for ear in self._ears:
            out += ear.close(at)
        self.ended = (1000, "")
        said = {"models": [MODEL], "model_info": {MODEL: INFO}} if self.heard else {}
        metadata = {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self.request_id,
            "sha256": "9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de",
            "created": "2026-09-01T08:15:42.118Z",
            "duration": float32(at),
            "channels": len(self._ears) if self.heard else 0,
            **said,
        }
        return _texts([*out, metadata])


def _texts(said: list[Json]) -> list[str]:
    return [json.dumps(each) for each in said]


def _object(text: str) -> Json:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

"""AssemblyAI v2 as its documentation describes it, hearing coded speech: nothing of our protocol code.

Strict where a client could be wrong: a parameter, a value or a message that the page lacks closes the connection.
Audio and text in, text out. What it hears does not depend on how the audio is cut into frames: it listens in steps of
a tenth of a second.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from attrs import define, field, frozen

from aai_migrate.audio.format import AudioFormat, Encoding
from aai_migrate.testing.coded import Reader

from ..deepgram.habits import Json, Word, rewritten, told
from .habits import Habits

PATH = "/v2/realtime/ws"
ENCODINGS: dict[str, Encoding] = {"pcm_s16le": "pcm_s16le", "pcm_mulaw": "pcm_mulaw"}
FLAGS = ("disable_partial_transcripts", "enable_extra_session_information")
NAMES = {"sample_rate", "encoding", "word_boost", "token", *FLAGS}
BOOST = 2500
"""Characters of all boosted words."""
SILENCE = 700
"""Milliseconds without speech that end an utterance, until the client says another number."""
LONGEST = 2.0
"""Seconds of one chunk."""
FAST, SPELL, SPELLS = 1.1, 10.0, 7
"""Audio that comes faster than so many times real time in each of so many spells of so many seconds is too fast."""
EPOCH = datetime.datetime(2025, 3, 4, 11, 0)
"""The vendor's wall clock at time 0."""
REASONS = {
    4000: "Sample rate must be a positive integer",
    4001: "Not Authorized",
    4008: "Session Expired",
    4029: "Client sent audio too fast",
    4031: "Session idle for too long",
    4032: "Audio duration is too short",
    4033: "Audio duration is too long",
    4034: "Audio too small to transcode",
    4100: "Endpoint received invalid JSON",
    4101: "Endpoint received a message with an invalid schema",
    4104: "Could not parse word boost parameter",
}
DEPRECATED = "Model deprecated. See docs for new model information: https://www.assemblyai.com/docs"
INTEGER = frozenset("0123456789")


@frozen
class Refusal:
    """The answer to an upgrade that is not accepted."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {"content-type": "application/json"}


class WrongError(Exception):
    """What the client did wrong, as the code of the close."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@frozen
class Query:
    """The parameters that matter here."""

    audio: AudioFormat = field(factory=AudioFormat)
    boosted: tuple[str, ...] = ()
    partials: bool = True
    informs: bool = False


class Vendor:
    """Answers handshakes, over any number of connections.

    Attributes:
        queries: what each upgraded connection asked for, in order.
        connections: the same connections.
    """

    def __init__(self, habits: Habits | None = None) -> None:
        self.habits = habits or Habits()
        self.queries: list[dict[str, str]] = []
        self.connections: list[Realtime] = []
        self._tokens: set[str] = set()  # shown before, and good for one session

    def open(
        self, url: str, headers: Mapping[str, str], subprotocols: tuple[str, ...] = (), now: float = 0.0
    ) -> tuple[Realtime, dict[str, str]] | Refusal:
        """Return a connection to *url*, a target or a whole URL, with the headers of the answer; or its refusal."""
        target = urlsplit(url)
        if target.path != PATH:
            return Refusal(404, b'{"error":"Not found"}')
        if self.habits.retired == "status":
            return Refusal(410, b'{"error":"Deprecated endpoint"}')
        pairs = parse_qsl(target.query, keep_blank_values=True, strict_parsing=bool(target.query))
        asked = dict(pairs)
        session = str(uuid.UUID(int=len(self.connections) + 1, version=4))
        try:
            self._admit(asked.get("token"), {name.lower(): value for name, value in headers.items()})
            if len(asked) < len(pairs) or not set(asked) <= NAMES:
                raise WrongError(4101)
            found = Realtime(_query(asked), self.habits, session, now)
        except WrongError as wrong:
            if wrong.code == 4001 and self.habits.refuses == "with a status":
                return Refusal(401, b'{"error":"Not Authorized"}')
            found = Realtime(Query(), self.habits, session, now)
            found.wrong = wrong.code
        self.queries.append(asked)
        self.connections.append(found)
        return found, {}

    def _admit(self, token: str | None, headers: Mapping[str, str]) -> None:
        """Look for a key without a scheme word, or for a token that nobody has shown."""
        shown = headers.get("authorization", "") if token is None else token
        if not shown or " " in shown or shown in self._tokens:
            raise WrongError(4001)
        if token is not None:
            self._tokens.add(token)


def _query(asked: Mapping[str, str]) -> Query:
    rate, encoding = asked.get("sample_rate", ""), asked.get("encoding", "pcm_s16le")
    if not rate or not INTEGER.issuperset(rate) or int(rate) < 1:
        raise WrongError(4000)
    flags = [asked.get(name, "false").lower() for name in FLAGS]
    if encoding not in ENCODINGS or not {"true", "false"}.issuperset(flags):
        raise WrongError(4101)
    return Query(
        AudioFormat(int(rate), ENCODINGS[encoding]),
        _boosted(asked.get("word_boost", "[]")),
        partials=flags[0] == "false",
        informs=flags[1] == "true",
    )


def _boosted(text: str) -> tuple[str, ...]:
    try:
        found = json.loads(text)
    except ValueError:
        raise WrongError(4104) from None
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise WrongError(4104)
    if sum(map(len, found)) > BOOST:
        raise WrongError(4104)
    return tuple(found)


@define
class _End:
    """A decision: the next *count* words are an utterance; said when audio came up to *due*."""

    due: float
    count: int


@define
class _Pacing:
    """Notices audio that comes too fast for more than a minute."""

    begun: float
    came: float = 0.0  # seconds of audio in the present spell
    fast: int = 0  # spells in a row

    def take(self, seconds: float, now: float) -> bool:
        """Take note of audio that came; return whether it is too fast."""
        if now - self.begun >= SPELL:
            again = self.came > FAST * (now - self.begun)
            self.begun, self.came, self.fast = now, 0.0, self.fast + 1 if again else 0
        self.came += seconds
        return self.fast >= SPELLS


class _Ear:
    """Hears one connection and says what it hears, decided first (``ends``) and said when it is due.

    Attributes:
        threshold: seconds without speech that end an utterance.
    """

    def __init__(self, query: Query, habits: Habits, session_id: str) -> None:
        self.query, self.habits, self.session_id = query, habits, session_id
        self.threshold = SILENCE / 1000
        self.reader = Reader(query.audio)
        self.words: list[Word] = []  # that no final had
        self.count = 0  # words heard
        self.ends: deque[_End] = deque()
        self.covered = 0  # words that ends cover
        self.spoken = 0  # words since the last end was decided
        self.last = 0.0  # where the last word ended
        self.begun = 0.0  # where the present window begins
        self.stepped = 0.0
        self.partials = 0
        self.partial: Json | None = None  # the last one of the open utterance

    @property
    def quiet_to(self) -> float:
        """No word but those heard began before."""
        since = self.reader.speaking_since
        return self.reader.read_to if since is None else since

    def hear(self, data: bytes, created: str) -> list[Json]:
        """Listen to one step of audio."""
        for each in self.reader.feed(data):
            self._word(each.text, each.start, each.end)
        if self.spoken and self.quiet_to - self.last >= self.threshold:
            self._decide()
        now = self.reader.read_to
        out = self._release(now, created)
        if now - self.stepped >= self.habits.step - 0.011:  # the reader holds back less than 10 ms
            self.stepped = now
            out += self._step(created)
        return out

    def force(self, created: str) -> list[Json]:
        """End the open utterance."""
        if self.habits.force == "ignored":
            return []
        return self._end_now(self.habits.force == "empty", created)

    def close(self, created: str) -> list[Json]:
        """End everything, the word in progress too."""
        for each in self.reader.flush():
            self._word(each.text, each.start, each.end)
        return self._end_now(self.habits.last == "empty", created)

    def _end_now(self, empty: bool, created: str) -> list[Json]:
        out = self._release(float("inf"), created)
        if self.words or empty:
            self._decide()
        return out + self._release(float("inf"), created)

    def _word(self, text: str, start: float, end: float) -> None:
        hard = self.habits.hard
        self.words.append(told(self.count, text, start, end, hard, self.session_id))
        self.count, self.spoken, self.last = self.count + 1, self.spoken + 1, end
        if hard.split_every and self.spoken >= hard.split_every:
            self._decide()

    def _decide(self) -> None:
        """End the open utterance: it has the words that no other end covers."""
        self.ends.append(_End(self.reader.read_to + self.habits.hard.late, len(self.words) - self.covered))
        self.covered, self.spoken = len(self.words), 0

    def _release(self, now: float, created: str) -> list[Json]:
        out: list[Json] = []
        while self.ends and self.ends[0].due <= now:
            out += self._final(self.ends.popleft().count, created)
        return out

    def _final(self, count: int, created: str) -> list[Json]:
        words, self.words = self.words[:count], self.words[count:]
        self.covered -= count
        again = [self.partial] if self.partial and self.habits.repeats else []
        to = self.reader.read_to
        if self.habits.window == "words":
            to = min(self.quiet_to, *(word.true_start for word in self.words[:1]), to)
        listed = _paired(words) if self.habits.merges == "finals" else _listed(words)
        if listed:
            listed[0]["text"] = listed[0]["text"].capitalize()
            listed[-1]["text"] += "."
        said = self._transcript("FinalTranscript", to, listed, created, punctuated=True, text_formatted=True)
        self.partial, self.begun = None, max(to, self.begun)
        return [*again, said]

    def _step(self, created: str) -> list[Json]:
        other: list[Json] = [{"message_type": "SessionHeartbeat", "load": 0.5}] if self.habits.others else []
        words = self.words
        if not self.query.partials or not (words or self.habits.empties):
            return other
        if words and self.habits.hard.rewrite:
            texts = rewritten([word.text for word in words], self.partials)
            words = [Word(text, w.start, w.end, w.true_start, w.true_end) for text, w in zip(texts, words, strict=True)]
        self.partials += 1
        listed = _paired(words, "") if self.habits.merges == "partials" else _listed(words)
        said = self._transcript("PartialTranscript", self.reader.read_to, listed, created)
        self.partial = said if listed else None
        return [*other, said]

    def _transcript(self, kind: str, to: float, listed: list[Json], created: str, **more: Any) -> Json:
        return {
            "message_type": kind,
            "created": created,
            "audio_start": round(self.begun * 1000),
            "audio_end": round(max(to, self.begun) * 1000),
            "confidence": 0.97 if listed else 0.0,
            "text": " ".join(word["text"] for word in listed),
            "words": listed,
            **more,
        }


class Realtime:
    """One connection.

    Attributes:
        heard: the audio that came.
        short: how many chunks were shorter than the page allows.
        thresholds: each silence threshold that the client asked for, in ms.
        wrong: the code that closes it instead of a greeting; 0: none.
        ended: the close frame that comes next, as code and reason.
        over: whether it has said its last.
    """

    def __init__(self, query: Query, habits: Habits, session_id: str, opened: float) -> None:
        self.query, self.habits, self.session_id, self.opened = query, habits, session_id, opened
        self.heard = bytearray()
        self.short = self.wrong = 0
        self.thresholds: list[int] = []
        self.ended: tuple[int, str] | None = None
        self.over = False
        self._ear = _Ear(query, habits, session_id)
        self._read = 0  # bytes of ``heard`` that the ear had
        self._now = self._seen = opened  # and when audio came
        self._pacing = _Pacing(opened)
        self._greeted = False
        self._held: list[str] = []  # until it has greeted

    @property
    def deadline(self) -> float | None:
        """When :meth:`tick` has something to do."""
        if self.over or self.ended:
            return None
        if not self._greeted:
            return self.opened + self.habits.greeting
        return min(self._seen + self.habits.idle, self.opened + self.habits.lasts)

    def greeting(self) -> list[str]:
        """Return what comes with the upgrade."""
        if self.wrong:
            return self._fail(self.wrong)
        if self.habits.retired == "frame":
            self.ended = (self.habits.retired_code, "")
            return [json.dumps({"error": DEPRECATED})]
        return [] if self.habits.greeting else self._greet()

    def tick(self, now: float) -> list[str]:
        """Greet late, or give up on a client that is silent or stays too long."""
        due, self._now = self.deadline, max(now, self._now)
        if due is None or due > now:
            return []
        if not self._greeted:
            return self._greet()
        return self._fail(4008 if now >= self.opened + self.habits.lasts else 4031)

    def binary(self, data: bytes, now: float) -> list[str]:
        """Take samples, cut anywhere."""
        self._now = max(now, self._now)
        return self._guarded(lambda: self._audio(data))

    def text(self, text: str, now: float) -> list[str]:
        """Take a message."""
        self._now = max(now, self._now)
        return self._guarded(lambda: self._told(text))

    def _guarded(self, act: Callable[[], list[Json]]) -> list[str]:
        if self.over or self.ended:
            return []
        try:
            said = [json.dumps(each) for each in act()]
        except WrongError as wrong:
            return self._fail(wrong.code)
        if self._greeted:
            return said
        self._held += said
        return self._greet() if self.over else []

    def _fail(self, code: int) -> list[str]:
        self.ended, self.over = (code, REASONS[code]), True
        return [json.dumps({"error": REASONS[code]})] if self.habits.tells else []

    def _greet(self) -> list[str]:
        self._greeted = True
        expires = self._time(self.opened + self.habits.lasts)
        begins = {"message_type": "SessionBegins", "session_id": self.session_id, "expires_at": expires}
        held, self._held = self._held, []
        return [json.dumps(begins), *held]

    def _time(self, now: float) -> str:
        at = EPOCH + datetime.timedelta(seconds=now)
        if self.habits.begins == "microseconds":
            return at.isoformat(timespec="microseconds")
        return at.isoformat(timespec="seconds") + "Z" * (self.habits.begins == "zone")

    def _told(self, text: str) -> list[Json]:
        try:
            message = json.loads(text)
        except ValueError:
            raise WrongError(4100) from None
        if not isinstance(message, dict) or len(message) != 1:
            raise WrongError(4101)
        match message:
            case {"audio_data": str(data)}:
                return self._audio(_decoded(data))
            case {"force_end_utterance": True}:
                return [*self._rest(), *self._ear.force(self._time(self._now))]
            case {"terminate_session": True}:
                return self._terminate()
            case {"end_utterance_silence_threshold": number} if type(number) is int and 0 <= number <= 20_000:
                self.thresholds.append(number)
                self._ear.threshold = number / 1000
                return []
        raise WrongError(4101)

    def _audio(self, data: bytes) -> list[Json]:
        seconds = self.query.audio.seconds(len(data))
        if not data:
            raise WrongError(4034)
        if seconds > LONGEST or seconds < self.habits.shortest:
            raise WrongError(4033 if seconds > LONGEST else 4032)
        self.short += seconds < 0.1
        self._seen = self._now
        if self._pacing.take(seconds, self._now):
            raise WrongError(4029)
        self.heard += data
        out: list[Json] = []
        size = self.query.audio.size(0.1)
        while len(self.heard) >= (end := (self._read // size + 1) * size):
            out += self._hear(end)
        return out

    def _rest(self) -> list[Json]:
        """Listen to what came since the last step."""
        end = len(self.heard) // self.query.audio.frame * self.query.audio.frame
        return self._hear(end) if end > self._read else []

    def _hear(self, end: int) -> list[Json]:
        data, self._read = bytes(self.heard[self._read : end]), end
        return self._ear.hear(data, self._time(self._now))

    def _terminate(self) -> list[Json]:
        out = [*self._rest(), *self._ear.close(self._time(self._now))]
        if self.query.informs:
            seconds = self.query.audio.seconds(self._read)
            out.append({"message_type": "SessionInformation", "audio_duration_seconds": round(seconds, 2)})
        self.over = True
        self.ended = (1000, "") if self.habits.closes else None
        return [*out, {"message_type": "SessionTerminated"}]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise WrongError(4101) from None


def _listed(words: list[Word]) -> list[Json]:
    return [_entry(word.text, word.start, word.end) for word in words]


def _paired(words: list[Word], joiner: str = "-") -> list[Json]:
    """Return *words* with each second one joined to the one before it."""
    pairs = [words[at : at + 2] for at in range(0, len(words), 2)]
    return [_entry(joiner.join(word.text for word in pair), pair[0].start, pair[-1].end) for pair in pairs]


def _entry(text: str, start: float, end: float) -> Json:
    return {"text": text, "start": round(start * 1000), "end": round(max(start, end) * 1000), "confidence": 0.97}


__all__ = ["Habits", "Query", "Realtime", "Refusal", "Vendor", "WrongError"]

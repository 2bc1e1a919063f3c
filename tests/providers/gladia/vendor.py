"""The vendor as its documentation describes it, hearing coded speech: text in, text out, nothing of our protocol code.

What the documentation leaves open is a switch, so that a client is tried with every reading of it.
"""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any

from attrs import define, field

from aai_migrate.audio.format import AudioFormat
from aai_migrate.testing.coded import Reader

RATES = (8000, 16000, 32000, 44100, 48000)
BITS = {"pcm_s16le": 16, "pcm_s24le": 24, "pcm_s32le": 32}


@define(kw_only=True)
class Habits:
    """How the vendor reads its own documentation."""

    ack_end: str = "exclusive"  # or "inclusive"
    ack_count: str = "session"  # or "connection": its ranges begin anew with every connection
    acks: bool = True
    ack_after: int = 0  # chunks that come before an ack is sent
    loses_acks: int = 0  # every so many acks are never sent
    answers_empty: bool = True
    resumes: bool = True
    repeats: bool = False  # what was said last, and while the connection was down, is said again
    final_after: int = 0  # chunks that come before a final: its model runs while somebody speaks already
    transcript: bool = True  # of the whole session, at the end
    speech_before_final: bool = True
    refuses_chunk: int | None = None


@define
class Utterance:
    id: str
    words: list[tuple[str, float, float]] = field(factory=list)

    def written(self) -> dict[str, Any]:
        return {
            "text": "".join(f" {word}" for word, _, _ in self.words),
            "start": self.words[0][1],
            "end": self.words[-1][2],
            "confidence": 0.9,
            "channel": 0,
            "language": "en",
            "words": [
                {"word": f" {word}", "start": start, "end": end, "confidence": 0.9} for word, start, end in self.words
            ],
        }


class Session:
    """One live session: audio on one side, messages on the other, over any number of connections."""

    def __init__(self, name: str, body: dict[str, Any], habits: Habits) -> None:
        self.name, self.body, self.habits = name, body, habits
        bits = body.get("bit_depth", 16)
        encoding = {"wav/pcm": next(key for key, value in BITS.items() if value == bits or bits == 8)}.get(
            body.get("encoding", "wav/pcm"), "pcm_mulaw"
        )
        self.format = AudioFormat(body.get("sample_rate", 16000), encoding)  # type: ignore[arg-type]
        self.audio = bytearray()
        self.reader = Reader(self.format)
        self.ids = itertools.count()
        self.open: Utterance | None = None
        self.said: list[Utterance] = []
        self.chunks = self.base = 0
        self.late: list[str] = []
        self.recent: list[str] = []
        self.due: list[tuple[int, str]] = []  # finals, and after which chunk they come
        self.connected = self.stopped = self.over = self.speaking = False

    def wants(self, flag: str, default: bool) -> bool:
        return bool(self.body.get("messages_config", {}).get(flag, default))

    def connect(self) -> list[str]:
        """Go on. Finals that were due have been said meanwhile, to nobody."""
        self.connected, self.base = True, len(self.audio)
        missed, self.due = [text for _, text in self.due], []
        return [*self.recent, *missed] if self.habits.repeats else []

    def message(self, kind: str, **members: Any) -> str:
        envelope = {"session_id": self.name, "created_at": "2026-11-01T10:00:00.000Z", "type": kind}
        return json.dumps({**envelope, **members})

    def text(self, text: str) -> list[str]:
        message = json.loads(text)
        if message["type"] == "stop_recording":
            return self.stop()
        assert message["type"] == "audio_chunk", message
        return self.chunk(base64.b64decode(message["data"]["chunk"], validate=True))

    def chunk(self, data: bytes) -> list[str]:
        number, self.chunks = self.chunks, self.chunks + 1
        if self.stopped or number == self.habits.refuses_chunk or len(data) % self.format.frame:
            return [self.message("audio_chunk", acknowledged=False, error={"message": "not now"}, data=None)]
        start = len(self.audio)
        self.audio += data
        said = [*self.listen(data), *self.finals(self.chunks)]
        self.recent = [*self.recent, *said][-4:]
        return [*self.ack(start, start + len(data)), *said]

    def finals(self, chunks: int) -> list[str]:
        """Return the finals that come when *chunks* have come."""
        said = [text for due, text in self.due if due <= chunks]
        self.due = self.due[len(said) :]
        return said

    def ack(self, start: int, end: int) -> list[str]:
        habits = self.habits
        if not habits.acks or not self.wants("receive_acknowledgments", True):
            return []
        if start == end and not habits.answers_empty:
            return []
        if habits.loses_acks and self.chunks % habits.loses_acks == 0 and start != end:
            return []
        base = self.base if habits.ack_count == "connection" else 0
        last = end - 1 if habits.ack_end == "inclusive" else end
        rate = self.format.bytes_per_second
        data = {"byte_range": [start - base, last - base], "time_range": [start / rate, end / rate]}
        self.late.append(self.message("audio_chunk", acknowledged=True, error=None, data=data))
        if start == end:
            return [self.late.pop()]
        return [self.late.pop(0)] if len(self.late) > habits.ack_after else []

    def listen(self, data: bytes) -> list[str]:
        out: list[str] = []
        for heard in self.reader.feed(data):
            out += self.word(heard.text, heard.start, heard.end)
        since = self.reader.speaking_since
        quiet = self.reader.read_to if since is None else since
        if since is not None and not self.speaking:
            self.speaking = True
            out += self.speech("speech_start", since)
        if self.open and quiet - self.open.words[-1][2] >= self.body.get("endpointing", 0.05):
            out += self.close(paused=True)
        return out

    def word(self, word: str, start: float, end: float) -> list[str]:
        out: list[str] = []
        silence = self.body.get("endpointing", 0.05)
        if self.open and start - self.open.words[-1][2] >= silence:
            out += self.close(paused=True)
        if self.open and end - self.open.words[0][1] > self.body.get("maximum_duration_without_endpointing", 5):
            out += self.close(paused=False)
        if self.open is None:
            if not self.speaking:
                self.speaking = True
                out += self.speech("speech_start", start)
            self.open = Utterance(f"00_{next(self.ids):08d}")
        self.open.words.append((word, start, end))
        if self.wants("receive_partial_transcripts", False):
            out.append(self.transcript(self.open, final=False))
        return out

    def speech(self, kind: str, at: float) -> list[str]:
        if not self.wants("receive_speech_events", True):
            return []
        return [self.message(kind, data={"time": at, "channel": 0})]

    def transcript(self, said: Utterance, *, final: bool) -> str:
        return self.message("transcript", data={"id": said.id, "is_final": final, "utterance": said.written()})

    def close(self, *, paused: bool) -> list[str]:
        said, self.open = self.open, None
        assert said is not None
        self.said.append(said)
        self.due.append((self.chunks + self.habits.final_after, self.transcript(said, final=True)))
        final = self.finals(self.chunks)
        ended: list[str] = []
        if paused:
            self.speaking = False
            ended = self.speech("speech_end", said.words[-1][2] + 0.03)
        return [*ended, *final] if self.habits.speech_before_final else [*final, *ended]

    def stop(self) -> list[str]:
        if self.stopped:
            return []
        self.stopped = True
        left = {"recording_duration": self.format.seconds(len(self.audio)), "recording_left_to_process": 0.0}
        out = [self.message("stop_recording", acknowledged=True, error=None, data=left)]
        for heard in self.reader.flush():
            out += self.word(heard.text, heard.start, heard.end)
        out += self.close(paused=True) if self.open else []
        out += [text for _, text in self.due]
        self.over = True
        return [*out, *(self.whole() if self.wants("receive_post_processing_events", True) else [])]

    def whole(self) -> list[str]:
        if not self.habits.transcript:
            return []
        seconds = self.format.seconds(len(self.audio))
        metadata = {
            "audio_duration": seconds,
            "number_of_distinct_channels": 1,
            "billing_time": seconds,
            "transcription_time": seconds,
        }
        said = [each.written() for each in self.said]
        text = " ".join(each["text"].strip() for each in said)
        transcription = {"full_transcript": text, "languages": ["en"], "utterances": said}
        return [
            self.message("post_transcript", data=transcription),
            self.message("post_final_transcript", data={"metadata": metadata, "transcription": transcription}),
        ]


class Vendor:
    """All sessions: what a request and a websocket are answered with."""

    def __init__(self, habits: Habits | None = None, *, host: str = "wss://gladia.test") -> None:
        self.habits, self.host = habits or Habits(), host
        self.sessions: list[Session] = []
        self.bodies: list[dict[str, Any]] = []
        self.connects = 0

    def post(self, key: str | None, body: bytes) -> tuple[int, dict[str, Any]]:
        problem = {"timestamp": "2026-11-01T10:00:00.000Z", "path": "/v2/live", "request_id": "G-0123abcd"}
        if not key:
            return 401, {**problem, "statusCode": 401, "message": "no gladia key"}
        value = json.loads(body)
        self.bodies.append(value)
        if value.get("sample_rate", 16000) not in RATES:
            wrong = ["sample_rate must be one of the following values: 8000, 16000, 32000, 44100, 48000"]
            return 400, {**problem, "statusCode": 400, "message": "Invalid parameter(s)", "validation_errors": wrong}
        session = Session(f"session-{len(self.sessions)}", value, self.habits)
        self.sessions.append(session)
        url = f"{self.host}/v2/live?token={session.name}"
        return 201, {"id": session.name, "created_at": "2026-11-01T10:00:00.000Z", "url": url}

    def connect(self, token: str) -> Session | int:
        """Return the session of *token*, or the status of a refusal."""
        self.connects += 1
        session = next((each for each in self.sessions if each.name == token), None)
        if session is None:
            return 404
        if session.connected and not self.habits.resumes:
            return 403
        return session

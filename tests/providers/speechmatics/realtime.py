"""A session at ``/v2`` as its documentation describes it: bytes and text in, text out, nothing of our protocol code."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Literal

from attrs import define, field

from .checks import Asked, WrongError, changed, control, started
from .ear import Ear
from .habits import Habits, Json

IDLE = 3600.0
"""Seconds without audio after which the service gives up."""
PATIENCE = 5.0
"""Seconds that a client has for its close after ``EndOfTranscript``."""
CLOSES = {
    "not_authorised": (4001, "not_authorised"),
    "not_allowed": (4003, "not_allowed"),
    "invalid_model": (4004, "invalid_model"),
    "quota_exceeded": (4005, "quota_exceeded"),
    "timelimit_exceeded": (4006, "timelimit_exceeded"),
    "job_error": (4013, "job_error"),
    "idle_timeout": (1008, "policy_violation"),
    "session_timeout": (1008, "policy_violation"),
    "unknown_error": (1011, "internal_error"),
}
"""What follows an ``Error``, by its type; for the rest 1003."""
NEWS: list[Json] = [
    {"message": "SomethingNew", "detail": {"of": ["whatever"]}},
    {"message": "Info", "type": "something_new", "reason": "nothing to act on", "more": 1},
    {"message": "Warning", "type": "something_new", "reason": "nothing to act on"},
]
"""What no page names."""


@define
class _Stream:
    """What came on one channel, or on the only one."""

    ear: Ear
    heard: bytearray = field(factory=bytearray, repr=False)
    read: int = 0  # bytes of ``heard`` that the ear had
    frames: int = 0
    open: bool = True


@define
class Realtime:
    """One connection to ``/v2``.

    Attributes:
        message: the ``StartRecognition`` that was taken.
        heard: the audio that came, of all channels.
        hints: what the client said that it sent, as ``last_seq_no``.
        frames: how many frames of audio came.
        over: ``EndOfTranscript`` was sent.
        ended: the close frame that comes next, as code and reason.
    """

    habits: Habits
    session_id: str
    path_language: str
    opened: float
    message: Json = field(factory=dict, repr=False)
    heard: bytearray = field(factory=bytearray, repr=False)
    hints: list[int] = field(factory=list)
    frames: int = 0
    over: bool = False
    ended: tuple[int, str] | None = None
    _asked: Asked | None = None
    _state: Literal["new", "starting", "open", "draining"] = "new"
    _streams: dict[str, _Stream] = field(factory=dict)
    _later: list[tuple[float, Json]] = field(factory=list)  # acks and answers that are due some time
    _limited: bool = False
    _stalled: float | None = None
    _seen: float = 0.0
    _languages: int = 0
    _wants_speakers: bool = False

    def __attrs_post_init__(self) -> None:
        self._seen = self.opened

    @property
    def deadline(self) -> float | None:
        """When it says something by itself."""
        if self.ended:
            return None
        later = [due for due, _ in self._later]
        return min([*later, self._seen + (PATIENCE if self.over else IDLE)])

    def greeting(self) -> list[str]:
        """Return what comes at once: nothing, unless the key is refused here."""
        if self.habits.refuses == "message":
            return self._fail(WrongError("not_authorised", "Not Authorized"))
        return []

    def tick(self, now: float) -> list[str]:
        """Say what is due; give up on a client that is silent."""
        out: list[Json] = []
        while any(due <= now for due, _ in self._later):
            at = min(range(len(self._later)), key=lambda at: (self._later[at][0], at))
            out.append(self._later.pop(at)[1])
            out += self._began() if out[-1]["message"] == "RecognitionStarted" else []
        texts = self._tell(out, now)
        if self.over and self._seen + PATIENCE <= now:
            self.ended = (1000, "")
        elif not self.over and self._seen + IDLE <= now:
            texts += self._fail(WrongError("idle_timeout", "no audio for an hour"))
        return texts

    def binary(self, data: bytes, now: float) -> list[str]:
        """Take audio, cut anywhere."""
        if self.ended or self.over:
            return []
        if self._state in ("new", "starting") or (self._asked and self._asked.channels):
            return self._fail(WrongError("protocol_error", "audio is not expected here"))
        if self._limited:
            stream = self._streams[""]
            stream.frames, self.frames = stream.frames + 1, self.frames + 1
            self._acknowledge("", stream.frames, now)
            return []
        if self._state == "draining":
            return _texts([_said("Warning", type="add_audio_after_eos", reason="audio is ignored")])
        return self._tell(self._audio("", data, now), now)

    def text(self, text: str, now: float) -> list[str]:
        """Take a control message."""
        if self.ended or self.over:
            return []
        message = _object(text)
        try:
            if message is None or not isinstance(message.get("message"), str):
                raise WrongError("invalid_message", "a message is an object with a message member")
            return self._tell(self._control(message, now), now)
        except WrongError as wrong:
            return self._fail(wrong)

    def _control(self, message: Json, now: float) -> list[Json]:
        name = message["message"]
        if (name == "StartRecognition") != (self._state == "new"):
            raise WrongError("protocol_error", f"{name} is not expected here")
        if self._state == "new":
            return self._start(message, now)
        if self._limited:
            control(message)
            return []  # it was sent before the client could know
        if self._state != "open":
            raise WrongError("protocol_error", f"{name} is not expected here")
        assert self._asked
        if name == "SetRecognitionConfig":
            changed(self._asked, message)
            return []
        control(message)
        match name:
            case "ForceEndOfUtterance":
                return self._force(message)
            case "GetSpeakers":
                self._wants_speakers = message.get("final", False)
                return [] if self._wants_speakers else [self._speakers()]
            case "AddChannelAudio":
                return self._audio(self._channel(message), b64decode(message["data"], validate=True), now)
            case "EndOfChannel":
                self.hints.append(message["last_seq_no"])
                return self._close(self._channel(message), now)
        if self._asked.channels:
            raise WrongError("protocol_error", "channels end by EndOfChannel")
        self.hints.append(message["last_seq_no"])
        return self._close("", now)

    def _start(self, message: Json, now: float) -> list[Json]:
        asked = started(message, self.path_language)
        self._asked, self.message, self._state, self._seen = asked, message, "starting", now
        one, salt = asked.audio, self.session_id
        for name in asked.channels or ("",):
            self._streams[name] = _Stream(Ear(one, asked, self.habits, f"{salt}/{name}", name or None))
        out: list[Json] = []
        if self.habits.infos:
            usage = {"usage": 3, "quota": 50, "last_updated": "2026-09-01T07:12:44Z", "region": "eu"}
            out.append(_said("Info", type="concurrent_session_usage", reason="3 of 50 sessions in use", **usage))
        out += [_said("Warning", type="validation_warning", reason="an entry is too long")] * asked.dropped
        self._later.append((now + self.habits.starts_after, self._recognition_started(asked)))
        return out

    def _recognition_started(self, asked: Asked) -> Json:
        pack = {
            "adapted": False,
            "itn": True,
            "language_description": asked.language,
            "word_delimiter": asked.delimiter,
            "writing_direction": "left-to-right",
        }
        return _said(
            "RecognitionStarted",
            id=self.session_id,
            orchestrator_version="2026.02.11",
            **({"language_pack_info": pack} if self.habits.tells_pack else {}),
            **({"channel_ids": [*asked.channels]} if asked.channels else {}),
        )

    def _began(self) -> list[Json]:
        self._state = "open"
        quality = _said("Info", type="recognition_quality", reason="the broadcast model", quality="broadcast")
        return [*([quality] if self.habits.infos else []), *(NEWS if self.habits.unknown else [])]

    def _channel(self, message: Json) -> str:
        name: str = message["channel"]
        if name not in self._streams or not self._streams[name].open:
            raise WrongError("protocol_error", "no such channel is open")
        return name

    # Audio.

    def _audio(self, name: str, data: bytes, now: float) -> list[Json]:
        assert self._asked
        stream, self._seen = self._streams[name], now
        stream.frames, self.frames = stream.frames + 1, self.frames + 1
        self._acknowledge(name, stream.frames, now)
        stream.heard += data
        self.heard += data
        limit = self.habits.limit
        if limit is not None and self._asked.audio.seconds(len(stream.heard)) > limit:
            stream.heard = stream.heard[: self._asked.audio.size(limit)]
            return [*self._listen(stream), *self._limit(limit, now)]
        return self._listen(stream)

    def _acknowledge(self, name: str, number: int, now: float) -> None:
        if self.habits.ack_lag is None:
            return
        due = now + self.habits.ack_lag
        if self.habits.ack_stall and number >= self.habits.ack_stall[0]:
            self._stalled = self._stalled or now + self.habits.ack_stall[1]
            due = max(due, self._stalled)
        ack = _said("ChannelAudioAdded", channel=name, seq_no=number) if name else _said("AudioAdded", seq_no=number)
        self._later.append((due, ack))

    def _listen(self, stream: _Stream) -> list[Json]:
        assert self._asked
        out: list[Json] = []
        size = self._asked.audio.size(0.1)
        while len(stream.heard) >= (end := (stream.read // size + 1) * size):
            out += self._hear(stream, end)
        return out

    def _hear(self, stream: _Stream, end: int) -> list[Json]:
        data, stream.read = bytes(stream.heard[stream.read : end]), end
        out = stream.ear.hear(data)
        if self._asked and self._asked.melia and not self._languages and stream.ear.heard:
            self._languages += 1
            return [_said("LanguageInfo", language="en", word_delimiter=" ", writing_direction="left-to-right"), *out]
        return out

    def _rest(self, stream: _Stream) -> list[Json]:
        """Listen to what came since the last step."""
        assert self._asked
        end = len(stream.heard) // self._asked.audio.frame * self._asked.audio.frame
        return self._hear(stream, end) if end > stream.read else []

    def _force(self, message: Json) -> list[Json]:
        name = message.get("channel")
        if name is not None and name not in self._streams:
            raise WrongError("protocol_error", "no such channel is open")
        chosen = [*self._streams.values()] if name is None else [self._streams[name]]
        out: list[Json] = []
        for stream in chosen:
            out += [*self._rest(stream), *stream.ear.force(message.get("timestamp"))]
        return out

    # The end.

    def _limit(self, limit: float, now: float) -> list[Json]:
        self._limited = True
        warning = _said(
            "Warning", type="duration_limit_exceeded", reason="the utterance is too long", duration_limit=limit
        )
        left = [self._close(name, now, whole=False) for name, stream in self._streams.items() if stream.open]
        return [warning, *(said for each in left for said in each)]

    def _close(self, name: str, now: float, *, whole: bool = True) -> list[Json]:
        assert self._asked
        stream = self._streams[name]
        stream.open = False
        left = [*self._rest(stream), *stream.ear.close(self._asked.audio.seconds(stream.read), whole=whole)]
        if not any(each.open for each in self._streams.values()):
            self._state = "draining"
            left += [self._speakers()] if self._wants_speakers else []
            left.append(_said("EndOfTranscript"))
            acks = [ack for _, ack in sorted(self._later, key=lambda item: item[0])]
            self._later.clear()
            left = [*acks, *left]
        if not self.habits.rest:
            return left
        self._later += [(now + self.habits.rest, each) for each in left]
        return []

    def _speakers(self) -> Json:
        labels = {"S1": "b3BhcXVlLTE=", "S2": "b3BhcXVlLTI="} if self._asked and self._asked.speakers else {}
        return _said("SpeakersResult", speakers=[{"label": k, "speaker_identifiers": [v]} for k, v in labels.items()])

    # What is said.

    def _tell(self, out: list[Json], now: float) -> list[str]:
        if out and out[-1]["message"] == "EndOfTranscript":
            self.over, self._seen = True, now
        return _texts(out)

    def _fail(self, wrong: WrongError) -> list[str]:
        self.ended = CLOSES.get(wrong.type, (1003, "protocol_error"))
        self._later.clear()
        return _texts([_said("Error", type=wrong.type, reason=wrong.reason)])


def _said(message: str, **members: object) -> Json:
    return {"message": message, **members}


def _texts(said: list[Json]) -> list[str]:
    return [json.dumps(each, ensure_ascii=False) for each in said]


def _object(text: str) -> Json | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None

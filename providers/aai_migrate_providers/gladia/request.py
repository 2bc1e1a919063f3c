"""What a Gladia client asks for in the body of its POST, as neutral settings.

Source: https://docs.gladia.io/api-reference/v2/live/init (request body)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from aai_migrate.audio.format import AudioFormat, Encoding
from aai_migrate.config import Config
from aai_migrate.errors import BadRequest
from aai_migrate.options import decode

from .options import NAME, OPTIONS
from .schema import BODY, FLAGS

USUAL_LONGEST = 5.0
"""Seconds after which an utterance is cut in mid-speech, for a client that says nothing else."""
_PCM: dict[int, Encoding] = {8: "pcm_s16le", 16: "pcm_s16le", 24: "pcm_s24le", 32: "pcm_s32le"}
_LAWS: dict[str, Encoding] = {"wav/ulaw": "pcm_mulaw", "wav/alaw": "pcm_alaw"}
_VOCABULARY = ("custom_vocabulary", "custom_vocabulary_config")


class InvalidBody(Exception):
    """A body that is refused; ``errors`` is everything that is wrong with it."""

    def __init__(self, *errors: str) -> None:
        super().__init__(*errors)
        self.errors = errors


@frozen(kw_only=True)
class Request:
    """One session as its client wants it.

    Attributes:
        config: what it set, and nothing else.
        unsigned: whether its audio is 8-bit PCM, which is unsigned; in ``config`` it has 16 bits.
        longest: seconds after which an utterance is cut in mid-speech.
        partials, finals, speech, post, acks, lifecycle: which messages it wants.
    """

    config: Config
    unsigned: bool
    longest: float
    partials: bool
    finals: bool
    speech: bool
    post: bool
    acks: bool
    lifecycle: bool

    @property
    def frame(self) -> int:
        """Bytes of one sample of all channels, as the client sends it."""
        audio = self.config.audio
        return audio.channels if self.unsigned else audio.frame

    @property
    def bytes_per_second(self) -> int:
        """Bytes of a second of audio, as the client sends it."""
        return self.frame * self.config.audio.sample_rate


def read(given: Mapping[str, Any]) -> Request:
    """Read the JSON object that is the body.

    Members that are null count as absent, and nested ones that nobody knows are passed over.

    Raises:
        InvalidBody: a member has a wrong value, or there is no such member.
    """
    body = BODY.known(given)
    unknown = [name for name, value in given.items() if name not in BODY.members and value is not None]
    errors = [*BODY.wrong(body), *(f"property {name} should not exist" for name in unknown)]
    if errors:
        raise InvalidBody(*errors)
    flags = FLAGS | body.get("messages_config", {})
    channels = int(body.get("channels", 1))
    encoding, bits = body.get("encoding", "wav/pcm"), int(body.get("bit_depth", 16))
    extra = _extra(body)
    config = Config(
        model=body.get("model"),
        audio=AudioFormat(int(body.get("sample_rate", 16_000)), _LAWS.get(encoding) or _PCM[bits], channels),
        channels="separate" if channels > 1 else "mix",
        extra={NAME: extra} if extra else {},
        **_options(body),
    )
    return Request(
        config=config,
        unsigned=encoding == "wav/pcm" and bits == 8,
        longest=float(body.get("maximum_duration_without_endpointing", USUAL_LONGEST)),
        partials=flags["receive_partial_transcripts"],
        finals=flags["receive_final_transcripts"],
        speech=flags["receive_speech_events"],
        post=flags["receive_post_processing_events"],
        acks=flags["receive_acknowledgments"],
        lifecycle=flags["receive_lifecycle_events"],
    )


def needed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a body that its session needs: callbacks are nothing that this server makes."""
    return {name: value for name, value in BODY.known(given).items() if name not in ("callback", "callback_config")}


def _options(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the neutral options that the client set.

    Raises:
        InvalidBody: one of them is beyond the vendor's limits.
    """
    options: dict[str, Any] = {}
    errors = []
    for row in OPTIONS:
        try:
            value = decode(body, (row,), NAME).get(row.name)
        except BadRequest as error:
            errors.append(f"{error.code} {error.reason.partition(': ')[2]}")
            continue
        if value in (None, ()):
            continue
        if wrong := row.check(value):
            where = "realtime_processing.custom_vocabulary_config" if row.name == "keyterms" else row.native
            errors.append(f"{where} {wrong}")
        options[row.name] = value
    if errors:
        raise InvalidBody(*errors)
    return options


def _extra(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has no neutral name, as the vendor takes it."""
    found = {name: body.get(name, {}) for name in ("pre_processing", "realtime_processing", "post_processing")}
    realtime = found["realtime_processing"]
    said = () if _detailed(realtime) else _VOCABULARY
    found["realtime_processing"] = {name: value for name, value in realtime.items() if name not in said}
    found["language_config"] = _switching(body.get("language_config", {}))
    found["custom_metadata"] = body.get("custom_metadata")
    return {name: value for name, value in found.items() if value}


def _detailed(realtime: Mapping[str, Any]) -> bool:
    """Say whether a vocabulary has more to it than its terms."""
    config = realtime.get("custom_vocabulary_config", {})
    plain = all(isinstance(entry, str) for entry in config.get("vocabulary", ()))
    return bool(realtime.get("custom_vocabulary")) and not (plain and "default_intensity" not in config)


def _switching(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return whether the language may change, where that is not what our client half says of as many languages."""
    switching = config.get("code_switching", False)
    return {} if switching == (len(config.get("languages", ())) > 1) else {"code_switching": switching}

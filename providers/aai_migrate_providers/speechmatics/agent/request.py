"""What a client of Agent STT asks for, as neutral settings.

Source: https://docs.speechmatics.com/speech-to-text/agent-stt
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from aai_migrate.wire.schema import Table
from aai_migrate.wire.values import mapping

from .. import request
from ..errors import Fault
from ..options import AGENT, AGENT_MODEL, AGENT_OPTIONS, family
from ..request import Request
from ..schema import AGENT_TRANSCRIPTION, AUDIO, NOT_AGENT, TURN

START = Table(
    {
        "audio_format": AUDIO,
        "transcription_config": Table(AGENT_TRANSCRIPTION, ("language",)),
        "turn_config": TURN,
    },
    ("transcription_config",),
)
"""``StartRecognition`` of this path."""
_REFUSED = ("translation_config", "audio_events_config")
_CHANNELS = ("channel", "channel_and_speaker")


@frozen(kw_only=True)
class AgentRequest(Request):
    """One session of this path.

    Attributes:
        partials: whether it wants what may change; where a client does not say, it does.
        sentences: whether a segment ends with a sentence.
        external: whether it ends turns itself; else what is heard does.
    """

    partials: bool = True
    sentences: bool = False
    external: bool = False


def read(message: Mapping[str, Any], path_language: str | None) -> AgentRequest:
    """Read ``StartRecognition``; members that nobody knows are passed over.

    Raises:
        Fault: a value is wrong, or the path does not have it.
    """
    given = mapping(message.get("transcription_config"))
    refused = [name for name in _REFUSED if message.get(name) is not None]
    refused += [f"transcription_config.{name}" for name in sorted(NOT_AGENT) if given.get(name) is not None]
    if refused:
        raise Fault("invalid_config", f"{refused[0]} is not taken by Agent STT")
    known = request.checked(message, START)
    model = known["transcription_config"].setdefault("model", given.get("operating_point") or AGENT_MODEL)
    if family(model) != AGENT:
        raise Fault("invalid_model", f"model {model[:40]!r} is not served here; ask for {AGENT_MODEL}")
    if given.get("diarization") in _CHANNELS:
        raise Fault("invalid_config", "transcription_config.diarization: channels are not kept apart by Agent STT")
    common = request.read(known, path_language, AGENT_OPTIONS)
    partials = common.given.get("enable_partials", True)
    return AgentRequest(
        config=common.config,
        audio=common.audio,
        language=common.language,
        given=common.given,
        warnings=common.warnings,
        speakers=common.speakers,
        enrolled=common.enrolled,
        report=common.report,
        partials=partials,
        sentences=common.given.get("emit_sentences") is True,
        external=mapping(known.get("turn_config")).get("turn_detection_mode") == "external",
    )

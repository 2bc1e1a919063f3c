"""What a client of ``/v2`` asks for, as neutral settings: at the beginning, and in mid-session.

Source: https://docs.speechmatics.com/api-ref/realtime-transcription-websocket (StartRecognition,
SetRecognitionConfig)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from aai_migrate.audio.format import MAX_CHANNELS
from aai_migrate.options import decode
from aai_migrate.wire.schema import Table
from aai_migrate.wire.values import mapping, number

from .. import request
from ..errors import Fault
from ..options import MOST_DELAY, NAME, RT_OPTIONS
from ..request import Request
from ..schema import HOT, START, TRANSCRIPTION

TRIGGER = "end_of_utterance_silence_trigger"
_CHANNELS = ("channel", "channel_and_speaker")
_DEFAULTS: dict[str, Any] = {
    "enable_partials": False,
    "max_delay": MOST_DELAY,
    "max_delay_mode": "flexible",
    "conversation_config": {TRIGGER: 0},
    "diarization": "none",
    "additional_vocab": [],
    "punctuation_overrides": {},
    "speaker_diarization_config": {},
    "transcript_filtering_config": {},
    "audio_filtering_config": {},
}
"""What members mean that are not there."""


@frozen(kw_only=True)
class RtRequest(Request):
    """One session of this path.

    Attributes:
        partials: whether it wants what may change.
        utterances: whether it wants to know when somebody stops speaking.
        labels: of channels that are kept apart.
    """

    partials: bool = False
    utterances: bool = False
    labels: tuple[str, ...] = ()


def read(message: Mapping[str, Any], path_language: str | None) -> RtRequest:
    """Read ``StartRecognition``; members that nobody knows are passed over.

    Raises:
        Fault: a value is wrong, or several do not go together.
    """
    message, warnings = _untranslated(message)
    known = request.checked(message, START)
    common = request.read(known, path_language, RT_OPTIONS)
    given = common.given
    labels = _labels(given)
    partials = given.get("enable_partials", False)
    config = common.config
    audio = common.audio
    if labels:
        config = evolve(config, audio=evolve(config.audio, channels=len(labels)), channels="separate")
        audio = audio and config.audio
    return RtRequest(
        config=config,
        audio=audio,
        language=common.language,
        given=given,
        warnings=(*common.warnings, *warnings),
        speakers=common.speakers,
        enrolled=common.enrolled,
        report=common.report,
        partials=partials,
        utterances=_trigger(given) > 0,
        labels=labels,
    )


@frozen
class Change:
    """What a client changes in mid-session: ``options`` are the neutral ones of it."""

    request: RtRequest
    options: Mapping[str, Any]


def change(known: RtRequest, message: Mapping[str, Any]) -> Change:
    """Return what ``SetRecognitionConfig`` makes of a session: some clients say everything again.

    Raises:
        Fault: a value is wrong, or one changes that has to stay.
    """
    table = Table({"transcription_config": Table(TRANSCRIPTION)}, ("transcription_config",))
    wanted = request.checked(message, table)["transcription_config"]
    before = _DEFAULTS | _one_model(known.given)
    changed = {name: value for name, value in _one_model(wanted).items() if value != before.get(name)}
    if frozen_ := [name for name in changed if name not in HOT]:
        raise Fault("invalid_config", f"transcription_config.{frozen_[0]} cannot change in mid-session")
    given = {**known.given, **changed}
    options = decode(changed, [row for row in RT_OPTIONS if row.hot], NAME)
    options.pop("partials", None)  # they come whatever the client wants
    if not options.get("turn_silence"):
        options.pop("turn_silence", None)
    partials = given.get("enable_partials", False)
    return Change(evolve(known, given=given, partials=partials, utterances=_trigger(given) > 0), options)


def _one_model(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return *given* with the older name of the model as the newer one."""
    found = {name: value for name, value in given.items() if name != "operating_point"}
    model = given.get("model") or given.get("operating_point")
    return found | ({"model": model} if model else {})


def _trigger(given: Mapping[str, Any]) -> float:
    return number(mapping(given.get("conversation_config")).get(TRIGGER)) or 0.0


def _labels(given: Mapping[str, Any]) -> tuple[str, ...]:
    if given.get("diarization") not in _CHANNELS:
        return ()
    labels = tuple(given.get("channel_diarization_labels", ()))
    if not 1 <= len(labels) <= MAX_CHANNELS:
        raise Fault("invalid_config", f"channel_diarization_labels must name 1 to {MAX_CHANNELS} channels")
    return labels


def _untranslated(message: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return *message* without the wish for a translation, which this gateway does not make, and what is said of it."""
    given = mapping(message.get("translation_config"))
    rest = {name: value for name, value in message.items() if name != "translation_config"}
    if "translation_config" not in message or message["translation_config"] is None:
        return rest, []
    if given.get("target_languages") == []:
        return rest, [("empty_translation_target_list", "translation_config names no language: nothing is translated")]
    request.checked({"translation_config": message["translation_config"]}, _TRANSLATION)
    return rest, [("unsupported_translation_pair", "this gateway does not translate: there will be no translations")]


_TRANSLATION = Table({"translation_config": START.members["translation_config"]})

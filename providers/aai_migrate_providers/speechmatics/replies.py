"""What a client hears on either path, as messages.

Source: https://docs.speechmatics.com/api-ref/realtime-transcription-websocket
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from aai_migrate.wire.frames import Message
from aai_migrate.wire.values import dumps

from .errors import Fault
from .options import delimiter

VERSION = "2026.02.11"
"""What the orchestrator calls itself: clients log it."""
BROADCAST = 12_000
"""Hz from which on the vendor hears with its model for broadcasts."""
_RIGHT_TO_LEFT = frozenset({"ar", "ar_en", "fa", "he", "ug", "ur"})


def message(name: str, **members: Any) -> Message:
    """Write a message; members that are None are left out."""
    return Message(dumps({"message": name} | {key: value for key, value in members.items() if value is not None}))


def started(id_: str, language: str, channels: Sequence[str]) -> Message:
    """Return the greeting; *channels* are the labels of those that are kept apart.

    ``language_pack_info`` has these five members and no more, since one client refuses any other.
    """
    pack = {
        "adapted": False,
        "itn": True,
        "language_description": language,
        "word_delimiter": delimiter(language),
        "writing_direction": "right-to-left" if language in _RIGHT_TO_LEFT else "left-to-right",
    }
    labels = [*channels] or None  # the reference and the guide disagree on the name
    return message(
        "RecognitionStarted",
        id=id_,
        orchestrator_version=VERSION,
        language_pack_info=pack,
        channel_ids=labels,
        channels=labels,
    )


def quality(sample_rate: int) -> Message:
    """Return what clients are told of the model that audio of *sample_rate* Hz is heard with."""
    name = "broadcast" if sample_rate >= BROADCAST else "telephony"
    return message(
        "Info", type="recognition_quality", reason=f"Running recognition with the {name} model.", quality=name
    )


def added(count: int, channel: str | None = None) -> Message:
    """Return the acknowledgement of the *count*-th message of audio, of *channel* where they are kept apart."""
    return message("AudioAdded" if channel is None else "ChannelAudioAdded", channel=channel, seq_no=count)


def warning(type_: str, reason: str) -> Message:
    """Return what a client should know; the session goes on."""
    return message("Warning", type=type_, reason=reason)


def error(fault: Fault) -> Message:
    """Return the last but one thing that a client hears; a close follows."""
    return message("Error", type=fault.type, reason=fault.reason)


def speakers(labels: Iterable[str]) -> Message:
    """Return who was heard; voices cannot be told apart again in another session, so they have no identifiers."""
    return message("SpeakersResult", speakers=[{"label": label, "speaker_identifiers": []} for label in labels])


def end() -> Message:
    """Return the last message."""
    return message("EndOfTranscript")

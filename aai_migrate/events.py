"""What an application sees: frozen events on one audio clock, in float seconds.

Grammar: :class:`Begin` first, exactly one :class:`Termination` last. A repr shows counts, never text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from .wire.events import SpeechStarted, Word, _length

__all__ = [
    "AudioGap",
    "Begin",
    "Notice",
    "ProviderChanged",
    "Reconnected",
    "Reconnecting",
    "SpeechStarted",
    "StreamEvent",
    "Termination",
    "Turn",
    "TurnRevised",
    "VendorMessage",
    "Word",
]


@frozen(kw_only=True)
class Begin:
    """The vendor is ready.

    Attributes:
        model: what it serves.
        settings: the native words that were sent.
        conversions: what is done to the audio on its way, in words, such as ``"stereo -> mono"``.
    """

    provider: str
    session_id: str | None = None
    model: str | None = None
    expires_at: float | None = None
    settings: Mapping[str, Any] = field(factory=dict, hash=False)
    conversions: tuple[str, ...] = ()


@frozen(kw_only=True)
class Turn:
    """The whole state of one turn; (``channel``, ``turn_order``) is its key.

    Attributes:
        turn_order: from 0, one more with each ended turn of the channel.
        transcript: the whole turn so far.
        end_of_turn: true exactly once for a key; nothing but :class:`TurnRevised` follows.
        words: all words so far, times in seconds of session audio.
        stable_length: how many leading characters of ``transcript`` will not change.
        turn_is_formatted: whether the vendor says that it has cased and punctuated the text.
        confirmed: False where audio was lost and the vendor never settled what it had shown.
        received_at: when it came, in seconds on the driver's monotonic clock.
        raw: the vendor's message.
    """

    turn_order: int
    transcript: str = field(repr=_length)
    end_of_turn: bool
    words: tuple[Word, ...] = field(default=(), repr=_length)
    start: float | None = None
    end: float | None = None
    channel: int = 0
    language: str | None = None
    speaker: str | None = None
    confidence: float | None = None
    end_of_turn_confidence: float | None = None
    turn_is_formatted: bool = False
    stable_length: int = 0
    eager: bool = False
    confirmed: bool = True
    provider: str = ""
    received_at: float = 0.0
    raw: Any = field(default=None, repr=False, eq=False)


@frozen(kw_only=True)
class TurnRevised:
    """Formatting, times or speakers of a turn that has ended: its whole new state."""

    turn_order: int
    transcript: str = field(repr=_length)
    words: tuple[Word, ...] = field(default=(), repr=_length)
    channel: int = 0
    speaker: str | None = None
    turn_is_formatted: bool = False
    raw: Any = field(default=None, repr=False, eq=False)


@frozen
class Reconnecting:
    """The connection was lost; the next attempt begins in ``delay`` seconds."""

    attempt: int
    delay: float
    cause: str


@frozen(kw_only=True)
class Reconnected:
    """A new connection took over at ``seam`` seconds of audio.

    Attributes:
        seam: from where audio is sent again.
        settled: before this no word can be missing.
        resumed: whether the vendor's own session went on.
        replayed: seconds of audio that the old connection had been sent already.
        lag: seconds of audio that wait to be sent.
    """

    seam: float
    settled: float
    resumed: bool
    replayed: float
    lag: float


@frozen
class AudioGap:
    """Audio from ``start`` to ``end`` is lost: it was neither settled nor held."""

    start: float
    end: float


@frozen
class ProviderChanged:
    """Another provider goes on from ``at`` seconds of audio."""

    old: str
    new: str
    at: float
    reason: str


@frozen
class Notice:
    """Something to know; the stream goes on."""

    code: str
    message: str


@frozen
class VendorMessage:
    """A message of the vendor's that no other event tells of, such as a translation; only where it was asked for.

    Its times are those of the connection that it came on.
    """

    provider: str
    message: Any = field(repr=False)


@frozen(kw_only=True)
class Termination:
    """The last event.

    Attributes:
        complete: everything that was fed was heard and settled.
        reason: why it ended.
        audio_seconds: seconds of audio that the application fed, lost ones included.
        unconfirmed_seconds: seconds of audio that nobody settled.
        session_seconds: the vendor's count of the session's length where it gives one.
    """

    complete: bool
    reason: str
    audio_seconds: float = 0.0
    unconfirmed_seconds: float = 0.0
    session_seconds: float | None = None


StreamEvent = (
    Begin
    | SpeechStarted
    | Turn
    | TurnRevised
    | Reconnecting
    | Reconnected
    | AudioGap
    | ProviderChanged
    | Notice
    | VendorMessage
    | Termination
)

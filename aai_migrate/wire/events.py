"""What a vendor answers, in neutral words. Times are float seconds.

A peer speaks of its own connection's audio; :class:`~aai_migrate.session.Session` hands the same types on
with the whole session's clock and turn keys. Grammar: a ``Partial`` replaces the open tail of its turn, a
``Final`` appends and empties the tail, texts are concatenated as they are, ``TurnEnded`` closes the turn
and commits no tail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any, Literal

from attrs import field, frozen

from ..errors import ProviderError

EndReason = Literal["vendor", "forced", "grouped", "timeout", "stop", "seam"]


def _length(text: Sized | None) -> str:
    return "None" if text is None else f"<{len(text)}>"


@frozen
class Word:
    """One word: ``joiner`` is what stands before it in the text, ``" "`` or ``""``."""

    text: str = field(repr=_length)
    start: float
    end: float
    confidence: float | None = None
    is_final: bool = True
    speaker: str | None = None
    language: str | None = None
    joiner: str = " "


@frozen
class Started:
    """The vendor is ready for audio; ``settings`` are native words that were sent, without secrets.

    ``conversions`` is set by the session: what it does to the caller's audio, in words.
    """

    session_id: str | None = None
    model: str | None = None
    expires_at: float | None = None
    word_delimiter: str = " "
    settings: Mapping[str, Any] = field(factory=dict, hash=False)
    conversions: tuple[str, ...] = ()


@frozen
class SpeechStarted:
    """Somebody began to speak."""

    at: float
    channel: int = 0


@frozen(kw_only=True)
class Partial:
    """The open tail of a turn: may change, but for its first ``stable`` characters.

    ``eager`` marks a guess at the turn's end that may be taken back.
    """

    turn: Any
    text: str = field(repr=_length)
    words: tuple[Word, ...] = field(default=(), repr=_length)
    channel: int = 0
    start: float | None = None
    end: float | None = None
    language: str | None = None
    speaker: str | None = None
    confidence: float | None = None
    stable: int = 0
    eager: bool = False
    raw: Any = field(default=None, repr=False, eq=False)


@frozen(kw_only=True)
class Final:
    """Text that is appended to its turn and will not change."""

    turn: Any
    text: str = field(repr=_length)
    words: tuple[Word, ...] = field(default=(), repr=_length)
    channel: int = 0
    start: float | None = None
    end: float | None = None
    language: str | None = None
    speaker: str | None = None
    confidence: float | None = None
    confirmed: bool = True
    """False: a tail delivered as last seen, because its audio could not be heard again."""
    shown: bool = field(default=True, repr=False, eq=False)
    """False: set by the session where open turns are not asked for; the turn is shown when it ends."""
    raw: Any = field(default=None, repr=False, eq=False)


@frozen(kw_only=True)
class TurnEnded:
    """The turn is over; without Finals before it there was no turn."""

    turn: Any
    channel: int = 0
    at: float | None = None
    reason: EndReason = "vendor"
    confidence: float | None = None
    formatted: bool = False
    raw: Any = field(default=None, repr=False, eq=False)


@frozen
class Settled:
    """No further word can come for audio before ``to``."""

    to: float
    channel: int = 0


@frozen
class AudioTaken:
    """The vendor has the audio before ``to`` of this connection; whether it has transcribed it is another matter."""

    to: float


@frozen
class Finalized:
    """The ``Finalize`` with this ``id`` is done: by the vendor's word, because all is settled, or given up."""

    id: str
    by: Literal["vendor", "settled", "timeout"] = "vendor"


@frozen
class Configured:
    """The ``Configure`` with this ``id`` was taken or refused."""

    id: str
    accepted: bool = True
    reason: str = ""


@frozen(kw_only=True)
class Revised:
    """The whole new state of a turn that has ended: formatting, times or speakers."""

    turn: Any
    text: str | None = field(default=None, repr=_length)
    words: tuple[Word, ...] = field(default=(), repr=_length)
    channel: int = 0
    speaker: str | None = None
    formatted: bool | None = None
    raw: Any = field(default=None, repr=False, eq=False)


@frozen
class Warned:
    """Something the user should know; the session goes on.

    ``option`` is the setting that it goes on without: a neutral one, ``extra.WORD``, or ``extra`` for all of these; "":
    none. Two remarks of the same text are the same.
    """

    code: str
    message: str
    option: str = field(default="", eq=False)


@frozen
class Unmapped:
    """A message that has no neutral words, as it came."""

    raw: Any = field(repr=False)


@frozen
class Stopped:
    """The end that was asked for: nothing more comes.

    ``unconfirmed`` is seconds of audio that nobody settled.
    """

    reason: str = "stopped"
    audio_seconds: float | None = None
    session_seconds: float | None = None
    unconfirmed: float = 0.0


@frozen
class Failed:
    """The end that was not asked for. From a session it is the last event, after all retries."""

    error: ProviderError
    audio_seconds: float | None = None
    unconfirmed: float = 0.0


Event = (
    Started
    | SpeechStarted
    | Partial
    | Final
    | TurnEnded
    | Settled
    | AudioTaken
    | Finalized
    | Configured
    | Revised
    | Warned
    | Unmapped
    | Stopped
    | Failed
)

"""One Turn event stream in front of many streaming speech-to-text services."""

from importlib import import_module as _import
from typing import TYPE_CHECKING as _TYPE_CHECKING

from . import audio
from .audio.format import AudioFormat
from .config import Config
from .configfile import ConfigFile, load
from .credentials import Secret, Token
from .drivers.aio_stream import AsyncStream, aconnect
from .drivers.sync import Stream, connect
from .drivers.tokens import acreate_token, create_token
from .errors import (
    AaiMigrateError,
    AudioError,
    AudioOverflow,
    AudioRateMismatch,
    AuthenticationError,
    BadRequest,
    ConfigError,
    ConnectionLost,
    MissingExtra,
    ProtocolError,
    ProviderError,
    QuotaExceeded,
    StreamClosed,
    UnsupportedOption,
)
from .events import (
    AudioGap,
    Begin,
    Notice,
    ProviderChanged,
    Reconnected,
    Reconnecting,
    SpeechStarted,
    StreamEvent,
    Termination,
    Turn,
    TurnRevised,
    VendorMessage,
    Word,
)
from .session import Limits, RetryPolicy

__version__ = "0.1.0"

__all__ = [
    "AaiMigrateError",
    "AsyncStream",
    "AudioError",
    "AudioFormat",
    "AudioGap",
    "AudioOverflow",
    "AudioRateMismatch",
    "AuthenticationError",
    "BadRequest",
    "Begin",
    "Config",
    "ConfigError",
    "ConfigFile",
    "ConnectionLost",
    "Limits",
    "MissingExtra",
    "Notice",
    "ProtocolError",
    "ProviderChanged",
    "ProviderError",
    "QuotaExceeded",
    "Reconnected",
    "Reconnecting",
    "RetryPolicy",
    "Secret",
    "SpeechStarted",
    "Stream",
    "StreamClosed",
    "StreamEvent",
    "Termination",
    "Token",
    "Turn",
    "TurnRevised",
    "UnsupportedOption",
    "VendorMessage",
    "Word",
    "__version__",
    "aconnect",
    "acreate_token",
    "audio",
    "connect",
    "create_token",
    "load",
]

_LATER = ("doctor", "explain", "features", "gateway", "testing")
"""Parts that few programs need, imported when they are asked for."""


if _TYPE_CHECKING:
    from . import doctor as doctor
    from . import explain as explain
    from . import features as features
    from . import gateway as gateway
    from . import testing as testing
else:

    def __getattr__(name: str) -> object:
        if name in _LATER:
            return _import(f".{name}", __name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *_LATER})

"""One Turn event stream in front of many streaming speech-to-text services."""

from . import audio
from .audio.format import AudioFormat
from .config import Config
from .configfile import ConfigFile, load
from .credentials import Secret
from .drivers.aio_stream import AsyncStream, aconnect
from .drivers.sync import Stream, connect
from .errors import (
    AaiMigrateError,
    AudioError,
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
    "Turn",
    "TurnRevised",
    "UnsupportedOption",
    "VendorMessage",
    "Word",
    "__version__",
    "aconnect",
    "audio",
    "connect",
    "load",
]

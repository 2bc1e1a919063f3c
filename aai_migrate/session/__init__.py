"""One transcription over many connections; pure."""

from .retry import Limits, RetryPolicy
from .session import Session, SessionEvent

__all__ = ["Limits", "RetryPolicy", "Session", "SessionEvent"]

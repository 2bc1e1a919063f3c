"""When what a session lives on is over: the token that it was opened with, and the vendor's own limit."""

from __future__ import annotations

from ..credentials import Credential, Secret
from ..errors import AuthenticationError, ProviderError
from ..tokens import claimed_expiry, moment
from ..wire.events import Warned

AHEAD = 60.0
"""Seconds before the vendor ends a session in which that is said; of a short one half of what is left."""
RENEW = "create another one, or pass a callable that yields a fresh one for every connection"


class Lifetimes:
    """What of one transcription ends by the clock.

    Attributes:
        deadline: when there is something to say, on the session's clock; None: never. It counts while a connection
            is live.
    """

    def __init__(self, provider: str, epoch: float) -> None:
        """Begin without a credential.

        Args:
            epoch: Unix seconds at the session's time 0.
        """
        self._provider, self._epoch = provider, epoch
        self._used: Secret | None = None  # stands for a session that has begun
        self._told: Secret | None = None  # of whose end was told
        self._due: list[tuple[float, Warned]] = []

    def stale(self, credential: Credential | None, now: float) -> AuthenticationError | None:
        """Return why nobody need dial with *credential*, if nobody need."""
        if credential is None:
            return None
        if credential.once and credential.secret == self._used:
            return AuthenticationError(
                self._provider, f"the session that the token stands for cannot be gone back to; {RENEW}"
            )
        until = credential.expires_at
        if until is None or self._epoch + now < until:
            return None
        return AuthenticationError(self._provider, f"the {credential.kind} expired at {moment(until)}; {RENEW}")

    def explain(self, error: ProviderError, credential: Credential | None, now: float) -> None:
        """Say in *error*, where the vendor refused a token, that it is over by its own word."""
        if credential is None or credential.kind == "key" or not isinstance(error, AuthenticationError):
            return
        until = credential.expires_at or claimed_expiry(credential.secret)
        if until is None or self._epoch + now < until or RENEW in error.reason:
            return
        error.restate(f"{error.reason}; the token says that it expired at {moment(until)}: {RENEW}")

    def greeted(self, credential: Credential | None, session_ends: float | None, now: float) -> None:
        """A connection began with *credential*.

        Args:
            session_ends: Unix seconds when the vendor ends its session; None: it does not say.
        """
        self._due = []
        if credential and credential.once:
            self._used = credential.secret
        if credential and credential.expires_at is not None and not credential.renewed:
            self._until(credential, credential.expires_at, now)
        if session_ends is not None:
            self._ending(session_ends, now)

    def _until(self, credential: Credential, expires_at: float, now: float) -> None:
        if credential.secret == self._told:
            return
        text = (
            f"{self._provider}: the {credential.kind} expired at {moment(expires_at)}: this session goes on, but a "
            "connection that is lost cannot be made again with it; pass a callable that yields a fresh one"
        )
        self._due.append((max(now, expires_at - self._epoch), Warned("token_expired", text)))

    def _ending(self, session_ends: float, now: float) -> None:
        left = session_ends - self._epoch - now
        if left <= 0:  # one of the two clocks is wrong
            return
        text = f"{self._provider} ends this session at {moment(session_ends)}; what follows needs another connection"
        self._due.append((now + left - min(AHEAD, left / 2), Warned("session_expires", text)))

    @property
    def deadline(self) -> float | None:
        return min((at for at, _ in self._due), default=None)

    def tick(self, credential: Credential | None, now: float) -> list[Warned]:
        """Say what is due."""
        said = [remark for at, remark in sorted(self._due, key=lambda item: item[0]) if at <= now]
        self._due = [(at, remark) for at, remark in self._due if at > now]
        if credential and any(remark.code == "token_expired" for remark in said):
            self._told = credential.secret
        return said

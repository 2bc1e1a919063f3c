"""When to try again, and when to stop trying. All times are seconds."""

from __future__ import annotations

import random
from math import inf
from typing import Any, Literal, get_args

from attrs import Attribute, field, frozen
from attrs.validators import optional

from ..errors import ConfigError

Overflow = Literal["block", "drop_oldest", "raise"]


def _positive(limits: object, attribute: Attribute[Any], value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
        raise ConfigError(f"{attribute.name} must be a number above 0, not {value!r}")


def _finite(limits: object, attribute: Attribute[Any], value: object) -> None:
    _positive(limits, attribute, value)
    if value == inf:
        raise ConfigError(f"{attribute.name} must have an end, or nothing ever ends")


def _flag(limits: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, bool):
        raise ConfigError(f"{attribute.name} must be true or false, not {value!r}")


def _policy(limits: object, attribute: Attribute[Any], value: object) -> None:
    if value not in (allowed := get_args(Overflow)):
        raise ConfigError(f"{attribute.name} must be one of {', '.join(allowed)}, not {value!r}")


def _from_zero(policy: object, attribute: Attribute[Any], value: object) -> None:
    if value != 0:
        _positive(policy, attribute, value)


@frozen(kw_only=True)
class Limits:
    """How long a session waits for whom, and how much audio it keeps.

    Attributes:
        connect_timeout: from dialling to the vendor's greeting; more for a vendor that declares that it needs more.
        drain_timeout: for the vendor's last word after ``stop``, counted from its last sign of life.
        close_timeout: for the answer to our close frame.
        backlog: audio fed but not sent, before feeding waits.
        idle: time without audio after which an open turn is helped to its end by silence.
        hold_bytes: audio kept for a replay, whatever its length.
        paced: keep to the vendor's pace; False: send as fast as the other end reads, for servers of one's own.
        overflow: what becomes of audio when ``backlog`` seconds wait already: ``"block"`` makes feeding wait,
            ``"drop_oldest"`` loses the oldest unsent audio, as an ``AudioGap``, ``"raise"`` refuses the new audio by an
            :class:`~aai_migrate.AudioOverflow`. None: ``"drop_oldest"`` for a live source, else ``"block"``.
        realtime: whether the audio comes at the speed of speech, which lets its rate be checked against the declared
            format. True: a live source. False: it does not. None: unknown.
    """

    connect_timeout: float = field(default=10.0, validator=_finite)
    drain_timeout: float = field(default=30.0, validator=_finite)
    close_timeout: float = field(default=2.0, validator=_finite)
    backlog: float = field(default=30.0, validator=_finite)
    idle: float = field(default=1.0, validator=_finite)
    hold_bytes: int = field(default=64 << 20, validator=_finite)
    overflow: Overflow | None = field(default=None, validator=optional(_policy))
    paced: bool = field(default=True, validator=_flag)
    realtime: bool | None = field(default=None, validator=optional(_flag))


@frozen(kw_only=True)
class RetryPolicy:
    """Full-jitter exponential backoff on a budget that only healthy *time* refills.

    Attributes:
        first, longest: the delay's upper bound after the first failure, and its ceiling.
        budget: failures in a row that are forgiven.
        refill: healthy seconds that buy one of them back; opening and dying at once buys nothing.
        at_start: attempts before the first greeting; the caller waits for these.
    """

    first: float = field(default=0.25, validator=_positive)
    longest: float = field(default=8.0, validator=_positive)
    budget: float = field(default=10.0, validator=_from_zero)
    refill: float = field(default=2.0, validator=_positive)
    at_start: int = field(default=3, validator=_positive)


class Retry:
    """The state of one session's retrying."""

    def __init__(self, policy: RetryPolicy, jitter: random.Random) -> None:
        self._policy, self._jitter = policy, jitter
        self._left = policy.budget
        self._healthy_since: float | None = None
        self._ever = False
        self.attempt = 0

    def started(self, now: float) -> None:
        """The vendor greeted us."""
        self._healthy_since, self._ever = now, True

    def failed(self, now: float) -> float | None:
        """Return the delay before the next attempt; None: the budget is spent."""
        policy = self._policy
        if self._healthy_since is not None:
            bought = (now - self._healthy_since) / policy.refill
            self._left = min(policy.budget, self._left + bought)
            self.attempt = max(0, self.attempt - int(bought))
            self._healthy_since = None
        self._left -= 1
        self.attempt += 1
        if self._left < 0 or (not self._ever and self.attempt >= policy.at_start):
            return None
        return self._jitter.uniform(0, min(policy.longest, policy.first * 2.0 ** min(self.attempt - 1, 64)))

"""Which process takes a session: at most one process a core, the least busy one first, and no more than agreed."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from aai_migrate.errors import ConfigError, MissingExtra, QuotaExceeded
from aai_migrate.extras import installed
from aai_migrate.provider import Worker

from .pipe import END, OPEN, Packet
from .place import STALL, Place
from .process import GRACE, Process
from .settings import NAME

PER_CORE = 8
"""Sessions on one core, unless somebody says otherwise: so many it hears in real time."""
LINGER = 5.0
"""Seconds that a process stays when its last session has gone, so that the next one starts warm."""
_ADVICE = "wait until one ends, or allow more with limit_workers() or --max-local"


def ready() -> None:
    """Look for pocketsphinx, without importing it.

    Raises:
        MissingExtra: it is not installed.
    """
    if not installed("pocketsphinx"):
        raise MissingExtra("the embedded recogniser", NAME)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def choose(loads: Sequence[int], cores: int) -> int | None:
    """Return which of the running processes takes the next session; None: start another.

    Args:
        loads: how many sessions each has.
        cores: how many processes there may be.
    """
    least = min(range(len(loads)), key=loads.__getitem__, default=None)
    if least is not None and (loads[least] == 0 or len(loads) >= cores):
        return least
    return None


class Crew:
    """A running process and the sessions on it; its pool's lock guards them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.places: dict[int, Place] = {}
        self.idle_since = time.monotonic()
        self._count = 0
        self.process = Process(self._hear, self._rest, self._over)

    def open(self) -> Place:
        """Give the next session its place; the lock is held."""
        self._count += 1
        place = Place(self._count, self.process.post, self._leave, self._stalled)
        self.process.post(Packet(OPEN, place.number))
        self.places[place.number] = place
        return place

    def _leave(self, place: Place) -> None:
        self._pool.leave(self, place)

    def _stalled(self) -> None:
        """Somebody waited in vain: a process that has not said a word either hangs."""
        if time.monotonic() - self.process.heard_at >= STALL:
            self.process.kill()

    def _hear(self, packet: Packet) -> None:
        place = self.places.get(packet.session)
        if place:  # else it was closed meanwhile
            place.take(packet)

    def _rest(self) -> float | None:
        return self._pool.rest(self)

    def _over(self, reason: str) -> None:
        self._pool.forget(self, reason)


class Pool:
    """All processes of the recogniser that belong to this one. Safe from any thread.

    Attributes:
        crews: those that run and take sessions.
    """

    def __init__(self, limit: int | None = None) -> None:
        """Start none yet; *limit* is how many sessions there may be, None: eight a core."""
        self._lock = threading.Lock()
        self._limit = limit
        self.crews: list[Crew] = []

    @property
    def places(self) -> int:
        """How many sessions there may be at once."""
        return self._limit or PER_CORE * cores()

    def open(self) -> Worker:
        """Take a place for a session, on a process that is started if need be.

        Raises:
            QuotaExceeded: all places are taken.
            OSError: a process cannot be started.
        """
        with self._lock:
            count, running = cores(), [crew for crew in self.crews if crew.process.alive]
            if sum(len(crew.places) for crew in running) >= self.places:
                reason = f"all places for sessions are taken ({self.places}); {_ADVICE}"
                raise QuotaExceeded(NAME, reason, retryable=True)
            chosen = choose([len(crew.places) for crew in running], count)
            crew = self._start() if chosen is None else running[chosen]
            return crew.open()

    def limit(self, count: int) -> None:
        """Take at most *count* sessions at once; those beyond it that there are go on.

        Raises:
            ConfigError: it is no number from 1 on.
        """
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ConfigError(f"the sessions of {NAME} at once must be a whole number from 1 on, not {count!r}")
        self._limit = count

    def close(self) -> None:
        """End all processes at once, sessions or not."""
        with self._lock:
            crews = list(self.crews)
        for crew in crews:
            crew.process.kill()
        for crew in crews:
            crew.process.join(GRACE)

    def _start(self) -> Crew:
        crew = Crew(self)
        self.crews.append(crew)
        return crew

    # For a crew.

    def leave(self, crew: Crew, place: Place) -> None:
        """Take a place back. Where processes do not linger, the last one out waits for the end."""
        with self._lock:
            crew.places.pop(place.number, None)
            last = not crew.places
            crew.idle_since = time.monotonic()
        with suppress(OSError):  # it is gone, and the session with it
            crew.process.post(Packet(END, place.number))
        if last and LINGER <= 0:
            crew.process.join(STALL)

    def rest(self, crew: Crew) -> float | None:
        """Return for how many seconds *crew* stays without sessions, 0 if it is over; None: it has some."""
        with self._lock:
            if crew.places:
                return None
            left = crew.idle_since + LINGER - time.monotonic()
            if left > 0:
                return left
            if crew in self.crews:
                self.crews.remove(crew)
            return 0.0

    def forget(self, crew: Crew, reason: str) -> None:
        """The process is gone: those on it are told."""
        with self._lock:
            if crew in self.crews:
                self.crews.remove(crew)
            places = list(crew.places.values())
            crew.places.clear()
        for place in places:
            place.lose(reason)

    # Around a fork. The child has none of the threads: it begins with a pool of its own.

    def hold(self) -> None:
        """Let nobody be in the middle of something."""
        self._lock.acquire()

    def release(self) -> None:
        """Go on in the parent."""
        self._lock.release()

    def inherit(self) -> Pool:
        """Return what the child begins with; it holds no pipe of the parent's, whose workers end with the parent."""
        for crew in self.crews:
            crew.process.disown()
        return Pool(self._limit)


_pool = Pool()


def open_worker() -> Worker:
    """Take a place on a recogniser's process, which several sessions share.

    Raises:
        MissingExtra: pocketsphinx is not installed.
        QuotaExceeded: all places are taken.
        OSError: a process cannot be started.
    """
    ready()
    return _pool.open()


def limit_workers(count: int) -> None:
    """Take at most *count* sessions at once, on all processes together; unless called, eight a core.

    Raises:
        ConfigError: it is no number from 1 on.
    """
    _pool.limit(count)


def _inherit() -> None:
    global _pool
    _pool = _pool.inherit()


atexit.register(lambda: _pool.close())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=lambda: _pool.hold(), after_in_parent=lambda: _pool.release(), after_in_child=_inherit)

"""Whose time is it: the only place where a connection's audio clock becomes the session's."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from math import isfinite

from attrs import define


@define
class _Span:
    connection: int  # first sample on the connection
    session: int  # the session's sample that it carries
    count: int  # samples on the connection
    silent: bool  # injected: takes connection time, no session time


class Timeline:
    """Maps times of one connection to the session: fed, replayed, injected and dropped audio alike."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._spans: list[_Span] = []
        self.sent = 0

    @property
    def seconds(self) -> float:
        """Seconds of audio sent on this connection, injected silence included."""
        return self.sent / self._rate

    def audio(self, session: int, count: int) -> None:
        """Note that *count* samples from the session's sample *session* were sent."""
        if not self._same(session, count):
            self._drop()
        new = self.sent + count - self._known  # samples that no earlier connection of the vendor's session sent
        last = self._spans[-1] if self._spans else None
        if new <= 0:
            pass
        elif last and not last.silent and last.session + last.count == session + count - new:
            last.count += new
        else:
            self._spans.append(_Span(self.sent, session, count, False))
        self.sent += count

    def silence(self, session: int, count: int) -> None:
        """Note that *count* samples of silence were injected before the session's sample *session*."""
        self._drop()
        last = self._spans[-1] if self._spans else None
        if last and last.silent and last.session == session:
            last.count += count
        else:
            self._spans.append(_Span(self.sent, session, count, True))
        self.sent += count

    @property
    def plain(self) -> float:
        """Up to here a time on the connection is the session's time as it is."""
        first = self._spans[0] if self._spans else None
        same = first is not None and not first.silent and first.connection == first.session == 0
        return first.count / self._rate if first and same else 0.0

    def rewind(self, seconds: float) -> int:
        """Go back to *seconds* on the connection; return the session's sample to go on from.

        What was sent after it stays known until something else is sent in its place: the other end may have
        heard it, and may still speak of it.
        """
        to = self._clamped(seconds)
        session = self._session(to, ending=True)
        self.sent = to
        return session

    @property
    def _known(self) -> int:
        """Up to here the other end may have heard: a rewind takes nothing back."""
        last = self._spans[-1] if self._spans else None
        return max(self.sent, last.connection + last.count) if last else self.sent

    def _same(self, session: int, count: int) -> bool:
        """Whether just this was sent here before a rewind, as far as is known."""
        if self._known <= self.sent:
            return True
        span = self._spans[self._at(self.sent, bisect_right)]
        within = min(self.sent + count, self._known) <= span.connection + span.count
        return within and not span.silent and span.session + self.sent - span.connection == session

    def _drop(self) -> None:
        """What comes now differs from what was sent here before."""
        if self._known > self.sent:
            self._spans = [span for span in self._spans if span.connection < self.sent]
            if self._spans:
                self._spans[-1].count = self.sent - self._spans[-1].connection

    def start(self, seconds: float) -> float:
        """Return where in the session something begins that began at *seconds* on the connection."""
        return self._session(self._clamped(seconds), ending=False) / self._rate

    def end(self, seconds: float) -> float:
        """Return where in the session something ends that ended at *seconds* on the connection."""
        return self._session(self._clamped(seconds), ending=True) / self._rate

    def word(self, start: float, end: float) -> tuple[float, float]:
        """Return from when to when in the session a word lasted; one on both sides of a gap is where its middle is."""
        first, last = self.start(start), self.end(end)
        if last - first > end - start + 1 / self._rate:
            span = self._spans[self._at(self._clamped((start + end) / 2), bisect_right)]
            begin = span.session / self._rate
            first, last = max(first, begin), min(last, begin + (0 if span.silent else span.count / self._rate))
        return first, max(first, last)

    def forget(self, session: float) -> None:
        """Drop what only concerns the session before *session* seconds, to stay small for hours."""
        if len(self._spans) > 64:
            to = session * self._rate
            keep = next((i for i, span in enumerate(self._spans) if span.session + span.count > to), 0)
            del self._spans[:keep]

    def _clamped(self, seconds: float) -> int:
        return min(max(round(seconds * self._rate), 0), self._known) if isfinite(seconds) else self._known

    def _at(self, sample: int, bisect: Callable[..., int]) -> int:
        return max(0, bisect(self._spans, sample, key=lambda span: span.connection) - 1)

    def _session(self, sample: int, *, ending: bool) -> int:
        """Between two spans an end belongs to the first one, a start to the second."""
        if not self._spans:
            return 0
        span = self._spans[self._at(sample, bisect_left if ending else bisect_right)]
        into = min(max(sample - span.connection, 0), span.count)
        return span.session if span.silent else span.session + into

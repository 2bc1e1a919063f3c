"""Streams for programs with threads: ``connect`` and what it returns."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from ..config import Config
from ..credentials import hide
from ..errors import AaiMigrateError, ProviderError, StreamClosed
from ..events import Begin, StreamEvent, Termination, Turn
from ..session import RetryPolicy
from ..settings import ConfigSource, Settings, resolve
from .asking import Callbacks, changes, check_wait, pieces
from .engine import Engine
from .feeder import Chunk, Feeder, Source, check_source


def connect(
    provider: str | None = None,
    *,
    api_key: Any = None,
    token: Any = None,
    api_key_env: str | None = None,
    retry: RetryPolicy | None = None,
    config: ConfigSource | None = None,
    **options: Any,
) -> Stream:
    """Open a stream, and return it when the vendor is ready for audio.

    Args:
        provider: ``"name"`` or ``"name/model"``; None: what ``AAI_MIGRATE_PROVIDER`` says, then *config*.
        api_key: the key, or a callable that yields one; None: from the provider's environment variable.
        token: a temporary token instead, as a string or from :func:`~aai_migrate.create_token`, or a callable that
            yields a fresh one for every connection: without that, what is lost after it has expired stays lost.
        api_key_env: the environment variable of the key, instead of the provider's own.
        retry: how to go on after a loss.
        config: a config file, by its path or from :func:`~aai_migrate.load`; what is given here goes before it.
        options: fields of :class:`~aai_migrate.config.Config` (the audio as ``sample_rate``, ``encoding``,
            ``audio_channels``) and of :class:`~aai_migrate.Limits`.
    Raises:
        ConfigError, AudioError: a setting is wrong; nothing was dialled.
        ProviderError: the vendor refused, did not answer in time, or could not be reached; an ``AuthenticationError``
            also for a token that is known to have expired, with which nobody is dialled.
    """
    api_key, token = hide(api_key), hide(token)
    given = {"api_key": api_key, "token": token, "api_key_env": api_key_env}
    stream = Stream(resolve(provider, options, **given, retry=retry, config=config))
    try:
        stream._engine.start()
    except BaseException:
        stream.close()
        raise
    return stream


class Stream:
    """One transcription: feed audio from any thread, iterate to get its events.

    As a context manager it drains on the way out: left normally, it is stopped and waits for the vendor's
    last word; left by an exception, it is closed at once. A failure that was not raised yet raises on leaving.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare; :func:`connect` is how applications get one."""
        self._settings, self._engine = settings, Engine(settings)
        weakref.finalize(self, self._engine.abandon).atexit = False
        self._feeder: Feeder | None = None
        self._fed_by_source = self._raised = False

    # What is known.

    @property
    def provider(self) -> str:
        """The provider's name."""
        return self._settings.provider.name

    @property
    def config(self) -> Config:
        """The settings it was opened with."""
        return self._settings.config

    @property
    def session_id(self) -> str | None:
        """The vendor's name for the session, where it gives one."""
        return self._engine.outcome.session_id

    @property
    def termination(self) -> Termination | None:
        """How it ended; None while it goes on."""
        return self._engine.outcome.termination

    # Asking.

    def send(self, chunk: Chunk) -> None:
        """Feed audio in the stream's format, cut anywhere; waits while more than ``Limits.backlog`` seconds are unsent.

        A :class:`~aai_migrate.audio.Gap` says that audio was lost before it got here. ``Limits.overflow`` says what
        happens instead of waiting, which a live source (``realtime=True``) cannot.

        Raises:
            AudioRateMismatch: the bytes of a second do not fit the declared format.
            AudioOverflow: too much waits already, with ``overflow="raise"``; none of *chunk* was fed.
            ProviderError: the stream has failed.
            StreamClosed: it was stopped, or has ended.
        """
        with self._raising():
            self._feed(chunk)

    def _feed(self, chunk: Chunk) -> None:
        for piece in pieces(chunk, self.config.audio, whole=self._settings.limits.overflow == "raise"):
            self._engine.feed(piece)

    @contextmanager
    def _raising(self) -> Iterator[None]:
        """Note that the stream's failure was raised, so that leaving does not raise it again."""
        try:
            yield
        except ProviderError:
            self._raised = True
            raise

    def finalize(self, *, wait: float | None = None) -> str:
        """Settle what was heard, stay open; returns the request's id.

        Args:
            wait: seconds to wait at most until it is settled; None: do not wait.
        Raises:
            ConfigError: *wait* is no number of seconds.
            ProviderError, StreamClosed: as :meth:`send`.
        """
        check_wait(wait)
        with self._raising():
            return self._engine.finalize(wait)

    def configure(self, **options: Any) -> None:
        """Change options in mid-session; one that this vendor cannot change then comes back as a ``Notice``.

        Raises:
            ConfigError: an unknown option, or a value out of range.
            ProviderError, StreamClosed: as :meth:`send`.
        """
        checked = changes(options)
        with self._raising():
            self._engine.configure(checked)

    def stop(self) -> None:
        """No more audio: events go on until all of it is settled. Harmless when called again."""
        self._engine.stop()

    def close(self) -> None:
        """End now, from any thread: what is not settled is given up. Harmless when called again."""
        feeder = self._feeder
        self._engine.close()
        if feeder:
            feeder.halt(self._settings.limits.close_timeout)

    # Getting.

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> StreamEvent:
        """Wait for the next event; after ``Termination`` raises what the stream failed of, if it failed."""
        event = self._engine.next()
        if event is not None:
            return event
        error = self._engine.outcome.error
        if error is None:
            raise StopIteration
        self._raised = True
        raise error

    def transcribe(self, source: Source) -> Iterator[StreamEvent]:
        """Feed *source* beside the iteration, stop at its end, and yield all events.

        Args:
            source: chunks of audio in the stream's format; closed at the end if it can be. When it raises,
                what was fed is drained first, and then its exception is raised here.
        Raises:
            AudioError: its ``format`` is not the stream's.
            StreamClosed: another source was transcribed before.
            ProviderError: the stream failed; after ``Termination``.
        """
        chunks = check_source(source, self.config.audio)
        if self._fed_by_source:
            raise StreamClosed("a stream transcribes one source; connect again for another")
        self._fed_by_source = True
        realtime = getattr(source, "realtime", None)
        if realtime is not None:
            self._engine.set_realtime(bool(realtime))
        return self._transcribe(Feeder(chunks, self._feed, self.stop))

    def _transcribe(self, feeder: Feeder) -> Iterator[StreamEvent]:
        self._feeder = feeder
        feeder.start()
        failure: BaseException | None = None
        try:
            for event in self:  # "yield from self" would close the stream with the generator  # noqa: UP028
                yield event
        except AaiMigrateError as error:
            failure = error
        finally:
            feeder.halt(self._settings.limits.close_timeout)
        if feeder.error and feeder.error is not failure:
            self._raised = True
            raise feeder.error from failure
        if failure:
            raise failure

    def run(
        self,
        source: Source,
        on_turn: Callable[[Turn], object] | None = None,
        on_begin: Callable[[Begin], object] | None = None,
        on_termination: Callable[[Termination], object] | None = None,
        on_error: Callable[[AaiMigrateError], object] | None = None,
        on_event: Callable[[StreamEvent], object] | None = None,
    ) -> None:
        """Transcribe *source* with callbacks, called in this thread; returns at the end of the stream.

        A callback that raises closes the stream, and its exception is raised here.

        Args:
            on_event: is called with every event, before the others.
            on_error: is called with the stream's failure, which is then not raised.
        """
        callbacks = Callbacks(on_turn, on_begin, on_termination, on_event)
        try:
            for event in self._until_error(source, on_error):
                for call in callbacks.of(event):
                    call(event)
        except BaseException:
            self.close()
            raise

    def _until_error(
        self, source: Source, on_error: Callable[[AaiMigrateError], object] | None
    ) -> Iterator[StreamEvent]:
        try:
            yield from self.transcribe(source)
        except AaiMigrateError as error:
            if on_error is None:
                raise
            on_error(error)

    # Leaving.

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.close()
            return
        try:
            self.stop()
            while self._engine.next() is not None:
                pass
        finally:
            self.close()
        failure = self._engine.outcome.error
        if failure and not self._raised:
            self._raised = True
            raise failure

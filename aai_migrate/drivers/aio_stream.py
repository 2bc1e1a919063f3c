"""Streams for programs with an event loop: ``aconnect`` and what it returns."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Any, Self

from ..audio.gap import Gap
from ..config import Config
from ..credentials import hide
from ..errors import AaiMigrateError, ProviderError, StreamClosed
from ..events import Begin, StreamEvent, Termination, Turn
from ..session import RetryPolicy
from ..settings import ConfigSource, Settings, resolve
from .aio_engine import AsyncEngine
from .aio_feeder import AsyncFeeder, AsyncSource
from .asking import Callbacks, changes, check_wait, plain
from .feeder import Chunk, check_format


def aconnect(
    provider: str | None = None,
    *,
    api_key: Any = None,
    token: Any = None,
    api_key_env: str | None = None,
    retry: RetryPolicy | None = None,
    config: ConfigSource | None = None,
    **options: Any,
) -> Connecting:
    """Open a stream in the running event loop: ``await`` it, or enter it with ``async with``.

    Args:
        provider: ``"name"`` or ``"name/model"``; None: what ``AAI_MIGRATE_PROVIDER`` says, then *config*.
        api_key: the key, or a callable that yields one; None: from the provider's environment variable.
        token: a temporary token instead, as a string or from :func:`~aai_migrate.acreate_token`, or a callable that
            yields a fresh one for every connection: without that, what is lost after it has expired stays lost. A
            callable may be an async function; a plain one is called in a thread.
        api_key_env: the environment variable of the key, instead of the provider's own.
        retry: how to go on after a loss.
        config: a config file, by its path or from :func:`~aai_migrate.load`; what is given here goes before it.
        options: fields of :class:`~aai_migrate.config.Config` (the audio as ``sample_rate``, ``encoding``,
            ``audio_channels``) and of :class:`~aai_migrate.Limits`.
    Raises:
        ConfigError, AudioError: a setting is wrong; nothing was dialled. ``MissingExtra``: aiohttp is not
            installed, and the provider is reached over a network.
        ProviderError: the vendor refused, did not answer in time, or could not be reached; an ``AuthenticationError``
            also for a token that is known to have expired, with which nobody is dialled.
    """
    api_key, token = hide(api_key), hide(token)
    given = {"api_key": api_key, "token": token, "api_key_env": api_key_env}
    settings = partial(resolve, provider, options, **given, retry=retry, config=config)
    return Connecting(_open(settings))


async def _open(settings: Callable[[], Settings]) -> AsyncStream:
    stream = AsyncStream(settings())
    try:
        await stream._engine.start()
    except BaseException:
        await stream.close()
        raise
    return stream


class Connecting(Coroutine[Any, Any, "AsyncStream"]):
    """A stream that is being opened: a coroutine that returns it, and an async context manager that enters it."""

    def __init__(self, opening: Coroutine[Any, Any, AsyncStream]) -> None:
        self._opening = opening
        self._stream: AsyncStream | None = None

    def __await__(self) -> Generator[Any, Any, AsyncStream]:
        return self._opening.__await__()

    def send(self, value: Any) -> Any:
        """Go on, as every coroutine does."""
        return self._opening.send(value)

    def throw(self, *args: Any) -> Any:
        """Raise inside, as every coroutine does."""
        return self._opening.throw(*args)

    def close(self) -> None:
        """Give up, as every coroutine does."""
        self._opening.close()

    async def __aenter__(self) -> AsyncStream:
        self._stream = await self._opening
        return await self._stream.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream:
            await self._stream.__aexit__(kind, error, trace)


class AsyncStream:
    """One transcription: feed audio, iterate to get its events. All calls belong in the loop it was opened in.

    As a context manager it drains on the way out: left normally, it is stopped and waits for the vendor's
    last word; left by an exception, it is closed at once. A failure that was not raised yet raises on leaving.

    Every wait may be cancelled, by a timeout too: no event is lost and no audio is fed twice.
    """

    def __init__(self, settings: Settings) -> None:
        """Prepare; :func:`aconnect` is how applications get one."""
        self._settings, self._engine = settings, AsyncEngine(settings)
        weakref.finalize(self, self._engine.abandon).atexit = False
        self._raised = False

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

    async def send(self, chunk: Chunk) -> None:
        """Feed audio in the stream's format, cut anywhere; waits while more than ``Limits.backlog`` seconds are unsent.

        A chunk is fed whole, or, when the wait is cancelled, not at all: then send it again. A
        :class:`~aai_migrate.audio.Gap` says that audio was lost before it got here. ``Limits.overflow`` says what
        happens instead of waiting, which a live source (``realtime=True``) cannot.

        Raises:
            AudioRateMismatch: the bytes of a second do not fit the declared format.
            AudioOverflow: too much waits already, with ``overflow="raise"``; none of *chunk* was fed.
            ProviderError: the stream has failed.
            StreamClosed: it was stopped, or has ended.
        """
        piece = chunk if isinstance(chunk, Gap) else plain(chunk)
        with self._raising():
            await self._engine.feed(piece)

    @contextmanager
    def _raising(self) -> Iterator[None]:
        """Note that the stream's failure was raised, so that leaving does not raise it again."""
        try:
            yield
        except ProviderError:
            self._raised = True
            raise

    async def finalize(self, *, wait: float | None = None) -> str:
        """Settle what was heard, stay open; returns the request's id.

        Args:
            wait: seconds to wait at most until it is settled; None: do not wait. A wait that is cancelled takes
                nothing back.
        Raises:
            ConfigError: *wait* is no number of seconds.
            ProviderError, StreamClosed: as :meth:`send`.
        """
        check_wait(wait)
        with self._raising():
            return await self._engine.finalize(wait)

    async def configure(self, **options: Any) -> None:
        """Change options in mid-session; one that this vendor cannot change then comes back as a ``Notice``.

        Raises:
            ConfigError: an unknown option, or a value out of range.
            ProviderError, StreamClosed: as :meth:`send`.
        """
        checked = changes(options)
        with self._raising():
            self._engine.configure(checked)

    def stop(self) -> Awaitable[None]:
        """No more audio: events go on until all of it is settled. Harmless when called again.

        It is done when the call returns, so that a plain callback or a signal handler may call it; to await it
        does nothing more.
        """
        self._engine.stop()
        return _Done()

    async def close(self) -> None:
        """End now: what is not settled is given up. Harmless when called again.

        Cancelled, it says no goodbye to the vendor any more, and all is given back nevertheless.
        """
        await self._engine.close()

    # Getting.

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamEvent:
        """Wait for the next event; after ``Termination`` raises what the stream failed of, if it failed."""
        event = await self._engine.next()
        if event is not None:
            return event
        error = self._engine.outcome.error
        if error is None:
            raise StopAsyncIteration
        self._raised = True
        raise error

    def transcribe(self, source: AsyncSource) -> Transcription:
        """Feed *source* beside the iteration, stop at its end, and yield all events.

        Args:
            source: chunks of audio in the stream's format, from an async iterable or a plain one, which is read
                in a thread; closed at the end if it can be. When it raises, what was fed is drained first, and
                then its exception is raised here.
        Raises:
            AudioError: its ``format`` is not the stream's.
            StreamClosed: another source was transcribed before.
            ProviderError: the stream failed; after ``Termination``.
        """
        engine = self._engine
        check_format(source, self.config.audio)
        if engine.feeder:
            raise StreamClosed("a stream transcribes one source; connect again for another")
        realtime = getattr(source, "realtime", None)
        if realtime is not None:
            engine.set_realtime(bool(realtime))
        chunks = (source,) if isinstance(source, bytes | bytearray | memoryview) else source
        timeout = self._settings.limits.close_timeout
        engine.feeder = AsyncFeeder(chunks, engine.feed_in_pieces, engine.stop, timeout)
        return Transcription(self, engine.feeder)

    async def run(
        self,
        source: AsyncSource,
        on_turn: Callable[[Turn], object] | None = None,
        on_begin: Callable[[Begin], object] | None = None,
        on_termination: Callable[[Termination], object] | None = None,
        on_error: Callable[[AaiMigrateError], object] | None = None,
        on_event: Callable[[StreamEvent], object] | None = None,
    ) -> None:
        """Transcribe *source* with callbacks, plain or async; returns at the end of the stream.

        An async callback is awaited before the next event. One that raises closes the stream, and its exception is
        raised here.

        Args:
            on_event: is called with every event, before the others.
            on_error: is called with the stream's failure, which is then not raised.
        """
        callbacks = Callbacks(on_turn, on_begin, on_termination, on_event)
        try:
            events = self.transcribe(source)
            while True:
                try:
                    event = await anext(events)
                except StopAsyncIteration:
                    return
                except AaiMigrateError as error:
                    if on_error is None:
                        raise
                    await _call(on_error, error)
                    return
                for callback in callbacks.of(event):
                    await _call(callback, event)
        except BaseException:
            await self.close()
            raise

    # Leaving.

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            await self.close()
            return
        try:
            self._engine.stop()
            while await self._engine.next() is not None:
                pass
        finally:
            await self.close()
        failure = self._engine.outcome.error
        if failure and not self._raised:
            self._raised = True
            raise failure


class Transcription(AsyncIterator[StreamEvent]):
    """The events of a stream, and the feeding of its source, which ends with the iteration, however that ends."""

    def __init__(self, stream: AsyncStream, feeder: AsyncFeeder) -> None:
        self._stream, self._feeder = stream, feeder
        weakref.finalize(self, feeder.let_go).atexit = False  # who breaks out of a loop says nothing
        self._over = False

    async def __anext__(self) -> StreamEvent:
        """Wait for the next event; begins to feed when it is called first."""
        if self._over:
            raise StopAsyncIteration
        self._feeder.start()
        failure: AaiMigrateError | None = None
        try:
            return await anext(self._stream)
        except StopAsyncIteration:
            pass
        except AaiMigrateError as error:
            failure = error
        await self.aclose()
        if self._feeder.error and self._feeder.error is not failure:
            self._stream._raised = True
            raise self._feeder.error from failure
        if failure:
            raise failure
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Feed no more, and close the source; the stream goes on. Harmless when called again."""
        await self._feeder.halt()
        self._over = True


class _Done(Awaitable[None]):
    """What is awaited of something that is done."""

    def __await__(self) -> Generator[Any, Any, None]:
        yield from ()


async def _call(callback: Callable[[Any], object], value: object) -> None:
    answer = callback(value)
    if inspect.isawaitable(answer):
        await answer

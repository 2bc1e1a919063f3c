"""Whether providers hear the same turns: what an application's own tests ask before its provider is switched."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from difflib import SequenceMatcher
from functools import partial
from typing import Any, Literal

from attrs import field, frozen

from .. import registry
from ..audio import recording
from ..audio.format import AudioFormat
from ..drivers.feeder import Chunk
from ..drivers.sync import Stream, connect
from ..errors import AudioError, ConfigError, ConnectionLost
from ..events import StreamEvent, Termination, Turn
from ..settings import ConfigSource
from .words import edits, plain_words

Audio = str | os.PathLike[str] | bytes | bytearray | memoryview | Iterable[Chunk]
EXACT = 0.05
"""Seconds by which turns that one ear hears through two protocols may differ: a wire that takes µ-law only changes the
samples a little, and so the times."""
REAL_TOLERANCE, REAL_RATE = 0.5, 0.2
"""The same of two services, which measure a word each in its own way; and how many of a hundred words they may hear
otherwise, one writing "20" where another writes "twenty"."""


@frozen
class EndedTurn:
    """A turn that has ended, as it is compared.

    Attributes:
        words: in lower case, without ``. , ? !``.
        start, end: seconds of audio; None: the provider did not say.
    """

    channel: int
    words: tuple[str, ...] = field(repr=lambda words: f"<{len(words)} words>")
    start: float | None
    end: float | None

    def when(self, tolerance: float, other: EndedTurn) -> bool:
        """Say whether it begins and ends when *other* does, give or take *tolerance* seconds."""
        pairs = ((self.start, other.start), (self.end, other.end))
        return all(
            one == two if one is None or two is None else abs(one - two) <= tolerance + 1e-9  # as much as 1.05 - 1.0
            for one, two in pairs
        )

    def __str__(self) -> str:
        start, end = ("?" if time is None else f"{time:.2f}" for time in (self.start, self.end))
        return f"{start} to {end} s, channel {self.channel}: {' '.join(self.words)}"


def ended_turns(provider: str, events: Iterable[StreamEvent]) -> tuple[EndedTurn, ...]:
    """Return the ended turns of a stream to *provider*, from all its *events*.

    Raises:
        ConnectionLost: the last event does not say that everything was heard.
    """
    turns: list[EndedTurn] = []
    last: StreamEvent | None = None
    for last in events:
        if isinstance(last, Turn) and last.end_of_turn:
            turns.append(EndedTurn(last.channel, tuple(plain_words(last.transcript)), last.start, last.end))
    if not isinstance(last, Termination) or not last.complete:
        why = f": {last.reason}" if isinstance(last, Termination) else ""
        raise ConnectionLost(provider, f"the stream did not come to its end{why}", retryable=False)
    return tuple(turns)


class DifferentTurns(AssertionError):
    """Providers heard different turns; the text shows all of them.

    Attributes:
        differences: as :attr:`SameTurns.differences`.
    """

    def __init__(self, differences: Sequence[str]) -> None:
        self.differences = tuple(differences)
        super().__init__(self.differences)

    def __str__(self) -> str:
        return "\n".join(self.differences)


@frozen
class SameTurns:
    """What each provider heard, and how the others differ from the first.

    Its truth is an assertion: true where there is no difference; else to ask for it raises, so that
    ``assert same_turns(…)`` shows every difference whole, whatever runs the test. For programs there is :attr:`same`.

    Attributes:
        turns: the ended turns of each provider, the first of which the others are compared with.
        tolerance: seconds by which the times of a turn may differ.
        word_error_rate: how many words may differ, as a part of those of the first provider.
    """

    turns: Mapping[str, tuple[EndedTurn, ...]]
    tolerance: float = EXACT
    word_error_rate: float = 0.0

    @property
    def same(self) -> bool:
        """Whether there is no difference."""
        return not self.differences

    @property
    def differences(self) -> tuple[str, ...]:
        """What differs, one text of several lines for each provider that differs from the first.

        A line ``-`` is a turn of the first provider, a line ``+`` one of the other.
        """
        (first, turns), *others = self.turns.items()
        texts = (self._text(first, turns, name, heard) for name, heard in others)
        return tuple(text for text in texts if text)

    def raise_for_differences(self) -> None:
        """Do nothing where the turns are the same.

        Raises:
            DifferentTurns: they are not; an ``AssertionError``.
        """
        __tracebackhide__ = True  # pytest shows the caller's line
        if differences := self.differences:
            raise DifferentTurns(differences)

    def __bool__(self) -> bool:
        __tracebackhide__ = True
        self.raise_for_differences()
        return True

    def _text(self, first: str, turns: Sequence[EndedTurn], name: str, heard: Sequence[EndedTurn]) -> str:
        """Return how *name* differs from *first*; "" where it does not."""
        rate = _rate(turns, heard)
        forgiven = self.word_error_rate > 0 and rate <= self.word_error_rate
        lines = [line for other, line in self._lines(turns, heard) if not (other and forgiven)]
        if not lines:
            return ""
        many = f": {rate:.0%} of the words differ, more than {self.word_error_rate:.0%}"
        over = many if self.word_error_rate and not forgiven else ""
        return "\n".join([f"{name} (+) heard other turns than {first} (-){over}", *lines])

    def _lines(self, turns: Sequence[EndedTurn], heard: Sequence[EndedTurn]) -> Iterator[tuple[bool, str]]:
        """Yield the lines of what differs, in order, each with whether the words do, or only the times."""
        one, two = ([(turn.channel, turn.words) for turn in each] for each in (turns, heard))
        for kind, left, to_left, right, to_right in SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
            if kind == "equal":
                pairs = zip(turns[left:to_left], heard[right:to_right], strict=True)
                for turn, other in pairs:
                    if not turn.when(self.tolerance, other):
                        yield False, f"  - {turn}"
                        yield False, f"  + {other}"
                continue
            yield from ((True, f"  - {turn}") for turn in turns[left:to_left])
            yield from ((True, f"  + {turn}") for turn in heard[right:to_right])


def _rate(turns: Sequence[EndedTurn], heard: Sequence[EndedTurn]) -> float:
    """Return the word error rate over all channels, wherever turns end; of nobody's words, how many were heard."""
    channels = {turn.channel for turn in (*turns, *heard)}
    pairs = [(_words(turns, channel), _words(heard, channel)) for channel in channels]
    return sum(edits(said, other) for said, other in pairs) / max(1, sum(len(said) for said, _ in pairs))


def _words(turns: Sequence[EndedTurn], channel: int) -> list[str]:
    return [word for turn in turns if turn.channel == channel for word in turn.words]


def same_turns(
    audio: Audio,
    *providers: str,
    emulate: bool = True,
    ear: Literal["local", "coded"] = "local",
    tolerance: float | None = None,
    word_error_rate: float | None = None,
    format: AudioFormat | None = None,  # noqa: A002  # what it is called everywhere
    config: ConfigSource | None = None,
    **options: Any,
) -> SameTurns:
    """Transcribe *audio* with each of *providers*, and return what each heard and how they differ from the first.

    ::

        def test_we_can_switch():
            assert same_turns("call.wav", "deepgram", "assemblyai-v3", config="stt.toml")

    Nothing is asked of anybody unless you say so: each provider is played by our own server half on this machine with
    one ear behind it, so no key is needed. That tests the switch, not the services: turns must come through every
    protocol in the same words on the same channels, and begin and end within 0.05 s of each other. With
    ``emulate=False`` the services themselves are asked, all at once, at the speed of speech, with the keys of the
    environment and at your expense. Their words cannot be expected to be equal, so by default up to a fifth of them
    may differ, wherever each ends its turns; turns that have equal words must begin and end within 0.5 s.

    Args:
        audio: the path of a recording; samples; or chunks of samples that can be iterated once for each provider, as
            an :class:`~aai_migrate.audio.AudioFile` or a list.
        providers: two or more, each as ``"name"`` or ``"name/model"``. One that has no server half and needs no key,
            such as ``"local"``, hears the audio itself.
        emulate: play the providers here; False: ask the services.
        ear: who listens behind the protocols: ``"local"``, the embedded recogniser, or ``"coded"``, which understands
            coded speech only.
        tolerance: seconds by which the times of turns with equal words may differ; None: 0.05, and 0.5 of services.
        word_error_rate: 0: every turn must have the same words. Above: the words of all turns are compared, whatever
            turn they are in; so many of them may be substituted, left out or added, as a part of the first provider's.
            None: 0, and 0.2 of services.
        format: of samples, or of chunks that do not say it; None: as *options* and *config* say.
        config, options: as for :func:`~aai_migrate.connect`, for all providers.
    Raises:
        ConfigError, AudioError: a setting is wrong, or *audio* can be read once only, or nobody heard a word in it.
        MissingExtra: emulation needs ``gateway``, and the ear ``local``.
        ProviderError: a provider failed, or its stream did not come to its end.
        OSError: there is no such recording.
    """
    _check(providers, emulate, options)
    source = _source(audio, realtime=not emulate)
    form = getattr(source, "format", None) or format
    if form:
        given = {"sample_rate": form.sample_rate, "encoding": form.encoding, "audio_channels": form.channels}
        options = {**given, **options}
    with ExitStack() as stack:
        played: dict[str, Any] = {}
        if emulate:
            from ..gateway import local  # needs an extra that nothing else here does

            played = {"base_url": stack.enter_context(local(ear)), "api_key": "emulated", "paced": False}

        def asked(name: str) -> dict[str, Any]:
            return {**played, **options} if emulate and _is_played(name) else options

        each = {name: partial(connect, name, config=config, **asked(name)) for name in providers}
        turns = _heard(each, source, at_once=1 if emulate else len(providers))
    if not any(turns.values()):  # else a test of the wrong recording, or with the wrong ear, could never fail
        ears = f"the ear {ear!r}, which all of them have" if emulate else "anybody"
        raise AudioError(f"there is no word in the audio for {ears}, so nothing can be compared; give it speech")
    usual = (EXACT, 0.0) if emulate else (REAL_TOLERANCE, REAL_RATE)
    chosen = zip((tolerance, word_error_rate), usual, strict=True)
    return SameTurns(turns, *(mine if mine is not None else theirs for mine, theirs in chosen))


def _heard(
    each: Mapping[str, Callable[[], Stream]], source: bytes | Iterable[Chunk], *, at_once: int
) -> dict[str, tuple[EndedTurn, ...]]:
    """Return what each provider hears of *source*, so many of them *at_once*; where one fails, none goes on."""
    streams: list[Stream] = []
    over = threading.Event()

    def hear(name: str, opened: Callable[[], Stream]) -> tuple[EndedTurn, ...]:
        with opened() as stream:
            streams.append(stream)
            return () if over.is_set() else ended_turns(name, stream.transcribe(source))

    with ThreadPoolExecutor(at_once, "aai_migrate same_turns") as pool:
        futures = {name: pool.submit(hear, name, opened) for name, opened in each.items()}
        try:
            done, _ = wait(futures.values(), return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            return {name: future.result() for name, future in futures.items()}
        finally:
            over.set()
            pool.shutdown(wait=False, cancel_futures=True)
            for stream in streams:
                stream.close()


def _check(providers: Sequence[str], emulate: bool, options: Mapping[str, Any]) -> None:
    if len(set(providers)) < max(2, len(providers)):
        raise ConfigError("same_turns compares two providers or more; name each of them once")
    if emulate:
        for name in ("base_url", "api_key", "token"):
            if name in options:
                raise ConfigError(f"{name} goes with emulate=False: an emulated provider is served here, without a key")


def _is_played(spec: str) -> bool:
    """Say whether the provider is played by its server half, or hears by itself.

    Raises:
        ConfigError: it can do neither.
    """
    provider = registry.find(registry.split(spec)[0])
    if provider.server is None and provider.env is not None:
        raise ConfigError(f"{provider.name} has no server half that could play it; pass emulate=False")
    return provider.server is not None


def _source(audio: Audio, *, realtime: bool) -> bytes | Iterable[Chunk]:
    if isinstance(audio, str | os.PathLike):
        return recording(audio, realtime=realtime)
    if isinstance(audio, bytes | bytearray | memoryview):
        return bytes(audio)
    if isinstance(audio, Iterator):
        raise AudioError("each provider needs the audio anew, which an iterator gives once; pass a list, or a path")
    return audio

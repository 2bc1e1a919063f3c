"""Sessions of coded speech at real time by the blocking and by the asyncio driver: what one session costs.

    python benchmarks/drivers.py [--sessions 50] [--seconds 20] [--uvloop]

All run one after the other against one gateway, which has a process of its own, so that only the drivers' work is
counted. Takes about four times ``--seconds``. Needs the extras ``async`` and ``gateway``.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

import aai_migrate
from aai_migrate.audio import AudioFormat, paced
from aai_migrate.testing.coded import encode, words

FORMAT = AudioFormat()
CHUNK = FORMAT.size(0.05)


def serve() -> None:
    """Run a gateway to coded speech until the parent lets go; print its address."""
    from aai_migrate.gateway import local

    with local("coded") as url:
        print(url, flush=True)
        sys.stdin.read()


def speech(seconds: float) -> tuple[tuple[str, ...], bytes]:
    """Return words and their sound, in turns of six."""
    spoken = words(max(6, int(seconds / 2.9) * 6))
    items: list[str | float] = []
    for at in range(0, len(spoken), 6):
        items += [*spoken[at : at + 6], 1.0]
    return spoken, encode(items, FORMAT)


def chunks(audio: bytes) -> Iterator[bytes]:
    """Yield *audio* at the speed of speech, from a thread."""
    return paced((audio[at : at + CHUNK] for at in range(0, len(audio), CHUNK)), FORMAT)


async def chunks_async(audio: bytes) -> AsyncIterator[bytes]:
    """Yield *audio* at the speed of speech, from the loop."""
    clock = asyncio.get_running_loop().time
    begin = clock()
    for at in range(0, len(audio), CHUNK):
        await asyncio.sleep(begin + FORMAT.seconds(at + CHUNK) - clock())
        yield audio[at : at + CHUNK]


def heard(events: list[aai_migrate.StreamEvent]) -> tuple[str, ...]:
    """Return the words of the ended turns."""
    turns = (event for event in events if isinstance(event, aai_migrate.Turn) and event.end_of_turn)
    return tuple(word for turn in turns for word in turn.transcript.split())


def blocking(url: str, audio: bytes, sessions: int) -> list[tuple[str, ...]]:
    """Run *sessions* by the blocking driver, each from a thread of the application; return what each heard."""
    found: list[tuple[str, ...]] = []

    def one() -> None:
        with aai_migrate.connect("assemblyai-v3", api_key="any", base_url=url) as stream:
            found.append(heard(list(stream.transcribe(chunks(audio)))))

    threads = [threading.Thread(target=one) for _ in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def in_loop(source: Callable[[bytes], Iterator[bytes] | AsyncIterator[bytes]], new_loop: Callable[[], object]) -> Load:
    """Return what runs sessions by the asyncio driver, all in one loop, from *source*."""

    async def one(url: str, audio: bytes) -> tuple[str, ...]:
        async with aai_migrate.aconnect("assemblyai-v3", api_key="any", base_url=url) as stream:
            return heard([event async for event in stream.transcribe(source(audio))])

    async def all_of_them(url: str, audio: bytes, sessions: int) -> list[tuple[str, ...]]:
        return await asyncio.gather(*(one(url, audio) for _ in range(sessions)))

    def run(url: str, audio: bytes, sessions: int) -> list[tuple[str, ...]]:
        with asyncio.Runner(loop_factory=new_loop) as runner:  # type: ignore[arg-type]
            return runner.run(all_of_them(url, audio, sessions))

    return run


Load = Callable[[str, bytes, int], list[tuple[str, ...]]]


def measure(load: Load, url: str, audio: bytes, sessions: int) -> tuple[list[tuple[str, ...]], float]:
    """Return what *load* heard, and the share of a core that it took, in per cent."""
    cpu, begin = time.process_time(), time.monotonic()
    found = load(url, audio, sessions)
    return found, 100 * (time.process_time() - cpu) / (time.monotonic() - begin)


def main() -> None:
    """Print cost and ratio of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--uvloop", action="store_true", help="run the asyncio driver under uvloop")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve()
        return
    new_loop: Callable[[], object] = asyncio.new_event_loop
    if args.uvloop:
        import uvloop  # type: ignore[import-not-found, unused-ignore]

        new_loop = uvloop.new_event_loop
    spoken, audio = speech(args.seconds)
    loads = {
        "blocking": blocking,
        "asyncio, source in the loop": in_loop(chunks_async, new_loop),
        "asyncio, source in threads": in_loop(chunks, new_loop),
    }
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        url = server.stdout.readline().strip()
        for load in loads.values():  # imports, and the first of everything
            load(url, audio[: FORMAT.size(0.5)], 1)
        print(f"{args.sessions} sessions, {FORMAT.seconds(len(audio)):.0f} s at real time in chunks of 50 ms")
        first = 0.0
        for name, load in loads.items():
            found, cost = measure(load, url, audio, args.sessions)
            first = first or cost
            right = sum(words == spoken for words in found)
            print(
                f"  {name:<28} {right:>3} of {args.sessions} heard all   {cost:5.1f} % of a core, "
                f"{cost / args.sessions:.3f} % a session   ratio {cost / first:.2f}"
            )
        server.communicate("")


if __name__ == "__main__":
    main()

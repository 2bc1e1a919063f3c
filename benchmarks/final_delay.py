"""How long after the silence that ends a turn its words come, beside a recogniser that begins to decide then.

    python benchmarks/final_delay.py

Speech arrives in real time on a clock that is counted, not waited for: it stands at the later of the audio's
arrival and the end of the work so far, which costs what it took of the processor. The reference is the same
recogniser without its look ahead. Both have the same words. Rounds are interleaved in one process; the ratio
is the median of those of single turns, so that a noisy machine does not matter.
"""

from __future__ import annotations

import statistics
import time
import wave
from pathlib import Path

from aai_migrate_providers.local.ear import Ears
from aai_migrate_providers.local.messages import Settings, Utterance
from aai_migrate_providers.local.recogniser import FRAME, Recogniser
from aai_migrate_providers.local.settings import WIRE

ROUNDS = 3
AUDIO = Path(__file__).parents[1] / "fixtures" / "audio"
SIZE = WIRE.size(FRAME)


def delays(ears: Ears, audio: bytes, *, ahead: bool) -> list[tuple[tuple[str, ...], float]]:
    """Return, for each turn, its words and how many seconds after its last sample they came."""
    recogniser, clock, out = Recogniser(ears, Settings()), 0.0, []
    for at in range(0, len(audio), SIZE):
        arrived = WIRE.seconds(at + SIZE)
        while ahead and clock < arrived and recogniser.may_look_ahead:
            begin = time.process_time()
            recogniser.look_ahead()
            clock += time.process_time() - begin
        clock = max(clock, arrived)
        begin = time.process_time()
        for result in recogniser.feed(audio[at : at + SIZE]):
            if isinstance(result, Utterance):
                late = clock + time.process_time() - begin - result.to
                out.append((tuple(word.text for word in result.words), late))
        clock += time.process_time() - begin
    recogniser.close()
    return out


def speech(voice: str) -> bytes:
    """Return a recording of three sentences with pauses."""
    with wave.open(str(AUDIO / f"{voice}.wav")) as file:
        return bytes(file.readframes(file.getnframes())) + bytes(WIRE.size(1.0))


def closed_up(ears: Ears, audio: bytes) -> bytes:
    """Return *audio* as one turn, with the pauses between its sentences cut down to 0.2 s."""
    recogniser, out = Recogniser(ears, Settings(partials=False)), b""
    for result in recogniser.feed(audio):
        if isinstance(result, Utterance):
            out += audio[WIRE.size(result.words[0].start - 0.1) : WIRE.size(result.words[-1].end + 0.1)]
    return out + bytes(WIRE.size(1.0))


def main() -> None:
    """Print milliseconds and ratios."""
    ears = Ears()
    ears.load(2)
    sentences = [speech("awb"), speech("rms")]
    kinds = {"one sentence": sentences, "three at a stretch": [closed_up(ears, audio) for audio in sentences]}
    print("from the end of the turn's silence to its words, ms   ours  reference  ratio")
    for kind, clips in kinds.items():
        ours: list[float] = []
        reference: list[float] = []
        for _ in range(ROUNDS):
            for clip in clips:
                early, late = (delays(ears, clip, ahead=ahead) for ahead in (True, False))
                assert [words for words, _ in early] == [words for words, _ in late]
                ours += [delay for _, delay in early]
                reference += [delay for _, delay in late]
        ratio = statistics.median(a / b for a, b in zip(ours, reference, strict=True))
        middle, other = (statistics.median(times) * 1000 for times in (ours, reference))
        print(f"  {kind:<50} {middle:6.1f}  {other:9.1f}  {ratio:5.2f}")


if __name__ == "__main__":
    main()

"""What the documentation leaves open, or says in two ways: each is a switch, for a client to be tried with both."""

from __future__ import annotations

from typing import Literal

from attrs import define, field

from aai_migrate.testing.coded import Hard


@define(kw_only=True)
class Habits:
    """How the vendor reads its own documentation.

    Attributes:
        hard: what makes hearing difficult. Partials show one word wrong with ``rewrite``, finals come ``late`` seconds
            of audio after what they end, word times are off by up to ``jitter``, and an utterance is cut after
            ``split_every`` words. Nothing becomes final in mid-utterance, so ``final_every`` means nothing here.
    """

    hard: Hard = field(factory=Hard)

    # the handshake
    refuses: Literal["behind the upgrade", "with a status"] = "behind the upgrade"  # who shows no good key
    retired: Literal["no", "frame", "status"] = "no"  # how the service says that it is no more
    retired_code: int = 1000  # of the close behind the frame
    tells: bool = True  # what is wrong, in a text frame before the close
    greeting: float = 0.0  # seconds from the upgrade to SessionBegins
    begins: Literal["microseconds", "seconds", "zone"] = "microseconds"  # how a time is written
    lasts: float = 7200.0  # seconds to the end of the session

    # words
    step: float = 0.5  # seconds of audio from one partial to the next
    empties: bool = True  # partials come while nothing is said
    repeats: bool = True  # the last partial comes again before the final
    merges: Literal["no", "partials", "finals"] = "no"  # two words are one in these
    window: Literal["words", "received"] = "words"  # where it ends: before the next word, or with the audio that came
    force: Literal["answered", "empty", "ignored"] = "answered"  # "empty": a final also where nothing is open
    last: Literal["words", "empty"] = "words"  # "empty": at the end a final comes also where nothing is open
    others: bool = False  # messages that the page does not have come between those it has

    # limits
    shortest: float = 0.0  # seconds of a chunk: the page says 0.1, yet shorter ones were taken
    idle: float = 60.0  # seconds without audio
    closes: bool = True  # the socket after SessionTerminated, or waits for the client to do it


__all__ = ["Habits", "Hard"]

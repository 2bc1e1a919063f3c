"""What makes the ear a difficult vendor."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Hard:
    """Difficulties, all off by default; each keeps the grammar of events and loses no word.

    Attributes:
        final_every: after every so many words a Final appends them in mid-turn; 0: only at the turn's end.
        rewrite: a Partial shows its newest word wrong, and the next one puts it right.
        late: Finals and ends of turns come out after so many more seconds of audio, or at Finalize and Stop.
            Until then the words of the next turn stand in the open tail of this one.
        jitter: reported word times are off by up to so many seconds, starts never after ends.
        split_every: a turn ends after so many words without a pause; 0: never.
        seed: for ``jitter``.
        silent_settle: whether silence is settled while no turn is open.
        stable: whether Partials promise the words that will not change; ``rewrite`` promises none.
    """

    final_every: int = 0
    rewrite: bool = False
    late: float = 0.0
    jitter: float = 0.0
    split_every: int = 0
    seed: int = 0
    silent_settle: bool = True
    stable: bool = False

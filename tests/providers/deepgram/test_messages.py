"""What the vendor says, as values."""

from __future__ import annotations

from typing import Any

import pytest
from aai_migrate_providers.deepgram.flux.infos import Infos
from aai_migrate_providers.deepgram.messages import span, turn_info

from aai_migrate.wire.events import Final, TurnEnded

CANARY = "Tretinoin"


def restated() -> list[Any]:
    """What a client of Flux hears of a turn."""
    infos = Infos(eager=False)
    infos.hear(Final(turn=0, text=CANARY, start=0.0, end=1.0), 0.0)
    return infos.hear(TurnEnded(turn=0), 0.0)


@pytest.mark.parametrize(
    "value",
    [
        span({"channel": {"alternatives": [{"transcript": CANARY, "words": [{"word": CANARY}]}]}}),
        turn_info({"turn_index": 0, "transcript": CANARY, "words": [{"word": CANARY}]}),
        restated()[-1],
    ],
)
def test_no_transcript_is_in_a_repr(value: Any) -> None:
    """It may end in a log, or in the traceback of somebody's bug."""
    assert value.text == CANARY
    assert CANARY not in repr(value)

"""Both halves of both paths joined by a link, with coded speech behind them: cuts before every frame lose no word."""

from __future__ import annotations

from typing import Any

import pytest
from aai_migrate_providers.deepgram.server import Server
from attrs import evolve

from aai_migrate import registry
from aai_migrate.config import Config
from aai_migrate.provider import Provider
from aai_migrate.testing import Cut, Fault
from aai_migrate.testing.coded import Hard

from ...session.hearing import WORDS, Run

pytestmark = pytest.mark.no_cover  # hundreds of sessions
NOVA, FLUX = "nova-3", "flux-general-en"
EARS = {
    "plain": Hard(),
    "late and rewritten": Hard(final_every=2, rewrite=True, late=0.4, split_every=2),
    "silence is not settled": Hard(silent_settle=False),
}


def served(model: str) -> Provider:
    """The provider with the server half, on the wire that *model* has."""
    return evolve(registry.find("deepgram").suited(Config(model=model)), server=Server)


def check(done: Run, what: str) -> None:
    assert done.words == WORDS, what
    assert done.end.complete, what
    done.contract()
    done.heard_all()


@pytest.mark.parametrize("ear", EARS)
@pytest.mark.parametrize(("model", "options"), [(NOVA, {}), (NOVA, {"partials": False}), (FLUX, {})])
def test_a_cut_before_any_frame_loses_no_word(model: str, options: dict[str, Any], ear: str) -> None:
    """Nor is one doubled, whatever the provider behind is like."""

    def run(*faults: Fault) -> Run:
        return Run(served(model), model=model, hard=EARS[ear], faults=faults, **options)

    whole = run()
    check(whole, "whole")
    for number in range(whole.link.crossed["up"]):
        check(run(Cut("up", number)), f"up {number}")
    for number in range(whole.link.crossed["down"]):
        check(run(Cut("down", number)), f"down {number}")

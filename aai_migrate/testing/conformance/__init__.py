"""The suite that every provider passes, ours and other people's: subclass :class:`Conformance` in a test file.

::

    from aai_migrate.testing.conformance import Conformance

    class TestTiny(Conformance):
        provider = "tiny"

It needs pytest and hypothesis. Everything runs in memory on a manual clock, and equally each time.
"""

from __future__ import annotations

from ...errors import MissingExtra
from ...extras import installed

if not (installed("pytest") and installed("hypothesis")):
    raise MissingExtra("the conformance suite", "testing")

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{name}" for name in (
    "bench", "cuts", "described", "ends", "fuzz", "hearing", "secrets", "settings",
)))  # fmt: skip

from .cuts import Cuts  # noqa: E402
from .described import Described  # noqa: E402
from .ends import Ends  # noqa: E402
from .fuzz import Fuzz  # noqa: E402
from .hearing import Hearing  # noqa: E402
from .secrets import Secrets  # noqa: E402
from .settings import Settings  # noqa: E402

__all__ = ["Conformance"]


class Conformance(Described, Settings, Hearing, Cuts, Ends, Secrets, Fuzz):
    """Subclass it, say which ``provider``, and pytest runs the suite.

    What a provider cannot do is skipped, with the reason; see :class:`~aai_migrate.testing.conformance.bench.Bench`
    for what a subclass may say besides.
    """

"""Every test sees what it leaves behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def no_worker_lingers() -> Iterator[None]:
    """Let a recogniser's process end with its last session, so that a test can see that nothing is left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aai_migrate_providers.local.pool.LINGER", 0.0)
        yield

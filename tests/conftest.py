"""Every test sees what it leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest
from hypothesis import HealthCheck, settings

from aai_migrate import registry

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")  # how long an example takes says something about the machine, nothing about us


@pytest.fixture(scope="session", autouse=True)
def no_worker_lingers() -> Iterator[None]:
    """Let a recogniser's process end with its last session, so that a test can see that nothing is left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aai_migrate_providers.local.pool.LINGER", 0.0)
        yield


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a plug-in be installed whose provider ``broken`` does not import: its module is missing."""
    plug_in = EntryPoint("broken", "no_module:PROVIDER", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [plug_in])

"""The embedded recogniser: pocketsphinx in processes of its own, one a core, no network and no key. English only.

Importing this package neither imports pocketsphinx nor starts anything.
"""

from aai_migrate.provider import Provider

from .client import LocalClient
from .pool import limit_workers, open_worker, ready
from .settings import CAPABILITIES, NAME, NUMBERS, OPTIONS

__all__ = ["PROVIDER", "LocalClient", "limit_workers", "open_worker"]

PROVIDER = Provider(
    name=NAME,
    title="Embedded recogniser",
    env=None,
    client=LocalClient,
    capabilities=CAPABILITIES,
    options=OPTIONS,
    numbers=NUMBERS,
    open_worker=open_worker,
    limit_workers=limit_workers,
    ready=ready,
)

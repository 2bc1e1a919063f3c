"""Asking the application for a credential without holding the loop up."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from ..credentials import Asked, Credential, CredentialSource, hide
from ..errors import AaiMigrateError, ConfigError
from .aio_lane import apart

PATIENCE = 60.0
"""Seconds that the application may take; it may have to ask somebody else."""


class Fetched:
    """A credential source that a session can ask in the loop: whatever takes time is done in :meth:`fetch`.

    A plain callable of the application is called in a thread, an async one in the loop.
    """

    def __init__(self, source: CredentialSource) -> None:
        """Put *source* in reach."""
        self._source = source
        self._answer: Callable[[], Credential] | None = None

    @property
    def ready(self) -> bool:
        """Whether asking takes no time."""
        return self._answer is not None or not isinstance(self._source, Asked)

    def __call__(self) -> Credential | None:
        """Return what was fetched, once.

        Raises:
            AaiMigrateError: what fetching failed of.
        """
        answer, self._answer = self._answer, None
        return answer() if answer else self._source()

    async def fetch(self) -> None:
        """Ask the application, unless the answer is there; what comes of it is seen when the session asks."""
        if self.ready or not isinstance(self._source, Asked):
            return
        self._answer = await self._fetch(self._source)

    async def _fetch(self, source: Asked) -> Callable[[], Credential]:
        try:
            async with asyncio.timeout(PATIENCE) as limit:
                return partial(source.read, hide(await _answer(source.callable)))
        except AaiMigrateError as error:
            return partial(_fail, error)
        except Exception as error:  # noqa: BLE001 the application's code may raise anything
            if limit.expired():
                return partial(
                    _fail, ConfigError(f"the callable given as {source.name} gave none within {PATIENCE:g} s")
                )
            failure = source.failed(error)
            failure.__cause__ = error
            return partial(_fail, failure)


async def _answer(ask: Callable[[], Any]) -> Any:
    if inspect.iscoroutinefunction(ask) or inspect.iscoroutinefunction(getattr(ask, "__call__", None)):  # noqa: B004
        return await ask()
    answer = await apart("credential", ask)
    return await answer if inspect.isawaitable(answer) else answer


def _fail(error: AaiMigrateError) -> Credential:
    raise error

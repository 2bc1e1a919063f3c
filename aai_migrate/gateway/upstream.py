"""What stands behind the gateway, and what of a client's wishes it is told."""

from __future__ import annotations

import logging
from collections.abc import Callable

from attrs import evolve, frozen

from ..audio.format import AudioFormat
from ..config import OPTIONS, Channels, Config
from ..drivers.aio import AsyncSession
from ..drivers.aio_credential import Fetched
from ..provider import Context, Provider
from ..session import Session
from ..session.session import SessionEvent
from ..settings import Settings
from ..wire.commands import Start

LOG = logging.getLogger("aai_migrate")
RATE = 16_000
"""Hz: what most providers take."""


def adapt(start: Start, provider: Provider, ours: Config) -> Config:
    """Return the settings for *provider* of a session that a client started.

    The audio format and channels are the client's, but two that the provider cannot keep apart are mixed.
    Options are those the client set and the provider has, else *ours*. The model is *ours*, else the client's where
    it speaks the provider's own dialect. What goes in ``extra`` is kept, the client's words before *ours*.
    """
    asked = start.config
    own = start.origin is not None and start.origin.dialect == provider.name
    names = {**ours.extra, **asked.extra}
    extra = {name: {**ours.extra.get(name, {}), **asked.extra.get(name, {})} for name in names}
    model = ours.model or (asked.model if own else None)
    config = evolve(ours, audio=asked.audio, model=model, extra=extra, on_unsupported="warn")
    suited = provider.suited(config)
    has = {row.name for row in suited.options if row.support != "unsupported"}
    wishes = {name: getattr(asked, name) for name in OPTIONS if name in has and asked.is_set(name)}
    return evolve(config, **wishes, channels=_channels(asked, suited))


def _channels(asked: Config, provider: Provider) -> Channels:
    """Return whether *provider* has to keep channels apart; more than two cannot be mixed, so that is its error."""
    if asked.channels == "separate" and asked.audio.channels == 2 > provider.capabilities.max_channels:
        LOG.warning("%s keeps no two channels apart: those of a client are mixed", provider.name)
        return "mix"
    return asked.channels


@frozen
class Upstream:
    """The provider behind the gateway, with the operator's settings."""

    settings: Settings
    context: Context

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.settings.provider.name

    async def check(self) -> None:
        """Let a session begin on paper: without a client, on audio that the provider takes, and dialling nobody.

        Raises:
            ConfigError, AudioError: the provider lacks what the operator asks for, or there is no credential.
        """
        can = self.settings.provider.suited(self.settings.config).capabilities
        rate = RATE if RATE in can.sample_rates else can.sample_rates[0]
        config = evolve(self.settings.config, audio=AudioFormat(rate, can.encodings[0]))
        credentials = Fetched(self.settings.credentials)
        await credentials.fetch()
        self._session(credentials).send(Start(config), 0.0)

    def start(self, start: Start) -> Start:
        """Return *start* as the provider is told it: the client's credential stays here."""
        return Start(adapt(start, self.settings.provider, self.settings.config), None, start.origin)

    def open(self, on_events: Callable[[list[SessionEvent]], None]) -> AsyncSession:
        """Return a session that has not started."""
        credentials = Fetched(self.settings.credentials)
        return AsyncSession(self._session(credentials), on_events, credentials)

    def _session(self, credentials: Fetched) -> Session:
        settings = self.settings
        return Session(
            settings.provider,
            self.context,
            credentials=credentials,
            limits=settings.limits,
            retry=settings.retry,
        )

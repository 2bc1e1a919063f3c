"""Deepgram's streaming speech-to-text: ``/v1/listen`` (Nova and older models) and ``/v2/listen`` (Flux).

Source pages, read 2026-11:
https://developers.deepgram.com/reference/speech-to-text/listen-streaming,
https://developers.deepgram.com/reference/speech-to-text/listen-flux,
https://developers.deepgram.com/docs/understand-endpointing-interim-results
"""

from attrs import evolve

from aai_migrate.config import Config
from aai_migrate.errors import ConfigError
from aai_migrate.options import from_milliseconds
from aai_migrate.provider import Numbers, Pace, Provider

from .flux import client as flux
from .listen import client as listen
from .options import FLUX_CAPABILITIES, FLUX_OPTIONS, LISTEN_CAPABILITIES, NAME, OPTIONS, flag, is_flux
from .parameters import EOT_TIMEOUT_MS
from .server import ROUTES, Server
from .token import TOKENS

EOT_TIMEOUT, BEYOND = from_milliseconds(EOT_TIMEOUT_MS), 0.3
"""Seconds of silence that end a turn of Flux at the latest unless the caller says otherwise, and a little more."""


def _variant(config: Config) -> Provider:
    """Return what speaks with the model that *config* names.

    Raises:
        ConfigError: the word in ``extra`` that tells of ``ForceEndTurn`` is neither true nor false.
    """
    if not is_flux(config.model):
        return PROVIDER
    try:
        forces = flag(config.extra.get(NAME, {}).get(flux.FORCE, True))
    except ValueError as error:
        raise ConfigError(f"{NAME}: {flux.FORCE}: {error}") from None
    if forces:
        return FLUX
    return evolve(FLUX, numbers=evolve(FLUX.numbers, finalize="silence", finalize_silence=_longest_silence(config)))


def _longest_silence(config: Config) -> float:
    """Return how much silence ends a turn of Flux for sure: a little more than what the model waits for."""
    given = config.extra.get(NAME, {}).get("eot_timeout_ms")
    try:
        wait = (config.max_turn_silence or EOT_TIMEOUT) if given is None else from_milliseconds(given)
    except (TypeError, ValueError):
        wait = EOT_TIMEOUT  # the handshake will say what is wrong
    return wait + BEYOND


PROVIDER = Provider(
    name=NAME,
    title="Deepgram",
    env="DEEPGRAM_API_KEY",
    client=listen.Client,
    server=Server,
    routes=ROUTES,
    tokens=TOKENS,
    variant=_variant,
    capabilities=LISTEN_CAPABILITIES,
    options=OPTIONS,
    numbers=Numbers(
        keepalive=4.0,
        audio_due=10.0,
        ends_only_with_audio=True,
        finalize_timeout=2.0,
        settle_lag=None,  # spans of silence come as well, and settle it
        pace=Pace(factor=1.25, ahead=30.0),
        chunk=(0.02, 0.1, 1.0),
    ),
)
FLUX = evolve(
    PROVIDER,
    client=flux.Client,
    capabilities=FLUX_CAPABILITIES,
    options=FLUX_OPTIONS,
    numbers=Numbers(
        ends_only_with_audio=True,
        finalize_silence=EOT_TIMEOUT + BEYOND,
        finalize_timeout=3.0,
        settle_lag=5.0,
        pace=Pace(factor=1.25, ahead=30.0),
        chunk=(0.02, 0.08, 1.0),
        ping=15.0,  # what keeps an idle connection
    ),
)

__all__ = ["PROVIDER"]

"""Speechmatics' real-time speech-to-text: ``/v2``, and Agent STT at ``/v2/agent``.

Source pages, read 2026-11:
https://docs.speechmatics.com/api-ref/realtime-transcription-websocket,
https://docs.speechmatics.com/get-started/authentication,
https://docs.speechmatics.com/speech-to-text/realtime/limits
"""

from attrs import evolve

from aai_migrate.config import Config
from aai_migrate.provider import Numbers, Provider

from .agent import client as agent
from .options import AGENT, AGENT_CAPABILITIES, AGENT_OPTIONS, CAPABILITIES, NAME, OPTIONS, family
from .rt import client as rt
from .server import ROUTES, Server
from .token import TOKENS

VOCABULARY = 20.0
"""Seconds for the greeting where there is a vocabulary: the vendor takes up to 15 to read it."""


def _variant(config: Config) -> Provider:
    """Return what speaks with the model that *config* names."""
    provider = AGENT_STT if family(config.model) == AGENT else PROVIDER
    if config.keyterms or "additional_vocab" in config.extra.get(NAME, {}):
        return evolve(provider, numbers=evolve(provider.numbers, greeting=VOCABULARY))
    return provider


PROVIDER = Provider(
    name=NAME,
    title="Speechmatics",
    env="SPEECHMATICS_API_KEY",
    client=rt.Client,
    server=Server,
    routes=ROUTES,
    tokens=TOKENS,
    variant=_variant,
    capabilities=CAPABILITIES,
    options=OPTIONS,
    numbers=Numbers(
        keepalive=900.0,  # a session without audio lives for an hour
        keepalive_by="silence",
        ends_only_with_audio=True,
        finalize_timeout=2.0,
        settle_lag=10.0,  # windows without words settle silence sooner; not every server sends them
        in_flight=10.0,
        chunk=(0.02, 0.1, 1.0),
        session_limit=172_800.0,
        ping=20.0,
    ),
)
AGENT_STT = evolve(PROVIDER, client=agent.Client, capabilities=AGENT_CAPABILITIES, options=AGENT_OPTIONS)

__all__ = ["PROVIDER"]

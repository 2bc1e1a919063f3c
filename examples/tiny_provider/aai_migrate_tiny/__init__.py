"""Tiny, an invented speech-to-text service, as a provider for ``aai_migrate``. Its protocol is in README.md."""

from aai_migrate.provider import Numbers, Provider

from .client import Client
from .options import CAPABILITIES, NAME, OPTIONS, PATH
from .server import Server

PROVIDER = Provider(
    name=NAME,
    title="Tiny",
    env="TINY_API_KEY",
    client=Client,
    server=Server,
    routes=(("GET", PATH),),
    capabilities=CAPABILITIES,
    options=OPTIONS,
    numbers=Numbers(
        keepalive=20.0,  # the server gives up after 60
        keepalive_by="message",
        ends_only_with_audio=True,
        finalize="message",
        finalize_timeout=3.0,
        settle_lag=None,  # "done" settles silence, too
        chunk=(0.02, 0.1, 1.0),
        frame_limit=1 << 20,
        ping=None,  # the keepalive is enough
    ),
)

__all__ = ["PROVIDER"]

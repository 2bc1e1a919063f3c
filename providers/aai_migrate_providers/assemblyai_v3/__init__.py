"""AssemblyAI's streaming API v3.

Source pages, read 2026-09:
https://www.assemblyai.com/docs/api-reference/streaming-api/streaming-api,
https://www.assemblyai.com/docs/speech-to-text/universal-streaming
"""

from aai_migrate.provider import Numbers, Pace, Provider

from .client import Client
from .options import CAPABILITIES, NAME, OPTIONS
from .server import Server
from .token import TOKENS

PROVIDER = Provider(
    name=NAME,
    title="AssemblyAI v3",
    env="ASSEMBLYAI_API_KEY",
    client=Client,
    server=Server,
    tokens=TOKENS,
    capabilities=CAPABILITIES,
    options=OPTIONS,
    numbers=Numbers(
        ends_only_with_audio=True,
        finalize_timeout=3.0,
        settle_lag=5.0,
        pace=Pace(factor=1.25, ahead=30.0),
        chunk=(0.05, 0.1, 1.0),
        longest_turn=60.0,
        session_limit=10_800.0,
        frame_limit=1 << 20,
    ),
    routes=(("GET", "/v3/ws"), ("*", "/v3/token")),  # the second is no address to point clients at
)

__all__ = ["PROVIDER"]

"""AssemblyAI's realtime API v2, which its vendor has retired: for clients and servers that still speak it.

Source pages: https://github.com/AssemblyAI/assemblyai-api-spec (asyncapi.yml 1.1.2 and openapi.yml, as they were until
2025)
"""

from aai_migrate.provider import Numbers, Pace, Provider

from .client import Client, check
from .options import CAPABILITIES, NAME, OPTIONS
from .server import ROUTES, Server
from .token import TOKENS

PROVIDER = Provider(
    name=NAME,
    title="AssemblyAI v2 (retired)",
    env="ASSEMBLYAI_API_KEY",
    client=Client,
    server=Server,
    tokens=TOKENS,
    capabilities=CAPABILITIES,
    options=OPTIONS,
    numbers=Numbers(
        keepalive=25.0,  # of 60 without audio
        keepalive_by="silence",
        ends_only_with_audio=True,
        finalize_timeout=3.0,
        settle_lag=5.0,
        pace=Pace(factor=1.0, ahead=10.0),  # faster for more than a minute ends the session
        # What is left before a Finalize or the end goes out as it is, though it be shorter: the vendor took chunks of
        # 50 ms as well, and to fill it up with silence would put all later words at another time.
        chunk=(0.1, 0.1, 2.0),
        longest_turn=60.0,
        frame_limit=1 << 20,
    ),
    routes=ROUTES,
    check=check,
)

__all__ = ["PROVIDER"]

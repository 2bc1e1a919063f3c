"""Gladia's live speech-to-text (``/v2/live``).

Source pages, read 2026-09:
https://docs.gladia.io/api-reference/v2/live/init,
https://docs.gladia.io/api-reference/v2/live/websocket,
https://docs.gladia.io/chapters/live-stt/features
"""

from aai_migrate.provider import Numbers, Pace, Provider

from .client import Client
from .options import CAPABILITIES, LONGEST, NAME, OPTIONS, PATH
from .server import Server, session_of
from .token import TOKENS

PROVIDER = Provider(
    name=NAME,
    title="Gladia",
    env="GLADIA_API_KEY",
    client=Client,
    server=Server,
    session_of=session_of,
    routes=(("*", PATH), ("*", f"{PATH}/{{id}}"), ("*", f"{PATH}/{{id}}/file")),
    tokens=TOKENS,
    capabilities=CAPABILITIES,
    options=OPTIONS,
    numbers=Numbers(
        keepalive=20.0,  # a socket without input is said to be dropped after 30
        ends_only_with_audio=True,
        finalize="silence",
        finalize_silence=1.0,
        finalize_timeout=2.0,
        settle_lag=5.0,
        pace=Pace(factor=1.25, ahead=30.0),
        longest_turn=float(LONGEST),
        session_limit=10_800.0,
        # The vendor takes 1 MiB, but the transcript of hours may be longer: so much is read.
        frame_limit=16 << 20,
    ),
)

__all__ = ["PROVIDER"]

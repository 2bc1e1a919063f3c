"""One port that speaks every dialect, with any provider behind it. Needs the extra ``gateway``."""

from ..errors import MissingExtra

try:
    import aiohttp as _aiohttp  # noqa: F401 asked for here, so that who lacks it is told what to install
except ImportError:
    raise MissingExtra("the gateway", "gateway") from None

from .serve import Address, Gateway, accept_all, accept_any, local

__all__ = ["Address", "Gateway", "accept_all", "accept_any", "local"]

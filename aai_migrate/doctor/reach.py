"""Whether a vendor's host can be reached; it is asked nothing, and no key is sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from attrs import evolve, frozen

from ..config import Config
from ..drivers.http import exchange
from ..drivers.route import LostError, route
from ..drivers.socket import LockedSocket
from ..errors import AaiMigrateError
from ..explain import rehearse
from ..provider import Provider
from ..wire.frames import Connect, HttpRequest, LostCause
from .deadline import within
from .finding import Finding, split

CHECK = "network"
LONGEST = 10.0
"""Seconds for one host, with name look-up, proxy, TLS and the answer."""
_AROUND = "check the network and its firewall; where a proxy is needed, set https_proxy"
_FIXES: dict[LostCause, str] = {
    "dns": f"check base_url and region, and the name server; {_AROUND}",
    "refused": f"check the port in base_url; {_AROUND}",
    "timeout": _AROUND,
    "proxy": "check https_proxy and its password, or name the host in no_proxy",
    "reset": "something between may take TLS apart; ask who runs the network",
    "tls": "ask who runs the host, or what stands between",
}
_BY_CLOCK = "check this machine's date and time; if they are right, the host's certificate has to be renewed"


@frozen
class Contact:
    """What became of dialling a host.

    Attributes:
        host, port: where.
        secure: whether by TLS.
        proxy: by which proxy, as HOST:PORT; "" for none.
        cause, detail: why it was not reached; None and "" where it was.
        said: why the host did not answer in HTTP; "" where it did.
        date: the Date header of its answer, or "".
        asked, answered: when, in Unix seconds by this machine's clock.
    """

    host: str
    port: int
    secure: bool
    proxy: str = ""
    cause: LostCause | None = None
    detail: str = ""
    said: str = ""
    date: str = ""
    asked: float = 0.0
    answered: float = 0.0

    @property
    def place(self) -> str:
        """HOST:PORT."""
        return f"{self.host}:{self.port}"


def target(provider: Provider, config: Config) -> str | None:
    """Return the URL where a session of *provider* with *config* would begin, its scheme and host alone.

    None: it needs no network, or cannot begin.
    """
    lenient = evolve(config, on_unsupported="warn")
    for attempt in (lenient, Config(region=config.region, base_url=config.base_url, on_unsupported="warn")):
        try:
            said = rehearse(provider, attempt).said
        except AaiMigrateError:  # refused options are told elsewhere
            continue
        first = next((each for each in said if isinstance(each, (HttpRequest, Connect))), None)
        if first is None or first.url.startswith("worker:"):
            return None
        parts = urlsplit(first.url)
        return f"{parts.scheme}://{parts.netloc}"
    return None


def contact(url: str, seconds: float = LONGEST, clock: Callable[[], float] = time.time) -> Contact:
    """Dial *url* as a session would, ask for ``/`` without a key, and say what came of it, in *seconds* at most.

    Args:
        clock: this machine's, in Unix seconds.
    """
    done = within(seconds + 1.0, lambda: _contact(url, time.monotonic() + seconds, clock))
    if done is not None:
        return done
    place = _place(url)  # only the look-up of a name has no end of its own
    return evolve(place, cause="timeout", detail=f"the look-up of {place.host} took too long")


def _place(url: str) -> Contact:
    """Return where *url* leads, before anything is looked up."""
    parts = urlsplit(url)
    secure = parts.scheme in ("wss", "https")
    return Contact(parts.hostname or "", parts.port or (443 if secure else 80), secure)


def _contact(url: str, by: float, clock: Callable[[], float]) -> Contact:
    try:
        way = route(url)
    except LostError as error:
        return evolve(_place(url), cause=error.cause, detail=error.detail)
    proxy = f"{way.proxy.host}:{way.proxy.port}" if way.proxy else ""
    there = Contact(way.host, way.port, way.secure, proxy)
    wire = LockedSocket()
    wire.end_by = by
    try:
        wire.dial(url, by)
        asked = clock()
        wire.receive_by = by
        answer = exchange(wire, "HEAD", "/", {"Host": urlsplit(url).netloc, "Connection": "close"})
        date = answer.getheader("Date") or ""
        return evolve(there, date=date, asked=asked, answered=clock())
    except LostError as error:
        return evolve(there, cause=error.cause, detail=error.detail)
    except OSError as error:
        return evolve(there, said=error.strerror or str(error))
    except ValueError:  # as exchange says: a proxy is to look up a name that no request can carry
        return evolve(there, cause="dns", detail=f"{way.host} cannot stand in a request; write it in its xn-- form")
    finally:
        wire.close()


def reached(provider: str, there: Contact) -> Finding:
    """Return what is to say of *there*, the host of *provider*."""
    subject = f"{provider} at {there.place}"
    if there.cause is not None:
        detail, hint = split(there.detail)[0]
        fix = hint or _FIXES.get(there.cause, _AROUND)
        if "expired" in detail or "not yet valid" in detail:
            fix = _BY_CLOCK
        return Finding(CHECK, subject, "failed", f"{there.cause}: {detail}", fix)
    by = f", through the proxy {there.proxy}" if there.proxy else ""
    how = "reached, certificate valid" if there.secure else "reached, without TLS"
    if there.said:
        found = f"{how}{by}, but it does not answer: {there.said}"
        return Finding(CHECK, subject, "warning", found, "check that base_url names a server of this protocol")
    if not there.secure and not _here(there.host):
        found = f"{how}{by}: keys and audio can be read on the way"
        return Finding(CHECK, subject, "warning", found, "let base_url begin with wss://")
    return Finding(CHECK, subject, "ok", how + by)


def _here(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")

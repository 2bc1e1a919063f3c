"""What this machine would dial with: the authorities it trusts, and the proxies its environment names."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping

from attrs import frozen

from ..drivers.route import LostError, named, tls
from .finding import Finding, split

TLS, PROXY = "tls", "proxy"
FILE, FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"
_KINDS = ("https_proxy", "http_proxy", "all_proxy")


@frozen
class Store:
    """The certificates that are trusted.

    Attributes:
        loaded: how many authorities were read.
        folder: how many files lie in the folder that OpenSSL looks into while it checks; 0 for none.
        missing: the variables that name what is not there or cannot be read.
        version: of the TLS library.
    """

    loaded: int
    folder: int
    missing: tuple[str, ...] = ()
    version: str = ssl.OPENSSL_VERSION


def store(environment: Mapping[str, str]) -> Store:
    """Return what is trusted here."""
    paths = ssl.get_default_verify_paths()
    folder = environment.get(FOLDER) or paths.capath or ""
    missing = [name for name in (FILE, FOLDER) if environment.get(name) and not os.access(environment[name], os.R_OK)]
    return Store(tls().cert_store_stats()["x509_ca"], _entries(folder), tuple(missing))


def _entries(folders: str) -> int:
    count = 0
    for folder in filter(None, folders.split(os.pathsep)):
        try:
            count += sum(name.endswith((".0", ".1")) for name in os.listdir(folder))  # as OpenSSL names them
        except OSError:
            continue
    return count


def certificates(trusted: Store) -> list[Finding]:
    """Return what is to say of what is *trusted*."""
    found = [
        Finding(TLS, name, "warning", "names what is not there, or may not be read", f"correct {name}, or unset it")
        for name in trusted.missing
    ]
    if not trusted.loaded and not trusted.folder:
        text, fix = "no authority is trusted", f"install ca-certificates, or let {FILE} name a file of certificates"
        return [*found, Finding(TLS, "certificates", "failed", text, fix)]
    count = f"{trusted.loaded} authorities" if trusted.loaded else f"a folder of {trusted.folder} authorities"
    return [*found, Finding(TLS, "certificates", "ok", f"{count}, {trusted.version}")]


def proxies(environment: Mapping[str, str]) -> list[Finding]:
    """Return what is to say of the proxies that *environment* names; passwords are not shown."""
    found = [each for kind in _KINDS if (each := _proxy(kind, environment))]
    if not found:
        return [Finding(PROXY, "environment", "ok", "no proxy is set")]
    passed = environment.get("no_proxy") or environment.get("NO_PROXY")
    if passed:
        found.append(Finding(PROXY, "no_proxy", "ok", f"not for {passed}"))
    return found


def _proxy(kind: str, environment: Mapping[str, str]) -> Finding | None:
    lower, upper = environment.get(kind), environment.get(kind.upper())
    name, value = (kind, lower) if lower is not None else (kind.upper(), upper)
    if not value:
        return None
    if kind == "all_proxy":
        fix = "set https_proxy instead"
        return Finding(PROXY, name, "warning", "is not asked by this library", fix) if not _both(environment) else None
    try:
        proxy = named(value)
    except LostError as error:
        text, fix = split(error.detail)[0]
        return Finding(PROXY, name, "failed", text, fix)
    login = " with a user and password" if proxy.authorization else ""
    where = f"{proxy.host}:{proxy.port}{login}"
    if lower and upper and lower != upper:
        found = f"{where}; {kind.upper()} says something else, and is not asked"
        return Finding(PROXY, name, "warning", found, f"unset one of {kind} and {kind.upper()}")
    return Finding(PROXY, name, "ok", where)


def _both(environment: Mapping[str, str]) -> bool:
    return all(environment.get(kind) or environment.get(kind.upper()) for kind in ("https_proxy", "http_proxy"))

"""Authorities and proxies, as an environment names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from aai_migrate.doctor.network import Store, certificates, proxies, store

PASSWORD = "canary-7f3e"


def test_certificates() -> None:
    """Read at once, or looked up in a folder while a host is checked."""
    (told,) = certificates(Store(144, 0, version="OpenSSL 3"))
    assert (told.state, told.found) == ("ok", "144 authorities, OpenSSL 3")
    (told,) = certificates(Store(0, 140, version="OpenSSL 3"))
    assert (told.state, told.found) == ("ok", "a folder of 140 authorities, OpenSSL 3")


def test_nothing_is_trusted() -> None:
    """No host can be reached then; a variable that names nothing is often why."""
    missing, nothing = certificates(Store(0, 0, ("SSL_CERT_FILE",)))
    assert (missing.subject, missing.state, missing.fix) == (
        "SSL_CERT_FILE",
        "warning",
        "correct SSL_CERT_FILE, or unset it",
    )
    assert (nothing.state, nothing.found) == ("failed", "no authority is trusted")
    assert nothing.fix.startswith("install ca-certificates, or let SSL_CERT_FILE name")


def test_this_machines_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders hold authorities under the names that OpenSSL looks for; variables that lead nowhere are named."""
    for name in ("5ed36f99.0", "5ed36f99.1", "README"):
        (tmp_path / name).touch()
    (tmp_path / "empty.pem").touch()
    environment = {"SSL_CERT_FILE": str(tmp_path / "empty.pem"), "SSL_CERT_DIR": str(tmp_path)}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = store(environment)
    assert (found.loaded, found.folder, found.missing) == (0, 2, ())
    nowhere = {"SSL_CERT_FILE": str(tmp_path / "no.pem"), "SSL_CERT_DIR": str(tmp_path / "no")}
    for name, value in nowhere.items():
        monkeypatch.setenv(name, value)
    found = store(nowhere)
    assert (found.loaded, found.folder, found.missing) == (0, 0, ("SSL_CERT_FILE", "SSL_CERT_DIR"))


PROXIES: list[tuple[dict[str, str], list[tuple[str, str, str]]]] = [
    ({}, [("environment", "ok", "no proxy is set")]),
    ({"https_proxy": ""}, [("environment", "ok", "no proxy is set")]),
    ({"https_proxy": "http://proxy:3128"}, [("https_proxy", "ok", "proxy:3128")]),
    ({"HTTPS_PROXY": "proxy:3128"}, [("HTTPS_PROXY", "ok", "proxy:3128")]),
    (
        {"https_proxy": f"http://me:{PASSWORD}@proxy:3128", "NO_PROXY": "localhost"},
        [
            ("https_proxy", "ok", "proxy:3128 with a user and password"),
            ("no_proxy", "ok", "not for localhost"),
        ],
    ),
    (
        {"https_proxy": "proxy:1", "HTTPS_PROXY": "proxy:2"},
        [("https_proxy", "warning", "proxy:1; HTTPS_PROXY says something else, and is not asked")],
    ),
    ({"https_proxy": "proxy:1", "HTTPS_PROXY": "proxy:1"}, [("https_proxy", "ok", "proxy:1")]),
    (
        {"http_proxy": "socks5://proxy:1080"},
        [("http_proxy", "failed", "a proxy of kind socks5:// is not supported")],
    ),
    (
        {"https_proxy": f"http://me:{PASSWORD}/@proxy:3128"},
        [("https_proxy", "failed", "the environment names a proxy by what is no address")],
    ),
    (
        {"https_proxy": "http://[::1"},
        [("https_proxy", "failed", "the environment names a proxy by what is no address")],
    ),
    ({"https_proxy": "http://"}, [("https_proxy", "failed", "the environment names a proxy without a host")]),
    ({"ALL_PROXY": "http://proxy:1"}, [("ALL_PROXY", "warning", "is not asked by this library")]),
    (
        {"all_proxy": "http://proxy:1", "http_proxy": "proxy:1", "https_proxy": "proxy:1"},
        [("https_proxy", "ok", "proxy:1"), ("http_proxy", "ok", "proxy:1")],
    ),
]


@pytest.mark.parametrize(("environment", "expected"), PROXIES, ids=[" ".join(each) or "none" for each, _ in PROXIES])
def test_proxies(environment: dict[str, str], expected: list[tuple[str, str, str]]) -> None:
    """What is asked, what is not, and what cannot be one; never its password."""
    told = proxies(environment)
    assert [(each.subject, each.state, each.found) for each in told] == expected
    assert all(bool(each.fix) == (each.state != "ok") for each in told)
    assert PASSWORD not in repr(told)

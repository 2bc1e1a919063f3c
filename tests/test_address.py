"""Where a vendor is reached."""

from __future__ import annotations

import pytest

from aai_migrate.address import address, host_of


@pytest.mark.parametrize(
    ("base_url", "websocket", "http"),
    [
        (None, "wss://api.test/v1/live", "https://api.test/v1/live"),
        ("ws://127.0.0.1:8080", "ws://127.0.0.1:8080/v1/live", "http://127.0.0.1:8080/v1/live"),
        ("https://gw.test/", "wss://gw.test/v1/live", "https://gw.test/v1/live"),
        ("wss://gw.test/stt", "wss://gw.test/stt/v1/live", "https://gw.test/stt/v1/live"),
        ("http://gw.test/stt/v1/live/", "ws://gw.test/stt/v1/live", "http://gw.test/stt/v1/live"),
    ],
)
def test_address(base_url: str | None, websocket: str, http: str) -> None:
    """The vendor's own over TLS, the caller's as it says, with the path once."""
    assert address(base_url, "api.test", "/v1/live") == websocket
    assert address(base_url, "api.test", "/v1/live", "http") == http


@pytest.mark.parametrize(
    ("base_url", "found"),
    [
        (None, None),
        ("ws://h:1", "ws://h:1"),
        ("ws://h:1/", "ws://h:1"),
        ("wss://h/v1/listen", "wss://h"),
        ("wss://h/in/front/v2/listen/", "wss://h/in/front"),
        ("wss://h/v3/listen", "wss://h/v3/listen"),
    ],
)
def test_the_host_of_a_session(base_url: str | None, found: str | None) -> None:
    """Whatever path of a session the caller's URL ends with is no part of it."""
    assert host_of(base_url, "/v1/listen", "/v2/listen") == found

"""Where a vendor is reached."""

from __future__ import annotations

import pytest

from aai_migrate.address import address


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

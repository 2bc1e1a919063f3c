"""From what a wire shows to typed errors."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.errors import (
    AuthenticationError,
    BadRequest,
    ConnectionLost,
    ProtocolError,
    ProviderError,
    QuotaExceeded,
)
from aai_migrate.failures import by_status, lost, refused
from aai_migrate.wire.frames import HttpResponse, Lost, LostCause, Refused


@pytest.mark.parametrize(
    ("cause", "kind", "retryable", "text"),
    [
        ("dns", ConnectionLost, True, "v: host name not found: why"),
        ("refused", ConnectionLost, True, "v: connection refused: why"),
        ("tls", ConnectionLost, False, "v: TLS failed: why"),
        ("timeout", ConnectionLost, True, "v: no answer in time: why"),
        ("proxy", ConnectionLost, True, "v: the proxy refused: why"),
        ("reset", ConnectionLost, True, "v: connection lost: why"),
        ("too_big", ProtocolError, False, "v: a message was over the limit: why"),
    ],
)
def test_lost(cause: LostCause, kind: type[ProviderError], retryable: bool, text: str) -> None:
    """Every cause has words; a certificate or a limit will not be better next time."""
    error = lost("v", Lost(cause, "why"))
    assert type(error) is kind
    assert (error.retryable, str(error)) == (retryable, text)
    assert str(lost("v", Lost(cause))) == text.removesuffix(": why")


def test_every_cause_is_known() -> None:
    """A cause that is added needs words here."""
    for cause in get_args(LostCause):
        assert lost("v", Lost(cause)).reason


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (101, ConnectionLost),
        (200, ConnectionLost),
        (400, BadRequest),
        (401, AuthenticationError),
        (402, QuotaExceeded),
        (403, AuthenticationError),
        (404, BadRequest),
        (408, ConnectionLost),
        (413, BadRequest),
        (429, QuotaExceeded),
        (499, BadRequest),
        (500, ConnectionLost),
        (503, ConnectionLost),
    ],
)
def test_refused_by_status(status: int, kind: type[ProviderError]) -> None:
    """Key, quota and options are fatal, the server's own trouble is tried again."""
    error = refused("v", Refused(status))
    assert by_status(status) is kind
    assert type(error) is kind
    assert (error.retryable, error.status) == (kind is ConnectionLost, status)
    assert str(error) == f"v: the handshake was refused (HTTP {status})"


def test_a_redirect_names_where_to() -> None:
    """Without its query: the key goes nowhere else, and asking again helps nobody."""
    error = refused("v", HttpResponse(302, {"location": "https://x.test/login?next=secret"}))
    assert isinstance(error, BadRequest)
    assert not error.retryable
    assert "https://x.test/login," in str(error)
    assert "base_url" in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"error": "bad key"}', "bad key"),
        (b'{"message": "no credit"}', "no credit"),
        (b'{"reason": "r", "detail": "d"}', "r"),
        (b'{"detail": "d"}', "d"),
        (b'{"err_code": "X", "err_msg": "text"}', "text"),
        (b'{"error": {"message": "deep"}}', '{"error": {"message": "deep"}}'),
        (b'{"error": {"x": 1}, "message": "text"}', "text"),
        (b"[1, 2]", "[1, 2]"),
        (b"<html>\n  <b>Bad\tGateway</b>", "<html> <b>Bad Gateway</b>"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"  ", "the handshake was refused"),
        (b"x" * 2000, "x" * 500),
        (b"[" * 100_000, "[" * 500),
        (b"9" * 10_000, "9" * 500),
    ],
)
def test_the_vendors_words(body: bytes, reason: str) -> None:
    """From the usual keys, or the body as it is, on one line and not endless."""
    assert refused("v", Refused(400, {}, body)).reason == reason


@given(st.one_of(st.binary(max_size=200), st.recursive(st.none() | st.text(), lambda x: st.dictionaries(st.text(), x))))
def test_any_body_makes_an_error(body: Any) -> None:
    """Whatever comes back, there is one line to show."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = refused("v", HttpResponse(418, {}, data))
    assert error.reason
    assert "\n" not in str(error)


def test_headers_tell_too() -> None:
    """The vendor's error header comes first; the request id is kept, whatever it is called."""
    headers = {"v-error": "header text", "request-id": "r-1"}
    error = refused("v", Refused(400, headers, b'{"error": "body text"}'), header="v-error")
    assert (error.reason, error.request_id) == ("header text body text", "r-1")
    headers = {"x-request-id": "r-2", "request-id": "r-1"}
    assert refused("v", Refused(400, headers), header="v-error").request_id == "r-2"
    assert refused("v", Refused(400)).request_id is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("30", 30.0), ("0", 0.0), ("1.5", 1.5), ("-5", None), ("nan", None), ("inf", None), ("", None), (None, None)],
)
def test_when_to_come_back(value: str | None, seconds: float | None) -> None:
    """Seconds where the vendor says a number; a date or nonsense is None, never 0."""
    headers = {} if value is None else {"retry-after": value}
    for status in (429, 503):
        assert refused("v", Refused(status, headers)).retry_after == seconds
    date = refused("v", Refused(429, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}))
    assert date.retry_after is None

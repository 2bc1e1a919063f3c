"""What Gladia may answer to the POST that opens a session: one cassette for each outcome, in ``cassettes/``.

Composed from the vendor's documentation, not recorded; the head of each cassette says how well its status is known.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

URL = "https://api.gladia.io/v2/live"
CASSETTES = Path(__file__).parent / "cassettes"
VCR_CONFIG: dict[str, Any] = {
    "record_mode": "none",
    "filter_headers": ["x-gladia-key", "authorization"],
    "match_on": ["method", "scheme", "host", "path"],
    "ignore_localhost": True,
}
"""For a ``vcr_config`` fixture. Query and body are not compared, so any POST to :data:`URL` is answered.

What goes to this machine is let through: vcrpy would take aiohttp's websocket to a scripted server for a request.
"""


class Outcome(NamedTuple):
    """An answer to the POST.

    Attributes:
        headers: names in lower case.
    """

    status: int
    body: bytes
    headers: dict[str, str]


def _json(status: int, body: dict[str, Any], **headers: str) -> Outcome:
    text = json.dumps(body, separators=(",", ":")).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Outcome(status, text, {"content-type": "application/json; charset=utf-8", **named})


def _refusal(status: int, message: str, errors: list[str] | None = None, **headers: str) -> Outcome:
    body = {"timestamp": "2026-09-21T09:14:02.300Z", "path": "/v2/live", "request_id": "G-5d0a91c3"}
    more = {} if errors is None else {"validation_errors": errors}
    return _json(status, {**body, "statusCode": status, "message": message, **more}, **headers)


def _html(status: int, text: str) -> Outcome:
    return Outcome(status, text.encode(), {"content-type": "text/html"})


SESSION = "9b1c7d0e-55a2-4f0b-8a63-1d7f0c2be914"
CREATED = "2026-09-21T09:14:02.118Z"
SOCKET = "wss://api.gladia.io/v2/live?token=3f6f2a58-8b0d-4b7e-9d4e-5f0f9f7f7c21"

# The name of a cassette and what it answers. The client half's tests turn each of these into a typed error.
OUTCOMES: dict[str, Outcome] = {
    "created": _json(201, {"id": SESSION, "created_at": CREATED, "url": SOCKET}),
    "created-undated": _json(201, {"id": SESSION, "url": SOCKET}),
    "created-without-url": _json(201, {"id": SESSION, "created_at": CREATED}),
    "created-html": _html(
        201, "<!doctype html><html><head><title>Sign in to the network</title></head><body></body></html>"
    ),
    "invalid-parameters": _refusal(
        400,
        "Invalid parameter(s)",
        [
            "language_config.languages must only contain supported codes",
            "endpointing must not be less than 0.01",
        ],
    ),
    "unknown-member": _refusal(400, "Invalid parameter(s)"),
    "no-key": _refusal(401, "No gladia key was sent"),
    "wrong-key": _refusal(401, "The gladia key is not valid"),
    "no-credit": _refusal(402, "No credit is left"),
    "forbidden": _refusal(403, "The plan does not include this region"),
    "too-large": _refusal(413, "The request is too large"),
    "incorrect-parameters": _refusal(422, "Incorrect parameter(s)"),
    "too-many": _refusal(429, "Too many sessions at a time", retry_after="7"),
    "server-error": _refusal(500, "Internal server error"),
    "bad-gateway": _html(
        502,
        "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
        "<body><center><h1>502 Bad Gateway</h1></center></body>\r\n</html>\r\n",
    ),
}

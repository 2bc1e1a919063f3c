"""Requests that are answered with an error: before an upgrade, and over plain HTTP.

Source: https://developers.deepgram.com/docs/errors (bodies of ``listen``, and the header ``dg-error``)
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import define, field

from aai_migrate.wire.values import dumps

from .errors import ERROR, REQUEST_ID

LONGEST = 500
"""Characters of a reason."""
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@define
class Refusal(Exception):
    """Why something is refused: an HTTP status, the vendor's word for it, and what the client may read."""

    status: int
    code: str
    text: str
    more: Mapping[str, str] = field(factory=dict)  # headers that belong to the status


def invalid(text: object) -> Refusal:
    """Return the refusal of a query parameter."""
    return Refusal(400, "INVALID_QUERY_PARAMETER", str(text))


def unauthorised(text: str) -> Refusal:
    """Return the refusal of a credential."""
    return Refusal(401, "INVALID_AUTH", text)


def headers(request_id: str) -> dict[str, str]:
    """Return what every answer of JSON has."""
    return {"content-type": "application/json", REQUEST_ID: request_id}


def answer(refusal: Refusal, request_id: str) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body; the reason stands in both of them, since clients show one or none."""
    text = refusal.text[:LONGEST]
    body = {"err_code": refusal.code, "err_msg": text, "request_id": request_id}
    return (
        refusal.status,
        {**headers(request_id), ERROR: header_safe(text), **refusal.more},
        dumps(body).encode(),
    )


def header_safe(text: str) -> str:
    """Return *text* as a header carries it: Latin-1 without line breaks and other control characters."""
    return _UNSAFE.sub(" ", text.encode("latin-1", "replace").decode("latin-1")).strip()

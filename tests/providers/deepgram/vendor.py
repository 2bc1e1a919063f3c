"""Deepgram as its documentation describes it, hearing coded speech: the handshake of both paths.

Strict where a client could be wrong: a parameter or a value that the page lacks is refused.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, urlsplit

from attrs import frozen

from aai_migrate.audio.format import AudioFormat, Encoding

from . import flux, nova
from .flux import Flux
from .habits import Habits
from .nova import Listen

ENCODINGS: dict[str, Encoding] = {
    "linear16": "pcm_s16le",
    "linear32": "pcm_f32le",
    "mulaw": "pcm_mulaw",
    "alaw": "pcm_alaw",
}
FLAGS = (
    *("multichannel", "interim_results", "punctuate", "smart_format", "no_delay", "vad_events", "diarize"),
    *("dictation", "numerals", "profanity_filter", "filler_words", "detect_entities", "mip_opt_out"),
)
LISTED = ("keyterm", "keywords", "language_hint", "redact", "search", "replace", "extra", "tag")
LISTEN = {
    *("model", "version", "language", "encoding", "sample_rate", "channels", "endpointing", "utterance_end_ms"),
    *("diarize_model", "callback", "callback_method", *FLAGS, *LISTED),
}
FLUX = {
    *("model", "encoding", "sample_rate", "eot_threshold", "eager_eot_threshold", "eot_timeout_ms", "keyterm"),
    *("language_hint", "numerals", "profanity_filter", "redact", "mip_opt_out", "tag"),
}
FLUX_RATES = (8000, 16000, 24000, 44100, 48000)


@frozen
class Refusal:
    """The answer to an upgrade that is not accepted."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _WrongError(Exception):
    """What is wrong with a query, as ``err_code`` and ``err_msg`` tell it."""


@frozen
class _Asked:
    """A query: the values of each name, in order."""

    values: dict[str, list[str]]

    def text(self, name: str, default: str = "") -> str:
        return self.values.get(name, [default])[-1]

    def flag(self, name: str) -> bool:
        text = self.text(name, "false")
        if text not in ("true", "false"):
            raise _WrongError(f"{name} must be true or false, in lower case")
        return text == "true"

    def number(self, name: str, least: float, most: float, default: float) -> float:
        try:
            value = float(self.text(name, str(default)))
        except ValueError:
            raise _WrongError(f"{name} must be a number") from None
        if not least <= value <= most:
            raise _WrongError(f"{name} must be {least:g} to {most:g}")
        return value


class Vendor:
    """Answers handshakes, over any number of connections.

    Attributes:
        queries: what each connection that was accepted asked for, in order.
        connections: the same connections.
    """

    def __init__(self, habits: Habits | None = None) -> None:
        self.habits = habits or Habits()
        self.queries: list[dict[str, list[str]]] = []
        self.connections: list[Listen | Flux] = []

    def open(
        self, url: str, headers: Mapping[str, str], subprotocols: tuple[str, ...] = (), now: float = 0.0
    ) -> tuple[Listen | Flux, dict[str, str]] | Refusal:
        """Return a connection to *url*, a target or a whole URL, with the headers of the answer; or its refusal."""
        request_id = str(uuid.UUID(int=len(self.connections) + 1, version=4))
        target = urlsplit(url)
        asked = _Asked({})
        for name, value in parse_qsl(target.query, keep_blank_values=True, strict_parsing=bool(target.query)):
            asked.values.setdefault(name, []).append(value)
        if not _authorized({name.lower(): value for name, value in headers.items()}, subprotocols):
            return _refused(401, "INVALID_AUTH", "Invalid credentials.", request_id)
        opened: dict[str, Callable[[_Asked, str, float], Listen | Flux]]
        opened = {"/v1/listen": self._listen, "/v2/listen": self._flux}
        if target.path not in opened:
            return _refused(404, "NOT_FOUND", "no such path", request_id)
        try:
            found = opened[target.path](asked, request_id, now)
        except _WrongError as wrong:
            return _refused(400, "INVALID_QUERY_PARAMETER", str(wrong), request_id)
        self.queries.append(asked.values)
        self.connections.append(found)
        return found, {"dg-request-id": request_id}

    def _listen(self, asked: _Asked, request_id: str, now: float) -> Listen:
        _known(asked, LISTEN, LISTED)
        flags = {name: asked.flag(name) for name in FLAGS}
        model = asked.text("model", "base-general")
        if model.startswith("flux"):
            raise _WrongError("Flux models are served at /v2/listen")
        if "keyterm" in asked.values and not model.startswith("nova-3"):
            raise _WrongError("keyterm is for Nova-3")
        if "keywords" in asked.values and model.startswith("nova-3"):
            raise _WrongError("keywords are not for Nova-3")
        channels = int(asked.number("channels", 1, 20, 1))
        endpointing = asked.text("endpointing", "10")
        ends = asked.number("utterance_end_ms", 1000, 5000, 1000) / 1000 if "utterance_end_ms" in asked.values else None
        if ends is not None and not flags["interim_results"]:
            raise _WrongError("utterance_end_ms needs interim_results=true")
        query = nova.Query(
            interims=flags["interim_results"],
            punctuates=flags["punctuate"] or flags["smart_format"],
            diarizes=flags["diarize"] or "diarize_model" in asked.values,
            endpointing=None if endpointing == "false" else asked.number("endpointing", 0, 60_000, 10) / 1000,
            utterance_end=ends,
            vad=flags["vad_events"],
            channels=channels if flags["multichannel"] else 1,
        )
        return Listen(_audio(asked, channels), query, self.habits, request_id, now)

    def _flux(self, asked: _Asked, request_id: str, now: float) -> Flux:
        _known(asked, FLUX, LISTED)
        for name in ("numerals", "profanity_filter", "mip_opt_out"):
            asked.flag(name)
        model = asked.text("model")
        if model not in ("flux-general-en", "flux-general-multi"):
            raise _WrongError("model must be flux-general-en or flux-general-multi")
        if "language_hint" in asked.values and model != "flux-general-multi":
            raise _WrongError("language_hint is for flux-general-multi")
        if len(asked.values.get("keyterm", ())) > 100 or not all(asked.values.get("keyterm", ["a"])):
            raise _WrongError("keyterm: 100 at most, none empty")
        threshold = asked.number("eot_threshold", 0.5, 1.0, 0.7)
        eager = None
        if "eager_eot_threshold" in asked.values:
            eager = asked.number("eager_eot_threshold", 0.3, min(0.9, threshold), 0.3)
        timeout = asked.number("eot_timeout_ms", 500, 60_000, 5000) / 1000
        query = flux.Query(threshold, eager, timeout, asked.values.get("keyterm", []))
        audio = _audio(asked, 1)
        if audio.sample_rate not in FLUX_RATES:
            raise _WrongError("sample_rate must be 8000, 16000, 24000, 44100 or 48000")
        return Flux(audio, query, self.habits, request_id)


def _authorized(headers: Mapping[str, str], subprotocols: tuple[str, ...]) -> bool:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    if not scheme:
        scheme, key = (*subprotocols, "", "")[:2]
    return scheme.lower() in ("token", "bearer") and bool(key.strip())


def _known(asked: _Asked, names: set[str], listed: tuple[str, ...]) -> None:
    for name, values in asked.values.items():
        if name not in names:
            raise _WrongError(f"unknown parameter {name}")
        if len(values) > 1 and name not in listed:
            raise _WrongError(f"{name} is given twice")


def _audio(asked: _Asked, channels: int) -> AudioFormat:
    encoding = asked.text("encoding")
    if encoding not in ENCODINGS:
        raise _WrongError("encoding is needed for raw audio")
    if "sample_rate" not in asked.values:
        raise _WrongError("sample_rate is needed with encoding")
    return AudioFormat(int(asked.number("sample_rate", 7000, 96_000, 0)), ENCODINGS[encoding], channels)


def _refused(status: int, code: str, text: str, request_id: str) -> Refusal:
    body = {"err_code": code, "err_msg": text, "request_id": request_id}
    headers = {"content-type": "application/json", "dg-error": text, "dg-request-id": request_id}
    return Refusal(status, headers, json.dumps(body).encode())


__all__ = ["Flux", "Habits", "Listen", "Refusal", "Vendor"]

"""What a session is asked to be: the body of the POST, and what the caller is told of it.

Source: https://docs.gladia.io/api-reference/v2/live/init (request body)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from attrs import frozen

from aai_migrate.address import address
from aai_migrate.config import Config
from aai_migrate.credentials import Credential
from aai_migrate.errors import ConfigError, ProtocolError
from aai_migrate.options import Encoded, encode, own_words, unknown
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import HttpRequest, HttpResponse
from aai_migrate.wire.values import mapping, parse, string

from .errors import answered
from .options import (
    AUDIO_FRAMES,
    HOST,
    LONGEST,
    MODELS,
    NAME,
    OPTIONS,
    PATH,
    REGIONS,
    RESERVED,
    TURN_SILENCE,
    spelled,
)
from .schema import BODY


@frozen(kw_only=True)
class Opening:
    """A session as it is asked for.

    Attributes:
        body: of the request.
        asked: what of it the caller asked for, by option or in the vendor's words.
        region: where it is to be, in the vendor's word.
        binary: whether audio goes in binary messages.
        remarks: what the caller is told.
    """

    config: Config
    body: dict[str, Any]
    asked: dict[str, Any]
    region: str | None
    binary: bool
    remarks: tuple[say.Warned, ...]

    @classmethod
    def of(cls, config: Config) -> Opening:
        """Return what *config* asks for.

        Raises:
            UnsupportedOption, ConfigError: the vendor does not have it.
        """
        encoded, extra = encode(config, OPTIONS, NAME, model=config.model), _extra(config)
        binary = extra.pop(AUDIO_FRAMES, "json") == "binary"
        body: dict[str, Any] = {**spelled(config.audio)}
        model = {"model": config.model} if config.model else {}
        body |= model
        body["endpointing"] = TURN_SILENCE
        body["maximum_duration_without_endpointing"] = LONGEST
        body["messages_config"] = {"receive_partial_transcripts": True}
        asked = _merged(encoded.native, extra)
        body = _merged(body, asked)
        wrong = [text for text in BODY.wrong(body) if not text.startswith("model ")]  # there may be newer ones
        if wrong and config.on_unsupported == "error":
            raise ConfigError(f"{NAME}: {'; '.join(wrong)}")
        remarks = [*_warnings(config, encoded, extra, body)]
        remarks += [say.Warned("invalid", f"{NAME}: {text}; sent as it is") for text in wrong]
        return cls(
            config=config,
            body=body,
            asked={**model, **asked},
            region=REGIONS.get(config.region or ""),
            binary=binary,
            remarks=tuple(remarks),
        )

    @property
    def settings(self) -> dict[str, Any]:
        """What is asked for, as a report of settings may show it."""
        return {**_shown(self.body), **({"region": self.region} if self.region else {})}

    def request(self, credential: Credential | None) -> HttpRequest:
        """Return the POST.

        Raises:
            ConfigError: the caller's words hold what JSON has no form for.
        """
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if credential:
            headers["X-Gladia-Key"] = credential.secret.reveal()
        query = f"?{urlencode({'region': self.region})}" if self.region else ""
        url = address(self.config.base_url, HOST, PATH, "http") + query
        return HttpRequest("POST", url, headers, _written(self.body))


def _warnings(config: Config, encoded: Encoded, extra: Mapping[str, Any], body: Mapping[str, Any]) -> list[say.Warned]:
    out = [*unknown(NAME, MODELS, config.model, BODY.members, extra), *encoded.warnings()]
    spoken = mapping(body.get("language_config"))
    listed = spoken.get("languages")
    if isinstance(listed, list) and len(listed) > 1 and not spoken.get("code_switching"):
        text = (
            f"{NAME}: of {len(listed)} languages it keeps to the one it hears first; "
            "set language_config.code_switching if they change"
        )
        out.append(say.Warned("one_language", text))
    return out


def _extra(config: Config) -> dict[str, Any]:
    """Return the members that the caller gave in the vendor's own words.

    Raises:
        ConfigError: one of them is ours to set, or how audio is framed is no choice.
    """
    extra = own_words(config, NAME, RESERVED)
    if extra.get(AUDIO_FRAMES, "json") not in ("json", "binary"):
        raise ConfigError(f"{NAME}: {AUDIO_FRAMES} must be json or binary, not {extra[AUDIO_FRAMES]!r}")
    return extra


def _merged(body: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return *body* with the members of *more*, objects member by member."""
    both = {name: (body[name], more[name]) for name in body if name in more}
    deep = {
        name: _merged(first, second)
        for name, (first, second) in both.items()
        if isinstance(first, Mapping) and isinstance(second, Mapping)
    }
    return {**body, **more, **deep}


def _written(body: Mapping[str, Any]) -> bytes:
    """Write *body* as JSON.

    Raises:
        ConfigError: the caller's words hold what JSON has no form for.
    """
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{NAME}: extra cannot be written as JSON: {error}") from None


def _shown(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return *body* as a report of settings may show it."""
    return {name: "***" if name == "callback_config" else value for name, value in body.items()}


def opened(config: Config, response: HttpResponse) -> tuple[str, str | None]:
    """Return the URL of the session that *response* to the POST opened, and its name.

    Raises:
        ProviderError: there is none.
    """
    if not 200 <= response.status < 300:
        raise answered(response)
    value = parse(response.body)
    if value is None:
        what = "a web page" if response.body.lstrip().startswith(b"<") else "what is no JSON object"
        raise ProtocolError(NAME, f"the request was answered by {what}; check base_url")
    url = string(value.get("url"))
    whole = joined(address(config.base_url, HOST, PATH), url) if url else None
    if whole is None:
        raise ProtocolError(NAME, "the answer to the request has no usable url")
    return whole, string(value.get("id"))


def joined(base: str, url: str) -> str | None:
    """Return the address of a websocket that *url* is, or is a path to at *base*; None: it is none.

    Audio that was asked for over TLS does not go without.
    """
    try:
        whole = urljoin(base, url) if url.startswith(("/", "?")) else url
        parts = urlsplit(whole)
        usable = parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    schemes = ("wss",) if base.startswith("wss:") else ("ws", "wss")
    return whole if usable and parts.scheme in schemes else None

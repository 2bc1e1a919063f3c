"""What a session is asked to be: the body of the POST, and what the caller is told of it.

Source: https://docs.gladia.io/api-reference/v2/live/init (request body)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from attrs import evolve, frozen

from aai_migrate.address import address
from aai_migrate.config import Config
from aai_migrate.credentials import MASK, Credential
from aai_migrate.errors import ConfigError, ProtocolError
from aai_migrate.options import Flaw, encode, own_words, remarks, unknown
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
        extra = own_words(config, NAME, RESERVED)
        flaws = [*_misframed(extra)]
        binary = extra.pop(AUDIO_FRAMES, "json") == "binary"
        # The body shows what is wrong in it before anything is refused: the caller is told everything at once.
        encoded = encode(evolve(config, on_unsupported="warn"), OPTIONS, NAME)
        asked = _merged(encoded.native, extra)
        body = _merged(_unasked(config), asked)
        wrong = [text for text in BODY.wrong(body) if not text.startswith("model ")]  # there may be newer ones
        if config.on_unsupported == "error":
            flaws += [Flaw(f"{NAME}: {text}") for text in wrong]
        said = remarks(config, encoded, flaws, NAME, config.model)
        said += [say.Warned("invalid", f"{NAME}: {text}; sent as it is") for text in wrong]
        strange = unknown(NAME, MODELS, config.model, BODY.members, extra)
        return cls(
            config=config,
            body=body,
            asked={**({"model": config.model} if config.model else {}), **asked},
            region=REGIONS.get(config.region or ""),
            binary=binary,
            remarks=(*strange, *said, *_one_language(body)),
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


def _misframed(extra: dict[str, Any]) -> Iterator[Flaw]:
    """Take out of *extra* how audio is framed, where that is no choice, and say so."""
    if extra.get(AUDIO_FRAMES, "json") not in ("json", "binary"):
        reason = f"{NAME}: {AUDIO_FRAMES} must be json or binary, not {extra.pop(AUDIO_FRAMES)!r}"
        yield Flaw(reason, option=f"extra.{AUDIO_FRAMES}")


def _one_language(body: Mapping[str, Any]) -> Iterator[say.Warned]:
    """Tell who names several languages that only the first one heard counts."""
    spoken = mapping(body.get("language_config"))
    listed = spoken.get("languages")
    if isinstance(listed, list) and len(listed) > 1 and not spoken.get("code_switching"):
        text = (
            f"{NAME}: of {len(listed)} languages it keeps to the one it hears first; "
            "set language_config.code_switching if they change"
        )
        yield say.Warned("one_language", text)


def _unasked(config: Config) -> dict[str, Any]:
    """Return the body for who asks for nothing but an audio format, and maybe a model."""
    return {
        **spelled(config.audio),
        **({"model": config.model} if config.model else {}),
        "endpointing": TURN_SILENCE,
        "maximum_duration_without_endpointing": LONGEST,
        "messages_config": {"receive_partial_transcripts": True},
    }


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
    return {name: MASK if name == "callback_config" else value for name, value in body.items()}


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

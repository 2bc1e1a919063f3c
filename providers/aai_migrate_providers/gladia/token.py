"""Sessions that wait: the URL that answers the POST opens one without a key, as it was asked for then.

Source: https://docs.gladia.io/api-reference/v2/live/init
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve

from aai_migrate.credentials import MASK, Credential, Secret
from aai_migrate.errors import ConfigError
from aai_migrate.tokens import Given, Tokens, Wanted
from aai_migrate.wire import events as say
from aai_migrate.wire.frames import HttpRequest, HttpResponse

from .opening import Opening, joined, opened
from .options import BODY, CAPABILITIES, HOST, NAME, PATH, spelled


def ask(wanted: Wanted) -> HttpRequest:
    """Return the request for a session with all that is wanted of it.

    Raises:
        UnsupportedOption, ConfigError, AudioError: the vendor does not have it.
    """
    return _opening(wanted).request(wanted.credential)


def read(wanted: Wanted, response: HttpResponse) -> Given:
    """Return the session's URL.

    Raises:
        ProviderError: there is none.
    """
    return Given(Secret(opened(wanted.config, response)[0]), settings=_opening(wanted).settings)


def _opening(wanted: Wanted) -> Opening:
    """Return the session with the audio that a stream of these settings will send."""
    audio, _ = CAPABILITIES.wire_for(NAME, wanted.config)
    return Opening.of(evolve(wanted.config, audio=audio))


def session(given: Credential) -> str:
    """Return the URL of the session that *given* stands for; it is the caller's own choice whether it is over TLS.

    Raises:
        ConfigError: it is none.
    """
    url = given.secret.reveal()
    whole = joined("ws:", url) if url.startswith(("ws:", "wss:")) else None
    if whole is None:
        hint = f"as in wss://{HOST}{PATH}?token=…; this is none"
        raise ConfigError(f"a token of {NAME} is the address of a session that create_token asked for, {hint}")
    return whole


def fixed(opening: Opening, given: Credential) -> Iterator[say.Warned]:
    """Yield what is asked for and cannot be had, since the session was made without it.

    Where it is not known what it was made with, that is all that the caller asks for.

    Raises:
        ConfigError: it was made for other audio.
    """
    made, asked = given.settings, opening.asked
    if opening.region:
        asked = {**asked, "region": opening.region}
    if made is None:
        if asked:
            text = f"{_names(asked)} cannot be set any more: ask for them where the token is created"
            yield say.Warned("token_settings", f"{NAME}: a token fixes the settings of its session, so {text}")
        return
    audio = spelled(opening.config.audio)
    if wrong := {name: made.get(name) for name in audio if made.get(name) != audio[name]}:
        was = ", ".join(f"{name} {value}" for name, value in wrong.items())
        raise ConfigError(f"{NAME}: the token is of a session for other audio: {was}; create one with these settings")
    if other := {name: value for name, value in asked.items() if not _within(value, made.get(name))}:
        text = f"was made with another {_names(other)}, which cannot be changed: create a token with the same settings"
        yield say.Warned("token_settings", f"{NAME}: the session of this token {text}")


def _names(asked: Mapping[str, Any]) -> str:
    return ", ".join(sorted(asked))


def _within(asked: Any, made: Any) -> bool:
    """Say whether *made* has all that *asked* has; what a report hides cannot be compared."""
    if isinstance(asked, Mapping) and isinstance(made, Mapping):
        return all(_within(value, made.get(name)) for name, value in asked.items())
    return made == MASK or bool(asked == made)


TOKENS = Tokens(ask=ask, read=read, source=BODY, lifetime=None, once=True)

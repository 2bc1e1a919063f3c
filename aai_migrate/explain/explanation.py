"""What would be sent, word by word: what of it is the caller's, what is ours, and what is left to the vendor.

Where a word comes from is found out, not written down a second time: it is the caller's if an option row makes just it
of his option, or if without the option it would not be sent so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote_plus

from attrs import evolve, field, frozen

from ..audio.convert import Converter
from ..audio.format import AudioFormat
from ..config import OPTIONS, Config
from ..credentials import Credential
from ..errors import AudioError, ConfigError, UnsupportedOption
from ..features import Feature, features
from ..masking import MASK, masked_headers, masked_text, secret
from ..options import WITHOUT, Option, of_family
from ..provider import Provider
from ..wire.events import Warned
from ..wire.frames import Connect, HttpRequest, Message
from ..wire.values import parse
from .rehearsal import Rehearsal, Said, rehearse

MADE_UP = "…"
"""Stands for what the vendor would answer with, such as a token in an address."""
Origin = Literal["caller", "default", "wire"]
SOME = 1.9
"""Seconds of turn silence that are nobody's default: what changes with them follows from it."""
ADDRESSES = ("callback", "webhook")
"""In the name of what holds an address that may carry a secret."""
_USUAL = Config()


@frozen(kw_only=True)
class Step:
    """One thing that would be said, without secrets.

    Attributes:
        kind: how it is said: over HTTP, by opening a websocket (or a worker), or as a message on it.
        method: of HTTP.
        url: whole, as it goes out; "" for a message.
        headers: of a request; secret ones masked.
        body: of HTTP, or the message.
    """

    kind: Literal["http", "connect", "message"]
    method: str = ""
    url: str = ""
    headers: Mapping[str, str] = field(factory=dict)
    body: str = ""


@frozen(kw_only=True)
class Sent:
    """One native word that would be sent.

    Attributes:
        word: the vendor's name for it; a member of an object behind a dot.
        value: what it is set to; secret ones masked.
        origin: "caller"; "default": sent unasked; "wire": what the wire has to know of model and audio.
        option: the neutral option that the caller gave, or ``extra``; of what is ours the option that it is the
            default of, or what it tells; "" for none.
    """

    word: str
    value: Any
    origin: Origin
    option: str = ""


@frozen(kw_only=True)
class Given:
    """One setting of the caller's, and what becomes of it.

    Attributes:
        option: its neutral name; of a vendor's own word ``extra.WORD``.
        value: what was asked for; secret ones masked.
        words: the native words that it becomes.
        dropped: why it is left out; "": it is not.
        note: what one should know: where it is not exact, or where no word is sent for it.
    """

    option: str
    value: Any
    words: tuple[str, ...] = ()
    dropped: str = ""
    note: str = ""


@frozen(kw_only=True)
class Explanation:
    """How a session would begin; nothing was dialled.

    Attributes:
        provider, model: with whom; a model of None is the vendor's choice.
        steps: what is said before audio, in order.
        given: the caller's settings.
        sent: the native words, in the order of the wire.
        left: options, and the vendor's word of each, for which nothing is sent: the vendor's own default decides.
        audio: the format of the caller's audio.
        wire: the format that goes out.
        conversions: what is done to the audio, in words.
        warned: what the caller is told at the beginning, as the codes and texts of notices.
        refused: what our own server of this protocol would refuse, as the vendor probably would; "": nothing.
    """

    provider: str
    model: str | None
    steps: tuple[Step, ...]
    given: tuple[Given, ...]
    sent: tuple[Sent, ...]
    left: Mapping[str, str]
    audio: AudioFormat
    wire: AudioFormat
    conversions: tuple[str, ...]
    warned: tuple[Warned, ...]
    refused: str = ""


def explain(
    provider: Provider, config: Config, credential: Credential | None = None, *, today: datetime | None = None
) -> Explanation:
    """Return what a session of *provider* with *config* would send before audio.

    Args:
        credential: what would be shown, masked everywhere; None: a made-up key where the provider needs one.
        today: when it would be, by which models are out of use; None: now.
    Raises:
        ConfigError, AudioError: it would not be dialled; the text is that of ``connect``.
    """
    provider.check(config)
    played = rehearse(provider, config, credential, today=today)
    suited = provider.suited(config)
    rows = of_family(suited.options, suited.capabilities.family(config.model))
    settings = _settings(played)
    hidden = frozenset(word for word, value in settings.items() if value == MASK)
    sent = _Origins(provider, config, rows, credential).of(settings)
    told = {feature.name: feature for feature in features(provider, config.model)}
    wire = _wire(suited, config)
    return Explanation(
        provider=provider.name,
        model=config.model or suited.capabilities.default_model,
        steps=_steps(played.said, hidden),
        given=_given(suited, config, told, sent, played.warned),
        sent=sent,
        left=_left(config, rows, settings),
        audio=config.audio,
        wire=wire,
        conversions=Converter(config.audio, wire).changes,
        warned=played.warned,
        refused=str(played.failed.error) if played.failed else "",
    )


# The steps.


def _steps(said: Iterable[Said], hidden: frozenset[str]) -> tuple[Step, ...]:
    """Return what was said, with secrets masked; an address that an answer gave holds what nobody knows before."""
    steps, mask = [], MASK
    for frame in said:
        match frame:
            case HttpRequest(method, url, headers, body):
                text = _body(body.decode(), hidden)
                url = _url(url, hidden, mask)
                steps.append(Step(kind="http", method=method, url=url, headers=masked_headers(headers), body=text))
                mask = MADE_UP
            case Connect(url, headers):
                steps.append(Step(kind="connect", url=_url(url, hidden, mask), headers=masked_headers(headers)))
            case Message(data):
                steps.append(Step(kind="message", body=_body(str(data), hidden)))
    return tuple(steps)


def _url(url: str, hidden: frozenset[str], mask: str) -> str:
    """Return *url* to the letter, but for values that are secret."""
    head, mark, query = url.partition("?")
    pairs = (pair.partition("=") for pair in query.split("&"))
    kept = (
        f"{name}={mask}" if _hides(unquote_plus(name)) or unquote_plus(name) in hidden else f"{name}{equals}{value}"
        for name, equals, value in pairs
    )
    return f"{head}{mark}{'&'.join(kept)}" if mark else head


def _body(text: str, hidden: frozenset[str]) -> str:
    value = parse(text)
    if value is None:
        return text
    kept = _without(value, hidden)
    return masked_text(text if kept == value else json.dumps(kept, ensure_ascii=False))


def _without(value: Any, hidden: frozenset[str], path: str = "") -> Any:
    if path[:-1] in hidden or (path and isinstance(value, str) and _hides(path)):
        return MASK
    if isinstance(value, Mapping):
        return {name: _without(each, hidden, f"{path}{name}.") for name, each in value.items()}
    return value


# The words.


def _settings(played: Rehearsal) -> dict[str, Any]:
    """Return the native words by their paths: as the client half tells of them, else as they were said."""
    if played.started:
        words = _flat(played.started.settings)
        return _shown({word: value for word, value in words.items() if value not in ([], ()) or _said(word, played)})
    words = {}
    for frame in played.said:
        match frame:
            case Connect(url):
                for name, value in parse_qsl(url.partition("?")[2], keep_blank_values=True):
                    words[name] = value if name not in words else [*_list(words[name]), value]
            case HttpRequest(body=said) | Message(said):
                words |= parse(said) or {}
    return _shown(_flat(words))


def _said(word: str, played: Rehearsal) -> bool:
    """Say whether *word* is on the wire: in a query an empty list is not."""
    name = word.rpartition(".")[2]
    texts = (frame.url if isinstance(frame, Connect) else str(getattr(frame, "data", "")) for frame in played.said)
    bodies = (frame.body.decode() for frame in played.said if isinstance(frame, HttpRequest))
    return any(name in text for text in (*texts, *bodies))


def _list(value: Any) -> list[Any]:
    return [*value] if isinstance(value, (list, tuple)) else [value]


def _flat(words: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return the leaves of nested objects by their dotted paths."""
    leaves: dict[str, Any] = {}
    for name, value in words.items():
        if isinstance(value, Mapping) and value:
            leaves |= _flat(value, f"{path}{name}.")
        else:
            leaves[path + name] = value
    return leaves


def _shown(words: Mapping[str, Any]) -> dict[str, Any]:
    return {word: _masked(word, value) for word, value in words.items()}


def _masked(word: str, value: Any) -> Any:
    return MASK if _hides(word) and not isinstance(value, (bool, int, float)) else value


def _hides(word: str) -> bool:
    """Say whether the value of *word* may be a secret."""
    return secret(word) or any(name in word.lower() for name in ADDRESSES)


def _alike(sent: Any, value: Any) -> bool:
    """Say whether *sent* is *value*, perhaps as a query spells it."""
    return sent == value or [str(each).lower() for each in _list(sent)] == [str(each).lower() for each in _list(value)]


@frozen
class _Origins:
    """Finds out where native words come from, by leaving things out and looking what becomes of them."""

    provider: Provider
    config: Config
    rows: Mapping[str, Option]
    credential: Credential | None

    def of(self, settings: Mapping[str, Any]) -> tuple[Sent, ...]:
        """Return the words of *settings* with their origins, in the same order."""
        found = self._model(settings) | self._plain(settings) | self._own(settings)
        for option, other in self._without():
            found = dict.fromkeys(self._differing(settings, other), ("caller", option)) | found
        for option, other in self._otherwise():
            found = dict.fromkeys(self._differing(settings, other), ("wire", option)) | found
        natives = {row.native for row in self.rows.values()}
        for word in self._differing(settings, evolve(self.config, turn_silence=SOME)):
            if not {word, word.partition(".")[0]} & natives:
                found.setdefault(word, ("default", "turn_silence"))
        return tuple(
            Sent(word=word, value=value, origin=origin, option=option)
            for word, value in settings.items()
            for origin, option in [found.get(word) or self._unasked(word, found)]
        )

    def _plain(self, settings: Mapping[str, Any]) -> dict[str, tuple[Origin, str]]:
        """Words that a row makes of one option."""
        found: dict[str, tuple[Origin, str]] = {}
        for name, row in self.rows.items():
            if row.native and row.support != "unsupported" and self.config.is_set(name):
                leaves = _flat({row.native: row.encode(getattr(self.config, name))})
                found |= {word: ("caller", name) for word, value in leaves.items() if _alike(settings.get(word), value)}
        return found

    def _own(self, settings: Mapping[str, Any]) -> dict[str, tuple[Origin, str]]:
        """Words that the caller gave in the vendor's own."""
        own = _flat(self.config.extra.get(self.provider.name, {}))
        return {
            word: ("caller", "extra")
            for word, value in settings.items()
            if (word in own and (value == MASK or _alike(value, own[word])))
            or (value == MASK and any(name.startswith(f"{word}.") for name in own))
        }

    def _model(self, settings: Mapping[str, Any]) -> dict[str, tuple[Origin, str]]:
        asked = self.config.model
        model = asked or self.provider.suited(self.config).capabilities.default_model
        origin: Origin = "caller" if asked else "wire"
        return {word: (origin, "model") for word, value in settings.items() if model and value == model}

    def _without(self) -> Iterable[tuple[str, Config]]:
        """Yield what the caller gave, and the settings without it."""
        for name in (*OPTIONS, "channels"):
            change: dict[str, Any] = {name: getattr(_USUAL, name)}
            if getattr(self.config, name) != change[name]:
                yield name, evolve(self.config, **change)

    def _otherwise(self) -> Iterable[tuple[str, Config]]:
        """Yield what there is to know of the audio, and the settings with other audio."""
        can, audio = self.provider.suited(self.config).capabilities, self.config.audio
        wire = _wire(self.provider.suited(self.config), self.config)
        rates = (can.sample_rates[0], can.sample_rates[-1])
        others: list[tuple[str, dict[str, Any]]] = [
            *(("sample_rate", {"sample_rate": rate}) for rate in rates if rate != wire.sample_rate),
            *(("encoding", {"encoding": each}) for each in can.encodings if each != wire.encoding),
        ]
        for name, change in others:
            yield name, evolve(self.config, audio=evolve(audio, **change))
        if self.config.channels == "mix" and can.max_channels > 1:
            yield "audio_channels", evolve(self.config, channels="separate", audio=evolve(audio, channels=2))

    def _differing(self, settings: Mapping[str, Any], config: Config) -> list[str]:
        """Return the words that would not be there, or be others, with *config*; none where that cannot be."""
        try:
            other = _settings(rehearse(self.provider, config, self.credential))
        except (ConfigError, AudioError):
            return []
        return [word for word, value in settings.items() if other.get(word) != value or word not in other]

    def _unasked(self, word: str, found: Mapping[str, tuple[Origin, str]]) -> tuple[Origin, str]:
        """Return of what a word that nobody asked for is the default; members of an object keep together."""
        top = word.partition(".")[0]
        if any(name.partition(".")[0] == top and origin == "wire" for name, (origin, _) in found.items()):
            return "wire", ""
        return "default", next((name for name, row in self.rows.items() if row.native in (word, top)), "")


# The caller's settings.


def _given(
    provider: Provider,
    config: Config,
    known: Mapping[str, Feature],
    sent: Iterable[Sent],
    warned: Iterable[Warned],
) -> tuple[Given, ...]:
    words: dict[str, dict[str, Any]] = {}
    for each in sent:
        if each.origin == "caller":
            words.setdefault(each.option, {})[each.word] = each.value
    dropped = _dropped(warned)
    given = [
        Given(
            option=name,
            value=value,
            words=tuple(words.get(name, ())),
            dropped=dropped.get(name, ""),
            note=_note(known[name], value),
        )
        for name in known
        if name not in ("encoding", "sample_rate") and hasattr(config, name)
        for value in [getattr(config, name)]
        if value != getattr(_USUAL, name)
    ]
    own = config.extra.get(provider.name, {})
    return (*given, *(_own(name, value, words.get("extra", {}), dropped) for name, value in own.items()))


def _note(feature: Feature, value: Any) -> str:
    if feature.name in ("model", "base_url"):
        return ""
    if feature.support == "unsupported" and value is False:
        return "there is none, so it is off"
    approximate = feature.support if feature.support == "approximate" else ""
    return ": ".join(filter(None, (approximate, feature.note)))


def _own(name: str, value: Any, sent: Mapping[str, Any], dropped: Mapping[str, str]) -> Given:
    """Return what becomes of a word of the vendor's own, with the value that may be shown."""
    option = f"extra.{name}"
    words = {word: shown for word, shown in sent.items() if word.partition(".")[0] == name}
    if not words:
        plain = MASK if isinstance(value, Mapping) else _masked(name, value)
        why = dropped.get(option, dropped.get("extra", ""))
        return Given(option=option, value=plain, dropped=why, note="" if why else "no word of the wire")
    return Given(option=option, value=words.get(name, words), words=tuple(words))


def _dropped(warned: Iterable[Warned]) -> dict[str, str]:
    """Return the settings that are left out with the reasons that the caller was told."""
    reasons: dict[str, list[str]] = {}
    for each in warned:
        if each.option:
            reasons.setdefault(each.option, []).append(each.message.removesuffix(WITHOUT))
    return {option: "; ".join(texts) for option, texts in reasons.items()}


def _left(config: Config, rows: Mapping[str, Option], settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the options that nothing is sent for, each with the word that would be."""
    tops = {word.partition(".")[0] for word in settings} | {*settings}
    return {
        name: rows[name].native
        for name in OPTIONS
        if name in rows and rows[name].native and rows[name].support != "unsupported"
        if not config.is_set(name) and rows[name].native not in tops
    }


def _wire(provider: Provider, config: Config) -> AudioFormat:
    """Return the format that goes out; channels that are not kept apart are mixed, as the caller was told."""
    can = provider.capabilities
    try:
        return can.wire_format(provider.name, config.audio, separate=config.channels == "separate")
    except UnsupportedOption:
        return can.wire_format(provider.name, config.audio, separate=False)

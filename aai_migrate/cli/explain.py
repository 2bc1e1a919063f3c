"""``aai-migrate explain``: what would be sent, and nothing is dialled."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from attrs import asdict

from ..settings import keyless
from . import asked
from .facts import has_key
from .table import Table, show

if TYPE_CHECKING:
    from ..explain import Explanation, Given, Sent, Step

STYLES = {"you": "green", "ours": "yellow", "dropped": "red"}
_WHENCE = {"default": "unasked", "wire": "for the wire"}
_NAMED = ("base_url", "model", "language", "sample_rate", "encoding", "audio_channels")


@click.command(
    epilog="""\b
Examples:
  aai-migrate explain -p assemblyai-v3
  aai-migrate explain -p deepgram/flux-general-en --config stt.toml
  aai-migrate explain -p gladia -o turn_silence=0.4 --sample-rate 8000 --encoding pcm_mulaw
  aai-migrate explain -p speechmatics -o diarization=true -o profanity_filter=true -o on_unsupported=warn
  aai-migrate explain -p assemblyai-v2 --base-url ws://127.0.0.1:8080
  aai-migrate explain -p deepgram --json | jq -r '.steps[0].url'

No key is needed and nothing is dialled: the vendor's part is played by our own server of its protocol, and what only
the vendor knows is shown as an ellipsis. Settings that would be refused before dialling are an error here too, with
the same words. Exit codes: 0 explained, 2 wrong use or settings.""",
)
@asked.provider
@asked.config
@asked.settings
@asked.audio_format()
@asked.base_url
@click.option("--json", "json_", is_flag=True, help="One JSON object.")
@asked.debug
def explain(
    provider: str | None,
    config: str | None,
    settings: tuple[str, ...],
    api_key_env: str | None,
    json_: bool,
    debug: bool,
    **named: Any,
) -> Callable[[], int]:
    """Show what would be sent before audio: the exact URL, headers and body, and where each word of it comes from."""
    return partial(_explain, provider, config, settings, named, api_key_env, json_)


def _explain(
    provider: str | None,
    config: str | None,
    settings: tuple[str, ...],
    named: dict[str, Any],
    api_key_env: str | None,
    as_json: bool,
) -> int:
    from ..explain import explain as explained  # what every other command would load for nothing

    options = asked.merged(settings, named, formats=True)
    settled, key_env = keyless(provider, options, api_key_env=api_key_env, config=config)
    told = explained(settled.provider, settled.config)
    if as_json:
        print(json.dumps(_json(told, key_env), indent=2))
    else:
        show(_tables(told, key_env), STYLES)
    return 0


def _json(told: Explanation, key_env: str | None) -> dict[str, Any]:
    return {
        **asdict(told),
        "key": key_env,
        "key_is_set": has_key(key_env),
        "refused": told.refused or None,
    }


def _tables(told: Explanation, key_env: str | None) -> list[Table]:
    tables = [Table("Session", (), _session(told, key_env))]
    tables += [Table(title, (), lines) for title, lines in map(_step, told.steps, range(1, len(told.steps) + 1))]
    if told.given:
        head = ("option", "value", "becomes", "note")
        tables.append(Table("What you set", head, map(_given, told.given)))
    if told.sent:
        head = ("word", "value", "from", "why")
        tables.append(Table("What is sent", head, map(_sent, told.sent)))
    if told.left:
        left = [(name, native) for name, native in told.left.items()]
        tables.append(Table("Left to the vendor's own default", ("option", "vendor's word"), left))
    remarks = [(each.code, each.message) for each in told.warned]
    if told.refused:
        remarks.append(("refused", f"our own server of this protocol would refuse it: {told.refused}"))
    if remarks:
        tables.append(Table("Remarks", ("code", "text"), remarks))
    return tables


def _session(told: Explanation, key_env: str | None) -> list[tuple[str, str]]:
    converted = f"; converted: {', '.join(told.conversions)}" if told.conversions else ""
    return [
        ("provider", told.provider),
        ("model", told.model or "the vendor's own"),
        ("key", _key(key_env)),
        ("audio", f"{told.audio}{converted}"),
        ("on the wire", str(told.wire)),
    ]


def _key(name: str | None) -> str:
    if name is None:
        return "none needed"
    return f"from {name}, which is {'set' if has_key(name) else 'not set'}"


def _step(step: Step, number: int) -> tuple[str, list[tuple[str, str]]]:
    title = {"http": "Request", "connect": "Connect", "message": "Message"}[step.kind]
    lines = [(step.method or "url", step.url)] if step.url else []
    lines += list(step.headers.items())
    lines += [("body" if step.kind == "http" else "text", step.body)] if step.body else []
    return f"{number}. {title}", lines


def _given(given: Given) -> tuple[str, ...]:
    becomes = "dropped" if given.dropped else ", ".join(given.words)
    return given.option, _value(given.value), becomes, "; ".join(filter(None, (given.dropped, given.note)))


def _sent(sent: Sent) -> tuple[str, ...]:
    if sent.origin == "caller":
        return sent.word, _value(sent.value), "you", sent.option
    of = f": {sent.option}" if sent.option else ""
    return sent.word, _value(sent.value), "ours", f"{_WHENCE[sent.origin]}{of}"


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    plain: Iterable[Any] = list(value) if isinstance(value, tuple) else value
    return json.dumps(plain, ensure_ascii=False, default=str)

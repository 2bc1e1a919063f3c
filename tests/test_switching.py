"""Switching is one word: the same program and settings, another provider, the same turns."""

from __future__ import annotations

import asyncio
import logging
import re
import select
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import aai_migrate
from aai_migrate import AudioFormat, Config, ConfigError, Notice, StreamEvent, UnsupportedOption, registry
from aai_migrate.audio import recording, wav_bytes
from aai_migrate.config import OPTIONS
from aai_migrate.gateway import local
from aai_migrate.options import Option, of_family
from aai_migrate.testing import SameTurns, check_turns, coded, ended_turns

from .recordings import program

clips = program("clips").clips
CLIPS = clips()
CODED = [clip for clip in CLIPS if clip.ear == "coded"]
REAL = [clip for clip in CLIPS if clip.ear == "local"]
VENDORS: tuple[str, ...] = program("matrix").PROVIDERS
EVERYONE = ("coded", "local", *VENDORS)
SPOKEN = coded.words(6, seed=7)
SPEECH = coded.encode([*SPOKEN[:2], 1.2, *SPOKEN[2:], 1.2])
SHORT_PAUSE = coded.encode([*SPOKEN[:2], 0.75, *SPOKEN[2:], 1.2])
"""With a pause that is longer than the silence that ends a turn by default, and shorter than that of ``FULL``."""

FULL: dict[str, Any] = {
    "language": "en-GB",
    "partials": False,
    "formatting": False,
    "turn_silence": 0.8,
    "max_turn_silence": 9.0,
    "keyterms": ["Klinke", "Saar"],
    "diarization": True,
    "profanity_filter": True,
    "pii_redaction": True,
    "region": "eu",
}
"""Every option of ours, with a value that is nobody's default."""
SEVERAL = {**{name: value for name, value in FULL.items() if name != "language"}, "languages": ["en", "es"]}
"""The same with languages to choose from."""


def named(clip: Any) -> str:
    return str(clip.name)


def settings(provider: str, url: str, options: Mapping[str, Any]) -> str:
    """The settings of the program: nothing but *provider* differs."""
    shared = "".join(f"{name} = {_toml(value)}\n" for name, value in options.items())
    tables = {vendor.partition("/")[0] for vendor in VENDORS}
    return f'provider = "{provider}"\npaced = false\n{shared}' + "".join(
        f'[{table}]\nbase_url = "{url}"\n' for table in sorted(tables)
    )


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ASSEMBLYAI", "DEEPGRAM", "GLADIA", "SPEECHMATICS"):
        monkeypatch.setenv(f"{name}_API_KEY", "any")
    monkeypatch.delenv("AAI_MIGRATE_PROVIDER", raising=False)


def transcribed(path: Path, toml: Path) -> list[StreamEvent]:
    """The program."""
    source = recording(path)
    form = source.format
    with aai_migrate.connect(
        config=toml, sample_rate=form.sample_rate, encoding=form.encoding, audio_channels=form.channels
    ) as stream:
        return list(stream.transcribe(source))


def compared(path: Path, providers: tuple[str, ...], url: str, folder: Path, **options: Any) -> SameTurns:
    """Run the program for each of *providers*; every event keeps the contract."""
    turns = {}
    for provider in providers:
        toml = folder / "stt.toml"
        toml.write_text(settings(provider, url, options), encoding="utf-8")
        events = transcribed(path, toml)
        check_turns(events)
        turns[provider] = ended_turns(provider, events)
    return SameTurns(turns)


# The recordings. Of real speech a sample, beside that of test_fixtures.py; fixtures/audio/matrix.py compares all of it.


@pytest.mark.parametrize("clip", CODED, ids=named)
def test_coded_recordings(clip: Any, tmp_path: Path) -> None:
    """Equal turns, and those that are said."""
    with local("coded") as url:
        found = compared(clip.path, ("coded", *VENDORS), url, tmp_path)
    assert found
    assert [" ".join(turn.words) for turn in found.turns["coded"]] == list(clip.reference)


@pytest.mark.parametrize("clip", clips("float", "silence"), ids=named)
def test_short_recordings(clip: Any, tmp_path: Path) -> None:
    """Equal turns from all of them."""
    pytest.importorskip("pocketsphinx")
    with local("local") as url:
        assert compared(clip.path, ("local", *VENDORS), url, tmp_path)


SAMPLE = [clip for clip in REAL if clip.seconds < 10 and clip.name not in ("float", "silence", "stereo")] + list(
    clips("phone")
)
PAIRS = [(clip, VENDORS[number % len(VENDORS)]) for number, clip in enumerate(SAMPLE)]


@pytest.mark.parametrize(("clip", "vendor"), PAIRS, ids=[f"{clip.name}-{vendor}" for clip, vendor in PAIRS])
def test_recordings(clip: Any, vendor: str, tmp_path: Path) -> None:
    """Equal turns from one of them, another one for every recording."""
    pytest.importorskip("pocketsphinx")
    with local("local") as url:
        assert compared(clip.path, ("local", vendor), url, tmp_path)


# Settings that do not travel.


def untold(provider: str, options: Mapping[str, Any]) -> set[str]:
    """Return the *options* that *provider* has no word for, or no such value, by its table."""
    name, model = registry.split(provider)
    found = registry.find(name)
    asked = Config(model=model, **options)
    suited = found.suited(asked)
    rows = of_family(suited.options, suited.capabilities.family(model))
    return {option for option in options if _is_untold(rows.get(option), getattr(asked, option), option)}


def _is_untold(row: Option | None, value: object, name: str) -> bool:
    if row is None or row.support == "unsupported":
        return value is not False or name == "partials"  # what a provider lacks is off
    return bool(row.check(value))


def test_every_option_is_set() -> None:
    """To a value that is not the default."""
    assert {*FULL, *SEVERAL} == set(OPTIONS)
    assert all(Config(**options).is_set(name) for options in (FULL, SEVERAL) for name in options)


def option_of(message: str) -> str:
    """Return the option that a Notice is about, which stands after the provider."""
    found = re.match(r"[\w-]+(?: has no|:) (\w+)", message)
    assert found, message
    return found[1]


@pytest.mark.parametrize("options", [FULL, SEVERAL], ids=["language", "languages"])
@pytest.mark.parametrize("provider", EVERYONE)
def test_each_that_does_not_travel_is_told(provider: str, options: dict[str, Any], tmp_path: Path) -> None:
    """One Notice for each, which names it, and none for the others; the turns are as without them."""
    heard = [SPOKEN[:2], SPOKEN[2:]]
    if provider == "local":  # which knows none of the words of coded speech
        pytest.importorskip("pocketsphinx")
        heard = []
    clip, toml = tmp_path / "call.wav", tmp_path / "stt.toml"
    clip.write_bytes(wav_bytes(SPEECH if heard else bytes(32_000), AudioFormat()))
    with local("coded") as url:
        toml.write_text(settings(provider, url, {**options, "on_unsupported": "warn"}), encoding="utf-8")
        events = transcribed(clip, toml)
    check_turns(events)
    told = [event.message for event in events if isinstance(event, Notice) and event.code == "unsupported"]
    assert sorted(map(option_of, told)) == sorted(untold(provider, options)) != []
    assert [turn.words for turn in ended_turns(provider, events)] == heard


@contextmanager
def listening() -> Iterator[tuple[str, socket.socket]]:
    """A port of this machine that nobody may dial; yields its address, and its socket."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"ws://127.0.0.1:{server.getsockname()[1]}", server


def blocking(toml: Path) -> None:
    with aai_migrate.connect(config=toml):
        pass


def with_asyncio(toml: Path) -> None:
    async def main() -> None:
        async with aai_migrate.aconnect(config=toml):
            pass

    asyncio.run(main())


@pytest.mark.parametrize("options", [FULL, SEVERAL], ids=["language", "languages"])
@pytest.mark.parametrize("dial", [blocking, with_asyncio])
@pytest.mark.parametrize("provider", EVERYONE)
def test_all_that_does_not_travel_is_refused_at_once(
    provider: str, dial: Callable[[Path], None], options: dict[str, Any], tmp_path: Path
) -> None:
    """One error names all of them, and nobody was dialled."""
    if provider == "local":
        pytest.importorskip("pocketsphinx")
    toml = tmp_path / "stt.toml"
    with listening() as (url, server):
        toml.write_text(settings(provider, url, options), encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            dial(toml)
        assert select.select([server], [], [], 0)[0] == []
    text = str(caught.value)
    lacking = untold(provider, options)
    named = set(re.findall(r"\w+", text)) & set(options)
    assert lacking <= named
    assert text.startswith(provider.partition("/")[0])
    if isinstance(caught.value, UnsupportedOption):
        beyond = {option_of(message) for message in caught.value.also}
        assert {*caught.value.options, *beyond} == lacking


STEREO = AudioFormat(16_000, "pcm_s16le", 2)


def keeps_apart(provider: str) -> bool:
    """Say whether *provider* takes two channels apart, by its table."""
    name, model = registry.split(provider)
    found = registry.find(name)
    return found.suited(Config(model=model)).capabilities.max_channels > 1


@pytest.mark.parametrize("provider", ["coded", *VENDORS])
def test_channels_that_are_not_kept_apart(provider: str, tmp_path: Path) -> None:
    """Two speakers on two channels: apart where that can be, else mixed, with a Notice; or it is part of the error."""
    clip, toml = tmp_path / "call.wav", tmp_path / "stt.toml"
    clip.write_bytes(wav_bytes(coded.encode([*SPOKEN, 1.2], STEREO), STEREO))
    wanted = {**FULL, "channels": "separate", "sample_rate": 16_000, "audio_channels": 2}
    with local("coded") as url:
        toml.write_text(settings(provider, url, {**wanted, "on_unsupported": "warn"}), encoding="utf-8")
        events = transcribed(clip, toml)
    check_turns(events)
    channels = [turn.channel for turn in ended_turns(provider, events)]
    told = [event.message for event in events if isinstance(event, Notice) and "channels" in event.message]
    assert (sorted(channels), len(told)) == (([0, 1], 0) if keeps_apart(provider) else ([0], 1))
    with listening() as (url, server):
        toml.write_text(settings(provider, url, wanted), encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            blocking(toml)
        assert select.select([server], [], [], 0)[0] == []
    lacking = caught.value.options if isinstance(caught.value, UnsupportedOption) else {}
    assert ("channels" in lacking) is not keeps_apart(provider)
    assert untold(provider, FULL) <= set(re.findall(r"\w+", str(caught.value)))


@pytest.mark.parametrize("mode", ["wait", "revise", "raw"])
def test_formatted_turns(mode: str, tmp_path: Path) -> None:
    """Whatever is asked for, whoever hears it: the same words, and each turn ends once."""
    clip = tmp_path / "call.wav"
    clip.write_bytes(wav_bytes(SPEECH, AudioFormat()))
    providers = ("coded", *VENDORS, "assemblyai-v3/universal-streaming-english", "speechmatics/linden-1")
    with local("coded") as url:
        found = compared(clip, providers, url, tmp_path, formatted_turns=mode)
    assert found
    assert [turn.words for turn in found.turns["coded"]] == [SPOKEN[:2], SPOKEN[2:]]


# A vendor's client that sets everything, and every other provider behind the gateway.


def travels(*providers: str) -> bool:
    """Say whether a turn silence comes through the protocols of all *providers*."""
    return not any("turn_silence" in untold(provider, FULL) for provider in providers)


@pytest.mark.parametrize("provider", ["coded", *VENDORS])
def test_what_travels_has_its_effect(provider: str, tmp_path: Path) -> None:
    """A longer turn silence makes one turn of two, wherever a provider has it."""
    clip, toml = tmp_path / "call.wav", tmp_path / "stt.toml"
    clip.write_bytes(wav_bytes(SHORT_PAUSE, AudioFormat()))
    with local("coded") as url:
        for options, turns in (({}, 2), ({**FULL, "on_unsupported": "warn"}, 1 if travels(provider) else 2)):
            toml.write_text(settings(provider, url, options), encoding="utf-8")
            assert len(ended_turns(provider, transcribed(clip, toml))) == turns


@pytest.mark.parametrize("options", [FULL, SEVERAL], ids=["language", "languages"])
@pytest.mark.parametrize("behind", ["coded", *VENDORS])
def test_a_client_that_sets_everything(
    behind: str, options: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever is behind, the client gets its session; what both have comes through, and what one lacks is dropped."""
    clip, toml = tmp_path / "call.wav", tmp_path / "stt.toml"
    clip.write_bytes(wav_bytes(SHORT_PAUSE, AudioFormat()))
    with local("coded") as ear:
        more = {} if behind == "coded" else {"base_url": ear, "api_key": "any", "paced": False}
        with local(behind, **more) as url:
            for client in VENDORS:
                toml.write_text(settings(client, url, {**options, "on_unsupported": "warn"}), encoding="utf-8")
                caplog.clear()
                with caplog.at_level(logging.INFO, "aai_migrate"):
                    events = transcribed(clip, toml)
                check_turns(events)
                heard = [turn.words for turn in ended_turns(client, events)]
                assert heard == ([SPOKEN] if travels(client, behind) else [SPOKEN[:2], SPOKEN[2:]]), client
                assert [record for record in caplog.records if record.levelno >= logging.ERROR] == [], client

"""Whether providers hear the same turns."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import aai_migrate
from aai_migrate import AudioError, ConfigError, ConnectionLost, MissingExtra, StreamEvent, Termination, Turn, registry
from aai_migrate.audio import AudioFormat, wav, wav_bytes
from aai_migrate.gateway import local
from aai_migrate.testing import DifferentTurns, EndedTurn, SameTurns, coded, ended_turns, same_turns

VENDORS = ("deepgram", "deepgram/flux-general-en", "speechmatics", "gladia", "assemblyai-v2", "assemblyai-v3")
SPOKEN = coded.words(5, seed=3)
SPEECH: list[str | float] = [*SPOKEN[:2], 1.2, *SPOKEN[2:], 1.2]
AUDIO = Path(__file__).parents[2] / "fixtures" / "audio"


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEEPGRAM", "SPEECHMATICS", "GLADIA", "ASSEMBLYAI"):
        monkeypatch.delenv(f"{name}_API_KEY", raising=False)


@pytest.fixture
def call(tmp_path: Path) -> Path:
    path = tmp_path / "call.wav"
    path.write_bytes(wav_bytes(coded.encode(SPEECH), AudioFormat()))
    return path


def turn(*words: str, start: float | None = 1.0, channel: int = 0) -> EndedTurn:
    return EndedTurn(channel, words, start, start and start + 1)


# What is the same.


@pytest.mark.parametrize(
    ("heard", "same"),
    [
        ([turn("a", "b"), turn("c")], True),
        ([turn("a", "b", start=1.05), turn("c")], True),
        ([turn("a", "b", start=1.06), turn("c")], False),
        ([turn("a", "b", start=None), turn("c")], False),
        ([turn("a"), turn("b", "c")], False),
        ([turn("a", "b"), turn("c", channel=1)], False),
        ([turn("a", "b")], False),
        ([turn("a", "b"), turn("c"), turn("c")], False),
        ([turn("c"), turn("a", "b")], False),
        ([], False),
    ],
)
def test_turns_are_compared_one_by_one(heard: list[EndedTurn], same: bool) -> None:
    """Channel and words exactly, times to 50 ms, and none too many."""
    found = SameTurns({"one": (turn("a", "b"), turn("c")), "two": tuple(heard)})
    assert found.same is same
    assert len(found.differences) == (not same)


def test_times_that_nobody_says_are_equal() -> None:
    assert SameTurns({"one": (turn("a", start=None),), "two": (turn("a", start=None),)}).same


@pytest.mark.parametrize(
    ("heard", "rate", "same"),
    [
        ([turn("a", "b", "c", "d")], 0.25, True),
        ([turn("a", "b"), turn("c", "x")], 0.25, True),
        ([turn("a", "x"), turn("c", "x")], 0.25, False),
        ([turn("a", "b"), turn("c", "d", channel=1)], 0.25, False),
        ([turn("a", "b"), turn("c", "d", channel=1)], 1.0, True),
        ([turn("a", "b", start=1.2), turn("c", "x")], 0.25, False),
    ],
)
def test_some_words_may_differ(heard: list[EndedTurn], rate: float, same: bool) -> None:
    """Over all turns of a channel, wherever they end; equal turns must still come at the same time."""
    plain = (turn("a", "b"), turn("c", "d"))
    assert SameTurns({"one": plain, "two": tuple(heard)}, word_error_rate=rate).same is same


def test_all_are_compared_with_the_first() -> None:
    """Each that differs is told once, with every turn that does, in order; the same word by word is left out."""
    plain = (turn("a"), turn("b", start=3.0), turn("c", start=5.0))
    other = (turn("a"), turn("x", start=3.0, channel=1), turn("c", start=5.5))
    found = SameTurns({"one": plain, "two": plain, "three": other, "four": plain[1:]})
    assert found.differences == (
        "three (+) heard other turns than one (-)\n"
        "  - 3.00 to 4.00 s, channel 0: b\n"
        "  + 3.00 to 4.00 s, channel 1: x\n"
        "  - 5.00 to 6.00 s, channel 0: c\n"
        "  + 5.50 to 6.50 s, channel 0: c",
        "four (+) heard other turns than one (-)\n  - 1.00 to 2.00 s, channel 0: a",
    )


def test_too_many_words_differ() -> None:
    """The text says how many, and of how many that is too many."""
    found = SameTurns({"one": (turn("a", "b"),), "two": (turn("a", start=None),)}, word_error_rate=0.2)
    assert found.differences == (
        "two (+) heard other turns than one (-): 50% of the words differ, more than 20%\n"
        "  - 1.00 to 2.00 s, channel 0: a b\n"
        "  + ? to ? s, channel 0: a",
    )


def test_its_truth_is_an_assertion() -> None:
    """Whoever asserts it reads all of what differs, and its repr tells no word."""
    good, bad = SameTurns({"one": (), "two": ()}), SameTurns({"one": (turn("secret"),), "two": ()})
    assert good
    good.raise_for_differences()
    for ask in (bool, SameTurns.raise_for_differences):
        with pytest.raises(DifferentTurns) as caught:
            ask(bad)
        assert str(caught.value) == bad.differences[0]
        assert caught.value.differences == bad.differences
        assert isinstance(caught.value, AssertionError)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert "secret" not in repr(bad)


def test_ended_turns() -> None:
    """Only ended turns count, and only of a stream that heard everything."""
    said = Turn(turn_order=0, transcript="One, Two.", end_of_turn=True, start=1.0, end=2.0)
    open_ = Turn(turn_order=0, transcript="One", end_of_turn=False, start=1.0, end=1.5)
    whole, cut = Termination(complete=True, reason="stop"), Termination(complete=False, reason="lost")
    assert ended_turns("deepgram", [open_, said, whole]) == (turn("one", "two"),)
    unfinished: list[list[StreamEvent]] = [[open_, said, cut], [said], []]
    for events in unfinished:
        with pytest.raises(ConnectionLost, match=r"^deepgram: the stream did not come to its end(: lost)?$"):
            ended_turns("deepgram", events)


# Transcribing.


def test_every_protocol_without_a_key(call: Path) -> None:
    """The ear itself and all that it can be heard through."""
    found = same_turns(call, "coded", *VENDORS, ear="coded")
    assert found
    assert list(found.turns) == ["coded", *VENDORS]
    assert [turn.words for turn in found.turns["gladia"]] == [SPOKEN[:2], SPOKEN[2:]]


def test_real_speech() -> None:
    """With the embedded recogniser, which is the ear where none is named."""
    pytest.importorskip("pocketsphinx")
    assert same_turns(AUDIO / "float.wav", "local", "assemblyai-v3")


PHONE = AudioFormat(8_000, "pcm_mulaw")


@pytest.mark.parametrize(
    ("audio", "options"),
    [
        (coded.encode(SPEECH), {}),
        (bytearray(coded.encode(SPEECH, PHONE)), {"format": PHONE}),
        (memoryview(coded.encode(SPEECH, PHONE)), {"sample_rate": 8_000, "encoding": "pcm_mulaw"}),
        ([coded.encode(SPEECH[:3]), coded.encode(SPEECH[3:])], {}),
    ],
    ids=["bytes", "format", "options", "chunks"],
)
def test_samples(audio: Any, options: dict[str, Any]) -> None:
    """Samples, whole or in chunks, in the format that is said."""
    found = same_turns(audio, "deepgram", "assemblyai-v3", ear="coded", **options)
    assert found
    assert [turn.words for turn in found.turns["deepgram"]] == [SPOKEN[:2], SPOKEN[2:]]


def test_a_source_says_its_format(call: Path) -> None:
    """So what is said besides must be the same."""
    assert same_turns(wav(call), "deepgram", "gladia", ear="coded", sample_rate=16_000)
    with pytest.raises(AudioError, match="the source is 16000 Hz"):
        same_turns(wav(call), "deepgram", "gladia", ear="coded", sample_rate=8_000)


def test_a_source_that_can_be_read_once(call: Path) -> None:
    """It is refused before anything is transcribed, or as soon as that is seen."""
    with pytest.raises(AudioError, match=r"^each provider needs the audio anew"):
        same_turns(iter([b""]), "deepgram", "gladia", ear="coded")
    with call.open("rb") as file, pytest.raises(AudioError, match="was read already"):
        same_turns(wav(file), "deepgram", "gladia", ear="coded")


def test_settings(call: Path, tmp_path: Path) -> None:
    """Options and a config file hold for all, and each has its table; a shorter silence makes more turns."""
    toml = tmp_path / "stt.toml"
    toml.write_text(
        'provider = "local"\nturn_silence = 2\n[gladia]\nturn_silence = 0.5\nbase_url = "ws://127.0.0.1:1"\n'
    )
    found = same_turns(call, "deepgram", "gladia", ear="coded", config=toml)
    assert {name: len(turns) for name, turns in found.turns.items()} == {"deepgram": 1, "gladia": 2}
    assert not found.same
    assert same_turns(call, "deepgram", "gladia", ear="coded", config=toml, turn_silence=0.6)
    assert not same_turns(
        call, "deepgram", "gladia", ear="coded", config=toml, word_error_rate=0.01, tolerance=9
    ).differences


def test_services(call: Path) -> None:
    """Without emulation the address of the settings is dialled, with a key; words and times need not be exact."""
    with local("coded") as url:
        found = same_turns(
            wav(call), "deepgram", "assemblyai-v3", emulate=False, base_url=url, api_key="any", paced=False
        )
        assert found
        assert (found.tolerance, found.word_error_rate) == (0.5, 0.2)
        with pytest.raises(ConfigError, match="DEEPGRAM_API_KEY"):
            same_turns(wav(call), "deepgram", "gladia", emulate=False, base_url=url)


def test_a_provider_that_fails(call: Path) -> None:
    """Its own error is raised."""
    with local("coded", authenticate=lambda credential: None) as url, pytest.raises(aai_migrate.AuthenticationError):
        same_turns(wav(call), "deepgram", "gladia", emulate=False, base_url=url, api_key="any")


class Endless:
    """A second of audio, and then nothing until it is closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[bytes]:
        yield bytes(32_000)
        assert self.closed.wait(60)

    def close(self) -> None:
        self.closed.set()


@pytest.mark.parametrize("refused", ["deepgram", "gladia"])
def test_nobody_goes_on_where_one_fails(refused: str, tmp_path: Path) -> None:
    """Its error comes at once, whatever the others still had to hear; no thread is left."""
    toml, source = tmp_path / "stt.toml", Endless()
    before = set(threading.enumerate())
    with local("coded") as url, local("coded", authenticate=lambda credential: None) as closed:
        urls = {name: closed if name == refused else url for name in ("deepgram", "gladia")}
        toml.write_text("".join(f'[{name}]\nbase_url = "{url}"\n' for name, url in urls.items()))
        with pytest.raises(aai_migrate.AuthenticationError):
            same_turns(source, "deepgram", "gladia", emulate=False, config=toml, api_key="any")
    assert set(threading.enumerate()) <= before


@pytest.fixture
def unplayable() -> Iterator[str]:
    """A provider that wants a key and has no server half."""
    registry.register(evolve(registry.find("deepgram"), name="unplayable", server=None))
    yield "unplayable"
    registry.unregister("unplayable")


@pytest.mark.parametrize(
    ("providers", "options", "text"),
    [
        (["deepgram"], {}, "^same_turns compares two providers or more; name each of them once$"),
        (["deepgram", "deepgram"], {}, "^same_turns compares two providers or more; name each of them once$"),
        (["deepgram", "gladia"], {"base_url": "ws://x"}, "^base_url goes with emulate=False"),
        (["deepgram", "gladia"], {"api_key": "k"}, "^api_key goes with emulate=False"),
        (["deepgram", "unplayable"], {}, "^unplayable has no server half that could play it; pass emulate=False$"),
        (["deepgram", "gladai"], {}, "^unknown provider 'gladai'; did you mean gladia"),
    ],
)
def test_wrong_settings(call: Path, unplayable: str, providers: list[str], options: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        same_turns(call, *providers, ear="coded", **options)


def test_without_gateway(call: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who lacks the extra is told how to install it."""
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    for name in [name for name in sys.modules if name.startswith("aai_migrate.gateway")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingExtra, match=r"pip install 'aai_migrate\[gateway\]'$"):
        same_turns(call, "deepgram", "gladia", ear="coded")


def test_in_somebodys_tests(call: Path, tmp_path: Path) -> None:
    """A failing assertion shows every turn that differs, whole, and the line of the test."""
    (tmp_path / "stt.toml").write_text("[gladia]\nturn_silence = 5")
    (tmp_path / "test_theirs.py").write_text(
        """
from aai_migrate.testing import same_turns

def test_switch():
    assert same_turns("call.wav", "deepgram", "coded", ear="coded")

def test_no_switch():
    assert same_turns("call.wav", "deepgram", "gladia", ear="coded", config="stt.toml")
"""
    )
    program = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--color=no", "test_theirs.py"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    _, _, failures = done.stdout.partition("= FAILURES =")
    shown, _, summary = failures.partition("short test summary")
    assert "1 failed, 1 passed" in summary
    assert ">       assert same_turns(" in shown
    assert "same.py" not in shown
    told = [line[1:].strip() for line in shown.splitlines() if line.startswith("E ")]
    first, *turns = told
    assert first.endswith("DifferentTurns: gladia (+) heard other turns than deepgram (-)")
    assert [(line[0], line.rpartition(": ")[2].split()) for line in turns] == [
        ("-", list(SPOKEN[:2])),
        ("-", list(SPOKEN[2:])),
        ("+", list(SPOKEN)),
    ]


@pytest.mark.parametrize("audio", [b"", bytes(32_000)], ids=["nothing", "silence"])
def test_audio_in_which_nobody_hears_a_word(audio: bytes) -> None:
    """Nothing is the same as nothing, but no test is meant to pass by that."""
    with pytest.raises(AudioError, match=r"^there is no word in the audio for the ear 'coded', .*; give it"):
        same_turns(audio, "deepgram", "gladia", ear="coded")

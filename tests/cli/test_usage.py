"""Wrong use and wrong settings: one line that says what to do, exit 2, nothing dialled."""

from __future__ import annotations

import builtins
import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aai_migrate import __version__
from aai_migrate.cli import main
from aai_migrate.cli.options import parse, value
from aai_migrate.errors import ConfigError

from .conftest import KEY, Run, tone


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever dials fails the test."""

    def dial(*args: Any, **kwargs: Any) -> None:
        pytest.fail(f"dialled {args}")

    monkeypatch.setattr(socket.socket, "connect", dial)
    monkeypatch.setattr(socket, "getaddrinfo", dial)


@pytest.mark.parametrize("argv", [["--help"], ["-h"], ["transcribe", "--help"]])
def test_help_has_examples(run: Run, argv: list[str]) -> None:
    """Each level explains itself on stdout, with examples."""
    outcome = run(*argv)
    assert outcome.code == 0
    assert "Examples:\n    aai-migrate transcribe" in outcome.out
    assert not outcome.err


@pytest.mark.parametrize("argv", [["--help"], ["token", "--help"], ["--version"], ["providers", "deepgram"]])
def test_nobody_reads(argv: list[str]) -> None:
    """A pipe that is closed at the other end is told by the exit code alone, whoever was writing."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "aai_migrate.cli", *argv]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_examples_fit(run: Run) -> None:
    """No example is broken on a terminal of the usual width."""
    examples = [row for row in run("transcribe", "--help").out.splitlines() if row.startswith("    ")]
    assert max(map(len, examples[-9:])) <= 80


def test_only_a_terminal_needs_rich(clip: Path) -> None:
    """In a pipe nothing that draws is imported, and without a microphone nothing that records."""
    program = """
import sys
from aai_migrate.cli import main
code = main(sys.argv[1:])
loaded = {name.partition(".")[0] for name in sys.modules}
sys.exit(f"{code} {loaded & {'rich', 'pyaudio', 'av', 'numpy', 'aiohttp', 'pocketsphinx'}}")
"""
    words = ["transcribe", str(clip), "-p", "coded", "--speed", "0"]
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "0 set()"


def test_version(run: Run) -> None:
    """--version says the version."""
    outcome = run("--version")
    assert (outcome.code, outcome.out) == (0, f"aai-migrate {__version__}\n")


P = ["-p", "assemblyai-v3"]


WRONG = [
    ("", "name a command: doctor, explain, gateway, providers, token, transcribe; see aai-migrate --help"),
    ("transcrbe", "unknown command 'transcrbe'; did you mean transcribe?"),
    ("zzz", "unknown command 'zzz'; known: doctor, explain, gateway, providers, token, transcribe"),
    ("--verison", "unknown option --verison; did you mean --version?"),
    ("transcribe", "no audio: name a FILE, - for standard input, or --mic for the microphone"),
    ("transcribe CLIP --emualte", "unknown option --emualte; did you mean --emulate?"),
    ("transcribe CLIP --zzz", "unknown option --zzz; see aai-migrate transcribe --help"),
    ("transcribe CLIP more -p assemblyai-v3", "got unexpected extra argument (more)"),
    ("transcribe CLIP -p", "option '-p' requires an argument"),
    ("transcribe CLIP", "no provider: name one of assemblyai-v2, "),
    ("transcribe CLIP -p asemblyai-v3", "unknown provider 'asemblyai-v3'; did you mean assemblyai-v3"),
    ("transcribe CLIP -p assemblyai-v2", "AssemblyAI retired its realtime API v2 in late 2025; use assemblyai-v3, or"),
    ("transcribe CLIP -p assemblyai-v3/", "provider 'assemblyai-v3/' is not of the form"),
    ("transcribe CLIP --emulate", "--emulate needs --provider"),
    ("transcribe CLIP -p local --emulate", "local has no protocol to emulate; leave --emulate out"),
]
WRONG_WITH_PROVIDER = [
    ("--mic", "are two sources; leave one out"),
    ("--device 1", "--device goes with --mic"),
    ("--raw", "--raw needs --sample-rate"),
    ("--sample-rate 8000", "--sample-rate goes with --raw or --mic"),
    ("--encoding mp3", "'mp3' is not one of 'pcm_s16le'"),
    ("--seconds 0", "--seconds: 0.0 is not a number above 0"),
    ("--srt -", "--srt '-' is no file; name one"),
    ("--vtt ''", "--vtt '' is no file; name one"),
    ("--srt nowhere/x.srt", "nowhere; make it, or choose another"),
    ("--vtt .", "--vtt . is a folder; name a file in it"),
    ("--srt x.srt --vtt ./x.srt", "--vtt ./x.srt would overwrite what another option names"),
    ("--srt CLIP", "would overwrite what another option names; choose another file"),
    ("--config nowhere.toml", "nowhere.toml"),
    ("--speed fast", "'fast' is not a valid float"),
    ("--speed=-1", "--speed: speed -1.0 is not a number from 0"),
    ("--speed nan", "--speed: speed nan is not a number from 0"),
    ("--speed inf", "--speed: speed inf is not a number from 0"),
    ("--emulate=loud", "'loud' is not one of 'local', 'coded'"),
    ("--emulate --base-url ws://h", "--emulate is a server of its own"),
    ("--emulate -o base_url=ws://h", "--emulate is a server of its own"),
    ("--emulate --api-key-env X", "--emulate needs no key"),
    ("--api-key-env NO_SUCH", "--api-key-env: NO_SUCH is not set"),
    ("--api-key-env EMPTY", "EMPTY is empty"),
    ("-o langage=en", "unknown option 'langage'; did you mean language"),
    ("-o conect_timeout=1", "unknown option 'conect_timeout'; did you mean con"),
    ("-o api_key=x", "unknown option 'api_key'"),
    ("-o language", "-o 'language' is not of the form NAME=VALUE"),
    ("-o language=en -o language=de", "-o language is given twice"),
    ("-o model=m --model m", "model is given twice, by -o and by --model"),
    ("-o sample_rate=8000", "-o sample_rate is told by the audio file"),
    ("-o 'extra={}'", "-o extra is written word by word"),
    ("-o asemblyai-v3.x=1", "unknown provider 'asemblyai-v3'; did you mean ass"),
    ("-o assemblyai-v3.=1", "names no word of assemblyai-v3"),
    ("-o gladia.pre_processing.=1", "names no word of gladia"),
    ("-o gladia.a=1 -o gladia.a.b=2", "a is given another value already"),
    ("-o turn_silence=soon", "turn_silence must be 0 to 60 seconds, not 'soon'"),
    ("-o turn_silence=61", "turn_silence must be 0 to 60 seconds, not 61"),
    ("-o turn_silence=20", "turn_silence must be 0.05 to 10 s, not 20"),
    ("-o partials=maybe", "partials must be true or false, not 'maybe'"),
    ("-o keyterms=one", "keyterms must be a list of non-empty strings"),
    ("-o connect_timeout=0", "connect_timeout must be a number above 0"),
    ("-o connect_timeout=soon", "connect_timeout must be a number above 0"),
    ("--language xx", "assemblyai-v3: language 'xx' is not offered"),
    ("--model whisper-rt -o 'keyterms=[\"a\"]'", "whisper-rt has no keyterms"),
    ("--base-url 'ws://h?x=1'", "base_url must not carry a query"),
    ("--base-url ftp://h", "base_url must begin with wss://"),
    ("--base-url h:1", "base_url must begin with wss://"),
    ("--base-url wss://", "base_url names no host"),
]


@pytest.mark.parametrize(
    ("words", "says"),
    [*WRONG, *((f"transcribe CLIP -p assemblyai-v3 {words}", says) for words, says in WRONG_WITH_PROVIDER)],
)
def test_one_line_and_exit_2(run: Run, clip: Path, monkeypatch: pytest.MonkeyPatch, words: str, says: str) -> None:
    """Whatever is wrong is said in one line that names it and the way out."""
    monkeypatch.setenv("EMPTY", "")
    outcome = run(*shlex.split(words.replace("CLIP", str(clip))))
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.line


@pytest.mark.parametrize(
    ("key", "says"),
    [
        (None, "assemblyai-v3 needs a key: set ASSEMBLYAI_API_KEY"),
        ("", "ASSEMBLYAI_API_KEY is empty"),
        ("  ", "ASSEMBLYAI_API_KEY is empty"),
        (f"{KEY}\n", "ASSEMBLYAI_API_KEY holds a line break"),
        (f"{KEY}\r\nX: y", "ASSEMBLYAI_API_KEY holds a line break"),
    ],
)
def test_key(run: Run, clip: Path, monkeypatch: pytest.MonkeyPatch, key: str | None, says: str) -> None:
    """A key that is missing, empty or broken is refused before dialling and never shown."""
    if key is None:
        monkeypatch.delenv("ASSEMBLYAI_API_KEY")
    else:
        monkeypatch.setenv("ASSEMBLYAI_API_KEY", key)
    outcome = run("transcribe", clip, *P)
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.line
    assert KEY not in outcome.err


def test_missing_file(run: Run, tmp_path: Path) -> None:
    """A file that is not there, or no file at all, is named."""
    assert "nowhere.wav: No such file or directory; give" in run("transcribe", "nowhere.wav", *P).line
    assert f"{tmp_path}: Is a directory; give" in run("transcribe", tmp_path, *P).line
    assert "embedded null byte; give" in run("transcribe", "a\0b", *P).line
    assert run("transcribe", "nowhere.wav", *P).code == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file(run: Run, clip: Path) -> None:
    """So is one that may not be read."""
    clip.chmod(0)
    outcome = run("transcribe", clip, *P)
    assert outcome.code == 2
    assert "Permission denied; give" in outcome.line


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "file is empty"),
        (b"hello, this is text", "if it is raw PCM, say how it was made"),
        (b"\xff\xfb\x90\x00" + bytes(100), "MP3"),
        (tone(0.01)[:30], "header is cut short"),
        (tone(0.01).replace((16_000).to_bytes(4, "little"), (3_000).to_bytes(4, "little")), "3000"),
    ],
)
def test_no_audio(run: Run, tmp_path: Path, content: bytes, says: str) -> None:
    """What is no audio, or none that can be, is named with the way out."""
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    outcome = run("transcribe", path, *P)
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.line
    assert str(path) in outcome.line


def test_debug_shows_a_traceback(run: Run) -> None:
    """Only --debug shows where it happened."""
    outcome = run("transcribe", "nowhere.wav", *P, "--debug")
    assert outcome.code == 2
    assert "Traceback" in outcome.err
    assert outcome.err.splitlines()[-1].startswith("aai-migrate: nowhere.wav: No such file")


def test_without_click(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without its extra the command says how to install it."""
    real = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "click":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "click", raising=False)
    monkeypatch.setattr(builtins, "__import__", absent)
    assert main(["--version"]) == 2
    said = "aai-migrate: the command line needs an extra: pip install 'aai_migrate[cli]'\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1", 1),
        ("0.4", 0.4),
        ("true", True),
        ('["a", "b"]', ["a", "b"]),
        ('"1"', "1"),
        ("en", "en"),
        ("", ""),
        ("a = b", "a = b"),
        ("2026-01-01", "2026-01-01"),
        ("1\nother = 2", "1\nother = 2"),
        ("{a = 1}", {"a": 1}),
    ],
)
def test_values(text: str, found: object) -> None:
    """A value is TOML where it is TOML, else itself."""
    assert value(text) == found
    assert type(value(text)) is type(found)


def test_parse() -> None:
    """Options keep their names, a vendor's own words are kept apart by provider."""
    assert parse(["turn_silence=0.4", "assemblyai.vad_threshold=0.3", "assemblyai-v3.prompt=a=b", "backlog=5"]) == {
        "turn_silence": 0.4,
        "backlog": 5,
        "extra": {"assemblyai-v3": {"vad_threshold": 0.3, "prompt": "a=b"}},
    }
    assert parse(["gladia.pre_processing.audio_enhancer=true", "gladia.pre_processing.speech_threshold=0.5"]) == {
        "extra": {"gladia": {"pre_processing": {"audio_enhancer": True, "speech_threshold": 0.5}}}
    }
    with pytest.raises(ConfigError, match="given twice"):
        parse(["assemblyai.prompt=a", "assemblyai-v3.prompt=b"])

"""The programs in ``examples``, each a process of its own, at a sound server's microphone."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import aai_migrate
from aai_migrate.audio import wav
from aai_migrate.gateway import local
from aai_migrate.testing import coded
from aai_migrate.testing.words import plain_words

from .conftest import SoundServer

ROOT = Path(__file__).parents[2]
AUDIO, EXAMPLES = ROOT / "fixtures" / "audio", ROOT / "examples"
PROGRAMS = sorted(path.name for path in EXAMPLES.glob("*.py"))
VENDORS = ("assemblyai-v2", "assemblyai-v3", "deepgram", "gladia", "speechmatics")
SPOKEN = coded.words(5, seed=6)
WAIT = 60.0
"""Seconds that a program may take."""


def settings(provider: str, url: str) -> str:
    """The file beside the programs with another provider, and an address in the table of each vendor."""
    text = (EXAMPLES / "stt.toml").read_text(encoding="utf-8")
    text = re.sub(r'(?m)^provider = "[^"]*"', f'provider = "{provider}"', text)
    for vendor in VENDORS:
        text = re.sub(rf"(?m)^\[{vendor}\]", rf'\g<0>\nbase_url = "{url}"', text)
    return text


def test_they_are_short() -> None:
    assert PROGRAMS == ["microphone.py", "microphone_async.py", "microphone_callbacks.py"]
    assert all(len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) < 25 for name in PROGRAMS)


def test_the_settings_have_a_table_for_each() -> None:
    """All six names; the file is whole, and none of its words is a misspelled one."""
    assert set(aai_migrate.load(EXAMPLES / "stt.toml").tables) == {*VENDORS, "local"}


@contextmanager
def started(program: str, provider: str, url: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a copy of *program* beside settings for *provider*."""
    folder.mkdir()
    shutil.copy(EXAMPLES / program, folder)
    (folder / "stt.toml").write_text(settings(provider, url), encoding="utf-8")
    environment = {key: value for key, value in os.environ.items() if key != "AAI_MIGRATE_PROVIDER"}
    environment |= {f"{name}_API_KEY": "any" for name in ("ASSEMBLYAI", "DEEPGRAM", "GLADIA", "SPEECHMATICS")}
    with subprocess.Popen(
        [sys.executable, folder / program],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        timer = threading.Timer(WAIT, process.kill)
        timer.start()
        try:
            yield process
        finally:
            timer.cancel()
            timer.join()
            process.kill()


def shown(process: subprocess.Popen[bytes]) -> Iterator[tuple[list[str], bool]]:
    """Yield the words of each turn as they are shown, and whether it has ended."""
    assert process.stdout
    text = b""
    while piece := process.stdout.read(1):
        if piece in b"\r\n":
            yield plain_words(text.decode().removeprefix("\x1b[K")), piece == b"\n"
            text = b""
        else:
            text += piece


def ends_well(process: subprocess.Popen[bytes]) -> bool:
    """Wait for the end of a program, and say whether it is as quiet as it should be."""
    assert process.stderr
    return (process.wait(WAIT), process.stderr.read()) == (0, b"")


def interrupted(process: subprocess.Popen[bytes]) -> list[str]:
    """Press Ctrl+C in the middle of a turn that follows a whole one, and return the last words that are shown."""
    lines = shown(process)
    assert any(words == list(SPOKEN) for words, ended in lines if ended)
    assert any(words for words, ended in lines if not ended)
    process.send_signal(signal.SIGINT)
    *_, (last, ended) = lines
    assert ended
    assert ends_well(process)
    return last


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_provider(program: str, sound_server: SoundServer, tmp_path: Path) -> None:
    """The program is the same for all; Ctrl+C in the middle of a turn brings its words, and then the end."""
    sound_server.play(coded.encode([*SPOKEN, 1.2]))
    with local("coded") as url, ThreadPoolExecutor(len(VENDORS)) as pool, ExitStack() as stack:
        running = [stack.enter_context(started(program, vendor, url, tmp_path / vendor)) for vendor in VENDORS]
        for last in pool.map(interrupted, running):
            assert last
            assert last == list(SPOKEN[: len(last)])


def test_the_embedded_recogniser(sound_server: SoundServer, tmp_path: Path) -> None:
    """As it is delivered, without a key or an address, on real speech."""
    pytest.importorskip("pocketsphinx")
    clip = wav(AUDIO / "short.wav")
    said = set(plain_words((AUDIO / "short.txt").read_text(encoding="utf-8")))
    sound_server.play(b"".join(clip) + clip.format.silence(1.0))
    with started("microphone.py", "local", "ws://127.0.0.1:1", tmp_path / "local") as process:
        assert any(said & set(words) for words, ended in shown(process) if ended)
        process.send_signal(signal.SIGINT)
        assert all(ended for _, ended in list(shown(process))[-1:])
        assert ends_well(process)

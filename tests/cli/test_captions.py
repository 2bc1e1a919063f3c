"""Subtitle files: when they appear, what they survive, and what is said when they cannot be written."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from aai_migrate.cli.captions import SubtitleFile
from aai_migrate.events import Begin, Notice, Turn, TurnRevised

YESTERDAY = "yesterday's"
BEGIN = Begin(provider="p")


def _turn(order: int, at: float, text: str = "ask", **more: Any) -> Turn:
    return Turn(turn_order=order, transcript=text, end_of_turn=True, start=at, end=at + 1.0, **more)


def _cue(number: int, at: int, text: str = "ask") -> str:
    return f"{number}\n00:00:{at:02},000 --> 00:00:{at + 1:02},000\n{text}\n\n"


class Written:
    """A file that is written, with all that was said about it."""

    def __init__(self, path: Path | str) -> None:
        self.said: list[str] = []
        self.path = Path(path)
        self.file = SubtitleFile(str(path), "srt", channels=False, complain=self.said.append)

    def note(self, *events: Any) -> str:
        for event in events:
            self.file.note(event)
        return self.path.read_text(encoding="utf-8")


def test_each_turn_is_on_the_disk_when_it_ends(tmp_path: Path) -> None:
    """Whatever happens next, the file is whole."""
    written = Written(tmp_path / "x.srt")
    assert written.note(BEGIN) == ""
    assert written.note(Turn(turn_order=0, transcript="as", end_of_turn=False), Notice("n", "n")) == ""
    assert written.note(_turn(0, 1.0)) == _cue(1, 1)
    assert written.note(_turn(1, 3.0)) == _cue(1, 1) + _cue(2, 3)
    written.file.close()
    assert written.path.read_text() == _cue(1, 1) + _cue(2, 3)
    assert (written.file.failed, written.said, os.listdir(tmp_path)) == (False, [], ["x.srt"])


def test_what_was_there_stays_until_the_session_has_begun(tmp_path: Path) -> None:
    """A refused key costs nothing; then the new file stands there at once, with the old one's rights."""
    path = tmp_path / "x.srt"
    path.write_text(YESTERDAY)
    path.chmod(0o640)
    never = Written(path)
    never.file.close()
    assert path.read_text() == YESTERDAY
    written = Written(path)
    assert written.note(BEGIN) == ""
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    written.file.close()


def test_a_reader_of_the_old_file_keeps_it(tmp_path: Path) -> None:
    """The file is replaced, not emptied; a link to it stays a link."""
    path, link = tmp_path / "x.srt", tmp_path / "link.srt"
    path.write_text(YESTERDAY)
    link.symlink_to(path)
    with path.open() as reader:
        written = Written(link)
        written.note(BEGIN, _turn(0, 1.0))
        written.file.close()
        assert reader.read() == YESTERDAY
    assert link.is_symlink()
    assert path.read_text() == _cue(1, 1)


def test_the_end_puts_cues_in_order(tmp_path: Path) -> None:
    """Late turns of another channel and revised ones are where and what they should be."""
    written = Written(tmp_path / "x.srt")
    written.note(BEGIN, _turn(0, 5.0), _turn(0, 2.0, channel=1))
    written.note(TurnRevised(turn_order=0, transcript="Ask!"))
    written.file.close()
    written.file.close()
    assert written.path.read_text() == _cue(1, 2) + _cue(2, 5, "Ask!")
    assert os.listdir(tmp_path) == ["x.srt"]


def test_the_mask_holds(tmp_path: Path) -> None:
    """A new file has the rights that any new file would have."""
    before = os.umask(0o027)
    try:
        written = Written(tmp_path / "x.srt")
        written.note(BEGIN)
        written.file.close()
    finally:
        os.umask(before)
    assert stat.S_IMODE(written.path.stat().st_mode) == 0o640


@pytest.mark.parametrize("place", ["nowhere/x.srt", "folder"])
def test_a_file_that_cannot_be_written(tmp_path: Path, place: str) -> None:
    """One line says which and why; the session goes on."""
    (tmp_path / "folder").mkdir()
    written = Written(tmp_path / place)
    for event in (BEGIN, _turn(0, 1.0), _turn(1, 3.0)):
        written.file.note(event)
    written.file.close()
    assert written.file.failed
    (line,) = written.said
    assert line.startswith(f"{tmp_path / place}: ")
    assert line.endswith("; it lacks subtitles from here on, the transcript goes on")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_device_that_is_full() -> None:
    """What cannot be replaced is written as it comes, and its failure is told once."""
    written = Written("/dev/full")
    for event in (BEGIN, _turn(0, 1.0), _turn(1, 3.0)):
        written.file.note(event)
    written.file.close()
    assert written.file.failed
    assert written.said == [
        "/dev/full: No space left on device; it lacks subtitles from here on, the transcript goes on"
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes with names there")
def test_a_pipe(tmp_path: Path) -> None:
    """Its reader gets the cues as they come, and is not asked to go back."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        written = Written(path)
        for event in (BEGIN, _turn(0, 5.0), _turn(0, 2.0, channel=1)):
            written.file.note(event)
        written.file.close()
        assert os.read(reader, 4096).decode() == _cue(1, 5) + _cue(2, 2)
    finally:
        os.close(reader)
    assert not written.file.failed


@pytest.mark.skipif(sys.platform == "win32", reason="no limits there")
def test_a_disk_that_fills_up_and_has_room_again(tmp_path: Path) -> None:
    """No half cue is left behind, and what is missing is written at the end if there is room by then."""
    import resource
    import signal

    written = Written(tmp_path / "x.srt")
    written.note(BEGIN, _turn(0, 1.0))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(_cue(1, 1)) + 10, limits[1]))
    try:
        full = written.note(_turn(1, 3.0), _turn(2, 5.0))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert full == _cue(1, 1)
    assert written.file.failed
    written.file.close()
    assert written.path.read_text() == _cue(1, 1) + _cue(2, 3) + _cue(3, 5)
    assert not written.file.failed
    assert written.said == [
        f"{written.path}: File too large; it lacks subtitles from here on, the transcript goes on",
        f"{written.path}: written after all",
    ]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_in_a_folder_of_others(tmp_path: Path) -> None:
    """Where no file can be made, the one that is there is written."""
    path = tmp_path / "x.srt"
    path.write_text(YESTERDAY)
    tmp_path.chmod(0o555)
    try:
        written = Written(path)
        assert written.note(BEGIN, _turn(0, 1.0)) == _cue(1, 1)
        written.file.close()
    finally:
        tmp_path.chmod(0o755)
    assert not written.file.failed

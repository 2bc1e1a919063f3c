"""Subtitle files, written as turns end."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO

from ..events import Begin, StreamEvent, Turn, TurnRevised
from ..subtitles import Form, Subtitles

_BINARY = getattr(os, "O_BINARY", 0)  # Windows
_NOT_WAITING = getattr(os, "O_NONBLOCK", 0)
_MODE = 0o666  # less what the user's mask takes away


class SubtitleFile:
    """One file of subtitles, whole after each turn: nothing that happens later costs a word of it.

    What was there before is replaced when the session begins, in one step. At the end the file is replaced once more
    if its cues can be timed or ordered better, or were revised. A pipe or a device is written as it comes.

    Args:
        path: where it goes.
        form: what it is.
        channels: whether its cues say their channel.
        complain: is told, in words, what cannot be written; the session goes on.

    Attributes:
        failed: not all of it could be written.
    """

    def __init__(self, path: str, form: Form, *, channels: bool, complain: Callable[[str], None]) -> None:
        self.failed = False
        self._path, self._complain = path, complain
        self._subtitles = Subtitles(form, channels=channels)
        self._file: FileIO | None = None
        self._written = ""
        self._begun = self._closed = False

    def note(self, event: StreamEvent) -> None:
        """Write what *event* adds."""
        match event:
            case Begin():
                self._begun, self._written = True, self._subtitles.begin()
                with self._told():
                    self._file = _replaced(self._path, self._written)
            case Turn(end_of_turn=True):
                text = self._subtitles.add(event)
                if self._file and not self.failed:
                    with self._told():
                        _append(self._file, text)
                        self._written += text
            case TurnRevised():
                self._subtitles.revise(event)

    def close(self) -> None:
        """Bring the file into its last state. Harmless when called again."""
        if self._closed or not self._begun:
            return
        self._closed = True
        whole = self._subtitles.whole()
        if self._file:
            final = not stat.S_ISREG(os.fstat(self._file.fileno()).st_mode)
            with suppress(OSError):
                self._file.close()
            if final or (self._written == whole and not self.failed):
                return
        failed = self.failed
        with self._told():
            _replaced(self._path, whole).close()
            if failed:
                self.failed = False
                self._complain(f"{self._path}: written after all")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not self.failed:
                why = error.strerror or str(error)
                self._complain(f"{self._path}: {why}; it lacks subtitles from here on, the transcript goes on")
            self.failed = True


def _replaced(path: str, text: str) -> FileIO:
    """Replace what is at *path* by *text*, in one step if it is a file; return it open for more."""
    try:
        mode: int | None = os.stat(path).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        return _filled(os.open(path, os.O_WRONLY | _BINARY | _NOT_WAITING), text)
    path = os.path.realpath(path)
    part = os.path.join(os.path.dirname(path), f".{secrets.token_hex(8)}.part")
    try:
        made = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, _MODE)
    except PermissionError:
        if mode is None:
            raise
        return _filled(os.open(path, os.O_WRONLY | os.O_TRUNC | _BINARY), text)  # a file in a folder of others
    try:
        file = _filled(made, text)
        if mode is not None:
            os.chmod(part, stat.S_IMODE(mode))
        if os.name == "nt":  # where an open file cannot be renamed
            file.close()
        os.replace(part, path)
        return FileIO(path, "ab") if file.closed else file
    except BaseException:
        os.unlink(part)
        raise


def _filled(descriptor: int, text: str) -> FileIO:
    file = FileIO(descriptor, "w")
    try:
        _append(file, text)
    except BaseException:
        file.close()
        raise
    return file


def _append(file: FileIO, text: str) -> None:
    """Append *text*; if not all of it fits, none of it."""
    data = text.encode("utf-8", "replace")
    start = file.tell() if file.seekable() else None
    try:
        while data:
            data = data[file.write(data) :]
    except OSError:
        if start is not None:
            with suppress(OSError):
                file.truncate(start)
        raise

"""The near end of a pipe: one recogniser's process, and the thread that carries packets to it and from it."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from .pipe import Packet, Unpacker, pack

GRACE = 0.5
"""Seconds that a process has to end when it is told to, before it is killed."""
READ = 1 << 16


class Process:
    """A recogniser's process. Safe from any thread; ends by itself, or when its last user has gone.

    Attributes:
        pid: the id of the process.
        heard_at: when it last said something, on the monotonic clock.
    """

    def __init__(
        self,
        hear: Callable[[Packet], None],
        rest: Callable[[], float | None],
        over: Callable[[str], None],
    ) -> None:
        """Start it.

        Args:
            hear: is called with each packet, in order.
            rest: says for how many seconds nobody may need it before it ends, 0 if it shall end now; None: it is
                needed. Asked after each packet and when the time is over.
            over: is called once, last of all, with what it died of.
        Raises:
            OSError: it cannot be started.
        """
        self._hear, self._rest, self._over = hear, rest, over
        self._lock = threading.Lock()
        self._out = bytearray()
        self._gone = False
        self._awake, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        try:
            self._child = _spawn()
        except BaseException:
            os.close(self._awake)
            os.close(self._wake)
            raise
        self.pid, self.heard_at = self._child.pid, time.monotonic()
        self._stdin, self._stdout = _given(self._child.stdin), _given(self._child.stdout)
        os.set_blocking(self._stdin.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._awake, selectors.EVENT_READ)
        self._selector.register(self._stdout, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._keep, name="aai_migrate worker", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return not self._gone and self._child.poll() is None

    def post(self, packet: Packet) -> None:
        """Have *packet* sent; does not wait, so who posts bounds how much.

        Raises:
            OSError: the process is gone.
        """
        if self._gone:  # also where a fork may have left the lock held
            raise BrokenPipeError("the worker is gone")
        with self._lock:
            if self._gone:
                raise BrokenPipeError("the worker is gone")
            self._out += pack(packet)
            self._stir()

    def kill(self) -> None:
        """End it at once, from outside."""
        self._child.kill()

    def join(self, timeout: float) -> None:
        """Wait until nothing is left of it."""
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def disown(self) -> None:
        """Let go of it in a forked child, to whose parent it belongs. Takes no lock: its holder was not forked."""
        self._gone = True
        self._child.returncode = 0  # what is not our child cannot be waited for
        self._close()

    def _stir(self) -> None:
        with suppress(BlockingIOError):  # full of calls to wake up
            os.write(self._wake, b"\0")

    # The thread.

    def _keep(self) -> None:
        try:
            self._carry()
        except OSError:  # what it says cannot be understood any more
            self._child.kill()
        finally:
            self._over(f"the worker died with code {self._bury()}")

    def _carry(self) -> None:
        """Carry packets until the process ends, or is no longer needed."""
        unpacker = Unpacker()
        while (patience := self._rest()) is None or patience > 0:
            for key, _ in self._selector.select(patience):
                if key.fd == self._awake:
                    os.read(self._awake, READ)
                elif key.fileobj is self._stdin:
                    self._write()
                else:
                    data = os.read(key.fd, READ)
                    if not data:
                        return
                    self.heard_at = time.monotonic()
                    for packet in unpacker.feed(data):
                        self._hear(packet)
            self._watch()

    def _write(self) -> None:
        with self._lock:
            try:
                del self._out[: os.write(self._stdin.fileno(), self._out)]
            except BlockingIOError:
                return
            except BrokenPipeError:  # it has died: what it said last is still to be read
                self._out.clear()

    def _watch(self) -> None:
        """Look at the way in only while there is something to send."""
        watched = self._stdin in self._selector.get_map()
        if self._out and not watched:
            self._selector.register(self._stdin, selectors.EVENT_WRITE)
        elif watched and not self._out:
            self._selector.unregister(self._stdin)

    def _bury(self) -> int:
        """Let it end, or make it; give everything back."""
        with self._lock:
            self._gone = True
            self._out.clear()
            self._close()
        try:
            return self._child.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            return self._child.wait()

    def _close(self) -> None:
        self._selector.close()
        self._stdin.close()
        self._stdout.close()
        os.close(self._awake)
        os.close(self._wake)


def _spawn() -> subprocess.Popen[bytes]:
    """Start the process with the import path of this one; Ctrl+C at the terminal does not reach it."""
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
    return subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        [sys.executable, "-P", "-m", f"{__package__}.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )


def _given(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None, "asked for in _spawn"
    return pipe

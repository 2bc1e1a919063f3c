"""A TCP relay that counts connections and breaks one of them; it reads nothing but the first line."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit


class Tcp:
    """Carries bytes to a server.

    Attributes:
        asked: the first line of every connection, without its query.
        cut_after: bytes that the first upgraded connection carries up before it is reset; None: it is not.
    """

    def __init__(self, target: str, cut_after: int | None = None) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 0)
        self.asked: list[str] = []
        self.cut_after = cut_after
        self.cut = False
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._spawn(self._accept)

    @property
    def upgrades(self) -> int:
        """How many websockets were asked for."""
        return sum(line.startswith("GET") for line in self.asked)

    def close(self) -> None:
        """Break what is open and wait for all threads."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._open):
            _reset(sock)
        for thread in list(self._threads):
            thread.join(10)
        for sock in self._open:
            sock.close()

    def _spawn(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name="relay")  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._open += [client, server]
                self._spawn(self._up, client, server)
                self._spawn(self._down, server, client)

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        carried, victim = 0, False
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 16):
                if not carried:
                    self.asked.append(data.split(b"\r\n", 1)[0].split(b"?")[0].decode())
                    victim = self.asked[-1].startswith("GET") and self.upgrades == 1
                carried += len(data)
                if victim and self.cut_after is not None and carried > self.cut_after:
                    self.cut = True
                    _reset(client)
                    _reset(server)
                    return
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    @staticmethod
    def _down(server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 16):
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)


def _reset(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def tcp(target: str, cut_after: int | None = None) -> Iterator[tuple[str, Tcp]]:
    """Run a relay to *target*; yields its address, ``http://…``, and itself."""
    relay = Tcp(target, cut_after)
    try:
        yield f"http://127.0.0.1:{relay.port}", relay
    finally:
        relay.close()

"""A websocket relay that breaks the connection before a frame that the test picks. Imports nothing of ours."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.sync.server import ServerConnection, serve


class Relay:
    """Counts text and binary frames over all connections, ``up`` from the client and ``down`` to it.

    Attributes:
        heard: the audio of each connection whose greeting came through, as it went up.
        crossed: frames so far.
        cut: where the connection is reset, before the frame, as (direction, number).
    """

    def __init__(self, target: str, tls: ssl.SSLContext | None) -> None:
        self._target, self._tls = target, tls
        self._lock = threading.Lock()
        self.reset_at(None)

    def reset_at(self, cut: tuple[str, int] | None) -> None:
        """Forget what was and choose the next cut."""
        with self._lock:
            self.cut, self.crossed = cut, {"up": 0, "down": 0}
            self.heard: list[bytearray] = []

    def handle(self, client: ServerConnection) -> None:
        heard = bytearray()
        assert client.request is not None
        key = client.request.headers.get("Authorization", "")
        url = self._target + client.request.path
        with connect(url, additional_headers={"Authorization": key}, compression=None, max_size=None) as server:
            down = threading.Thread(target=self._carry, args=("down", server, client, heard))
            down.start()
            self._carry("up", client, server, heard)
            server.close()
            down.join()

    def _carry(
        self,
        direction: str,
        source: ServerConnection | ClientConnection,
        sink: ServerConnection | ClientConnection,
        heard: bytearray,
    ) -> None:
        greeted = False
        try:
            for frame in source:
                with self._lock:
                    broken = self.cut == (direction, self.crossed[direction])
                    self.crossed[direction] += 1
                    if direction == "down" and not broken and not greeted:
                        greeted = True
                        self.heard.append(heard)
                if broken:
                    for end in (source, sink):
                        reset(end.socket)
                    return
                if direction == "up" and isinstance(frame, bytes):
                    heard += frame
                sink.send(frame)
            sink.close(source.close_code or 1000, source.close_reason or "")
        except (ConnectionClosed, OSError):
            for end in (source, sink):
                reset(end.socket)


def reset(sock: socket.socket) -> None:
    """Break a TCP connection without a goodbye."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


@contextmanager
def relay(target: str, tls: ssl.SSLContext | None = None) -> Iterator[tuple[str, Relay]]:
    """Run a relay to *target* on a free port; yields its address and itself."""
    state = Relay(target, tls)
    with serve(state.handle, "127.0.0.1", 0, ssl=tls, compression=None, max_size=None, close_timeout=1) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.socket.getsockname()[1]
        try:
            yield f"{'wss' if tls else 'ws'}://127.0.0.1:{port}", state
        finally:
            server.shutdown()
            thread.join()

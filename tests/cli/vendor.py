"""A scripted AssemblyAI v3 on a loopback port: plain sockets, nothing of the library's."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING = 1, 2, 8, 9
TIMEOUT = 20.0


class Line:
    """One accepted connection; ``head`` is the client's request."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._file = sock, sock.makefile("rb")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self._file.read(1)
            if not byte:
                raise ConnectionError
            head += byte
        self.head = head.decode("latin-1")

    def header(self, name: str) -> str:
        rows = (row.partition(":") for row in self.head.split("\r\n")[1:])
        return next(value.strip() for key, _, value in rows if key.lower() == name.lower())

    def raw(self, data: bytes) -> None:
        self._sock.sendall(data)

    def refuse(self, status: str, body: str, *headers: str) -> None:
        text = body.encode()
        rows = [f"HTTP/1.1 {status}", f"Content-Length: {len(text)}", "Connection: close", *headers, "", ""]
        self.raw("\r\n".join(rows).encode() + text)

    def accept(self) -> None:
        key = self.header("Sec-WebSocket-Key").encode()
        digest = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        self.raw(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + f"Sec-WebSocket-Accept: {digest}\r\n\r\n".encode()
        )

    def frame(self, opcode: int, data: bytes) -> None:
        size = len(data)
        length = bytes([size]) if size < 126 else b"\x7e" + struct.pack(">H", size)
        self.raw(bytes([0x80 | opcode]) + (length if size < 65536 else b"\x7f" + struct.pack(">Q", size)) + data)

    def say(self, **message: Any) -> None:
        self.frame(TEXT, json.dumps(message).encode())

    def begin(self) -> None:
        self.accept()
        self.say(type="Begin", id="11111111-2222-3333-4444-555555555555", expires_at=1_800_000_000)

    def turn(self, order: int, text: str, *, end: bool) -> None:
        words = [
            {"text": word, "start": 100 * at, "end": 100 * at + 90, "confidence": 0.9, "word_is_final": True}
            for at, word in enumerate(text.split())
        ]
        self.say(
            type="Turn",
            turn_order=order,
            turn_is_formatted=end,
            end_of_turn=end,
            transcript=text if end else "",
            end_of_turn_confidence=0.9 if end else 0.1,
            words=words,
        )

    def read(self) -> tuple[int, bytes]:
        """Return opcode and data of the client's next frame; CLOSE when there is none."""
        start = self._file.read(2)
        if len(start) < 2:
            return CLOSE, b""
        size = start[1] & 0x7F
        if size >= 126:
            size = int.from_bytes(self._file.read(2 if size == 126 else 8), "big")
        mask = self._file.read(4)
        data = self._file.read(size)
        return start[0] & 0x0F, bytes(byte ^ mask[at % 4] for at, byte in enumerate(data[:200]))

    def until(self, wanted: Callable[[int, bytes], bool]) -> bool:
        """Read the client's frames up to one that is *wanted*; False: it closed."""
        while True:
            opcode, data = self.read()
            if wanted(opcode, data):
                return True
            if opcode == CLOSE:
                return False

    def terminate(self) -> None:
        """Wait for the client's ``Terminate``, answer it, and wait until the client is gone."""
        if self.until(lambda opcode, data: opcode == TEXT and b"Terminate" in data):
            self.say(type="Termination", audio_duration_seconds=1, session_duration_seconds=1)
            self.frame(CLOSE, struct.pack(">H", 1000))
            self.until(lambda opcode, data: False)


Script = Callable[[Line], None]


@contextmanager
def vendor(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Yield the URL of a server that gives every connection to *script*, then closes it."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve(sock: socket.socket) -> None:
        with suppress(OSError), sock:
            sock.settimeout(TIMEOUT)
            if tls:
                sock = tls.wrap_socket(sock, server_side=True)
            line = Line(sock)
            with sock, line._file:
                script(line)
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                threads.append(threading.Thread(target=serve, args=(sock,), daemon=True))
                threads[-1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield f"{'wss' if tls else 'ws'}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(TIMEOUT)
        for thread in threads:
            thread.join(TIMEOUT)

"""Scripted AssemblyAI v3 servers on loopback, in literal wire text. They import nothing of ours.

Source of the messages: the protocol page of AssemblyAI v3, sections 3, 6.1 to 6.3.
"""

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

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

BEGIN = '{"type":"Begin","id":"6a0c2f0e-94a5-4c61-9a55-0f6f1f6c2d11","expires_at":1790222326}'
PARTIAL = (
    '{"turn_order":0,"turn_is_formatted":false,"end_of_turn":false,"transcript":"could you",'
    '"end_of_turn_confidence":0.004,"words":['
    '{"start":60,"end":120,"text":"could","confidence":0.97,"word_is_final":false},'
    '{"start":200,"end":280,"text":"you","confidence":0.93,"word_is_final":false}],'
    '"utterance":"","type":"Turn"}'
)
FINAL = (
    '{"turn_order":0,"turn_is_formatted":true,"end_of_turn":true,"transcript":"Could you help?",'
    '"end_of_turn_confidence":1,"words":['
    '{"start":60,"end":120,"text":"Could","confidence":0.97,"word_is_final":true},'
    '{"start":200,"end":280,"text":"you","confidence":0.93,"word_is_final":true},'
    '{"start":300,"end":400,"text":"help?","confidence":0.9,"word_is_final":true}],'
    '"utterance":"Could you help?","type":"Turn"}'
)
TERMINATION = '{"type":"Termination","audio_duration_seconds":1,"session_duration_seconds":1}'
SECOND = bytes(32_000)
KEY = "x" * 32

Script = Callable[[Any], None]
Raw = Callable[[socket.socket], None]


def turn(order: int, text: str, *, end: bool) -> str:
    """One Turn message; word times do not matter."""
    start = 100 * order
    word = {"start": start, "end": start + 80, "text": text, "confidence": 0.9, "word_is_final": end}
    return json.dumps(
        {
            "type": "Turn",
            "turn_order": order,
            "turn_is_formatted": end,
            "end_of_turn": end,
            "transcript": text,
            "end_of_turn_confidence": 1.0 if end else 0.0,
            "words": [word],
            "utterance": text if end else "",
        }
    )


class Connection(ServerConnection):
    """One connection of a scripted server; keeps the audio it receives."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.audio = b""

    def recv(self, *args: Any, **kwargs: Any) -> Any:
        message = super().recv(*args, **kwargs)
        self.audio += message if isinstance(message, bytes) else b""
        return message


class Vendor:
    """What a server saw: its connections, in order."""

    def __init__(self, port: int) -> None:
        self.url, self.tls_url = f"ws://127.0.0.1:{port}", f"wss://localhost:{port}"
        self.connections: list[Connection] = []


@contextmanager
def vendor(*scripts: Script, tls: ssl.SSLContext | None = None, **options: Any) -> Iterator[Vendor]:
    """Serve: connection *n* is handled by script *n*, the last script handles the rest."""

    def handle(connection: ServerConnection) -> None:
        assert isinstance(connection, Connection)
        seen.connections.append(connection)
        with suppress(ConnectionClosed):
            scripts[min(len(seen.connections), len(scripts)) - 1](connection)

    server = serve(
        handle,
        "127.0.0.1",
        0,
        ssl=tls,
        compression=None,
        max_size=None,
        close_timeout=0.5,
        create_connection=Connection,
        **options,
    )
    seen = Vendor(server.socket.getsockname()[1])
    before = set(threading.enumerate())
    thread = threading.Thread(target=server.serve_forever, name="server")
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        for connection in seen.connections:
            connection.close()
        for other in set(threading.enumerate()) - before:
            if not other.name.startswith("aai_migrate"):
                other.join(10.0)


def hear(connection: Connection, size: int) -> None:
    """Receive at least *size* bytes of audio."""
    got = 0
    while got < size:
        message = connection.recv()
        got += len(message) if isinstance(message, bytes) else 0


def until_terminate(connection: Connection) -> None:
    """Receive up to Terminate, which is answered."""
    while json.loads(text if isinstance(text := connection.recv(), str) else "{}").get("type") != "Terminate":
        pass
    connection.send(TERMINATION)
    connection.close(1000, "Session Ended")


def quiet(connection: Connection) -> None:
    """A session in which nothing is said."""
    connection.send(BEGIN)
    until_terminate(connection)


def ordinary(connection: Connection) -> None:
    """A whole session: half a second of audio makes a partial and a turn."""
    connection.send(BEGIN)
    hear(connection, 16_000)
    connection.send(PARTIAL)
    connection.send(FINAL)
    until_terminate(connection)


@contextmanager
def raw_server(script: Raw, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve with *script* on bare sockets, one thread for each; yields the websocket URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []
    live: list[socket.socket] = []

    def handle(sock: socket.socket) -> None:
        with sock, suppress(OSError):
            script(sock)

    def accept() -> None:
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                if tls:
                    sock = tls.wrap_socket(sock, server_side=True)
                live.append(sock)
                thread = threading.Thread(target=handle, args=(sock,), name="script")
                threads.append(thread)
                thread.start()

    accepting = threading.Thread(target=accept, name="accept")
    accepting.start()
    try:
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for sock in live:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


def read_head(sock: socket.socket) -> bytes:
    """Read a request up to its blank line."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        piece = sock.recv(1)
        if not piece:
            raise OSError("hung up")
        head += piece
    return head


def shake_hands(sock: socket.socket) -> None:
    """Answer an upgrade (RFC 6455, section 4.2.2) and greet."""
    head = read_head(sock).decode()
    key = next(line[18:].strip() for line in head.split("\r\n") if line.lower().startswith("sec-websocket-key:"))
    accept = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()).decode()
    sock.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        + frame(0x81, BEGIN.encode())
    )


def frame(first: int, payload: bytes, length: int | None = None) -> bytes:
    """A server's frame; *length* is what its header claims."""
    length = len(payload) if length is None else length
    if length < 126:
        return bytes([first, length]) + payload
    if length < 1 << 16:
        return bytes([first, 126]) + struct.pack("!H", length) + payload
    return bytes([first, 127]) + struct.pack("!Q", length) + payload


def wait_for_hang_up(sock: socket.socket) -> None:
    """Read until the client is gone."""
    while sock.recv(65_536):
        pass

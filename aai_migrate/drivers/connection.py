"""One connection of a session: a thread that dials and reads, and sending for the one thread that writes."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Protocol

from ..errors import ConfigError, QuotaExceeded
from ..provider import Worker
from ..wire.frames import (
    Close,
    Connect,
    Connected,
    Frame,
    HttpRequest,
    Lost,
    Message,
    Ping,
    Pong,
    Refused,
)
from . import patience
from .http import request, upgrade
from .route import LostError, lost
from .socket import LockedSocket


class Owner(Protocol):
    """Whom a connection reports to, from its own thread."""

    def received(self, connection: Connection, frame: Frame) -> None:
        """Take a frame; after ``Close``, ``Refused`` or ``Lost`` nothing more comes that matters."""

    def answer(self, connection: Connection, frame: Frame) -> None:
        """Have *frame* performed in its turn by the writing thread."""

    def crashed(self, error: Exception) -> None:
        """Take an error that no frame can say."""

    def ended(self, connection: Connection) -> None:
        """The thread is done and its socket closed."""


class Connection(ABC):
    """What is common to all kinds; a kind reads in :meth:`_read` and writes in :meth:`_write`."""

    def __init__(self, owner: Owner, close_timeout: float) -> None:
        self._owner, self._close_timeout = owner, close_timeout
        self._dropped = False
        self.thread = threading.Thread(target=self._run, name="aai_migrate reader", daemon=True)

    def start(self) -> None:
        """Begin to dial and read."""
        if self._dropped:
            self._owner.ended(self)
        else:
            self.thread.start()

    def perform(self, frame: Frame) -> None:
        """Send *frame*; only the writing thread calls this. What fails here the reader reports."""
        if self._dropped:
            return
        try:
            self._write(frame)
        except TimeoutError:
            self._owner.received(self, Lost("timeout", "the other end takes nothing"))
            self.drop()

    def hang_up(self) -> None:  # noqa: B027 only a websocket has to wait for anybody
        """Be over soon: who is stuck in a send or waits for a last word gets ``close_timeout``."""

    def drop(self) -> None:
        """Be over now; safe from any thread."""
        self._dropped = True

    @abstractmethod
    def _read(self) -> None:
        """Dial and hand frames to the owner until there are no more; what it raises is how it was lost."""

    @abstractmethod
    def _write(self, frame: Frame) -> None:
        """Send one frame."""

    @abstractmethod
    def _release(self) -> None:
        """Give everything back; the reading thread's last act."""

    def _run(self) -> None:
        try:
            lost = self._lost()
            if lost is not None:
                self._owner.received(self, lost)
        except Exception as error:  # noqa: BLE001  # the top of a thread: it ends the stream
            self._owner.crashed(error)
        finally:
            self._dropped = True
            self._release()
            self._owner.ended(self)

    def _lost(self) -> Lost | None:
        try:
            self._read()
        except (LostError, OSError) as error:
            return lost(error)
        return None


class Http(Connection):
    """One HTTP request and its answer."""

    def __init__(self, owner: Owner, close_timeout: float, ask: HttpRequest, timeout: float, limit: int) -> None:
        super().__init__(owner, close_timeout)
        self._ask, self._timeout, self._limit = ask, timeout, limit
        self._wire = LockedSocket()

    def drop(self) -> None:
        super().drop()
        self._wire.shutdown()

    def _read(self) -> None:
        by = time.monotonic() + self._timeout
        self._owner.received(self, request(self._wire, self._ask, self._limit, by))

    def _write(self, frame: Frame) -> None:
        if isinstance(frame, Close):
            self.drop()

    def _release(self) -> None:
        self._wire.close()


class Websocket(Connection):
    """A websocket. Frames are put together and taken apart by websocket-client, which sees no socket."""

    def __init__(self, owner: Owner, close_timeout: float, connect: Connect, timeout: float, limit: int) -> None:
        import websocket

        super().__init__(owner, close_timeout)
        self._connect, self._timeout, self._limit = connect, timeout, limit
        self._wire = LockedSocket()
        self._library: Any = websocket
        self._frames: Any = websocket.frame_buffer(self._receive, True)
        self._parts: list[bytes] = []
        self._held = self._kind = 0
        self._open = self._close_sent = self._close_seen = False

    def hang_up(self) -> None:
        if self._wire.end_by is None:
            self._wire.end_by = time.monotonic() + self._close_timeout

    def drop(self) -> None:
        super().drop()
        self._wire.shutdown()

    def _release(self) -> None:
        self._wire.close()

    # Reading.

    def _read(self) -> None:
        self._wire.dial(self._connect.url, time.monotonic() + self._timeout)
        answer = upgrade(self._wire, self._connect)
        self._wire.receive_by = None
        self._open = isinstance(answer, Connected)
        self._owner.received(self, answer)
        if isinstance(answer, Refused):
            return
        try:
            while not (self._close_seen and self._close_sent):
                self._take(self._frames.recv_frame())
        except self._library.WebSocketException as error:
            raise ConnectionResetError(f"not a websocket frame: {error}") from None

    def _receive(self, size: int) -> bytes:
        """Read for the frame buffer, which asks for a payload only after the header said how long it is."""
        if self._held + (self._frames.length or 0) > self._limit:
            raise LostError("too_big", f"more than {self._limit} bytes")
        data = self._wire.recv(size)
        if not data:
            raise ConnectionResetError("hung up without a close frame")
        return data

    def _take(self, frame: Any) -> None:
        self._wire.receive_by = None
        codes, data = self._library.ABNF, bytes(frame.data)
        if frame.opcode >= codes.OPCODE_CLOSE and len(data) > 125:
            raise ConnectionResetError("not a websocket frame: a control frame of more than 125 bytes")
        match frame.opcode:
            case codes.OPCODE_PING:
                self._owner.answer(self, Pong(data))
            case codes.OPCODE_PONG:
                self._owner.received(self, Pong(data))
            case codes.OPCODE_CLOSE:
                code = int.from_bytes(data[:2], "big") if len(data) >= 2 else None
                answer = Close(code, data[2:].decode("utf-8", "replace"))
                self._close_seen = True
                self.hang_up()
                self._owner.received(self, answer)
                self._owner.answer(self, Close(code))
            case opcode:
                self._message(opcode, data, whole=bool(frame.fin))

    def _message(self, opcode: int, data: bytes, *, whole: bool) -> None:
        codes = self._library.ABNF
        if (opcode == codes.OPCODE_CONT) != bool(self._kind):
            raise ConnectionResetError("not a websocket message: its fragments are out of order")
        self._kind = self._kind or opcode
        if data:
            self._parts.append(data)
            self._held += len(data)
        if not whole:
            return
        kind, data = self._kind, b"".join(self._parts)
        self._parts, self._held, self._kind = [], 0, 0
        if not self._close_seen:
            self._owner.received(self, Message(_text(data) if kind == codes.OPCODE_TEXT else data))

    # Writing.

    def _write(self, frame: Frame) -> None:
        if self._close_sent:
            return
        if not self._open:  # still dialling: all that can be asked then is to stop
            if isinstance(frame, Close):
                self.drop()
            return
        codes = self._library.ABNF
        match frame:
            case Message(data):
                self._send(data, codes.OPCODE_TEXT if isinstance(data, str) else codes.OPCODE_BINARY)
            case Ping(data):
                self._send(data, codes.OPCODE_PING)
                if self._wire.receive_by is None:
                    self._wire.receive_by = time.monotonic() + patience.PONG
            case Pong(data):
                self._send(data, codes.OPCODE_PONG)
            case Close(code, reason):
                self.hang_up()
                payload = b"" if code is None else code.to_bytes(2, "big") + reason.encode()[:123]
                self._send(payload, codes.OPCODE_CLOSE)
                self._close_sent = True
                if self._close_seen:
                    self.drop()

    def _send(self, data: str | bytes, opcode: int) -> None:
        try:
            self._wire.sendall(self._library.ABNF.create_frame(data, opcode).format())
        except TimeoutError:
            raise
        except OSError:
            self.hang_up()  # what the other end said before it left is still to be read
            self._close_sent = True


class Pipe(Connection):
    """A place on a worker: frames are messages."""

    def __init__(self, owner: Owner, close_timeout: float, open_worker: Callable[[], Worker] | None) -> None:
        super().__init__(owner, close_timeout)
        self._open_worker = open_worker
        self._worker: Worker | None = None

    def drop(self) -> None:
        super().drop()
        worker = self._worker
        if worker is not None:
            worker.close()

    def _read(self) -> None:
        if self._open_worker is None:
            raise ConfigError("this provider has no worker to connect to")
        try:
            self._worker = worker = self._open_worker()
        except QuotaExceeded as error:
            self._owner.received(self, Refused(429, body=error.reason.encode()))
            return
        if self._dropped:
            return
        self._owner.received(self, Connected())
        while (message := worker.receive()) is not None:
            self._owner.received(self, Message(message))
        self._owner.received(self, Close(1000, "the worker ended"))

    def _write(self, frame: Frame) -> None:
        if self._worker is None or isinstance(frame, Close):
            self.drop()
        elif isinstance(frame, Message):
            try:
                self._worker.send(frame.data)
            except TimeoutError:
                raise
            except OSError:
                self.drop()  # wakes the reader, which reports

    def _release(self) -> None:
        if self._worker is not None:
            self._worker.close()


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data

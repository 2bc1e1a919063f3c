"""Recorded conversations as JSON Lines: a header, then one frame a line. Also the format of cassettes.

Header: ``{"format": "aai_migrate.trace", "version": 1, "provider": …, "origin": …, "note": …}``.
Frame: ``{"dir": "<" from the vendor or ">" to it, "t": seconds, "kind": …}`` and by kind ``text``; ``bytes`` (how
many: audio is not kept, in text neither); ``url``, ``headers``; ``status``, ``headers``, ``body``; ``code``,
``reason``; ``cause``.
Header values, query values and members of JSON that may be secret are masked when a trace is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from attrs import define, field, frozen

from ..masking import masked_headers, masked_text, masked_url
from ..provider import ClientPeer
from ..wire.commands import Command, Start
from ..wire.events import Event
from ..wire.frames import (
    Close,
    Connect,
    Connected,
    Frame,
    HttpRequest,
    HttpResponse,
    Lost,
    Message,
    Ping,
    Pong,
    Refused,
)

FORMAT, VERSION = "aai_migrate.trace", 1


@frozen
class Entry:
    """One frame: ``<`` from the vendor, ``>`` to it, ``time`` in seconds from the start."""

    direction: Literal["<", ">"]
    time: float
    frame: Frame


@define
class Trace:
    """One recorded session; ``origin`` says where it came from."""

    provider: str
    origin: str
    note: str = ""
    entries: list[Entry] = field(factory=list)

    def add(self, direction: Literal["<", ">"], time: float, frame: Frame) -> None:
        """Append a frame."""
        self.entries.append(Entry(direction, time, frame))

    def dump(self, path: str | PathLike[str]) -> None:
        """Write the trace, with secrets masked and audio counted instead of kept."""
        header = {"format": FORMAT, "version": VERSION, "provider": self.provider, "origin": self.origin}
        lines = [header | ({"note": self.note} if self.note else {})]
        lines += [{"dir": e.direction, "t": round(e.time, 6), **_content(e.frame)} for e in self.entries]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        Path(path).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Trace:
        """Read a trace.

        Raises:
            ValueError: the file is no trace, or of a newer version; the text names file and line.
        """
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        number = 0
        try:
            header = json.loads(lines[0])
            if header.get("format") != FORMAT or header.get("version") != VERSION:
                raise ValueError(f"not a {FORMAT} of version {VERSION}")
            trace = cls(header["provider"], header["origin"], header.get("note", ""))
            for line in lines[1:]:
                number += 1
                item = json.loads(line)
                if item["dir"] not in ("<", ">"):
                    raise ValueError("dir must be < or >")
                trace.add(item["dir"], float(item["t"]), _frame(item))
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"{path}:{number + 1}: {error}") from error
        return trace

    def replay(
        self, peer: ClientPeer, start: Start, asked: Iterable[tuple[float, Command]] = ()
    ) -> list[tuple[float, Event]]:
        """Play the vendor's side to *peer*; return its events with the times they came at.

        Args:
            start: the first command, sent at the trace's beginning.
            asked: more commands, each at its time.
        """
        steps: list[tuple[float, int, Callable[[float], list[Any]]]] = [(0.0, 0, lambda now: peer.send(start, now))]
        for time, command in asked:
            steps.append((time, 1, lambda now, command=command: peer.send(command, now)))  # type: ignore[misc]
        for entry in self.entries:
            if entry.direction == "<":
                steps.append((entry.time, 2, lambda now, frame=entry.frame: peer.receive(frame, now)))  # type: ignore[misc]
        events: list[tuple[float, Event]] = []
        for time, _, step in sorted(steps, key=lambda step: step[:2]):
            events += self._ticks(peer, time)
            events += [(time, item) for item in step(time) if not isinstance(item, Frame)]
        return [*events, *self._ticks(peer, float("inf"))]

    @staticmethod
    def _ticks(peer: ClientPeer, until: float) -> list[tuple[float, Event]]:
        events: list[tuple[float, Event]] = []
        while (due := peer.deadline) is not None and due < until:
            events += [(due, item) for item in peer.tick(due) if not isinstance(item, Frame)]
        return events


def _content(frame: Frame) -> dict[str, Any]:
    match frame:
        case Message(str() as text):
            return {"kind": "text", "text": masked_text(text)}
        case Message(data):
            return {"kind": "binary", "bytes": len(data)}
        case Connect(url, headers):
            return {"kind": "connect", "url": masked_url(url), "headers": masked_headers(headers)}
        case HttpRequest(method, url, headers, body):
            text = masked_text(body.decode("utf-8", "replace"))
            return {
                "kind": "http_request",
                "method": method,
                "url": masked_url(url),
                "headers": masked_headers(headers),
                "body": text,
            }
        case HttpResponse(status, headers, body) | Refused(status, headers, body):
            kind = "http_response" if isinstance(frame, HttpResponse) else "refused"
            return {
                "kind": kind,
                "status": status,
                "headers": masked_headers(headers),
                "body": masked_text(body.decode("utf-8", "replace")),
            }
        case Connected(headers):
            return {"kind": "connected", "headers": masked_headers(headers)}
        case Close(code, reason):
            return {"kind": "close", "code": code, "reason": reason}
        case Lost(cause, detail):
            return {"kind": "lost", "cause": cause, "detail": detail}
        case Ping() | Pong():
            return {"kind": type(frame).__name__.lower()}


def _frame(item: Mapping[str, Any]) -> Frame:
    headers = item.get("headers", {})
    match item["kind"]:
        case "text":
            return Message(item["text"])
        case "binary":
            return Message(bytes(item["bytes"]))
        case "connect":
            return Connect(item["url"], headers)
        case "connected":
            return Connected(headers)
        case "close":
            return Close(item.get("code"), item.get("reason", ""))
        case "lost":
            return Lost(item["cause"], item.get("detail", ""))
        case "refused":
            return Refused(item["status"], headers, item.get("body", "").encode())
        case "http_request":
            return HttpRequest(item["method"], item["url"], headers, item.get("body", "").encode())
        case "http_response":
            return HttpResponse(item["status"], headers, item.get("body", "").encode())
        case "ping":
            return Ping()
        case "pong":
            return Pong()
    raise ValueError(f"unknown kind {item['kind']!r}")

"""The documented vendor at the far end of a link."""

from __future__ import annotations

import json

from aai_migrate.testing import Far
from aai_migrate.wire.frames import (
    Close,
    Connect,
    Connected,
    Frame,
    HttpRequest,
    HttpResponse,
    Lost,
    Message,
    Refused,
)

from .vendor import Habits, Session, Vendor


class VendorFar(Far):
    """One far end for all connections, as a vendor is."""

    def __init__(self, habits: Habits | None = None) -> None:
        self.vendor = Vendor(habits)
        self.session: Session | None = None
        self.connected = False

    @property
    def deadline(self) -> float | None:
        return None

    def receive(self, frame: Frame, now: float) -> list[Frame]:
        match frame:
            case HttpRequest(_, _, headers, body):
                key = next((value for name, value in headers.items() if name.lower() == "x-gladia-key"), None)
                status, answer = self.vendor.post(key, body)
                return [HttpResponse(status, {"content-type": "application/json"}, json.dumps(answer).encode())]
            case Connect(url):
                found = self.vendor.connect(url.rpartition("=")[2])
                if isinstance(found, int):
                    return [Refused(found)]
                self.session, self.connected = found, True
                missed = [Message(text) for text in found.connect()]
                return [Connected(), *missed, *([Close(1000)] if found.over else [])]
            case Message(data) if self.session and self.connected:
                said = self.session.text(data) if isinstance(data, str) else self.session.chunk(data)
                return [*(Message(text) for text in said), *([Close(1000)] if self.session.over else [])]
            case Lost() | Close():
                self.connected = False
        return []

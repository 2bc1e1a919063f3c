"""A scripted Deepgram server: plays the vendor's side of a trace file over a socket. Imports nothing of ours."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from ..traced import Step

REQUEST_ID = "0f6d2c1e-5a77-4b0e-9c3d-2f1f0a9be6d4"


def spoken(steps: list[Step]) -> list[int]:
    """Return the places of the vendor's messages that say what was heard, or that a turn has ended."""
    kinds = ('"Results"', '"UtteranceEnd"', '"TurnInfo"')
    return [n for n, step in enumerate(steps) if step["dir"] == "<" and any(k in step.get("text", "") for k in kinds)]


class Vendor:
    """What came: the query of every connection, its credential, and how many bytes of audio."""

    def __init__(self, steps: list[Step], refusal: tuple[int, dict[str, str], bytes] | None = None) -> None:
        self.steps, self.refusal = steps, refusal
        self.url = ""
        self.paths: list[str] = []
        self.queries: list[list[tuple[str, str]]] = []
        self.credentials: list[str | None] = []
        self.audio = 0

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Accept the handshake, or refuse it."""
        parts = urlsplit(request.path)
        self.paths.append(parts.path)
        self.queries.append(parse_qsl(parts.query, keep_blank_values=True))
        self.credentials.append(request.headers.get("Authorization"))
        if self.refusal is None:
            return None
        status, headers, body = self.refusal
        return Response(status, HTTPStatus(status).phrase, Headers({**headers, "Content-Length": str(len(body))}), body)

    def play(self, client: ServerConnection) -> None:
        """Say what the vendor said; wait for what it had heard and been asked before."""
        due = 0
        waiting: list[str] = []
        try:
            for step in self.steps:
                if step["kind"] == "binary":
                    due += step["bytes"]
                    while self.audio < due:
                        self._hear(client, waiting)
                elif step["kind"] == "close":
                    close(client, step["code"], step["reason"])
                elif step["dir"] == "<":
                    client.send(step["text"])
                else:
                    asked = json.loads(step["text"])["type"]
                    while asked not in waiting:
                        self._hear(client, waiting)
                    waiting.remove(asked)
        except ConnectionClosed:
            return

    def _hear(self, client: ServerConnection, waiting: list[str]) -> None:
        message = client.recv(timeout=10)
        if isinstance(message, bytes):
            self.audio += len(message)
        else:
            waiting.append(json.loads(message)["type"])


def close(client: ServerConnection, code: int | None, reason: str) -> None:
    """Close with a status, or with a frame that has none."""
    if code is not None:
        client.close(code, reason)
        return
    with client.send_context():
        client.protocol.send_close()


def _named(connection: ServerConnection, request: Request, response: Response) -> None:
    if "dg-request-id" not in response.headers:
        response.headers["dg-request-id"] = REQUEST_ID


@contextmanager
def scripted(steps: list[Step], refusal: tuple[int, dict[str, str], bytes] | None = None) -> Iterator[Vendor]:
    """Run the vendor on a free port."""
    vendor = Vendor(steps, refusal)
    play: Callable[[ServerConnection], None] = vendor.play
    with serve(
        play,
        "127.0.0.1",
        0,
        compression=None,
        close_timeout=1,
        process_request=vendor.answer,
        process_response=_named,
    ) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        vendor.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        try:
            yield vendor
        finally:
            server.shutdown()
            thread.join()

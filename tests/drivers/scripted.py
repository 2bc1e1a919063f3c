"""A scripted AssemblyAI v3 server: plays the vendor's side of a trace file. Imports nothing of ours."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

Step = dict[str, Any]


def script(path: Path) -> list[Step]:
    """Return the text and close frames of a trace, both directions."""
    steps = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return [step for step in steps if step["kind"] in ("text", "close")]


def turns(steps: list[Step]) -> list[int]:
    """Return the places of the vendor's Turn messages."""
    return [n for n, step in enumerate(steps) if step["dir"] == "<" and '"turn_order"' in step.get("text", "")]


def missing(steps: list[Step], place: int) -> list[Step]:
    """One message never comes."""
    return steps[:place] + steps[place + 1 :]


def swapped(steps: list[Step], place: int) -> list[Step]:
    """One message comes after the vendor's next one."""
    return [*steps[:place], *steps[place + 1 : place + 2], steps[place], *steps[place + 2 :]]


def late(steps: list[Step], place: int) -> list[Step]:
    """One message comes just before the session's last."""
    rest = steps[:place] + steps[place + 1 :]
    return [*rest[:-2], steps[place], *rest[-2:]]


def play(client: ServerConnection, steps: list[Step]) -> None:
    """Send what the vendor said; wait for what it had been asked before."""
    try:
        for step in steps:
            if step["kind"] == "close":
                client.close(step["code"], step["reason"])
            elif step["dir"] == "<":
                client.send(step["text"])
            else:
                asked = json.loads(step["text"])["type"]
                while isinstance(message := client.recv(timeout=10), bytes) or json.loads(message)["type"] != asked:
                    continue
    except ConnectionClosed:
        return


@contextmanager
def scripted(steps: list[Step]) -> Iterator[str]:
    """Run the server on a free port; yields its address."""
    with serve(lambda client: play(client, steps), "127.0.0.1", 0, compression=None, close_timeout=1) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()

"""Speaks through Speechmatics' SDK before that of today; prints what it is told, one JSON object a line.

Usage: python speechmatics_sdk5.py raw|file|channels URL FILE OPTIONS, with that SDK first on PYTHONPATH. What is in
FILE: raw samples; a WAV file, whose format is not told; raw samples of two channels, FILE and FILE.2. OPTIONS is a JSON
object of what to ask for; "update" in it is asked for once recognition has started, and with "grant" a temporary key
is asked for first and shown instead of the key. Without URL, as "", it is what the SDK's own config file says, and a
temporary key is asked for in any case. It imports nothing of ours.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import io
import json
import sys
from typing import Any

client: Any = importlib.import_module("speechmatics.client")  # another generation may be what a type checker finds
models: Any = importlib.import_module("speechmatics.models")
exceptions: Any = importlib.import_module("speechmatics.exceptions")

KIND, URL, FILE = sys.argv[1:4]
OPTIONS: dict[str, Any] = json.loads(sys.argv[4])
UPDATE = OPTIONS.pop("update", None)
SETTINGS = {
    "url": URL,
    "auth_token": "any-key",
    "generate_temp_token": OPTIONS.pop("grant", False),
    "mp_url": f"http{URL.removeprefix('ws').removesuffix('/v2')}",
    **({"ssl_context": None} if URL.startswith("ws://") else {}),
}
RAW = {"encoding": "pcm_s16le", "sample_rate": 16_000}


def say(kind: str, value: Any = None) -> None:
    print(json.dumps({"kind": kind, "value": value}), flush=True)


def main() -> None:
    socket = client.WebsocketClient(models.ConnectionSettings(**SETTINGS) if URL else "any-key")
    socket.add_event_handler("all", lambda message: say("message", message))
    if UPDATE:
        socket.add_event_handler(
            models.ServerMessageType.RecognitionStarted,
            lambda _: socket.update_transcription_config(models.TranscriptionConfig(**OPTIONS, **UPDATE)),
        )
    source: Any = io.FileIO(FILE)
    if KIND == "channels":
        source = {"agent": source, "customer": io.FileIO(f"{FILE}.2")}
    settings = models.AudioSettings(**({} if KIND == "file" else RAW))
    socket.run_synchronously(source, models.TranscriptionConfig(**OPTIONS), settings)
    say("finished")


if __name__ == "__main__":
    say("version", importlib.metadata.version("speechmatics-python"))
    try:
        main()
    except exceptions.TranscriptionError as error:
        say("refused", {"class": type(error).__name__, "text": str(error)})
    except Exception as error:  # noqa: BLE001 what its libraries raise, it lets through
        say("refused", {"class": type(error).__name__, "text": str(error)})

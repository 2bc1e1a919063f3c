"""Speaks a file of raw samples through AssemblyAI's SDK of old; prints what it is told, one JSON object a line.

Usage: python assemblyai_v2.py URL FILE OPTIONS, with that SDK first on PYTHONPATH. OPTIONS is a JSON object of what to
tell the transcriber; with "grant" in it, a temporary token is asked for first and shown instead of the key, with
"information" in it the session's is too, and with "force" the end of the last utterance, whose text that is. It imports
nothing of ours.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import sys
import threading
from pathlib import Path
from typing import Any

aai: Any = importlib.import_module("assemblyai")  # another generation may be what a type checker finds

URL, FILE = sys.argv[1:3]
OPTIONS: dict[str, Any] = json.loads(sys.argv[3])
CHUNKS = [Path(FILE).read_bytes()[at : at + 3200] for at in range(0, Path(FILE).stat().st_size, 3200)]
FORCE, GRANT, INFORMATION = (OPTIONS.pop(name, None) for name in ("force", "grant", "information"))


def say(kind: str, value: Any = None) -> None:
    sys.stdout.write(json.dumps({"kind": kind, "value": value}) + "\n")  # at once: threads say something too
    sys.stdout.flush()


def told(message: Any) -> Any:
    return json.loads(message.json()) if hasattr(message, "json") else None


class Listener:
    """Prints what comes, and notes the end of the utterance that was forced, or that it will not come."""

    def __init__(self) -> None:
        self.forced = threading.Event()

    def transcript(self, message: Any) -> None:
        say("message", told(message))
        if message.text == FORCE and isinstance(message, aai.RealtimeFinalTranscript):
            self.forced.set()

    def fail(self, error: Any) -> None:
        say("error", {"text": str(error), "code": getattr(error, "status_code", None)})
        self.forced.set()


def main() -> None:
    listener = Listener()
    settings: dict[str, Any] = {"sample_rate": 16_000, **OPTIONS}
    if "encoding" in settings:
        settings["encoding"] = aai.AudioEncoding(settings["encoding"])
    if INFORMATION:
        settings["on_extra_session_information"] = lambda message: say("message", told(message))
    if GRANT:
        settings["token"] = aai.RealtimeTranscriber.create_temporary_token(expires_in=GRANT)
        aai.settings.api_key = None
    transcriber = aai.RealtimeTranscriber(
        on_data=listener.transcript,
        on_error=listener.fail,
        on_open=lambda message: say("message", told(message)),
        on_close=lambda: say("closed"),
        **settings,
    )
    transcriber.connect()
    transcriber.stream(CHUNKS)
    if FORCE:
        transcriber.force_end_utterance()
        listener.forced.wait()
    transcriber.close()
    say("finished")


if __name__ == "__main__":
    aai.settings.base_url, aai.settings.api_key = URL, "any-key"
    say("version", importlib.metadata.version("assemblyai"))
    try:
        main()
    except aai.types.AssemblyAIError as error:
        say("refused", str(error))

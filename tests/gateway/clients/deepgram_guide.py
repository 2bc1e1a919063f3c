"""A program as the vendor's customers wrote it: WebSocketApp in a thread, raw audio, Ctrl+C to stop.

Usage: python deepgram_guide.py URL FILE SECONDS_PER_CHUNK. A file of raw samples stands in for the microphone, which
goes on with silence. It imports nothing of ours.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from websocket import ABNF, WebSocketApp, WebSocketConnectionClosedException

URL, FILE, PAUSE = sys.argv[1], sys.argv[2], float(sys.argv[3])
FRAMES = 800
SETTINGS = {
    "model": "nova-3",
    "encoding": "linear16",
    "sample_rate": "16000",
    "channels": "1",
    "punctuate": "true",
    "interim_results": "true",
}


class Program:
    """Prints finals as they come, and the metadata once the connection is closed."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._metadata: Any = None
        self._app = WebSocketApp(
            f"{URL}/v1/listen?{urlencode(SETTINGS)}",
            header={"Authorization": "Token any-key"},
            on_open=self._opened,
            on_message=self._heard,
            on_error=self._failed,
            on_close=self._closed,
        )

    def run(self) -> None:
        signal.signal(signal.SIGINT, self._stop)
        listener = threading.Thread(target=self._app.run_forever, daemon=True)
        listener.start()
        listener.join()

    def _opened(self, app: WebSocketApp) -> None:
        threading.Thread(target=self._speak, daemon=True).start()

    def _speak(self) -> None:
        for samples in microphone():
            if self._stopping.is_set():
                return
            try:
                self._app.send(samples, ABNF.OPCODE_BINARY)
            except WebSocketConnectionClosedException:
                return
            time.sleep(PAUSE)

    def _heard(self, app: WebSocketApp, text: str) -> None:
        message = json.loads(text)
        if message["type"] == "Results":
            transcript = message["channel"]["alternatives"][0]["transcript"]
            if transcript:
                print("final" if message["is_final"] else "interim", transcript, flush=True)
        elif message["type"] == "Metadata":
            self._metadata = message

    def _failed(self, app: WebSocketApp, error: object) -> None:
        print("error", error, flush=True)
        self._stopping.set()

    def _closed(self, app: WebSocketApp, code: int | None, reason: str | None) -> None:
        self._stopping.set()
        print("closed", code, flush=True)
        print("metadata", json.dumps(self._metadata), flush=True)

    def _stop(self, number: int, frame: object) -> None:
        self._stopping.set()
        self._app.send(json.dumps({"type": "CloseStream"}))
        time.sleep(0.5)
        self._app.close()


def microphone() -> Iterator[bytes]:
    with open(FILE, "rb") as file:
        while samples := file.read(2 * FRAMES):
            yield samples
    while True:
        yield bytes(2 * FRAMES)


if __name__ == "__main__":
    Program().run()

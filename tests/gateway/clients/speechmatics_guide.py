"""A program as the vendor's customers wrote it: WebSocketApp in a thread, a microphone's floats, Ctrl+C to stop.

Usage: python speechmatics_guide.py URL FILE SECONDS_PER_CHUNK. A file of raw samples, 48 kHz floats, stands in for the
microphone, which goes on with silence. It imports nothing of ours.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator

from websocket import ABNF, WebSocketApp, WebSocketException

URL, FILE, PAUSE = sys.argv[1], sys.argv[2], float(sys.argv[3])
RATE, FRAMES = 48_000, 1024
START = {
    "message": "StartRecognition",
    "audio_format": {"type": "raw", "encoding": "pcm_f32le", "sample_rate": RATE},
    "transcription_config": {"language": "en", "enable_partials": True, "max_delay": 2.0},
}


class Program:
    """Prints transcripts as they come, and how the session ended."""

    def __init__(self) -> None:
        self._stopping, self._left = threading.Event(), threading.Event()
        self._sent = 0
        self._app = WebSocketApp(
            f"{URL}/v2/en",
            header={"Authorization": "Bearer any-key"},
            on_open=lambda app: app.send(json.dumps(START)),
            on_message=self._heard,
            on_error=self._failed,
            on_close=self._closed,
        )

    def run(self) -> None:
        signal.signal(signal.SIGINT, self._stop)
        listener = threading.Thread(target=self._app.run_forever, kwargs={"ping_interval": 30, "ping_timeout": 10})
        listener.daemon = True
        listener.start()
        self._left.wait()
        listener.join(2)  # its library may look up after the 10 s of a ping only

    def _speak(self) -> None:
        for samples in microphone():
            if self._stopping.is_set():
                return
            try:
                self._app.send(samples, ABNF.OPCODE_BINARY)
            except WebSocketException:
                return
            self._sent += 1
            time.sleep(PAUSE)

    def _heard(self, app: WebSocketApp, text: str) -> None:
        message = json.loads(text)
        match message["message"]:
            case "RecognitionStarted":
                print("began", message.get("id"), flush=True)
                threading.Thread(target=self._speak, daemon=True).start()
            case "AddPartialTranscript" | "AddTranscript" as kind if message["metadata"]["transcript"]:
                print("final" if kind == "AddTranscript" else "partial", message["metadata"]["transcript"], flush=True)
            case "EndOfTranscript":
                print("complete", flush=True)
            case "Error":
                print("error", message["type"], message["reason"], flush=True)
                self._stopping.set()

    def _failed(self, app: WebSocketApp, error: object) -> None:
        print("error", error, flush=True)
        self._stopping.set()

    def _closed(self, app: WebSocketApp, code: int | None, reason: str | None) -> None:
        self._stopping.set()
        print("closed", code, flush=True)
        self._left.set()

    def _stop(self, number: int, frame: object) -> None:
        self._stopping.set()
        self._app.send(json.dumps({"message": "EndOfStream", "last_seq_no": self._sent}))
        time.sleep(1)
        self._app.close()
        self._left.set()


def microphone() -> Iterator[bytes]:
    with open(FILE, "rb") as file:
        while samples := file.read(4 * FRAMES):
            yield samples
    while True:
        yield bytes(4 * FRAMES)


if __name__ == "__main__":
    Program().run()

"""Sixty TLS sessions with one server message for every audio frame: how many are lost, and at what cost.

    python benchmarks/tls_sessions.py [--seconds 60] [--sessions 60]

Ours beside bare websocket-client, whose reader and sender share one ``ssl`` socket, under the same load one after
the other. The server runs in a process of its own and speaks literal AssemblyAI v3. Needs ``websockets``, ``trustme``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

FRAME = 3200  # 100 ms at 16 kHz


async def serve(cert: str) -> None:
    """Answer every audio frame with one ended turn; print the port."""
    from websockets.asyncio.server import ServerConnection
    from websockets.asyncio.server import serve as listen

    async def talk(client: ServerConnection) -> None:
        await client.send('{"type":"Begin","id":"b","expires_at":1}')
        number = 0
        async for message in client:
            if isinstance(message, bytes):
                at = number * 100
                word = {"text": "w", "start": at, "end": at + 50, "confidence": 1.0, "word_is_final": True}
                turn = {
                    "type": "Turn",
                    "turn_order": number,
                    "turn_is_formatted": True,
                    "end_of_turn": True,
                    "transcript": "w",
                    "words": [word],
                    "end_of_turn_confidence": 1.0,
                }
                await client.send(json.dumps(turn))
                number += 1
            else:
                done = {"type": "Termination", "audio_duration_seconds": number // 10, "session_duration_seconds": 1}
                await client.send(json.dumps(done))
                await client.close(1000, "Session Ended")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert)
    async with listen(talk, "127.0.0.1", 0, ssl=context, compression=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def ours(url: str, frames: int) -> bool:
    """One stream of ours; True: every frame was answered and it ended well."""
    import aai_migrate

    turns = 0
    with aai_migrate.connect("assemblyai-v3", api_key="k" * 32, base_url=url) as stream:
        pace = aai_migrate.audio.paced([bytes(FRAME)] * frames, stream.config.audio)
        for event in stream.transcribe(pace):
            turns += isinstance(event, aai_migrate.Turn) and event.end_of_turn
            if isinstance(event, aai_migrate.Reconnecting):
                return False
    return turns == frames


def bare(url: str, frames: int) -> bool:
    """The same with websocket-client and its own socket: one thread sends, one receives."""
    import websocket

    ws = websocket.create_connection(
        f"{url}/v3/ws", timeout=0.5, skip_utf8_validation=True, header=["Authorization: k"], enable_multithread=True
    )
    turns, ended = 0, False

    def read() -> None:
        nonlocal turns, ended
        while not ended:
            try:
                text = ws.recv()
            except websocket.WebSocketTimeoutException:
                continue
            except Exception:  # noqa: BLE001 whatever it dies of is what is counted
                return
            turns += '"Turn"' in text
            ended = "Termination" in text

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    begin = time.monotonic()
    try:
        for number in range(frames):
            time.sleep(max(0.0, begin + (number + 1) * 0.1 - time.monotonic()))
            ws.send_binary(bytes(FRAME))
        ws.send('{"type":"Terminate"}')
    except Exception:  # noqa: BLE001
        return False
    reader.join(10)
    ws.close(timeout=1)
    return ended and turns == frames


def load(name: str, call: Callable[[str, int], bool], url: str, sessions: int, frames: int) -> tuple[int, float]:
    """Run *sessions* at once; return how many were lost and the share of a core that they took."""
    good: list[bool] = []

    def one() -> None:
        try:
            good.append(call(url, frames))
        except Exception as error:  # noqa: BLE001 a lost session is counted, and its cause shown
            print(f"  {name}: {type(error).__name__}: {error}"[:160])

    threads = [threading.Thread(target=one, daemon=True) for _ in range(sessions)]
    cpu, begin = time.process_time(), time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(frames * 0.1 + 60)
    return sessions - sum(good), (time.process_time() - cpu) / (time.monotonic() - begin)


def main() -> None:
    """Print lost sessions and cost of both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--sessions", type=int, default=60)
    parser.add_argument("--serve", metavar="CERT", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        asyncio.run(serve(args.serve))
        return
    import trustme

    with tempfile.TemporaryDirectory() as folder:
        authority = trustme.CA()
        pem = Path(folder, "server.pem")
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(pem))
        authority.cert_pem.write_to_path(str(Path(folder, "ca.pem")))
        os.environ["SSL_CERT_FILE"] = str(Path(folder, "ca.pem"))
        command = [sys.executable, __file__, "--serve", str(pem)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout
            url = f"wss://127.0.0.1:{int(server.stdout.readline())}"
            frames = round(args.seconds * 10)
            print(f"{args.sessions} TLS sessions, {args.seconds:g} s, one server message a frame")
            costs = []
            for name, call in (("ours", ours), ("bare websocket-client", bare)):
                lost, cost = load(name, call, url, args.sessions, frames)
                costs.append(cost)
                print(f"  {name:<22} lost {lost:>2} of {args.sessions}   {cost * 100:5.1f} % of a core")
            print(f"  cost ratio {costs[0] / costs[1]:.2f}")
            server.communicate("")


if __name__ == "__main__":
    main()

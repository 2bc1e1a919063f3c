"""The gateway in front of the embedded recogniser: a worker process instead of a socket."""

from __future__ import annotations

import asyncio
import logging
import wave
from pathlib import Path

import aiohttp
import pytest
import websockets
from aai_migrate_providers.local import pool

from aai_migrate.gateway.serve import accept_any

from .client import converse, dial, heard, no_thread_left, rest, running, until

SPEECH = Path(__file__).parents[2] / "fixtures" / "audio" / "rms.wav"


def test_real_speech_comes_back() -> None:
    """Words are found, the session ends in order, and neither thread nor process is left."""
    pytest.importorskip("pocketsphinx")
    with wave.open(str(SPEECH)) as file:
        audio = file.readframes(4 * file.getframerate())  # the first sentence

    async def main() -> None:
        async with running("local") as gateway, dial(gateway) as socket:
            messages = await converse(socket, audio)
        assert messages[-1]["type"] == "Termination"
        assert socket.close_code == 1000
        assert {"train", "airport", "leaves", "twenty", "minutes"} & set(heard(messages))

    with no_thread_left():
        asyncio.run(main())


def test_the_operator_is_told_what_a_client_does_not_get(caplog: pytest.LogCaptureFixture) -> None:
    """A language that the recogniser does not have: the client's dialect has no word for it, so the log has."""
    pytest.importorskip("pocketsphinx")

    async def main() -> None:
        async with running("local") as gateway:
            url = f"{gateway.url}/v1/listen?model=nova-3&language=de&encoding=linear16&sample_rate=16000"
            async with websockets.connect(
                url, additional_headers={"Authorization": "Token right-key"}, proxy=None
            ) as socket:
                await socket.send(bytes(32_000))
                await socket.send('{"type":"CloseStream"}')
                await socket.wait_closed()

    with no_thread_left():
        asyncio.run(main())
    told = [record.getMessage() for record in caplog.records if "unsupported" in record.getMessage()]
    assert len(told) == 1
    assert told[0].endswith(": unsupported: local: language must be en or en-*, not 'de'; going on without it")


def test_a_client_too_many_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words of its dialect; who has a place keeps it, and one that was given back is taken again."""
    pytest.importorskip("pocketsphinx")
    full = pool.Pool(1)
    monkeypatch.setattr(pool, "_pool", full)

    async def main() -> None:
        async with running("local") as gateway:
            async with dial(gateway) as socket:
                await until(lambda: bool(full.crews))
                async with dial(gateway) as second:
                    refusal = (await rest(second))[-1]
                assert (refusal["type"], refusal["error_code"], second.close_code) == ("Error", 3009, 3009)
                assert "Too many concurrent sessions" in refusal["error"]
                messages = await converse(socket, bytes(32_000))
                assert messages[-1]["type"] == "Termination"
            await until(lambda: not full.crews)
            async with dial(gateway) as third:
                messages = await converse(third, bytes(32_000))
                assert messages[-1]["type"] == "Termination"

    with no_thread_left():
        asyncio.run(main())


def test_channels_that_it_cannot_keep_apart_are_refused(caplog: pytest.LogCaptureFixture) -> None:
    """The client is told so once, and the conversation that never began ends like any other."""
    pytest.importorskip("pocketsphinx")

    async def main() -> None:
        async with running("local", authenticate=accept_any) as gateway:
            [address] = gateway.addresses["gladia"]
            async with (
                aiohttp.ClientSession(headers={"x-gladia-key": "any"}) as session,
                session.post(f"{address}/v2/live", json={"channels": 8}) as response,
            ):
                url = (await response.json())["url"]
            async with websockets.connect(url, proxy=None) as socket:
                assert await rest(socket) == []
            assert socket.close_code == 4400
            await until(lambda: gateway.sessions == 0)

    with no_thread_left(), caplog.at_level(logging.INFO, "aai_migrate"):
        asyncio.run(main())
    assert any("done after" in line and ": 0.0 s of audio, 0 turns" in line for line in caplog.messages)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []

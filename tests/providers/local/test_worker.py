"""The far end of the pipe: several sessions in one process, here in this one."""

import os
import threading
import wave
from collections.abc import Generator
from pathlib import Path

import pytest
from aai_migrate_providers.local.ear import Ear
from aai_migrate_providers.local.messages import (
    Answer,
    Ready,
    Request,
    Settings,
    Utterance,
    read_answer,
    request_text,
)
from aai_migrate_providers.local.pipe import AUDIO, END, OPEN, TAKEN, TEXT, Packet, Unpacker, pack, size_of
from aai_migrate_providers.local.worker import Host, serve

from aai_migrate.wire.commands import Finalize, Stop
from aai_migrate.wire.events import Finalized, Stopped, Word

SECOND = 32_000
with wave.open(str(Path(__file__).parents[3] / "fixtures" / "audio" / "awb.wav")) as file:
    FIRST = file.readframes(3 * 16_000)  # "the weather is very nice today", then silence
CHUNK = 3200


def text(session: int, request: Request) -> Packet:
    return Packet(TEXT, session, request_text(request).encode())


def open_(host: Host, session: int, **settings: float | bool) -> None:
    """Begin a session, up to its being ready."""
    host.take(Packet(OPEN, session))
    host.take(text(session, Settings(**settings)))  # type: ignore[arg-type]
    assert answers(run(host)) == [(session, Ready("pocketsphinx en-us"))]


def feed(host: Host, session: int, audio: bytes) -> None:
    for at in range(0, len(audio), CHUNK):
        host.take(Packet(AUDIO, session, audio[at : at + CHUNK]))


def run(host: Host) -> list[Packet]:
    """Let it do all it has to do."""
    out = []
    while host.ready:
        out += host.step()
    return out


def answers(packets: list[Packet]) -> list[tuple[int, Answer]]:
    return [(packet.session, read_answer(packet.content.decode())) for packet in packets if packet.kind == TEXT]  # type: ignore[misc]


def words(packets: list[Packet], session: int) -> str:
    mine = [answer for number, answer in answers(packets) if number == session and isinstance(answer, Utterance)]
    return " ".join(word.text for utterance in mine for word in utterance.words)


def test_sessions_side_by_side() -> None:
    """Each hears its own audio, and is told when all of it is heard."""
    host = Host()
    for session, settings in ((1, {}), (2, {"partials": False})):
        open_(host, session, **settings)
    feed(host, 1, FIRST)
    feed(host, 2, FIRST[SECOND:])
    for session in (1, 2):
        host.take(text(session, Finalize("f")))
        host.take(text(session, Stop()))
    out = run(host)
    assert words(out, 1) == "the weather is very nice today"
    assert words(out, 2).endswith("very nice today")
    for session, audio in ((1, FIRST), (2, FIRST[SECOND:])):
        mine = [answer for number, answer in answers(out) if number == session]
        assert Finalized("f") in mine
        assert mine[-1] == Stopped(audio_seconds=len(audio) / SECOND)
        heard = sum(size_of(packet) for packet in out if packet.kind == TAKEN and packet.session == session)
        asked = sum(len(request_text(request)) for request in (Finalize("f"), Stop()))
        assert heard == len(audio) + asked
    assert [packet for packet in out if packet.kind == END] == [Packet(END, 2), Packet(END, 1)]
    assert host.step() == []


def test_what_is_heard_is_told_after_the_answers() -> None:
    """So whoever counts what is heard has its answers."""
    host = Host()
    open_(host, 1)
    host.take(Packet(AUDIO, 1, FIRST))
    host.take(text(1, Stop()))
    kinds = [packet.kind for packet in run(host)]
    assert kinds[-5:] == [TEXT, TEXT, TEXT, TAKEN, END] or kinds[-4:] == [TEXT, TEXT, TAKEN, END]
    assert kinds.count(TAKEN) == 2


def test_greed_does_not_stop_the_others() -> None:
    """Beside sessions with a heap of audio, one in real time is heard as soon as it has something to hear."""
    host = Host()
    for session in range(4):
        open_(host, session)
    for session in range(1, 4):
        feed(host, session, FIRST * 10)
    waits = []
    for at in range(0, 2 * SECOND, CHUNK):
        host.take(Packet(AUDIO, 0, FIRST[at : at + CHUNK]))
        steps = 1
        while not any(packet.kind == TAKEN and packet.session == 0 for packet in host.step()):
            steps += 1
        waits.append(steps)
        for _ in range(9):  # the others have the rest of the time
            host.step()
    assert max(waits) <= 8  # where an utterance opens there is more than one slice to hear
    assert sum(waits) < 1.8 * len(waits)


def test_it_looks_ahead_when_nothing_waits() -> None:
    """The words of a turn are ready when the turn ends: then nothing is decoded any more."""
    host = Host()
    open_(host, 1, partials=False)
    feed(host, 1, FIRST[: round(2.5 * SECOND)])
    assert words(run(host), 1) == ""
    feed(host, 1, FIRST[round(2.5 * SECOND) :])
    steps = 0
    while host.ready:
        if words(host.step(), 1):
            break
        steps += 1
    assert steps <= 5  # chunks of silence


@pytest.mark.parametrize(("pieces", "passes"), [(1, 1), (3, 3)])
def test_audio_that_waits_goes_first(pieces: int, passes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends faster than in real time has nothing heard in vain: one second pass a turn."""
    begun, second = [], Ear.second

    def counted(ear: Ear, pcm: bytes) -> Generator[None, None, tuple[Word, ...]]:
        begun.append(len(pcm))
        return second(ear, pcm)

    monkeypatch.setattr(Ear, "second", counted)
    speech, host = FIRST[SECOND // 2 : 2 * SECOND] + bytes(SECOND // 2), Host()
    open_(host, 1, turn_silence=1.0, partials=False)
    out = []
    audio = speech * 3 + bytes(SECOND)
    for piece in range(pieces):
        feed(host, 1, audio[len(speech) * piece : len(speech) * (piece + 1) if piece < pieces - 1 else None])
        out += run(host)
    assert len(begun) == passes
    assert words(out, 1).count("very nice today") == 3


@pytest.mark.parametrize(
    ("packets", "why"),
    [
        ([Packet(AUDIO, 1, b"\0\0")], "settings"),
        ([text(1, Stop())], "settings"),
        ([text(1, Settings()), text(1, Settings())], "settings"),
        ([Packet(TEXT, 1, b"nonsense")], "Expecting value"),
        ([Packet(TEXT, 1, b"\xff")], "Expecting value"),
        ([text(1, Settings()), Packet(TEXT, 1, b"[]")], "bad message"),
    ],
)
def test_a_message_that_cannot_be_read(packets: list[Packet], why: str) -> None:
    """It ends its session, which is told why, and no other."""
    host = Host()
    open_(host, 2)
    host.take(Packet(OPEN, 1))
    for packet in packets:
        host.take(packet)
    (end,) = [packet for packet in run(host) if packet.kind == END]
    assert end.session == 1
    assert why in end.content.decode()
    host.take(Packet(AUDIO, 1, FIRST))  # sent before the end was known
    assert not host.ready
    feed(host, 2, FIRST)
    assert words(run(host), 2) == "the weather is very nice today"


def test_a_bug_ends_its_session_only(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever goes wrong in the decoder: one session is told, the others go on."""

    def fail(ear: Ear, pcm: bytes) -> None:
        raise RuntimeError("the decoder broke")

    host = Host()
    for session in (1, 2):
        open_(host, session)
    with monkeypatch.context() as patch:
        patch.setattr(Ear, "listen", fail)
        feed(host, 1, FIRST)
        out = run(host)
    assert [packet for packet in out if packet.kind == END] == [Packet(END, 1, b"it failed: RuntimeError")]
    assert "the decoder broke" in capfd.readouterr().err
    feed(host, 2, FIRST)
    assert words(run(host), 2) == "the weather is very nice today"


def test_a_session_that_is_closed_in_mid_speech() -> None:
    """Its work is dropped, and its number means nothing any more."""
    host = Host()
    open_(host, 1)
    feed(host, 1, FIRST[: 2 * SECOND])
    for _ in range(25):
        host.step()
    assert host.ready
    host.take(Packet(END, 1))
    host.take(Packet(END, 1))
    assert not host.ready
    assert host.step() == []


def test_pipes() -> None:
    """Bytes in, bytes out, until the input ends."""
    (source, near_out), (near_in, target) = os.pipe(), os.pipe()
    serving = threading.Thread(target=serve, args=(source, target))
    serving.start()
    unpacker, out = Unpacker(), list[Packet]()
    sent = [Packet(OPEN, 1), text(1, Settings()), Packet(AUDIO, 1, FIRST), text(1, Stop())]
    try:
        for packet in sent:
            content = pack(packet)
            while content:
                content = content[os.write(near_out, content) :]
        while not any(packet.kind == END for packet in out):
            out += unpacker.feed(os.read(near_in, 1 << 16))
    finally:
        os.close(near_out)
        serving.join(30)
        for descriptor in (source, near_in, target):
            os.close(descriptor)
    assert not serving.is_alive()
    assert words(out, 1) == "the weather is very nice today"
    assert answers(out)[-1] == (1, Stopped(audio_seconds=3.0))

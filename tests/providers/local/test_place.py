"""A place on a shared process: what waits is bounded, and every end is told."""

import threading
from collections.abc import Callable

import pytest
from aai_migrate_providers.local import place as module
from aai_migrate_providers.local.pipe import AUDIO, END, TEXT, WINDOW, Packet, taken
from aai_migrate_providers.local.place import Place


class End:
    """What a place needs of its process, noted."""

    def __init__(self) -> None:
        self.posted: list[Packet] = []
        self.left: list[Place] = []
        self.stalls = 0
        self.place = Place(7, self.posted.append, self.left.append, self.stalled)

    def stalled(self) -> None:
        self.stalls += 1


def meanwhile(call: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=call)
    thread.start()
    return thread


def test_messages() -> None:
    """Texts and samples go out under its number; texts come back."""
    end = End()
    end.place.send("grüße")
    end.place.send(b"\0\1")
    assert end.posted == [Packet(TEXT, 7, "grüße".encode()), Packet(AUDIO, 7, b"\0\1")]
    end.place.take(Packet(TEXT, 7, "ä".encode()))
    assert end.place.receive() == "ä"


def test_four_seconds_may_wait() -> None:
    """Then sending waits until some of it was heard, and the answers to that were taken."""
    end = End()
    assert WINDOW == 128_000
    for _ in range(2):
        end.place.send(bytes(WINDOW // 2))
    sender = meanwhile(lambda: end.place.send(b"more"))
    end.place.take(Packet(TEXT, 7, b"one"))
    end.place.take(taken(7, WINDOW // 2))
    end.place.take(Packet(TEXT, 7, b"two"))
    assert end.place.receive() == "one"
    assert len(end.posted) == 2  # nobody came for the rest yet
    assert end.place.receive() == "two"
    sender.join(10)
    assert [packet.content for packet in end.posted[2:]] == [b"more"]


def test_nothing_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sending does not wait for ever, and the process is looked at."""
    monkeypatch.setattr(module, "STALL", 0.01)
    end = End()
    end.place.send(bytes(WINDOW))
    with pytest.raises(TimeoutError, match="takes nothing"):
        end.place.send(b"more")
    assert end.stalls == 1
    assert len(end.posted) == 1


def test_a_session_that_ended_well() -> None:
    """What was said before is received first; then there is nothing more, and nothing more is taken."""
    end = End()
    end.place.take(Packet(TEXT, 7, b"last"))
    end.place.take(Packet(END, 7))
    assert [end.place.receive() for _ in range(3)] == ["last", None, None]
    with pytest.raises(OSError, match="pipe"):
        end.place.send(b"\0\0")
    end.place.lose("the worker died with code -9")
    assert end.place.receive() is None


def test_a_session_that_failed() -> None:
    """Why is told to who receives and who sends, whether the session failed or the process."""
    session, process = End(), End()
    session.place.take(Packet(END, 7, b"it could not read a message"))
    process.place.lose("the worker died with code -9")
    for end, why in ((session, "could not read"), (process, "died with code -9")):
        with pytest.raises(ConnectionResetError, match=why):
            end.place.receive()
        with pytest.raises(ConnectionResetError, match=why):
            end.place.send(b"\0\0")


def test_a_loss_wakes_who_waits() -> None:
    """A sender and a receiver that wait are told at once."""
    end, told = End(), list[BaseException]()

    def tell(call: Callable[[], object]) -> None:
        with pytest.raises(OSError, match="died") as caught:
            call()
        told.append(caught.value)

    end.place.send(bytes(WINDOW))
    waiting = [
        meanwhile(lambda: tell(end.place.receive)),
        meanwhile(lambda: tell(lambda: end.place.send(b"more"))),
    ]
    end.place.lose("the worker died")
    for thread in waiting:
        thread.join(5)
    assert len(told) == 2


def test_close() -> None:
    """The place is given back once; calls fail, and whoever waits is woken."""
    end = End()
    end.place.take(Packet(TEXT, 7, b"never read"))
    end.place.close()
    end.place.close()
    assert end.left == [end.place]
    with pytest.raises(OSError, match="closed"):
        end.place.receive()
    with pytest.raises(OSError, match="closed"):
        end.place.send(b"\0\0")

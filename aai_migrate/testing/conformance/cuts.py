"""What goes wrong with connections: no word is lost by it, and none comes twice."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from ...errors import AuthenticationError, ConnectionLost, QuotaExceeded
from ...wire.commands import Finalize
from ...wire.events import Finalized
from ...wire.frames import Close, Connect, Frame, HttpRequest, Lost
from ..faults import Corrupt, Cut, Delay, Direction, Fault, Refuse
from ..link import FarEnd
from ..run import Run
from .bench import DIRECTIONS, WORDS, Bench

ASKED = [(0.9, Finalize("a")), (1.9, Finalize("b"))]


class Closing:
    """A far end that closes its first connection behind the *number*-th frame."""

    def __init__(self, number: int, code: int | None) -> None:
        self._left, self._code = number, code

    def __call__(self, far: FarEnd) -> FarEnd:
        self._far = far
        return self

    @property
    def heard(self) -> bytearray:
        return self._far.heard

    @property
    def deadline(self) -> float | None:
        return self._far.deadline

    def receive(self, frame: Frame, now: float) -> list[Frame]:
        said = self._far.receive(frame, now)
        self._left -= 1
        if self._left:
            return said
        self._far.receive(Lost("reset"), now)  # for the server half its own client has gone
        return [*said, Close(self._code)]

    def tick(self, now: float) -> list[Frame]:
        return self._far.tick(now)


class Cuts(Bench):
    """Sessions over several connections."""

    def _heard(self, done: Run, what: str) -> None:
        assert self.said(done) == WORDS, f"{what}: {' '.join(self.said(done))}"
        assert done.end.complete, what

    @pytest.mark.parametrize("direction", DIRECTIONS)
    def test_a_cut_before_any_frame_loses_no_word(self, direction: Direction) -> None:
        """Nor is one doubled; what the vendor is like behind the wire takes turns."""
        self.needs_a_wire()
        whole = {name: self.run(hard=hard).link.crossed[direction] for name, hard in self.ears.items()}
        for number in range(max(whole.values())):
            name = list(whole)[number % len(whole)]
            done = self.run(hard=self.ears[name], faults=[Cut(direction, number)])
            self._heard(done, f"cut before frame {number} {direction}, {name}")

    def test_several_cuts_lose_no_word(self) -> None:
        """Also where the replay of one is still going on, and the vendor is away in between."""
        self.needs_a_wire()
        for seed in range(12):
            dice = random.Random(seed)
            faults: list[Fault] = [Cut(dice.choice(DIRECTIONS), dice.randrange(2, 80)) for _ in range(3)]
            faults += [Refuse(dice.randrange(1, 5), dice.choice(self._unwell())) for _ in range(2)]
            self._heard(self.run(faults=faults, hard=list(self.ears.values())[seed % len(self.ears)]), f"seed {seed}")

    def test_a_cut_and_finalize_lose_no_word(self) -> None:
        """Each Finalize is answered once, over however many connections."""
        self.needs_a_wire()
        whole = self.run(asked=ASKED)
        for direction in DIRECTIONS:
            for number in range(0, whole.link.crossed[direction], 3):
                done = self.run(asked=ASKED, faults=[Cut(direction, number)])
                self._heard(done, f"cut before frame {number} {direction}")
                ids = sorted(event.id for event in done.said if isinstance(event, Finalized))
                assert ids == ["a", "b"], f"cut before frame {number} {direction}: answered {ids}"

    @pytest.mark.parametrize("code", [1000, 1001, 1011, None])
    def test_a_close_that_nobody_asked_for_loses_no_word(self, code: int | None) -> None:
        """In mid-session, politely: the connection is made again all the same, and it is no end."""
        if not self._dials_a_network():
            pytest.skip("no close frame: the provider dials no network")
        for number in (20, 40):
            closing = Closing(number, code)
            done = self.run(around=closing, hard=list(self.ears.values())[number % len(self.ears)])
            self._heard(done, f"closed with {code} behind frame {number} up")

    def test_a_delay_loses_no_word(self) -> None:
        """Seconds in which nothing arrives, in either direction."""
        self.needs_a_wire()
        for direction in DIRECTIONS:
            for number in range(2, 30, 6):
                done = self.run(faults=[Delay(direction, number, 2.5)])
                self._heard(done, f"delay of frame {number} {direction}")

    def test_a_message_cut_short_loses_no_word_in_silence(self) -> None:
        """What cannot be read is a broken connection, not a message to skip: the words come, or an error does."""
        self.needs_a_wire()
        for number in range(1, self.run().link.crossed["down"] - 1, 2):
            done = self.run(faults=[Corrupt("down", number)])
            assert done.error or self.said(done) == WORDS, f"message {number} cut short"
            assert not (done.error and done.error.retryable and not done.events), "it was not tried again"

    def test_a_wrong_key_is_an_error_at_once(self) -> None:
        """By the vendor's refusal, as it comes before the handshake or behind it; nobody knocks again."""
        if not self.suited().env:
            pytest.skip("no key is needed")
        done = self.run(authenticate=lambda credential: None)
        assert isinstance(done.error, AuthenticationError), repr(done.error)
        assert done.events == []
        assert len(done.link.ends) == 1

    @pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (429, QuotaExceeded)])
    def test_a_refused_handshake_is_an_error_at_once(self, status: int, kind: type[Exception]) -> None:
        """Of the kind that its status says; the body's words are in it."""
        if not self._dials_a_network():
            pytest.skip("no handshake: the provider dials no network")
        done = self.run(faults=[Refuse(0, status, b'{"error": "Quuxly refused"}')])
        assert isinstance(done.error, kind), repr(done.error)
        assert done.error.status == status
        assert "Quuxly refused" in str(done.error)
        assert done.events == []

    def test_a_vendor_that_is_not_well_is_asked_again(self) -> None:
        """A server error, and nobody there; it has three attempts before the first greeting."""
        self.needs_a_wire()
        self._heard(self.run(faults=[Refuse(0, self._unwell()[0]), Refuse(1, None)]), "two refusals")
        done = self.run(faults=[Refuse(number, None) for number in range(9)])
        assert isinstance(done.error, ConnectionLost)
        assert done.events == []

    def _unwell(self) -> Sequence[int | None]:
        """How a vendor that will be well again refuses."""
        return (503, None) if self._dials_a_network() else (None,)

    def _dials_a_network(self) -> bool:
        items = self.suited().client(self.context()).send(self.start(), 0.0)
        dialled = [item.url for item in items if isinstance(item, (Connect, HttpRequest))]
        return bool(dialled) and not dialled[0].startswith("worker:")

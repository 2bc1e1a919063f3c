"""Turns are dealt out fairly, and at once to who was quiet."""

from collections import Counter

from aai_migrate_providers.local.rota import CREDIT, Rota
from hypothesis import given
from hypothesis import strategies as st


def deal(rota: Rota, ready: list[int], count: int) -> list[int | None]:
    return [rota.next(dict.fromkeys(ready, 1)) for _ in range(count)]


def test_nobody() -> None:
    """Where nobody is ready nobody is next."""
    assert Rota().next({}) is None


def test_by_turns() -> None:
    """Who always has work gets as much as each of the others."""
    assert Counter(deal(Rota(), [1, 2, 3], 30)) == {1: 10, 2: 10, 3: 10}


def test_prices() -> None:
    """Who pays less gets more, and nobody nothing."""
    rota, ready = Rota(), {1: 1, 2: 4, 3: 4}
    assert Counter(rota.next(ready) for _ in range(60)) == {1: 40, 2: 10, 3: 10}


def test_a_newcomer() -> None:
    """It begins where the others are: it neither waits for them nor they for it."""
    rota = Rota()
    deal(rota, [1, 2], 1000)
    assert Counter(deal(rota, [1, 2, 3], 30)) == {1: 10, 2: 10, 3: 10}


def test_real_time_beside_greed() -> None:
    """Who has work now and then is next whenever it has, beside any number that always have."""
    rota, greedy = Rota(), list(range(1, 8))
    deal(rota, [0, *greedy], 80)
    for _ in range(50):
        assert rota.next(dict.fromkeys([0, *greedy], 1)) == 0
        deal(rota, greedy, 9)


def test_a_rest_is_remembered_for_a_while() -> None:
    """Who was quiet for long may have so many slices before the others, and then its turns like them."""
    rota = Rota()
    deal(rota, [1, 2], 2)
    deal(rota, [1], 10_000)
    assert deal(rota, [1, 2], CREDIT) == [2] * CREDIT
    assert Counter(deal(rota, [1, 2], 20)) == {1: 10, 2: 10}


def test_who_left_is_forgotten() -> None:
    """A number that comes again is a newcomer."""
    rota = Rota()
    deal(rota, [1], 100)
    rota.leave(1)
    rota.leave(1)
    assert Counter(deal(rota, [1, 2], 20)) == {1: 10, 2: 10}


@given(st.lists(st.dictionaries(st.integers(0, 4), st.integers(1, 4), min_size=1), max_size=400))
def test_nobody_starves(rounds: list[dict[int, int]]) -> None:
    """Whoever is ready gets a slice before the others together had CREDIT more than their turns."""
    rota, waits = Rota(), Counter[int]()
    for ready in rounds:
        chosen = rota.next(ready)
        assert chosen in ready
        for number in range(5):
            waits[number] = 0 if number == chosen or number not in ready else waits[number] + 1
        assert max(waits.values()) <= 4 * (CREDIT + 8)

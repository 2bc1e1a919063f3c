"""What is explained is what crosses the wire, and the other side reads it back: over the whole option space."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from aai_migrate.config import Config
from aai_migrate.errors import ConfigError
from aai_migrate.explain import Explanation, Rehearsal, explain, rehearse
from aai_migrate.wire.frames import Connect, HttpRequest

from .space import PLACES, ROWS, Place, configs, primary

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Values are small as they are: to look for smaller ones takes longer than to read them."""
ENVELOPE = frozenset({"message", "type", "token", "jwt"})
"""What is around the settings: the kind of a message, and credentials."""


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """What is at the ends of nested objects, by path."""
    if not isinstance(value, dict):
        return {path: value}
    return {k: v for name, each in value.items() for k, v in leaves(each, f"{path}.{name}").items()}


def crossed(played: Rehearsal) -> dict[str, Any]:
    """What was said, by path, as a reader finds it who knows no vendor."""
    found: dict[str, Any] = {}
    for frame in played.said:
        if isinstance(frame, (Connect, HttpRequest)):
            pairs: dict[str, list[str]] = {}
            for name, value in parse_qsl(frame.url.partition("?")[2], keep_blank_values=True):
                pairs.setdefault(f".{name}", []).append(value)
            found |= {name: values if len(values) > 1 else values[0] for name, values in pairs.items()}
        text = frame.body if isinstance(frame, HttpRequest) else getattr(frame, "data", b"")
        found |= leaves(json.loads(text)) if text else {}
    return found


def spelled(value: Any) -> list[str]:
    """A value however it is written: one or several texts, or JSON of these."""
    if isinstance(value, str) and value[:1] in ("[", "{"):
        value = json.loads(value)
    listed = value if isinstance(value, (list, tuple)) else [value]
    return [json.dumps(each) if isinstance(each, (dict, list)) else str(each).lower() for each in listed]


def same_words(told: Explanation, said: dict[str, Any]) -> None:
    """Each word that is told was said so, and nothing else was."""
    unmatched = dict(said)
    for each in told.sent:
        path = next((path for path in unmatched if path.endswith(f".{each.word}")), None)
        assert path, f"{each.word} was not said: {said}"
        assert spelled(unmatched.pop(path)) == spelled(each.value), each
    assert {path.rpartition(".")[2] for path in unmatched} <= ENVELOPE


def comes_back(place: Place, name: str, value: Any, heard: Any) -> None:
    """What the other side reads is *value*; of a tag it may know the language alone, and several have no order."""
    if (place.provider.name, name) in OTHERWISE:
        value = OTHERWISE[place.provider.name, name](value)
    if name == "language":
        assert heard in (value, primary(value))
    elif name == "languages":
        assert {*map(primary, heard)} == {*map(primary, value)}
    else:
        assert heard == value


OTHERWISE: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("speechmatics", "partials"): lambda _: True,  # asked for in any case: a client may want them later
    ("speechmatics", "turn_silence"): lambda seconds: seconds or None,  # 0 is no wish to have turns end otherwise
}
"""What a server half reads otherwise on purpose."""


def explained(place: Place, config: Config) -> tuple[Explanation, Rehearsal]:
    return explain(place.provider, config), rehearse(place.provider, config)


@pytest.mark.parametrize(("place", "name"), ROWS, ids=lambda each: str(each))
@settings(max_examples=8, phases=PHASES)
@given(data=st.data())
def test_one_option(place: Place, name: str, data: st.DataObject) -> None:
    """A value that the row takes is taken, becomes the row's word, and comes back where the row says exact."""
    values, row = place.values(name), place.rows[name]
    assert values is not None
    value = data.draw(values)
    told, played = explained(place, Config(**place.usual, **{name: value}))
    same_words(told, crossed(played))
    assert played.failed is None
    (given,) = (each for each in told.given if each.option == name)
    assert (given.value, given.dropped) == (value, "")
    if row.native and value is not False:  # off may be to say nothing
        assert {word.partition(".")[0] for word in given.words} >= {row.native}
    if row.native and row.support == "exact" and played.heard:
        comes_back(place, name, value, getattr(played.heard.config, name))


@pytest.mark.parametrize("place", PLACES, ids=str)
@settings(max_examples=15, phases=PHASES)
@given(data=st.data())
def test_many_options(place: Place, data: st.DataObject) -> None:
    """Together they are said and read back as each is alone; those that exclude one another are an error."""
    config = data.draw(configs(place))
    try:
        told, played = explained(place, config)
    except ConfigError:
        assume(False)
    same_words(told, crossed(played))
    assert played.failed is None
    for name, row in place.rows.items():
        if row.native and row.support == "exact" and played.heard and config.is_set(name):
            comes_back(place, name, getattr(config, name), getattr(played.heard.config, name))

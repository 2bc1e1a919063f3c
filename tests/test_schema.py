"""What JSON objects may hold: each check, and a table of them."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aai_migrate.wire.schema import Check, Table, boolean, integer, list_of, mapping, number, one_of, string

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)
TERM = Table({"content": string, "sounds_like": list_of(string, "strings", 1)}, ("content",))
BODY = Table(
    {
        "language": one_of("en", "de"),
        "delay": number(0.5, 4),
        "limit": integer(1, 20),
        "partials": boolean,
        "metadata": mapping,
        "term": TERM,
        "deep": Table({"term": TERM}, ("term",)),
    },
    ("language",),
)


def said(value: Any) -> list[str]:
    return [*BODY.wrong(value)]


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (string, ["", "a"], [None, 1, ["a"], {}]),
        (boolean, [True, False], [None, 0, 1, "true", []]),
        (mapping, [{}, {"a": 1}], [None, [], "{}", 1]),
        (one_of("en", "de"), ["en", "de"], ["EN", "", None, 1, ["en"], {"en": 1}, True]),
        (one_of(8, 16), [8, 16, 16.0], ["8", 17, None, True, [8], math.nan]),
        (one_of("auto", 1), ["auto", 1], ["1", True, 0]),
        (number(0, 1), [0, 1, 0.5, 1.0], [-0.1, 1.1, "0", None, True, math.nan, math.inf, 10**400, [0]]),
        (integer(1, 20), [1, 20, 2.0], [0, 21, 1.5, "1", None, True, math.nan, math.inf, 10**400]),
        (list_of(string, "strings"), [[], ["a"], ["a", "b"]], [None, "a", [1], ["a", 1], {"a": 1}, [["a"]]]),
        (list_of(string, "strings", 1), [["a"]], [[], [1]]),
    ],
)
def test_a_check_says_what_is_wrong(check: Check, good: list[Any], bad: list[Any]) -> None:
    """Nothing about what is right; no value is taken for another: true is no 1, "1" is none."""
    assert [check(value) for value in good] == [""] * len(good)
    for value in bad:
        assert check(value).startswith("must "), value


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (number(0.5, 4)("a"), "must be a number"),
        (number(0.5, 4)(0.4), "must not be less than 0.5"),
        (number(0.5, 4)(4.5), "must not be greater than 4"),
        (integer(1, 20)(1.5), "must be an integer number"),
        (integer(1, 20)(21), "must not be greater than 20"),
        (one_of("en", 8)("de"), "must be one of the following values: en, 8"),
        (list_of(string, "strings")("a"), "must be an array"),
        (list_of(string, "strings", 1)([]), "must contain at least 1 element"),
        (list_of(string, "strings", 2)(["a"]), "must contain at least 2 elements"),
        (list_of(string, "strings")([1]), "must only contain strings"),
    ],
)
def test_the_text_names_what_is_allowed(wrong: str, text: str) -> None:
    """As a sentence without its subject."""
    assert wrong == text


def test_a_table_finds_everything_that_is_wrong() -> None:
    """Each with the path to it; unknown members are nobody's business."""
    assert said({"language": "en", "delay": 2, "term": {"content": "a", "sounds_like": ["b"]}, "other": object()}) == []
    assert said({}) == ["language is required"]
    assert said(
        {
            "language": "fr",
            "limit": 0,
            "partials": None,
            "term": {"sounds_like": []},
            "deep": {"term": {"content": 1}},
        }
    ) == [
        "language must be one of the following values: en, de",
        "limit must not be less than 1",
        "partials must be a boolean value",
        "term.content is required",
        "term.sounds_like must contain at least 1 element",
        "deep.term.content must be a string",
    ]
    assert said({"language": "de", "deep": {}}) == ["deep.term is required"]
    assert said({"language": "de", "deep": {"term": []}}) == ["deep.term must be an object"]


@pytest.mark.parametrize("value", [None, [], "a", 1])
def test_what_is_no_object_is_wrong_as_a_whole(value: Any) -> None:
    """By its path, where it has one."""
    assert said(value) == ["must be an object"]
    assert [*BODY.wrong(value, "body")] == ["body must be an object"]


def test_paths_begin_where_the_caller_says() -> None:
    """So that a table can stand inside another message."""
    assert [*TERM.wrong({"content": 1}, "vocab.0")] == ["vocab.0.content must be a string"]


def test_known_leaves_out_what_the_table_lacks_and_what_is_null() -> None:
    """In tables inside it too; what is no object where one should be stays, for it was found wrong."""
    value = {
        "language": "en",
        "delay": None,
        "partials": False,
        "other": 1,
        "metadata": {"any": None},
        "term": {"content": "a", "sounds_like": None, "other": 1},
        "deep": [1],
    }
    assert BODY.known(value) == {
        "language": "en",
        "partials": False,
        "metadata": {"any": None},
        "term": {"content": "a"},
        "deep": [1],
    }
    assert value["other"] == 1, "what was given is left as it is"
    assert BODY.known({}) == {}


@given(JSON)
def test_any_json_is_answered(value: Any) -> None:
    """Never raises; what is right stays right when only the known is kept, but for members that were null."""
    wrong = said(value)
    assert all(isinstance(text, str) and text for text in wrong)
    if not wrong:
        assert said(BODY.known(value)) == []


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(BODY.members, JSON)))
def test_any_members_are_answered(value: dict[str, Any]) -> None:
    """One text a member at least where it is wrong alone."""
    for name, item in value.items():
        alone = [text for text in said({"language": "en", name: item}) if text.partition(" ")[0].startswith(name)]
        assert set(alone) <= set(said({"language": "en", **value}))

"""JSON that any program reads."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from attrs import evolve

from aai_migrate.cli.jsonlines import JsonLines, plain
from aai_migrate.events import Begin, StreamEvent, Turn, Word


class Encoded(io.StringIO):
    """A file of some encoding."""

    encoding: Any = "utf-8"


def _turn(text: str, **more: Any) -> Turn:
    return Turn(turn_order=0, transcript=text, end_of_turn=True, **more)


def _json(event: StreamEvent, out: io.StringIO | None = None) -> Any:
    out = out or io.StringIO()
    JsonLines(out).show(event)
    text = out.getvalue()
    assert text.endswith("\n")
    assert len(text.splitlines()) == 1
    return json.loads(text, parse_constant=lambda name: pytest.fail(name))


def test_json_has_all_fields_but_raw() -> None:
    """The event's own fields and its words, in full, without the vendor's message."""
    word = Word("ja", 0.0, float("nan"))
    event = evolve(_turn("ja\n\u2028ß", words=(word,), start=0.0, raw={"secret": 1}), end=float("inf"))
    record = _json(event)
    assert record["type"] == "Turn"
    assert record["transcript"] == "ja\n\u2028ß"
    assert record["end"] is None
    assert record["words"] == [
        {
            "text": "ja",
            "start": 0.0,
            "end": None,
            "confidence": None,
            "is_final": True,
            "speaker": None,
            "language": None,
            "joiner": " ",
        }
    ]
    assert "raw" not in record


def test_json_of_anything() -> None:
    """Settings may hold what JSON does not have."""
    record = _json(Begin(provider="p", settings={"a": (1, {2}), "b": ..., "c": None, "d": True, "e": b"x"}))
    assert record["settings"] == {"a": [1, [2]], "b": "Ellipsis", "c": None, "d": True, "e": "b'x'"}
    assert plain([float("-inf")]) == [None]


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8", None])
@pytest.mark.parametrize("text", ["日本 ß – …", "\ud800 alone"])
def test_json_in_any_encoding(encoding: str | None, text: str) -> None:
    """Where the output cannot carry a character, it is escaped."""
    out = Encoded()
    out.encoding = encoding
    assert _json(_turn(text), out)["transcript"] == text
    out.getvalue().encode(encoding or "utf-8")

"""What is printed: JSON that any program reads, text that no vendor can make a terminal obey."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from attrs import evolve

from aai_migrate.cli.view import JsonLines, Status, Text, one_line, plain
from aai_migrate.events import (
    AudioGap,
    Begin,
    Notice,
    ProviderChanged,
    Reconnecting,
    StreamEvent,
    Termination,
    Turn,
    TurnRevised,
    Word,
)


class Screen(io.StringIO):
    """A terminal that remembers everything, with the lines as they stand at last."""

    encoding: Any = "utf-8"

    def isatty(self) -> bool:
        return True

    @property
    def lines(self) -> list[str]:
        shown = []
        for line in self.getvalue().replace("\x1b[2m", "").replace("\x1b[0m", "").split("\n"):
            cells: list[str] = []
            for part in line.split("\r"):
                cells[: len(part)] = part
            shown.append("".join(cells).rstrip())
        return shown


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def _turn(order: int, text: str, *, end: bool, **more: Any) -> Turn:
    return Turn(turn_order=order, transcript=text, end_of_turn=end, **more)


def _json(event: StreamEvent, out: io.StringIO | None = None) -> Any:
    out = out or io.StringIO()
    JsonLines(out, Status(None, None)).show(event)
    text = out.getvalue()
    assert text.endswith("\n")
    assert len(text.splitlines()) == 1
    return json.loads(text, parse_constant=lambda name: pytest.fail(name))


def test_json_has_all_fields_but_raw() -> None:
    """The event's own fields and its words, in full, without the vendor's message."""
    word = Word("ja", 0.0, float("nan"))
    event = evolve(_turn(0, "ja\n\u2028ß", end=True, words=(word,), start=0.0, raw={"secret": 1}), end=float("inf"))
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
@pytest.mark.parametrize("text", ["日本 ß", "\ud800 alone"])
def test_json_in_any_encoding(encoding: str | None, text: str) -> None:
    """Where the output cannot carry a character, it is escaped."""
    out = Screen()
    out.encoding = encoding
    assert _json(_turn(0, text, end=True), out)["transcript"] == text
    out.getvalue().encode(encoding or "utf-8")


def test_open_turn_is_rewritten() -> None:
    """On a terminal the open turn is one line that changes, and an ended one stays."""
    out = Screen()
    status = Status(out, 8.0)
    view = Text(out, status)
    view.show(_turn(0, "ask", end=False))
    assert out.lines == ["0.0/8.0 s  ask"]
    status.progress(1.5)
    view.show(_turn(0, "ask not what your country can do for you", end=False))
    assert out.lines == ["1.5/8.0 s   your country can do for you"]
    view.show(_turn(0, "Ask not.", end=True))
    assert out.lines[0] == "Ask not."
    view.show(_turn(0, "", end=False))
    status.close()
    assert out.lines == ["Ask not.", ""]
    status.progress(9.0)
    assert out.lines == ["Ask not.", ""]


def test_wide_and_combining_characters_fit() -> None:
    """The status line counts columns, not characters."""
    out = Screen()
    Text(out, Status(out, None)).show(_turn(0, "日" * 40 + "e\u0301", end=False))
    assert out.lines == ["0.0 s  " + "日" * 15 + "e\u0301"]


def test_no_terminal_no_status() -> None:
    """Without a terminal only ended turns are printed."""
    out = io.StringIO()
    view = Text(out, Status(None, None))
    view.show(_turn(0, "Ask", end=False))
    view.show(_turn(0, "Ask not.", end=True, speaker="A", channel=1))
    view.show(TurnRevised(turn_order=0, transcript="Ask!", channel=1))
    assert out.getvalue() == "[1] A: Ask not.\n[1] Ask! (turn 0 revised)\n"


@pytest.mark.parametrize(("name", "setting"), [("NO_COLOR", ""), ("TERM", "dumb")])
def test_no_colour(monkeypatch: pytest.MonkeyPatch, name: str, setting: str) -> None:
    """NO_COLOR and a dumb terminal get no escape sequences."""
    monkeypatch.setenv(name, setting)
    out = Screen()
    Text(out, Status(out, None)).show(_turn(0, "Ask", end=False))
    assert "\x1b" not in out.getvalue()


def test_no_control_characters() -> None:
    """What a vendor says cannot move the cursor or break the line."""
    out = Screen()
    Text(out, Status(None, None)).show(_turn(0, "a\x1b[2Jb\r\nc\x07", end=True))
    assert out.getvalue() == "a [2Jb c\n"
    assert one_line("\x9b a\n\tb ") == "a b"


def test_text_in_any_encoding() -> None:
    """What the output cannot carry is a question mark, not an error."""
    out = Screen()
    out.encoding = "ascii"
    view = Text(out, Status(out, None))
    view.show(_turn(0, "ß", end=False))
    view.show(_turn(0, "ß", end=True))
    assert out.lines == ["?", "0.0 s"]


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (Notice("n", "mind\nthis"), "mind this"),
        (Reconnecting(1, 0.25, "connection lost"), "connection lost; trying again in 0.2 s"),
        (AudioGap(1.0, 2.5), "audio from 1.0 to 2.5 s is lost"),
        (ProviderChanged("a", "b", 3.0, "quota"), "b goes on for a at 3.0 s: quota"),
        (
            Termination(complete=True, reason="stopped", audio_seconds=2.0),
            "0 turns, 2.0 s of audio, complete",
        ),
        (
            Termination(complete=False, reason="lost", audio_seconds=2.0, unconfirmed_seconds=1.0),
            "0 turns, 2.0 s of audio, truncated: lost, 1.0 s unconfirmed",
        ),
    ],
)
def test_remarks(capsys: pytest.CaptureFixture[str], event: StreamEvent, says: str) -> None:
    """Everything but text is said on stderr, a line each."""
    Text(io.StringIO(), Status(None, None)).show(event)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"aai-migrate: {says}\n")


def test_progress_is_not_drawn_too_often() -> None:
    """A thousand chunks in a moment are not a thousand lines."""
    out = Screen()
    status = Status(out, 10.0)
    for chunk in range(1000):
        status.progress(chunk / 100)
    assert out.getvalue().count("\r") < 20


def test_width_of_the_real_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The status line never wraps."""
    monkeypatch.setenv("COLUMNS", "12")
    out = Screen()
    Text(out, Status(out, 8.0)).show(_turn(0, "Ask not what", end=False))
    assert out.lines == ["0.0/8.0 s"]

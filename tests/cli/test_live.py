"""The terminal: what stands on it after each event, whatever a vendor says and however it is resized."""

from __future__ import annotations

import io
import sys
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from aai_migrate.cli.live import OPEN_TURNS, SHORTEST, Terminal, fit, lines
from aai_migrate.cli.progress import Progress
from aai_migrate.cli.region import Region
from aai_migrate.cli.summary import Figures
from aai_migrate.cli.view import Line, PlainLines, Text
from aai_migrate.errors import MissingExtra
from aai_migrate.events import AudioGap, Turn, TurnRevised
from aai_migrate.testing import ManualClock

from .screen import Screen

BAR = "━" * 23


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "COLUMNS", "LINES", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


class Stage:
    """A terminal that shows events, with a clock that a test moves, and refreshed only when a test does it."""

    def __init__(
        self,
        columns: int = 40,
        rows: int = 20,
        *,
        colours: bool = True,
        total: float | None = 8.0,
        channels: bool = False,
        out: io.StringIO | None = None,
        err: io.StringIO | None = None,
    ) -> None:
        self.clock, self.screen = ManualClock(), Screen(columns)
        self.progress = Progress(total, self.clock)
        self.progress.begin()
        self.console = Console(
            file=self.screen,
            force_terminal=True,
            color_system="standard" if colours else None,
            width=columns,
            height=rows,
        )
        self.terminal = Terminal(self.console, out or self.screen, err or self.screen, self.progress, self.clock)
        self.view = Text(self.terminal, channels=channels)

    def turn(self, order: int, text: str, *, end: bool = False, **more: Any) -> list[str]:
        """Show the turn when it is due, and return what then stands on the screen."""
        self.clock.advance(1.0)
        self.view.show(Turn(turn_order=order, transcript=text, end_of_turn=end, **more))
        return self.screen.lines

    @property
    def texts(self) -> list[str]:
        """What stands above the progress."""
        return self.screen.lines[:-1]


def test_the_open_turn_is_rewritten_and_the_ended_one_stays() -> None:
    """Partials replace each other in one line; the end settles it, and the next turn opens below."""
    stage = Stage()
    gauge = f"{BAR}  0.0/8.0 s  0 %"
    assert stage.turn(0, "ask") == ["ask", gauge]
    assert stage.turn(0, "ask not what") == ["ask not what", gauge]
    assert stage.turn(0, "ask no") == ["ask no", gauge]
    assert stage.turn(0, "Ask not.", end=True) == ["Ask not.", gauge]
    assert stage.turn(1, "what") == ["Ask not.", "what", gauge]
    assert not stage.screen.cursor
    stage.terminal.close()
    assert stage.screen.lines == ["Ask not."]
    assert stage.screen.cursor
    stage.terminal.refresh()
    assert stage.screen.lines == ["Ask not."]


def test_stable_and_tail_look_different() -> None:
    """What may still change is dim; without colours it stands in angle brackets."""
    stage = Stage()
    stage.turn(0, "ask not what", stable_length=7)
    assert "ask not\x1b[2m what\x1b[0m" in stage.screen.getvalue()
    bare = Stage(colours=False)
    assert bare.turn(0, "ask not what", stable_length=7)[0] == "ask not <what>"
    assert bare.turn(0, "ask not what", stable_length=12)[0] == "ask not what"
    assert bare.turn(0, "ask")[0] == "<ask>"
    assert not bare.screen.styles


def test_a_long_open_turn_shows_its_end() -> None:
    """One line a turn, however long: the last words count."""
    stage = Stage()
    text = "my fellow citizens of the world ask not what"
    assert stage.turn(0, text)[0] == "…" + text[-38:]
    assert len(stage.screen.lines) == 2


def test_long_ended_turns_wrap_as_the_terminal_wraps() -> None:
    """An ended turn is one line of text, for the terminal to break and to copy."""
    stage = Stage(columns=10)
    assert stage.turn(0, "abcdefghijklmno", end=True)[:2] == ["abcdefghij", "klmno"]
    assert "abcdefghijklmno\n" in stage.screen.getvalue()


def test_channels_and_speakers_are_open_at_once() -> None:
    """Each open turn has its line under its label; when one ends the other stays open."""
    stage = Stage(channels=True)
    stage.turn(0, "hello", channel=0, speaker="A")
    stage.turn(0, "good", channel=1, speaker="B")
    assert stage.texts == ["[0] A: hello", "[1] B: good"]
    stage.turn(0, "Hello.", channel=0, speaker="A", end=True)
    assert stage.texts == ["[0] A: Hello.", "[1] B: good"]
    stage.turn(0, "Good.", channel=1, speaker="B", end=True)
    assert stage.texts == ["[0] A: Hello.", "[1] B: Good."]


def test_more_open_turns_than_there_is_room_for() -> None:
    """The latest are shown; the region never fills the screen."""
    stage = Stage()
    for channel in range(OPEN_TURNS + 3):
        stage.turn(0, "word", channel=channel)
    assert stage.texts == [f"[{channel}] word" for channel in range(3, OPEN_TURNS + 3)]
    low = Stage(rows=3)
    for channel in range(4):
        low.turn(0, "word", channel=channel)
    assert low.texts == ["[3] word"]


def test_remarks_and_revisions_go_above() -> None:
    """What is said besides stays, above the open turn."""
    stage = Stage()
    stage.turn(0, "Ask.", end=True)
    stage.turn(1, "what")
    stage.view.show(AudioGap(1.0, 2.5))
    stage.view.show(TurnRevised(turn_order=0, transcript="Ask!"))
    assert stage.texts == ["Ask.", "aai-migrate: audio from 1.0 to 2.5 s is", "lost", "Ask! (turn 0 revised)", "what"]


def test_states_that_no_eye_can_follow_are_left_out() -> None:
    """A thousand partials in a moment are few writes, and the last one is on the screen after the next refresh."""
    stage = Stage()
    for count in range(1000):
        stage.clock.advance(SHORTEST / 100)
        stage.view.show(Turn(turn_order=0, transcript=f"{count} words", end_of_turn=False))
    assert stage.screen.writes <= 12
    stage.terminal.refresh()
    assert stage.texts == ["999 words"]


def test_each_change_is_one_write() -> None:
    """Nothing is erased in one write and drawn in the next, which would flicker."""
    stage = Stage()
    stage.turn(0, "ask")
    for end in (False, True):
        before = stage.screen.writes
        stage.turn(0, "ask not", end=end)
        assert stage.screen.writes == before + 1


@pytest.mark.parametrize("columns", [1, 2, 5, 12, 20, 30, 60])
def test_nothing_below_is_wider_than_the_terminal(columns: int) -> None:
    """At any width the open turn and the progress have a line each."""
    stage = Stage(columns)
    stage.progress.fed(1.5)
    shown = stage.turn(0, "ask not what your country can do for you", speaker="Somebody with a long name")
    assert len(shown) <= 2
    assert all(cell_len(line) < max(columns, 2) for line in shown)


def test_the_gauge_drops_what_has_no_room() -> None:
    """First the bar goes, then the speed, then the percentage."""
    seen = []
    for columns in (60, 30, 20, 12):
        stage = Stage(columns)
        stage.clock.advance(2.0)
        stage.progress.fed(4.0)
        stage.terminal.refresh()
        seen.append(stage.screen.lines[-1])
    assert seen == [
        f"{'━' * 30}  4.0/8.0 s  50 %  2.0×",
        "━━━━━━  4.0/8.0 s  50 %  2.0×",
        "4.0/8.0 s  50 %",
        "4.0/8.0 s",
    ]


def test_a_resize_leaves_nothing_behind() -> None:
    """Narrower or wider, the lines are taken away before they are drawn anew."""
    stage = Stage(60)
    stage.turn(0, "ask not what your country can do for you ask what")
    for columns in (20, 50, 15):
        stage.screen.columns = stage.console.width = columns
        stage.turn(0, "ask not what your country can do for you")
        assert len(stage.screen.lines) == 2
        assert cell_len(stage.screen.lines[0]) < columns


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.text(max_size=30), st.booleans(), st.integers(0, 30), st.text(max_size=4)),
        max_size=12,
    ),
    st.integers(4, 60),
)
def test_no_vendor_can_spoil_the_screen(said: list[tuple[int, str, bool, int, str]], columns: int) -> None:
    """Whatever is said: no control character gets through, and what stays is what was ended, in order."""
    stage, expected = Stage(columns, 100), Screen(columns)
    orders = [0, 0, 0]
    for channel, text, end, stable, speaker in said:
        turn = Turn(
            turn_order=orders[channel],
            transcript=text,
            end_of_turn=end,
            channel=channel,
            stable_length=min(stable, len(text)),
            speaker=speaker,
        )
        stage.clock.advance(1.0)
        stage.view.show(turn)
        if end:
            orders[channel] += 1
            Text(PlainLines(expected, io.StringIO())).show(turn)
    stage.terminal.close()
    assert stage.screen.lines == expected.lines


@given(st.text(), st.text(), st.text(max_size=30), st.integers(1, 50))
def test_fit(stable: str, tail: str, label: str, columns: int) -> None:
    """What is cut is the beginning; the rest keeps its place in what is stable and what is not."""
    line = Line(label, stable, tail)
    fitted = fit(line, columns)
    whole = fitted.stable + fitted.tail
    assert (stable + tail).endswith(whole.removeprefix("…"))
    assert tail.endswith(fitted.tail)
    if cell_len(str(line)) <= columns and len(str(line)) <= columns:
        assert fitted == line or cell_len(label) > columns // 2


def test_the_summary_is_a_table() -> None:
    """On a terminal the figures stand under each other, and nothing below them."""
    stage = Stage(80)
    stage.turn(0, "Ask.", end=True)
    stage.terminal.summary(
        Figures(turns=1, audio_seconds=8.0, first_words=0.5, final=0.25, served=("p m",), end="complete")
    )
    assert stage.screen.lines == [
        "Ask.",
        "",
        "1 turn, 8.0 s of audio, complete",
        "first words  0.50 s after speech began",
        "final        0.25 s after speech ended",
        "served by    p m",
        "converted    nothing",
        "gaps         none",
        "reconnects   none",
    ]


def test_remarks_to_a_file_leave_the_screen_alone() -> None:
    """With stderr in a file, remarks and summary are plain lines there."""
    err = io.StringIO()
    stage = Stage(err=err)
    stage.turn(0, "ask")
    stage.terminal.remark("mind\x1b[2J the gap")
    stage.terminal.summary(Figures(turns=1, end="complete"))
    assert err.getvalue().startswith("aai-migrate: mind [2J the gap\naai-migrate: 1 turn, 0.0 s of audio, complete\n")
    assert "mind" not in stage.screen.getvalue()


def test_remarks_to_the_same_terminal_by_another_name() -> None:
    """stderr on the terminal that stdout is: the region makes room."""
    other = Screen()
    stage = Stage(err=other)
    stage.turn(0, "ask")
    stage.terminal.remark("mind the gap")
    assert other.lines == ["aai-migrate: mind the gap"]
    assert stage.texts == ["ask"]


def test_beside_a_pipe_only_the_progress_is_shown() -> None:
    """With stdout in a pipe, turns go there, plain; the terminal on stderr has the progress."""
    out = io.StringIO()
    stage = Stage(out=out)
    stage.turn(0, "ask")
    stage.turn(0, "Ask.", end=True)
    assert out.getvalue() == "Ask.\n"
    stage.terminal.refresh()
    assert stage.screen.lines == [f"{BAR}  0.0/8.0 s  0 %"]


@pytest.mark.parametrize(
    ("out", "err", "text", "where"),
    [
        (True, True, True, "out"),
        (True, False, True, "out"),
        (False, True, True, "err"),
        (False, True, False, "err"),
        (False, False, True, None),
        (True, True, False, None),
    ],
)
def test_where_lines_go(out: bool, err: bool, text: bool, where: str | None) -> None:
    """Open turns and progress need a terminal: stdout if it is for people, else stderr beside a pipe."""
    files = {"out": Screen() if out else io.StringIO(), "err": Screen() if err else io.StringIO()}
    found = lines(files["out"], files["err"], Progress(1.0), text=text)
    found.open([Line("", "ask")])
    found.close()
    drawn = [name for name, file in files.items() if file.getvalue()]
    assert drawn == ([where] if where else [])
    assert isinstance(found, Terminal if where else PlainLines)


@pytest.mark.parametrize("term", ["dumb", "unknown", ""])
@pytest.mark.skipif(sys.platform == "win32", reason="TERM means nothing there")
def test_dumb_terminals(monkeypatch: pytest.MonkeyPatch, term: str) -> None:
    """A terminal that cannot rewrite a line gets lines that stay, and nothing else."""
    monkeypatch.setenv("TERM", term)
    screen = Screen()
    found = lines(screen, screen, Progress(1.0), text=True)
    found.open([Line("", "ask")])
    found.turn(Line("", "Ask."))
    found.close()
    assert screen.getvalue() == "Ask.\n"


@pytest.mark.parametrize("value", ["1", ""])
def test_no_colour(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """NO_COLOR: no style at all, whatever it is set to; lines are still rewritten."""
    monkeypatch.setenv("NO_COLOR", value)
    screen = Screen()
    found = lines(screen, screen, Progress(1.0), text=True)
    found.open([Line("A: ", "ask", " not")])
    found.turn(Line("A: ", "Ask not."))
    found.summary(Figures())
    assert not screen.styles
    assert screen.lines[0] == "A: Ask not."


def test_without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal and nothing to draw with: the install line."""
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with pytest.raises(MissingExtra, match=r"pip install 'aai_migrate\[cli\]'"):
        lines(Screen(), Screen(), Progress(1.0), text=True)


def test_what_the_terminal_cannot_print() -> None:
    """Where there is no UTF-8, our signs are written in ASCII and others become question marks."""
    stage = Stage(30)
    stage.screen.encoding = "ascii"
    stage.turn(0, "ß and a text that is too long for the line")
    stage.progress.fed(4.0)
    stage.turn(1, "ß", end=True)
    stage.screen.getvalue().encode("ascii")
    assert stage.screen.lines[0] == "?"


def test_a_terminal_that_went_away() -> None:
    """When the progress cannot be shown any more the run goes on, and the view closes in peace."""
    broken = threading.Event()

    class Gone(Screen):
        def write(self, text: str) -> int:
            broken.set()
            raise OSError(5, "Input/output error")

    out = io.StringIO()
    gone = Gone()
    terminal = Terminal(Console(file=gone, force_terminal=True, width=40, height=5), out, gone, Progress(1.0)).start()
    assert broken.wait(10)
    terminal.turn(Line("", "Ask."))
    terminal.close()
    assert out.getvalue() == "Ask.\n"


def test_an_empty_region_writes_nothing() -> None:
    """Closing what was never drawn, and drawing nothing, leave the terminal as it is."""
    screen = Screen()
    region = Region(screen)
    region.draw([])
    region.wipe()
    region.close()
    assert screen.getvalue() == ""

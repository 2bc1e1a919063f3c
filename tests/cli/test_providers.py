"""``aai-migrate providers``: the same facts for people, pipes and programs."""

from __future__ import annotations

import builtins
import datetime
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from typing import Any

import pytest
from aai_migrate_providers.assemblyai_v3 import PROVIDER as V3
from attrs import evolve

from aai_migrate import registry
from aai_migrate.capabilities import Capabilities, Model
from aai_migrate.cli import main
from aai_migrate.cli.facts import facts
from aai_migrate.config import OPTIONS
from aai_migrate.errors import MissingExtra
from aai_migrate.features import FEATURES
from aai_migrate.options import Option
from aai_migrate.provider import Numbers, Pace, Provider
from aai_migrate.testing.coded.provider import PROVIDER as CODED

from .conftest import KEY, Run


def absent() -> None:
    """Miss a package."""
    raise MissingExtra("the third party", "third")


THIRD = Provider(
    name="third",
    title="Third \x1b[31mparty",
    env="THIRD_KEY",
    client=CODED.client,
    server=V3.server,
    routes=(("POST", "/v2/live"), ("GET", "/v2/live")),
    ready=absent,
    capabilities=Capabilities(
        as_of=datetime.date(2026, 1, 2),
        source="https://third.example",
        encodings=("pcm_s16le",),
        sample_rates=(8000, 16000),
        max_channels=2,
        default_model="new",
        models={
            "old": Model(
                name="old", family="o", languages=("en",), retired=datetime.date(2026, 3, 4), replacement="new"
            ),
            "new": Model(name="new", family="n", languages=("de", "en")),
        },
    ),
    options=(
        Option(name="language", native="lang", support="approximate", why="a guess", hot=True),
        Option(name="keyterms", native="hints", models=("n",), alternative="choose new", source="https://page"),
        Option(name="formatting", support="emulated"),
        Option(name="diarization", support="unsupported", alternative="one stream a speaker"),
    ),
    numbers=Numbers(pace=None, keepalive=5.0, audio_due=10.0, finalize="silence", session_limit=60.0),
)


@pytest.fixture
def third() -> Iterator[None]:
    """A provider with one of everything."""
    registry.register(THIRD)
    yield
    registry.unregister("third")


def test_facts(third: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is known, in values that JSON has; of a key only whether it is set."""
    monkeypatch.setenv("THIRD_KEY", KEY)
    told = facts(THIRD)
    rows, features = told.pop("option_rows"), told.pop("features")
    assert told == {
        "name": "third",
        "aliases": [],
        "title": "Third \x1b[31mparty",
        "ready": False,
        "needs": "the third party needs an extra: pip install 'aai_migrate[third]'",
        "key": "THIRD_KEY",
        "key_is_set": True,
        "client": True,
        "server": True,
        "routes": ["POST /v2/live", "GET /v2/live"],
        "default_model": "new",
        "models": [
            {
                "name": "old",
                "languages": ["en"],
                "deprecated": None,
                "retired": "2026-03-04",
                "replacement": "new",
                "source": None,
            },
            {
                "name": "new",
                "languages": ["de", "en"],
                "deprecated": None,
                "retired": None,
                "replacement": None,
                "source": None,
            },
        ],
        "languages": ["de", "en"],
        "encodings": ["pcm_s16le"],
        "sample_rates": [8000, 16000],
        "channels": 2,
        "options": {
            **dict.fromkeys(OPTIONS, "unsupported"),
            "language": "approximate",
            "keyterms": "exact",
            "formatting": "emulated",
        },
        "limits": told["limits"],
        "as_of": "2026-01-02",
        "source": "https://third.example",
    }
    assert rows[1] == {
        "name": "keyterms",
        "native": "hints",
        "support": "exact",
        "models": ["new"],
        "hot": False,
        "why": None,
        "alternative": "choose new",
        "source": "https://page",
        "as_of": "2026-01-02",
    }
    assert [feature["name"] for feature in features] == list(FEATURES)
    assert features[1] == {
        "name": "language",
        "support": "approximate",
        "native": "lang",
        "values": ["de", "en"],
        "most": None,
        "note": "a guess",
        "hot": True,
        "source": "https://third.example",
        "as_of": "2026-01-02",
    }
    assert (told["limits"]["keepalive"], told["limits"]["pace"]) == (5.0, None)


def test_json(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One array of all, or one object; no key is in it."""
    outcome = run("providers", "--json")
    found = {each["name"]: each for each in json.loads(outcome.out)}
    assert (outcome.code, outcome.err) == (0, "")
    assert sorted(found) == list(registry.names())
    assert KEY not in outcome.out
    v3 = found["assemblyai-v3"]
    assert (v3["key"], v3["key_is_set"], v3["server"], v3["aliases"]) == (
        "ASSEMBLYAI_API_KEY",
        True,
        True,
        ["assemblyai"],
    )
    assert v3["sample_rates"] == {"from": 8_000, "to": 192_000}
    assert v3["limits"]["pace"] == {"factor": 1.25, "ahead": 30.0}
    assert (found["coded"]["key"], found["coded"]["key_is_set"], found["coded"]["ready"]) == (None, None, True)
    monkeypatch.setenv("ASSEMBLYAI_API_KEY", "  ")
    assert json.loads(run("providers", "assemblyai", "--json").out) == {**v3, "key_is_set": False}


def table(text: str, title: str) -> dict[str, list[str]]:
    """The rows of one table of a pipe by their first cell; columns stand where the head's do."""
    head, *rows = text.partition(f"{title}\n")[2].partition("\n\n")[0].splitlines()
    starts = [match.start() for match in re.finditer(r"(?<!\S)(?<!\S )\S", head)]
    cells = [[row[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)] for row in rows]
    return {row[0]: row[1:] for row in cells}


def test_a_pipe_gets_aligned_text(run: Run, third: None) -> None:
    """Four tables without colours, one line a provider or option."""
    outcome = run("providers")
    assert (outcome.code, outcome.err, "\x1b" in outcome.out) == (0, "", False)
    states = table(outcome.out, "Providers")
    assert states["third"] == [
        "Third [31mparty",
        "the third party needs an extra: pip install 'aai_migrate[third]'",
        "THIRD_KEY not set",
        "client, server",
    ]
    assert states["coded"][1:] == ["ready", "none needed", "client"]
    assert states["assemblyai-v3"][1:] == ["ready", "ASSEMBLYAI_API_KEY set", "client, server"]
    takes = table(outcome.out, "What they take")
    assert takes["third"] == ["new, old", "de, en", "pcm_s16le; 8000, 16000 Hz", "2"]
    assert takes["coded"] == ["-", "-", "pcm_s16le and 5 more; 8000 to 48000 Hz", "8"]
    options = table(outcome.out, "Options (* differs with the model)")
    column = sorted(states).index("third")
    third_marks = {name: marks[column] for name, marks in options.items()}
    assert third_marks == {
        **dict.fromkeys(OPTIONS, "-"),
        "language": "approximate",
        "keyterms": "exact*",
        "formatting": "emulated",
        "channels": "exact",
        "formatted_turns": "emulated",
        "base_url": "exact",
        "finalize": "emulated",
        "configure": "exact",
        "keepalive": "exact",
        "resume": "emulated",
        "token": "-",
    }
    assert table(outcome.out, "Sources")["third"] == ["2026-01-02", "https://third.example"]


def test_one_in_detail(run: Run, third: None) -> None:
    """Options with the vendor's words and what comes nearest, models, limits."""
    outcome = run("providers", "third")
    assert outcome.code == 0
    assert re.search(r"^served at +POST /v2/live, GET /v2/live$", outcome.out, re.MULTILINE)
    assert table(outcome.out, "Models") == {
        "old": ["en", "-", "since 2026-03-04", "new"],
        "new (default)": ["de, en", "-", "-", "-"],
    }
    options = table(outcome.out, "Options")
    assert options["language"] == ["approximate", "lang", "-", "yes", "a guess", "1"]
    assert options["keyterms"] == ["exact", "hints", "new", "-", "with other models: choose new", "2"]
    assert options["diarization"] == ["unsupported", "-", "-", "-", "one stream a speaker", "1"]
    assert options["region"] == ["unsupported", "-", "-", "-", "-", "-"]
    assert table(outcome.out, "Pages") == {
        "1": ["2026-01-02", "https://third.example"],
        "2": ["2026-01-02", "https://page"],
    }
    assert table(outcome.out, "Besides")["model"] == ["exact", "new, old; default: new"]
    limits = dict(
        re.split(r"  +", line) for line in outcome.out.partition("Limits\n")[2].partition("\n\n")[0].splitlines()
    )
    assert limits == {
        "audio message": "0.02 to 1 s, usually 0.1 s",
        "pace": "as it is taken",
        "first audio due": "10 s",
        "keepalive": "message, within 5 s",
        "finalize": "emulated by 1 s of silence",
        "turns end only with audio": "-",
        "longest turn": "60 s",
        "longest session": "60 s",
        "longest message": "16777216 bytes",
    }


def test_limits_of_a_vendor_with_a_pace(run: Run) -> None:
    """And with a message for Finalize; an alias will do."""
    out = run("providers", "assemblyai").out
    assert re.search(r"^also called +assemblyai$", out, re.MULTILINE)
    assert re.search(r"^pace +30 s at once, then 1.25 x real time$", out, re.MULTILINE)
    assert re.search(r"^finalize +a message, answered within 3 s$", out, re.MULTILINE)
    assert V3.numbers.pace == Pace(factor=1.25, ahead=30.0)


def test_a_service_that_is_retired(run: Run) -> None:
    """It is said beside its name, since when, and what to use instead; who runs a server of that kind may use it."""
    assert table(run("providers").out, "Providers")["assemblyai-v2"][:2] == ["AssemblyAI v2 (retired)", "ready"]
    out = run("providers", "assemblyai-v2").out
    assert re.search(r"^title +AssemblyAI v2 \(retired\)$", out, re.MULTILINE)
    assert table(out, "Models") == {"realtime (default)": ["en", "-", "since 2025-10-30", "assemblyai-v3"]}
    assert table(out, "Options")["diarization"] == ["unsupported", "-", "-", "-", "assemblyai-v3 has it", "1"]


def test_a_provider_that_does_not_load(run: Run, broken: None) -> None:
    """It is listed with the reason, and not in the way of the others."""
    why = (
        "the plug-in of provider 'broken' (no_module:PROVIDER) does not import: No module named 'no_module'; "
        "repair or uninstall it"
    )
    outcome = run("providers")
    assert outcome.code == 0
    assert table(outcome.out, "Providers")["broken"] == ["-", why, "-", "-"]
    assert "broken" not in table(outcome.out, "Sources")
    listed = json.loads(run("providers", "--json").out)
    assert {"name": "broken", "ready": False, "needs": why} in listed
    alone = run("providers", "broken")
    assert (alone.code, alone.line) == (2, why)


def test_wrong_use(run: Run) -> None:
    """A name that there is not is told with those that come nearest."""
    outcome = run("providers", "assemblyai-v33")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.line.startswith("unknown provider 'assemblyai-v33'; did you mean assemblyai-v3")
    assert "unexpected extra argument (b)" in run("providers", "a", "b").line
    assert "Examples:\n    aai-migrate providers\n" in run("providers", "--help").out


# On a terminal.


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(*argv: str) -> str:
    """What a person sees of the command, with the colours."""
    screen = Screen()
    with redirect_stdout(screen):
        assert main(["providers", *argv]) == 0
    return screen.getvalue()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 100 columns with colours."""
    for name, value in {"COLUMNS": "100", "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "AAI_MIGRATE_PROVIDER"):
        monkeypatch.delenv(name, raising=False)


GREEN = "\x1b[32m"


@pytest.mark.usefixtures("terminal", "third")
def test_a_terminal_gets_colours() -> None:
    """No line is longer than the terminal is wide, no name is broken, and a plug-in's codes are not obeyed."""
    out = shown()
    assert GREEN in out
    assert "\x1b[31m" not in out
    lines = re.sub(r"\x1b\[[0-9;]*m", "", out).splitlines()
    assert max(map(len, lines)) <= 100
    assert any(line.split()[:1] == ["assemblyai-v3"] for line in lines)
    assert any(line.split()[:2] == ["profanity_filter", "-"] for line in lines)
    assert "hints" in shown("third")


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colours_where_none_are_wanted(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """https://no-color.org, and terminals that have none."""
    monkeypatch.setenv(name, value)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", shown())


@pytest.mark.usefixtures("terminal")
def test_without_rich_a_terminal_gets_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is prettier with, but says the same."""
    real = builtins.__import__

    def absent(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.partition(".")[0] == "rich":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    out = shown()
    assert "\x1b" not in out
    assert table(out, "Providers")["coded"][1] == "ready"


def test_rich_is_not_imported_for_a_pipe() -> None:
    """Nor aiohttp for a table."""
    program = "import sys; from aai_migrate.cli import main; main(['providers']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Providers\n")
    assert not {"rich", "aiohttp", "pocketsphinx"} & {name.partition(".")[0] for name in done.stderr.split()}


def test_coded_is_of_no_family() -> None:
    """A provider without models supports what its rows say, whatever the model."""
    assert facts(evolve(CODED, options=(Option(name="region", support="emulated"),)))["options"]["region"] == "emulated"


# Two of them, and documents.


def test_what_differs(run: Run) -> None:
    """Two lines a setting, what is lost before what is gained; NAME/MODEL works on both sides."""
    outcome = run("providers", "--diff", "deepgram", "gladia")
    assert (outcome.code, outcome.err) == (0, "")
    titles = re.findall("^(.*), from deepgram to gladia$", outcome.out, re.MULTILINE)
    assert titles == ["Lost", "Less of it", "As much, in other words", "Gained"]
    lost = outcome.out.partition("\n\n")[0].splitlines()
    cells = [re.split(r"  +", line) for line in lost]
    assert cells[1] == ["setting", "provider", "support", "vendor's word", "note"]
    heads = [row[:4] for row in cells]
    at = heads.index(["diarization", "deepgram", "exact", "diarize"])
    assert cells[at + 1][:4] == ["diarization", "gladia", "unsupported", "-"]
    flux = run("providers", "deepgram", "--diff", "deepgram/flux-general-en").out
    assert "Lost, from deepgram to deepgram/flux-general-en" in flux
    assert re.search(r"^language +deepgram/flux-general-en .* en; .*without .*de", flux, re.MULTILINE)


def test_what_differs_as_json(run: Run) -> None:
    """Both sides in full, with the verdict and what is missing."""
    found = json.loads(run("providers", "--diff", "deepgram/nova-2", "assemblyai", "--json").out)
    assert (found["from"], found["to"]) == (
        {"name": "deepgram", "model": "nova-2"},
        {"name": "assemblyai-v3", "model": "u3-rt-pro"},
    )
    by = {each["name"]: each for each in found["differences"]}
    assert by["channels"]["verdict"] == "lost"
    assert by["keyterms"]["from"]["native"] == "keywords"
    assert (by["keyterms"]["verdict"], by["keyterms"]["to"]["native"]) == ("better", "keyterms_prompt")
    assert "cs" in by["language"]["missing"]
    assert set(by["language"]["to"]) == {
        *("name", "support", "native", "values", "most", "note", "hot", "source", "as_of"),
    }


def test_nothing_differs(run: Run) -> None:
    """One line says so."""
    out = run("providers", "--diff", "gladia", "gladia/solaria-1").out
    assert out == "gladia and gladia/solaria-1 do not differ in any setting.\n"


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (("--diff", "deepgram"), "--diff needs two names: say with what to compare deepgram, as in --diff deepgram"),
        (("--diff",), "--diff needs two names: say which two, not 0"),
        (("--diff", "a", "b", "c"), "--diff needs two names: say which two, not 3"),
        (("--diff", "deepgramm", "gladia"), "unknown provider 'deepgramm'; did you mean deepgram?"),
        (("--diff", "deepgram", "gladia/"), "provider 'gladia/' is not of the form name or name/model"),
        (("--markdown", "gladia"), "--markdown is the table of all providers"),
        (("--markdown", "--json"), "--markdown is the table of all providers"),
    ],
)
def test_wrong_comparisons(run: Run, argv: tuple[str, ...], line: str) -> None:
    """The line says what is missing."""
    outcome = run("providers", *argv)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.line.startswith(line)


def test_one_with_a_model(run: Run) -> None:
    """Only rows that count for it; without one, all, and for whom each is."""
    rows = [line.split()[0] for line in _lines(run("providers", "deepgram/nova-2").out, "Options")]
    assert len(rows) == len(set(rows)) == len(OPTIONS) + 1  # and the head
    all_rows = [line.split()[0] for line in _lines(run("providers", "deepgram").out, "Options")]
    assert all_rows.count("keyterms") > 1
    told = json.loads(run("providers", "deepgram/nova-2", "--json").out)
    assert [row["native"] for row in told["option_rows"] if row["name"] == "keyterms"] == ["keywords"]


def test_languages_are_listed_once(run: Run) -> None:
    """Models that hear the same stand together."""
    languages = _lines(run("providers", "deepgram").out, "Languages")
    assert any(re.match(r"nova-3, nova-3-general  +af, ", line) for line in languages)


def _lines(text: str, title: str) -> list[str]:
    return text.partition(f"\n{title}\n")[2].partition("\n\n")[0].splitlines()


def test_markdown(run: Run, third: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column for each provider that is for everybody, whatever this machine has; pages with their days below."""
    monkeypatch.setenv("DEEPGRAM_API_KEY", KEY)
    head, rule, *rows = run("providers", "--markdown").out.splitlines()
    assert head == "|  | `deepgram` | `speechmatics` | `gladia` | `assemblyai-v3` | `assemblyai-v2` | `local` |"
    assert rule == "| --- | --- | --- | --- | --- | --- | --- |"
    lines = {row.split(" | ")[0].strip("| "): row for row in rows if row.startswith("|")}
    assert list(lines)[:3] == ["`model`", "`language`", "`languages`"]
    assert len(lines) == len(FEATURES)
    assert lines["`diarization`"].split(" | ")[3] == "–"
    assert all(row.count(" | ") == len(registry.PUBLIC) for row in lines.values())
    assert rows[-1].startswith("By the vendors' pages: [deepgram](https://")
    assert "third" not in "".join(rows)

"""Speechmatics' own SDK for Agent STT, unmodified, pointed at the gateway; each time in a process."""

from __future__ import annotations

import json
import math
import sys
import wave
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from aai_migrate.audio import AudioFormat
from aai_migrate.gateway import local
from aai_migrate.testing.coded import encode, words

from .client import no_thread_left, only_right
from .program import CLIENTS, Told, printed
from .tcp import tcp

SPOKEN = words(9, seed=11)
TURNS = [SPOKEN[:3], SPOKEN[3:6], SPOKEN[6:]]
TEXTS = [" ".join(turn) for turn in TURNS]
SPEECH: list[str | float] = [0.3, *TURNS[0], 1.0, *TURNS[1], 1.0, *TURNS[2]]
"""Ends in the middle of a turn."""
RMS = Path(__file__).parents[2] / "fixtures" / "audio" / "rms.wav"
CHUNK = {"whole": 1024, "live": 640}
"""Bytes at a time."""
TIMED = ("SpeechStarted", "StartOfTurn", "SpeechEnded", "EndOfTurn")
KNOWN = {*TIMED, "AddSegment", "AddPartialSegment", "RecognitionStarted", "AudioAdded", "EndOfTranscript", "Info"}


def speak(kind: str, url: str, folder: Path, *parts: bytes, options: Mapping[str, Any] | None = None) -> Told:
    """Let the client speak what is in *parts*, and return what it was told; it ends by itself."""
    pytest.importorskip("speechmatics.agent_stt")
    files = [folder / f"speech{number}.raw" for number, _ in enumerate(parts)]
    for file, part in zip(files, parts, strict=True):
        file.write_bytes(part)
    asked = json.dumps({"language": "en", **(options or {})})
    return printed([sys.executable, CLIENTS / "speechmatics_agent.py", kind, url, asked, *files])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a gateway to coded speech, as clients of the other service are told it."""
    with no_thread_left(), local("coded") as url:
        yield f"{url}/v2"


def messages(told: Told, *kinds: str) -> list[Any]:
    return [message for message in told.all("message") if message["message"] in kinds]


def timeline(told: Told) -> list[str]:
    [found] = told.all("timeline")
    times = [time for _, time in found]
    assert times == sorted(times)
    return [kind for kind, _ in found]


def turns(told: Told) -> list[str]:
    """Return what was said from the beginning of each turn to its end; nothing was said between."""
    found: list[list[str]] = []
    inside = False
    for message in messages(told, "StartOfTurn", "AddSegment", "AddPartialSegment", "EndOfTurn"):
        match message["message"]:
            case "StartOfTurn":
                found.append([])
                assert not inside
                inside = True
            case "EndOfTurn":
                assert inside
                inside = False
            case "AddSegment":
                assert inside
                found[-1].append(message["segment"]["transcript"])
            case _:
                assert inside
    assert not inside
    return [" ".join(segments) for segments in found]


def check(told: Told, transcript: str) -> None:
    """The session began and the transcript ended, last of all; the client has it, and nothing else is on its mind."""
    assert told.all("refused") == []
    assert told.all("finished") == [None]
    assert told.all("error") == told.all("partial") == [None]
    assert told.all("transcript") == [transcript]
    kinds = [message["message"] for message in told.all("message")]
    assert set(kinds) <= KNOWN
    assert set(kinds[: kinds.index("RecognitionStarted")]) <= {"Info"}
    assert kinds.count("RecognitionStarted") == kinds.count("EndOfTranscript") == 1
    assert kinds[-1] == "EndOfTranscript"


@pytest.mark.parametrize("kind", CHUNK)
def test_turns_by_what_is_heard(url: str, tmp_path: Path, kind: str) -> None:
    """Each with its speech around it; all audio is acknowledged, and what may change is shown."""
    speech = encode(SPEECH)
    with tcp(url) as (address, relay):
        told = speak(kind, f"ws{address.removeprefix('http')}/v2", tmp_path, speech)
        assert [line.split()[1] for line in relay.asked] == ["/v2/agent"]
    check(told, " ".join(SPOKEN))
    assert turns(told) == TEXTS
    assert timeline(told) == [*TIMED] * 3
    count = math.ceil(len(speech) / CHUNK[kind])
    assert [message["seq_no"] for message in messages(told, "AudioAdded")] == list(range(1, count + 1))
    shown = [message["segment"]["transcript"] for message in messages(told, "AddPartialSegment")]
    assert {" ".join(turn[:count]) for turn in TURNS for count in (1, 2)} <= {*shown}
    assert told.all("latency") == [0.0]


def test_segments_have_the_times_of_the_session(url: str, tmp_path: Path) -> None:
    """Seconds from its beginning, which never start again."""
    told = speak("whole", f"{url}/agent", tmp_path, encode(SPEECH))
    [segments] = told.all("segments")
    begins = [0.3 + 1.72 * number for number in range(3)]  # three words of 240 ms, and a second
    assert [(text, speaker) for text, _, _, speaker in segments] == [(text, None) for text in TEXTS]
    for (_, start, end, _), begin in zip(segments, begins, strict=True):
        assert start == pytest.approx(begin, abs=0.03)
        assert end == pytest.approx(begin + 0.72, abs=0.06)


def test_turns_that_the_application_ends(url: str, tmp_path: Path) -> None:
    """In mid-speech and behind a pause that would have ended one; speech is the application's to find."""
    parts: list[list[str | float]] = [[0.3, *TURNS[0]], [0.5, *TURNS[1][:1], 1.0, *TURNS[1][1:], 1.0], [*TURNS[2]]]
    told = speak("external", url, tmp_path, *(encode(part) for part in parts))
    check(told, " ".join(SPOKEN))
    assert turns(told) == TEXTS
    assert timeline(told) == ["StartOfTurn", "EndOfTurn"] * 3
    [latency] = told.all("latency")
    assert latency > 0


@pytest.mark.parametrize("options", [{"rate": 8_000}, {"enable_partials": False}, {"diarization": "speaker"}], ids=str)
def test_other_settings(url: str, tmp_path: Path, options: dict[str, Any]) -> None:
    """The audio of telephones; finals only; who spoke, which coded speech does not tell."""
    told = speak("whole", url, tmp_path, encode(SPEECH, AudioFormat(options.get("rate", 16_000))), options=options)
    check(told, " ".join(SPOKEN))
    assert turns(told) == TEXTS
    assert bool(messages(told, "AddPartialSegment")) == options.get("enable_partials", True)
    speakers = {message["segment"].get("speaker") for message in messages(told, "AddSegment")}
    assert speakers == ({"UU"} if "diarization" in options else {None})


def test_a_language_without_blanks_between_words(url: str, tmp_path: Path) -> None:
    """The client is told so, and puts nothing between segments."""
    told = speak("whole", url, tmp_path, encode(SPEECH), options={"language": "ja"})
    check(told, "".join(TEXTS))
    assert told.all("delimiter") == [""]


@pytest.mark.parametrize(
    ("options", "says"),
    [({"model": "enhanced"}, "enhanced"), ({"max_delay": 1.0}, "max_delay"), ({"language": "xx"}, "xx")],
    ids=str,
)
def test_what_is_not_offered_is_refused(url: str, tmp_path: Path, options: dict[str, Any], says: str) -> None:
    """With a reason that the client raises."""
    [refused] = speak("live", url, tmp_path, encode(SPEECH), options=options).all("refused")
    assert refused["class"] == "TranscriptionError"
    assert says in refused["text"]


def test_a_wrong_key_is_refused(tmp_path: Path) -> None:
    """Before the conversation begins."""
    with no_thread_left(), local("coded", authenticate=only_right) as url:
        [refused] = speak("live", f"{url}/v2", tmp_path, encode(SPEECH)).all("refused")
    assert refused["class"] == "ConnectionError"
    assert "HTTP 401" in refused["text"]


@pytest.mark.parametrize("kind", ["whole", "external"])
def test_real_speech_comes_back(tmp_path: Path, kind: str) -> None:
    """From the embedded recogniser."""
    pytest.importorskip("pocketsphinx")
    with wave.open(str(RMS)) as file:
        audio = file.readframes(4 * file.getframerate())
    with no_thread_left(), local("local") as url:
        told = speak(kind, f"{url}/v2", tmp_path, audio)
    [transcript] = told.all("transcript")
    check(told, transcript)
    assert turns(told)
    heard: Sequence[str] = [word.strip(".,?").lower() for word in transcript.split()]
    assert {"train", "airport", "leaves", "twenty", "minutes"} & {*heard}

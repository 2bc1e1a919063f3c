"""The Turn contract and the text grammar, over conversations that no sane vendor has."""

from __future__ import annotations

import json
import os
import random
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aai_migrate import registry
from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config
from aai_migrate.events import StreamEvent, Termination
from aai_migrate.provider import Provider
from aai_migrate.session import Session
from aai_migrate.testing import check_turns
from aai_migrate.turns import Turns
from aai_migrate.wire import commands as ask
from aai_migrate.wire.frames import (
    Close,
    Connect,
    Connected,
    Frame,
    HttpRequest,
    HttpResponse,
    Lost,
    Message,
    Refused,
)

from .session.hearing import FORMAT, KEY
from .session.plain import context

BEGIN = '{"type":"Begin","id":"6a0c","expires_at":1790222326}'
CREATED = b'{"id":"9b1c","created_at":"2026-09-21T09:14:02.118Z","url":"wss://api.gladia.io/v2/live?token=3f6f"}'
FLUX_BEGIN = '{"type":"Connected","request_id":"7d1f4b6a-0c2e-4f57-9a10-55c1d2e3f405","sequence_id":0}'
V2_BEGIN = '{"message_type":"SessionBegins","session_id":"5a1d3b0c","expires_at":"2025-03-04T12:30:00.118204"}'
V3, GLADIA, DEEPGRAM = registry.find("assemblyai-v3"), registry.find("gladia"), registry.find("deepgram")
V2 = registry.find("assemblyai-v2")
RECOGNISED = '{"message":"RecognitionStarted","id":"5b1f0c2e","language_pack_info":{"word_delimiter":" "}}'
SPEECHMATICS = registry.find("speechmatics")

DIALECTS = [Config(audio=FORMAT), Config(audio=FORMAT, model="flux-general-en")]
PATHS = [
    Config(audio=FORMAT),
    Config(audio=FORMAT, turn_silence=0),
    Config(audio=AudioFormat(channels=2), channels="separate"),
    Config(audio=FORMAT, model="linden-1"),
]

vocabulary = st.sampled_from(["one", "two", "Three.", "4", "five", "", "é", " six "])
times = st.one_of(st.integers(-100, 20_000), st.none(), st.just("12"), st.just(1e300))
word = st.fixed_dictionaries(
    {"text": vocabulary}, optional={"start": times, "end": times, "confidence": times, "word_is_final": st.booleans()}
)
turn = st.fixed_dictionaries(
    {"type": st.just("Turn"), "turn_order": st.integers(0, 4), "end_of_turn": st.booleans()},
    optional={
        "turn_is_formatted": st.booleans(),
        "transcript": st.lists(vocabulary, max_size=4).map(" ".join),
        "words": st.lists(word, max_size=4),
        "end_of_turn_confidence": st.floats(0, 1),
    },
)
small = st.sampled_from(
    [
        {"type": "SpeechStarted", "timestamp": 500},
        {"type": "SpeakerRevision", "revisions": [{"turn_order": 0, "speaker_label": "B", "words": []}]},
        {"type": "Heartbeat"},
        {"type": "Begin", "id": "again"},
        {"type": "Warning", "warning_code": 1, "warning": "w"},
        {"type": "Error", "error_code": 3005, "error": "Session Cancelled"},
        {"type": "Termination", "audio_duration_seconds": 3},
    ]
)
said = st.one_of(turn.map(json.dumps), turn.map(json.dumps), small.map(json.dumps))
step = st.one_of(
    said.map(Message),
    said.map(Message),
    st.sampled_from([Lost("reset"), Close(1011, "oops"), Message("no json"), Message(b"\0")]),
    st.floats(0, 4).map(lambda seconds: seconds),
    st.sampled_from([ask.Finalize("f"), ask.Stop(), ask.Audio(bytes(6400))]),
)

moments = st.one_of(st.sampled_from([0.0, 0.2, 0.5, 1.0, 2.5, 9.0, -1.0, 1e300]), st.none(), st.just("1"))
heard = st.fixed_dictionaries(
    {"word": vocabulary}, optional={"start": moments, "end": moments, "confidence": st.floats(0, 1)}
)
utterance = st.fixed_dictionaries(
    {"text": st.lists(vocabulary, max_size=4).map(lambda words: "".join(f" {word}" for word in words))},
    optional={
        "start": moments,
        "end": moments,
        "channel": st.integers(0, 2),
        "words": st.lists(heard, max_size=4),
        "language": st.just("en"),
    },
)
transcript = st.fixed_dictionaries(
    {
        "type": st.just("transcript"),
        "data": st.fixed_dictionaries(
            {"id": st.sampled_from(["a", "b", "c", "d"]), "utterance": utterance}, optional={"is_final": st.booleans()}
        ),
    }
)
speech = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["speech_start", "speech_end"]),
        "data": st.fixed_dictionaries({"time": moments}, optional={"channel": st.integers(0, 1)}),
    }
)
bytes_ = st.sampled_from([0, 2, 3200, 6399, 6400, 6402, 12_800, 10**9])
acknowledged = st.fixed_dictionaries(
    {
        "type": st.just("audio_chunk"),
        "acknowledged": st.just(True),
        "data": st.fixed_dictionaries({"byte_range": st.lists(bytes_, min_size=2, max_size=2)}),
    }
)
whole = st.lists(utterance, max_size=3).map(
    lambda said: {
        "type": "post_final_transcript",
        "data": {"metadata": {"audio_duration": 1.0}, "transcription": {"utterances": said}},
    }
)
told = st.one_of(transcript, transcript, transcript, speech, acknowledged, whole).map(json.dumps)
ends = st.sampled_from([Lost("reset"), Close(1000), Close(1011), Close(4400, "no"), Close(4500), Message("no json")])
late = st.sampled_from([ask.Finalize("f"), ask.Stop(), ask.Audio(bytes(6400)), ask.Audio(bytes(32_000))])
gladia = st.one_of(told.map(Message), told.map(Message), told.map(Message), ends, late, st.floats(0, 4))

channel = st.sampled_from([[0, 1], [0, 2], [1, 2], [7, 9], [-1, 2], None])
seconds = st.one_of(st.sampled_from([0.0, 0.2, 0.5, 1.0, 1.9, 2.5, 9.0, -1.0, 1e300]), st.none(), st.just("1"))
spelled = st.fixed_dictionaries(
    {"word": vocabulary},
    optional={
        "punctuated_word": vocabulary,
        "start": seconds,
        "end": seconds,
        "confidence": st.floats(0, 1),
        "speaker": st.integers(0, 1),
    },
)
span = st.fixed_dictionaries(
    {
        "type": st.just("Results"),
        "channel": st.fixed_dictionaries(
            {
                "alternatives": st.lists(
                    st.fixed_dictionaries(
                        {"transcript": st.lists(vocabulary, max_size=4).map(" ".join)},
                        optional={"words": st.lists(spelled, max_size=4), "languages": st.just([])},
                    ),
                    max_size=1,
                )
            }
        ),
    },
    optional={
        "start": seconds,
        "duration": seconds,
        "is_final": st.booleans(),
        "speech_final": st.booleans(),
        "from_finalize": st.booleans(),
        "channel_index": channel,
    },
)
paused = st.fixed_dictionaries(
    {"type": st.just("UtteranceEnd")}, optional={"channel": channel, "last_word_end": seconds}
)
rare = st.sampled_from(
    [
        {"type": "SpeechStarted", "channel": [0, 1], "timestamp": 0.4},
        {"type": "Metadata", "duration": 3.0},
        {"type": "Error", "variant": "SchemaError", "description": "what?"},
        {"type": "ConfigureSuccess", "request_id": "r"},
        {"type": "ConfigureFailure", "request_id": "r", "code": "CONFIGURE_ALREADY_PENDING"},
        {"err_code": "INVALID_AUTH", "err_msg": "no"},
        {"type": "Connected", "request_id": "r", "sequence_id": 0},
    ]
)
gone = st.sampled_from(
    [Lost("reset"), Close(1000), Close(None), Close(1011, "NET-0001"), Close(1008, "DATA-0000"), Message("no json")]
)
changed = st.sampled_from([ask.Configure("c", {"keyterms": ("a",)}), ask.Configure("d", {"keyterms": ()})])
listen = st.one_of(
    *[st.one_of(span, span, paused, rare).map(json.dumps).map(Message)] * 3, gone, late, changed, st.floats(0, 4)
)
info = st.fixed_dictionaries(
    {
        "type": st.just("TurnInfo"),
        "turn_index": st.integers(0, 3),
        "event": st.sampled_from(["Update", "StartOfTurn", "EagerEndOfTurn", "TurnResumed", "EndOfTurn"]),
    },
    optional={
        "transcript": st.lists(vocabulary, max_size=4).map(" ".join),
        "words": st.lists(spelled, max_size=4),
        "audio_window_start": seconds,
        "audio_window_end": seconds,
        "end_of_turn_confidence": st.floats(0, 1),
        "trigger": st.sampled_from(["model", "manual", "timeout"]),
    },
)
trouble = st.sampled_from(
    [
        {"type": "Warning", "code": "FORCE_END_TURN_NO_ACTIVE_TURN"},
        {"type": "Error", "code": "UNPARSABLE_CLIENT_MESSAGE"},
        {"type": "Error", "code": "INTERNAL_SERVER_ERROR"},
        {"type": "ConfigureSuccess"},
        {"type": "ConfigureFailure"},
    ]
)
flux = st.one_of(
    *[st.one_of(info, info, info, trouble).map(json.dumps).map(Message)] * 3, gone, late, changed, st.floats(0, 4)
)

legacy_transcript = st.fixed_dictionaries(
    {"message_type": st.sampled_from(["PartialTranscript", "PartialTranscript", "FinalTranscript"])},
    optional={
        "text": st.lists(vocabulary, max_size=4).map(" ".join),
        "words": st.lists(word, max_size=4),
        "audio_start": times,
        "audio_end": times,
        "confidence": st.floats(0, 1),
        "text_formatted": st.booleans(),
    },
)
legacy_other = st.sampled_from(
    [
        {"message_type": "SessionBegins", "session_id": "again"},
        {"message_type": "SessionInformation", "audio_duration_seconds": 3.0},
        {"message_type": "SessionTerminated"},
        {"message_type": "New"},
        {"error": "Session Expired"},
        {"error": "Not Authorized"},
    ]
)
farewell = st.sampled_from(
    [Lost("reset"), Close(1000), Close(None), Close(4008), Close(4101, "no"), Message("no json")]
)
silence = st.just(ask.Configure("c", {"turn_silence": 1.0}))
legacy = st.one_of(
    *[st.one_of(legacy_transcript, legacy_transcript, legacy_other).map(json.dumps).map(Message)] * 3,
    farewell,
    late,
    silence,
    st.floats(0, 4),
)
label = st.sampled_from(["channel_1", "channel_2", "elsewhere", "", None, 1])
item = st.fixed_dictionaries(
    {
        "alternatives": st.lists(
            st.fixed_dictionaries(
                {"content": vocabulary},
                optional={"speaker": st.sampled_from(["S1", "S2", "UU"]), "confidence": st.floats(0, 1)},
            ),
            max_size=1,
        )
    },
    optional={
        "type": st.sampled_from(["word", "punctuation", "entity"]),
        "attaches_to": st.sampled_from(["previous", "next", "both", "none", None]),
        "is_eos": st.booleans(),
        "start_time": seconds,
        "end_time": seconds,
        "channel": label,
    },
)
window = st.fixed_dictionaries({}, optional={"start_time": seconds, "end_time": seconds})
pieces = st.fixed_dictionaries(
    {
        "message": st.sampled_from(["AddTranscript", "AddTranscript", "AddPartialTranscript"]),
        "results": st.lists(item, max_size=4),
    },
    optional={"metadata": window, "channel": label, "forced": st.booleans()},
)
over = st.fixed_dictionaries(
    {"message": st.just("EndOfUtterance")}, optional={"metadata": window, "channel": label, "forced": st.booleans()}
)
taken = st.fixed_dictionaries(
    {"message": st.sampled_from(["AudioAdded", "ChannelAudioAdded"])},
    optional={"seq_no": st.sampled_from([0, 1, 2, 3, 10**9, -1, "2", None]), "channel": label},
)
odd = st.sampled_from(
    [
        {"message": "RecognitionStarted", "language_pack_info": {"word_delimiter": ""}},
        {"message": "LanguageInfo", "language": "en", "word_delimiter": ""},
        {"message": "Info", "type": "model_redirect", "reason": "r"},
        {"message": "Warning", "type": "duration_limit_exceeded", "reason": "too long"},
        {"message": "Error", "type": "job_error", "reason": "r"},
        {"message": "Error", "type": "quota_exceeded", "reason": "r"},
        {"message": "SpeakersResult", "speakers": []},
        {"message": "EndOfTranscript"},
    ]
)
hung_up = st.sampled_from(
    [Lost("reset"), Close(1000), Close(None), Close(1011, "internal_error"), Close(4005), Message("no json")]
)
altered = st.sampled_from([ask.Configure("c", {"turn_silence": 0}), ask.Configure("d", {"turn_silence": 1.9})])
speechmatics = st.one_of(
    *[st.one_of(pieces, pieces, over, taken, odd).map(json.dumps).map(Message)] * 3,
    hung_up,
    late,
    altered,
    st.floats(0, 4),
)
part = st.fixed_dictionaries(
    {"message": st.sampled_from(["AddSegment", "AddPartialSegment"])},
    optional={
        "segment": st.fixed_dictionaries(
            {"transcript": st.lists(vocabulary, max_size=4).map(" ".join)}, optional={"speaker": st.just("S1")}
        ),
        "metadata": window,
    },
)
marks = st.fixed_dictionaries(
    {"message": st.sampled_from(["SpeechStarted", "SpeechEnded", "StartOfTurn", "EndOfTurn"])},
    optional={"metadata": window},
)
agent = st.one_of(
    *[st.one_of(part, part, marks, taken, odd).map(json.dumps).map(Message)] * 3, hung_up, late, st.floats(0, 4)
)


def played(provider: Provider, config: Config, steps: list[Any], *, greeting: str = "") -> list[StreamEvent]:
    """Play *steps* to a session: frames to receive, commands to ask, numbers to wait.

    Args:
        greeting: what the vendor says after each handshake.
    """
    session, now = Session(provider, context()), 0.0
    turns = Turns(provider.name, formatted_turns=config.formatted_turns)
    events: list[StreamEvent] = []

    def take(items: list[Any]) -> None:
        events.extend(turns.fold([item for item in items if not isinstance(item, Frame)], now))
        for item in items:
            if isinstance(item, HttpRequest):
                take(session.receive(HttpResponse(201, {}, CREATED), now))
            if isinstance(item, Connect):
                take(session.receive(Connected(), now))
                if greeting:
                    take(session.receive(Message(greeting), now))

    take(session.send(ask.Start(config, KEY), now))
    stopped = False
    for item in [*steps, ask.Stop(), 400.0]:
        if isinstance(item, float):
            until = now + item
            while (due := session.deadline) is not None and due <= until:
                now = max(now, due)
                take(session.tick(now))
            now = until
        elif isinstance(item, Frame):
            take(session.receive(item, now))
        elif not stopped and session.state != "ended":
            stopped = isinstance(item, ask.Stop)
            take(session.send(item, now))
    assert session.state == "ended", "a wait without an end"
    assert isinstance(events[-1], Termination)
    return events


@settings(max_examples=400, deadline=None)
@given(
    model=st.sampled_from(["u3-rt-pro", "universal-streaming-english", "whisper-rt"]),
    mode=st.sampled_from(["wait", "revise", "raw"]),
    steps=st.lists(step, max_size=25),
)
def test_the_turn_contract_holds_over_any_conversation(model: str, mode: Any, steps: list[Any]) -> None:
    """Messages in any order, cuts, waits and commands: the contract holds and the session ends."""
    check_turns(played(V3, Config(audio=FORMAT, model=model, formatted_turns=mode), steps, greeting=BEGIN))


@settings(max_examples=400, deadline=None)
@given(channels=st.integers(1, 2), partials=st.booleans(), steps=st.lists(gladia, max_size=25))
def test_the_turn_contract_holds_over_any_conversation_of_gladia(
    channels: int, partials: bool, steps: list[Any]
) -> None:
    """Utterances and the whole transcript in any order, over connections that may be gone back to."""
    audio = AudioFormat(channels=channels)
    check_turns(played(GLADIA, Config(audio=audio, channels="separate", partials=partials), steps))


@settings(max_examples=400, deadline=None)
@given(channels=st.integers(1, 2), partials=st.booleans(), steps=st.lists(listen, max_size=25))
def test_the_turn_contract_holds_over_any_conversation_of_deepgram(
    channels: int, partials: bool, steps: list[Any]
) -> None:
    """Spans, gaps between words and answers to Finalize in any order, on channels that are there or not."""
    audio = AudioFormat(channels=channels)
    check_turns(played(DEEPGRAM, Config(audio=audio, channels="separate", partials=partials), steps))


@settings(max_examples=400, deadline=None)
@given(forces=st.booleans(), partials=st.booleans(), steps=st.lists(flux, max_size=25))
def test_the_turn_contract_holds_over_any_conversation_of_flux(forces: bool, partials: bool, steps: list[Any]) -> None:
    """Turns that are restated, taken back and left open in any order, with both ways to end one."""
    extra = {"deepgram": {"force_end_turn": forces}}
    config = Config(model="flux-general-en", partials=partials, extra=extra)
    check_turns(played(DEEPGRAM, config, steps, greeting=FLUX_BEGIN))


@settings(max_examples=400, deadline=None)
@given(partials=st.booleans(), steps=st.lists(legacy, max_size=25))
def test_the_turn_contract_holds_over_any_conversation_of_v2(partials: bool, steps: list[Any]) -> None:
    """Transcripts without a number, errors with and without a close, and goodbyes in any order."""
    check_turns(played(V2, Config(audio=FORMAT, base_url="ws://x", partials=partials), steps, greeting=V2_BEGIN))


@settings(max_examples=400, deadline=None)
@given(
    channels=st.integers(1, 2),
    partials=st.booleans(),
    silence=st.sampled_from([None, 0.0]),
    steps=st.lists(speechmatics, max_size=25),
)
def test_the_turn_contract_holds_over_any_conversation_of_speechmatics(
    channels: int, partials: bool, silence: float | None, steps: list[Any]
) -> None:
    """Pieces, ends and acknowledgements in any order, on channels that are there or not; sentences as turns too."""
    audio = AudioFormat(channels=channels)
    config = Config(audio=audio, channels="separate", partials=partials, turn_silence=silence)
    check_turns(played(SPEECHMATICS, config, steps, greeting=RECOGNISED))


@settings(max_examples=400, deadline=None)
@given(partials=st.booleans(), steps=st.lists(agent, max_size=25))
def test_the_turn_contract_holds_over_any_conversation_of_agent_stt(partials: bool, steps: list[Any]) -> None:
    """Segments that are replaced, left open and ended in any order."""
    check_turns(played(SPEECHMATICS, Config(model="linden-1", partials=partials), steps, greeting=RECOGNISED))


SEEDS = [
    BEGIN,
    '{"turn_order":0,"turn_is_formatted":false,"end_of_turn":false,"transcript":"could you","end_of_turn_confidence":'
    '0.004,"words":[{"start":960,"end":1120,"text":"could","confidence":0.97,"word_is_final":true}],"type":"Turn"}',
    '{"turn_order":0,"turn_is_formatted":true,"end_of_turn":true,"transcript":"Could you?","words":[],"type":"Turn"}',
    '{"type":"SpeakerRevision","revisions":[{"turn_order":0,"speaker_label":"B","words":[]}]}',
    '{"type":"Error","error_code":1008,"error":"Unauthorized Connection: Invalid API key"}',
    '{"type":"Termination","audio_duration_seconds":41,"session_duration_seconds":44}',
    '{"type":"UpdateConfiguration","min_turn_silence":900,"keyterms_prompt":["Weber"]}',
    '{"type":"Terminate"}',
    '{"type":"ForceEndpoint"}',
    '{"start":null,"end":-1,"x":1e999,"y":[[[[]]]],"z":"\\ud800"}',
    '{"session_id":"9b1c","type":"audio_chunk","acknowledged":true,"error":null,'
    '"data":{"byte_range":[0,3200],"time_range":[0,0.1]}}',
    '{"type":"transcript","data":{"id":"00_00000000","is_final":false,"utterance":{"text":" could you",'
    '"start":0.96,"end":1.12,"confidence":0.9,"channel":0,"language":"en","words":[{"word":" could","start":0.96,'
    '"end":1.12,"confidence":0.97}]}}}',
    '{"type":"transcript","data":{"id":"00_00000000","is_final":true,"utterance":{"text":" Could you?",'
    '"start":0.96,"end":1.2}}}',
    '{"type":"speech_start","data":{"time":0.9,"channel":0}}',
    '{"type":"speech_end","data":{"time":1.21,"channel":0}}',
    '{"type":"post_final_transcript","data":{"metadata":{"audio_duration":2},"transcription":{"utterances":[{"text":"Could",'
    '"start":4,"end":5,"words":[]}]}}}',
    '{"type":"Results","channel_index":[0,1],"duration":1.94,"start":0.3,"is_final":true,"speech_final":false,"channel":'
    '{"alternatives":[{"transcript":"Could you","confidence":0.99,"words":[{"word":"could","start":0.46,"end":0.7,'
    '"confidence":0.997,"speaker":0,"punctuated_word":"Could"}]}]},"from_finalize":false}',
    '{"type":"UtteranceEnd","channel":[0,1],"last_word_end":0.7}',
    '{"type":"SpeechStarted","channel":[0,1],"timestamp":0.4}',
    '{"type":"Error","variant":"SchemaError","description":"what?","message":"{\\"type\\":\\"Configure\\"}"}',
    '{"type":"ConfigureFailure","request_id":"r","code":"CONFIGURE_ALREADY_PENDING","description":"one at a time"}',
    '{"type":"TurnInfo","request_id":"r","sequence_id":17,"event":"EndOfTurn","turn_index":0,"audio_window_start":0.0,'
    '"audio_window_end":3.12,"transcript":"Could you","words":[{"word":"Could","confidence":0.98,"start":0.48,'
    '"end":0.72}],"end_of_turn_confidence":0.83,"trigger":"model"}',
    FLUX_BEGIN,
    V2_BEGIN,
    '{"message_type":"PartialTranscript","created":"2025-03-04T11:00:07.402113","audio_start":2400,"audio_end":4210,'
    '"confidence":0.871,"text":"could you","words":[{"text":"could","start":2980,"end":3160,"confidence":0.98}]}',
    '{"message_type":"FinalTranscript","audio_start":2400,"audio_end":5760,"text":"Could you?","words":[],'
    '"punctuated":true}',
    '{"message_type":"SessionTerminated"}',
    '{"error":"Client sent audio too fast"}',
    '{"end_utterance_silence_threshold":500}',
    '{"force_end_utterance":true}',
    '{"terminate_session":true}',
    '{"audio_data":"AQIDBA=="}',
    RECOGNISED,
    '{"message":"AddTranscript","format":"2.9","metadata":{"start_time":3.2,"end_time":4.0,"transcript":"noon, "},'
    '"results":[{"type":"word","start_time":3.4,"end_time":3.88,"alternatives":[{"content":"noon","confidence":0.97,'
    '"language":"en","speaker":"S2"}]},{"type":"punctuation","start_time":3.88,"end_time":3.88,"attaches_to":"previous","is_eos":true,'
    '"alternatives":[{"content":".","confidence":1.0}]}]}',
    '{"message":"AddPartialTranscript","metadata":{"start_time":4.0,"end_time":4.4,"transcript":"so"},"results":[{"type":'
    '"word","start_time":4.1,"end_time":4.3,"alternatives":[{"content":"so","confidence":1.0}]}],"channel":"channel_2"}',
    '{"message":"EndOfUtterance","metadata":{"start_time":4.44,"end_time":4.44},"forced":true}',
    '{"message":"AudioAdded","seq_no":1}',
    '{"message":"LanguageInfo","language":"ja","word_delimiter":"","writing_direction":"left-to-right"}',
    '{"message":"AddSegment","segment":{"transcript":"I would","speaker":"S1"},'
    '"metadata":{"start_time":1.1,"end_time":2.3}}',
    '{"message":"EndOfTurn","metadata":{"end_time":2.3}}',
    '{"message":"Error","type":"invalid_config","reason":"max_delay must be between 0.7 and 4"}',
    '{"message":"EndOfTranscript"}',
]
FRAGMENTS = [
    "null",
    "true",
    "-1",
    "1e308",
    "[]",
    "{}",
    '"',
    "\\",
    "\0",
    "\ud800",
    "NaN",
    "[" * 2000,
    "9" * 400,
    ":",
    ",",
]


def mutated(chance: random.Random) -> str:
    """A message that was true once."""
    text = chance.choice(SEEDS)
    for _ in range(chance.randrange(4)):
        at, width = chance.randrange(len(text) + 1), chance.randrange(12)
        text = text[:at] + chance.choice([*FRAGMENTS, chance.choice(SEEDS)[:40], ""]) + text[at + width :]
    return text


def any_frame(chance: random.Random) -> Frame:
    kind = chance.randrange(12)
    if kind < 8:
        return Message(mutated(chance))
    if kind == 8:
        return Message(chance.randbytes(chance.randrange(40)))
    if kind == 11 and chance.random() < 0.5:
        return HttpResponse(chance.choice([200, 201, 400, 429, 503]), {}, mutated(chance).encode("utf-8", "replace"))
    if kind == 9:
        return Close(chance.choice([None, 1000, 1008, 1011, 3005, 4001]), mutated(chance)[:80])
    if kind == 10 and chance.random() < 0.3:
        return Lost("reset")
    if kind == 10:
        return Refused(chance.randrange(100, 600), {"retry-after": mutated(chance)[:9]}, chance.randbytes(9))
    return Connect("wss://x/v3/ws?" + mutated(chance)[:60], {"authorization": mutated(chance)[:20]})


def test_no_frame_makes_a_half_raise() -> None:
    """Mutated messages into both halves and the session, for FUZZ_SECONDS (5 by default; seeded by FUZZ_SEED)."""
    seconds, seed = float(os.environ.get("FUZZ_SECONDS", "5")), int(os.environ.get("FUZZ_SEED", "1"))
    chance, end, rounds = random.Random(seed), time.monotonic() + seconds, 0
    assert V3.server is not None
    while time.monotonic() < end:
        rounds += 1
        client, server, session = V3.client(context()), V3.server(context()), Session(V3, context())
        other, over = GLADIA.client(context()), Session(GLADIA, context())
        spans: list[Any] = [DEEPGRAM.suited(each).client(context()) for each in DIALECTS]
        spans += [Session(DEEPGRAM, context()) for _ in DIALECTS]
        assert V2.server is not None
        older: list[Any] = [V2.client(context()), Session(V2, context()), V2.server(context())]
        older[2].receive(Connect("wss://x/v2/realtime/ws?sample_rate=16000", {"Authorization": "k"}), 0.0)
        paths: list[Any] = [SPEECHMATICS.suited(each).client(context()) for each in PATHS]
        paths += [Session(SPEECHMATICS, context()) for _ in PATHS]
        start = ask.Start(Config(audio=FORMAT, model=chance.choice(["u3-rt-pro", "whisper-rt"])), KEY)
        client.send(start, 0.0)
        session.send(start, 0.0)
        server.receive(Connect("wss://x/v3/ws?sample_rate=16000", {"Authorization": "k"}), 0.0)
        for half in (client, server, session):
            half.receive(Message(BEGIN) if half is not server else Message(b"\0" * 3200), 0.1)
        for half in (other, over):
            half.send(ask.Start(Config(audio=FORMAT), KEY), 0.0)
            half.receive(HttpResponse(201, {}, CREATED), 0.1)
            half.receive(Connected(), 0.1)
            half.send(ask.Audio(bytes(3200)), 0.1)
        for half in older[:2]:
            half.send(ask.Start(Config(audio=FORMAT, base_url="ws://x"), KEY), 0.0)
            half.receive(Connected(), 0.1)
            half.receive(Message(V2_BEGIN), 0.1)
            half.send(ask.Audio(bytes(3200)), 0.1)
        for half, config in zip(spans, DIALECTS * 2, strict=True):
            half.send(ask.Start(config, KEY), 0.0)
            half.receive(Connected(), 0.1)
            half.receive(Message(FLUX_BEGIN), 0.1)
            half.send(ask.Audio(bytes(3200)), 0.1)
            half.send(ask.Configure("c", {"keyterms": ("a",)}), 0.1)
        for half, config in zip(paths, PATHS * 2, strict=True):
            half.send(ask.Start(config, KEY), 0.0)
            half.receive(Connected(), 0.1)
            half.receive(Message(RECOGNISED), 0.1)
            half.send(ask.Audio(bytes(3200)), 0.1)
            half.send(ask.Finalize("f"), 0.1)
        for number in range(20):
            frame, now = any_frame(chance), 0.2 + number / 5
            halves: list[Any] = [client, server, session, other, over, *spans, *older, *paths]
            for half in halves:
                half.receive(frame, now)
                half.tick(now)
            if other.resumable and isinstance(frame, Lost | Close | Refused):
                other.send(ask.Resume(), now)
                other.receive(Connected(), now)
    assert rounds > 10

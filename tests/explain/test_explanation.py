"""What would be sent: steps, words with their origins, what is dropped, what is left; and no secret."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
from attrs import evolve

from aai_migrate import registry
from aai_migrate.audio import AudioFormat
from aai_migrate.config import Config
from aai_migrate.credentials import Credential, Secret
from aai_migrate.errors import AudioError, ConfigError, UnsupportedOption
from aai_migrate.explain import Explanation, Given, Sent, Step, explain
from aai_migrate.wire.events import Warned

CANARY = "canary-0123456789"


def told(spec: str, **options: Any) -> Explanation:
    name, model = registry.split(spec)
    return explain(registry.find(name), Config(model=model, **options))


def origins(found: Explanation) -> dict[str, tuple[str, str]]:
    return {each.word: (each.origin, each.option) for each in found.sent}


def given(found: Explanation, option: str) -> Given:
    (one,) = (each for each in found.given if each.option == option)
    return one


class TestSteps:
    def test_one_handshake(self) -> None:
        """The URL to the letter, and headers that show no key."""
        found = told("deepgram", language="de", keyterms=("Weber & Sohn",))
        assert found.steps == (
            Step(
                kind="connect",
                url="wss://api.deepgram.com/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000"
                "&interim_results=true&punctuate=true&endpointing=700&utterance_end_ms=1000&language=de"
                "&keyterm=Weber+%26+Sohn",
                headers={"Authorization": "***"},
            ),
        )

    def test_the_address_that_an_answer_gives(self) -> None:
        """Gladia's POST, then a websocket whose token nobody knows before."""
        request, connect = told("gladia", region="eu").steps
        assert (request.kind, request.method) == ("http", "POST")
        assert request.url == "https://api.gladia.io/v2/live?region=eu-west"
        assert request.headers["X-Gladia-Key"] == "***"
        assert request.headers["Content-Type"] == "application/json"
        assert json.loads(request.body)["endpointing"] == 0.7
        assert connect == Step(kind="connect", url="wss://api.gladia.io/v2/live?token=…")

    def test_a_message_after_the_handshake(self) -> None:
        """Speechmatics' settings come in it."""
        connect, message = told("speechmatics").steps
        assert connect == Step(kind="connect", url="wss://eu.rt.speechmatics.com/v2", headers={"Authorization": "***"})
        assert (message.kind, message.url) == ("message", "")
        assert json.loads(message.body)["message"] == "StartRecognition"

    def test_a_temporary_key_first(self) -> None:
        """The request for it, with the account's key; what it answers is not known."""
        request, connect, _ = told("speechmatics", extra={"speechmatics": {"temporary_key": 60}}).steps
        assert (request.method, request.url) == ("POST", "https://mp.speechmatics.com/v1/api_keys?type=rt")
        assert (request.headers["Authorization"], request.body) == ("***", '{"ttl":60}')
        assert connect == Step(kind="connect", url="wss://eu.rt.speechmatics.com/v2?jwt=…")

    def test_a_worker(self) -> None:
        """The embedded recogniser has no server half: up to where it would answer."""
        connect, message = told("local", turn_silence=0.5).steps
        assert connect == Step(kind="connect", url="worker:local")
        assert json.loads(message.body)["turn_silence"] == 0.5

    def test_nothing_is_said_in_this_process(self) -> None:
        """Coded speech has no wire."""
        found = told("coded", turn_silence=0.5)
        assert found.steps == ()
        assert found.sent == (Sent(word="turn_silence", value=0.5, origin="caller", option="turn_silence"),)

    def test_a_body_to_the_letter(self) -> None:
        """A term may be long, and letters are spelled as on the wire though something beside them is masked."""
        long, own = "x" * 300, {"callback": True, "callback_config": {"url": "https://example.com/?id=1"}}
        request, _ = told("gladia", keyterms=(long, "Zürich"), extra={"gladia": own}).steps
        assert json.loads(request.body)["realtime_processing"]["custom_vocabulary_config"]["vocabulary"] == [
            long,
            "Zürich",
        ]
        assert "Z\\u00fcrich" in request.body
        assert "example.com" not in request.body

    def test_an_address_in_a_body(self) -> None:
        """Its user and what is secret in its query are masked, all else is as it is."""
        own = {"custom_metadata": {"link": "https://ann:pw@example.com/a?b=%7E&token=abc", "more": ["ftp://u:p@h"]}}
        request, _ = told("gladia", extra={"gladia": own}).steps
        assert json.loads(request.body)["custom_metadata"] == {
            "link": "https://***@example.com/a?b=%7E&token=***",
            "more": ["ftp://***@h"],
        }

    def test_a_base_url(self) -> None:
        """Where it says, and the setting is among the caller's."""
        found = told("assemblyai-v3", base_url="ws://127.0.0.1:9/front")
        assert found.steps[0].url.startswith("ws://127.0.0.1:9/front/v3/ws?")
        assert given(found, "base_url").value == "ws://127.0.0.1:9/front"


class TestOrigins:
    def test_defaults_and_the_wire(self) -> None:
        """What nobody asked for is ours: a default of an option, or what the wire needs."""
        assert origins(told("deepgram")) == {
            "model": ("wire", "model"),
            "encoding": ("wire", "encoding"),
            "sample_rate": ("wire", "sample_rate"),
            "interim_results": ("default", "partials"),
            "punctuate": ("default", "formatting"),
            "endpointing": ("default", "turn_silence"),
            "utterance_end_ms": ("default", "max_turn_silence"),
        }

    def test_the_callers(self) -> None:
        """By row, also where the value is that of the default; what follows from an option is that option's."""
        found = origins(told("deepgram/nova-2", turn_silence=2.0, keyterms=("a",), partials=True))
        assert found["model"] == ("caller", "model")
        assert found["endpointing"] == found["utterance_end_ms"] == ("caller", "turn_silence")
        assert found["keywords"] == ("caller", "keyterms")
        assert found["interim_results"] == ("caller", "partials")
        assert origins(told("deepgram", turn_silence=0.7))["endpointing"] == ("caller", "turn_silence")

    @pytest.mark.parametrize(
        ("spec", "option", "word"),
        [
            ("deepgram/nova-2-next", "keyterms", "keywords"),
            ("deepgram/flux-next-multi", "languages", "language_hint"),
            ("assemblyai-v3/universal-streaming-next", "turn_silence", "min_turn_silence"),
            ("speechmatics/linden-9", "keyterms", "additional_vocab"),
        ],
    )
    def test_models_that_are_in_no_table(self, spec: str, option: str, word: str) -> None:
        """Their rows are those by which the settings are sent: the name tells the family."""
        value: dict[str, Any] = {"keyterms": ("a",), "languages": ("de", "en"), "turn_silence": 0.5}
        found = told(spec, **{option: value[option]})
        assert given(found, option).words
        assert origins(found)[word] == ("caller", option)

    def test_what_follows_from_an_option(self) -> None:
        """A spelling from the language, names of channels from keeping these apart, a delay from our silence."""
        found = origins(told("speechmatics", language="en-GB"))
        assert found["language"] == found["output_locale"] == ("caller", "language")
        assert found["max_delay"] == ("default", "turn_silence")
        assert found["audio_format.type"] == ("wire", "")
        apart = origins(told("speechmatics", channels="separate", audio=AudioFormat(channels=2)))
        assert apart["diarization"] == apart["channel_diarization_labels"] == ("caller", "channels")

    def test_members_of_objects(self) -> None:
        """Each has an origin of its own."""
        found = origins(
            told("gladia", keyterms=("a",), extra={"gladia": {"messages_config": {"receive_errors": True}}})
        )
        assert found["messages_config.receive_partial_transcripts"] == ("default", "partials")
        assert found["messages_config.receive_errors"] == ("caller", "extra")
        assert found["realtime_processing.custom_vocabulary"] == ("caller", "keyterms")
        assert found["channels"] == ("wire", "audio_channels")
        assert found["maximum_duration_without_endpointing"] == ("default", "")

    def test_a_vendors_own_words(self) -> None:
        """They go before our defaults, and are said to be the caller's."""
        found = told("deepgram", extra={"deepgram": {"endpointing": 300, "smart_format": True}})
        assert origins(found)["endpointing"] == origins(found)["smart_format"] == ("caller", "extra")
        assert given(found, "extra.endpointing") == Given(option="extra.endpointing", value=300, words=("endpointing",))

    def test_an_empty_list(self) -> None:
        """In a query it is not said, though the word occurs there as a value."""
        found = told("deepgram", keyterms=("tag",), extra={"deepgram": {"tag": []}})
        assert "tag" not in origins(found)
        assert given(found, "extra.tag").note == "no word of the wire"

    def test_a_word_of_this_librarys(self) -> None:
        """It is none of the wire."""
        one = given(told("gladia", extra={"gladia": {"audio_frames": "binary"}}), "extra.audio_frames")
        assert (one.value, one.words, one.note) == ("binary", (), "no word of the wire")


class TestSettings:
    def test_what_is_dropped(self) -> None:
        """With the reason and what comes nearest; the caller is told, too."""
        found = told("gladia", diarization=True, turn_silence=30.0, on_unsupported="warn")
        lacking, wrong = given(found, "diarization"), given(found, "turn_silence")
        assert (lacking.words, lacking.dropped) == ((), "gladia has no diarization")
        assert "channels='separate'" in lacking.note
        assert wrong.dropped == "gladia: turn_silence must be 0.01 to 10 s, not 30"
        assert found.warned == (
            Warned("unsupported", "gladia: turn_silence must be 0.01 to 10 s, not 30; going on without it"),
            Warned("unsupported", "gladia has no diarization; going on without it"),
        )
        assert origins(found)["endpointing"] == ("default", "turn_silence")

    @pytest.mark.parametrize(
        ("spec", "options", "option", "why"),
        [
            (
                "assemblyai-v3",
                {"channels": "separate", "audio": AudioFormat(channels=2)},
                "channels",
                "assemblyai-v3 has no channels='separate' (use channels='mix', or open one stream a channel); "
                "the channels are mixed",
            ),
            (
                "deepgram",
                {"extra": {"deepgram": {"endpointing": "soon"}}},
                "extra.endpointing",
                "deepgram: endpointing: expected a number, not 'soon'",
            ),
            (
                "deepgram/flux-general-en",
                {"extra": {"deepgram": {"smart_format": True}}},
                "extra.smart_format",
                "deepgram/flux-general-en has no smart_format: other models have",
            ),
            (
                "speechmatics",
                {"extra": {"speechmatics": {"emit_sentences": True}}},
                "extra.emit_sentences",
                "speechmatics/enhanced has no emit_sentences: other models have",
            ),
            (
                "assemblyai-v3",
                {"extra": {"assemblyai-v3": {"prompt": object()}}},
                "extra.prompt",
                "assemblyai-v3: prompt: takes text, a number, true or false, or JSON; not this object",
            ),
            (
                "gladia",
                {"extra": {"gladia": {"audio_frames": "text"}}},
                "extra.audio_frames",
                "gladia: audio_frames must be json or binary, not 'text'",
            ),
            ("local/big", {}, "model", "local has one model, not 'big'"),
            (
                "local",
                {"extra": {"local": {"speed": 2}}},
                "extra.speed",
                "local has no settings of its own, such as speed",
            ),
        ],
    )
    def test_what_has_no_row_is_dropped(self, spec: str, options: dict[str, Any], option: str, why: str) -> None:
        """Channels, a model and a vendor's own words, with the reasons that the caller is told."""
        one = given(told(spec, on_unsupported="warn", **options), option)
        assert (one.words, one.dropped) == ((), why)

    def test_what_is_not_dialled(self) -> None:
        """The errors of connect."""
        with pytest.raises(UnsupportedOption, match=r"gladia has no diarization"):
            told("gladia", diarization=True)
        with pytest.raises(ConfigError, match="retired"):
            told("assemblyai-v2")
        with pytest.raises(AudioError, match="cannot be mixed"):
            told("deepgram", audio=AudioFormat(channels=3))

    def test_what_a_vendor_lacks_is_off(self) -> None:
        """To turn it off is no setting that is lost."""
        one = given(told("gladia", diarization=False), "diarization")
        assert (one.dropped, one.words, one.note) == ("", (), "there is none, so it is off")

    def test_what_is_not_exact(self) -> None:
        """The note says so, and why."""
        assert given(told("assemblyai-v3", turn_silence=0.4), "turn_silence").note.startswith("approximate: ")

    def test_ours(self) -> None:
        """What this library does itself needs no word."""
        one = given(told("assemblyai-v3", formatted_turns="revise"), "formatted_turns")
        assert (one.words, one.note) == ((), "done by this library, alike for every vendor")

    def test_what_is_left(self) -> None:
        """Options that the vendor has, for which nothing is sent."""
        left = told("assemblyai-v3", keyterms=("a",)).left
        assert left["turn_silence"] == "min_turn_silence"
        assert "keyterms" not in left
        assert "region" not in left
        assert "profanity_filter" not in told("gladia").left
        assert told("gladia").model is None

    def test_audio(self) -> None:
        """The caller's format, what goes out, and how it comes to that."""
        found = told("deepgram", audio=AudioFormat(48_000, "pcm_s24le", 2))
        assert str(found.wire) == "48000 Hz pcm_s16le mono"
        assert found.conversions == ("pcm_s24le -> pcm_s16le", "stereo -> mono")
        mixed = told("assemblyai-v3", channels="separate", audio=AudioFormat(channels=2), on_unsupported="warn")
        assert (mixed.wire.channels, mixed.conversions) == (1, ("stereo -> mono",))
        assert told("local", audio=AudioFormat(8_000)).wire.sample_rate == 16_000

    def test_a_model_that_is_out_of_use(self) -> None:
        """By the day that is given."""
        provider = registry.find("assemblyai-v2")
        day = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
        found = explain(provider, Config(base_url="ws://localhost"), today=day)
        assert [each.code for each in found.warned] == ["deprecated_model"]

    def test_what_our_server_refuses(self) -> None:
        """It is told; the words are those of the wire then."""
        found = told("deepgram", extra={"deepgram": {"callback": f"https://me:{CANARY}@x.test", "tag": ["a", "b"]}})
        assert "callback" in found.refused
        assert origins(found)["callback"] == origins(found)["tag"] == ("caller", "extra")
        assert origins(found)["endpointing"] == ("default", "turn_silence")
        assert CANARY not in repr(found)


EXTRAS: dict[str, dict[str, Any]] = {
    "assemblyai-v3": {
        "webhook_url": f"https://x.test/{CANARY}",
        "webhook_auth_header_name": "X-Auth",
        "webhook_auth_header_value": CANARY,
    },
    "deepgram": {"callback": f"https://me:{CANARY}@x.test/"},
    "gladia": {"callback": True, "callback_config": {"url": f"https://x.test/{CANARY}"}},
    "speechmatics": {"temporary_key": 60},
    "assemblyai-v2": {"password": CANARY},
}


@pytest.mark.parametrize("kind", ["key", "token"])
@pytest.mark.parametrize("name", [name for name in registry.PUBLIC if name != "local"])
def test_no_secret(name: str, kind: Any) -> None:
    """Neither the credential nor what the caller's own words may hide is anywhere."""
    extra = {} if (name, kind) == ("speechmatics", "token") else {name: EXTRAS[name]}
    config = Config(extra=extra, base_url="ws://127.0.0.1:1" if name == "assemblyai-v2" else None)
    secret = f"wss://x.test/v2/live?token={CANARY}" if (name, kind) == ("gladia", "token") else CANARY
    found = explain(registry.find(name), config, Credential(Secret(secret), kind))
    assert found.steps
    assert "***" in repr(found)
    assert CANARY not in repr(found)


def test_a_plug_in_with_a_check() -> None:
    """Where there is nobody to talk to is said before anything is played."""

    def refuse(config: Config) -> None:
        raise ConfigError("vendor: nobody is there")

    with pytest.raises(ConfigError, match="nobody is there"):
        explain(evolve(registry.find("deepgram"), check=refuse), Config())


def test_what_is_left_out_for_the_sake_of_others() -> None:
    """Not for the row's own limits: beside another option, or by reason of the audio. The notice names it."""
    gaps = told("deepgram", partials=False, max_turn_silence=2, on_unsupported="warn")
    assert given(gaps, "max_turn_silence").dropped.startswith("deepgram: max_turn_silence, sent as utterance_end_ms: ")
    assert not given(gaps, "partials").dropped
    marks = told("speechmatics", formatting=False, turn_silence=0, on_unsupported="warn")
    assert given(marks, "formatting").dropped.startswith("speechmatics: formatting cannot be off: ")
    both = told("gladia", language="de", languages=("de", "en"), on_unsupported="warn")
    assert given(both, "language").dropped
    assert not given(both, "languages").dropped
    stereo = AudioFormat(16_000, "pcm_s16le", 2)
    mixed = told("assemblyai-v3", channels="separate", audio=stereo, on_unsupported="warn")
    assert given(mixed, "channels").dropped == mixed.warned[0].message
    assert not given(told("deepgram", channels="separate", audio=stereo, on_unsupported="warn"), "channels").dropped


def test_what_our_own_server_cannot_do_is_not_told_of_the_vendor() -> None:
    """The gateway makes no translations; Speechmatics does."""
    found = told("speechmatics", extra={"speechmatics": {"translation_config": {"target_languages": ["de"]}}})
    assert found.warned == ()
    assert given(found, "extra.translation_config").words

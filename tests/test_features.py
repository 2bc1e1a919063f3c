"""Features: what each setting becomes at a provider, and what differs between two."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from attrs import evolve

from aai_migrate import registry
from aai_migrate.capabilities import Capabilities, Model
from aai_migrate.config import OPTIONS, Config
from aai_migrate.errors import ConfigError
from aai_migrate.features import (
    FEATURES,
    Difference,
    Feature,
    Verdict,
    differences,
    features,
    languages,
    models,
    note,
    varies,
)
from aai_migrate.options import Option
from aai_migrate.provider import Numbers, Provider
from aai_migrate.testing.coded.provider import PROVIDER as CODED

PAGE, DAY = "https://vendor.example", datetime.date(2026, 1, 2)
LATER = datetime.date(2026, 5, 6)
VENDOR = Provider(
    name="vendor",
    title="Vendor",
    env="VENDOR_KEY",
    client=CODED.client,
    capabilities=Capabilities(
        as_of=DAY,
        source=PAGE,
        encodings=("pcm_s16le", "pcm_mulaw"),
        sample_rates=(8_000, 16_000),
        default_model="new",
        models={
            "old": Model(name="old", family="o", languages=("en",)),
            "new": Model(name="new", family="n", languages=("de", "en")),
        },
    ),
    options=(
        Option(name="language", native="lang", hot=True, source="https://other.example", as_of=LATER),
        Option(name="keyterms", native="hints", models=("n",), why="few", alternative="choose new"),
        Option(name="diarization", support="unsupported", why="for now", alternative="one stream a speaker"),
        Option(name="turn_silence", native="pause", models=("o",), support="approximate", hot=True),
    ),
)


def of(provider: Provider, name: str, model: str | None = None) -> Feature:
    (found,) = (feature for feature in features(provider, model) if feature.name == name)
    return found


def feature(name: str = "keyterms", **more: Any) -> Feature:
    usual: dict[str, Any] = {"name": name, "support": "exact", "source": PAGE, "as_of": DAY}
    return Feature(**usual | more)


class TestFeatures:
    @pytest.mark.parametrize("name", registry.PUBLIC)
    def test_every_setting_has_one(self, name: str) -> None:
        """In the order of the table, each with the page it is from; every neutral option is among them."""
        provider = registry.find(name)
        found = features(provider)
        assert tuple(feature.name for feature in found) == FEATURES
        assert set(OPTIONS) <= set(FEATURES)
        assert all(feature.source for feature in found)
        for model in provider.capabilities.models:
            assert tuple(feature.name for feature in features(provider, model)) == FEATURES

    def test_a_row(self) -> None:
        """Its words, and its own page and day before those of the capabilities."""
        assert of(VENDOR, "language") == feature(
            "language", native="lang", values=("de", "en"), hot=True, source="https://other.example", as_of=LATER
        )
        assert of(VENDOR, "keyterms") == feature(native="hints", note="few")
        assert of(VENDOR, "diarization") == feature(
            "diarization", support="unsupported", note="for now; one stream a speaker"
        )
        assert of(VENDOR, "region") == feature("region", support="unsupported")

    def test_with_a_model(self) -> None:
        """Only rows that are for it; of what it lacks the note says what has it."""
        assert of(VENDOR, "keyterms", "old") == feature(support="unsupported", note="choose new")
        assert of(VENDOR, "turn_silence", "old").support == "approximate"
        assert of(VENDOR, "turn_silence").support == "unsupported"
        assert of(VENDOR, "language", "old").values == ("en",)
        assert of(VENDOR, "turn_silence", "newer").support == "approximate"

    def test_a_variant(self) -> None:
        """A provider with several wires is asked what it is with the model."""
        deepgram = registry.find("deepgram")
        assert of(deepgram, "max_turn_silence").native == "utterance_end_ms"
        assert of(deepgram, "max_turn_silence", "flux-general-en").native == "eot_timeout_ms"
        assert of(deepgram, "channels", "flux-general-en").support == "unsupported"

    def test_audio(self) -> None:
        """What the wire takes, and what becomes of the rest."""
        assert of(VENDOR, "encoding") == feature(
            "encoding",
            support="emulated",
            values=("pcm_s16le", "pcm_mulaw"),
            note="others are converted to pcm_s16le",
        )
        assert of(VENDOR, "sample_rate").values == ("8000", "16000")
        assert of(CODED, "encoding").support == "exact"
        wide = evolve(VENDOR, capabilities=evolve(VENDOR.capabilities, sample_rates=range(4_000, 192_001)))
        assert of(wide, "sample_rate") == feature("sample_rate", values=("4000 to 192000",))
        assert of(CODED, "sample_rate").note == "others are converted"
        assert (of(CODED, "channels").most, of(CODED, "channels").values) == (8, ("mix", "separate"))
        lacking = of(VENDOR, "channels")
        assert (lacking.support, lacking.most, lacking.values) == ("unsupported", 1, ("mix",))
        assert "channels='mix'" in lacking.note

    def test_models(self) -> None:
        """The default one first; who leaves it to the vendor says so."""
        assert of(VENDOR, "model") == feature("model", values=("new", "old"), note="default: new")
        assert of(registry.find("gladia"), "model").note == "default: the vendor's"
        assert of(CODED, "model").support == "unsupported"

    def test_a_table_of_one_model_needs_no_default(self) -> None:
        """Its languages are those of the only model."""
        assert "de" in of(registry.find("gladia"), "language").values

    def test_where_it_is(self) -> None:
        """A vendor that is gone says what to do instead, a worker has no address."""
        assert of(VENDOR, "base_url").support == "exact"
        assert "retired" in of(registry.find("assemblyai-v2"), "base_url").note
        assert of(registry.find("local"), "base_url").support == "unsupported"

    @pytest.mark.parametrize(
        ("numbers", "name", "support", "note"),
        [
            (Numbers(finalize_timeout=2), "finalize", "exact", "a message, answered within 2 s"),
            (Numbers(finalize="silence", finalize_silence=1.5), "finalize", "emulated", "by 1.5 s of silence"),
            (Numbers(ping=15), "keepalive", "exact", "nothing has to be sent; it is pinged every 15 s"),
            (Numbers(ping=None), "keepalive", "exact", "nothing has to be sent"),
            (Numbers(keepalive=5), "keepalive", "exact", "message, within 5 s"),
            (Numbers(keepalive=5, keepalive_by="silence"), "keepalive", "emulated", "silence, within 5 s"),
        ],
    )
    def test_numbers(self, numbers: Numbers, name: str, support: str, note: str) -> None:
        """How it is done, and within what time."""
        found = of(evolve(VENDOR, numbers=numbers), name)
        assert (found.support, found.note) == (support, note)

    def test_in_mid_session(self) -> None:
        """Which options of this model can change, and whether the session outlives a connection."""
        assert of(VENDOR, "configure").values == ("language",)
        assert of(VENDOR, "configure", "old").values == ("language", "turn_silence")
        assert of(evolve(VENDOR, options=()), "configure").support == "unsupported"
        assert of(registry.find("gladia"), "resume").support == "exact"
        assert of(VENDOR, "resume").support == "emulated"

    def test_temporary_tokens(self) -> None:
        """How long they live, where one may choose; some are a whole session."""
        assert of(VENDOR, "token").support == "unsupported"
        deepgram = registry.find("deepgram")
        found = of(deepgram, "token")
        assert deepgram.tokens is not None
        assert (found.support, found.source) == ("exact", deepgram.tokens.source)
        assert found.note == "for programs that must not hold the key; good for 1 to 3600 s, usually 30 s"
        assert of(registry.find("gladia"), "token").note == "one session, whose settings it fixes"

    def test_what_a_provider_cannot_be(self) -> None:
        """It says so itself."""

        def refuse(config: Config) -> Provider:
            raise ConfigError("vendor: no such thing")

        with pytest.raises(ConfigError, match="no such thing"):
            features(evolve(VENDOR, variant=refuse))


class TestRows:
    def test_models_of_a_row(self) -> None:
        """Those of its families; of a row for all none."""
        assert [models(VENDOR, row) for row in VENDOR.options] == [(), ("new",), (), ("old",)]

    def test_notes(self) -> None:
        """What comes nearest is said of other models where this one has it."""
        told = [note(row) for row in VENDOR.options]
        assert told == ["", "few; with other models: choose new", "for now; one stream a speaker", ""]

    def test_families(self) -> None:
        """What differs between them, and the languages of all."""
        assert [varies(VENDOR, name) for name in ("language", "keyterms", "turn_silence")] == [False, True, True]
        assert languages(VENDOR) == ("de", "en")


class TestDifferences:
    @pytest.mark.parametrize(
        ("before", "after", "verdict", "missing"),
        [
            ({}, {"support": "unsupported"}, "lost", ()),
            ({}, {"support": "emulated"}, "worse", ()),
            ({"support": "emulated"}, {"support": "approximate"}, "worse", ()),
            ({"support": "unsupported"}, {}, "better", ()),
            ({"native": "a"}, {"native": "b"}, "other", ()),
            ({"name": "language", "values": ("de", "en")}, {"name": "language", "values": ("en",)}, "worse", ("de",)),
            ({"name": "language", "values": ("de",)}, {"name": "language"}, "other", ()),
            ({"name": "encoding", "values": ("a", "b")}, {"name": "encoding", "values": ("b",)}, "other", ()),
            ({"name": "channels", "most": 20}, {"name": "channels", "most": 2}, "worse", ()),
            ({"name": "channels", "most": 2}, {"name": "channels", "most": 20}, "better", ()),
        ],
    )
    def test_verdicts(self, before: Any, after: Any, verdict: Verdict, missing: tuple[str, ...]) -> None:
        """What becomes of one setting."""
        one, other = feature(**before), feature(**after)
        assert differences([one], [other]) == [Difference(before=one, after=other, verdict=verdict, missing=missing)]

    def test_no_difference(self) -> None:
        """Nor where only the page is another."""
        assert differences(features(VENDOR), features(VENDOR)) == []
        assert differences([feature()], [feature(source="elsewhere", as_of=LATER)]) == []

    def test_what_is_lost_comes_first(self) -> None:
        """Then what is less, then other words, then what is gained; in each the order of the table."""
        found = differences(features(registry.find("deepgram")), features(registry.find("gladia")))
        verdicts = [each.verdict for each in found]
        assert verdicts == sorted(verdicts, key=["lost", "worse", "other", "better"].index)
        lost = [each.name for each in found if each.verdict == "lost"]
        assert {"diarization", "pii_redaction"} <= set(lost)
        assert lost == sorted(lost, key=FEATURES.index)

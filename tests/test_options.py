"""One row a setting: both halves read it, and what the vendor lacks is said before dialling."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from aai_migrate.config import OPTIONS, Config
from aai_migrate.errors import BadRequest, ConfigError, UnsupportedOption
from aai_migrate.options import Encoded, Flaw, Option, decode, encode, from_milliseconds, milliseconds, remarks, same
from aai_migrate.wire.events import Warned


def few(terms: tuple[str, ...]) -> str:
    return "takes at most 2 terms" if len(terms) > 2 else ""


ROWS = (
    Option(name="turn_silence", native="silence_ms", encode=milliseconds, decode=from_milliseconds),
    Option(name="keyterms", native="terms", encode=list, decode=tuple, models=("new",), check=few),
    Option(name="keyterms", native="boost", encode=",".join, models=("old",)),
    Option(name="partials", native="interim"),
    Option(name="formatting"),
    Option(name="region", support="unsupported", alternative="base_url says where"),
    Option(name="diarization", native="speakers", models=("new",), alternative="the model new has it"),
)


class TestRows:
    def test_a_row_names_a_neutral_option(self) -> None:
        """A row for something else is a mistake in the table."""
        with pytest.raises(ValueError, match=r"^no neutral option is called 'silence'$"):
            Option(name="silence")
        with pytest.raises(ValueError, match=r"^no neutral option is called 'base_url'$"):
            Option(name="base_url")

    def test_a_bare_row(self) -> None:
        """It is exact, for all models, and passes every value as it is."""
        row = Option(name="language")
        assert (row.support, row.models, row.hot, row.check("x")) == ("exact", (), False, "")
        assert row.encode is row.decode is same
        assert same(row) is row

    def test_whom_a_row_is_for(self) -> None:
        """Models of its families, of any where it names none; where nothing tells the family, it may be for that."""
        row = Option(name="language", models=("new",))
        assert [row.counts_for(family) for family in ("new", "old", "")] == [True, False, True]
        assert Option(name="language").counts_for("old")

    @pytest.mark.parametrize(("seconds", "value"), [(0.7, 700), (0, 0), (1.0004, 1000), (0.1 + 0.2, 300)])
    def test_milliseconds(self, seconds: float, value: int) -> None:
        """Whole milliseconds there, seconds back."""
        assert milliseconds(seconds) == value
        assert from_milliseconds(value) == pytest.approx(seconds, abs=0.0005)

    def test_milliseconds_as_text(self) -> None:
        """Query strings carry text."""
        assert from_milliseconds("250") == 0.25
        with pytest.raises(ValueError, match="could not convert"):
            from_milliseconds("soon")


class TestEncode:
    @pytest.mark.parametrize(
        ("config", "family", "native"),
        [
            (Config(), "", {}),
            (Config(turn_silence=0.7, partials=False), "new", {"silence_ms": 700, "interim": False}),
            (Config(keyterms=("a", "b")), "new", {"terms": ["a", "b"]}),
            (Config(keyterms=("a", "b")), "old", {"boost": "a,b"}),
            (Config(keyterms=("a", "b")), "", {"terms": ["a", "b"]}),
            (Config(formatting=True), "", {}),
            (Config(base_url="wss://h", channels="separate", model="m"), "", {}),
        ],
    )
    def test_the_vendors_words(self, config: Config, family: str, native: dict[str, Any]) -> None:
        """What was set and nothing else, by the first row of the model's family."""
        assert encode(config, ROWS, "v", family=family) == Encoded(native)

    @pytest.mark.parametrize(
        ("config", "family", "option", "alternative"),
        [
            (Config(region="eu"), "new", "region", "base_url says where"),
            (Config(diarization=True), "old", "diarization", "the model new has it"),
            (Config(language="en"), "new", "language", ""),
        ],
    )
    def test_what_the_vendor_lacks(self, config: Config, family: str, option: str, alternative: str) -> None:
        """The error names option, vendor, model and what comes nearest."""
        with pytest.raises(UnsupportedOption) as error:
            encode(config, ROWS, "v", model="m-1", family=family)
        found = error.value
        assert (found.option, found.provider, found.model, found.alternative) == (option, "v", "m-1", alternative)
        assert str(found).startswith(f"v/m-1 has no {option}; {alternative}".rstrip("; "))

    def test_going_on_without_it(self) -> None:
        """With a warning wanted the option is left out and named, in the order of the table of options."""
        config = Config(region="eu", language="en", partials=True, on_unsupported="warn")
        assert encode(config, ROWS, "v") == Encoded(
            {"interim": True},
            {"language": "v has no language", "region": "v has no region"},
            {"language": "", "region": "base_url says where"},
        )

    def test_beyond_a_limit(self) -> None:
        """The row's own words say what is wrong, before dialling; or they are the warning that it is left out."""
        with pytest.raises(ConfigError, match=r"^v: keyterms takes at most 2 terms$"):
            encode(Config(keyterms=("a", "b", "c")), ROWS, "v", family="new")
        encoded = encode(Config(keyterms=("a", "b", "c"), on_unsupported="warn"), ROWS, "v", family="new")
        text = "v: keyterms takes at most 2 terms; going on without it"
        assert encoded.warnings() == [Warned("unsupported", text)]
        assert encoded.native == {}

    def test_what_a_provider_finds_itself_is_in_the_same_error(self) -> None:
        """Whoever looks further than the rows first takes what is right, and refuses when all is known."""
        config = Config(region="eu", keyterms=("a", "b", "c"))
        encoded = encode(evolve(config, on_unsupported="warn"), ROWS, "v", family="new")
        flaws = [Flaw("v: word: expected a number")]
        with pytest.raises(UnsupportedOption) as error:
            remarks(config, encoded, flaws, "v", "m-1")
        assert error.value.options == {"region": "base_url says where"}
        assert error.value.also == ("v: keyterms takes at most 2 terms", "v: word: expected a number")
        with pytest.raises(ConfigError, match=r"^v: word: expected a number$"):
            remarks(config, Encoded({}), flaws, "v")
        assert remarks(config, Encoded({"a": 1}), (), "v") == []


class TestDecode:
    def test_only_what_has_a_row(self) -> None:
        """Words without a row and rows without a word are passed over."""
        native = {"silence_ms": "700", "interim": True, "other": 1, "": 2}
        assert decode(native, ROWS, "v") == {"turn_silence": 0.7, "partials": True}

    @pytest.mark.parametrize(("value", "text"), [("soon", "could not"), (None, "must be a string"), ([], "must")])
    def test_nonsense(self, value: Any, text: str) -> None:
        """The client is told which word of its own dialect is wrong; nothing is chained."""
        with pytest.raises(BadRequest, match=rf"^v: Invalid 'silence_ms': .*{text}") as error:
            decode({"silence_ms": value}, ROWS, "v")
        assert error.value.code == "silence_ms"
        assert error.value.__suppress_context__

    def test_there_and_back(self) -> None:
        """What the client half encodes the server half decodes."""
        config = Config(turn_silence=0.7, keyterms=("a", "b"), partials=True)
        back = decode(encode(config, ROWS, "v", family="new").native, ROWS, "v")
        assert {name: back[name] for name in OPTIONS if name in back} == {
            "partials": True,
            "turn_silence": 0.7,
            "keyterms": ("a", "b"),
        }


def test_all_that_is_wrong_in_one_error() -> None:
    """Whoever mends the settings sees everything at once."""
    config = Config(language="en", region="eu", keyterms=("a", "b", "c"))
    with pytest.raises(UnsupportedOption) as error:
        encode(config, ROWS, "v", family="new")
    assert error.value.options == {"language": "", "region": "base_url says where"}
    assert error.value.also == ("v: keyterms takes at most 2 terms",)
    limits = (Option(name="keyterms", check=few), Option(name="turn_silence", check=lambda _: "is odd"))
    with pytest.raises(ConfigError, match=r"^v: turn_silence is odd; v: keyterms takes at most 2 terms$"):
        encode(Config(turn_silence=1, keyterms=("a", "b", "c")), limits, "v")


def test_what_is_wrong_with_settings_that_have_no_row() -> None:
    """Is in the one error too, or in a warning of its own each."""
    flaws = (Flaw("v has one model", "leave 'm' out", "unsupported"), Flaw("v: speed must be a number"))
    told = "v has one model; leave 'm' out; v: speed must be a number"
    good, bad = Config(turn_silence=1), Config(turn_silence=1, region="eu")
    read = [encode(evolve(config, on_unsupported="warn"), ROWS, "v") for config in (good, bad)]
    with pytest.raises(ConfigError, match=f"^{told}$"):
        remarks(good, read[0], iter(flaws), "v")
    with pytest.raises(UnsupportedOption, match=f"^v/m has no region; .*; {told}$"):
        remarks(bad, read[1], flaws, "v", "m")
    assert remarks(good, read[0], (), "v") == []
    assert remarks(evolve(bad, on_unsupported="warn"), read[1], iter(flaws), "v") == [
        Warned("unsupported", "v has one model; going on without it"),
        Warned("invalid", "v: speed must be a number; going on without it"),
        Warned("unsupported", "v has no region; going on without it"),
    ]


def test_two_options_for_one_word() -> None:
    """Neither silently wins."""
    rows = (Option(name="language", native="codes"), Option(name="languages", native="codes"))
    with pytest.raises(ConfigError, match="v: language and languages say the same there; give one of them"):
        encode(Config(language="en", languages=("de", "fr")), rows, "v")
    encoded = encode(Config(language="en", languages=("de", "fr"), on_unsupported="warn"), rows, "v")
    assert encoded.native == {"codes": ("de", "fr")}
    assert [warned.message for warned in encoded.warnings()] == [
        "v: languages goes before language; going on without it"
    ]

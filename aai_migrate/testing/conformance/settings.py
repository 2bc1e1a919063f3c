"""Settings across the wire: what is asked in neutral words is read back as the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from attrs import asdict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from ...errors import AaiMigrateError
from ...explain import rehearse
from ...options import Option
from ...wire.commands import Configure
from ...wire.events import Configured, Failed, Warned
from ...wire.frames import Connect, HttpRequest
from ..trace import Trace
from .bench import FORMAT, Bench, Kept

EXAMPLES = 25
DETERMINED = settings(
    derandomize=True, database=None, deadline=None, max_examples=EXAMPLES, suppress_health_check=list(HealthCheck)
)
LANGUAGES = ("en", "en-US", "en-GB", "de", "fr", "es", "it", "pt", "nl", "ja", "zh", "hi", "ko")
TERMS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z", "S")), min_size=1, max_size=12)
SECONDS = st.integers(1, 60_000).map(lambda ms: ms / 1000)  # 0 has a meaning of its own with some


def space(row: Option, languages: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Return the values of the setting that *row* is about, as far as the row lets them through."""
    tags = st.sampled_from(languages or LANGUAGES)
    spaces: dict[str, st.SearchStrategy[Any]] = {
        "language": tags,
        "languages": st.lists(tags, min_size=2, max_size=3, unique_by=_language).map(tuple),  # one is a language
        "turn_silence": SECONDS,
        "max_turn_silence": SECONDS,
        "keyterms": st.lists(TERMS, min_size=1, max_size=4, unique=True).map(tuple),
        "region": st.sampled_from(("eu", "us", "eu1", "us1", "global", "eu-west", "us-west")),
        "partials": st.just(True),  # who wants none may be sent them, and never shown
    }
    return spaces.get(row.name, st.booleans()).filter(lambda value: not row.check(value))


def same(name: str, value: Any, back: Any) -> bool:
    """Say whether *back* is what a vendor can have made of *value*.

    A vendor that tells no regions apart knows a tag's language only; languages have no order; what nobody asks for is
    off.
    """
    if name == "language":
        return _language(value) == _language(back)
    if name == "languages":
        return {_language(tag) for tag in value} == {_language(tag) for tag in back}
    return bool(back == value) or (value is False and back is None)


def exactly(name: str, value: Any, back: Any) -> bool:
    """Say whether *back* is what a row that is exact can have made of *value*: a region that is lost is no trifle."""
    return same(name, value, back) and (name != "language" or str(back).lower() == str(value).lower())


def _language(tag: str | None) -> str:
    subtag = (tag or "").partition("-")[0].lower()
    return "zh" if subtag == "cmn" else subtag  # Mandarin is what is meant by Chinese everywhere here


class Settings(Bench):
    """Settings of the start, and changes in mid-session."""

    def _rows(self, *, hot: bool = False) -> list[Option]:
        names = dict.fromkeys(row.name for row in self.suited().options if row.hot or not hot)
        return [row for name in names if (row := self.row(name)) and row.native and (row.hot or not hot)]

    def _languages(self) -> tuple[str, ...]:
        known = self.suited().capabilities.models.values()
        return tuple(sorted({tag for model in known if model.family == self.family for tag in model.languages}))

    def test_every_exact_setting_is_read_back(self) -> None:
        """The server half reads what the client half wrote, over all that the row lets through."""
        provider = self.suited()
        if provider.server is None:
            pytest.skip("there is no server half to read a setting back; units can only be tested on literal messages")
        rows = [row for row in self._rows() if row.support == "exact"]
        if not rows:
            pytest.skip("no setting crosses the wire exactly")
        for row in rows:
            self._read_back(row)

    def test_an_address_of_the_callers_own_is_dialled(self) -> None:
        """And no other: whoever gives base_url wants the key to go there only."""
        items = self.suited().client(self.context()).send(self.start(base_url="ws://quux.example:8443"), 0.0)
        dialled = [item.url for item in items if isinstance(item, (Connect, HttpRequest))]
        if not dialled or dialled[0].startswith("worker:"):
            pytest.skip("the provider dials no network")
        assert [urlsplit(url).netloc for url in dialled] == ["quux.example:8443"], "base_url is passed over"

    def test_no_word_of_the_callers_own_is_passed_over_in_silence(self) -> None:
        """A model, and a word in extra, that nobody knows: it is sent, or refused, or warned of."""
        name = self.suited().name
        for what, options in (("model", {"model": "quux-1"}), ("extra", {"extra": {name: {"quux": "quux-1"}}})):
            trace = Trace("any", "a word that nobody knows")
            refused, said = "", list[Any]()
            try:
                said = self.run(FORMAT.silence(0.5), trace=trace, **options).said
            except AaiMigrateError as error:
                refused = str(error)
            sent = "".join(str(asdict(entry.frame)) for entry in trace.entries if entry.direction == ">")
            told = "".join(str(event) for event in said if isinstance(event, (Warned, Failed)))
            assert "quux" in sent + told + refused, f"{what} of the caller's is neither sent nor refused nor warned of"

    def _read_back(self, row: Option) -> None:
        @DETERMINED
        @given(space(row, self._languages()))
        def check(value: Any) -> None:
            found = rehearse(self.whole()[0], self.config(**{row.name: value}), self.credential())
            assert found.failed is None, f"{row.name}={value!r} is refused by the server half: {found.failed}"
            assert found.heard is not None, f"{row.name}={value!r}: no session began"
            back = getattr(found.heard.config, row.name)
            assert exactly(row.name, value, back), f"{row.name}={value!r} is read back as {back!r}"

        _over_its_space(check)

    def test_every_unit_is_converted_both_ways(self) -> None:
        """A row decodes what it encodes."""
        for row in self._rows():
            if row.support == "exact":
                self._both_ways(row)

    def _both_ways(self, row: Option) -> None:
        @DETERMINED
        @given(space(row, self._languages()))
        def check(value: Any) -> None:
            back = row.decode(row.encode(value))
            assert exactly(row.name, value, back), f"{row.name}={value!r} comes back as {back!r}"

        _over_its_space(check)

    def test_a_change_in_mid_session_arrives(self) -> None:
        """Each hot setting, by one answer; the words are heard all the same."""
        rows = self._rows(hot=True)
        if not rows:
            pytest.skip("no setting is hot")
        for row in rows:
            self._change(row.name, _first(space(row, self._languages()).filter(bool)))

    def _change(self, name: str, value: Any) -> None:
        kept = Kept()
        done = self.run(asked=[(1.9, Configure("change", {name: value}))], around=kept)
        answers = [event for event in done.said if isinstance(event, Configured)]
        assert answers == [Configured("change")], f"{name}: {answers}"
        assert done.end.complete
        asked = [command for each in kept.sessions for command in each.commands if isinstance(command, Configure)]
        if kept.sessions and name != "partials":  # who is sent them in any case need not be told
            (change,) = asked
            assert same(name, value, change.options.get(name)), f"{name}={value!r} arrives as {change.options}"

    def test_a_setting_that_is_not_hot_is_refused(self) -> None:
        """At once and by name; the session goes on."""
        hot = {row.name for row in self.suited().options if row.hot}
        cold = next(name for name in ("languages", "language", "pii_redaction", "diarization") if name not in hot)
        values = {"languages": ("en", "de"), "language": "de"}
        done = self.run(asked=[(0.9, Configure("change", {cold: values.get(cold, True)}))])
        (answer,) = (event for event in done.said if isinstance(event, Configured))
        assert (answer.id, answer.accepted) == ("change", False)
        assert cold in answer.reason
        assert done.end.complete


def _over_its_space(check: Callable[[], None]) -> None:
    """Run a test over a space of which a row may let too little through to find any of it, as with pairs of tags."""
    with suppress(Unsatisfiable):
        check()


def _first(strategy: st.SearchStrategy[Any]) -> Any:
    """Return one value, always the same."""
    found: list[Any] = []

    @settings(DETERMINED, max_examples=1)
    @given(strategy)
    def draw(value: Any) -> None:
        found.append(value)

    draw()
    return found[0]

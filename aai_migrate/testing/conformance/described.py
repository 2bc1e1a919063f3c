"""What a provider says of itself: names, rows, dates and numbers."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable

import pytest

from ... import registry
from ...config import OPTIONS
from ...errors import MissingExtra, UnsupportedOption
from ...options import of_family
from ...provider import CONTRACT, ClientPeer, Context, Provider, ServerPeer
from .bench import FORMAT, Bench

NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
ROUTE = re.compile(r"(\*\*)?/\S*")


class Described(Bench):
    """The provider's data."""

    def test_it_is_a_provider_of_this_contract(self) -> None:
        """It was written for the contract that this library has, and is what its name finds."""
        found, _ = self.whole()
        assert isinstance(found, Provider)
        assert found.contract == CONTRACT
        if isinstance(self.provider, str):
            assert found.name == registry.split(self.provider)[0], "its name is not the one that finds it"
        for suited in (found, self.suited()):
            assert suited.name == found.name, "a variant must keep the name"

    def test_its_name_can_be_written_everywhere(self) -> None:
        """In a URL, a table of TOML and "name/model"; nothing else goes by it."""
        found, _ = self.whole()
        assert NAME.fullmatch(found.name), f"{found.name!r}: use lower-case letters and digits, joined by - or _"
        assert found.name not in registry.ALIASES
        assert found.title.strip()
        assert found.env is None or re.fullmatch(r"[A-Z][A-Z0-9_]*", found.env)

    def test_it_is_ready(self) -> None:
        """The packages that it needs are there, or it says in one line how to install them."""
        found, _ = self.whole()
        try:
            found.ready()
        except MissingExtra as error:
            pytest.skip(str(error))

    def test_every_option_has_a_row(self) -> None:
        """For every family of models: a caller is told what becomes of each setting, not only of those that work."""
        suited = self.suited()
        can = suited.capabilities
        families = {model.family for model in can.models.values()} | ({self.family} if self.family else set())
        missing = [
            f"{name} for {family or 'all models'}"
            for family in sorted(families) or [""]
            for name in OPTIONS
            if name not in of_family(suited.options, family)
        ]
        assert not missing, f"options without a row: {', '.join(missing)}"

    def test_every_row_is_well_formed(self) -> None:
        """What is not exact says why, what is unsupported what to do instead; all say where that stands."""
        suited = self.suited()
        wrong = []
        for row in suited.options:
            name = f"{row.name} ({row.support})"
            if row.support in ("approximate", "emulated") and not row.why:
                wrong.append(f"{name} has no why")
            if row.support == "unsupported" and not row.alternative:
                wrong.append(f"{name} has no alternative")
            if row.support == "unsupported" and (row.native or row.hot):
                wrong.append(f"{name} has a native word or is hot")
            if not row.source:
                wrong.append(f"{name} has no source")
        assert not wrong, "; ".join(wrong)

    def test_capabilities_are_dated(self) -> None:
        """With a page, and no day of a row or model that is before all speech recognition or in the far future."""
        can = self.suited().capabilities
        assert can.source.strip()
        days = [can.as_of, *(row.as_of for row in self.suited().options if row.as_of)]
        assert all(datetime.date(2015, 1, 1) <= day <= datetime.date(2100, 1, 1) for day in days)
        assert can.encodings
        assert all(1000 <= rate <= 384_000 for rate in (min(can.sample_rates), max(can.sample_rates)))
        assert can.max_channels >= 1

    def test_models_are_in_order(self) -> None:
        """The default one is in the table and in use; what goes out of use is replaced by one that is there."""
        can = self.suited().capabilities
        for name, model in can.models.items():
            assert model.name == name
            if model.deprecated and model.retired:
                assert model.deprecated <= model.retired, f"{name} is retired before it is deprecated"
        assert can.default_model is None or not can.models or can.default_model in can.models

    def test_numbers_are_sane(self) -> None:
        """Times are positive, windows are in order, and a frame holds a chunk of audio."""
        numbers = self.suited().numbers
        least, usual, most = numbers.chunk
        assert 0 < least <= usual <= most, "chunk is not least, usual, greatest"
        assert numbers.finalize_timeout > 0
        assert numbers.finalize == "message" or numbers.finalize_silence > 0, "no silence emulates Finalize"
        times = {
            name: getattr(numbers, name)
            for name in ("keepalive", "audio_due", "settle_lag", "in_flight", "session_limit", "ping", "longest_turn")
        }
        assert [name for name, value in times.items() if value is not None and value <= 0] == []
        assert numbers.stop_silence >= 0
        assert numbers.greeting >= 0
        if numbers.pace:
            assert numbers.pace.factor >= 1, "speech that comes in real time would never catch up"
            assert numbers.pace.ahead >= usual
        if numbers.keepalive and numbers.audio_due:
            assert numbers.keepalive > 0.1
        assert numbers.frame_limit >= FORMAT.size(usual)

    def test_both_halves_are_peers(self) -> None:
        """A new one waits for nothing, and can be made as often as one likes."""
        suited = self.suited()
        makers: list[Callable[[Context], ClientPeer | ServerPeer]] = [
            suited.client,
            *([suited.server] if suited.server else []),
        ]
        for make in makers:
            for half in (make(self.context()), make(self.context())):
                assert half.deadline is None, "a half that was told nothing has nothing due"
                assert isinstance(half.resumable, bool)
                assert all(callable(getattr(half, name, None)) for name in ("send", "receive", "tick"))

    def test_routes_are_where_the_server_half_is(self) -> None:
        """The gateway knows where to serve it; a provider without one has none."""
        suited = self.suited()
        assert bool(suited.routes) == (suited.server is not None)
        for method, path in suited.routes:
            assert method in ("GET", "POST", "DELETE", "*"), f"{method} {path}"
            assert ROUTE.fullmatch(path), f"{method} {path}"

    def test_what_it_cannot_do_is_refused_before_dialling(self) -> None:
        """Each setting that it lacks, by one error that names it; with on_unsupported="warn" it is left out."""
        for name in OPTIONS:
            if self.row(name) is not None:
                continue
            values = {"language": "en", "languages": ("en",), "keyterms": ("Quux",), "region": "eu"}
            value = values.get(name, 0.5 if name.endswith("silence") else name != "partials")
            with pytest.raises(UnsupportedOption, match=name):
                self.suited().client(self.context()).send(self.start(**{name: value}), 0.0)
            start = self.start(on_unsupported="warn", **{name: value})
            assert self.suited().client(self.context()).send(start, 0.0)

"""Names to providers: built-ins, what the process registered, plug-ins by entry point."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import aai_migrate
from aai_migrate import registry
from aai_migrate.audio import AudioFormat, wav_bytes
from aai_migrate.cli import main
from aai_migrate.errors import ConfigError, MissingExtra
from aai_migrate.provider import CONTRACT, Provider
from aai_migrate.registry import ALIASES, BUILT_IN, GROUP

from .session.plain import provider

PLAIN = provider()


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    """Leave no provider behind."""
    yield
    registry.unregister("plain")


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """The installed plug-ins: whatever the test puts in."""
    entries: list[EntryPoint] = []

    def entry_points(*, group: str) -> list[EntryPoint]:
        assert group == GROUP
        return entries

    monkeypatch.setattr(registry, "entry_points", entry_points)
    return entries


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module of a third party."""
    made: Any = types.ModuleType("third_party")
    monkeypatch.setitem(sys.modules, "third_party", made)
    return made


Install = Callable[[str, str, str], None]
Run = Callable[..., Any]


@pytest.fixture
def runner(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process, and read the JSON that it prints."""

    def run(*words: str, ok: tuple[int, ...] = (0,)) -> Any:
        capsys.readouterr()
        assert main(list(words)) in ok
        return json.loads(capsys.readouterr().out)

    return run


def entry(name: str, value: str = "third_party:PROVIDER") -> EntryPoint:
    return EntryPoint(name, value, GROUP)


class TestSplit:
    @pytest.mark.parametrize(
        ("spec", "expected"),
        [
            ("deepgram", ("deepgram", None)),
            ("deepgram/nova-3", ("deepgram", "nova-3")),
            (" deepgram/nova-3 ", ("deepgram", "nova-3")),
            ("assemblyai", ("assemblyai-v3", None)),
            ("assemblyai/u3-rt-pro", ("assemblyai-v3", "u3-rt-pro")),
            ("v/org/model", ("v", "org/model")),
        ],
    )
    def test_name_and_model(self, spec: str, expected: tuple[str, str | None]) -> None:
        """The model is all that follows the first slash; short names stand for whole ones."""
        assert registry.split(spec) == expected

    @pytest.mark.parametrize("spec", ["", " ", "/", "/model", "name/"])
    def test_half_a_name(self, spec: str) -> None:
        """Either part empty is an error."""
        with pytest.raises(ConfigError, match=rf"^provider {spec!r} is not of the form name or name/model$"):
            registry.split(spec)


class TestBuiltIns:
    def test_they_are_found_without_any_plugin(self, plugins: list[EntryPoint]) -> None:
        """By name and by short name; they are what they are called."""
        assert registry.find("assemblyai").name == "assemblyai-v3"
        assert registry.find("coded").name == "coded"
        assert registry.names() == tuple(sorted(BUILT_IN))

    def test_a_plugin_cannot_take_their_name(self, plugins: list[EntryPoint]) -> None:
        """Built-ins come first, and the plug-in is not even imported."""
        plugins.append(entry("coded", "no.such.module:PROVIDER"))
        assert registry.find("coded").name == "coded"
        assert registry.names() == tuple(sorted(BUILT_IN))

    @pytest.mark.parametrize("name", [*BUILT_IN, *ALIASES])
    def test_nor_can_an_application(self, name: str) -> None:
        """Names and short names are taken."""
        with pytest.raises(ConfigError, match=f"^a provider named '{name}' exists already; choose another name$"):
            registry.register(evolve(PLAIN, name=name))


class TestRegister:
    def test_a_backend_of_ones_own(self) -> None:
        """Known until it is forgotten; forgetting twice is harmless."""
        registry.register(PLAIN)
        assert registry.find("plain") is PLAIN
        assert "plain" in registry.names()
        registry.unregister("plain")
        registry.unregister("plain")
        assert "plain" not in registry.names()

    def test_twice_the_same_name(self) -> None:
        """The second is refused, the first stays."""
        registry.register(PLAIN)
        with pytest.raises(ConfigError, match=r"^a provider named 'plain' exists already; choose another name$"):
            registry.register(provider(resumes=True))
        assert registry.find("plain") is PLAIN

    def test_another_contract(self) -> None:
        """A backend for another contract is refused and not kept."""
        text = f"provider 'plain' was written for contract 99, this is {CONTRACT}; update one of them"
        with pytest.raises(ConfigError, match=f"^{text}$"):
            registry.register(evolve(PLAIN, contract=99))
        assert "plain" not in registry.names()


class TestPlugins:
    def test_one_that_works(self, plugins: list[EntryPoint], module: Any) -> None:
        """It is listed without being imported, and imported when it is asked for."""
        plugins += [entry("third"), entry("broken", "no.such.module:PROVIDER")]
        assert {"third", "broken"} <= set(registry.names())
        module.PROVIDER = evolve(PLAIN, name="third")
        assert registry.find("third") is module.PROVIDER

    def test_one_that_prints(
        self,
        plugins: list[EntryPoint],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """What it prints while it is imported is no part of a command's output."""
        source = "from tests.session.plain import provider\nprint('hello')\nPROVIDER = provider()\n"
        (tmp_path / "talkative.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        plugins.append(EntryPoint("plain", "talkative:PROVIDER", GROUP))
        assert registry.find("plain").name == "plain"
        assert capsys.readouterr() == ("", "hello\n")

    def test_what_the_process_registered_comes_first(self, plugins: list[EntryPoint], module: Any) -> None:
        """An application can put its own in front of an installed one."""
        plugins.append(entry("plain"))
        module.PROVIDER = evolve(PLAIN, title="installed")
        registry.register(PLAIN)
        assert registry.find("plain") is PLAIN

    def test_two_claims(self, plugins: list[EntryPoint]) -> None:
        """Nobody wins; both are named."""
        plugins += [entry("third"), entry("third", "fourth_party:PROVIDER")]
        with pytest.raises(
            ConfigError,
            match=r"^provider 'third' is claimed by third_party:PROVIDER and fourth_party:PROVIDER; uninstall one$",
        ):
            registry.find("third")

    def test_another_contract(self, plugins: list[EntryPoint], module: Any) -> None:
        """An old plug-in says so at look-up."""
        plugins.append(entry("third"))
        module.PROVIDER = evolve(PLAIN, contract=CONTRACT + 1)
        text = (
            rf"^provider 'third' \(third_party:PROVIDER\) was written for contract {CONTRACT + 1}, this is {CONTRACT};"
        )
        with pytest.raises(ConfigError, match=text):
            registry.find("third")

    def test_no_provider(self, plugins: list[EntryPoint], module: Any) -> None:
        """An entry point may point at anything."""
        plugins.append(entry("third"))
        module.PROVIDER = "plain"
        text = (
            r"^the plug-in of provider 'third' \(third_party:PROVIDER\) gives no Provider, but str; its entry point has"
        )
        with pytest.raises(ConfigError, match=text):
            registry.find("third")

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("no_such_module:PROVIDER", "No module named 'no_such_module'"),
            ("third_party:OTHER", "has no attribute 'OTHER'"),
            ("broken_party:PROVIDER", "out of order"),
            ("syntax_party:PROVIDER", "invalid syntax"),
        ],
    )
    def test_one_that_does_not_import(
        self,
        plugins: list[EntryPoint],
        module: Any,
        value: str,
        text: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Reported when it is asked for, whatever its module raises, with the cause."""
        (tmp_path / "broken_party.py").write_text("raise RuntimeError('out of order')")
        (tmp_path / "syntax_party.py").write_text("def def")
        monkeypatch.syspath_prepend(tmp_path)
        plugins.append(entry("third", value))
        with pytest.raises(
            ConfigError, match=f"^the plug-in of provider 'third' .* does not import: .*{text}"
        ) as error:
            registry.find("third")
        assert error.value.__cause__ is not None

    @pytest.mark.parametrize("value", ["", "a b c", '"third_party:PROVIDER"'])
    def test_one_whose_entry_point_names_nothing(self, plugins: list[EntryPoint], value: str) -> None:
        """What is wrong is its entry point, and that is said."""
        plugins.append(entry("third", value))
        with pytest.raises(ConfigError, match=r"^the plug-in of provider 'third' .* not of the form module:name; "):
            registry.find("third")

    def test_one_with_damaged_metadata(self, plugins: list[EntryPoint], tmp_path: Path) -> None:
        """A distribution that has lost its name is told by its entry point alone."""
        folder = tmp_path / "third-1.dist-info"
        folder.mkdir()
        (folder / "entry_points.txt").write_text(f"[{GROUP}]\nthird = no_such_module:PROVIDER\n")
        plugins.extend(PathDistribution(folder).entry_points)
        with pytest.raises(ConfigError, match=r"^the plug-in of provider 'third' \(no_such_module:PROVIDER\) "):
            registry.find("third")

    def test_one_that_lacks_an_extra(
        self, plugins: list[EntryPoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Our own errors pass as they are: they say what to install."""
        (tmp_path / "extra_party.py").write_text(
            "from aai_migrate.errors import MissingExtra\nraise MissingExtra('third', 'local')"
        )
        monkeypatch.syspath_prepend(tmp_path)
        plugins.append(entry("third", "extra_party:PROVIDER"))
        with pytest.raises(MissingExtra, match=r"^third needs an extra: pip install"):
            registry.find("third")

    @pytest.mark.parametrize(
        ("name", "hint"),
        [
            ("asemblyai", r"; did you mean assemblyai or assemblyai-v3 or assemblyai-v2\?$"),
            ("thrid", r"; did you mean third\?$"),
            ("xyz", r"; known: assemblyai, assemblyai-v2, assemblyai-v3, coded, .*third$"),
        ],
    )
    def test_an_unknown_name(self, plugins: list[EntryPoint], name: str, hint: str) -> None:
        """The nearest names are offered, plug-ins and short names too."""
        plugins.append(entry("third"))
        with pytest.raises(ConfigError, match=f"^unknown provider '{name}'{hint}"):
            registry.find(name)


GOOD = """
import attrs
from aai_migrate.testing.coded.provider import PROVIDER as CODED
PROVIDER = attrs.evolve(CODED, name="third")
"""


class TestDistributions:
    """Plug-ins as pip leaves them: a module and its dist-info on the path."""

    @pytest.fixture
    def install(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
        """Install a distribution: its name, the entry point, and the source of its module."""
        monkeypatch.syspath_prepend(tmp_path)
        before = set(sys.modules)

        def install(name: str, entry: str, source: str) -> None:
            module = name.replace("-", "_")
            (tmp_path / f"{module}.py").write_text(source)
            info = tmp_path / f"{module}-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text(f"[{GROUP}]\n{entry} = {module}:PROVIDER\n")

        yield install
        for name in set(sys.modules) - before:
            if name.endswith("_party"):  # of what the library has imported meanwhile there must be no second copy
                del sys.modules[name]

    def test_one_that_works(self, install: Install) -> None:
        """Found by the name of its entry point, once it is asked for and no sooner."""
        install("third-party", "third", GOOD)
        assert "third" in registry.names()
        assert "third_party" not in sys.modules
        assert registry.find("third").name == "third"

    @pytest.mark.parametrize(
        ("source", "reason"),
        [
            ("import no_such_dependency", "No module named 'no_such_dependency'"),
            ("import sys; sys.exit('not on this machine')", "SystemExit: not on this machine"),
            ("raise SystemExit", "SystemExit"),
            ("raise RuntimeError('out of order')", "RuntimeError: out of order"),
            ("class Odd(BaseException): ...\nraise Odd('out of order')", "Odd: out of order"),
            ("def f(): f()\nf()", "RecursionError"),
            ("from aai_migrate.provider import NoSuchThing", "cannot import name 'NoSuchThing'"),
            ("x = 1", "has no attribute 'PROVIDER'"),
        ],
        ids=["dependency", "exit", "bare exit", "error", "odd", "recursion", "other library", "no provider"],
    )
    def test_one_that_does_not_import(self, install: Install, source: str, reason: str, runner: Run) -> None:
        """It does nobody any harm until it is asked for, and is listed with the reason beside those that work."""
        install("broken-party", "third", source)
        install("good-party", "fourth", GOOD.replace("third", "fourth"))
        assert registry.find("fourth").name == "fourth"
        with pytest.raises(
            ConfigError, match=r"^the plug-in of provider 'third' \(broken-party \(broken_party"
        ) as error:
            registry.find("third")
        assert reason in str(error.value)
        assert str(error.value).endswith("repair or uninstall it")
        with pytest.raises(ConfigError, match="does not import"):
            aai_migrate.connect("third")
        listed = {each["name"]: each for each in runner("providers", "--json")}
        assert reason in listed["third"]["needs"]
        assert not listed["third"]["ready"]
        assert listed["fourth"]["ready"]

    @pytest.mark.parametrize(
        ("spoilt", "reason"),
        [
            ("capabilities=None, numbers=7", "whose capabilities is no Capabilities, numbers is no Numbers; repair it"),
            ("ready=lambda: 1 / 0", "cannot be shown: ZeroDivisionError"),
            ("variant=lambda config: 1 / 0", "cannot be shown: ZeroDivisionError"),
        ],
        ids=["parts", "ready", "variant"],
    )
    def test_one_that_cannot_be_shown(self, install: Install, spoilt: str, reason: str, runner: Run) -> None:
        """Nor does it do any harm there; what its module prints is in nobody's way."""
        made = GOOD.replace('name="third"', f'name="third", {spoilt}')
        install("broken-party", "third", f"print('hello')\n{made}")
        install("good-party", "fourth", GOOD.replace("third", "fourth"))
        listed = {each["name"]: each for each in runner("providers", "--json")}
        assert reason in listed["third"]["needs"]
        assert not listed["third"]["ready"]
        assert listed["fourth"]["ready"]

    def test_one_that_prints(self, install: Install, runner: Run) -> None:
        """The doctor's JSON is JSON all the same."""
        install("broken-party", "third", "print('hello')")
        assert any("third" in each["subject"] for each in runner("doctor", "--json", ok=(0, 1)))

    def test_one_without_the_other_half_is_told_who_has_it(
        self, install: Install, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """Also where another one is broken, and asked for by nobody."""
        install("broken-party", "third", "1 / 0")
        (tmp_path / "call.wav").write_bytes(wav_bytes(bytes(3200), AudioFormat()))
        assert main(["transcribe", "--emulate", "--provider", "coded", str(tmp_path / "call.wav")]) != 0
        assert "coded has no protocol to emulate; leave --emulate out, or use deepgram" in capsys.readouterr().err

    def test_the_gateway_gives_nobody_a_path_of_a_built_in(
        self, install: Install, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Whatever it is called; and what is broken is told by its reason."""
        from aai_migrate.gateway.app import providers

        source = GOOD.replace("third", "aaa").replace("CODED", "DEEPGRAM").replace("testing.coded.provider", "X")
        source = source.replace("aai_migrate.X", "aai_migrate_providers.deepgram")
        install("first-party", "aaa", source)
        install("broken-party", "bbb", "1 / 0")
        found = [each.name for each in providers()]
        assert found.index("deepgram") < found.index("aaa")
        assert "(broken-party (broken_party:PROVIDER)) does not import: ZeroDivisionError" in caplog.text

    def test_two_with_the_same_name(self, install: Install, runner: Run) -> None:
        """Both are named, and neither is imported."""
        install("first-party", "third", GOOD)
        install("second-party", "third", GOOD)
        text = r"claimed by .*(first|second)-party .* and .*(first|second)-party .*; uninstall one$"
        with pytest.raises(ConfigError, match=text):
            registry.find("third")
        assert not {"first_party", "second_party"} & set(sys.modules)
        (listed,) = (each for each in runner("providers", "--json") if each["name"] == "third")
        assert "claimed by" in listed["needs"]

    @pytest.mark.parametrize("name", ["deepgram", "assemblyai"])
    def test_the_name_of_a_built_in_or_a_short_name(self, install: Install, name: str, runner: Run) -> None:
        """The built-in goes first, so that no package can put itself in its place; the list says what became of it."""
        meant = registry.find(name)
        install("third-party", name, GOOD)
        assert registry.find(name) is meant
        assert registry.names().count(name) == (name in BUILT_IN)
        assert "third_party" not in sys.modules
        (why,) = (each["needs"] for each in runner("providers", "--json") if each["name"] == name and each["needs"])
        assert why.startswith("third-party (third_party:PROVIDER) claims the name of a built-in provider")

    def test_another_contract(self, install: Install) -> None:
        """The numbers are in the error."""
        install("old-party", "third", GOOD.replace('name="third"', 'name="third", contract=0'))
        with pytest.raises(ConfigError, match=f"was written for contract 0, this is {CONTRACT}; update one of them"):
            registry.find("third")

    def test_a_name_that_is_not_its_own(self, install: Install) -> None:
        """Errors and settings would go by another name than the caller's."""
        install("third-party", "fourth", GOOD)
        with pytest.raises(ConfigError, match=r"'fourth' \(third-party \(.*\)\) calls itself 'third'; its entry"):
            registry.find("fourth")


def test_the_real_entry_points_are_read() -> None:
    """Without any fake the look-up works: the names are sorted and hold the built-ins."""
    names = registry.names()
    assert list(names) == sorted(names)
    assert set(BUILT_IN) <= set(names)
    assert isinstance(registry.find("coded"), Provider)

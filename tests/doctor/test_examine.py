"""Who is in use, whose keys are looked at, and all checks together."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from email.utils import formatdate
from pathlib import Path

import pytest
import trustme
from attrs import evolve

from aai_migrate import registry
from aai_migrate.configfile import ConfigFile, Table
from aai_migrate.credentials import Secret
from aai_migrate.doctor import Finding, Request, examine
from aai_migrate.doctor.examine import config_file, in_use, online, providers, tables, variables
from aai_migrate.doctor.keys import Variable
from aai_migrate.errors import ConfigError
from aai_migrate.settings import VARIABLE, Choice, settle
from aai_migrate.testing.coded.provider import PROVIDER as CODED
from tests.drivers.vendor import raw_server, read_head, wait_for_hang_up

FILE = ConfigFile(
    "stt.toml", "coded/m-1", {"language": "en"}, {"deepgram": Table(api_key_env="TEAM_KEY"), "coded": Table()}
)
CANARY = "canary-7f3e-0123456789"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No provider is chosen, and no key is set."""
    for name in (VARIABLE, "TEAM_KEY", *(registry.find(name).env or "" for name in registry.BUILT_IN)):
        if name:
            monkeypatch.delenv(name, raising=False)


def test_who_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is asked for, else the environment's choice, else the file's, else nobody."""
    asked = [Choice("gladia"), Choice("deepgram", "nova-3")]
    assert in_use(asked, FILE) == (
        asked,
        Finding("config", "provider", "ok", "gladia, deepgram/nova-3, as asked"),
    )
    choices, told = in_use([], FILE)
    assert choices == [Choice("coded", "m-1", "stt.toml")]
    assert told == Finding("config", "provider", "ok", "coded/m-1, by stt.toml")
    assert in_use([], ConfigFile(""))[1].state == "skipped"
    monkeypatch.setenv(VARIABLE, "assemblyai")
    choices, told = in_use([], FILE)
    assert choices == [Choice("assemblyai-v3", None, VARIABLE)]
    assert told.found == f"assemblyai-v3, by {VARIABLE}"
    monkeypatch.setenv(VARIABLE, "/m-1")
    choices, told = in_use([], FILE)
    assert (choices, told.state, told.fix) == ([], "failed", f"correct {VARIABLE}")
    assert told.found.startswith(VARIABLE)


def test_tables_that_are_not_in_use() -> None:
    """They are looked at too."""
    assert tables([Choice("coded")], FILE) == [Choice("deepgram")]


def test_variables() -> None:
    """Those of all providers, or of those in use alone; the file may name another one."""
    found = {name: registry.find(name) for name in ("assemblyai-v2", "assemblyai-v3", "coded", "deepgram")}
    environment = {"TEAM_KEY": CANARY, "DEEPGRAM_API_KEY": "another"}
    used = [Choice("deepgram")]
    team = Variable("TEAM_KEY", ("deepgram",), Secret(CANARY), needed=True, others=True)
    shared = Variable("ASSEMBLYAI_API_KEY", ("assemblyai-v2", "assemblyai-v3"), None, needed=False, others=True)
    assert variables(found, used, FILE, environment, only=False) == {
        "ASSEMBLYAI_API_KEY": shared,
        "TEAM_KEY": team,
    }
    assert variables(found, used, FILE, environment, only=True) == {"TEAM_KEY": team}
    nobody = variables(found, [], ConfigFile(""), environment, only=False)
    assert nobody["DEEPGRAM_API_KEY"] == Variable("DEEPGRAM_API_KEY", ("deepgram",), Secret("another"))
    assert CANARY not in repr(team)


def test_config_file(tmp_path: Path) -> None:
    """None, one that is read, and one that is not, with what is wrong with it."""
    assert config_file(None)[1][0].state == "skipped"
    path = tmp_path / "stt.toml"
    path.write_text("language = 'en'\n[coded]\n[deepgram]\n", encoding="utf-8")
    file, (told,) = config_file(str(path))
    assert file.shared == {"language": "en"}
    assert told == Finding("config", str(path), "ok", "is read: 1 shared settings, tables for coded, deepgram")
    path.write_text("langauge = 'en'\n", encoding="utf-8")
    file, (told,) = config_file(str(path))
    assert file == ConfigFile("")
    assert told == Finding(
        "config", str(path), "failed", "unknown setting 'langauge'", "did you mean language or languages?"
    )


def test_providers_that_do_not_load(broken: None) -> None:
    """A plug-in that fails to import is one line with its error; the others are there."""
    found, told = providers(["broken", "coded"])
    assert found == {"coded": CODED}
    assert told == [
        Finding(
            "providers",
            "broken",
            "failed",
            "the plug-in of provider 'broken' (no_module:PROVIDER) does not import: No module named 'no_module'",
            "repair or uninstall it",
        )
    ]
    assert providers(["coded"])[1] == [Finding("providers", "coded", "ok", "all load")]
    states = [each for each in examine(Request(("broken",))) if each.state == "failed"]
    assert [each.subject for each in states] == ["broken"]


def test_a_provider_that_there_is_not() -> None:
    """It is wrong use, told before anything is looked at."""
    with pytest.raises(ConfigError, match=r"unknown provider 'codde'; did you mean coded\?"):
        examine(Request(("codde",)))


def test_online(authority: trustme.CA) -> None:
    """The host of the settings is dialled, once, and no key is sent; who needs no network is passed over."""
    heads: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    def script(sock: socket.socket) -> None:
        heads.append(read_head(sock))
        date = formatdate(time.time() - 3600, usegmt=True)
        sock.sendall(f"HTTP/1.1 404 Not Found\r\nDate: {date}\r\n\r\n".encode())
        wait_for_hang_up(sock)

    with raw_server(script, context) as url:
        place = f"localhost:{url.rpartition(':')[2]}"
        settled = [
            settle(Choice(name), {"base_url": f"wss://{place}"}, ConfigFile("")) for name in ("deepgram", "coded")
        ]
        told = list(online([settled[0], evolve(settled[1], provider=registry.find("local"))]))
    assert [(each.check, each.subject, each.state) for each in told] == [
        ("network", f"deepgram at {place}", "ok"),
        ("clock", f"against {place}", "warning"),
        ("network", "local", "skipped"),
    ]
    assert len(heads) == 1
    assert [each.state for each in online([])] == ["skipped"]


def test_all_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not in use does not fail; what is, does. Keys are never told."""
    monkeypatch.setenv("TEAM_KEY", f'"{CANARY}"')
    monkeypatch.setenv("ASSEMBLYAI_API_KEY", f"Bearer {CANARY}")
    path = tmp_path / "stt.toml"
    path.write_text(
        "provider = 'deepgram'\nregion = 'xx'\n[deepgram]\napi_key_env = 'TEAM_KEY'\n[gladia]\n", encoding="utf-8"
    )
    found = list(examine(Request(config=str(path))))
    worst = {(each.check, each.subject): each.state for each in found if each.state in ("failed", "warning")}
    assert {key: state for key, state in worst.items() if key[0] in ("keys", "config")} == {
        ("keys", "TEAM_KEY"): "failed",
        ("keys", "ASSEMBLYAI_API_KEY"): "warning",
        ("config", f"{path} for deepgram"): "failed",
        ("config", f"{path} for gladia"): "warning",
    }
    order = list(dict.fromkeys(each.check for each in found))
    assert order == ["versions", "providers", "config", "keys", "microphone", "tls", "proxy", "clock", "network"]
    assert found[-1] == Finding("network", "hosts", "skipped", "nothing was dialled", "add --online")
    assert CANARY not in repr(found)
    assert all(each.fix for each in found if each.state in ("failed", "warning"))


def test_only_the_hosts_in_use_are_dialled(tmp_path: Path) -> None:
    """Not those of the other tables."""
    path = tmp_path / "stt.toml"
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{one.getsockname()[1]}"
        path.write_text(f"[deepgram]\nbase_url = '{url}'\n[gladia]\nbase_url = '{url}'\n", encoding="utf-8")
        found = list(examine(Request(("deepgram",), str(path), online=True)))
    assert [(each.subject, each.state) for each in found if each.check == "network"] == [
        (f"deepgram at {url.removeprefix('ws://')}", "failed")
    ]


def test_only_the_provider_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other key is looked at."""
    monkeypatch.setenv("ASSEMBLYAI_API_KEY", "your-key")
    found = [each for each in examine(Request(("deepgram/nova-3",))) if each.check == "keys"]
    assert [(each.subject, each.state) for each in found] == [("DEEPGRAM_API_KEY", "failed")]


def test_the_library_does_not_load_it() -> None:
    """Only who asks for it has it imported."""
    script = "import sys, aai_migrate; print([name for name in sys.modules if name.startswith('aai_migrate.doctor')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"

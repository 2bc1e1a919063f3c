"""``aai-migrate gateway``: a child process that vendors' own clients talk to."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import types
import wave
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import websocket
from attrs import evolve

from aai_migrate import registry
from aai_migrate.cli import main
from aai_migrate.cli.gateway import _unheard
from aai_migrate.errors import AaiMigrateError, ConfigError
from aai_migrate.gateway.seal import Seal
from aai_migrate.provider import Context
from aai_migrate.testing.coded import encode, words
from aai_migrate.testing.coded.provider import PROVIDER as CODED
from aai_migrate.wire.frames import Connect

from .conftest import KEY, Run
from .vendor import TIMEOUT, Line, vendor

COMMAND = Path(sys.executable).with_name("aai-migrate")
AUDIO = Path(__file__).parents[2] / "fixtures" / "audio"
SPOKEN = words(9, seed=5)
SPEECH = encode([*SPOKEN[:4], 1.0, *SPOKEN[4:], 1.0])


@contextmanager
def command(words: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, as a shell would start it."""
    program, *argv = shlex.split(words)
    assert program == "aai-migrate"
    environment = {**os.environ, "ASSEMBLYAI_API_KEY": KEY, "PYTHONUNBUFFERED": ""}
    with subprocess.Popen(
        [COMMAND, *argv, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    """The first line that it prints."""
    assert process.stdout
    return process.stdout.readline()


def end(process: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
    """Send a signal; return exit code, the rest of stdout, and stderr."""
    process.send_signal(number)
    out, err = process.communicate(timeout=TIMEOUT)
    return process.returncode, out, err


@contextmanager
def dial(url: str, **more: Any) -> Iterator[websocket.WebSocket]:
    """A client that shows no key; of itself it sends an Origin."""
    client = websocket.create_connection(f"{url}?sample_rate=16000", timeout=TIMEOUT, **more)
    try:
        yield client
    finally:
        client.close(timeout=0)


def told(client: websocket.WebSocket, kind: str) -> dict[str, Any]:
    """The next message of a kind."""
    while True:
        message: dict[str, Any] = json.loads(client.recv())
        if message["type"] == kind:
            return message


def listening(process: subprocess.Popen[str]) -> str:
    """The URL for v3 clients."""
    found = re.search(r"assemblyai-v3  (ws\S+)", line(process))
    assert found
    return found[1]


def sentence() -> bytes:
    """Four seconds of real speech."""
    with wave.open(str(AUDIO / "rms.wav")) as file:
        audio: bytes = file.readframes(4 * file.getframerate())
    return audio


# With the vendor's own client.


def official(url: str, audio: bytes) -> tuple[list[Any], list[str]]:
    """What AssemblyAI's SDK hears of *audio*: its ended turns, and the kinds of all events.

    The audio comes at once, so a busy machine needs more than the five seconds that the SDK waits for the end.
    """
    sdk = pytest.importorskip("assemblyai.streaming.v3")
    turns: list[Any] = []
    kinds: list[str] = []
    host = url.removesuffix("/v3/ws")
    client = sdk.StreamingClient(sdk.StreamingClientOptions(api_key="any", api_host=host, terminate_timeout=60.0))
    for kind in ("Begin", "Turn", "Termination", "Error"):
        client.on(sdk.StreamingEvents[kind], lambda _, event, kind=kind: kinds.append(kind))
    client.on(sdk.StreamingEvents.Turn, lambda _, event: turns.append(event) if event.end_of_turn else None)
    client.connect(sdk.StreamingParameters(sample_rate=16_000))
    client.stream(audio[at : at + 3200] for at in range(0, len(audio), 3200))
    client.disconnect(terminate=True)
    return turns, kinds


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_official_client_and_coded_speech() -> None:
    """These very words: one line says where, every word comes back, SIGTERM ends it with 0."""
    with command("aai-migrate gateway --listen 127.0.0.1:0 --to coded --no-auth") as process:
        start = line(process)
        found = re.fullmatch(
            r"listening on (127\.0\.0\.1:\d+), to coded  assemblyai-v2  ws://\S+/v2/realtime/ws"
            r"  assemblyai-v3  (ws://\S+/v3/ws)"
            r"  deepgram  (ws://\S+/v1/listen)  deepgram  (ws://\S+/v2/listen)  gladia  (http://\S+)"
            r"  speechmatics  (ws://\S+/v2)  speechmatics  (ws://\S+/v2/agent)\n",
            start,
        )
        assert found
        assert found[2] == f"ws://{found[1]}/v3/ws"
        assert found[3] == f"ws://{found[1]}/v1/listen"
        assert found[4] == f"ws://{found[1]}/v2/listen"
        assert found[5] == f"http://{found[1]}"
        assert found[6] == f"ws://{found[1]}/v2"
        assert found[7] == f"ws://{found[1]}/v2/agent"
        turns, kinds = official(found[2], SPEECH)
        assert [turn.transcript for turn in turns] == [" ".join(SPOKEN[:4]), " ".join(SPOKEN[4:])]
        assert (kinds[0], kinds[-1], "Error" in kinds) == ("Begin", "Termination", False)
        assert end(process) == (0, "", "")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_official_client_and_the_embedded_recogniser() -> None:
    """The same with real speech."""
    pytest.importorskip("pocketsphinx")
    with command("aai-migrate gateway --listen 127.0.0.1:0 --to local --no-auth") as process:
        turns, kinds = official(listening(process), sentence())
        heard = {word for turn in turns for word in turn.transcript.split()}
        assert {"train", "airport", "leaves", "twenty", "minutes"} & heard
        assert kinds[-1] == "Termination"
        assert end(process) == (0, "", "")


# Who gets in.


def test_no_auth_asks_for_nothing_but_keeps_web_pages_out() -> None:
    """No key gets in, and any key; a page of another site and a name that is not this machine's do not."""
    with command("aai-migrate gateway --listen 127.0.0.1:0 --to coded --no-auth") as process:
        url = listening(process)
        for header in ({}, {"Authorization": "any"}, {"Authorization": "Bearer any"}):
            with dial(url, header=header) as client:
                assert told(client, "Begin")
        for more in ({"origin": "https://evil.example"}, {"host": "evil.example"}):
            with pytest.raises(websocket.WebSocketBadStatusException) as refused, dial(url, **more):
                pytest.fail("it got in")
            assert refused.value.status_code == 403
        code, _, err = end(process)
    assert code == 0
    assert re.findall(r"WARNING (.*)", err) == [f"refused a request whose {h} is not this machine" for h in HEADERS]


HEADERS = ["Origin", "Host"]


def test_verbose_tells_of_each_client() -> None:
    """Identifiers, states, counts and durations; no key and no word."""
    with command("aai-migrate gateway --listen 127.0.0.1:0 --to coded --no-auth --verbose") as process:
        with dial(listening(process), header={"Authorization": KEY}) as client:
            client.send_binary(SPEECH[:32_000])
            client.send('{"type":"Terminate"}')
            assert told(client, "Turn")["words"]
            assert told(client, "Termination")["audio_duration_seconds"] == 1
        _, _, err = end(process)
    assert re.search(r" INFO gateway to coded listens on port \d+\n", err)
    assert re.search(r" INFO client (\S+): speaks assemblyai-v3\n", err)
    assert re.search(r" INFO client (\S+): done after \d+\.\d s: 1\.0 s of audio, 1 turns\n", err)
    assert not any(word in err for word in (KEY, *SPOKEN))


def test_max_local_bounds_the_recogniser() -> None:
    """One place: who comes second is told so in its dialect, and so is the operator."""
    pytest.importorskip("pocketsphinx")
    words = "aai-migrate gateway --listen 127.0.0.1:0 --to local --no-auth --max-local 1"
    with command(words) as process:
        url = listening(process)
        with dial(url) as first:
            speech = sentence()
            for at in range(0, len(speech), 3200):
                first.send_binary(speech[at : at + 3200])
            assert told(first, "Turn")  # it has its place
            with dial(url) as second:
                assert told(second, "Error")["error_code"] == 3009
            first.send('{"type":"Terminate"}')
            assert told(first, "Termination")
        code, _, err = end(process)
    assert code == 0
    assert re.findall(r"WARNING client \S+: (.*)", err) == ["local: QuotaExceeded"]


# Settings.


def test_a_config_file_json_and_ipv6(tmp_path: Path) -> None:
    """The file names the provider; its start is one JSON object."""
    if not _has_ipv6():
        pytest.skip("no IPv6 here")
    config = tmp_path / "stt.toml"
    config.write_text("provider = 'coded'\n")
    with command("aai-migrate gateway --listen '[::1]:0' --no-auth --json --config", str(config)) as process:
        start = json.loads(line(process))
        url = start["dialects"]["assemblyai-v3"][0]
        host = url.removeprefix("ws://").removesuffix("/v3/ws")
        assert start == {
            "type": "Listening",
            "listen": host,
            "to": "coded",
            "dialects": {
                "assemblyai-v2": [f"ws://{host}/v2/realtime/ws"],
                "assemblyai-v3": [url],
                "deepgram": [f"ws://{host}/v1/listen", f"ws://{host}/v2/listen"],
                "gladia": [f"http://{host}"],
                "speechmatics": [f"ws://{host}/v2", f"ws://{host}/v2/agent"],
            },
        }
        assert start["listen"].startswith("[::1]:")
        with dial(url) as client:
            assert told(client, "Begin")
        assert end(process) == (0, "", "")


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


WRONG = [
    ("--to coded", "there are no keys yet to let clients in by: add --no-auth, on a loopback address"),
    ("--to coded --no-auth --listen 0.0.0.0:0", "no keys: loopback only; listen on 127.0.0.1, [::1] or localhost"),
    ("--to coded --no-auth --listen example.com:0", "no keys: loopback only; listen on 127.0.0.1, "),
    ("--to coded --no-auth --listen 8080", "--listen '8080' is not of the form HOST:PORT, as in 127.0.0.1:8080"),
    ("--to coded --no-auth --listen :8080", "--listen ':8080' is not of the form HOST:PORT"),
    ("--to coded --no-auth --listen 127.0.0.1:", "--listen '127.0.0.1:' is not of the form HOST:PORT"),
    ("--to coded --no-auth --listen 127.0.0.1:http", "--listen '127.0.0.1:http' is not of the form HOST:PORT"),
    ("--to coded --no-auth --listen 127.0.0.1:-1", "--listen '127.0.0.1:-1' is not of the form HOST:PORT"),
    ("--to coded --no-auth --listen 127.0.0.1:65536", "a port is at most 65535; 0 takes a free one"),
    ("--to coded --no-auth --listen ::1:8080", "an IPv6 address stands in brackets, as in [::1]:8080"),
    ("--no-auth", "no provider: name one of assemblyai-v2, "),
    ("--no-auth --to codde", "unknown provider 'codde'; did you mean coded?"),
    ("--no-auth --to assemblyai-v3 --api-key-env NO_SUCH", "assemblyai-v3 needs a key: set NO_SUCH"),
    ("--no-auth --to assemblyai-v3 -o turn_silence=20", "turn_silence must be 0.05 to 10 s, not 20"),
    ("--no-auth --to coded --api-key-env X", "coded needs no key; leave api_key_env out"),
    ("--no-auth --to coded -o langage=en", "unknown option 'langage'; did you mean language"),
    ("--no-auth --to coded --config nowhere.toml", "nowhere.toml: No such file or directory; give the path"),
    ("--no-auth --to coded --max-local 2", "--max-local bounds the embedded recogniser, not coded; leave it out"),
    ("--no-auth --to local --max-local 0", "0 is not in the range x>=1"),
    (
        "--no-auth --to coded --seal-key-env NO_SUCH",
        "--seal-key-env: NO_SUCH is not set; export it with a secret of 16",
    ),
    ("--no-auth --to coded --seal-key-env SHORT_SEAL", "the secret to seal with has less than 16 characters; make one"),
    ("--no-auth --to coded --seal-key-env s3cret-itself", "--seal-key-env names an environment variable, in capitals"),
    ("--no-auth --to coded --vrebose", "unknown option --vrebose; did you mean --verbose?"),
]


@pytest.mark.parametrize(("words", "says"), WRONG)
def test_wrong_use_is_one_line_and_exit_2(run: Run, monkeypatch: pytest.MonkeyPatch, words: str, says: str) -> None:
    """Nothing listens, and the line says what to do; a secret is not repeated."""
    monkeypatch.setenv("SHORT_SEAL", "s3cret")
    outcome = run("gateway", *shlex.split(words))
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.line
    assert "s3cret" not in outcome.line


def test_a_port_in_use(run: Run) -> None:
    """Exit 1: another time, or another port, will do."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        outcome = run("gateway", "--to", "coded", "--no-auth", "--listen", listen)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.line == f"{listen} is in use; stop who uses it, or choose another port, as 0 for a free one"


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (OSError(errno.EACCES, "x"), AaiMigrateError, "no permission to listen on h:1; choose a port from 1024 on"),
        (OSError(errno.EADDRNOTAVAIL, "x"), ConfigError, "h:1 is no address of this machine; use 127.0.0.1"),
        (socket.gaierror(-2, "x"), ConfigError, "--listen h:1: no such host; use 127.0.0.1 or [::1]"),
        (OSError(errno.EMFILE, "Too many"), AaiMigrateError, "cannot listen on h:1: Too many; choose another address"),
        (OSError("odd"), AaiMigrateError, "cannot listen on h:1: odd; choose another address"),
    ],
)
def test_what_cannot_be_listened_on(error: OSError, kind: type[Exception], says: str) -> None:
    """Each cause has its own way out."""
    told = _unheard("h:1", error)
    assert (type(told), str(told)) == (kind, says)


def test_help_has_examples(run: Run) -> None:
    """And says how it ends."""
    outcome = run("gateway", "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert "Examples:\n    aai-migrate gateway --to local --no-auth" in outcome.out
    assert "SIGTERM or Ctrl+C" in outcome.out


def test_without_its_extra(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says how to install it."""
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    for name in [name for name in sys.modules if name.startswith("aai_migrate.gateway")]:
        monkeypatch.delitem(sys.modules, name)
    outcome = run("gateway", "--to", "coded", "--no-auth")
    assert (outcome.code, outcome.line) == (2, "the gateway needs an extra: pip install 'aai_migrate[gateway]'")


# Its end.


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_lets_clients_finish(number: signal.Signals, code: int) -> None:
    """A client in mid-turn gets its words, then the reason; new ones find nobody."""
    with command("aai-migrate gateway --listen 127.0.0.1:0 --to coded --no-auth") as process:
        url = listening(process)
        with dial(url) as client:
            client.send_binary(SPEECH[:32_000])
            told(client, "Turn")  # its words are on their way
            process.send_signal(number)
            turn = told(client, "Turn")
            while not turn["end_of_turn"]:
                turn = told(client, "Turn")
            assert turn["transcript"].split() == list(SPOKEN[: len(turn["words"])]) != []
            assert told(client, "Error")["error_code"] == 3005
        out, err = process.communicate(timeout=TIMEOUT)
        assert (process.returncode, out, err) == (code, "", "")
    with pytest.raises(ConnectionRefusedError), dial(url):
        pytest.fail("it got in")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_second_signal_ends_at_once(number: signal.Signals, code: int) -> None:
    """Whoever does not come to an end is not waited for."""
    stopping = threading.Event()

    def script(line: Line) -> None:
        line.begin()
        line.until(lambda opcode, data: b"Terminate" in data)
        stopping.set()
        line.until(lambda opcode, data: False)

    words = "aai-migrate gateway --listen 127.0.0.1:0 --to assemblyai-v3 --no-auth -o"
    with (
        vendor(script) as far,
        command(words, f"base_url={far}") as process,
        dial(listening(process)) as client,
    ):
        assert told(client, "Begin")
        process.send_signal(number)
        assert stopping.wait(TIMEOUT)
        assert process.poll() is None
        assert end(process, number) == (code, "", "")


class Screen:
    """A terminal in place of stdout, which a thread reads."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.said = ""
        self.flushed = threading.Event()

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        self.said += text

    def flush(self) -> None:
        self.flushed.set()


def interrupted(argv: list[str]) -> tuple[int, str]:
    """Run the command in this process, and send it SIGTERM once it has said where it listens."""
    screen: Any = Screen()

    def wait() -> None:
        screen.flushed.wait(TIMEOUT)
        os.kill(os.getpid(), signal.SIGTERM)

    waiting = threading.Thread(target=wait)
    waiting.start()
    try:
        with redirect_stdout(screen):
            return main(argv), screen.said
    finally:
        waiting.join()


SECRET = "sixteen and more letters"
HERE = ["gateway", "--listen", "127.0.0.1:0", "--to", "coded", "--no-auth"]


def test_a_person_reads_a_line_for_each_address() -> None:
    """And the program that called the command has its own handlers back."""
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    code, said = interrupted(HERE)
    pattern = (
        r"listening on (127\.0\.0\.1:\d+), to coded\n"
        r"  assemblyai-v2  ws://127\.0\.0\.1:\d+/v2/realtime/ws\n"
        r"  assemblyai-v3  ws://127\.0\.0\.1:\d+/v3/ws\n"
        r"  deepgram  ws://127\.0\.0\.1:\d+/v1/listen\n"
        r"  deepgram  ws://127\.0\.0\.1:\d+/v2/listen\n"
        r"  gladia  http://127\.0\.0\.1:\d+\n"
        r"  speechmatics  ws://127\.0\.0\.1:\d+/v2\n"
        r"  speechmatics  ws://127\.0\.0\.1:\d+/v2/agent\n"
    )
    assert code == 0
    assert re.fullmatch(pattern, said)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_max_local() -> None:
    """A provider with workers of its own is told how many sessions there may be."""
    limits: list[int] = []
    registry.register(evolve(CODED, name="bounded", limit_workers=limits.append))
    try:
        argv = ["gateway", "--listen", "127.0.0.1:0", "--to", "bounded", "--no-auth", "--max-local", "3"]
        assert interrupted(argv)[0] == 0
    finally:
        registry.unregister("bounded")
    assert limits == [3]


def test_seal_key_env(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one gateway sealed is read by who has the same secret."""
    sealed: list[str] = []

    def server(context: Context) -> Any:
        raise AssertionError("nobody dials")

    def session_of(context: Context, connect: Connect) -> str | None:
        assert context.seal
        sealed.append(context.seal(b"session"))
        return None

    monkeypatch.setenv("TEAM_SEAL", SECRET)
    registry.register(evolve(CODED, name="sealing", server=server, session_of=session_of, routes=(("GET", "/seal"),)))
    screen: Any = Screen()

    def visit() -> None:
        screen.flushed.wait(TIMEOUT)
        url = re.findall(r"sealing  (ws\S+)", screen.said)
        try:
            with pytest.raises(websocket.WebSocketBadStatusException), dial(url[0]):
                pytest.fail("it got in")
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    visiting = threading.Thread(target=visit)
    visiting.start()
    try:
        with redirect_stdout(screen):
            assert main([*HERE, "--seal-key-env", "TEAM_SEAL"]) == 0
    finally:
        visiting.join()
        registry.unregister("sealing")
    assert [Seal(SECRET).unseal(text) for text in sealed] == [b"session"]
    assert SECRET not in screen.said


def test_uvloop_is_used_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It makes the loop."""
    made: list[asyncio.AbstractEventLoop] = []

    def new_event_loop() -> asyncio.AbstractEventLoop:
        made.append(asyncio.new_event_loop())
        return made[-1]

    module: Any = types.ModuleType("uvloop")
    module.new_event_loop = new_event_loop
    monkeypatch.setitem(sys.modules, "uvloop", module)
    module.__spec__ = types.SimpleNamespace(name="uvloop")
    assert interrupted(HERE)[0] == 0
    assert len(made) == 1
    assert made[0].is_closed()

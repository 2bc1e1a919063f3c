"""The worked traces over real sockets, with both drivers, against a server that imports nothing of ours."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import aai_migrate
from aai_migrate.errors import AuthenticationError, ProviderError, QuotaExceeded

from ...drivers.blocking import Driver
from ...drivers.conftest import driver, nothing_left  # noqa: F401 fixtures
from ..playing import CANARY, ended, play
from ..traced import TROUBLES, Step, script
from .scripted import REQUEST_ID, scripted, spoken

pytestmark = [pytest.mark.no_cover, pytest.mark.usefixtures("nothing_left")]
FIXTURES = Path(__file__).parents[3] / "fixtures" / "deepgram"
FINALIZE = "Finalize"
EAGER: dict[str, Any] = {"extra": {"deepgram": {"eager_eot_threshold": 0.4}}}
TWO: dict[str, Any] = {"audio_channels": 2, "channels": "separate"}
# The name of a trace: what is connected to, and the turns by channel, each from when to when its words are.
EXACT: dict[str, tuple[str, dict[str, Any], list[tuple[int, int, str, float, float]]]] = {
    "trace-1-long-sentence": (
        "deepgram",
        {},
        [
            (0, 0, "So my order number is four one nine two seven.", 0.16, 4.02),
            (0, 1, "Can you check it?", 6.0, 6.95),
        ],
    ),
    "trace-2-noisy-room": (
        "deepgram/nova-3",
        {},
        [
            (0, 0, "Turn the volume down.", 0.2, 1.62),
            (0, 1, "No, wait.", 5.9, 6.9),
            (0, 2, "A bit more.", 7.3, 8.0),
        ],
    ),
    "trace-3-two-channels": (
        "deepgram",
        TWO,
        [(1, 0, "Sure.", 1.2, 1.6), (0, 0, "I'd like to cancel please.", 0.1, 2.3)],
    ),
    "trace-flux-eager": ("deepgram/flux-general-en", EAGER, [(0, 0, "Hi, can you help me move?", 0.4, 2.4)]),
}


@pytest.mark.parametrize("name", EXACT)
def test_a_worked_trace_over_a_socket_gives_exact_turns(
    name: str,
    driver: Driver,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The scripted server plays it as documented; all audio arrives, at the right path, as whom it should."""
    caplog.set_level(logging.DEBUG)
    steps = script(FIXTURES / f"{name}.jsonl")
    provider, options, turns = EXACT[name]
    with scripted(steps) as vendor:
        events = play(vendor.url, steps, driver, provider, FINALIZE, **options)
    found = [(t.channel, t.turn_order, t.transcript, t.start, t.end) for t in ended(events)]
    assert found == turns
    assert vendor.audio == sum(step.get("bytes", 0) for step in steps)
    assert vendor.paths == ["/v2/listen" if "flux" in name else "/v1/listen"]
    assert vendor.credentials == [f"Token {CANARY}"]
    assert ("model", "flux-general-en" if "flux" in name else "nova-3") in vendor.queries[0]
    begin = events[0]
    assert isinstance(begin, aai_migrate.Begin)
    assert begin.session_id == ("7d1f4b6a-0c2e-4f57-9a10-55c1d2e3f405" if "flux" in name else REQUEST_ID)
    assert CANARY not in repr(events)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("websockets.server")]
    assert not any(text in line for line in ours for text in (CANARY, *(turn[2] for turn in turns)))


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", EXACT)
def test_trouble_at_any_message_keeps_the_contract(
    name: str,
    trouble: Callable[..., list[Step]],
    driver: Driver,  # noqa: F811
) -> None:
    """Each in its turn: every turn still ends once, in order, with words that the vendor said."""
    steps = script(FIXTURES / f"{name}.jsonl")
    said = {word for step in steps if step["dir"] == "<" for word in words(step.get("text", "{}"))}
    provider, options, _ = EXACT[name]
    for place in spoken(steps):
        with scripted(trouble(steps, place)) as vendor:
            found = ended(play(vendor.url, vendor.steps, driver, provider, FINALIZE, **options))
        assert {word for turn in found for word in turn.transcript.split()} <= said, f"{trouble.__name__} {place}"


def words(text: str) -> list[str]:
    message = json.loads(text)
    alternatives = message.get("channel", {}).get("alternatives", [{}]) if "channel_index" in message else [{}]
    return str(message.get("transcript") or alternatives[0].get("transcript") or "").split()


@pytest.mark.parametrize("model", ["nova-3", "flux-general-en"])
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(401, "INVALID_AUTH", AuthenticationError), (402, "ASR_PAYMENT_REQUIRED", QuotaExceeded)],
)
def test_a_refused_handshake_over_a_socket(
    model: str,
    status: int,
    code: str,
    kind: type[ProviderError],
    driver: Driver,  # noqa: F811
) -> None:
    """Header and body reach the error, with the number that the vendor's support asks for; the key does not."""
    text = f"Not with {CANARY}."
    body = json.dumps({"err_code": code, "err_msg": text, "request_id": REQUEST_ID}).encode()
    headers = {"dg-request-id": REQUEST_ID, "dg-error": text, "Content-Type": "application/json"}
    with scripted([], (status, headers, body)) as vendor, pytest.raises(ProviderError) as caught:
        driver.connect(f"deepgram/{model}", api_key=CANARY, base_url=vendor.url)
    error = caught.value
    assert (type(error), error.status, error.code, error.request_id) == (kind, status, code, REQUEST_ID)
    assert error.reason == "Not with ***."
    assert CANARY not in f"{error} {error!r}"
    assert len(vendor.paths) == 1

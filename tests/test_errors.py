"""Every error names the thing and the fix, keeps its facts, and survives a trip between processes."""

from __future__ import annotations

import copy
import pickle
import traceback

import pytest

from aai_migrate import errors
from aai_migrate.credentials import Secret
from aai_migrate.errors import (
    AaiMigrateError,
    AudioError,
    AudioRateMismatch,
    AuthenticationError,
    BadRequest,
    ConfigError,
    ConnectionLost,
    MissingExtra,
    ProtocolError,
    ProviderError,
    QuotaExceeded,
    StreamClosed,
    UnsupportedOption,
)

EVERY: list[tuple[AaiMigrateError, str]] = [
    (AaiMigrateError("text"), "text"),
    (ConfigError("text"), "text"),
    (
        UnsupportedOption({"keyterms": "nova-3 has them"}, "deepgram", "nova-2"),
        "deepgram/nova-2 has no keyterms; nova-3 has them; "
        "leave it out, or pass on_unsupported='warn' to go on without it",
    ),
    (
        UnsupportedOption({"region": ""}, "gladia"),
        "gladia has no region; leave it out, or pass on_unsupported='warn' to go on without it",
    ),
    (
        UnsupportedOption({"region": "", "keyterms": "m has them"}, "gladia", None, ["gladia: turn_silence is odd"]),
        "gladia has no region, keyterms (m has them); leave them out, or pass on_unsupported='warn' to go on without "
        "them; gladia: turn_silence is odd",
    ),
    (
        UnsupportedOption({"channels": "mix them", "region": ""}, "local"),
        "local has no channels='separate' (mix them), region; leave them out, or pass on_unsupported='warn' to go on "
        "without them",
    ),
    (MissingExtra("the gateway", "gateway"), "the gateway needs an extra: pip install 'aai_migrate[gateway]'"),
    (
        MissingExtra("a.flac: FLAC", "codecs", "or convert it"),
        "a.flac: FLAC needs an extra: pip install 'aai_migrate[codecs]'; or convert it",
    ),
    (AudioError("text"), "text"),
    (
        AudioRateMismatch(32000.0, 88200.4),
        "audio arrives at 88200 bytes/s, 2.76 times the 32000 of its declared format; set sample_rate, encoding and "
        "audio_channels to what the audio is, or realtime=False if it is fed at another speed on purpose",
    ),
    (
        AudioRateMismatch(32000.0, 64000.0, ("16000 Hz pcm_s16le stereo", "16000 Hz pcm_f32le mono")),
        "audio arrives at 64000 bytes/s, 2.00 times the 32000 of its declared format; it is probably "
        "16000 Hz pcm_s16le stereo or 16000 Hz pcm_f32le mono: set sample_rate, encoding and audio_channels to what "
        "the audio is, or realtime=False if it is fed at another speed on purpose",
    ),
    (ProviderError("deepgram", "no reason"), "deepgram: no reason"),
    (AuthenticationError("v3", "wrong key", status=401), "v3: wrong key (HTTP 401)"),
    (QuotaExceeded("v3", "too many", status=429, code=0), "v3: too many (HTTP 429, code 0)"),
    (BadRequest("v3", "bad", code="rate"), "v3: bad (code rate)"),
    (ConnectionLost("v3", "gone"), "v3: gone"),
    (ProtocolError("v3", "odd"), "v3: odd"),
    (StreamClosed("text"), "text"),
]


@pytest.mark.parametrize(("error", "text"), EVERY)
def test_what_an_error_says(error: AaiMigrateError, text: str) -> None:
    """One line, the same from str, from a traceback and from a copy."""
    assert str(error) == text
    assert traceback.format_exception_only(error) == [f"aai_migrate.errors.{type(error).__name__}: {text}\n"]


@pytest.mark.parametrize(("error", "text"), EVERY)
def test_errors_cross_processes(error: AaiMigrateError, text: str) -> None:
    """Pickled and copied errors keep their text and every fact."""
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert (str(again), vars(again)) == (text, vars(error))


def test_one_tree() -> None:
    """Every error has one base, is drawn in the module's docstring, and wrong values are ValueErrors too."""
    drawn = errors.__doc__ or ""
    for kind in vars(errors).values():
        if isinstance(kind, type) and kind.__module__ == errors.__name__:
            assert issubclass(kind, AaiMigrateError)
            assert kind.__name__ in drawn
            assert kind.__doc__
    assert issubclass(ConfigError, ValueError)
    assert issubclass(AudioError, ValueError)
    assert not issubclass(ProviderError, ValueError)


def test_only_a_lost_connection_is_tried_again() -> None:
    """Unless who raises it knows better; and that changes one error, not its class."""
    kinds = [AuthenticationError, QuotaExceeded, BadRequest, ConnectionLost, ProtocolError, ProviderError]
    assert [kind("p", "r").retryable for kind in kinds] == [False, False, False, True, False, False]
    assert ConnectionLost("p", "r", retryable=False).retryable is False
    assert QuotaExceeded("p", "r", retryable=True).retryable is True
    assert (ConnectionLost.retryable, QuotaExceeded.retryable) == (True, False)
    assert QuotaExceeded("p", "r").retry_after is None


def test_redaction_reaches_everything_that_shows() -> None:
    """A key that a vendor echoed is in no text, repr, args or traceback afterwards."""
    error = AuthenticationError("v3", "key canary-123456 is wrong", status=401, request_id="r-1")
    error.redact(Secret("canary-123456").redact)
    shown = [str(error), repr(error), str(error.args), str(vars(error)), *traceback.format_exception(error)]
    assert not any("canary" in text for text in shown)
    assert str(error) == "v3: key *** is wrong (HTTP 401)"
    assert (error.status, error.request_id) == (401, "r-1")

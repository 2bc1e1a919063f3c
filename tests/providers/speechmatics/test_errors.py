"""Error messages, close codes and their typed errors."""

from __future__ import annotations

import pytest
from aai_migrate_providers.speechmatics.errors import CODES, Fault, behind, closing, typed

from aai_migrate.config import Config
from aai_migrate.errors import AuthenticationError, BadRequest, ConnectionLost, ProviderError, QuotaExceeded
from aai_migrate.wire.events import Failed
from aai_migrate.wire.frames import Close, Frame, Lost, Message

from .wire import AGENT, asking, hear, said, started

TYPES: dict[str, tuple[type[ProviderError], bool, float | None]] = {
    "not_authorised": (AuthenticationError, False, None),
    "not_allowed": (AuthenticationError, False, None),
    "invalid_model": (BadRequest, False, None),
    "invalid_message": (BadRequest, False, None),
    "invalid_language": (BadRequest, False, None),
    "invalid_config": (BadRequest, False, None),
    "invalid_audio_type": (BadRequest, False, None),
    "invalid_output_format": (BadRequest, False, None),
    "protocol_error": (BadRequest, False, None),
    "data_error": (BadRequest, False, None),
    "quota_exceeded": (QuotaExceeded, True, 5.0),
    "timelimit_exceeded": (QuotaExceeded, False, None),
    "insufficient_funds": (QuotaExceeded, False, None),
    "job_error": (ConnectionLost, True, 5.0),
    "unknown_error": (ConnectionLost, True, 5.0),
    "idle_timeout": (ConnectionLost, True, None),
    "session_timeout": (ConnectionLost, True, None),
    "buffer_error": (ConnectionLost, True, None),
    "session_transfer": (ConnectionLost, True, None),
    "something_of_2027": (ConnectionLost, True, None),
}


def failed(frame: Frame, config: Config | None = None, *, begun: bool = True) -> ProviderError:
    """The error of *frame*; nothing is listened to after it."""
    client = started(config) if begun else asking(config)[0]
    [event] = client.receive(frame, 0.0)
    assert isinstance(event, Failed)
    assert client.receive(frame, 0.0) == []
    assert hear(client, said("Error", type="job_error", reason="later")) == []
    return event.error


@pytest.mark.parametrize("begun", [True, False])
@pytest.mark.parametrize("config", [Config(), AGENT])
@pytest.mark.parametrize(("type_", "expected"), TYPES.items())
def test_an_error_message(
    type_: str, expected: tuple[type[ProviderError], bool, float | None], config: Config, begun: bool
) -> None:
    """Is fatal to the connection: what it is, whether to try again, and when."""
    error = failed(Message(said("Error", type=type_, reason="Why it is so.", code=4, seq_no=7)), config, begun=begun)
    assert (type(error), error.retryable, error.retry_after) == expected
    assert (error.provider, error.code, error.reason) == ("speechmatics", type_, "Why it is so.")


def test_every_type_is_in_the_table() -> None:
    """And has a close code."""
    assert {*CODES} <= {*TYPES}


@pytest.mark.parametrize("members", [{}, {"type": 7, "reason": []}, {"type": "", "reason": ""}])
def test_an_error_that_says_nothing(members: dict[str, object]) -> None:
    """May be over the next time."""
    error = failed(Message(said("Error", **members)))
    assert (type(error), error.retryable, error.reason, error.code) == (ConnectionLost, True, "no reason given", None)


def test_a_reason_is_cut_short() -> None:
    """A vendor may quote what it was sent."""
    assert len(failed(Message(said("Error", type="invalid_config", reason="x" * 9999))).reason) == 500


@pytest.mark.parametrize(
    ("code", "reason", "kind", "again", "after"),
    [
        (4001, "not_authorised", AuthenticationError, False, None),
        (4002, "insufficient_funds", QuotaExceeded, False, None),
        (4003, "not_allowed", AuthenticationError, False, None),
        (4004, "invalid_model", BadRequest, False, None),
        (4005, "quota_exceeded", QuotaExceeded, True, 5.0),
        (4006, "timelimit_exceeded", QuotaExceeded, False, None),
        (4013, "job_error", ConnectionLost, True, 5.0),
        (1003, "protocol_error", BadRequest, False, None),
        (1008, "policy_violation", ConnectionLost, True, None),
        (1011, "internal_error", ConnectionLost, True, 5.0),
        (1000, "", ConnectionLost, True, None),
        (1001, "going away", ConnectionLost, True, None),
        (1012, "", ConnectionLost, True, None),
        (4099, "of 2027", ConnectionLost, True, None),
        (None, "", ConnectionLost, True, None),
    ],
)
@pytest.mark.parametrize("begun", [True, False])
def test_a_close_without_an_error_before_it(
    code: int | None, reason: str, kind: type[ProviderError], again: bool, after: float | None, begun: bool
) -> None:
    """Says the same by its code."""
    error = failed(Close(code, reason), begun=begun)
    assert (type(error), error.retryable, error.retry_after, error.code) == (kind, again, after, code)
    when = "in mid-session" if begun else "before it began"
    assert error.reason == (reason or f"the server closed the connection {when}")


def test_the_error_before_a_close_is_the_cause() -> None:
    """What the close says is known by then."""
    client = started()
    [event] = hear(client, said("Error", type="quota_exceeded", reason="Concurrent Quota Exceeded"))
    assert isinstance(event, Failed)
    assert event.error.reason == "Concurrent Quota Exceeded"
    assert client.receive(Close(4005, "quota_exceeded"), 0.0) == []


@pytest.mark.parametrize(("cause", "again"), [("reset", True), ("timeout", True), ("dns", True), ("tls", False)])
def test_a_loss(cause: str, again: bool) -> None:
    """Is tried again, but for what would break again."""
    error = failed(Lost(cause))  # type: ignore[arg-type]
    assert (type(error), error.retryable) == (ConnectionLost, again)


def test_what_a_client_of_ours_is_told_reads_back_as_the_same_error() -> None:
    """The close frame alone says as much as it can: a code stands for several types."""
    for name, code in CODES.items():
        close = closing(Fault(name, "secret details"))
        assert close.code == code
        assert "secret" not in close.reason
        if code >= 4000:
            assert (close.reason, type(failed(close))) == (name, type(typed(name, "x")))
    assert closing(Fault("of 2027", "x")).code == 1011


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (QuotaExceeded("deepgram", "too many", retryable=True), "quota_exceeded"),
        (QuotaExceeded("deepgram", "out of credit"), "job_error"),
        (AuthenticationError("deepgram", "bad key"), "job_error"),
        (ConnectionLost("deepgram", "gone"), "job_error"),
        (BadRequest("deepgram", "no such model"), "invalid_config"),
        (BadRequest("speechmatics", "no such pack", code="invalid_model"), "invalid_model"),
    ],
)
def test_a_failure_behind_the_gateway(error: ProviderError, fault: str) -> None:
    """Whose key or credit it is that ran out is none of the client's business."""
    found = behind(error)
    assert found.type == fault
    assert (error.reason in found.reason) == isinstance(error, BadRequest)

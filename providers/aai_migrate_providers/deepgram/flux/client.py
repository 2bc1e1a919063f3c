"""The client half of ``/v2/listen``: commands to frames, frames to events.

Source: https://developers.deepgram.com/reference/speech-to-text/listen-flux
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Literal

from aai_migrate.errors import ConfigError, ConnectionLost
from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.values import string

from .. import client, errors
from ..client import Out
from ..messages import END, control, turn_info
from ..options import FLUX_CAPABILITIES, FLUX_OPTIONS, FLUX_PATH, MOST_UNANSWERED, NAME, family
from ..parameters import FLUX, check_flux
from .turns import Turns

FORCE = "force_end_turn"
"""The one word in ``extra`` that is ours: false, where a deployment has no ``ForceEndTurn``; then silence does it."""
NO_TURN, UNKNOWN = "FORCE_END_TURN_NO_ACTIVE_TURN", "UNPARSABLE_CLIENT_MESSAGE"
_CHANGES = {"keyterm": "keyterms", "language_hint": "language_hints"}


class Client(client.Client):
    """One connection, as a :class:`~aai_migrate.provider.ClientPeer`. It begins with ``Connected``."""

    path, rows, parameters, own = FLUX_PATH, FLUX_OPTIONS, FLUX, frozenset({FORCE})

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._model = FLUX_CAPABILITIES.default_model or ""
        self._turns = Turns()
        self._forced: deque[str] = deque(maxlen=MOST_UNANSWERED)  # the last Finalizes that are not answered

    def _check(self, values: Mapping[str, Any]) -> None:
        check_flux(values)

    def _command(self, command: ask.Command, now: float) -> list[Out]:
        match command:
            case ask.KeepAlive():
                return []
            case ask.Finalize(id=id_):
                self._forced.append(id_)
                return [control("ForceEndTurn")]
            case ask.Configure():
                return self._configure(command, now)
        return super()._command(command, now)

    def _configure(self, command: ask.Configure, now: float) -> list[Out]:
        try:
            config, encoded = self._changed(command)
        except ConfigError as error:
            return [say.Configured(command.id, False, str(error))]
        known = family(self._model)
        lists = [row for row in self.rows if row.native in _CHANGES and known in row.models]
        cleared: dict[str, Any] = {
            row.native: [] for row in lists if row.name in command.options and not config.is_set(row.name)
        }
        native = cleared | encoded.native
        change: dict[str, Any] = {_CHANGES[name]: value for name, value in native.items() if name in _CHANGES}
        thresholds = {name: value for name, value in native.items() if name not in _CHANGES}
        if thresholds:
            change["thresholds"] = thresholds
        if not change:
            return [*encoded.warnings(), say.Configured(command.id)]
        return [*encoded.warnings(), *self._changes.ask(command.id, control("Configure", **change), now)]

    def _message(self, message: dict[str, Any], now: float) -> list[Out]:
        match message.get("type"):
            case "TurnInfo":
                turn = turn_info(message)
                if turn is None:
                    return [say.Unmapped(message)]
                forced = turn.event == END and turn.trigger in ("manual", None)
                return [*self._turns.take(turn), *(self._finalized("vendor") if forced else [])]
            case "Connected":
                return self._greet(string(message.get("request_id")))
            case "Warning" if message.get("code") == NO_TURN:
                return self._finalized("settled")
            case "Warning":
                text = string(message.get("description")) or "no reason given"
                return [say.Warned(f"{NAME}:{string(message.get('code')) or 'Warning'}", text[:500])]
            case "Error":
                return self._error(message)
        return super()._message(message, now)

    def _finalized(self, by: Literal["vendor", "settled"]) -> list[Out]:
        """Every ``ForceEndTurn`` has one answer, in order."""
        return [say.Finalized(self._forced.popleft(), by)] if self._forced else []

    def _error(self, message: Mapping[str, Any]) -> list[Out]:
        """The session is over. One that did not know a message of ours can be had again without that message."""
        if message.get("code") != UNKNOWN:
            return self._fail(errors.told(message))
        out: list[Out] = [*self._changes.refuse(f"{NAME} did not understand the change here")]
        if self._forced:
            out += [say.Finalized(id_, "timeout") for id_ in self._forced]
            text = f"{NAME} ends no turn on demand here; pass {FORCE}=false in extra, and silence will do it"
            out.append(say.Warned(FORCE, text))
        if not out:
            return self._fail(errors.told(message))
        reason = string(message.get("description")) or "a message was not understood"
        return [*out, *self._fail(ConnectionLost(NAME, reason[:500], code=UNKNOWN))]

    def _finish(self) -> list[say.Event]:
        return [*self._turns.finish()]

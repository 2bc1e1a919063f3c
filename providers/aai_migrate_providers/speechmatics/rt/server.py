"""The server half of ``/v2``: what a client says becomes commands, events become what it expects to hear.

Source: https://docs.speechmatics.com/api-ref/realtime-transcription-websocket
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import evolve

from aai_migrate.provider import Context
from aai_migrate.wire import commands as ask
from aai_migrate.wire import events as say
from aai_migrate.wire.values import string

from .. import replies
from ..conversation import Conversation, Out
from ..errors import Fault
from .lanes import Lanes
from .request import RtRequest, change
from .transcript import Transcript, same

PATIENCE = 2.0
"""Seconds that the audio of one channel waits for that of another, which may be muted."""


class Rt(Conversation):
    """One session of this path, as a :class:`~aai_migrate.provider.ServerPeer`."""

    def __init__(self, context: Context, request: RtRequest, origin: ask.Origin, now: float) -> None:
        super().__init__(context, request, origin, now)
        self._wanted = request
        self._waits_until: float | None = None
        mono = request.audio and evolve(request.audio, channels=1)
        self._lanes = Lanes(len(request.labels), mono) if request.labels else None
        self._transcript = Transcript(
            request, self.speakers, self._forcing, own=self._lanes.own if self._lanes else same
        )

    @property
    def _labels(self) -> Sequence[str]:
        return self._wanted.labels

    # What the client says.

    def _binary(self, data: bytes, now: float) -> list[Out]:
        if self._lanes and not self._uplink.stopped:
            raise Fault("protocol_error", "channels are kept apart: send AddChannelAudio")
        return super()._binary(data, now)

    def _control(self, kind: str, message: Mapping[str, Any], now: float) -> list[Out]:
        match kind:
            case "SetRecognitionConfig":
                return self._change(message)
            case "AddChannelAudio":
                return self._channel_audio(message, now)
            case "EndOfChannel":
                return self._end_of_channel(message, now)
        return super()._control(kind, message, now)

    def _change(self, message: Mapping[str, Any]) -> list[Out]:
        made = change(self._wanted, message)
        self._wanted = self._transcript.request = made.request
        if not made.options:
            return []
        return self._uplink.put(ask.Configure(self._context.new_id(), made.options))

    def _lane(self, message: Mapping[str, Any]) -> tuple[Lanes, int]:
        if self._lanes is None:
            raise Fault("protocol_error", "channels are not kept apart: diarization must be channel")
        number = self._channel(message)
        if number is None:
            raise Fault("invalid_message", "channel is missing")
        if self._lanes.over(number):
            raise Fault("protocol_error", "the channel has ended")
        return self._lanes, number

    def _channel_audio(self, message: Mapping[str, Any], now: float) -> list[Out]:
        lanes, number = self._lane(message)
        self._fed = now
        try:
            data = base64.b64decode(string(message.get("data")) or "", validate=True)
        except (binascii.Error, ValueError):
            raise Fault("invalid_message", "data must be base64") from None
        count, whole = lanes.feed(number, data)
        return [replies.added(count, self._labels[number]), *self._side_by_side(lanes, whole, now)]

    def _end_of_channel(self, message: Mapping[str, Any], now: float) -> list[Out]:
        lanes, number = self._lane(message)
        out = self._side_by_side(lanes, lanes.end(number), now)
        return [*out, *(self._stop(now) if lanes.ended else [])]

    def _stop(self, now: float) -> list[Out]:
        """The end of the stream is that of every channel."""
        if self._lanes is None:
            return super()._stop(now)
        out: list[Out] = []
        for number in range(len(self._labels)):
            if not self._lanes.over(number):
                out += self._side_by_side(self._lanes, self._lanes.end(number), now)
        return [*out, *(self._uplink.stop() or self._farewell(now))]

    def _side_by_side(self, lanes: Lanes, whole: bytes, now: float) -> list[Out]:
        if not lanes.waits:
            self._waits_until = None
        elif whole or self._waits_until is None:
            self._waits_until = now + PATIENCE
        out = self._uplink.open(lanes.format) if lanes.format else []
        return [*out, *([ask.Audio(whole)] if whole else [])]

    @property
    def _go_on_at(self) -> float | None:
        return self._waits_until

    def _go_on(self, now: float) -> list[Out]:
        return self._side_by_side(self._lanes, self._lanes.fill(), now) if self._lanes else []

    # Events for the client.

    def _hear(self, event: say.Event, now: float) -> list[Out]:
        if isinstance(event, say.Configured) and not event.accepted:
            return [replies.warning("unsupported_config", "the service behind this gateway did not take the change")]
        return [*self._transcript.hear(event)]

    def _places(self, channel: int | None) -> Mapping[int, float]:
        if self._lanes is None:
            return super()._places(channel)
        numbers = range(len(self._labels)) if channel is None else (channel,)
        return {number: self._lanes.seconds(number) for number in numbers}

    def _ended(self, places: Mapping[int, float], *, settled: bool) -> list[Out]:
        return [message for number, place in places.items() for message in self._transcript.forced_end(number, place)]

    def _rest(self) -> list[Out]:
        return [*self._transcript.rest()]

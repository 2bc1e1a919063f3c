"""What a session settles before it dials: with whom, in which audio format, and what the caller is told of it.

Pure: time is an argument.
"""

from __future__ import annotations

from datetime import UTC, datetime

from attrs import evolve, frozen

from ..audio.format import AudioFormat
from ..errors import ConfigError, UnsupportedOption
from ..provider import Context, Provider
from ..wire.commands import Start
from ..wire.events import Warned


@frozen
class Opening:
    """The terms of a session.

    Attributes:
        provider: as it is with the caller's settings.
        wire: the audio format that goes out.
        remarks: what the caller is told before anything else.
    """

    provider: Provider
    wire: AudioFormat
    remarks: tuple[Warned, ...]

    @classmethod
    def of(cls, provider: Provider, start: Start, context: Context, now: float) -> Opening:
        """Return the terms of a session that *start* begins *now*.

        Raises:
            UnsupportedOption: the vendor does not keep the channels apart; with all else that is wrong.
            AudioError: there are more channels than can be mixed.
        """
        config = start.config
        suited = provider.suited(config)
        can = suited.capabilities
        try:
            wire, remarks = can.wire_for(suited.name, config)
        except UnsupportedOption as error:
            raise _whole(error, suited, start, context) from None
        return cls(suited, wire, (*remarks, *outdated(suited, config.model or can.default_model, context.epoch + now)))


def outdated(provider: Provider, model: str | None, today: float) -> tuple[Warned, ...]:
    """Return what the caller is told of a *model* that is out of use, or soon will be.

    Args:
        today: Unix seconds.
    """
    date = datetime.fromtimestamp(today, UTC).date()
    text = provider.capabilities.outdated(provider.name, model, date)
    return (Warned("deprecated_model", text),) if text else ()


def _whole(error: UnsupportedOption, provider: Provider, start: Start, context: Context) -> UnsupportedOption:
    """Return *error*, which is about channels, with all else that is wrong: only a client half knows that."""
    name, config = provider.name, start.config
    one = provider.capabilities.wire_format(name, evolve(config.audio, channels=1), separate=False)
    try:
        provider.client(context).send(evolve(start, config=evolve(config, audio=one)), 0.0)
    except UnsupportedOption as other:
        return UnsupportedOption({**error.options, **other.options}, name, other.model, other.also)
    except ConfigError as other:
        return UnsupportedOption(error.options, name, config.model, [str(other)])
    return error

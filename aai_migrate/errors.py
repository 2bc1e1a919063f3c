"""Everything this library raises.

::

    AaiMigrateError
    ├── ConfigError                 a setting is wrong; nothing was dialled
    │   ├── UnsupportedOption       this vendor or model lacks the option, or several
    │   └── MissingExtra            a package that an extra installs is not there
    ├── AudioError                  audio is not what it was declared to be, or too much
    │   ├── AudioRateMismatch       bytes per second do not match the declared format
    │   └── AudioOverflow           more audio waits to be sent than may
    ├── ProviderError               the vendor refused, failed or vanished
    │   ├── AuthenticationError     key or token refused
    │   ├── QuotaExceeded           too many sessions, or out of credit
    │   ├── BadRequest              the vendor refused an option or the audio
    │   ├── ConnectionLost          no answer, or the connection broke
    │   └── ProtocolError           the vendor said what its protocol does not allow
    └── StreamClosed                a call on a stream that has ended
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence


class AaiMigrateError(Exception):
    """The base of every error of this library."""


class ConfigError(AaiMigrateError, ValueError):
    """A setting is wrong; the text names it and the fix. Nothing was dialled."""


class UnsupportedOption(ConfigError):
    """One or more options that this vendor or model does not have, with all else that is wrong with the options.

    Attributes:
        options: the neutral names, each with what comes nearest, or "".
        provider: the provider's name.
        model: the model asked for, or None.
        also: what is wrong with other options, in words.
    """

    def __init__(
        self, options: Mapping[str, str], provider: str, model: str | None = None, also: Sequence[str] = ()
    ) -> None:
        self.options, self.provider, self.model, self.also = dict(options), provider, model, tuple(also)
        super().__init__(self.options, provider, model, self.also)

    @property
    def option(self) -> str:
        """The first of them."""
        return next(iter(self.options))

    @property
    def alternative(self) -> str:
        """What comes nearest to the first of them, or ""."""
        return self.options[self.option]

    def __str__(self) -> str:
        where = f"{self.provider}/{self.model}" if self.model else self.provider
        if len(self.options) == 1:
            hint = f"; {self.alternative}" if self.alternative else ""
            lacks = f"{lacked(self.option)}{hint}"
        else:
            hints = ((name, f" ({hint})" if hint else "") for name, hint in self.options.items())
            lacks = ", ".join(f"{lacked(name)}{hint}" for name, hint in hints)
        them = "it" if len(self.options) == 1 else "them"
        wrong = "".join(f"; {text}" for text in self.also)
        return f"{where} has no {lacks}; leave {them} out, or pass on_unsupported='warn' to go on without {them}{wrong}"


def lacked(option: str) -> str:
    """Return what is lacking, in words, where a vendor does not have *option*: channels all have, but mixed ones."""
    return "channels='separate'" if option == "channels" else option


class MissingExtra(ConfigError):
    """A feature needs a package that is not installed; the text carries the install line.

    Attributes:
        feature: what needs it.
        extra: the extra that installs it.
        instead: what may be done without, or "".
        distribution: whose extra it is, where it is another package's than ours.
    """

    def __init__(self, feature: str, extra: str, instead: str = "", distribution: str = "aai_migrate") -> None:
        self.feature, self.extra, self.instead, self.distribution = feature, extra, instead, distribution
        super().__init__(feature, extra, instead, distribution)

    def __str__(self) -> str:
        instead = f"; {self.instead}" if self.instead else ""
        return f"{self.feature} needs an extra: pip install '{self.distribution}[{self.extra}]'{instead}"


class AudioError(AaiMigrateError, ValueError):
    """Audio that cannot be read, split or converted as declared, or that is more than may wait."""


class AudioRateMismatch(AudioError):
    """Audio arrives at another rate than its declared format says.

    Attributes:
        declared: bytes a second of the declared format.
        observed: bytes a second that arrive.
        likely: formats that make as many, in words, the likeliest first; none if no usual one does.
    """

    def __init__(self, declared: float, observed: float, likely: Sequence[str] = ()) -> None:
        self.declared, self.observed, self.likely = declared, observed, tuple(likely)
        super().__init__(declared, observed, self.likely)

    def __str__(self) -> str:
        which = f"it is probably {' or '.join(self.likely)}: " if self.likely else ""
        return (
            f"audio arrives at {self.observed:.0f} bytes/s, {self.observed / self.declared:.2f} times the "
            f"{self.declared:.0f} of its declared format; {which}set sample_rate, encoding and audio_channels to what "
            "the audio is, or realtime=False if it is fed at another speed on purpose"
        )


class AudioOverflow(AudioError):
    """Audio was refused because too much waits to be sent already; the stream goes on.

    Attributes:
        backlog: seconds of audio that wait.
    """

    def __init__(self, backlog: float) -> None:
        self.backlog = backlog
        super().__init__(backlog)

    def __str__(self) -> str:
        return (
            f"{self.backlog:.1f} s of audio wait to be sent; feed it again later, raise backlog, or let "
            "overflow='block' wait or 'drop_oldest' lose some"
        )


class ProviderError(AaiMigrateError):
    """The vendor refused, failed or vanished.

    Attributes:
        provider: the provider's name.
        status: HTTP status of a refused handshake, or None.
        code: the vendor's own code or close code, or None.
        reason: the vendor's text, with the credential taken out.
        request_id: what the vendor's support asks for, or None.
        retryable: whether another connection may do better.
        retry_after: when, in seconds, where the vendor says so, else None.
    """

    retryable: bool = False
    retry_after: float | None = None

    def __init__(
        self,
        provider: str,
        reason: str,
        *,
        status: int | None = None,
        code: int | str | None = None,
        request_id: str | None = None,
        retryable: bool | None = None,
    ) -> None:
        self.provider, self.reason, self.status, self.code = provider, reason, status, code
        self.request_id = request_id
        if retryable is not None:
            self.retryable = retryable
        super().__init__(provider, reason)

    def __str__(self) -> str:
        marks = [f"HTTP {self.status}"] if self.status else []
        marks += [f"code {self.code}"] if self.code is not None else []
        return f"{self.provider}: {self.reason}" + (f" ({', '.join(marks)})" if marks else "")

    def redact(self, clean: Callable[[str], str]) -> None:
        """Pass the vendor's text through *clean*: vendors echo keys."""
        self.restate(clean(self.reason))

    def restate(self, reason: str) -> None:
        """Say *reason* instead."""
        self.reason = reason
        self.args = (self.provider, reason)


class AuthenticationError(ProviderError):
    """The key or token was refused."""


class QuotaExceeded(ProviderError):
    """Too many sessions, or the account is out of credit."""


class BadRequest(ProviderError):
    """The vendor refused an option, a message or the audio."""


class ConnectionLost(ProviderError):
    """The vendor could not be reached, did not answer in time, or the connection broke."""

    retryable = True


class ProtocolError(ProviderError):
    """The vendor sent something its protocol does not allow."""


class StreamClosed(AaiMigrateError):
    """The stream has ended, or was told to stop; it takes nothing more."""

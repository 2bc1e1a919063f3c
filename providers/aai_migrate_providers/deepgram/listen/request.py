"""What a client of ``/v1/listen`` asks for in its query, as neutral settings.

Source: https://developers.deepgram.com/reference/speech-to-text/listen-streaming (query parameters)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from aai_migrate.audio.format import AudioFormat
from aai_migrate.config import Config

from .. import query
from ..options import KEYTERM_FAMILIES, LISTEN_OPTIONS, MULTI, family, is_flux
from ..parameters import LISTEN, InvalidParameter, check_listen
from ..refusal import Refusal, invalid

DEFAULT_MODEL = "base-general"
"""What the vendor's documentation serves a client that names no model."""
# What has a neutral name, in full. ``redact`` has one too, but it says which kinds, so that both are handed on.
_NEUTRAL = frozenset(
    {
        "language",
        "interim_results",
        "punctuate",
        "endpointing",
        "utterance_end_ms",
        "keyterm",
        "keywords",
        "diarize",
        "profanity_filter",
    }
)


@frozen(kw_only=True)
class Request:
    """One session as its client wants it.

    Attributes:
        config: what it set, and nothing else; of its audio what ``audio`` says.
        audio: the format of raw audio; None: the stream begins with a container.
        model, version: whose behaviour it expects.
        separate: whether each channel is heard by itself.
        interim: whether it wants what may change.
        plain: whether it wants lower case without punctuation.
        endpoints: whether a pause may end speech.
        pauses: whether it wants ``UtteranceEnd``.
        starts: whether it wants ``SpeechStarted``.
        speakers: whether it wants to know who speaks.
        languages: whether the model finds the language.
        extra: what ``metadata`` repeats.
        tags: labels of the session.
    """

    config: Config
    audio: AudioFormat | None
    model: str
    version: str
    separate: bool
    interim: bool
    plain: bool
    endpoints: bool
    pauses: bool
    starts: bool
    speakers: bool
    languages: bool
    extra: Mapping[str, str]
    tags: Mapping[str, str]

    @property
    def keyterms(self) -> bool:
        """Whether the model takes keyterms."""
        return family(self.model) in KEYTERM_FAMILIES


def read(url: str) -> Request:
    """Read the query of *url*; parameters that nobody knows are passed over.

    Raises:
        Refusal: a value is wrong, or several do not go together.
    """
    given = query.values(url, LISTEN)
    model = given.get("model", DEFAULT_MODEL)
    if is_flux(model):
        raise invalid(f"model: {model} is served at /v2/listen")
    if model.startswith("whisper"):
        raise Refusal(405, "Bad Request", f"model: {model} cannot stream; send its audio to the vendor's batch API")
    try:
        check_listen({**given, "model": model})
    except InvalidParameter as error:
        raise invalid(error) from None
    if "callback" in given:
        raise invalid("callback: this gateway answers on the connection only; leave it out")
    smart, found = given.get("smart_format", False), given.get("detect_entities", False)
    punctuated = given.get("punctuate", False) or smart or found
    speakers = given.get("diarize", False) or "diarize_model" in given
    interim = given.get("interim_results", False)
    pauses = interim and given.get("utterance_end_ms", 0) > 0
    several = given.get("language") == MULTI
    audio = query.audio(given)
    return Request(
        config=Config(
            model=given.get("model"),
            audio=audio or AudioFormat(),
            channels="separate" if given.get("multichannel") else "mix",
            extra=query.own(given, _neutral(model, several=several)),
            **_options(given, model, punctuated=punctuated, speakers=speakers, pauses=pauses),
        ),
        audio=audio,
        model=model,
        version=given.get("version", "latest"),
        separate=given.get("multichannel", False),
        interim=interim,
        plain=not punctuated,
        endpoints=given.get("endpointing", True) is not False,
        pauses=pauses,
        starts=given.get("vad_events", False),
        speakers=speakers,
        languages=several,
        extra=dict(pair.split(":", 1) for pair in given.get("extra", ())),
        tags=query.tags(given),
    )


def _neutral(model: str, *, several: bool) -> frozenset[str]:
    """Return the parameters that a model's options say in full: it has ``keyterm`` or ``keywords``, not both.

    Args:
        several: whether the model is to find the language.
    """
    known = family(model)
    rows = [row for row in LISTEN_OPTIONS if row.counts_for(known)]
    has = _NEUTRAL & {row.native for row in rows}
    if several and not any(row.name == "languages" and row.native for row in rows):
        has -= {"language"}  # which languages a custom model tells apart nobody knows here
    return has


def _options(given: Mapping[str, Any], model: str, *, punctuated: bool, speakers: bool, pauses: bool) -> dict[str, Any]:
    """Return the neutral options; what one parameter implies another says."""
    implied = {"punctuate": punctuated} if punctuated else {}
    implied |= {"diarize": speakers} if speakers else {}
    options = query.options({**given, **implied}, LISTEN_OPTIONS, family(model))
    if not pauses:
        options.pop("max_turn_silence", None)
    return options

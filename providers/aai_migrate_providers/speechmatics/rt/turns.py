"""Pieces of transcript to turns, for each channel by itself.

The vendor has no turns: silence ends an utterance, or who asks for its end; without these a sentence is one.

Source: https://docs.speechmatics.com/speech-to-text/realtime/turn-detection
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, evolve, field

from aai_migrate.wire import events as say
from aai_migrate.wire.text import joined, mean

from ..asked import Asked
from ..messages import Delimiters, Piece, Token, speaker, words

LATE = 0.1
"""Seconds by which a word may begin before the end of a window in which there was none."""


@define
class _Channel:
    turn: int = 0
    said: tuple[say.Word, ...] = field(default=(), repr=False)  # the final words of the open turn
    stuck: bool = True  # whether what comes next stands right behind them
    shown: tuple[Token, ...] = ()  # what was shown and is not final
    speaking: bool = False  # a start of speech was told, and its turn is open
    ended: tuple[say.Word, ...] = field(default=(), repr=False)  # the turn before


class Turns:
    """The open turns of one connection.

    Attributes:
        sentences: whether a sentence is a turn.
        formatted: whether the text is punctuated.
        delimiters: what stands between words.
        asked: the Finalizes that wait for their answer.
    """

    def __init__(self, channels: int = 1, *, sentences: bool = False, formatted: bool = True) -> None:
        self.sentences, self.formatted = sentences, formatted
        self.delimiters = Delimiters()
        self.asked = Asked()
        self._channels = {number: _Channel() for number in range(channels)}

    def finalize(self, id_: str, channel: int | None, place: float) -> None:
        """Note that the end of an utterance was asked for after *place* seconds of audio, of one channel or of all."""
        self.asked.ask(id_, self._channels if channel is None else (channel,), place)

    def partial(self, piece: Piece, number: int) -> list[say.Event]:
        """Take what stands behind the last final and may change."""
        channel = self._channels[number]
        tokens = piece.tokens if channel.said else _unled(piece.tokens)
        if not tokens and not channel.shown:
            return []
        return [*self._speech(channel, number, tokens), self._show(channel, number, tokens, piece)]

    def final(self, piece: Piece, number: int) -> list[say.Event]:
        """Take the next words that will not change, or a stretch of audio without any."""
        channel = self._channels[number]
        shown, channel.shown = channel.shown, ()
        if not piece.tokens:
            channel.shown = shown
            quiet = piece.end - LATE
            to = min(quiet, shown[0].start) if shown else quiet
            return [say.Settled(to, number)] if to > 0 else []
        out: list[say.Event] = []
        tokens = piece.tokens
        if not channel.said and (led := len(tokens) - len(_unled(tokens))):
            out += self._amend(channel, number, tokens[:led], piece)
            tokens = tokens[led:]
        for sentence, ends in _sentences(tokens) if self.sentences else [(tokens, False)]:
            out += self._piece(channel, number, sentence, piece)
            out += self._close(channel, number, "vendor", piece) if ends else []
        end = piece.tokens[-1].end
        out.append(say.Settled(end, number))
        rest = tuple(token for token in shown if (token.start + token.end) / 2 > end and not token.mark)
        if rest or (shown and not any(isinstance(event, say.Final) for event in out)):
            out += [*self._speech(channel, number, rest), self._show(channel, number, rest, piece)]
        return out

    def utterance_end(self, at: float | None, number: int, *, forced: bool) -> list[say.Event]:
        """An utterance is over: what is final of it makes a turn. What is shown beyond it will be shown again.

        Servers of before July 2026 do not say that it was asked for; then the time tells.
        """
        channel = self._channels[number]
        answers = self.asked.waits(number) if forced else at is not None and self.asked.waits(number, at)
        out = self._clear(channel, number) if channel.said else []
        out += self._close(channel, number, "forced" if forced or answers else "vendor")
        return [*out, *self.asked.answer(number, at)] if answers else out

    def finish(self) -> list[say.Event]:
        """The vendor has said everything: what is open ends, what was shown and did not become final was nothing."""
        out: list[say.Event] = []
        for number, channel in self._channels.items():
            out += [*self._clear(channel, number), *self._close(channel, number, "stop")]
        return [*out, *self.asked.finish()]

    @staticmethod
    def _speech(channel: _Channel, number: int, tokens: Sequence[Token]) -> list[say.Event]:
        first = next((token for token in tokens if not token.mark), None)
        if channel.speaking or first is None:
            return []
        channel.speaking = True
        return [say.SpeechStarted(first.start, number)]

    def _show(self, channel: _Channel, number: int, tokens: tuple[Token, ...], piece: Piece) -> say.Partial:
        channel.shown = tokens
        found = words(tokens, self.delimiters, stuck=channel.stuck, final=False)
        return say.Partial(
            turn=(number, channel.turn),
            text=joined(found),
            words=found,
            channel=number,
            start=found[0].start if found else None,
            end=found[-1].end if found else None,
            language=_language(found),
            raw=piece.raw,
        )

    @staticmethod
    def _clear(channel: _Channel, number: int) -> list[say.Event]:
        """Take back what is shown: no end of a turn does, and what stays shown at the last is taken for words."""
        shown, channel.shown = channel.shown, ()
        return [say.Partial(turn=(number, channel.turn), text="", channel=number)] if shown else []

    def _piece(self, channel: _Channel, number: int, tokens: Sequence[Token], piece: Piece) -> list[say.Event]:
        """Append words to the open turn."""
        if not tokens:
            return []
        found = words(tokens, self.delimiters, stuck=channel.stuck, final=True)
        out = self._speech(channel, number, tokens)
        channel.said += found
        channel.stuck = tokens[-1].after
        final = say.Final(
            turn=(number, channel.turn),
            text=joined(found),
            words=found,
            channel=number,
            start=found[0].start,
            end=found[-1].end,
            language=_language(found),
            speaker=speaker(found),
            confidence=mean(found),
            raw=piece.raw,
        )
        return [*out, final]

    def _close(
        self, channel: _Channel, number: int, reason: say.EndReason, piece: Piece | None = None
    ) -> list[say.Event]:
        """End the open turn, if anything of it is final."""
        if not channel.said:
            return []
        key = (number, channel.turn)
        channel.ended, channel.said = channel.said, ()
        channel.turn, channel.stuck, channel.speaking = channel.turn + 1, True, False
        return [
            say.TurnEnded(
                turn=key,
                channel=number,
                at=channel.ended[-1].end,
                reason=reason,
                formatted=self.formatted,
                raw=piece.raw if piece else None,
            )
        ]

    def _amend(self, channel: _Channel, number: int, marks: Sequence[Token], piece: Piece) -> list[say.Event]:
        """Put marks that come late behind the turn that they belong to; before the first turn they are nobody's."""
        if not channel.ended:
            return []
        last = channel.ended[-1]
        channel.ended = (*channel.ended[:-1], evolve(last, text=last.text + "".join(mark.text for mark in marks)))
        return [
            say.Revised(
                turn=(number, channel.turn - 1),
                text=joined(channel.ended),
                words=channel.ended,
                channel=number,
                raw=piece.raw,
            )
        ]


def _unled(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Return *tokens* without the marks at their head that stick to what came before."""
    count = next((index for index, token in enumerate(tokens) if not (token.mark and token.before)), len(tokens))
    return tokens[count:]


def _sentences(tokens: Sequence[Token]) -> list[tuple[Sequence[Token], bool]]:
    """Return *tokens* cut behind each end of a sentence and the marks that stick to it; and whether it is one."""
    out: list[tuple[Sequence[Token], bool]] = []
    begin, ends = 0, False
    for index, token in enumerate(tokens):
        if ends and not (token.mark and token.before):
            out.append((tokens[begin:index], True))
            begin, ends = index, False
        ends = ends or token.ends
    return [*out, (tokens[begin:], ends)]


def _language(found: Sequence[say.Word]) -> str | None:
    """Return the language of *found*, where it is one."""
    known = {word.language for word in found}
    return known.pop() if len(known) == 1 else None

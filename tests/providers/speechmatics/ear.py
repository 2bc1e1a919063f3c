"""One channel of a session: audio in, transcripts and ends of utterances out, as the documentation describes them.

A window is audio that one final covers; windows follow each other. What is heard does not depend on how the audio is
cut into frames: whoever feeds this listens in steps of a tenth of a second.
"""

from __future__ import annotations

from collections import deque

from attrs import define

from aai_migrate.audio.format import AudioFormat
from aai_migrate.testing.coded import Reader

from .checks import Asked
from .habits import Habits, Json, Token, rewritten, told

STEP = 0.36
"""Seconds of audio from one partial to the next, and in silence from one empty final to the next."""
SENTENCE = 0.5
"""Seconds of silence that end a sentence where no trigger is set."""
BEFORE = 0.3
"""Seconds before ``max_delay`` is over at which a final comes."""
OVERLAP = 0.08
"""Seconds by which windows overlap."""
ENTITY = 0.36
"""Seconds of silence that separate the words of an entity, and that they wait for each other."""
FORMAT = "2.9"


@define
class _Mark:
    """A decision: the next *count* tokens are final, their window ends at *cut*; said when audio came up to *due*."""

    due: float
    cut: float
    count: int
    end: bool = False
    forced: bool = False
    final: bool = True


class Ear:
    """What is decided follows the words at once (``spoken``, ``last``, ``decided``); what is said follows the marks."""

    def __init__(self, audio: AudioFormat, asked: Asked, habits: Habits, salt: str, channel: str | None) -> None:
        self.asked, self.habits, self.salt, self.channel = asked, habits, salt, channel
        self.reader = Reader(audio)
        self.tokens: list[Token] = []  # that no final had
        self.marks: deque[_Mark] = deque()
        self.marked = 0  # tokens that marks cover
        self.heard = self.sentences = 0
        self.spoken = 0  # words since the last end of an utterance
        self.sentence = 0  # words since the last end of a sentence
        self.last = self.told_to = 0.0  # where the last word ends, and is said to end
        self.decided = self.begun = self.stepped = 0.0
        self.finals = self.partials = 0

    @property
    def quiet_to(self) -> float:
        """No word but those heard began before."""
        since = self.reader.speaking_since
        return self.reader.read_to if since is None else since

    def hear(self, data: bytes) -> list[Json]:
        """Listen to one step of audio."""
        for each in self.reader.feed(data):
            self._word(each.text, each.start, each.end)
        now = self.reader.read_to
        self._pause(self.quiet_to)
        self._age(now)
        out = self._release(now)
        if now - self.stepped >= STEP - 0.011:  # the reader holds back less than 10 ms
            out += self._step(now)
            self.stepped = now
        return out

    def force(self, timestamp: float | None) -> list[Json]:
        """End the utterance now, with the words up to *timestamp*."""
        out = self._release(float("inf"))
        if not self.spoken:
            if self.habits.idle != "nothing":
                self._decide(self.quiet_to, 0, end=True, forced=True, final=self.habits.idle == "empty final")
            return out + self._release(float("inf"))
        to = self.quiet_to if timestamp is None or not self.habits.knows_timestamp else timestamp
        count = sum(token.end <= to for token in self.tokens) if timestamp is not None else len(self.tokens)
        if count == len(self.tokens) and self.sentence:
            self._close_sentence()
            count = len(self.tokens)
        left = sum(token.is_word for token in self.tokens[count:])
        self._decide(min(to, self.quiet_to), count, end=True, forced=True)
        self.spoken = left
        return out + self._release(float("inf"))

    def close(self, at: float, *, whole: bool) -> list[Json]:
        """Settle everything: the stream ended *at*; a word that was not *whole* then is none where it broke off."""
        for each in self.reader.flush() if whole else ():
            self._word(each.text, each.start, each.end)
        out = self._release(float("inf"))
        at = at if whole else min(at, self.quiet_to)
        if self.sentence:
            self._close_sentence()
        if self.tokens or at > self.decided:
            self._decide(at, len(self.tokens), end=self.habits.last == "end" and self._ends)
        return out + self._release(float("inf"))

    # What is decided.

    def _word(self, text: str, start: float, end: float) -> None:
        self._pause(start)
        if self.habits.hard.split_every and self.sentence >= self.habits.hard.split_every:
            self._close_sentence()
        elif self.habits.commas and self.sentence and self.sentence % self.habits.commas == 0:
            self._punctuate(",", eos=False)
        times = told(self.heard, start, end, self.told_to, self.habits.hard, self.salt)
        shown = text if self.sentence or self.asked.delimiter == "" else text.capitalize()
        self.tokens.append(Token(shown, *times, start, end, self._speaker, self.heard))
        self.heard, self.spoken, self.sentence = self.heard + 1, self.spoken + 1, self.sentence + 1
        self.last, self.told_to = end, times[1]
        every, waiting = self.habits.hard.final_every, len(self.tokens) - self.marked
        if every and waiting >= every + self.habits.tail:
            self._cut(waiting - self.habits.tail)

    @property
    def _speaker(self) -> str:
        return "UU" if self.habits.moving and not self.heard else f"S{1 + self.sentences % 2}"

    @property
    def _ends(self) -> bool:
        return bool(self.asked.trigger and self.spoken)

    def _punctuate(self, text: str, *, eos: bool) -> None:
        if self.asked.marks:
            speaker = self.tokens[-1].speaker if self.tokens else self._speaker
            wide = {".": "。", ",": "、"}[text] if self.asked.delimiter == "" else text
            self.tokens.append(Token(wide, self.told_to, self.told_to, self.last, self.last, speaker, eos=eos))

    def _close_sentence(self) -> None:
        self._punctuate(".", eos=True)
        self.sentence, self.sentences = 0, self.sentences + 1

    def _pause(self, quiet_to: float) -> None:
        """Find the end of an utterance, or of a sentence: no speech between the last word and *quiet_to*."""
        closes = self.sentence > 0 and self.habits.pauses
        if quiet_to - self.last < (self.asked.trigger or SENTENCE) or not (self._ends or closes):
            return
        ends = self._ends
        if closes and self.habits.lone == "no":
            self._close_sentence()
        elif closes and self.habits.lone == "before the end":
            self._decide_rest(quiet_to)
            self._close_sentence()
        self._decide_rest(quiet_to, end=ends)
        if closes and self.habits.lone == "after the end":
            self._close_sentence()
            self._decide_rest(quiet_to)

    def _decide_rest(self, cut: float, *, end: bool = False) -> None:
        if end or len(self.tokens) > self.marked:
            self._decide(cut, len(self.tokens) - self.marked, end=end)

    def _age(self, now: float) -> None:
        """Find words that ``max_delay`` leaves no more time."""
        waiting, delay = self.tokens[self.marked :], self.asked.delay
        if not waiting or now - waiting[0].true_end < delay - BEFORE:
            return
        count = max(1, sum(now - token.true_end >= delay / 2 for token in waiting))
        if self.asked.flexible and self.asked.entities and self._opens(waiting[count - 1]):
            if count < len(waiting):
                count += 1
            elif self.quiet_to - self.last < ENTITY:
                count -= 1
        if count:
            self._cut(count)

    def _opens(self, token: Token) -> bool:
        """Whether an entity begins with *token*, if a word follows."""
        return token.number % 4 == 2

    def _cut(self, count: int) -> None:
        """Make *count* more tokens final, in mid-speech."""
        tokens = self.tokens[self.marked :]
        after = tokens[count].true_start if count < len(tokens) else self.quiet_to
        self._decide(max(tokens[count - 1].true_end, min(tokens[count - 1].true_end + 0.02, after)), count)

    def _decide(self, cut: float, count: int, *, end: bool = False, forced: bool = False, final: bool = True) -> None:
        due, cut = self.reader.read_to + self.habits.hard.late, max(cut, self.decided)
        piece = self.habits.piece or count
        while count > piece:
            self.marked, count = self.marked + piece, count - piece
            self.decided = min(cut, max(self.decided, self.tokens[self.marked - 1].true_end))
            self.marks.append(_Mark(due, self.decided, piece, forced=forced))
        self.marks.append(_Mark(due, cut, count, end, forced, final))
        self.marked, self.decided = self.marked + count, cut
        if end:
            self.spoken = 0

    # What is said.

    def _release(self, now: float) -> list[Json]:
        out: list[Json] = []
        while self.marks and self.marks[0].due <= now:
            out += self._say(self.marks.popleft())
        return out

    def _say(self, mark: _Mark) -> list[Json]:
        tokens, self.tokens = self.tokens[: mark.count], self.tokens[mark.count :]
        self.marked -= mark.count
        forced = {"forced": True} if mark.forced and self.habits.marks_forced else {}
        out: list[Json] = []
        if mark.final:
            out.append({**self._final(tokens, mark.cut), **forced})
            if self.asked.partials and (self.habits.forced_partial or not mark.forced):
                out.append({**self._partial(), **forced})
        if mark.end:
            at = round(mark.cut, 2)
            end = {"message": "EndOfUtterance", "format": FORMAT, "metadata": {"start_time": at, "end_time": at}}
            out.append({**end, **self._named, **forced})
        return out

    @property
    def _named(self) -> Json:
        return {} if self.channel is None else {"channel": self.channel}

    def _step(self, now: float) -> list[Json]:
        """Show the open words, or tell that there are none."""
        if self.tokens:
            return [self._partial()] if self.asked.partials else []
        if self.habits.first == "partial" and self.asked.partials and not self.stepped:
            return [self._partial()]
        if self.marks or not self.habits.empties or self.quiet_to <= self.begun:
            return []
        self.decided = self.quiet_to
        return self._say(_Mark(now, self.quiet_to, 0))

    def _final(self, tokens: list[Token], cut: float) -> Json:
        self.finals += 1
        start, over = self.begun, OVERLAP if self.finals % 2 else 0.0
        end = max(cut, min(cut + over, self.reader.read_to))
        self.begun = cut
        shown = [(token.text, token) for token in tokens]
        text = self._joined(shown)
        results = self._entities(shown) if self.asked.entities else [self._result(*each) for each in shown]
        return self._transcript("AddTranscript", start, end, text and text + self.asked.delimiter, results)

    def _partial(self) -> Json:
        """Show the words after the last final; some of them otherwise than the final will."""
        self.partials += 1
        words = [token for token in self.tokens if token.is_word]
        texts = [token.text.lower() for token in words]
        if texts and self.habits.hard.rewrite:
            texts = rewritten(texts, self.partials)
        shown = list(zip(texts, words, strict=True))
        if len(shown) > 1 and self.habits.merges:
            (first, token), (second, _) = shown[-2:]
            shown[-2:] = [(first + second, token)]
        results = [self._result(*each, partial=True) for each in shown]
        return self._transcript("AddPartialTranscript", self.begun, self.reader.read_to, self._joined(shown), results)

    def _transcript(self, message: str, start: float, end: float, text: str, results: list[Json]) -> Json:
        metadata = {"start_time": round(start, 2), "end_time": round(max(start, end), 2), "transcript": text}
        said: Json = {"message": message, "format": FORMAT, "metadata": metadata, "results": results}
        if self.habits.channel == "top":
            return {**said, **self._named}
        for result in results:
            result.update(self._named)
        return said

    def _result(self, text: str, token: Token, *, partial: bool = False) -> Json:
        speaker = token.speaker
        if partial and self.habits.moving:
            speaker = "S2" if speaker == "S1" else "S1"
        told: Json = {"content": text, "confidence": 1.0, "language": self.asked.language}
        if self.asked.speakers:
            told["speaker"] = speaker
        kind: Json = {"type": "word"}
        if not token.is_word:
            kind = {"type": "punctuation", "attaches_to": "previous", "is_eos": token.eos}
        volume: Json = {"volume": 42.5} if self.asked.volume else {}
        return {**kind, "start_time": token.start, "end_time": token.end, "alternatives": [told], **volume}

    def _entities(self, shown: list[tuple[str, Token]]) -> list[Json]:
        """Put pairs of words into entities."""
        out: list[Json] = []
        at = 0
        while at < len(shown):
            first, second = shown[at], shown[at + 1] if at + 1 < len(shown) else None
            if not (second and self._opens(first[1]) and second[1].is_word and _near(first[1], second[1])):
                out.append(self._result(*first))
                at += 1
                continue
            whole = self._result(f"{first[0]}{self.asked.delimiter}{second[0]}", first[1])
            whole["end_time"] = second[1].end
            forms = {"spoken_form": [self._result(*first), self._result(*second)], "written_form": [{**whole}]}
            out.append({**whole, "type": "entity", "entity_class": "cardinal", **forms})
            at += 2
        return out

    def _joined(self, shown: list[tuple[str, Token]]) -> str:
        text = ""
        for content, token in shown:
            text += f"{self.asked.delimiter}{content}" if text and token.is_word else content
        return text


def _near(first: Token, second: Token) -> bool:
    return second.true_start - first.true_end < ENTITY

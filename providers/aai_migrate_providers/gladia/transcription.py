"""The whole text of a session, for its end: as much of it as one message holds."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from attrs import frozen

from aai_migrate.wire.text import joiner
from aai_migrate.wire.values import readable

MOST = 990_000
"""Bytes of JSON; the Python clients take messages of less than 1 MiB, and the rest of the message needs some."""


@frozen
class _Kept:
    """One utterance as JSON, the words apart: a session of three hours has many."""

    bare: bytes
    words: bytes
    text: int  # bytes that the text takes once more, in the whole one

    @property
    def size(self) -> int:
        return len(self.bare) + self.text + 2


class Transcription:
    """Collects utterances. Where they become too many, first all words go, then the oldest utterances."""

    def __init__(self) -> None:
        self._kept: deque[_Kept] = deque()
        self._bare = self._words = 0  # bytes
        self._worded = True

    def add(self, utterance: dict[str, Any]) -> None:
        """Take the utterance of a final."""
        kept = _Kept(
            _json({**utterance, "words": []}),
            _json(utterance["words"]) if self._worded else b"[]",
            len(_json(utterance["text"])),
        )
        self._kept.append(kept)
        self._bare += kept.size
        self._words += len(kept.words)
        if self._worded and self._bare + self._words > MOST:
            self._worded = False
            self._kept = deque(_Kept(each.bare, b"[]", each.text) for each in self._kept)
        while self._bare > MOST:
            self._bare -= self._kept.popleft().size

    def value(self) -> dict[str, Any]:
        """Return full text, languages and utterances, by their beginnings."""
        utterances = [{**json.loads(kept.bare), "words": json.loads(kept.words)} for kept in self._kept]
        utterances.sort(key=lambda utterance: float(utterance["start"]))
        texts: list[str] = []
        for utterance in utterances:
            text = utterance["text"].strip()
            texts.append((joiner(texts[-1], text) if texts else "") + text)
        return {
            "full_transcript": "".join(texts),
            "languages": list(dict.fromkeys(utterance["language"] for utterance in utterances)),
            "utterances": utterances,
        }


def _json(value: Any) -> bytes:
    return readable(json.dumps(value, ensure_ascii=False, separators=(",", ":"))).encode()

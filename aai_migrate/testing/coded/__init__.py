"""Coded speech: an ear that always hears the same, for exact claims.

A word is a chord of three tones, 240 ms with its gap; :func:`encode` speaks, :class:`Reader` finds the words
again, :class:`CodedEar` is a whole vendor in memory, and :class:`Hard` makes it a difficult one.
"""

from ...audio.channels import interleave
from .code import encode, words
from .ear import CodedEar
from .hard import Hard
from .reader import Heard, Reader

__all__ = ["CodedEar", "Hard", "Heard", "Reader", "encode", "interleave", "words"]

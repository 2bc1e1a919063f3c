"""Audio in: formats, files, the microphone, conversion between encodings and rates, chunks and pace."""

from __future__ import annotations

from .chunk import chunks
from .codec import from_pcm16, to_pcm16
from .convert import Converter
from .decode import recording
from .device import Device
from .file import AudioFile
from .format import AudioFormat
from .gap import Gap
from .microphone import Microphone, devices, microphone
from .pace import paced
from .raw import raw
from .watch import Mismatch, RateWatch
from .wav import wav, wav_bytes

__all__ = [
    "AudioFile",
    "AudioFormat",
    "Converter",
    "Device",
    "Gap",
    "Microphone",
    "Mismatch",
    "RateWatch",
    "chunks",
    "devices",
    "from_pcm16",
    "microphone",
    "paced",
    "raw",
    "recording",
    "to_pcm16",
    "wav",
    "wav_bytes",
]

"""Gladia's live speech-to-text (``/v2/live``)."""

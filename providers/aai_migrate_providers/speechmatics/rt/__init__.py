"""Real-time transcription at ``/v2``."""

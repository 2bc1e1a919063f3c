"""Agent STT at ``/v2/agent``."""

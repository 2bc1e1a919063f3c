"""Speechmatics' real-time speech-to-text: ``/v2``, and Agent STT at ``/v2/agent``.

Source pages, read 2026-11:
https://docs.speechmatics.com/api-ref/realtime-transcription-websocket,
https://docs.speechmatics.com/get-started/authentication
"""

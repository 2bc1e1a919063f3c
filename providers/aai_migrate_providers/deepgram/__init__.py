"""Deepgram's streaming speech-to-text: ``/v1/listen`` (Nova and older models) and ``/v2/listen`` (Flux).

Source pages, read 2026-11:
https://developers.deepgram.com/reference/speech-to-text/listen-streaming,
https://developers.deepgram.com/reference/speech-to-text/listen-flux,
https://developers.deepgram.com/docs/understand-endpointing-interim-results
"""

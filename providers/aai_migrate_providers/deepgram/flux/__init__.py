"""``/v2/listen``: Flux, which ends turns by what was said."""

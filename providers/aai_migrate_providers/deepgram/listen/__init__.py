"""``/v1/listen``: Nova and older models."""

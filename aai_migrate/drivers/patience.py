"""How long a far end may take to show that it lives, in seconds. The same for both drivers."""

PONG = 10.0
"""After a ping, something must come."""
STALL = 10.0
"""A send that makes no progress has failed."""

"""What would be sent, and what becomes of each setting: nothing is dialled."""

from .rehearsal import Rehearsal, rehearse

__all__ = ["Rehearsal", "rehearse"]

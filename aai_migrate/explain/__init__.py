"""What would be sent, and what becomes of each setting: nothing is dialled."""

from .explanation import Explanation, Given, Sent, Step, explain
from .rehearsal import Rehearsal, rehearse

__all__ = ["Explanation", "Given", "Rehearsal", "Sent", "Step", "explain", "rehearse"]

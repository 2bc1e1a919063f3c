"""What would be sent, and what becomes of each setting: nothing is dialled."""

from .explanation import Explanation, explain
from .given import Given
from .origins import Sent
from .rehearsal import Rehearsal, rehearse
from .steps import Step

__all__ = ["Explanation", "Given", "Rehearsal", "Sent", "Step", "explain", "rehearse"]

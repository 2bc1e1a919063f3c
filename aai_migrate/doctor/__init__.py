"""What is wrong with this machine and these settings, one finding each, with the fix.

The checks are functions over what they are given; :func:`examine` gives them what is there.
"""

from .examine import Request, examine
from .finding import Finding, State

__all__ = ["Finding", "Request", "State", "examine"]

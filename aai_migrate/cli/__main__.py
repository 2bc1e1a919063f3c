"""``python -m aai_migrate.cli``."""

import sys

from . import main
from .interrupt import leaving

if __name__ == "__main__":
    sys.exit(leaving(main()))

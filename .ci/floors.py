#!/usr/bin/env python3
"""Print the lowest versions that pyproject.toml allows of the packages that are named, as pip takes them."""

import re
import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
wanted = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
for package in sys.argv[1:]:
    floors = {found[1] for each in wanted if (found := re.fullmatch(rf"{re.escape(package)}>=([\d.]+)", each))}
    if len(floors) != 1:
        sys.exit(f".ci/floors.py: pyproject.toml has {len(floors)} floors for {package}, not one: {sorted(floors)}")
    print(f"{package}=={floors.pop()}")

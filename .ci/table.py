#!/usr/bin/env python3
"""Write the table of vendors and features into README.md: make table."""

from pathlib import Path

from aai_migrate import registry
from aai_migrate.cli.markdown import markdown, spliced

README = Path(__file__).parents[1] / "README.md"
table = markdown([registry.find(name) for name in registry.PUBLIC])
README.write_text(spliced(README.read_text(encoding="utf-8"), table), encoding="utf-8")

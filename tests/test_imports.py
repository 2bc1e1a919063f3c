"""What imports what: one way, no cycles, and nothing heavy before it is asked for."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = {"aai_migrate": ROOT, "aai_migrate_providers": ROOT / "providers"}


def _modules() -> dict[str, Path]:
    found = {}
    for package, root in SOURCES.items():
        for path in (root / package).rglob("*.py"):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = _modules()


def _statements(body: list[ast.stmt]) -> list[ast.Import | ast.ImportFrom]:
    """The imports that run when the module does: not those of functions, nor those for type checkers."""
    found: list[ast.Import | ast.ImportFrom] = []
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.append(node)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            found += _statements(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for name in ("body", "orelse", "handlers", "finalbody"):
                found += _statements(getattr(node, name, []))
    return found


def _imports(module: str, path: Path) -> set[str]:
    """Our modules that *module* imports; of ``from x import y`` it is x.y where that is a module, else x."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = set()
    for node in _statements(ast.parse(path.read_text(encoding="utf-8")).body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
            continue
        base = node.module or ""
        if node.level:
            up = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*up, base] if base else up)
        found |= {full if (full := f"{base}.{alias.name}") in MODULES else base for alias in node.names}
    return found & MODULES.keys() - {module}


GRAPH = {module: _imports(module, path) for module, path in MODULES.items()}


def test_no_import_cycles() -> None:
    """No module imports itself over others."""
    try:
        order = list(TopologicalSorter(GRAPH).static_order())
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))
    assert set(order) == MODULES.keys()


def test_library_imports_no_provider() -> None:
    """Backends import the library, never the other way."""
    wrong = {
        (module, target)
        for module, targets in GRAPH.items()
        for target in targets
        if module.startswith("aai_migrate.") and target.startswith("aai_migrate_providers")
    }
    assert not wrong


def test_core_imports_nothing_built_on_it() -> None:
    """What stands on the core is not imported by it, nor by a backend."""
    above = tuple(f"aai_migrate.{name}" for name in ("cli", "doctor", "explain", "gateway", "testing"))
    wrong = {
        (module, target)
        for module, targets in GRAPH.items()
        for target in targets
        if target.startswith(above) and not module.startswith(above)
    }
    assert not wrong


def test_what_is_for_users_needs_no_test_kit() -> None:
    """Neither explain nor doctor plays with what tests are made of."""
    kit = {
        (module, target)
        for module, targets in GRAPH.items()
        for target in targets
        if module.startswith(("aai_migrate.explain", "aai_migrate.doctor")) and target.startswith("aai_migrate.testing")
    }
    assert not kit


def test_import_is_light() -> None:
    """``import aai_migrate`` loads no backend and no package of an extra."""
    heavy = {
        "aai_migrate_providers", "aiohttp", "assemblyai", "av", "click", "jiwer", "numpy", "pocketsphinx", "rich",
        "pyaudio", "sounddevice", "soxr",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", "import sys, aai_migrate; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not heavy & {name.partition(".")[0] for name in done.stdout.split()}

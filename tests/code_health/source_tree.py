"""Reads Python sources as syntax trees: which modules there are and what each of them imports."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "cds_service"


@dataclass(frozen=True)
class Module:
    """One Python file."""

    name: str  # dotted, without a trailing __init__
    path: Path
    is_package: bool
    tree: ast.Module
    lines: int

    @property
    def place(self) -> str:
        """Where a reader finds it."""
        return self.path.relative_to(ROOT).as_posix() if self.path.is_relative_to(ROOT) else self.path.name


def parse(name: str, text: str, path: Path | None = None, *, is_package: bool = False) -> Module:
    """A module from its text; tests of the checkers use it with a few lines of their own."""
    return Module(name, path or Path(f"{name}.py"), is_package, ast.parse(text), len(text.splitlines()))


@cache
def modules(top: str = PACKAGE) -> tuple[Module, ...]:
    """Every Python file below a top-level folder of the repository, in order of path; empty while there is none."""
    found = []
    for path in sorted((ROOT / top).rglob("*.py")):
        parts = list(path.relative_to(ROOT).with_suffix("").parts)
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        found.append(parse(name, path.read_text(encoding="utf-8"), path, is_package=is_package))
    return tuple(found)


@dataclass(frozen=True)
class Import:
    """One imported name, absolute: `from a.b import c` gives `a.b.c`."""

    target: str
    line: int


def imports(module: Module) -> Iterator[Import]:
    """Everything a module imports, wherever in the file, also for type checking only."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(module, node)
            for alias in node.names:
                yield Import(f"{base}.{alias.name}" if base else alias.name, node.lineno)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    kept = parts[: len(parts) - node.level + (1 if module.is_package else 0)]
    return ".".join([*kept, *([node.module] if node.module else [])])

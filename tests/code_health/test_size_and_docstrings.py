"""Files and functions stay small enough to read, and every public thing says what it is for."""

import ast
from collections.abc import Iterator

import pytest

from tests.code_health.source_tree import Module, modules, parse

MODULE_LINES = 400
FUNCTION_LINES = 60

# place (a file, or file::function) -> why it is better whole. A row that is no longer needed fails.
LARGER_WITH_REASON: dict[str, str] = {}

TOPS = ("cds_service", "fhir_fixtures", "benchmarks")

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def too_large(module: Module) -> Iterator[tuple[str, int]]:
    """Places over the limit, with their length in lines."""
    if module.lines > MODULE_LINES:
        yield module.place, module.lines
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{module.place}::{node.name}", length


def undocumented(module: Module) -> Iterator[str]:
    """The module itself, and its public functions and classes, that have no docstring."""
    if not ast.get_docstring(module.tree):
        yield module.place
    for node in module.tree.body:
        if isinstance(node, Definition) and not node.name.startswith("_") and not ast.get_docstring(node):
            yield f"{module.place}:{node.lineno}: {node.name}"


def of(top: str) -> tuple[Module, ...]:
    found = modules(top)
    if not found:
        pytest.skip(f"{top} is not there yet")
    return found


@pytest.mark.parametrize("top", TOPS)
def test_nothing_is_too_large_without_a_reason(top: str) -> None:
    large = {place: size for module in of(top) for place, size in too_large(module)}
    assert {place: size for place, size in large.items() if place not in LARGER_WITH_REASON} == {}


def test_every_reason_is_still_needed_and_says_something() -> None:
    large = {place for top in TOPS for module in modules(top) for place, _ in too_large(module)}
    assert set(LARGER_WITH_REASON) - large == set()
    assert [place for place, reason in LARGER_WITH_REASON.items() if len(reason.split()) < 4] == []


@pytest.mark.parametrize("top", TOPS)
def test_every_module_and_public_name_has_a_docstring(top: str) -> None:
    assert [line for module in of(top) for line in undocumented(module)] == []


def test_the_checks_themselves_see_what_they_should() -> None:
    long_function = '"""Says what."""\n' + "def f():\n" + "    x = 1\n" * FUNCTION_LINES
    assert list(too_large(parse("example", long_function))) == [("example.py::f", FUNCTION_LINES + 1)]
    assert list(too_large(parse("example", "x = 1\n" * (MODULE_LINES + 1)))) == [("example.py", MODULE_LINES + 1)]
    assert list(undocumented(parse("example", long_function))) == ["example.py:2: f"]
    assert list(undocumented(parse("example", "def _f(): ..."))) == ["example.py"]

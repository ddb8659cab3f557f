"""Time is an argument: only the web shell and the command line ask what day it is."""

import ast
from collections.abc import Iterator

import pytest

from tests.code_health.source_tree import PACKAGE, Module, modules, parse

# What tells the day. Counters for deadlines (time.monotonic, time.perf_counter) tell none and are free.
CLOCK_METHODS = frozenset({"now", "today", "utcnow"})
CLOCK_FUNCTIONS = frozenset({"asctime", "ctime", "gmtime", "localtime", "strftime", "time", "time_ns"})


def may_ask(name: str) -> bool:
    """Whether a module belongs to the shell."""
    part = name.removeprefix(f"{PACKAGE}.").partition(".")[0]
    return part in {"web", "cli"} or part.startswith("cli_")


def readings(module: Module) -> Iterator[str]:
    """One sentence for every place that reads the clock.

    A field may be called `today` (`as_of.today`); a method called so is a clock, whoever has it.
    """
    known = dict(_known_names(module))
    called = {node.func for node in ast.walk(module.tree) if isinstance(node, ast.Call)}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module == "time" and not node.level:
            for alias in node.names:
                if alias.name in CLOCK_FUNCTIONS:
                    yield f"{module.place}:{node.lineno}: from time import {alias.name}"
        elif isinstance(node, ast.Attribute):
            base, _, rest = ast.unparse(node.value).partition(".")
            origin = ".".join(filter(None, [known.get(base, ""), rest]))
            of_time = origin == "time" and node.attr in CLOCK_FUNCTIONS
            of_dates = origin in {"datetime.date", "datetime.datetime"} or node in called
            if of_time or (of_dates and node.attr in CLOCK_METHODS):
                yield f"{module.place}:{node.lineno}: {ast.unparse(node)}"


def _known_names(module: Module) -> Iterator[tuple[str, str]]:
    """What the file calls the modules and classes that have clocks, and what they are."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in {"time", "datetime"}:
                    yield alias.asname or alias.name, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module == "datetime":
            for alias in node.names:
                yield alias.asname or alias.name, f"datetime.{alias.name}"


def test_only_the_shell_reads_the_clock() -> None:
    if not modules():
        pytest.skip("cds_service is not there yet")
    inner = [m for m in modules() if not may_ask(m.name)]
    assert inner, "no module was read"
    assert [line for module in inner for line in readings(module)] == []


@pytest.mark.parametrize(
    "text, expected",
    [
        ("import datetime\nx = datetime.date.today()", 1),
        ("from datetime import datetime, UTC\nx = datetime.now(UTC)", 1),
        ("from datetime import datetime as dt\nf = dt.utcnow", 1),
        ("import time\nx = time.time()", 1),
        ("import time as t\nx = t.time_ns()", 1),
        ("from time import time\nx = time()", 1),
        ("import time\nx = time.monotonic()", 0),
        ("from datetime import time\nx = time(12, 0)", 0),
        ("as_of = today", 0),
        ("day = as_of.today", 0),
        ("from datetime import date as d\nread = d.today", 1),
        ("import datetime as dt\nread = dt.datetime.now", 1),
        ("day = pendulum.today()", 1),
    ],
)
def test_the_check_itself_sees_what_it_should(text: str, expected: int) -> None:
    assert len(list(readings(parse("example", text)))) == expected


def test_who_may_ask() -> None:
    names = ("web.app", "cli", "cli_check", "cli.check", "client", "core.dates", "engine")
    assert [name for name in names if may_ask(f"{PACKAGE}.{name}")] == ["web.app", "cli", "cli_check", "cli.check"]

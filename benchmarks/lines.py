"""The lines of the speed table that need no server: what each compares, and the target it should reach."""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol, cast

import orjson

from benchmarks import bare_decode, records
from benchmarks.expected import check_report
from benchmarks.rounds import compare
from benchmarks.table import Line

ROOT: Final = Path(__file__).resolve().parents[1]


class Engine(Protocol):
    """What is measured."""

    def reports(self, body: bytes, as_of: str, source: str | None = None) -> list[dict[str, Any]]:
        """One report a patient."""


def load_engine() -> Engine:
    """The engine as installed here."""
    return cast("Engine", importlib.import_module("cds_service.engine").Engine.load())


def complete_report(rounds: int) -> Iterator[Line]:
    """Lines 1 and 2: a complete report against merely parsing, and against decoding what is needed."""
    engine = load_engine()
    for size in (60, 600, 2_000):
        body = records.bundle(size)
        judge = _judged(engine, body, size)
        if size != 60:
            against = compare(judge, partial(orjson.loads, body), rounds)
            yield Line(1, "complete report / orjson.loads", size, 1.0, 0.7, against)
        against = compare(judge, partial(bare_decode.decode, body), rounds)
        yield Line(2, "complete report / msgspec typed decode", size, 3.0 if size == 60 else 2.5, 2.0, against)


def per_observation(rounds: int) -> Iterator[Line]:
    """Line 5: whether the cost grows with the size alone.

    Twice, because a hospital record of 10,000 has mostly what no requirement asks for, and that costs less.
    """
    engine, (small, large) = load_engine(), (600, 10_000)
    for what, evenly in (("as in hospital records", False), ("same share of tests asked for", True)):
        ours = _judged(engine, records.bundle(large, evenly=evenly), large)
        theirs = _judged(engine, records.bundle(small, evenly=evenly), small)
        against = compare(ours, theirs, rounds).per(large, small)
        yield Line(5, f"cost per Observation / at {small}, {what}", large, 1.2, 1.05, against, unit="s/obs")


def _judged(engine: Engine, body: bytes, size: int) -> "partial[list[dict[str, Any]]]":
    check_report(engine.reports(body, as_of=records.AS_OF), size)
    return partial(engine.reports, body, as_of=records.AS_OF)


def whole_process(rounds: int) -> Iterator[Line]:
    """Line 8: `check` of one file, from start to exit, against a Python that imports msgspec.

    Both with compiled modules at hand, as after any first run, whatever this environment says about writing them.
    """
    floor = [sys.executable, "-c", "import msgspec"]
    options = ["--as-of", records.AS_OF, "--format", "json"]
    with tempfile.TemporaryDirectory(prefix="cds-bench-") as folder:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "compiled")
        run = partial(_run, environment=environment)
        for size in (60, 600):
            file = Path(folder) / f"record-{size}.json"
            file.write_bytes(records.bundle(size))
            check = [sys.executable, "-m", "cds_service", "check", str(file), *options]
            check_report(json.loads(run(check)), size)
            against = compare(partial(run, check), partial(run, floor), max(7, rounds), 0.0, time.perf_counter)
            yield Line(8, "check FILE, whole process / import msgspec", size, 4.0, 2.5, against)


def _run(command: list[str], environment: dict[str, str]) -> bytes:
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    # 1 means that there is something to act on; a Python that fails to start says 1 as well, but prints no report.
    failed = done.returncode not in {0, 1} or (done.returncode == 1 and not done.stdout)
    if failed:
        said = done.stderr.decode(errors="replace").strip()[-300:]
        raise ValueError(f"{' '.join(command[1:4])} ended with {done.returncode}: {said}")
    return done.stdout

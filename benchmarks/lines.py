"""The lines of the speed table that need no server: what each compares, and the target it should reach."""

import importlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import orjson

from benchmarks import bare_decode, records
from benchmarks.rounds import Comparison, compare

ROOT = Path(__file__).resolve().parents[1]


class Engine(Protocol):
    """What is measured."""

    def reports(self, body: bytes, as_of: str, source: str | None = None) -> list[dict[str, Any]]:
        """One report a patient."""


@dataclass(frozen=True)
class Line:
    """One row that is printed: a ratio beside its target."""

    number: int
    what: str
    observations: int
    target: float
    aim: float
    result: Comparison

    @property
    def verdict(self) -> str:
        """What the median says."""
        if self.result.ratio.median <= self.aim:
            return "aim reached"
        return "target reached" if self.result.ratio.median <= self.target else "target missed"


def load_engine() -> Engine:
    """The engine as installed here."""
    return cast("Engine", importlib.import_module("cds_service.engine").Engine.load())


def in_process(engine: Engine, rounds: int) -> Iterator[Line]:
    """Lines 1 and 2: a complete report against merely parsing, and against decoding what is needed."""
    for size in (60, 600, 2_000):
        body = records.bundle(size)
        check_report(engine.reports(body, as_of=records.AS_OF), size)

        def judge(body: bytes = body) -> object:
            return engine.reports(body, as_of=records.AS_OF)

        def parse(body: bytes = body) -> object:
            return orjson.loads(body)

        def decode(body: bytes = body) -> object:
            return bare_decode.decode(body)

        if size != 60:
            yield Line(1, "complete report / orjson.loads", size, 1.0, 0.7, compare(judge, parse, rounds))
        yield Line(
            2,
            "complete report / msgspec typed decode",
            size,
            3.0 if size == 60 else 2.5,
            2.0,
            compare(judge, decode, rounds),
        )


def check_report(reports: list[dict[str, Any]], size: int) -> None:
    """Nothing is gained by being fast and wrong: the record must have been read before its reading is timed."""
    infusions = [len(course["infusions"]) for course in reports[0]["courses"]] if len(reports) == 1 else []
    if infusions != [5, 3]:
        message = f"the engine misread the record of {size} Observations: infusions by course {infusions}, not [5, 3]"
        raise ValueError(message)


def whole_process(rounds: int) -> Iterator[Line]:
    """Line 8: `check` of one file, from start to exit, against a Python that imports msgspec."""
    floor = [sys.executable, "-c", "import msgspec"]
    with tempfile.TemporaryDirectory(prefix="cds-bench-") as folder:
        for size in (60, 600):
            file = Path(folder) / f"record-{size}.json"
            file.write_bytes(records.bundle(size))
            check = [
                sys.executable,
                "-m",
                "cds_service",
                "check",
                str(file),
                "--as-of",
                records.AS_OF,
                "--format",
                "json",
            ]
            check_report(json.loads(_run(check)), size)

            def ours(check: list[str] = check) -> object:
                return _run(check)

            def theirs() -> object:
                return _run(floor)

            yield Line(
                8,
                "check FILE, whole process / import msgspec",
                size,
                4.0,
                2.5,
                compare(ours, theirs, max(7, rounds), 0.0),
            )


def _run(command: list[str]) -> bytes:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    # 1 means that there is something to act on; a Python that fails to start says 1 as well, but prints no report.
    failed = done.returncode not in {0, 1} or (done.returncode == 1 and not done.stdout)
    if failed:
        said = done.stderr.decode(errors="replace").strip()[-300:]
        message = f"{' '.join(command[1:4])} ended with {done.returncode}: {said}"
        raise ValueError(message)
    return done.stdout

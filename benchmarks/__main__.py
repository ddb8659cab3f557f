"""`make bench`: prints each line as a ratio beside its target. It reports; it never fails over a figure."""

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import lines, records, served
from benchmarks.table import HEAD, Line

GROUPS: dict[str, Callable[[int], Iterator[Line]]] = {
    "1 and 2": lines.complete_report,
    "3": served.treated,
    "5": lines.per_observation,
    "8": lines.whole_process,
    "11": served.untreated,
}


def main() -> int:
    """Measure what is there, say what is not."""
    options = _options()
    print(f"Python {platform.python_version()}, medians of {options.rounds} rounds by turns; only ratios mean anything")
    sizes = ", ".join(f"{n} obs = {len(records.bundle(n)) / 1000:.0f} kB" for n in (60, 600, 2_000))
    print(f"records: {sizes}; <= costs, >= throughput\n\n{HEAD}")
    done: list[Line] = []
    problems: list[str] = []
    for name, measured in GROUPS.items():
        try:
            for line in measured(options.rounds):
                done.append(line)
                print(line.row(), flush=True)
        except (ImportError, AttributeError, ValueError, KeyError, OSError) as error:
            problems.append(f"not measured: line {name}: {error}")
            print(problems[-1], flush=True)
    missed = [line for line in done if line.verdict == "target missed"]
    print(f"\n{len(done)} rows measured, {len(missed)} missed their target")
    if options.json:
        options.json.write_text(json.dumps(machine_readable(done, problems), indent=1) + "\n", encoding="utf-8")
    return 0


def machine_readable(done: list[Line], problems: list[str]) -> dict[str, Any]:
    """The same for programs: amounts, ratios, and what was not measured."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "as_of": records.AS_OF,
        "lines": [line.machine_readable() for line in done],
        "problems": problems,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    parser.add_argument("--rounds", type=int, default=11, help="rounds by turns, at least 3 (default: 11)")
    options = parser.parse_args()
    if options.rounds < 3:
        parser.error("--rounds: a median of fewer than 3 says nothing")
    return options


if __name__ == "__main__":
    sys.exit(main())

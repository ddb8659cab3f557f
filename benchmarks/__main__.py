"""`make bench`: prints each line as a ratio beside its target. It reports; it never fails over a figure."""

import argparse
import json
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import records
from benchmarks.lines import Line, in_process, load_engine, whole_process

HEAD = (
    f"{'#':>2}  {'what':<44} {'obs':>6} {'ratio':>7} {'min-max':>15} {'target':>7} {'aim':>5}"
    f"  {'ours':>10} {'theirs':>10}"
)


def main() -> int:
    """Measure what is there, say what is not."""
    options = _options()
    print(f"Python {platform.python_version()}, medians of {options.rounds} rounds by turns; only ratios mean anything")
    sizes = ", ".join(f"{n} obs = {len(records.bundle(n)) / 1000:.0f} kB" for n in (60, 600, 2_000))
    print(f"records: {sizes}\n\n{HEAD}")
    done: list[Line] = []
    problems: list[str] = []
    for name, lines in (("1 and 2", _in_process(options.rounds)), ("8", whole_process(options.rounds))):
        try:
            for line in lines:
                done.append(line)
                print(row(line), flush=True)
        except (ImportError, AttributeError, ValueError) as error:
            problems.append(f"not measured: line {name}: {error}")
            print(problems[-1], flush=True)
    missed = [line for line in done if line.verdict == "target missed"]
    print(f"\n{len(done)} lines measured, {len(missed)} missed their target")
    if options.json:
        options.json.write_text(json.dumps(machine_readable(done, problems), indent=1) + "\n", encoding="utf-8")
    return 0


def row(line: Line) -> str:
    """One line of the table."""
    ratio, ours, theirs = line.result.ratio, line.result.ours.scaled(1e3), line.result.theirs.scaled(1e3)
    span = f"{ratio.low:.2f}-{ratio.high:.2f}"
    return (
        f"{line.number:>2}  {line.what:<44} {line.observations:>6} {ratio.median:>7.2f} {span:>15}"
        f" {'≤ ' + str(line.target):>7} {line.aim:>5}  {ours.median:>7.2f} ms {theirs.median:>7.2f} ms  {line.verdict}"
    )


def machine_readable(done: list[Line], problems: list[str]) -> dict[str, Any]:
    """The same for programs: seconds, ratios, and what was not measured."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "as_of": records.AS_OF,
        "lines": [{**asdict(line), "verdict": line.verdict} for line in done],
        "problems": problems,
    }


def _in_process(rounds: int) -> Iterator[Line]:
    yield from in_process(load_engine(), rounds)


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

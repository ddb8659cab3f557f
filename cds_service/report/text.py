"""A report for a terminal: what to act on first, what could not be told, then one line of what was found in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from cds_service.labels import LabelBundle
from cds_service.report.build import Report, is_actionable_row
from cds_service.report.messages import day_text

_COLOURS = {"critical": "\x1b[1;31m", "warning": "\x1b[33m", "info": "\x1b[36m"}
_RESET = "\x1b[0m"
_RANK = {"critical": 0, "warning": 1, "info": 2}
_DEPARTURES = frozenset({"violated", "missing"})
COUNTED = "Results are counted, not interpreted: a done test is not a normal test."


def text_report(report: Report, bundle: LabelBundle, *, colour: bool = False, noted: bool = True) -> str:
    """Some lines of text, ending in an empty one. `noted`: name departures that ask nothing of anybody any more."""
    lines = [f"{report['patient'] or 'patient not named'}  as of {report['asOf']}  ({report['source'] or 'input'})"]
    lines.append(f"  {_courses(report)}")
    rows = report["assessments"]
    acted = sorted(filter(is_actionable_row, rows), key=lambda row: _RANK[row["indicator"]])
    notices = [row for row in rows if row["indicator"] and not is_actionable_row(row)]
    if noted:
        notices += [row for row in rows if row["indicator"] is None and row["status"] in _DEPARTURES]
    # One sentence said of several infusion days is written once.
    lines += dict.fromkeys(_line(row, colour=colour) for row in [*acted, *notices])
    if not acted:
        lines.append("  Nothing to act on among the requirements checked.")
    lines.append(f"  {_tally(rows)}")
    lines += [f"  not used: {item['reference']} ({item['why']})" for item in report["unused"]]
    if bundle.site is not None:
        lines += [f"  not judged at this site: {name} ({why})" for name, why in bundle.site.off.items()]
    lines.append(f"  {COUNTED}")
    lines.append(f"  US label of {bundle.label.drug}, revision {report['label']['revision']}.")
    return "\n".join(lines) + "\n\n"


def _courses(report: Report) -> str:
    if not report["courses"]:
        return "No infusion on record."
    parts = [_course(course["number"], course["infusions"]) for course in report["courses"]]
    return f"{'; '.join(parts)}. Tests asked for until {_day(report['followUpEnds'])}."


def _course(number: int, infusions: list[dict[str, Any]]) -> str:
    first, last = _day(infusions[0]["date"]), _day(infusions[-1]["date"])
    if len(infusions) == 1:
        return f"Course {number}: 1 infusion day, {first}"
    return f"Course {number}: {len(infusions)} infusion days, {first} to {last}"


def _day(iso: str) -> str:
    return day_text(date.fromisoformat(iso))


def _line(row: dict[str, Any], *, colour: bool) -> str:
    mark = f"{(row['indicator'] or 'noted').upper():<8}"
    if colour and row["indicator"]:
        mark = f"{_COLOURS[row['indicator']]}{mark}{_RESET}"
    coded = ", ".join(filter(None, (row["requirement"], row["status"], row["reason"], row["note"])))
    return f"  {mark}  {row['message']} [{coded}; label {row['section']}]"


def _tally(rows: Iterable[dict[str, Any]]) -> str:
    counts = Counter(row["status"] for row in rows)
    return "All assessments: " + ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) + "."

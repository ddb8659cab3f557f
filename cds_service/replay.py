"""`check --from --to`: one record judged day by day, and what would have appeared, changed and gone.

Pure: days and records are arguments. The record is read once; each day it is cut at that day's end, so that nothing
later is seen. What it cannot know: a result entered late shows from the day it bears, and an order has the status it
has now.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from cds_service.core.assessment import Assessment
from cds_service.core.dates import AsOf, add_days, add_months
from cds_service.core.evaluate import Verdict
from cds_service.core.timeline import Timeline
from cds_service.engine import Engine
from cds_service.report.build import assessment_row, indicator_at, is_actionable_row
from cds_service.report.messages import day_text

MOST_STEPS = 4000  # eleven years of days
_STEP = re.compile(r"(\d{1,4})|P(\d{1,4})([DWMY])", re.ASCII)
_MONTHS = {"M": 1, "Y": 12}
_DAYS = {"D": 1, "W": 7}
_RANK = {"critical": 0, "warning": 1, "info": 2}

_Key = tuple[str, int | None, int | None, str, str | None, str]


class Steps(NamedTuple):
    """The days to judge: every `step` from the first, and the last."""

    first: date
    last: date
    step: str
    days: tuple[date, ...]


def read_steps(first: str, last: str, step: str = "1") -> Steps:
    """The steps of `--from`, `--to` and `--step`; ValueError names the option and says what to write."""
    begins, ends = _day("--from", first), _day("--to", last)
    if ends < begins:
        raise ValueError(f"--to: {last} is before --from {first}; write the earlier day first")
    match = _STEP.fullmatch(step.strip())
    size = int(match[1] or match[2]) if match else 0
    if match is None or size == 0:
        raise ValueError(f"--step: {step!r} is no step; write days (7), or P1D, P1W, P1M, P1Y")
    unit = match[3] or "D"
    days = [begins]
    while len(days) <= MOST_STEPS:
        count = size * len(days)
        day = add_months(begins, count * _MONTHS[unit]) if unit in _MONTHS else add_days(begins, count * _DAYS[unit])
        if day >= ends:
            break
        days.append(day)
    if ends > begins:
        days.append(ends)
    if len(days) > MOST_STEPS:
        raise ValueError(
            f"--step: {step} from {first} to {last} is more than {MOST_STEPS} days to judge; write a larger step, such "
            "as P1M, or a shorter time"
        )
    return Steps(begins, ends, step.strip(), tuple(days))


def _day(option: str, text: str) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = None
    if day is None or day.isoformat() != text.strip():
        raise ValueError(f"{option}: {text!r} is no date; write it like 2026-11-22")
    return day


def replays(engine: Engine, body: bytes, steps: Steps, source: str | None, hook: str | None) -> list[dict[str, Any]]:
    """The replays of a Bundle, one per patient, in order of patient. UnreadableInputError when it is no Bundle."""
    timelines = sorted(engine.timelines(body), key=lambda timeline: timeline.patient or "")
    label = engine.bundle.label
    return [
        {
            "patient": timeline.patient,
            "source": source,
            "from": steps.first.isoformat(),
            "to": steps.last.isoformat(),
            "step": steps.step,
            "label": {"id": label.id, "revision": label.revision},
            "findings": _spans(engine, timeline, steps.days, hook),
        }
        for timeline in timelines
    ]


def _spans(engine: Engine, timeline: Timeline, days: Sequence[date], hook: str | None) -> list[dict[str, Any]]:
    """What stood from which judged day to which, in order of appearance."""
    open_spans: dict[_Key, dict[str, Any]] = {}
    found: list[dict[str, Any]] = []
    for day in days:
        seen: set[_Key] = set()
        verdict = engine.judge(timeline, AsOf(day), hook)
        for key, item in _findings(engine, verdict, hook):
            if key in seen:
                continue
            seen.add(key)
            if key not in open_spans:
                row = assessment_row(engine.bundle, item, verdict.case, hook)
                open_spans[key] = _span(row, day)
                found.append(open_spans[key])
            open_spans[key]["to"] = day.isoformat()
        for key in [key for key in open_spans if key not in seen]:
            open_spans.pop(key)["gone"] = day.isoformat()
    return found


def _findings(engine: Engine, verdict: Verdict, hook: str | None) -> Iterator[tuple[_Key, Assessment]]:
    """What someone should look at, and what tells one from another."""
    for item in verdict.assessments:
        shown = indicator_at(engine.bundle.label, item, verdict.case, hook)
        if shown is not None and is_actionable_row({"indicator": shown, "status": item.status}):
            reason = str(item.reason) if item.reason is not None else None
            yield (item.requirement, item.course, item.day, str(item.status), reason, shown), item


def _span(row: dict[str, Any], day: date) -> dict[str, Any]:
    kept = ("requirement", "course", "day", "status", "reason", "indicator", "due", "section", "message")
    return {**{name: row[name] for name in kept}, "from": day.isoformat(), "to": day.isoformat(), "gone": None}


def replay_text(replay: dict[str, Any]) -> str:
    """A replay for a terminal: one line a day and event, ending in an empty line."""
    each = "every day" if replay["step"] in ("1", "P1D") else f"step {replay['step']}"
    head = f"{replay['patient'] or 'patient not named'}  {replay['from']} to {replay['to']}, {each}"
    lines = [f"{head}  ({replay['source'] or 'input'})"]
    events = sorted(_events(replay), key=lambda event: event[:3])
    lines += [f"  {day_text(date.fromisoformat(day)):<11}  {text}" for day, _, _, text in events]
    if not events:
        lines.append("  Nothing to act on among the requirements checked, on any of these days.")
    lines.append("  Judged by the dates the record bears, as of the end of each day, with the label of today.")
    return "\n".join(lines) + "\n\n"


def _events(replay: dict[str, Any]) -> Iterator[tuple[str, int, int, str]]:
    """(day, what went before what came, how urgent, text) of every appearance, change and end."""
    spans = replay["findings"]
    ended = {(_place(span), span["gone"]) for span in spans if span["gone"]}
    begun = {(_place(span), span["from"]) for span in spans}
    for span in spans:
        words = f"{span['requirement']}, {span['status']}"
        coded = ", ".join(filter(None, (words, span["reason"], f"label {span['section']}")))
        first = "stands" if span["from"] == replay["from"] else "appears"
        if (_place(span), span["from"]) in ended:
            first = "changes"
        mark = f"{span['indicator'].upper():<8}"
        yield span["from"], 1, _RANK[span["indicator"]], f"{first:<7}  {mark}  {span['message']} [{coded}]"
        if span["gone"] and (_place(span), span["gone"]) not in begun:
            yield span["gone"], 0, 0, f"{'gone':<7}  {'':<8}  {_where(span)}"


def _place(span: dict[str, Any]) -> tuple[str, int | None, int | None]:
    return span["requirement"], span["course"], span["day"]


def _where(span: dict[str, Any]) -> str:
    parts = [span["requirement"]]
    parts += [f"{name} {span[name]}" for name in ("course", "day") if span[name] is not None]
    return f"{', '.join(parts)} ({span['status']})"

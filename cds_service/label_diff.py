"""`label diff`: one record judged by two labels, and which findings the second adds, removes or changes.

No clock. A finding is what someone should look at: due, overdue, missing, violated with an indicator, or cannot-tell.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from cds_service.engine import Engine
from cds_service.labels import LabelBundle
from cds_service.report.build import Report, is_actionable_row

Row = dict[str, Any]
_COMPARED = ("status", "indicator", "reason", "note", "due", "daysOverdue", "lastDone", "section", "message")
_SHOWN = ("status", "indicator", "reason", "note", "due", "section")  # the message is written out in any case
_KINDS = ("added", "removed", "changed")


class Difference(NamedTuple):
    """Two labels ready to judge with."""

    old: Engine
    new: Engine

    def patients(self, body: bytes, as_of: str, source: str | None, hook: str | None) -> list[dict[str, Any]]:
        """What differs, for each patient of a Bundle. UnreadableInputError when it is no Bundle."""
        before, after = (
            {report["patient"]: report for report in engine.reports(body, as_of, source, hook)}
            for engine in (self.old, self.new)
        )
        return [
            {"patient": patient, "source": source, **_compared(before.get(patient), after.get(patient))}
            for patient in sorted({*before, *after}, key=lambda patient: patient or "")
        ]

    def summary(self, as_of: str, patients: list[dict[str, Any]]) -> dict[str, Any]:
        """The whole answer: the two labels, which requirements only one of them judges, and the patients."""
        old, new = ([item.id for item in engine.bundle.label.requirements] for engine in self)
        return {
            "old": _described(self.old.bundle),
            "new": _described(self.new.bundle),
            "asOf": as_of,
            "requirements": {
                "added": [name for name in new if name not in old],
                "removed": [name for name in old if name not in new],
            },
            "patients": patients,
        }


def differs(patient: dict[str, Any]) -> bool:
    """Whether anything is added, removed or changed for this patient."""
    return any(patient[kind] for kind in _KINDS)


def _described(bundle: LabelBundle) -> dict[str, Any]:
    site = bundle.site
    return {
        "id": bundle.label.id,
        "revision": bundle.label.revision,
        "overlay": None if site is None else {"name": site.name, "off": dict(site.off)},
    }


def _compared(old: Report | None, new: Report | None) -> dict[str, Any]:
    before, after = _findings(old), _findings(new)
    added, removed, changed = [], [], []
    for place in dict.fromkeys((*before, *after)):
        ours, theirs = before.get(place), after.get(place)
        if ours is None and theirs is not None:
            added.append(theirs)
        elif theirs is None and ours is not None:
            removed.append(ours)
        elif ours is not None and theirs is not None:
            fields = [name for name in _COMPARED if ours[name] != theirs[name]]
            if fields:
                requirement, course, day, _ = place
                place_of = {"requirement": requirement, "course": course, "day": day}
                changed.append({**place_of, "fields": fields, "old": ours, "new": theirs})
    return {"added": added, "removed": removed, "changed": changed}


def _findings(report: Report | None) -> dict[tuple[str, int | None, int | None, int], Row]:
    """The findings by requirement, course, day, and their number where several stand there."""
    found: dict[tuple[str, int | None, int | None, int], Row] = {}
    seen: Counter[tuple[str, int | None, int | None]] = Counter()
    for row in report["assessments"] if report is not None else ():
        if is_actionable_row(row):
            place = (row["requirement"], row["course"], row["day"])
            found[(*place, seen[place])] = row
            seen[place] += 1
    return found


def diff_text(summary: dict[str, Any]) -> str:
    """The differences for a terminal."""
    lines = [f"old: {_label_line(summary['old'])}", f"new: {_label_line(summary['new'])}", f"as of {summary['asOf']}"]
    off = (summary["new"]["overlay"] or {}).get("off", {})
    lines += [
        f"  not judged by the new one: {name}" + (f" (switched off: {off[name]})" if name in off else "")
        for name in summary["requirements"]["removed"]
    ]
    lines += [f"  judged by the new one only: {name}" for name in summary["requirements"]["added"]]
    for patient in filter(differs, summary["patients"]):
        lines += ["", f"{patient['patient'] or 'patient not named'}  ({patient['source'] or 'input'})"]
        for kind in ("added", "removed"):
            lines += [f"  {kind:<7}  {_finding(row)}" for row in patient[kind]]
        for change in patient["changed"]:
            lines += _change(change)
    counts = ", ".join(f"{sum(len(patient[kind]) for patient in summary['patients'])} {kind}" for kind in _KINDS)
    differing = sum(map(differs, summary["patients"]))
    lines += ["", f"{len(summary['patients'])} judged, {differing} differ; findings: {counts}."]
    return "\n".join(lines) + "\n"


def _label_line(side: dict[str, Any]) -> str:
    overlay = f', with the overlay "{side["overlay"]["name"]}"' if side["overlay"] else ""
    return f"{side['id']}, revision {side['revision']}{overlay}"


def _finding(row: Row) -> str:
    coded = ", ".join(filter(None, (row["requirement"], row["status"], row["reason"], f"label {row['section']}")))
    return f"{row['indicator'].upper():<8}  {row['message']} [{coded}]"


def _change(change: dict[str, Any]) -> list[str]:
    old, new = change["old"], change["new"]
    told = [f"{name} {old[name] or 'none'} -> {new[name] or 'none'}" for name in _SHOWN if name in change["fields"]]
    lines = [f"  changed  {_finding(new)}"]
    lines += [f"             {'; '.join(told)}"] if told else []
    return lines + ([f"             was: {old['message']}"] if "message" in change["fields"] else [])

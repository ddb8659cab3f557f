"""The report of one patient as plain data: every key always present, unknown values null."""

from __future__ import annotations

from typing import Any

from cds_service.core.assessment import Assessment
from cds_service.core.case import Case
from cds_service.core.evaluate import Verdict
from cds_service.core.exposure import InfusionDay
from cds_service.core.indicators import ACTIONABLE_STATUSES, indicator, topics
from cds_service.core.label import Label, Requirement
from cds_service.core.timeline import Unused
from cds_service.labels import LabelBundle
from cds_service.report.messages import message

Report = dict[str, Any]


def build_report(
    bundle: LabelBundle, verdict: Verdict, as_of: str, source: str | None = None, hook: str | None = None
) -> Report:
    """The report as the outside sees it. `as_of` is echoed; `hook` silences what that hook does not speak of."""
    case = verdict.case
    return {
        "patient": case.timeline.patient,
        "source": source,
        "asOf": as_of,
        "label": {"id": bundle.label.id, "revision": bundle.label.revision},
        "courses": [
            {"number": course.number, "infusions": [_infusion(n, day) for n, day in enumerate(course.days, start=1)]}
            for course in case.courses
        ],
        "followUpEnds": case.follow_up.ends.isoformat() if case.follow_up is not None else None,
        "assessments": [assessment_row(bundle, item, case, hook) for item in verdict.assessments],
        "unused": [{"reference": item.reference, "why": item.why} for item in _unused(case)],
    }


def _infusion(number: int, day: InfusionDay) -> dict[str, Any]:
    dose = None
    if day.total_mg is not None:
        whole = day.total_mg == day.total_mg.to_integral_value()
        dose = {"value": int(day.total_mg) if whole else float(day.total_mg), "unit": "mg"}
    return {"day": number, "date": day.date.isoformat(), "dose": dose, "references": list(day.references)}


def assessment_row(bundle: LabelBundle, assessment: Assessment, case: Case, hook: str | None) -> dict[str, Any]:
    """One assessment with its indicator at the hook (None: the plain report) and its message."""
    shown = indicator_at(bundle.label, assessment, case, hook)
    requirement = bundle.label.requirement(assessment.requirement)
    return build_row(requirement, assessment, shown, message(bundle, assessment, case.timeline.gaps))


def indicator_at(label: Label, assessment: Assessment, case: Case, hook: str | None) -> str | None:
    """How loudly an assessment speaks at the hook (None: the plain report), given what the call is about."""
    spoken = topics(case, hook)
    if spoken is not None and assessment.requirement not in spoken:
        return None
    return indicator(label, assessment, hook, case.as_of, at_infusion=case.at_infusion)


def build_row(requirement: Requirement, assessment: Assessment, shown: str | None, sentence: str) -> dict[str, Any]:
    """One assessment as the outside sees it; every key present, unknown values null."""
    return {
        "requirement": assessment.requirement,
        "status": str(assessment.status),  # `str`: a third of the time `.value` takes
        "indicator": shown,
        "due": assessment.due.isoformat() if assessment.due is not None else None,
        "daysOverdue": assessment.days_overdue,
        "lastDone": assessment.last_done.isoformat() if assessment.last_done is not None else None,
        "course": assessment.course,
        "day": assessment.day,
        "reason": str(assessment.reason) if assessment.reason is not None else None,
        "note": ",".join(assessment.notes) or None,
        "evidence": list(assessment.evidence),
        "section": requirement.section,
        "message": sentence,
    }


def _unused(case: Case) -> list[Unused]:
    known = {item.reference for item in case.timeline.unused}
    others = [Unused(reference, "duplicate") for reference in case.exposures.duplicates]
    others += [Unused(reference, "wrong-test") for reference in case.look_alikes()]
    return [*case.timeline.unused, *(item for item in others if item.reference not in known)]


def is_actionable_row(row: dict[str, Any]) -> bool:
    """Whether someone should look: a finding (due, overdue, missing, violated with an indicator) or a cannot-tell."""
    return row["indicator"] is not None and row["status"] in ACTIONABLE_STATUSES


def has_actionable_rows(report: Report) -> bool:
    """Whether anything in the report should be looked at."""
    return any(is_actionable_row(row) for row in report["assessments"])

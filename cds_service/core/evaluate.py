"""The product: `evaluate(label, timeline, as_of)` judges every requirement of a label for one patient.

The one place that turns an answer resting on absence into "cannot tell" when the source it rests on is not complete,
and an exception inside one requirement into "cannot tell" for that one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cds_service.core.assessment import Assessment, Reason, Status
from cds_service.core.case import Case, prepare
from cds_service.core.dates import AsOf
from cds_service.core.kinds import judge
from cds_service.core.label import Label, Requirement
from cds_service.core.timeline import Gap, Source, Timeline


class Verdict(NamedTuple):
    """Everything judged for one patient: the case, one or more assessments per requirement, what failed inside."""

    case: Case
    assessments: tuple[Assessment, ...]
    failures: tuple[tuple[str, Exception], ...] = ()


def evaluate(label: Label, timeline: Timeline, as_of: AsOf, hook: str | None = None) -> Verdict:
    """Judge every requirement of the label, as seen at a hook (None: the plain report).

    Never raises for one requirement's sake.
    """
    case = prepare(label, timeline, as_of, hook)
    assessments: list[Assessment] = []
    failures: list[tuple[str, Exception]] = []
    gaps = case.timeline.gaps
    for requirement in label.requirements:
        found, failure = _judge_safely(requirement, case)
        assessments += [_guarded(item, gaps) if gaps or item.unread else item for item in found]
        if failure is not None:
            failures.append((requirement.id, failure))
    return Verdict(case, tuple(assessments), tuple(failures))


def _judge_safely(requirement: Requirement, case: Case) -> tuple[list[Assessment], Exception | None]:
    """All assessments of one requirement before its sources are considered, and what went wrong, if anything did."""
    try:
        return list(judge(requirement, case)), None
    except Exception as error:  # noqa: BLE001 - one failing requirement must not silence the others; it is reported
        return [Assessment(requirement.id, Status.CANNOT_TELL, Reason.INTERNAL_ERROR)], error


def _guarded(assessment: Assessment, gaps: Mapping[Source, Gap]) -> Assessment:
    """Silence and "missing" only on complete data: an answer one more resource could change cannot be told."""
    if assessment.status is Status.CANNOT_TELL:
        return assessment
    if gaps and assessment.rests_on:
        gap = next((gaps[source] for source in sorted(assessment.rests_on) if source in gaps), None)
        if gap is not None:
            return _unknown(assessment, Reason(gap.value), assessment.evidence)
    if assessment.unread:
        return _unknown(assessment, Reason.UNREADABLE, (*assessment.evidence, *assessment.unread))
    return assessment


def _unknown(assessment: Assessment, reason: Reason, evidence: tuple[str, ...]) -> Assessment:
    return assessment._replace(
        status=Status.CANNOT_TELL,
        reason=reason,
        variant=None,
        evidence=tuple(dict.fromkeys(evidence)),
        days_overdue=None,
        days=None,
    )

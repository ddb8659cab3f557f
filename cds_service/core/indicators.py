"""How loudly an assessment speaks: the label's situations applied to a hook and a moment.

Pure: the table is data, the day is an argument. `None` means it stays in the report without being a finding.
"""

from __future__ import annotations

from cds_service.core.assessment import Assessment, Note, Status
from cds_service.core.dates import AsOf
from cds_service.core.label import Label, Situation

ORDERING_HOOKS = frozenset({"order-select", "order-sign", "appointment-book"})
PATIENT_VIEW = "patient-view"
FINDING_STATUSES = frozenset({Status.DUE, Status.OVERDUE, Status.MISSING, Status.VIOLATED})
ACTIONABLE_STATUSES = FINDING_STATUSES | {Status.CANNOT_TELL}  # with an indicator: what someone should look at


def indicator(label: Label, assessment: Assessment, hook: str | None, as_of: AsOf) -> str | None:
    """`info`, `warning`, `critical` or None, for one assessment at one hook (None: the plain report)."""
    if hook is not None and not speaks(label, assessment, hook, as_of):
        return None
    situation = _situation(label, assessment)
    if situation is None:
        return None
    if assessment.status is Status.DUE and Note.ALREADY_ORDERED in assessment.notes:
        return None
    if hook in ORDERING_HOOKS:
        return situation.ordering
    if _faded(situation, assessment, as_of):
        return None
    return situation.afterwards


def _situation(label: Label, assessment: Assessment) -> Situation | None:
    for situation in label.situations_of(assessment.requirement):
        if assessment.status not in situation.statuses:
            continue
        if situation.reasons and (assessment.reason is None or assessment.reason not in situation.reasons):
            continue
        if situation.variants and assessment.variant not in situation.variants:
            continue
        if situation.beyond_days is not None and (assessment.days or 0) <= situation.beyond_days:
            continue
        return situation
    return None


def _faded(situation: Situation, assessment: Assessment, as_of: AsOf) -> bool:
    if situation.for_days is None or assessment.event is None:
        return False
    return (as_of.today - assessment.event).days > situation.for_days


def speaks(label: Label, assessment: Assessment, hook: str, as_of: AsOf) -> bool:
    """Whether the hook speaks of this assessment at all."""
    if assessment.requirement not in label.hooks.get(hook, frozenset()):
        return False
    if hook in ORDERING_HOOKS:
        is_past = assessment.course is not None or assessment.event is not None
        return assessment.planned or assessment.requirement not in label.order_scoped or not is_past
    limit = label.patient_view_days.get(assessment.requirement)
    if limit is None or assessment.event is None or hook != PATIENT_VIEW:
        return True
    return (as_of.today - assessment.event).days <= limit

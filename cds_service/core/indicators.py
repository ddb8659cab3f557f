"""How loudly an assessment speaks: the label's situations applied to a hook and a moment.

Pure: the table is data, the day is an argument. `None` means it stays in the report without being a finding.
"""

from __future__ import annotations

from cds_service.core.assessment import Assessment, Note, Reason, Status
from cds_service.core.case import Case
from cds_service.core.dates import AsOf
from cds_service.core.hooks import BOOKING, CHECK_IN, ORDERING_HOOKS, PATIENT_VIEW
from cds_service.core.kinds.vaccines import ordered
from cds_service.core.label import Label, LiveVaccine, Situation

FINDING_STATUSES = frozenset({Status.DUE, Status.OVERDUE, Status.MISSING, Status.VIOLATED})
NOT_RECEIVED = frozenset({Reason.NOT_PROVIDED, Reason.PARTIAL, Reason.FOREIGN_DATA})
ACTIONABLE_STATUSES = FINDING_STATUSES | {Status.CANNOT_TELL}  # with an indicator: what someone should look at


def indicator(
    label: Label, assessment: Assessment, hook: str | None, as_of: AsOf, *, at_infusion: bool = False
) -> str | None:
    """`info`, `warning`, `critical` or None, for one assessment at one hook (None: the plain report).

    `at_infusion`: the hook was called on an infusion day, before the pump starts: the dose can still be stopped.
    """
    if hook is not None and not speaks(label, assessment, hook, as_of, at_infusion=at_infusion):
        return None
    situation = _situation(label, assessment)
    if situation is None:
        return None
    if assessment.status is Status.DUE and Note.ALREADY_ORDERED in assessment.notes:
        return None
    if hook in ORDERING_HOOKS or at_infusion:
        return situation.ordering
    if _faded(situation, assessment, as_of):
        return None
    return situation.afterwards


def topics(case: Case, hook: str | None) -> frozenset[str] | None:
    """Requirement ids that matter at an ordering hook, by what is ordered; None: all the hook speaks of.

    Without the drug and without a live vaccine in the orders (or the drug among the appointments) nothing matters.
    """
    if hook not in ORDERING_HOOKS:
        return None
    plan = case.plan
    if hook == BOOKING:
        return None if plan is not None and plan.booked else frozenset()
    if plan is not None or case.doubtful_orders:
        return None
    rules = {item.id: item.rule for item in case.label.requirements if isinstance(item.rule, LiveVaccine)}
    open_orders = [] if case.deceased or not rules else ordered(case)
    return frozenset(
        name for name, rule in rules.items() if any(item.concepts & (rule.live | rule.unclear) for item in open_orders)
    )


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


def speaks(label: Label, assessment: Assessment, hook: str, as_of: AsOf, *, at_infusion: bool = False) -> bool:
    """Whether the hook speaks of this assessment at all. A visit on any other day is as opening the chart.

    What is over leaves the chart after some days; data that were not received are said whenever they are missing.
    """
    asked = PATIENT_VIEW if hook == CHECK_IN and not at_infusion else hook
    if assessment.requirement not in label.hooks.get(asked, frozenset()):
        return False
    event = assessment.event
    if asked in ORDERING_HOOKS or at_infusion:
        is_past = assessment.course is not None or event is not None
        is_current = at_infusion and event is not None and (as_of.today - event).days <= label.infusion_reach_days
        return assessment.planned or is_current or assessment.requirement not in label.order_scoped or not is_past
    limit = label.patient_view_days.get(assessment.requirement)
    is_recent = limit is None or event is None or (as_of.today - event).days <= limit
    if assessment.reason not in NOT_RECEIVED or not assessment.rests_on:  # without a source: not written in the record
        return is_recent
    return is_recent or assessment.status is Status.CANNOT_TELL

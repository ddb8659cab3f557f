"""Kind "recurring": a test every so many months from the first infusion until the end of follow-up.

Source: label-us reading "During follow-up" and its exact readings (docs/labels).
"""

from __future__ import annotations

from datetime import date, timedelta

from cds_service.core.assessment import Assessment, Fact, Note, Reason, Status
from cds_service.core.case import Case, Treatment
from cds_service.core.courses import FollowUp
from cds_service.core.dates import ONE_DAY, add_months
from cds_service.core.kinds.baseline import already_ordered, pending, unread, wrong_tests
from cds_service.core.kinds.common import ADMINISTRATIONS, LABS, not_applicable, untreated
from cds_service.core.label import Recurring, Requirement
from cds_service.core.results import Done, latest


def judge(requirement: Requirement, rule: Recurring, case: Case) -> Assessment:
    """Whether the test is up to date today; `due` counts from the later of last result and first infusion."""
    if case.treatment is not Treatment.TREATED or case.follow_up is None:
        return untreated(requirement.id, case)
    if case.as_of.today > case.follow_up.ends:
        return not_applicable(requirement.id, variant="ended")
    return _judge_open(requirement, rule, case, case.follow_up)


def _judge_open(requirement: Requirement, rule: Recurring, case: Case, follow_up: FollowUp) -> Assessment:
    done = case.tests_done(rule.test)
    last = latest(done)
    early = max((item.when.first for item in done), default=follow_up.anchor)
    late = max((item.when.last for item in done), default=follow_up.anchor)
    dues = [add_months(max(day, follow_up.anchor), rule.months) for day in (early, late)]
    states = {_state(due, rule, case.as_of.today, follow_up.ends) for due in dues}
    exact = dues[0] == dues[1]
    status = states.pop() if len(states) == 1 else _worse_of(states)
    due = dues[0] if exact and dues[0] <= follow_up.ends else None
    if status is Status.CANNOT_TELL:
        return Assessment(
            requirement.id,
            status,
            Reason.DATE_VAGUE,
            evidence=last.references if last else (),
            rests_on=frozenset(),
            facts={"test": rule.test.name},
        )
    return _answer(requirement, rule, case, follow_up, status, due, last, anchored=late <= follow_up.anchor)


def _state(due: date, rule: Recurring, today: date, ends: date) -> Status:
    if due > ends:
        return Status.MET
    if today > due + timedelta(days=rule.grace_days):
        return Status.OVERDUE
    return Status.DUE if due - today <= timedelta(days=rule.lead_days) else Status.MET


def _worse_of(states: set[Status]) -> Status:
    """Two ends of a vague date: met or due is due, anything else cannot be told."""
    return Status.DUE if states == {Status.MET, Status.DUE} else Status.CANNOT_TELL


def _answer(
    requirement: Requirement,
    rule: Recurring,
    case: Case,
    follow_up: FollowUp,
    status: Status,
    due: date | None,
    last: Done | None,
    *,
    anchored: bool,
) -> Assessment:
    today = case.as_of.today
    last_day = last.when.last if last is not None and last.when.is_exact_day else None
    overdue = (today - due).days if status is Status.OVERDUE and due is not None else None
    notes: list[Note] = []
    reason: Reason | None = None
    evidence = last.references if last else ()
    if last is not None and last.issued_only:
        notes.append(Note.ISSUED_DATE)
    since = last.when.last if last is not None else follow_up.anchor - ONE_DAY
    if status in (Status.DUE, Status.OVERDUE):
        wrong = wrong_tests(case, rule.test.wrong, rule.test.any_of, since + ONE_DAY, today)
        if wrong:
            reason, evidence = Reason.WRONG_TEST, (*evidence, *wrong)
        if pending(case, rule.test.any_of, since + ONE_DAY, today):
            notes.append(Note.PRELIMINARY_EXISTS)
    ordered = already_ordered(case, rule.test.ordered_as, last.when.last if last else None)
    if ordered is not None:
        notes.append(Note.ALREADY_ORDERED)
    resting = LABS if status is not Status.MET else frozenset()
    facts: dict[str, Fact] = {
        "test": rule.test.name,
        "months": rule.months,
        "due": due,
        "last": last_day,
        "ends": follow_up.ends,
        "days": overdue,
        "ordered": ordered,
    }
    return Assessment(
        requirement.id,
        status,
        reason,
        tuple(notes),
        due=due,
        days_overdue=overdue,
        last_done=last_day,
        evidence=evidence,
        days=overdue,
        rests_on=resting | ADMINISTRATIONS if anchored else resting,
        unread=unread(case, rule.test.any_of) if status is not Status.MET else (),
        facts=facts,
    )

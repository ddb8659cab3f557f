"""Kind "recurring": a test every so many months from the first infusion until the end of follow-up.

Source: label-us reading "During follow-up" and its exact readings (docs/labels).
"""

from __future__ import annotations

from datetime import date

from cds_service.core.assessment import Assessment, Fact, Note, Reason, Status
from cds_service.core.case import Case, Treatment
from cds_service.core.courses import FollowUp
from cds_service.core.dates import add_days, add_months
from cds_service.core.kinds.baseline import already_ordered, pending, unread, wrong_tests
from cds_service.core.kinds.common import (
    ADMINISTRATIONS,
    exposure_unclear,
    may_go_on,
    not_applicable,
    results_of,
    untreated,
)
from cds_service.core.label import Recurring, Requirement
from cds_service.core.results import Done, latest
from cds_service.core.timeline import Source


def judge(requirement: Requirement, rule: Recurring, case: Case) -> Assessment:
    """Whether the test is up to date today; `due` counts from the later of last result and first infusion."""
    if case.deceased:
        return Assessment(requirement.id, Status.NOT_APPLICABLE, variant="deceased")
    limited = rule.gender is not None or bool(rule.unless)
    moot = _moot(requirement, rule, case) if limited else None
    if moot is not None:
        return moot
    if case.treatment is not Treatment.TREATED or case.follow_up is None:
        return untreated(requirement.id, case)
    if case.as_of.today > case.follow_up.ends:
        ended = not_applicable(requirement.id, variant="ended")
        return exposure_unclear(requirement.id, case) if may_go_on(case) else ended
    if limited:
        return _judge_for_some(requirement, rule, case, case.follow_up)
    return _judge_open(requirement, rule, case, case.follow_up)


def _moot(requirement: Requirement, rule: Recurring, case: Case) -> Assessment | None:
    """Why a test for patients of one sex, without certain diagnoses, is not asked of this one; None when it is."""
    found = tuple(
        item.reference for item in case.timeline.conditions if item.concepts & rule.unless and not item.unsure
    )
    if found:
        return Assessment(requirement.id, Status.NOT_APPLICABLE, variant="moot", evidence=found)
    gender = _gender(case)
    if gender is not None and gender not in (rule.gender, _OTHER):
        return Assessment(requirement.id, Status.NOT_APPLICABLE, variant="others", rests_on=frozenset({Source.PATIENT}))
    return None


_OTHER = "other"  # an administrative gender that says nothing about the organ


def _gender(case: Case) -> str | None:
    """The administrative gender; None when it is not written, or written as unknown."""
    person = case.timeline.person
    return person.gender if person is not None and person.gender != "unknown" else None


def _judge_for_some(requirement: Requirement, rule: Recurring, case: Case, follow_up: FollowUp) -> Assessment:
    """Of a patient whose sex is not on record nobody can say whether the test is asked."""
    found = _judge_open(requirement, rule, case, follow_up)
    if found.status is Status.MET:
        return found
    if _gender(case) is None and found.status is not Status.CANNOT_TELL:
        return Assessment(
            requirement.id,
            Status.CANNOT_TELL,
            Reason.NOT_PROVIDED,
            variant="gender",
            evidence=found.evidence,
            rests_on=found.rests_on,
            facts=found.facts,
        )
    return found._replace(rests_on=found.rests_on | {Source.PATIENT, Source.CONDITIONS})


def _judge_open(requirement: Requirement, rule: Recurring, case: Case, follow_up: FollowUp) -> Assessment:
    done = case.tests_done(rule.test)
    last = latest(done)
    early = max([follow_up.anchor, *[item.oldest.first for item in done]])
    late = max(follow_up.anchor, last.oldest.last) if last is not None else early
    dues = [add_months(early, rule.months)]
    dues.append(add_months(late, rule.months) if late != early else dues[0])
    states = {_state(due, rule, case.as_of.today, follow_up.ends) for due in dues}
    status = states.pop() if len(states) == 1 else _worse_of(states)
    if status is Status.CANNOT_TELL:
        return Assessment(
            requirement.id,
            status,
            Reason.DATE_VAGUE,
            evidence=last.references if last else (),
            rests_on=frozenset(),
            facts={"test": rule.test.name},
        )
    return _answer(requirement, rule, case, follow_up, status, dues, last)


def _state(due: date, rule: Recurring, today: date, ends: date) -> Status:
    if due > ends:
        return Status.MET
    late = (today - due).days
    if late > rule.grace_days:
        return Status.DUE if rule.never_overdue else Status.OVERDUE
    return Status.DUE if -late <= rule.lead_days else Status.MET


def _worse_of(states: set[Status]) -> Status:
    """Two ends of a vague date: met or due is due, anything else cannot be told."""
    return Status.DUE if states == {Status.MET, Status.DUE} else Status.CANNOT_TELL


def _answer(
    requirement: Requirement,
    rule: Recurring,
    case: Case,
    follow_up: FollowUp,
    status: Status,
    dues: list[date],
    last: Done | None,
) -> Assessment:
    """`dues`: the earliest and the latest due date; they differ when the last result is not dated to the day."""
    today = case.as_of.today
    last_day = last.oldest.last if last is not None and last.oldest.is_exact_day else None
    exact, ended = dues[0] == dues[1], dues[1] > follow_up.ends
    due = dues[0] if exact and not ended else None
    late = (today - dues[1]).days if status is Status.OVERDUE else None  # at least, when the date is vague
    overdue = late if exact else None
    notes: list[Note] = []
    reason: Reason | None = None
    evidence = last.references if last else ()
    if last is not None and last.issued_only:
        notes.append(Note.ISSUED_DATE)
    since = last.oldest.last if last is not None else add_days(follow_up.anchor, -1)
    if status in (Status.DUE, Status.OVERDUE):
        wrong = wrong_tests(case, rule.test, add_days(since, 1), today)
        if wrong:
            reason, evidence = Reason.WRONG_TEST, (*evidence, *wrong)
        if pending(case, rule.test, add_days(since, 1), today):
            notes.append(Note.PRELIMINARY_EXISTS)
    ordered = already_ordered(case, rule.test)
    if ordered is not None:
        notes.append(Note.ALREADY_ORDERED)
    resting = results_of(requirement) if status is not Status.MET else frozenset()
    # Without a result since the anchor an earlier infusion would count; near the end a later one would go on.
    if last is None or last.oldest.last <= follow_up.anchor or ended:
        resting |= ADMINISTRATIONS
    facts: dict[str, Fact] = {
        "test": rule.test.name,
        "months": rule.months,
        "due": due,
        "last": last_day,
        "ends": follow_up.ends,
        "days": late,
        "ordered": ordered,
    }
    return Assessment(
        requirement.id,
        status,
        reason,
        tuple(notes),
        variant=_variant(last, ended=ended),
        due=due,
        days_overdue=overdue,
        last_done=last_day,
        evidence=evidence,
        days=late,
        rests_on=resting,
        unread=unread(case, rule.test) if status is not Status.MET else (),
        facts=facts,
    )


def _variant(last: Done | None, *, ended: bool) -> str | None:
    """What keeps the message from naming dates: a vague last result, or no further due date."""
    if last is not None and not last.oldest.is_exact_day:
        return "vague"
    return "last-one" if ended else None

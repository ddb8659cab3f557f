"""Kinds "prophylaxis-start" and "prophylaxis-duration": a drug from day 1 of each course until long enough after it.

Source: label section 2.2, the label's section on infections, and the exact readings for prophylaxis (docs/labels).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from cds_service.core.assessment import Assessment, Fact, Note, Reason, Status
from cds_service.core.case import Case
from cds_service.core.courses import Plan
from cds_service.core.dates import add_days, add_months
from cds_service.core.kinds.baseline import already_ordered
from cds_service.core.kinds.common import ADMINISTRATIONS, LABS, not_applicable
from cds_service.core.label import Prophylaxis, ProphylaxisDuration, ProphylaxisStart, Requirement
from cds_service.core.runs import Run, given_runs, is_vague, joined, spells
from cds_service.core.timeline import Measured, Source

_DRUG_SOURCES = ADMINISTRATIONS | {Source.MEDICATIONS, Source.STATEMENTS}


class _Course(NamedTuple):
    """A course, given or being ordered: day 1, its last infusion, and until when the drug is needed at least.

    `previous`: until when it was needed for the course before.
    """

    number: int
    first: date
    last: date
    needed: date
    planned: bool
    previous: date | None = None


class _Said(NamedTuple):
    """A verdict before it becomes an assessment."""

    status: Status
    reason: Reason | None = None
    notes: tuple[Note, ...] = ()
    variant: str | None = None
    run: Run | None = None
    stopped: date | None = None
    counted: Measured | None = None
    ordered: date | None = None
    rests_on: frozenset[Source] = frozenset()


_NOTHING: tuple[str, ...] = ()


def _courses(rule: Prophylaxis, case: Case) -> list[_Course]:
    found: list[_Course] = []
    for course in case.courses:
        found.append(_course(rule, course.number, (course.first, course.last), found, planned=False))
    plan = case.plan
    if plan is not None and not plan.continues:
        days = (plan.start.first, _last_day(plan))
        found.append(_course(rule, plan.course, days, found, planned=True))
    return found


def _course(
    rule: Prophylaxis, number: int, days: tuple[date, date], before: list[_Course], *, planned: bool
) -> _Course:
    previous = before[-1].needed if before else None
    return _Course(number, *days, add_months(days[1], rule.months), planned, previous)


def _last_day(plan: Plan) -> date:
    return plan.date_of(plan.planned_days[-1])


class _Runs(NamedTuple):
    """The runs of the drug, with vague dates read the longest and the shortest way, and of drugs that may serve."""

    longest: list[Run]
    shortest: list[Run]
    unclear: list[Run]


def _runs(rule: Prophylaxis, case: Case, course: _Course) -> _Runs:
    """Worked out once for all courses given, and once for the one being ordered."""
    key = (rule.concepts, course.planned)
    known = case.runs.get(key)
    if not isinstance(known, _Runs):
        known = case.runs[key] = _put_together(rule, case, course)
    return known


def _put_together(rule: Prophylaxis, case: Case, course: _Course) -> _Runs:
    timeline, today = case.timeline, case.as_of.today
    said = spells(timeline, rule.concepts, today, drafts=course.planned)
    found, unsure = [spell for spell in said if not spell.unsure], [spell for spell in said if spell.unsure]
    given = given_runs(timeline.administrations, rule.concepts, today)
    undated = course.first if course.planned else None
    longest = joined(found, given, longest=True, undated=undated)
    vague = any(is_vague(spell) for spell in found)
    shortest = joined(found, given, longest=False, undated=undated) if vague else longest
    others = [
        *unsure,
        *(
            spell
            for spell in spells(timeline, rule.unclear, today, drafts=course.planned)
            if not any(spell.reference in run.references for run in longest)
        ),
    ]
    other_given = given_runs(
        (item for item in timeline.administrations if not item.concepts & rule.concepts), rule.unclear, today
    )
    return _Runs(longest, shortest, joined(others, other_given, longest=True, undated=undated))


# --- from day 1 on ----------------------------------------------------------------------------------------------------


def judge_start(requirement: Requirement, rule: ProphylaxisStart, case: Case) -> Iterator[Assessment]:
    """One answer per course: whether the drug was running (or is planned to run) on its day 1."""
    courses = _courses(rule.prophylaxis, case)
    if not courses:
        yield not_applicable(requirement.id)
    for course in courses:
        runs = _runs(rule.prophylaxis, case, course)
        said = _start(runs.longest, course)
        if runs.shortest is not runs.longest and not _same(said, _start(runs.shortest, course)):
            said = _Said(Status.CANNOT_TELL, Reason.DATE_VAGUE, run=said.run)
        if said.status not in (Status.MET, Status.CANNOT_TELL) and any(
            run.covers(course.first) for run in runs.unclear
        ):
            covering = next(run for run in runs.unclear if run.covers(course.first))
            said = _Said(Status.CANNOT_TELL, None, (Note.VERIFY,), "unclear", covering)
        yield _assessment(requirement, rule.prophylaxis, case, course, said)._replace(
            event=None if course.planned else course.last
        )


def _same(one: _Said, other: _Said) -> bool:
    return (one.status, one.reason, one.variant) == (other.status, other.reason, other.variant)


def _start(runs: list[Run], course: _Course) -> _Said:
    covering = next((run for run in runs if run.covers(course.first)), None)
    if covering is not None:
        return _Said(Status.MET, run=covering, rests_on=ADMINISTRATIONS)
    perhaps = next((run for run in runs if _may_cover(run, course)), None)
    if perhaps is not None:
        return _Said(Status.CANNOT_TELL, Reason.DATE_VAGUE, run=perhaps)
    late = next((run for run in runs if run.start is not None and course.first < run.start <= course.needed), None)
    if late is not None:
        return _Said(Status.VIOLATED, Reason.LATE, run=late, rests_on=_DRUG_SOURCES)
    return _Said(Status.MISSING, rests_on=_DRUG_SOURCES)


def _may_cover(run: Run, course: _Course) -> bool:
    """A run without a start, or one that ended nobody knows when, begun before that day."""
    if run.start is None:
        return True
    return run.lost and run.start < course.first and _is_of_this_course(run.start, course)


def _is_of_this_course(start: date, course: _Course) -> bool:
    """A run whose end nobody knows says nothing about a later course than the one it began for."""
    return start <= course.needed and (course.previous is None or start > course.previous)


# --- long enough ------------------------------------------------------------------------------------------------------


def judge_duration(requirement: Requirement, rule: ProphylaxisDuration, case: Case) -> Iterator[Assessment]:
    """One answer per course: whether the drug went on (or is planned to go on) until it may end."""
    courses = _courses(rule.prophylaxis, case)
    if not courses:
        yield not_applicable(requirement.id)
    for course in courses:
        runs = _runs(rule.prophylaxis, case, course)
        said = _duration(runs.longest, rule.prophylaxis, case, course)
        if runs.shortest is not runs.longest:
            other = _duration(runs.shortest, rule.prophylaxis, case, course)
            if not _same(said, other):
                said = _Said(Status.CANNOT_TELL, Reason.DATE_VAGUE, run=said.run)
        if said.status is Status.NOT_APPLICABLE and any(run.covers(course.first) for run in runs.unclear):
            said = _Said(Status.CANNOT_TELL, None, (Note.VERIFY,), "unclear", runs.unclear[0])
        answer = _assessment(requirement, rule.prophylaxis, case, course, said)
        yield answer if course.planned else answer._replace(event=_over(said, course))


def _over(said: _Said, course: _Course) -> date | None:
    """The day an answer fades from: the stop it speaks of, else the day the drug was needed to; a reminder never."""
    if said.status is Status.DUE:
        return None
    return max(course.last, said.stopped) if said.status is Status.VIOLATED and said.stopped else course.needed


def _duration(runs: list[Run], rule: Prophylaxis, case: Case, course: _Course) -> _Said:
    known = [run for run in runs if not run.lost and run.start is not None and _belongs(run, course)]
    unknown = [run for run in runs if (run.lost or run.start is None) and _may_belong(run, course)]
    if not known and not unknown:
        return _Said(Status.NOT_APPLICABLE, variant="none", rests_on=_DRUG_SOURCES)
    said = _ran(known[0], rule, case, course) if known else _Said(Status.CANNOT_TELL, Reason.DATE_VAGUE, run=unknown[0])
    if unknown and said.status is Status.VIOLATED and said.reason is not Reason.CD4_NOT_SHOWN:
        return _Said(Status.CANNOT_TELL, Reason.DATE_VAGUE, run=unknown[0])
    return said


def _belongs(run: Run, course: _Course) -> bool:
    """Begun by two months after the course, and not over before its day 1."""
    started = run.start is not None and run.start <= course.needed
    return started and (run.end is None or run.end >= course.first)


def _may_belong(run: Run, course: _Course) -> bool:
    return run.start is None or _is_of_this_course(run.start, course)


def _ran(run: Run, rule: Prophylaxis, case: Case, course: _Course) -> _Said:
    end, today = run.end, case.as_of.today
    if course.planned:
        if end is not None and end < course.needed:
            return _Said(
                Status.VIOLATED, Reason.PLANNED_TOO_SHORT, variant="order", run=run, stopped=end, rests_on=_DRUG_SOURCES
            )
        return _Said(Status.MET, variant="order", run=run, rests_on=ADMINISTRATIONS)
    if end is None or end > today:
        return _running(run, rule, case, course)
    if end < course.needed:
        return _Said(Status.VIOLATED, run=run, stopped=end, rests_on=_DRUG_SOURCES)
    return _stopped(run, rule, case, course, end)


def _running(run: Run, rule: Prophylaxis, case: Case, course: _Course) -> _Said:
    """Still running: the count is asked for from some days before the earliest end on."""
    if case.deceased:
        return _Said(Status.NOT_APPLICABLE, variant="deceased", run=run)
    count = _last_count(rule, case, course, case.as_of.today)
    if case.as_of.today < add_days(course.needed, -rule.lead_days) or _is_enough(count, rule):
        return _Said(Status.MET, variant="running", run=run, counted=count, rests_on=ADMINISTRATIONS)
    ordered = already_ordered(case, rule.count_test)
    notes = (Note.ALREADY_ORDERED,) if ordered is not None else ()
    variant = "low-count" if count is not None and count.is_below(rule.least_count) else None
    return _Said(Status.DUE, None, notes, variant, run, counted=count, ordered=ordered, rests_on=ADMINISTRATIONS | LABS)


def _stopped(run: Run, rule: Prophylaxis, case: Case, course: _Course, end: date) -> _Said:
    """Stopped after the least time: a count up to then must have allowed it."""
    sure = _last_count(rule, case, course, end)
    perhaps = _last_count(rule, case, course, end, vague=True)
    if perhaps is not sure and _is_enough(perhaps, rule) != _is_enough(sure, rule):
        return _Said(
            Status.CANNOT_TELL, Reason.DATE_VAGUE, variant="count-vague", run=run, stopped=end, counted=perhaps
        )
    resting = ADMINISTRATIONS | LABS
    if sure is None:
        resting = _DRUG_SOURCES | LABS
        return _Said(Status.VIOLATED, Reason.CD4_NOT_SHOWN, run=run, stopped=end, rests_on=resting)
    if sure.is_below(rule.least_count) is None:
        return _Said(Status.CANNOT_TELL, Reason.UNREADABLE, variant="count", run=run, stopped=end, counted=sure)
    if _is_enough(sure, rule):
        return _Said(Status.MET, variant="stopped", run=run, stopped=end, counted=sure, rests_on=ADMINISTRATIONS)
    return _Said(
        Status.VIOLATED, variant="low-count", run=run, stopped=end, counted=sure, rests_on=_DRUG_SOURCES | LABS
    )


def _is_enough(count: Measured | None, rule: Prophylaxis) -> bool:
    return count is not None and count.is_below(rule.least_count) is False


def _last_count(rule: Prophylaxis, case: Case, course: _Course, until: date, *, vague: bool = False) -> Measured | None:
    """The latest count after the course's last infusion and not after that day; `vague`: also one that may be."""
    measured = case.timeline.measured
    counts = [item for concept in sorted(rule.counted) for item in measured.get(concept, ())] if measured else []
    if vague:
        within = [item for item in counts if item.when.last > course.last and item.when.first <= until]
    else:
        within = [item for item in counts if item.when.first > course.last and item.when.last <= until]
    return max(within, key=_by_date, default=None)


def _written(count: Measured) -> str:
    """A count as it was written, bound included."""
    return f"{count.bound or ''}{count.amount.normalize():f}" if count.amount is not None else ""


def _by_date(item: Measured) -> tuple[date, date, float, str]:
    instant = item.when.instant.timestamp() if item.when.instant is not None else 0.0
    return item.when.last, item.when.first, instant, item.reference


# --- both -------------------------------------------------------------------------------------------------------------


def _assessment(requirement: Requirement, rule: Prophylaxis, case: Case, course: _Course, said: _Said) -> Assessment:
    run, count = said.run, said.counted
    references = (*(run.references if run is not None else _NOTHING), *((count.reference,) if count else _NOTHING))
    facts: dict[str, Fact] = {
        "course": course.number,
        "day_one": course.first,
        "started": run.start if run is not None else None,
        "stopped": said.stopped,
        "needed": course.needed,
        "count": _written(count) if count is not None and count.amount is not None else None,
        "counted_on": count.when.last if count is not None else None,
        "least": str(rule.least_count),
        "months": rule.months,
        "ordered": said.ordered,
    }
    variant = said.variant or ("order" if course.planned else None)
    notes = (*said.notes, Note.MATCHED_BY_TEXT) if run is not None and run.by_text else said.notes
    return Assessment(
        requirement.id,
        said.status,
        said.reason,
        notes,
        variant=variant,
        course=course.number,
        due=course.needed if said.status is Status.DUE else None,
        evidence=tuple(dict.fromkeys(references)),
        planned=course.planned,
        rests_on=said.rests_on,
        unread=_unread(case, rule, said),
        facts=facts,
    )


def _unread(case: Case, rule: Prophylaxis, said: _Said) -> tuple[str, ...]:
    """Unreadable resources that could change an answer resting on the absence of a run or a count."""
    unread = case.timeline.unread
    if not unread or not said.rests_on - ADMINISTRATIONS:
        return ()
    concepts = rule.concepts | rule.counted if said.rests_on & LABS else rule.concepts
    return tuple(dict.fromkeys(ref for concept in sorted(concepts) for ref in unread.get(concept, ())))

"""Kind "observation": so many hours under observation after each infusion, by the visit in which it was given.

Source: label boxed warning and section 5.2, and the readings for discharge (docs/labels).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from cds_service.core.assessment import Assessment, Fact, Note, Reason, Status
from cds_service.core.case import Case
from cds_service.core.dates import When, starts_before
from cds_service.core.exposure import InfusionDay
from cds_service.core.hooks import DISCHARGE
from cds_service.core.kinds.common import ADMINISTRATIONS, not_applicable
from cds_service.core.label import Requirement
from cds_service.core.label_patients import Observation
from cds_service.core.timeline import Source, Visit

_ENCOUNTERS = frozenset({Source.ENCOUNTERS})
_SOURCES = ADMINISTRATIONS | _ENCOUNTERS


class _Infusion(NamedTuple):
    """The infusion of a day: its first start, its last end as charted, and why that may not be all (None: it is)."""

    start: When
    ended: datetime | None
    unknown: str | None


class _Answer(NamedTuple):
    status: Status
    variant: str | None = None
    reason: Reason | None = None
    notes: tuple[Note, ...] = ()
    rests_on: frozenset[Source] = _SOURCES
    visit: Visit | None = None


def judge(requirement: Requirement, rule: Observation, case: Case) -> Iterator[Assessment]:
    """One answer per infusion day. At discharge only the infusion of that day is asked about."""
    if not case.courses and case.plan is None:
        yield not_applicable(requirement.id)
    for course in case.courses:
        for number, day in enumerate(course.days, start=1):
            yield _of_day(requirement, rule, case, (course.number, number), day)
    plan = case.plan
    if plan is not None and not plan.continues:
        yield not_applicable(requirement.id, course=plan.course, variant="order")


def _of_day(
    requirement: Requirement, rule: Observation, case: Case, place: tuple[int, int], day: InfusionDay
) -> Assessment:
    infusion = _infusion(day)
    until = _later(infusion.ended, rule.hours) if infusion.ended is not None else None
    answer = _at_discharge(case, day, until) or _by_visits(case, infusion, until)
    course, number = place
    facts: dict[str, Fact] = {"date": day.date, "course": course, "day": number, "hours": rule.hours}
    if until is not None and infusion.ended is not None:
        facts |= {"ended": _clock(infusion.ended, until), "until": _clock(until, until)}
        end = answer.visit.end if answer.visit is not None else None
        if end is not None:
            facts |= {"left": _clock(end.instant, until) if end.instant is not None else None, "left_on": end.last}
    return Assessment(
        requirement.id,
        answer.status,
        answer.reason,
        answer.notes,
        variant=answer.variant,
        course=course,
        day=number,
        evidence=(*day.references, *([answer.visit.reference] if answer.visit is not None else [])),
        event=day.date,
        rests_on=answer.rests_on,
        facts=facts,
    )


def _later(moment: datetime, hours: int) -> datetime | None:
    try:
        return moment + timedelta(hours=hours)
    except OverflowError:  # beyond the end of the calendar
        return None


def _as_written(moment: datetime, like: datetime) -> datetime:
    """The moment in the offset of another one."""
    try:
        return moment.astimezone(like.tzinfo)
    except OverflowError:  # beyond the ends of the calendar
        return moment


def _clock(moment: datetime, like: datetime) -> str:
    """`15:40`, in the offset of another moment."""
    return f"{_as_written(moment, like):%H:%M}"


def _infusion(day: InfusionDay) -> _Infusion:
    """The day's first start and last end. A record that ends before it starts, as charted, has no end."""
    ends: list[datetime] = []
    unknown: str | None = None
    for record in day.records:
        start = record.start.instant if record.start is not None else None
        end = record.end.instant if record.end is not None else None
        if end is not None and start is not None and end < start:
            unknown = "backwards"
        elif end is None:
            unknown = unknown or "no-time"
        else:
            ends.append(end)
    return _Infusion(day.start, max(ends, default=None), unknown)


# --- at discharge -----------------------------------------------------------------------------------------------------


def _at_discharge(case: Case, day: InfusionDay, until: datetime | None) -> _Answer | None:
    """What the moment of discharge says by itself; None where the visits are to be asked."""
    if case.hook != DISCHARGE:
        return None
    now = case.as_of.instant
    if now is not None and until is not None and now < until:
        return _Answer(Status.VIOLATED, "discharge", rests_on=frozenset())
    here = _as_written(now, until).date() if now is not None and until is not None else case.as_of.today
    if day.date not in (here, case.as_of.today):
        return _Answer(Status.NOT_APPLICABLE, "another-day", rests_on=ADMINISTRATIONS)
    return None


# --- by the visit -----------------------------------------------------------------------------------------------------


def _by_visits(case: Case, infusion: _Infusion, until: datetime | None) -> _Answer:
    """What the visits in which the infusion was given say; of several the one that went on longest.

    A stay that began on an earlier day may be an account that is merely kept open: against the visit of the day itself
    it decides nothing.
    """
    is_discharge = case.hook == DISCHARGE
    visits = [visit for visit in case.timeline.visits if visit.start is not None or visit.end is not None]
    visits.sort(key=_by_reference)
    holding = _holding(visits, infusion)
    near = [visit for visit in holding if visit.start is not None and visit.start.first == infusion.start.first]
    near = _with_following(visits, near)
    decisive, others = (near, [item for item in holding if item not in near]) if near else (holding, [])
    if not decisive:
        return _without_visit(case)
    lasted = [_lasted(visit, infusion, until, is_discharge=is_discharge) for visit in decisive]
    if True in lasted:
        visit = decisive[lasted.index(True)]
        return _Answer(
            Status.MET, "open" if visit.open else None, rests_on=ADMINISTRATIONS if near else _SOURCES, visit=visit
        )
    doubtful = [visit for visit, result in zip(decisive, lasted, strict=True) if result is None]
    doubtful += [item for item in others if _lasted(item, infusion, until, is_discharge=is_discharge) is not False]
    if not doubtful:
        visit = max(decisive, key=_end_of)
        is_timed = visit.end is not None and visit.end.instant is not None
        return _Answer(Status.VIOLATED, "left" if is_timed else "left-day", visit=visit)
    if infusion.unknown is not None:
        reason = Reason.UNREADABLE if infusion.unknown == "backwards" else Reason.DATE_VAGUE
        return _Answer(Status.CANNOT_TELL, infusion.unknown, reason, visit=doubtful[0])
    return _Answer(Status.CANNOT_TELL, "no-visit-end", Reason.DATE_VAGUE, visit=doubtful[0])


def _without_visit(case: Case) -> _Answer:
    """No visit on record holds the infusion. One without any time may; at discharge its absence is no answer."""
    unplaced = [visit for visit in case.timeline.visits if visit.start is None and visit.end is None]
    closed = min((visit for visit in unplaced if not visit.open), key=_by_reference, default=None)
    if closed is not None:
        return _Answer(Status.CANNOT_TELL, "no-visit-end", Reason.DATE_VAGUE, visit=closed)
    if case.hook != DISCHARGE:
        return _Answer(Status.NOT_APPLICABLE, "no-visit", notes=(Note.NO_ENCOUNTER_DATA,))
    gap = case.timeline.gaps.get(Source.ENCOUNTERS)
    if gap is not None:
        return _Answer(Status.CANNOT_TELL, None, Reason(gap.value), (Note.NO_ENCOUNTER_DATA,), _ENCOUNTERS)
    return _Answer(Status.CANNOT_TELL, "no-visit", Reason.NOT_PROVIDED, (Note.NO_ENCOUNTER_DATA,))


def _lasted(visit: Visit, infusion: _Infusion, until: datetime | None, *, is_discharge: bool) -> bool | None:
    """Whether the visit went on long enough, one that still goes on included; None when that cannot be told.

    At discharge the patient leaves now, not before `until` (that is known by then), and an open visit ends with it.
    """
    if visit.open and not is_discharge:
        return True
    if until is None or visit.unsure:
        return None
    ends_early = None if visit.end is None else starts_before(visit.end, When(until.date(), until.date(), until))
    if visit.open:
        ends_early = False
    if ends_early is False and infusion.unknown is not None:
        return None
    return None if ends_early is None else not ends_early


def _by_reference(visit: Visit) -> str:
    return visit.reference


def _end_of(visit: Visit) -> tuple[int, float]:
    end = visit.end
    if end is None:
        return 0, 0.0
    return end.last.toordinal(), end.instant.timestamp() if end.instant is not None else 0.0


# --- which visit ------------------------------------------------------------------------------------------------------


def _holding(visits: list[Visit], infusion: _Infusion) -> list[Visit]:
    """The visits that hold the infusion's start, else those that began while it ran (registered late)."""
    found = [visit for visit in visits if _holds(visit, infusion.start)]
    if found or infusion.ended is None:
        return found
    last = When(infusion.ended.date(), infusion.ended.date(), infusion.ended)
    return [
        visit
        for visit in visits
        if visit.start is not None
        and starts_before(infusion.start, visit.start) is True
        and starts_before(last, visit.start) is False
    ]


def _holds(visit: Visit, moment: When) -> bool:
    """Whether the visit covers the moment; where a side has no time, whether it covers the day."""
    if visit.start is None:
        return (
            visit.end is not None and visit.end.first == moment.first and starts_before(visit.end, moment) is not True
        )
    if starts_before(moment, visit.start) is True:
        return False
    if visit.end is None and not visit.open:  # over since nobody knows when: that day, as far as is known
        return visit.start.first <= moment.first <= visit.start.last
    return visit.end is None or starts_before(visit.end, moment) is not True


def _with_following(visits: list[Visit], found: list[Visit]) -> list[Visit]:
    """These visits, and those into which the patient went on from them without leaving."""
    found = list(found)
    grown = True
    while grown and found:
        more = [visit for visit in visits if visit not in found and any(_goes_on_in(held, visit) for held in found)]
        found += more
        grown = bool(more)
    return found


def _goes_on_in(visit: Visit, following: Visit) -> bool:
    """Whether the second visit had begun when the first one ended, on the same day, and went on."""
    if visit.end is None or visit.end.instant is None or following.start is None or following.start.instant is None:
        return False
    begins, ends = following.start, following.end.instant if following.end is not None else None
    is_near = visit.start is not None and begins.first >= visit.start.first
    goes_on = following.open or (ends is not None and ends > visit.end.instant)
    return is_near and begins.instant is not None and begins.instant <= visit.end.instant and goes_on

"""Kinds "consecutive-days" and "infusion-duration": infusion days in a row, and how long and where each infusion ran.

Source: label sections 2.3 and 2.5 and the exact readings for courses (docs/labels).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from cds_service.core.assessment import Assessment, Fact, Reason, Status
from cds_service.core.case import Case
from cds_service.core.courses import Course, Plan
from cds_service.core.dates import ONE_DAY
from cds_service.core.exposure import InfusionDay
from cds_service.core.kinds.common import ADMINISTRATIONS, not_applicable
from cds_service.core.kinds.dosing import may_hold_more
from cds_service.core.label import InfusionDuration, Requirement
from cds_service.core.timeline import Exposure, Route

_OWN_ROUTES = frozenset({None, Route.INTRAVENOUS})


def judge_consecutive_days(requirement: Requirement, case: Case) -> Iterator[Assessment]:
    """One answer per course given: whether its infusion days are calendar days in a row."""
    if not case.courses and case.plan is None:
        yield not_applicable(requirement.id)
    for course in case.courses:
        yield _in_a_row(requirement, case, course)
    plan = case.plan
    if plan is not None and not plan.continues:
        yield not_applicable(requirement.id, course=plan.course, variant="order")


def _in_a_row(requirement: Requirement, case: Case, course: Course) -> Assessment:
    gaps = [
        (earlier.date, later.date) for earlier, later in pairwise(course.days) if later.date - earlier.date > ONE_DAY
    ]
    status, reason = Status.VIOLATED if gaps else Status.MET, None
    if len(course.days) == 1 and not may_hold_more(case, course):
        status = Status.MET
    elif may_hold_more(case, course):
        status, reason = Status.CANNOT_TELL, Reason.EXPOSURE_UNCLEAR
    facts: dict[str, Fact] = {"course": course.number, "count": len(course.days)}
    if gaps:
        facts |= {"before": gaps[0][0], "after": gaps[0][1], "gaps": len(gaps)}
    return Assessment(
        requirement.id,
        status,
        reason,
        course=course.number,
        evidence=tuple(reference for day in course.days for reference in day.references),
        event=course.last,
        rests_on=ADMINISTRATIONS,
        facts=facts,
    )


def judge_duration(requirement: Requirement, rule: InfusionDuration, case: Case) -> Iterator[Assessment]:
    """One answer per infusion day, given or being ordered."""
    if not case.courses and case.plan is None:
        yield not_applicable(requirement.id)
    for course in case.courses:
        for number, day in enumerate(course.days, start=1):
            yield _given(requirement, rule, (course.number, number), day)
    if case.plan is not None:
        yield from _planned(requirement, case.plan)


def _given(requirement: Requirement, rule: InfusionDuration, place: tuple[int, int], day: InfusionDay) -> Assessment:
    course, number = place
    minutes, unknown = _minutes(day)
    status, reason, variant = Status.MET, None, None
    if any(record.route not in _OWN_ROUTES for record in day.records):
        status, variant = Status.VIOLATED, "route"
    elif unknown == "backwards":
        status, reason = Status.CANNOT_TELL, Reason.UNREADABLE
    elif unknown is not None:
        status, variant = Status.NOT_APPLICABLE, unknown
    elif minutes < rule.least_minutes:
        status, variant = Status.VIOLATED, "short"
    return Assessment(
        requirement.id,
        status,
        reason,
        variant=variant,
        course=course,
        day=number,
        evidence=day.references,
        event=day.date,
        rests_on=frozenset() if variant == "route" else ADMINISTRATIONS,
        facts={
            "date": day.date,
            "course": course,
            "day": number,
            "hours": rule.hours,
            "time": _duration_text(minutes),
        },
    )


def _minutes(day: InfusionDay) -> tuple[int, str | None]:
    """Minutes from the day's first start to its last end, or why they cannot be told."""
    if not all(record.exposure is Exposure.GIVEN for record in day.records):
        return 0, "not-completed"
    starts: list[datetime] = []
    ends: list[datetime] = []
    for record in day.records:
        start = record.start.instant if record.start is not None else None
        end = record.end.instant if record.end is not None else None
        if start is None or end is None:
            return 0, "no-times"
        if end < start:
            return 0, "backwards"
        starts.append(start)
        ends.append(end)
    return int((max(ends) - min(starts)).total_seconds() // 60), None


def _duration_text(minutes: int) -> str:
    """`3 h 10 min`."""
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def _planned(requirement: Requirement, plan: Plan) -> Iterator[Assessment]:
    """Of an order only its route is judged; how long the infusion will run is not known yet."""
    elsewhere = tuple(order.reference for order in plan.orders if order.route not in _OWN_ROUTES)
    for number in plan.planned_days:
        yield Assessment(
            requirement.id,
            Status.VIOLATED if elsewhere else Status.NOT_APPLICABLE,
            variant="order-route" if elsewhere else "order",
            course=plan.course,
            day=number,
            evidence=elsewhere or plan.references,
            planned=True,
            facts={"course": plan.course, "day": number, "date": plan.date_of(number)},
        )

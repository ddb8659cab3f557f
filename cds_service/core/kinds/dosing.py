"""Kinds "daily-dose", "course-length" and "course-interval": how much, how many days, how far apart.

Source: label section 2.3 and the exact readings for courses (docs/labels).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from cds_service.core.assessment import Assessment, Fact, Note, Reason, Status
from cds_service.core.case import Case
from cds_service.core.courses import Course, Plan, days_of_order
from cds_service.core.dates import When, add_days, add_months
from cds_service.core.exposure import InfusionDay, milligrams
from cds_service.core.kinds.common import ADMINISTRATIONS, not_applicable
from cds_service.core.label import CourseInterval, CourseLength, Product, Requirement


def judge_daily_dose(requirement: Requirement, case: Case) -> Iterator[Assessment]:
    """One answer per infusion day, given or being ordered."""
    if not case.courses and case.plan is None:
        yield not_applicable(requirement.id)
    labeled = _amount(case.label.product.daily_mg)
    for course in case.courses:
        for number, day in enumerate(course.days, start=1):
            yield _given_dose(requirement, case, (course.number, number), day, labeled)
    if case.plan is not None:
        yield from _planned_doses(requirement, case, case.plan)


def _given_dose(
    requirement: Requirement, case: Case, place: tuple[int, int], day: InfusionDay, labeled: str
) -> Assessment:
    product, (course, number) = case.label.product, place
    facts: dict[str, Fact] = {
        "dose": _amount(day.known_mg),
        "date": day.date,
        "labeled": labeled,
        "course": course,
        "day": number,
    }
    status, reason, variant = Status.MET, None, None
    if day.same_order_repeated:
        status, reason = Status.CANNOT_TELL, Reason.SAME_ORDER_REPEATED
    elif day.known_mg > product.high:
        status, variant = Status.VIOLATED, "too-high"
    elif day.total_mg is None:
        status, reason = Status.CANNOT_TELL, Reason.UNREADABLE
        if all(record.dose is None for record in day.records):
            variant = "absent"
    elif day.total_mg < product.low:
        if day.whole:
            status, variant = Status.VIOLATED, "too-low"
        else:
            status, reason = Status.NOT_APPLICABLE, Reason.PARTIAL_DOSE
    settled = status is Status.VIOLATED and variant == "too-high"
    return Assessment(
        requirement.id,
        status,
        reason,
        tuple([note for note in day.notes if note is not Note.MATCHED_BY_TEXT]),
        variant=variant,
        course=course,
        day=number,
        evidence=day.references,
        event=day.date,
        rests_on=frozenset() if settled else ADMINISTRATIONS,
        facts=facts,
    )


def _planned_doses(requirement: Requirement, case: Case, plan: Plan) -> Iterator[Assessment]:
    if not plan.orders:
        yield not_applicable(requirement.id, course=plan.course, variant="appointment")
        return
    for number in plan.planned_days:
        yield _planned_dose(requirement, case, plan, number)


def _planned_dose(requirement: Requirement, case: Case, plan: Plan, number: int) -> Assessment:
    product, day = case.label.product, plan.date_of(number)
    amounts = _amounts_of_day(plan, product, day)
    known = [amount for amount in amounts if amount is not None]
    worst = max(known, default=None)
    low = min(known, default=None)
    status, reason, variant = Status.MET, None, None
    shown = worst
    if worst is not None and worst > product.high:
        status, variant = Status.VIOLATED, "order-too-high"
    elif len(known) < len(amounts):
        status, reason, variant = Status.CANNOT_TELL, Reason.UNREADABLE, "order-unreadable"
    elif low is not None and low < product.low:
        status, variant, shown = Status.VIOLATED, "order-too-low", low
    return Assessment(
        requirement.id,
        status,
        reason,
        variant=variant or "order",
        course=plan.course,
        day=number,
        evidence=plan.references,
        planned=True,
        facts={
            "dose": _amount(shown) if shown is not None else None,
            "labeled": _amount(product.daily_mg),
            "course": plan.course,
            "first": case.label.courses.first_length,
            "later": case.label.courses.later_length,
            "date": day,
            "day": number,
        },
    )


def _amounts_of_day(plan: Plan, product: Product, day: date) -> list[Decimal | None]:
    """What the orders give that day: together those that name the day, each by itself those that name no planned day.

    Never empty: where no order names the day (a booking on another day), each counts by itself.
    """
    planned = {plan.date_of(number) for number in plan.planned_days}
    apart: list[Decimal | None] = []
    together: list[Decimal | None] = []
    for order in plan.orders:
        amount, days = milligrams(order.daily_dose, order.concepts, product), days_of_order(order)
        if days is None or not days & planned:
            apart.append(amount)
        elif day in days:
            together.append(amount)
    if not apart and not together:
        return [milligrams(order.daily_dose, order.concepts, product) for order in plan.orders]
    known = [amount for amount in together if amount is not None]
    total = sum(known, Decimal(0))
    if len(known) < len(together) and total <= product.high:
        return [*apart, None]
    return [*apart, total] if together else apart


def _amount(mg: Decimal) -> str:
    return f"{mg.normalize():f}"


def judge_length(requirement: Requirement, rule: CourseLength, case: Case) -> Iterator[Assessment]:
    """One answer per course; an order that continues a course is counted with it."""
    plan = case.plan
    if not case.courses and plan is None:
        yield not_applicable(requirement.id)
    for course in case.courses:
        if plan is not None and plan.continues and plan.course == course.number:
            yield _planned_length(requirement, plan, len(course.days), doubtful=may_hold_more(case, course))
        else:
            yield _given_length(requirement, rule, case, course)
    if plan is not None and not plan.continues:
        yield _planned_length(requirement, plan, 0, doubtful=False)


def _given_length(requirement: Requirement, rule: CourseLength, case: Case, course: Course) -> Assessment:
    expected = case.label.courses.length_of(course.number)
    count = len(course.days)
    waited = (case.as_of.today - course.last).days
    reason = None
    if count > expected:
        status = Status.VIOLATED
    elif may_hold_more(case, course):
        status, reason = Status.CANNOT_TELL, Reason.EXPOSURE_UNCLEAR
    elif count == expected:
        status = Status.MET
    elif waited > rule.wait_days:
        status, reason = Status.MISSING, Reason.INCOMPLETE_COURSE
    else:
        status = Status.DUE
    return Assessment(
        requirement.id,
        status,
        reason,
        (Note.RESUMED_COURSE,) if course.resumed else (),
        course=course.number,
        evidence=tuple(reference for day in course.days for reference in day.references),
        event=course.last,
        rests_on=frozenset() if status is Status.VIOLATED else ADMINISTRATIONS,
        facts={
            "count": count,
            "expected": expected,
            "course": course.number,
            "last": course.last,
            "days": waited,
        },
    )


def may_hold_more(case: Case, course: Course) -> bool:
    """An administration nobody can place may be another infusion day of this course."""
    reach = case.label.courses.gap_days
    first, last = add_days(course.first, -reach), add_days(course.last, reach)
    return any(
        doubt.when is None or (doubt.when.first <= last and doubt.when.last >= first) for doubt in case.exposures.doubts
    )


def _planned_length(requirement: Requirement, plan: Plan, given: int, *, doubtful: bool) -> Assessment:
    total = given + (plan.day_count or 0)
    reason = None
    if plan.day_count is None:
        status = Status.DUE if given < plan.length else Status.VIOLATED
        total = max(total, given + 1)
    elif total > plan.length:
        status = Status.VIOLATED
    else:
        status = Status.MET if total == plan.length else Status.DUE
    if doubtful and status is not Status.VIOLATED:
        status, reason = Status.CANNOT_TELL, Reason.EXPOSURE_UNCLEAR
    return Assessment(
        requirement.id,
        status,
        reason,
        variant="order-unknown" if plan.day_count is None and status is Status.DUE else "order",
        course=plan.course,
        evidence=plan.references,
        planned=True,
        rests_on=frozenset() if status is Status.VIOLATED else ADMINISTRATIONS,
        facts={
            "count": total,
            "given": given,
            "expected": plan.length,
            "course": plan.course,
            "date": plan.start.first,
        },
    )


def judge_interval(requirement: Requirement, rule: CourseInterval, case: Case) -> Iterator[Assessment]:
    """One answer per course; the first course has nothing to keep distance from."""
    plan = case.plan
    if not case.courses and plan is None:
        yield not_applicable(requirement.id)
    for index, course in enumerate(case.courses):
        if index == 0:
            yield Assessment(
                requirement.id, Status.NOT_APPLICABLE, course=1, variant="first-course", rests_on=ADMINISTRATIONS
            )
        else:
            answer = _interval(requirement, rule, case.courses[:index], course.days[0].start)
            evidence = (*case.courses[index - 1].days[-1].references, *course.days[0].references)
            yield answer._replace(event=course.last, evidence=evidence)
    if plan is not None and not plan.continues:
        if not case.courses:
            yield Assessment(
                requirement.id,
                Status.NOT_APPLICABLE,
                course=1,
                variant="first-course",
                planned=True,
                rests_on=ADMINISTRATIONS,
            )
        else:
            answer = _interval(requirement, rule, case.courses, plan.start)
            evidence = (*case.courses[-1].days[-1].references, *plan.references)
            yield answer._replace(planned=True, evidence=evidence)


def _interval(requirement: Requirement, rule: CourseInterval, earlier: tuple[Course, ...], start: When) -> Assessment:
    prior = earlier[-1]
    number = prior.number + 1
    from_last = add_months(prior.last, rule.months)
    earliest = add_months(prior.first, rule.months) if number == 2 else from_last
    status, reason = Status.MET, None
    notes: tuple[Note, ...] = ()
    if start.last < earliest:
        status = Status.VIOLATED
    elif start.first < earliest:
        status, reason = Status.CANNOT_TELL, Reason.DATE_VAGUE
    elif start.first < from_last:
        notes = (Note.ANCHOR_UNCLEAR,)
    return Assessment(
        requirement.id,
        status,
        reason,
        notes,
        course=number,
        days=_days_early(earliest, start.first) if status is Status.VIOLATED else None,
        rests_on=ADMINISTRATIONS,
        facts={
            "course": number,
            "date": start.first,
            "earliest": earliest,
            "safest": from_last,
            "prior_first": prior.first,
            "prior_last": prior.last,
            "days": _days_early(earliest, start.first),
            "months": rule.months,
        },
    )


def _days_early(earliest: date, start: date) -> int:
    return (earliest - start).days

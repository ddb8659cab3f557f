"""Kind "premedication": enough of an equivalent drug before the infusion on the first days of every course.

Source: label sections 2.2 and 5.2 and the exact readings for premedication (docs/labels).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from cds_service.core.assessment import Assessment, Fact, Note, Reason, Status
from cds_service.core.case import Case
from cds_service.core.courses import Plan
from cds_service.core.dates import AsOf, starts_before
from cds_service.core.exposure import InfusionDay, latest_versions
from cds_service.core.kinds.common import ADMINISTRATIONS, not_applicable
from cds_service.core.label import Agent, Premedication, Requirement
from cds_service.core.timeline import Administration, DrugOrder, Exposure, Route, Source

_COUNTING_ROUTES = frozenset({None, Route.INTRAVENOUS, Route.ORAL, Route.INTRAMUSCULAR})
_SETTLING_ROUTES = frozenset({Route.INTRAVENOUS, Route.ORAL})


class Given(NamedTuple):
    """One premedication record of the day: its equivalent dose (None: not recorded) and how it sits to the infusion.

    `before`: True, False, or None when the order cannot be told (or when it is not known whether it was given).
    """

    record: Administration
    agent: Agent
    equivalent_mg: Decimal | None
    before: bool | None


def judge(requirement: Requirement, rule: Premedication, case: Case) -> Iterator[Assessment]:
    """One answer per course and infusion day, for days that have happened and for days being ordered."""
    if not case.courses and case.plan is None:
        yield not_applicable(requirement.id)
    records = _premedication_records(case, rule)
    for course in case.courses:
        for number, day in enumerate(course.days[: rule.days], start=1):
            yield _given_day(requirement, rule, case, records, (course.number, number, course.last), day)
    if case.plan is not None:
        yield from _planned_days(requirement, rule, case, case.plan)


def _premedication_records(case: Case, rule: Premedication) -> list[Administration]:
    concepts = frozenset(agent.concept for agent in rule.agents)
    relevant = [record for record in case.timeline.administrations if record.concepts & concepts]
    current, _ = latest_versions(relevant)
    return [record for record in current if record.exposure is not Exposure.NONE and not record.concepts & rule.depot]


def _agent_of(concepts: frozenset[str], rule: Premedication) -> Agent | None:
    return next((agent for agent in rule.agents if agent.concept in concepts), None)


def _given_day(
    requirement: Requirement,
    rule: Premedication,
    case: Case,
    records: list[Administration],
    place: tuple[int, int, date],
    day: InfusionDay,
) -> Assessment:
    course, number, course_last = place
    given = [item for record in records if (item := _on_day(record, day, rule)) is not None]
    status, reason, notes = _verdict(given, day, rule)
    if status is Status.MISSING and reason is None and _was_ordered(case, rule, day.date):
        reason = Reason.ORDERED_NOT_DOCUMENTED
    before = [item for item in given if item.before]
    total = sum((item.equivalent_mg or Decimal(0) for item in before), Decimal(0))
    settled = status is Status.MET
    resting = ADMINISTRATIONS if settled else ADMINISTRATIONS | {Source.MEDICATIONS}
    facts: dict[str, Fact] = {
        "course": course,
        "day": number,
        "date": day.date,
        "required": _amount(rule.required_mg),
        "dose": _amount(total),
        "agents": ", ".join(sorted({item.agent.concept for item in before})) or None,
    }
    return Assessment(
        requirement.id,
        status,
        reason,
        notes,
        course=course,
        day=number,
        evidence=tuple(item.record.reference for item in given),
        event=course_last,
        rests_on=resting if reason is None else ADMINISTRATIONS,
        facts=facts,
    )


def _on_day(record: Administration, day: InfusionDay, rule: Premedication) -> Given | None:
    """The record as premedication of that day; None when it cannot belong to it."""
    agent = _agent_of(record.concepts, rule)
    if agent is None or record.route not in _COUNTING_ROUTES:
        return None
    start = record.start
    if start is not None and not start.first <= day.date <= start.last:
        return None
    if start is None and record.why_not is None:
        return None
    before = starts_before(start, day.start) if start is not None else None
    unclear_form = agent.form_unclear and record.route not in _SETTLING_ROUTES
    if record.exposure is Exposure.UNKNOWN or unclear_form or (start is not None and not start.is_exact_day):
        before = None if before is not False else False
    mg = record.dose.mg if record.dose is not None else None
    equivalent = mg * rule.required_mg / agent.equivalent_mg if mg is not None else None
    return Given(record, agent, equivalent, before)


def _verdict(
    given: list[Given], day: InfusionDay, rule: Premedication
) -> tuple[Status, Reason | None, tuple[Note, ...]]:
    before = [item for item in given if item.before]
    unknown = [item for item in given if item.before is None]
    if _enough(before, rule):
        return Status.MET, None, _notes(before, day)
    if unknown and _enough([*before, *unknown], rule):
        return Status.CANNOT_TELL, Reason.ORDER_UNKNOWN, ()
    if before:
        return Status.VIOLATED, Reason.BELOW_DOSE, ()
    if any(item.before is False for item in given):
        return Status.MISSING, Reason.AFTER_START, ()
    return Status.MISSING, None, ()


def _enough(items: list[Given], rule: Premedication) -> bool:
    """Doses add up; a dose that is not recorded is taken to be enough (and noted)."""
    if any(item.equivalent_mg is None for item in items):
        return True
    return sum((item.equivalent_mg or Decimal(0) for item in items), Decimal(0)) >= rule.enough_mg


def _notes(before: list[Given], day: InfusionDay) -> tuple[Note, ...]:
    notes: list[Note] = []
    if any(item.equivalent_mg is None for item in before):
        notes.append(Note.DOSE_ABSENT)
    if any(
        not (item.agent.reference_drug or item.agent.form_unclear) or item.record.route not in (None, Route.INTRAVENOUS)
        for item in before
    ):
        notes.append(Note.ROUTE_OR_DRUG)
    if any(_overlaps(item.record, day) for item in before):
        notes.append(Note.OVERLAPS_START)
    if any(item.record.by_text for item in before):
        notes.append(Note.MATCHED_BY_TEXT)
    return tuple(notes)


def _overlaps(record: Administration, day: InfusionDay) -> bool:
    """Still running when the infusion starts."""
    end, start = record.end, day.start
    return end is not None and end.instant is not None and start.instant is not None and end.instant > start.instant


def _was_ordered(case: Case, rule: Premedication, day: date) -> bool:
    return any(
        _agent_of(order.concepts, rule) is not None and not order.draft and _covers(order, day, rule, case.as_of)
        for order in case.timeline.drug_orders
    )


def _covers(order: DrugOrder, day: date, rule: Premedication, as_of: AsOf) -> bool:
    """Whether an order plans the drug for that day, as far as it says so."""
    if order.days is not None:
        return day in order.days
    if order.starts is not None and (order.ends is not None or order.day_count is not None):
        last = order.ends.last if order.ends else order.starts.first + timedelta(days=(order.day_count or 1) - 1)
        return order.starts.first <= day <= last
    if order.starts is not None:
        return order.starts.first <= day
    written = order.written.first if order.written else as_of.today
    return day - timedelta(days=rule.order_lookback_days) <= written <= day or order.draft


def _planned_days(requirement: Requirement, rule: Premedication, case: Case, plan: Plan) -> Iterator[Assessment]:
    """In an order the premedication must stand beside it: in the draft or among active orders."""
    orders = [
        (order, agent)
        for order in case.timeline.drug_orders
        if (order.draft or order.active)
        and not order.concepts & rule.depot
        and (agent := _agent_of(order.concepts, rule)) is not None
        and order.route in _COUNTING_ROUTES
    ]
    for number in plan.planned_days:
        if number > rule.days:
            return
        day = plan.start.first + timedelta(days=number - plan.first_day)
        beside = [(order, agent) for order, agent in orders if _covers(order, day, rule, case.as_of)]
        amounts = [
            order.daily_dose.mg * rule.required_mg / agent.equivalent_mg
            if order.daily_dose is not None and order.daily_dose.mg is not None
            else None
            for order, agent in beside
        ]
        total = sum((amount for amount in amounts if amount is not None), Decimal(0))
        status, reason = Status.MISSING, None
        notes: tuple[Note, ...] = ()
        if None in amounts or total >= rule.enough_mg:
            status = Status.MET
            notes = (Note.DOSE_ABSENT,) if None in amounts else ()
        elif beside:
            status, reason = Status.VIOLATED, Reason.BELOW_DOSE
        yield Assessment(
            requirement.id,
            status,
            reason,
            notes,
            variant="order",
            course=plan.course,
            day=number,
            evidence=tuple(order.reference for order, _ in beside),
            planned=True,
            rests_on=frozenset({Source.MEDICATIONS}) if status is Status.MISSING else frozenset(),
            facts={
                "course": plan.course,
                "day": number,
                "date": day,
                "required": _amount(rule.required_mg),
                "dose": _amount(total),
                "last_day": rule.days,
            },
        )


def _amount(mg: Decimal) -> str:
    return f"{mg.normalize():f}"

"""Kind "premedication": enough of an equivalent drug before the infusion on the first days of every course.

Source: label sections 2.2 and 5.2 and the exact readings for premedication (docs/labels).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from typing import NamedTuple

from cds_service.core.assessment import Assessment, Fact, Note, Reason, Status
from cds_service.core.case import Case
from cds_service.core.courses import Plan, order_anchor
from cds_service.core.dates import AsOf, add_days, starts_before
from cds_service.core.exposure import InfusionDay, latest_versions
from cds_service.core.kinds.common import ADMINISTRATIONS, not_applicable
from cds_service.core.label import Agent, Premedication, Requirement
from cds_service.core.timeline import Administration, Dose, DrugOrder, Exposure, Route, Source

_COUNTING_ROUTES = frozenset({None, Route.INTRAVENOUS, Route.ORAL, Route.INTRAMUSCULAR})
_TENTH = Decimal("0.1")
_NO_MG = Decimal(0)
_OWN_ROUTES = frozenset({None, Route.INTRAVENOUS})
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
    records = _Records(case, rule)
    for course in case.courses:
        for number, day in enumerate(course.days[: rule.days], start=1):
            yield _given_day(requirement, rule, case, records, (course.number, number, course.last), day)
    if case.at_infusion:
        yield from _today(requirement, rule, case, records)
    if case.plan is not None:
        yield from _planned_days(requirement, rule, case, case.plan, records)


class _Records:
    """The premedication records of a case, by their day; those that are not dated to the day apart."""

    def __init__(self, case: Case, rule: Premedication) -> None:
        found = [record for record in case.timeline.administrations if record.concepts & rule.concepts]
        current, _ = latest_versions(found)
        self._by_day: dict[date, list[Administration]] = {}
        self._vague: list[Administration] = []
        for record in current:
            if record.exposure is Exposure.NONE or record.concepts & rule.depot:
                continue
            start = record.start
            if start is not None and start.first == start.last:
                self._by_day.setdefault(start.first, []).append(record)
            else:
                self._vague.append(record)

    def of(self, day: date) -> list[Administration]:
        """Records of that day."""
        return self._by_day.get(day, [])

    def near(self, day: date) -> list[Administration]:
        """Records of that day, and those that may be of it."""
        vague = [item for item in self._vague if item.start is None or item.start.first <= day <= item.start.last]
        return [*self.of(day), *vague]


def _today(requirement: Requirement, rule: Premedication, case: Case, records: _Records) -> Iterator[Assessment]:
    """Before the pump starts: charted already, or still due, which is a line of the checklist and no finding."""
    course, number = case.next_day
    if number > rule.days:
        return
    today, given = case.as_of.today, _charted_today(rule, case, records)
    yield Assessment(
        requirement.id,
        Status.MET if _enough(given, rule) else Status.DUE,
        notes=(Note.DOSE_ABSENT,) if None in [item.equivalent_mg for item in given] else (),
        variant="today",
        course=course,
        day=number,
        evidence=tuple(item.record.reference for item in given),
        planned=True,
        rests_on=ADMINISTRATIONS,
        facts={
            "course": course,
            "day": number,
            "date": today,
            "ordered": today if _was_ordered(case, rule, today) else None,
            "required": _amount(rule.required_mg),
            "dose": _amount(_total(item.equivalent_mg for item in given)),
        },
    )


def _charted_today(rule: Premedication, case: Case, records: _Records) -> list[Given]:
    """What was given today, before an infusion still to come."""
    here = records.of(case.as_of.today)
    agents = [(record, _agent_of(record.concepts, rule)) for record in here if record.exposure is not Exposure.UNKNOWN]
    return [
        Given(record, agent, _equivalent(record.dose, agent, rule), before=True)
        for record, agent in agents
        if agent is not None and record.route in _COUNTING_ROUTES
    ]


def _agent_of(concepts: frozenset[str], rule: Premedication) -> Agent | None:
    for agent in rule.agents:
        if agent.concept in concepts:
            return agent
    return None


def _given_day(
    requirement: Requirement,
    rule: Premedication,
    case: Case,
    records: _Records,
    place: tuple[int, int, date],
    day: InfusionDay,
) -> Assessment:
    course, number, course_last = place
    given = [item for record in records.near(day.date) if (item := _on_day(record, day, rule)) is not None]
    status, reason, notes = _verdict(given, day, rule)
    if status is Status.MISSING and reason is None and _was_ordered(case, rule, day.date):
        reason = Reason.ORDERED_NOT_DOCUMENTED
    before = [item for item in given if item.before]
    total = _total([item.equivalent_mg for item in before])
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
        evidence=tuple([item.record.reference for item in given]),
        event=course_last,
        rests_on=ADMINISTRATIONS,
        facts=facts,
    )


def _on_day(record: Administration, day: InfusionDay, rule: Premedication) -> Given | None:
    """A record that may be of that day as its premedication; None when it is none."""
    start = record.start
    agent = _agent_of(record.concepts, rule)
    if agent is None or record.route not in _COUNTING_ROUTES:
        return None
    before = starts_before(start, day.start) if start is not None else None
    unclear_form = agent.form_unclear and record.route not in _SETTLING_ROUTES
    if record.exposure is Exposure.UNKNOWN or unclear_form or (start is not None and not start.is_exact_day):
        before = None if before is not False else False
    return Given(record, agent, _equivalent(record.dose, agent, rule), before)


def _equivalent(dose: Dose | None, agent: Agent, rule: Premedication) -> Decimal | None:
    """The dose in mg of the reference drug; None when it is not recorded or not readable."""
    mg = dose.mg if dose is not None else None
    return mg * rule.required_mg / agent.equivalent_mg if mg is not None else None


def _total(equivalents: Iterable[Decimal | None]) -> Decimal:
    """The sum of the recorded doses; rounded far below any dose, since thirds and sixths do not end."""
    return round(sum([mg for mg in equivalents if mg is not None], _NO_MG), 6)


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
    amounts = [item.equivalent_mg for item in items]
    return None in amounts or _total(amounts) >= rule.enough_mg


def _notes(before: list[Given], day: InfusionDay) -> tuple[Note, ...]:
    notes: list[Note] = []
    if None in [item.equivalent_mg for item in before]:
        notes.append(Note.DOSE_ABSENT)
    if any(_is_another(item.agent, item.record.route) for item in before):
        notes.append(Note.ROUTE_OR_DRUG)
    if any(_overlaps(item.record, day) for item in before):
        notes.append(Note.OVERLAPS_START)
    if any(item.record.by_text for item in before):
        notes.append(Note.MATCHED_BY_TEXT)
    return tuple(notes)


def _is_another(agent: Agent, route: Route | None) -> bool:
    """Another drug or route than the label's own."""
    return not (agent.reference_drug or agent.form_unclear) or route not in _OWN_ROUTES


def _overlaps(record: Administration, day: InfusionDay) -> bool:
    """Still running when the infusion starts."""
    end, start = record.end, day.start
    return end is not None and end.instant is not None and start.instant is not None and end.instant > start.instant


def _was_ordered(case: Case, rule: Premedication, day: date) -> bool:
    return any(not order.draft and _covers(order, day, rule, case.as_of) for order, _ in _orders(case, rule))


def _orders(case: Case, rule: Premedication) -> list[tuple[DrugOrder, Agent]]:
    """Orders of a drug, form and route that count."""
    return [
        (order, agent)
        for order in case.timeline.drug_orders
        if order.route in _COUNTING_ROUTES
        and not order.concepts & rule.depot
        and (agent := _agent_of(order.concepts, rule)) is not None
    ]


def _covers(order: DrugOrder, day: date, rule: Premedication, as_of: AsOf) -> bool:
    """Whether an order plans the drug for that day, as far as it says so."""
    if order.days is not None:
        return day in order.days
    if order.starts is not None and (order.ends is not None or order.day_count is not None):
        last = order.ends.last if order.ends else add_days(order.starts.last, (order.day_count or 1) - 1)
        return order.starts.first <= day <= last
    begins = order_anchor(order) or as_of.today
    is_recent = add_days(day, -rule.order_lookback_days) <= begins <= day
    has_no_dates = order.starts is None and begins <= day
    return is_recent or (order.draft and order.starts is None) or (order.active and has_no_dates)


def _planned_days(
    requirement: Requirement, rule: Premedication, case: Case, plan: Plan, records: _Records
) -> Iterator[Assessment]:
    """In an order the premedication must stand beside it: in the draft, among active orders, or given already today."""
    orders = [(order, agent) for order, agent in _orders(case, rule) if order.draft or order.active]
    for number in plan.planned_days:
        if number > rule.days:
            return
        if case.at_infusion and number == plan.first_day:
            continue  # that is today's
        day = plan.date_of(number)
        beside = [(order, agent) for order, agent in orders if _covers(order, day, rule, case.as_of)]
        amounts = [_equivalent(order.daily_dose, agent, rule) for order, agent in beside]
        given = _charted_today(rule, case, records) if day == case.as_of.today else []
        if given and _enough(given, rule):
            amounts, beside = [item.equivalent_mg for item in given], []
        total = _total(amounts)
        status, reason = Status.MISSING, None
        notes: list[Note] = []
        if None in amounts or total >= rule.enough_mg:
            status = Status.MET
            if None in amounts:
                notes.append(Note.DOSE_ABSENT)
            if any(_is_another(agent, order.route) for order, agent in beside) or any(
                _is_another(item.agent, item.record.route) for item in given
            ):
                notes.append(Note.ROUTE_OR_DRUG)
        elif beside:
            status, reason = Status.VIOLATED, Reason.BELOW_DOSE
        yield Assessment(
            requirement.id,
            status,
            reason,
            tuple(notes),
            variant="order",
            course=plan.course,
            day=number,
            evidence=(*(order.reference for order, _ in beside), *(item.record.reference for item in given)),
            planned=True,
            rests_on=frozenset() if status is Status.MET else frozenset({Source.MEDICATIONS}),
            facts={
                "course": plan.course,
                "day": number,
                "date": day,
                "required": _amount(rule.required_mg),
                "dose": _amount(total),
                "last_day": rule.days,
            },
        )


@lru_cache(maxsize=256)
def _amount(mg: Decimal) -> str:
    """An amount for people, never rounded up to one that would pass."""
    return f"{mg.quantize(_TENTH, ROUND_DOWN).normalize():f}"

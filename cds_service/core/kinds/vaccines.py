"""Kinds "vaccines-before" and "live-vaccine": vaccines too close to the infusion, live viral ones after a course.

Source: label section 2.1, the label's section on infections, and the exact readings for vaccines (docs/labels).
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from cds_service.core.assessment import Assessment, Note, Reason, Status
from cds_service.core.case import Case, Treatment
from cds_service.core.dates import When, add_days, add_months
from cds_service.core.kinds.common import ADMINISTRATIONS, exposure_unclear, not_applicable
from cds_service.core.label import LiveVaccine, Requirement, VaccinesBefore
from cds_service.core.timeline import Measured, Source, Vaccination

_VACCINES = ADMINISTRATIONS | {Source.IMMUNIZATIONS}
_ORDERED_OR_GIVEN = frozenset({Source.IMMUNIZATIONS, Source.MEDICATIONS, Source.ORDERS})


# --- before day 1 -----------------------------------------------------------------------------------------------------


class _Start(NamedTuple):
    """Day 1 of a course, given or being ordered."""

    when: When
    course: int
    planned: bool


def judge_before(requirement: Requirement, rule: VaccinesBefore, case: Case) -> Assessment:
    """Whether a vaccine lies less than the label's days before day 1 of a course; the latest such day 1 wins."""
    if case.plan is None and case.treatment in (Treatment.NONE, Treatment.UNCLEAR):
        return not_applicable(requirement.id)
    vaccines = [item for item in case.timeline.vaccinations if not item.concepts & rule.no_vaccine]
    starts = _starts(case)
    for start in starts:
        found = [item for item in vaccines if not item.unsure and _is_close(item, start, rule) is True]
        if found:
            return _too_close(requirement, rule, case, start, found)
    planned = _planned_live(rule, case, starts)
    if planned:
        return _too_close(requirement, rule, case, starts[0], planned)._replace(variant="live-ordered")
    for start in starts:
        vague = [item for item in vaccines if not item.unsure and _is_close(item, start, rule) is None]
        unsure = [item for item in vaccines if item.unsure and _is_close(item, start, rule) is not False]
        if vague or unsure:
            return Assessment(
                requirement.id,
                Status.CANNOT_TELL,
                Reason.DATE_VAGUE if vague else None,
                () if vague else (Note.VERIFY,),
                variant=None if vague else "unsure",
                evidence=tuple(item.reference for item in vague or unsure),
                planned=start.planned,
                event=None if start.planned or not case.courses else case.courses[-1].last,
                facts={"days": rule.days, "day_one": start.when.first},
            )
    return Assessment(
        requirement.id,
        Status.MET,
        planned=case.plan is not None,
        event=case.courses[-1].last if case.courses else None,
        rests_on=_VACCINES,
        facts={"days": rule.days},
    )


def _planned_live(rule: VaccinesBefore, case: Case, starts: list[_Start]) -> list[Vaccination]:
    """Live viral vaccines ordered beside the first infusions, for a day too close before day 1 or after it.

    Once the drug has been given, any of them is a finding of its own.
    """
    if not starts or not starts[0].planned or case.treatment is Treatment.TREATED:
        return []
    today = When(case.as_of.today, case.as_of.today)
    dated = [
        (item, item.when if item.when is not None and item.when.last > today.last else today)
        for item in sorted(ordered(case), key=_by_reference)
        if item.concepts & rule.live
    ]
    return [
        Vaccination(item.reference, item.concepts, when)
        for item, when in dated
        if (starts[0].when.first - when.last).days < rule.days
    ]


def _by_reference(item: Ordered) -> str:
    return item.reference


def _starts(case: Case) -> list[_Start]:
    """Day 1 of the course being ordered, then of the courses given, the latest first."""
    plan = case.plan
    ordered = [_Start(plan.start, plan.course, planned=True)] if plan is not None and not plan.continues else []
    given = [_Start(course.days[0].start, course.number, planned=False) for course in reversed(case.courses)]
    if not ordered and not given:
        today = case.as_of.today
        return [_Start(When(today, today), 1, planned=False)]
    return ordered + given


def _is_close(item: Vaccination, start: _Start, rule: VaccinesBefore) -> bool | None:
    """Whether day 1 is the vaccine's day or less than the label's days after it; None when the dates cannot tell."""
    if item.when is None:
        return None
    shortest = (start.when.first - item.when.last).days
    longest = (start.when.last - item.when.first).days
    if longest < 0 or shortest >= rule.days:
        return False
    return True if shortest >= 0 and longest < rule.days else None


def _too_close(
    requirement: Requirement, rule: VaccinesBefore, case: Case, start: _Start, found: list[Vaccination]
) -> Assessment:
    live = [item for item in found if item.concepts & rule.live]
    last = max((item.when.last for item in live or found if item.when is not None), default=start.when.first)
    return Assessment(
        requirement.id,
        Status.VIOLATED,
        variant="live" if live else "other",
        evidence=tuple(item.reference for item in found),
        planned=start.planned,
        event=None if start.planned or not case.courses else case.courses[-1].last,
        rests_on=ADMINISTRATIONS if not start.planned else frozenset(),
        facts={
            "given": last,
            "day_one": start.when.first,
            "course": start.course,
            "before": (start.when.first - last).days,
            "days": rule.days,
            "earliest": add_days(last, rule.days),
        },
    )


# --- after a course ---------------------------------------------------------------------------------------------------


class Ordered(NamedTuple):
    """A vaccine (or another drug or service) in a draft or an active order, and the day it is for, if that is known."""

    reference: str
    concepts: frozenset[str]
    when: When | None = None


def judge_live(requirement: Requirement, rule: LiveVaccine, case: Case) -> Assessment:
    """One answer: whether a live viral vaccine is ordered for, or was given to, a patient who has had the drug."""
    open_orders = [] if case.deceased else ordered(case)
    if case.treatment is Treatment.UNCLEAR:
        concepts = rule.live | rule.unclear
        carried = [item.concepts for item in case.timeline.vaccinations] + [item.concepts for item in open_orders]
        is_concerned = any(found & concepts for found in carried)
        if is_concerned:
            return exposure_unclear(requirement.id, case)
        return not_applicable(requirement.id)._replace(rests_on=ADMINISTRATIONS | _ORDERED_OR_GIVEN)
    if case.treatment is not Treatment.TREATED:
        return not_applicable(requirement.id)
    live = tuple(item.reference for item in open_orders if item.concepts & rule.live)
    if live:
        return _ordered_live(requirement, rule, case, live)
    given = _given_live(requirement, rule, case)
    if given is not None and given.status is Status.VIOLATED:
        return given
    unsure = tuple(item.reference for item in open_orders if item.concepts & rule.unclear)
    if unsure:
        return _unsure(requirement, case, unsure, variant="ordered")
    return given or Assessment(
        requirement.id,
        Status.MET,
        event=case.courses[-1].last,
        rests_on=_ORDERED_OR_GIVEN,
        facts={"last_infusion": case.courses[-1].last},
    )


def ordered(case: Case) -> list[Ordered]:
    """Everything in a draft or an active order, by whichever kind of order."""
    timeline = case.timeline
    drugs = [
        Ordered(item.reference, item.concepts, item.starts)
        for item in timeline.drug_orders
        if item.draft or item.active
    ]
    return [*drugs, *(Ordered(item.reference, item.concepts, item.when) for item in timeline.service_orders)]


def _ordered_live(requirement: Requirement, rule: LiveVaccine, case: Case, live: tuple[str, ...]) -> Assessment:
    last_infusion = case.courses[-1].last
    is_soon = case.as_of.today <= add_months(last_infusion, rule.months)
    count = None if is_soon else _last_count(case, rule)
    is_weak = count is not None and count.is_below(rule.least_count) is True
    found = (*live, count.reference) if is_weak and count is not None else live
    return Assessment(
        requirement.id,
        Status.VIOLATED,
        variant="ordered-soon" if is_soon or is_weak else "ordered",
        evidence=found,
        planned=True,
        facts={"last_infusion": last_infusion},
    )


def _last_count(case: Case, rule: LiveVaccine) -> Measured | None:
    counts = [item for concept in sorted(rule.counted) for item in case.timeline.measured.get(concept, ())]
    return max(counts, key=_by_date, default=None)


def _by_date(item: Measured) -> tuple[date, date, float, str]:
    instant = item.when.instant.timestamp() if item.when.instant is not None else 0.0
    return item.when.last, item.when.first, instant, item.reference


def _given_live(requirement: Requirement, rule: LiveVaccine, case: Case) -> Assessment | None:
    """A live vaccine given after the first infusion; the last one speaks. None when there is none."""
    first = case.courses[0].first
    after: list[Vaccination] = []
    vague: list[Vaccination] = []
    unsure: list[Vaccination] = []
    for item in case.timeline.vaccinations:
        is_live = bool(item.concepts & rule.live) and not item.unsure
        if not is_live and not item.untold and not item.concepts & (rule.unclear | rule.live):
            continue
        if item.when is not None and item.when.last <= first:
            continue
        if item.when is None or item.when.first <= first:
            vague.append(item)
        else:
            (after if is_live else unsure).append(item)
    if after:
        last = max(item.when.last for item in after if item.when is not None)
        return Assessment(
            requirement.id,
            Status.VIOLATED,
            variant="given",
            evidence=tuple(item.reference for item in after),
            event=last,
            rests_on=ADMINISTRATIONS,
            facts={"given": last, "last_infusion": case.courses[-1].last},
        )
    if vague:
        references = tuple(item.reference for item in vague)
        return Assessment(
            requirement.id, Status.CANNOT_TELL, Reason.DATE_VAGUE, evidence=references, event=case.courses[-1].last
        )
    if unsure:
        return _unsure(requirement, case, tuple(item.reference for item in unsure), variant="given")
    return None


def _unsure(requirement: Requirement, case: Case, references: tuple[str, ...], *, variant: str) -> Assessment:
    """A code nobody has verified decides nothing alone."""
    return Assessment(
        requirement.id,
        Status.CANNOT_TELL,
        None,
        (Note.VERIFY,),
        variant=variant,
        evidence=references,
        planned=variant == "ordered",
        event=case.courses[-1].last,
    )

"""Kinds "event-after" and "event-since": what happened within days of an infusion, or since the first one.

Source: boxed warning, label section 5, and the readings of acute and autoimmune events (docs/labels).
"""

from __future__ import annotations

from cds_service.core.assessment import Assessment, Reason, Status
from cds_service.core.case import Case, Treatment
from cds_service.core.caution_rules import EventAfter, EventSince, concepts_of, name_of
from cds_service.core.dates import When, add_days, day_range
from cds_service.core.exposure import InfusionDay
from cds_service.core.kinds.common import ADMINISTRATIONS, exposure_unclear, not_applicable
from cds_service.core.kinds.on_record import (
    CONDITIONS,
    answer,
    began,
    diagnosed,
    follows_doubt,
    references_of,
    unread,
    without_order,
)
from cds_service.core.label import Requirement
from cds_service.core.timeline import ConditionFact

_BOTH = ADMINISTRATIONS | CONDITIONS


# --- within days of an infusion ---------------------------------------------------------------------------------------


def judge_after(requirement: Requirement, rule: EventAfter, case: Case) -> Assessment:
    """Whether an event began on an infusion day or in the days after it; the latest such event speaks."""
    events = diagnosed(case, concepts_of(rule.events))
    if not case.courses:
        return _without_infusion(requirement, case, events)
    days = [day for course in case.courses for day in course.days]
    weighed = [(item, *_infusion_before(began(item, case.as_of), days, rule.days)) for item in events]
    sure = [(item, day) for item, is_sure, day in weighed if is_sure and day is not None and not item.unsure]
    if sure:
        return _acute(requirement, rule, case, sure)
    unsure = [item for item, is_sure, _ in weighed if is_sure is not False and item.unsure]
    if unsure:
        return answer(
            requirement, case, Status.CANNOT_TELL, references_of(unsure), variant="unsure",
            facts={"event": name_of(unsure[0].concepts, rule.events), "days": rule.days},
        )  # fmt: skip
    vague = [item for item, is_sure, _ in weighed if is_sure is None]
    if vague:
        return _vague(requirement, case, vague, name_of(vague[0].concepts, rule.events))
    if any(follows_doubt(began(item, case.as_of), case, rule.days) for item in events):
        return exposure_unclear(requirement.id, case)
    return answer(requirement, case, Status.MET)._replace(
        rests_on=_BOTH, unread=unread(case, concepts_of(rule.events)), facts={"days": rule.days}
    )


def _without_infusion(requirement: Requirement, case: Case, events: list[ConditionFact]) -> Assessment:
    """Without infusion dates an event can follow none that is known; with signs of infusions it may follow one."""
    if case.treatment is Treatment.UNCLEAR:
        if events:
            return exposure_unclear(requirement.id, case)
        return not_applicable(requirement.id)._replace(rests_on=_BOTH)
    return not_applicable(requirement.id)


def _infusion_before(when: When | None, days: list[InfusionDay], reach: int) -> tuple[bool | None, InfusionDay | None]:
    """Whether it began on an infusion day or at most `reach` days later, and after which infusion; None: too vague."""
    if when is None:
        return None, None
    near = [
        day
        for day in days
        if when.first <= add_days(day.date, reach) and day.date <= when.last and not _is_earlier(when, day.start)
    ]
    if not near:
        return False, None
    covered = {day for found in near for day in day_range(found.date, add_days(found.date, reach))}
    is_sure = when.is_exact_day or covered.issuperset(day_range(when.first, when.last))
    return is_sure or None, near[-1]


def _is_earlier(when: When, start: When) -> bool:
    """Earlier by the clock; on the same day without times it may be either, and counts as after."""
    return when.instant is not None and start.instant is not None and when.instant < start.instant


def _acute(
    requirement: Requirement, rule: EventAfter, case: Case, found: list[tuple[ConditionFact, InfusionDay]]
) -> Assessment:
    item, day = max(found, key=_by_infusion)
    course = next(course for course in case.courses if course.first <= day.date <= course.last)
    when = began(item, case.as_of)
    return answer(
        requirement,
        case,
        Status.VIOLATED,
        references_of(one for one, _ in found),
        variant="remaining" if _is_under_way(case, course.number) else "over",
        since=when.last if when is not None else None,
        facts={
            "event": name_of(item.concepts, rule.events),
            "infusion": day.date,
            "course": course.number,
            "days": rule.days,
        },
    )


def _by_infusion(found: tuple[ConditionFact, InfusionDay]) -> tuple[int, str]:
    item, day = found
    return day.date.toordinal(), item.reference


def _is_under_way(case: Case, number: int) -> bool:
    """Whether doses of that course are still to come: by the plan, else by the label's number of days."""
    course = case.courses[-1]
    if course.number != number:
        return False
    if case.plan is not None:
        return case.plan.continues
    return len(course.days) < case.label.courses.length_of(number)


def _vague(requirement: Requirement, case: Case, found: list[ConditionFact], name: str | None) -> Assessment:
    return answer(
        requirement, case, Status.CANNOT_TELL, references_of(found), reason=Reason.DATE_VAGUE, facts={"event": name}
    )


# --- since the first infusion -----------------------------------------------------------------------------------------


def judge_since(requirement: Requirement, rule: EventSince, case: Case) -> Assessment:
    """Whether such a disease began since the first infusion, when the drug is ordered again."""
    if case.plan is None:
        return without_order(requirement, case)
    concepts = concepts_of((*rule.events, *rule.unclear))
    events = diagnosed(case, concepts)
    if not case.courses:
        return _without_infusion(requirement, case, events)
    weighed = [(item, _since_first(item, case)) for item in events]
    known = [item for item, is_since in weighed if is_since and not _is_open(item, rule)]
    if known:
        return _autoimmune(requirement, rule, case, known)
    unsure = [item for item, is_since in weighed if is_since is not False and _is_open(item, rule)]
    if unsure:
        name = name_of(unsure[0].concepts, (*rule.events, *rule.unclear))
        return answer(
            requirement, case, Status.CANNOT_TELL, references_of(unsure), variant="unsure",
            facts={"event": name},
        )  # fmt: skip
    vague = [item for item, is_since in weighed if is_since is None]
    if vague:
        return _vague(requirement, case, vague, name_of(vague[0].concepts, rule.events))
    if any(follows_doubt(began(item, case.as_of), case) for item in events):
        return exposure_unclear(requirement.id, case)
    return answer(requirement, case, Status.MET)._replace(rests_on=_BOTH, unread=unread(case, concepts))


def _is_open(item: ConditionFact, rule: EventSince) -> bool:
    """Whether the entry asks for a confirmation: by its status, or since its code decides nothing alone."""
    return item.unsure or not item.concepts & concepts_of(rule.events)


def _since_first(item: ConditionFact, case: Case) -> bool | None:
    """Whether it began on the day of the first infusion or later; None when the dates cannot tell."""
    when, first = began(item, case.as_of), case.courses[0].days[0]
    if when is None:
        return None
    if when.last < first.date or _is_earlier(when, first.start):
        return False
    return True if when.first >= first.date else None


def _autoimmune(requirement: Requirement, rule: EventSince, case: Case, known: list[ConditionFact]) -> Assessment:
    first = next((item for item in known if item.concepts & rule.grave), known[0])
    return answer(
        requirement,
        case,
        Status.VIOLATED,
        references_of(known),
        variant="grave" if first.concepts & rule.grave else None,
        facts={"event": name_of(first.concepts, rule.events), "first_infusion": case.courses[0].first},
    )

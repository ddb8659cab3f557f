"""Kind "active-infection": no infection while the drug is given.

Source: label section 4 and the reading of active infections (docs/labels).
"""

from __future__ import annotations

from cds_service.core.assessment import Assessment, Reason, Status
from cds_service.core.case import Case
from cds_service.core.caution_rules import ActiveInfection, concepts_of, name_of
from cds_service.core.dates import add_days
from cds_service.core.kinds.common import not_applicable
from cds_service.core.kinds.on_record import (
    CONDITIONS,
    answer,
    began,
    diagnosed,
    exact_day,
    is_concerned,
    is_within,
    references_of,
    unread,
)
from cds_service.core.label import Requirement
from cds_service.core.timeline import ConditionFact

_GRAVE, _OTHER, _UNSURE, _VAGUE = "grave", "other", "unsure", "vague"
_URGENT_FIRST = (_GRAVE, _OTHER, _UNSURE, _VAGUE)


def judge(requirement: Requirement, rule: ActiveInfection, case: Case) -> Assessment:
    """Whether an infection is active now; the gravest speaks."""
    if not is_concerned(case):
        return not_applicable(requirement.id)
    entries = diagnosed(case, concepts_of(rule.all))
    weighed = [(item, _weight(item, rule, case)) for item in entries if item.active]
    for weight in _URGENT_FIRST:
        found = [item for item, its_weight in weighed if its_weight == weight]
        if found:
            return _found(requirement, rule, case, weight, found)
    return answer(requirement, case, Status.MET)._replace(
        rests_on=CONDITIONS, unread=unread(case, concepts_of(rule.all))
    )


def _weight(item: ConditionFact, rule: ActiveInfection, case: Case) -> str | None:
    """How much an active entry weighs; None when it is no infection, or one of longer ago."""
    today, concepts = case.as_of.today, item.concepts
    counts: bool | None = True
    weight = _GRAVE
    if concepts & concepts_of(rule.grave):
        pass
    elif concepts & concepts_of(rule.recent):
        counts = is_within(began(item, case.as_of), add_days(today, -rule.recent_days), today)
    elif concepts & concepts_of(rule.others):
        weight = _OTHER
        counts = is_within(began(item, case.as_of), add_days(today, -rule.other_days), today)
    elif concepts & concepts_of(rule.unclear):
        weight = _UNSURE
    else:
        return None
    if counts is False:
        return None
    if item.unsure:
        return _UNSURE
    return weight if counts else _VAGUE


def _found(
    requirement: Requirement, rule: ActiveInfection, case: Case, weight: str, found: list[ConditionFact]
) -> Assessment:
    first = found[0]
    since = exact_day(began(first, case.as_of))
    told = answer(
        requirement,
        case,
        Status.VIOLATED if weight in (_GRAVE, _OTHER) else Status.CANNOT_TELL,
        references_of(found),
        variant=f"{weight}-undated" if weight == _GRAVE and since is None else weight,
        reason=Reason.DATE_VAGUE if weight == _VAGUE else None,
        since=since if weight == _GRAVE else None,  # a cold years after the last infusion is nobody's finding
        facts={"infection": name_of(first.concepts, rule.all), "since": since, "days": rule.other_days},
    )
    return told if weight != _VAGUE else told._replace(variant=None)

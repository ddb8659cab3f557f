"""Kind "drug-caution": no other drug of a kind taken or given at the same time.

Source: the label's section on infections and the reading of cautions (docs/labels).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from cds_service.core.assessment import Assessment, Status
from cds_service.core.case import Case
from cds_service.core.caution_rules import DrugCaution, concepts_of
from cds_service.core.courses import days_of_order
from cds_service.core.dates import add_days
from cds_service.core.kinds.common import ADMINISTRATIONS
from cds_service.core.kinds.on_record import answer, is_within, without_order
from cds_service.core.label import Requirement
from cds_service.core.timeline import Administration, DrugOrder, Exposure, Mention, Source

_SOURCES = ADMINISTRATIONS | {Source.MEDICATIONS, Source.STATEMENTS, Source.DISPENSES}


class _Taken(NamedTuple):
    """A drug that was, or may have been, taken on the day in question."""

    reference: str
    concepts: frozenset[str]
    unsure: bool


def judge(requirement: Requirement, rule: DrugCaution, case: Case) -> Assessment:
    """Whether such a drug is on record for the day the drug is (or was last) given."""
    day = _day(case)
    if day is None:
        return without_order(requirement, case)
    named, unclear = concepts_of(rule.drugs), concepts_of(rule.unclear)
    found = [item for item in _taken(rule, case, day) if item.concepts & (named | unclear)]
    sure = [item for item in found if item.concepts & named and not item.unsure]
    if not found:
        return answer(requirement, case, Status.MET)._replace(rests_on=_SOURCES)
    speaking = sure or found
    names = dict.fromkeys(
        item.name for item in (*rule.drugs, *rule.unclear) if any(item.concept in one.concepts for one in speaking)
    )
    return answer(
        requirement,
        case,
        Status.VIOLATED if sure else Status.CANNOT_TELL,
        [item.reference for item in speaking],
        variant=None if sure else "unsure",
        facts={"drugs": " and ".join(names)},
    )


def _day(case: Case) -> date | None:
    """Day 1 of the plan, or today if that is past; else today before an infusion; else the last infusion."""
    if case.plan is not None:
        return max(case.plan.start.first, case.as_of.today)
    if not case.courses:
        return None
    return case.as_of.today if case.at_infusion else case.courses[-1].last


def _taken(rule: DrugCaution, case: Case, day: date) -> Iterator[_Taken]:
    """Everything on record that says, or may say, that a drug was taken on that day."""
    timeline, is_past = case.timeline, day < case.as_of.today
    for order in timeline.drug_orders:
        if _is_ordered(order, day, is_past=is_past):
            yield _Taken(order.reference, order.concepts, order.unsure)
    for mention in timeline.mentions:
        is_listed = _is_listed(mention, day, rule)
        if is_listed is not False:
            yield _Taken(mention.reference, mention.concepts, mention.unsure or is_listed is None)
    for record in timeline.administrations:
        is_given = _is_given(record, day, rule)
        if is_given is not False:
            is_doubtful = record.exposure is Exposure.UNKNOWN or is_given is None
            yield _Taken(record.reference, record.concepts, is_doubtful)


def _is_ordered(order: DrugOrder, day: date, *, is_past: bool) -> bool:
    """An open order that does not end before that day; of days past, one that had begun, closed since or not."""
    days = days_of_order(order)
    last = max(days) if days else order.ends.last if order.ends is not None else None
    if last is not None and last < day:
        return False
    if not is_past:
        return order.draft or order.active or order.unsure
    begins = order.starts or order.written
    is_open = order.active or order.unsure or last is not None
    return is_open and not order.draft and (begins is None or begins.first <= day)


def _is_listed(mention: Mention, day: date, rule: DrugCaution) -> bool | None:
    """A drug on a list goes on until its end; one that was handed over lasts so many days."""
    if mention.dispensed:
        return is_within(mention.when, add_days(day, -rule.dispense_days), day)
    if mention.when is not None and mention.when.first > day:
        return False
    if mention.ends is not None:
        return mention.ends.last >= day
    return not mention.closed


def _is_given(record: Administration, day: date, rule: DrugCaution) -> bool | None:
    if record.exposure is Exposure.NONE:
        return False
    reach = rule.long_acting_days if record.concepts & rule.long_acting else rule.administration_days
    return is_within(record.start, add_days(day, -reach), day)

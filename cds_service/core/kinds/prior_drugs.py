"""Kind "prior-drugs": how many distinct other drugs for the disease were on record before the first infusion.

Source: label section 1 (docs/labels).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from cds_service.core.assessment import Assessment, Note, Status
from cds_service.core.case import Case
from cds_service.core.dates import When, add_days
from cds_service.core.kinds.common import ADMINISTRATIONS, not_applicable
from cds_service.core.kinds.on_record import is_concerned
from cds_service.core.label import Requirement
from cds_service.core.label_patients import PriorDrugs
from cds_service.core.timeline import Exposure, Source

_SOURCES = ADMINISTRATIONS | {Source.MEDICATIONS, Source.STATEMENTS, Source.DISPENSES}


class _Entry(NamedTuple):
    """One resource that names a drug. `counts`: it was taken or ordered before day 1; None when that cannot be told."""

    reference: str
    drugs: frozenset[str]
    counts: bool | None


def judge(requirement: Requirement, rule: PriorDrugs, case: Case) -> Assessment:
    """Fewer distinct drugs than the label speaks of are worth a line. Two brands of one ingredient are one drug."""
    if not is_concerned(case):
        return not_applicable(requirement.id)
    entries = [entry for entry in _entries(case, rule) if entry.counts is not False]
    certain = [entry for entry in entries if entry.counts and entry.drugs]
    count = _distinct(certain)
    nameless = sum(not entry.drugs for entry in entries)  # each may be another drug
    most = _distinct([entry for entry in entries if entry.drugs]) + nameless
    status, used = Status.MET if count >= rule.least else Status.VIOLATED, certain
    is_unclear = count < rule.least <= most
    if is_unclear:
        status, used = Status.CANNOT_TELL, entries
    return Assessment(
        requirement.id,
        status,
        notes=(Note.VERIFY,) if is_unclear else (),
        variant="unclear" if is_unclear else None,
        evidence=tuple(dict.fromkeys(entry.reference for entry in used)),
        planned=case.plan is not None,
        event=case.courses[-1].last if case.courses and case.plan is None else None,
        rests_on=ADMINISTRATIONS if status is Status.MET else _SOURCES,
        facts={"count": count, "least": rule.least},
    )


def _distinct(entries: list[_Entry]) -> int:
    """How many drugs these are at least: entries that may be of the same one count once."""
    groups: list[frozenset[str]] = []
    for entry in entries:
        same = [group for group in groups if group & entry.drugs]
        groups = [group for group in groups if group not in same]
        groups.append(entry.drugs.union(*same))
    return len(groups)


def _entries(case: Case, rule: PriorDrugs) -> Iterator[_Entry]:
    """Every resource that names one of the drugs and is not about the future."""
    timeline, concepts = case.timeline, rule.drugs | rule.unclear
    limit = _first_day(case)
    for record in timeline.administrations:
        if record.concepts & concepts and record.exposure is not Exposure.NONE:
            counts = None if record.exposure is Exposure.UNKNOWN else _is_before(record.start, limit)
            yield _Entry(record.reference, record.concepts & rule.drugs, counts)
    for order in timeline.drug_orders:
        if order.concepts & concepts and not order.draft:
            counts = _is_before(order.starts or order.written, limit)
            yield _Entry(order.reference, order.concepts & rule.drugs, None if order.unsure and counts else counts)
    for item in timeline.mentions:
        if item.concepts & concepts:
            counts = _is_before(None if item.asserted_only else item.when, limit)
            yield _Entry(item.reference, item.concepts & rule.drugs, None if item.unsure and counts else counts)


def _first_day(case: Case) -> date:
    """What began before this day is prior: day 1 of the first course, given or planned; nothing after today."""
    tomorrow = add_days(case.as_of.today, 1)
    if case.courses:
        return case.courses[0].first
    return min(case.plan.start.first, tomorrow) if case.plan is not None else tomorrow


def _is_before(when: When | None, limit: date) -> bool | None:
    """Before that day; what bears no date is on record already. None when a vague date cannot tell."""
    if when is None or when.last < limit:
        return True
    return None if when.first < limit else False

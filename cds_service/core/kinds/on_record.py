"""What kinds about diagnoses share: since when one is on record, whether it lies within some days, and the answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from cds_service.core.assessment import Assessment, Fact, Note, Reason, Status
from cds_service.core.case import Case, Treatment
from cds_service.core.dates import AsOf, When, add_days
from cds_service.core.kinds.common import ADMINISTRATIONS, not_applicable
from cds_service.core.label import Requirement
from cds_service.core.timeline import ConditionFact, Source

CONDITIONS = frozenset({Source.CONDITIONS})
_ORDERS = frozenset({Source.MEDICATIONS, Source.ORDERS})


def is_concerned(case: Case) -> bool:
    """Whether the drug was given, is ordered, or stands anywhere in the record."""
    return case.plan is not None or case.treatment is not Treatment.NONE


def without_order(requirement: Requirement, case: Case) -> Assessment:
    """Asked of an order only, and none is open; of a patient the drug concerns, one more order could change that."""
    told = not_applicable(requirement.id, variant="no-order")
    return told._replace(rests_on=ADMINISTRATIONS | _ORDERS) if is_concerned(case) else told


def diagnosed(case: Case, concepts: frozenset[str]) -> list[ConditionFact]:
    """The entries with one of these concepts, the last begun first; however the record lists them."""

    def by_day(item: ConditionFact) -> tuple[int, str]:
        when = began(item, case.as_of)
        return -when.first.toordinal() if when is not None else 0, item.reference

    return sorted((item for item in case.timeline.conditions if item.concepts & concepts), key=by_day)


def began(item: ConditionFact, as_of: AsOf) -> When | None:
    """When it began, else since when it is on record; what was recorded had begun, and nothing begins after today."""
    onset, recorded = item.onset, item.when
    if onset is None:
        return as_of.clip(recorded) if recorded is not None else None
    if recorded is not None and onset.first <= recorded.last < onset.last:
        onset = When(onset.first, recorded.last)
    return as_of.clip(onset)


def is_within(when: When | None, first: date, last: date) -> bool | None:
    """Whether it lies within these days; None when the date is missing or too vague to tell."""
    if when is None:
        return None
    if when.last < first or when.first > last:
        return False
    return True if first <= when.first and when.last <= last else None


def exact_day(when: When | None) -> date | None:
    """The day, when it is known."""
    return when.first if when is not None and when.is_exact_day else None


def references_of(items: Iterable[ConditionFact]) -> tuple[str, ...]:
    """How evidence names them."""
    return tuple(dict.fromkeys(item.reference for item in items))


def unread(case: Case, concepts: frozenset[str]) -> tuple[str, ...]:
    """References of resources with one of these concepts that could not be read."""
    found = case.timeline.unread
    if not found:
        return ()
    return tuple(dict.fromkeys(reference for name in sorted(concepts) for reference in found.get(name, ())))


def answer(
    requirement: Requirement,
    case: Case,
    status: Status,
    evidence: Sequence[str] = (),
    *,
    variant: str | None = None,
    reason: Reason | None = None,
    since: date | None = None,
    facts: dict[str, Fact] | None = None,
) -> Assessment:
    """A finding that fades after the last infusion, or `since` if that is later, but never beside an open order.

    What cannot be told for no other reason wants to be verified.
    """
    last = case.courses[-1].last if case.courses else None
    event = None if last is None or case.plan is not None else max(last, since or last)
    return Assessment(
        requirement.id,
        status,
        reason,
        (Note.VERIFY,) if status is Status.CANNOT_TELL and reason is None else (),
        variant=variant,
        evidence=tuple(dict.fromkeys(evidence)),
        planned=case.plan is not None,
        event=event,
        facts={"last_infusion": last, **(facts or {})},
    )


def follows_doubt(when: When | None, case: Case, reach: int | None = None) -> bool:
    """Whether it may have come after an administration nobody can place (within `reach` days of it, if given)."""
    for doubt in case.exposures.doubts:
        if doubt.when is None or when is None:
            return True
        if when.last >= doubt.when.first and (reach is None or when.first <= add_days(doubt.when.last, reach)):
            return True
    return False

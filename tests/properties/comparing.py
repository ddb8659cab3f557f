"""What is said of a timeline as plain values, and the same timeline in the past, in the future, or mixed up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from cds_service.core.assessment import Assessment
from cds_service.core.dates import AsOf, When
from cds_service.core.evaluate import evaluate
from cds_service.core.timeline import Timeline
from tests.properties.timelines import LABEL

Answer = dict[str, Any]
ONE_DAY = timedelta(days=1)
DATED = {  # lists of the timeline -> when an entry of it happened
    "administrations": "start",
    "mentions": "when",
    "conditions": "when",
    "allergies": "when",
    "vaccinations": "when",
    "service_orders": "written",
    "visits": "start",
}
BOOKS = ("results", "pending", "measured")
LISTS = (*DATED, "drug_orders", "appointments")


def answers(timeline: Timeline, as_of: AsOf, hook: str | None = None) -> list[Answer]:
    """What is said, without the order of evidence."""
    verdict = evaluate(LABEL, timeline, as_of, hook)
    assert verdict.failures == ()
    return [_plain(item) for item in verdict.assessments]


def _plain(item: Assessment) -> Answer:
    fields = item._asdict()
    return {**fields, "facts": dict(item.facts), "evidence": sorted(item.evidence), "unread": sorted(item.unread)}


def place(answer: Answer) -> tuple[str, int | None, int | None]:
    """What an answer is about: the requirement, and the course and day it speaks of."""
    return answer["requirement"], answer["course"], answer["day"]


# --- the past ---------------------------------------------------------------------------------------------------------


def happened(when: When | None, as_of: AsOf) -> bool:
    """Written down again, apart from the code under test."""
    if when is None:
        return True
    if when.instant is not None and as_of.instant is not None:
        return when.instant <= as_of.instant
    return when.first <= as_of.today


def past_of(timeline: Timeline, as_of: AsOf, hook: str | None = None) -> Timeline:
    """The timeline as it would have been had it ended at `as_of`. Appointments are the future by nature."""
    changed: dict[str, Any] = {
        name: tuple(item for item in getattr(timeline, name) if happened(getattr(item, moment), as_of))
        for name, moment in DATED.items()
    }
    for name in BOOKS:
        changed[name] = _past_results(getattr(timeline, name), as_of)
    changed["drug_orders"] = tuple(
        item
        for item in timeline.drug_orders
        if happened(item.written, as_of)
        or (item.draft and hook in {"order-select", "order-sign"})
        or (item.draft and item.written is not None and item.written.first <= as_of.today + ONE_DAY)
    )
    changed["visits"] = tuple(
        item if happened(item.end, as_of) else item._replace(end=None, open=True) for item in changed["visits"]
    )
    person = timeline.person
    if person is not None and person.died is not None and not happened(person.died, as_of):
        person = person._replace(deceased=False, died=None)
    return timeline._replace(**changed, person=person)


def _past_results(book: Mapping[str, tuple[Any, ...]], as_of: AsOf) -> dict[str, tuple[Any, ...]]:
    return {concept: tuple(item for item in found if happened(item.when, as_of)) for concept, found in book.items()}


# --- another order, other days ----------------------------------------------------------------------------------------


def mixed(timeline: Timeline, random: Any) -> Timeline:
    """The same facts in another order."""

    def other(found: tuple[Any, ...]) -> tuple[Any, ...]:
        listed = list(found)
        random.shuffle(listed)
        return tuple(listed)

    changed: dict[str, Any] = {name: other(getattr(timeline, name)) for name in LISTS}
    for name in BOOKS:
        book = getattr(timeline, name)
        changed[name] = {concept: other(book[concept]) for concept in other(tuple(book))}
    return timeline._replace(**changed)


def shift(value: Any, days: int) -> Any:
    """Everything so many days later, dates and instants alike."""
    by = timedelta(days=days)
    match value:
        case datetime() | date():
            return value + by
        case tuple() if hasattr(value, "_fields"):
            return type(value)(*(shift(part, days) for part in value))
        case tuple() | list() | frozenset():
            return type(value)(shift(part, days) for part in value)
        case _:
            return value


def shifted(timeline: Timeline, days: int) -> Timeline:
    """The timeline so many days later."""
    changed: dict[str, Any] = {name: shift(getattr(timeline, name), days) for name in (*LISTS, "person")}
    for name in BOOKS:
        changed[name] = {concept: shift(found, days) for concept, found in getattr(timeline, name).items()}
    return timeline._replace(**changed)

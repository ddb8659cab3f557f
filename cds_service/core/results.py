"""Acceptable results of a test: single results, and sets of components on one day that together make the test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from cds_service.core.dates import When
from cds_service.core.label import Test
from cds_service.core.timeline import Result


class Done(NamedTuple):
    """One time the test was done. A set of components is as late as its latest member."""

    when: When
    references: tuple[str, ...]
    issued_only: bool


def tests_done(results: Mapping[str, tuple[Result, ...]], test: Test) -> tuple[Done, ...]:
    """All results that count for the test, by any of its alternatives."""
    found: list[Done] = []
    for concepts in test.any_of:
        if len(concepts) == 1:
            (concept,) = concepts
            found += [Done(when, (reference,), issued) for when, reference, issued in results.get(concept, ())]
        elif all(results.get(concept) for concept in concepts):
            found += _sets_of_one_day(results, concepts)
    return tuple(found)


def _sets_of_one_day(results: Mapping[str, tuple[Result, ...]], concepts: frozenset[str]) -> list[Done]:
    by_concept = [_first_of_each_day(results[concept]) for concept in sorted(concepts)]
    days = set(by_concept[0]).intersection(*by_concept[1:])
    sets = []
    for day in days:
        members = [by_day[day] for by_day in by_concept]
        references = tuple(dict.fromkeys(member.reference for member in members))
        sets.append(Done(_latest(members, day), references, any(member.issued_only for member in members)))
    return sets


def _first_of_each_day(results: tuple[Result, ...]) -> dict[date, Result]:
    """The earliest timed result of each exactly dated day."""
    by_day: dict[date, Result] = {}
    for result in results:
        when = result.when
        if when.first != when.last:
            continue
        held = by_day.get(when.first)
        if held is None or _earlier(result, held):
            by_day[when.first] = result
    return by_day


def _earlier(result: Result, held: Result) -> bool:
    """Timed before untimed, then the earlier, then by reference, so that the order of records is nothing."""
    new, old = result.when.instant, held.when.instant
    if new is None or old is None or new == old:
        return result.reference < held.reference if new == old else new is not None
    return new < old


def _latest(members: list[Result], day: date) -> When:
    instants = [member.when.instant for member in members]
    timed = [instant for instant in instants if instant is not None]
    return When(day, day, max(timed) if len(timed) == len(instants) else None)


def latest(done: Iterable[Done]) -> Done | None:
    """The test done last (by its last possible day); None when it was never done. The order of records is nothing."""
    return max(done, key=_last_first, default=None)


def _last_first(item: Done) -> tuple[date, date, bool, tuple[str, ...]]:
    return item.when.last, item.when.first, not item.issued_only, item.references

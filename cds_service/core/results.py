"""Acceptable results of a test: single results, and sets of components on one day that together make the test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import zip_longest
from typing import NamedTuple

from cds_service.core.dates import When
from cds_service.core.label import Test
from cds_service.core.timeline import Result


class Done(NamedTuple):
    """One time the test was done. A set is complete with its latest member (`when`) and as old as its `oldest`."""

    when: When
    references: tuple[str, ...]
    issued_only: bool
    oldest: When


def tests_done(results: Mapping[str, tuple[Result, ...]], test: Test) -> tuple[Done, ...]:
    """All results that count for the test, by any of its alternatives."""
    if test.members:
        return tuple(_sets_of_members(results, [concept for _, concept in test.members]))
    found: list[Done] = []
    for concepts in test.any_of:
        if len(concepts) == 1:
            (concept,) = concepts
            found += map(as_done, results.get(concept, ()))
        elif all(results.get(concept) for concept in concepts):
            found += _sets_of_one_day(results, concepts)
    return tuple(found)


def as_done(result: Result) -> Done:
    """A result that is the whole test."""
    when, reference, issued_only = result
    return Done(when, (reference,), issued_only, when)


def _sets_of_one_day(results: Mapping[str, tuple[Result, ...]], concepts: frozenset[str]) -> list[Done]:
    by_concept = [_first_of_each_day(results[concept]) for concept in sorted(concepts)]
    days = set(by_concept[0]).intersection(*by_concept[1:])
    sets = []
    for day in days:
        members = [by_day[day] for by_day in by_concept]
        references = tuple(dict.fromkeys(member.reference for member in members))
        when = _latest(members, day)
        sets.append(Done(when, references, any(member.issued_only for member in members), when))
    return sets


def _sets_of_members(results: Mapping[str, tuple[Result, ...]], concepts: list[str]) -> list[Done]:
    """For each time a member was measured, the set known by then: of every member the latest one.

    The newest sets come last.
    """
    events = sorted(
        (_in_time(result), place, result)
        for place, concept in enumerate(concepts)
        for result in results.get(concept, ())
    )
    sets: list[Done] = []
    held: dict[int, tuple[_Moment, int, Result]] = {}
    for event, following in zip_longest(events, events[1:]):
        held[event[1]] = event
        newest = event[2]
        if len(held) < len(concepts) or (following is not None and following[2].when == newest.when):
            continue  # what is measured at the same time is one set, complete with its last member
        members = [held[place][2] for place in range(len(concepts))]
        oldest = min(held.values(), key=_moment_of)[2]
        references = tuple(dict.fromkeys(member.reference for member in members))
        sets.append(Done(newest.when, references, True in [member.issued_only for member in members], oldest.when))
    return sets


_Moment = tuple[date, date, float, str]


def _in_time(result: Result) -> _Moment:
    """In order of the last possible day; of one day by time, so that the order of records is nothing."""
    when = result.when
    return when.last, when.first, when.instant.timestamp() if when.instant is not None else -1.0, result.reference


def _moment_of(event: tuple[_Moment, int, Result]) -> _Moment:
    return event[0]


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
    """The test done last (by its last possible day); None when it was never done. The order of records is nothing.

    Of sets the one whose oldest member is the latest.
    """
    return max(done, key=_last_first, default=None)


def _last_first(item: Done) -> tuple[date, date, bool, tuple[str, ...]]:
    return item.oldest.last, item.oldest.first, not item.issued_only, item.references

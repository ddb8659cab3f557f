"""Runs: days on which a drug was taken or is planned without a break, put together from all that speaks of it.

Orders, the medication list and single administrations become intervals of days. Knows no label and no drug.
Source: the exact readings for prophylaxis (docs/labels).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from cds_service.core.dates import When, add_days
from cds_service.core.timeline import Administration, DrugOrder, Exposure, Mention, Route, Timeline

COUNTING_ROUTES = frozenset({None, Route.INTRAVENOUS, Route.ORAL, Route.INTRAMUSCULAR})  # not on skin, lips or eyes
_LONGEST_PAUSE_DAYS = 2  # administrations this far apart leave one day without
_DRAWN = frozenset({Exposure.GIVEN, Exposure.STARTED})


class Run(NamedTuple):
    """One stretch of days. `start` None: running, nobody knows since when. `end` None: goes on as far as is known.

    `lost`: it ended at an unknown day after `start` (a closed order without an end).
    """

    start: date | None
    end: date | None
    references: tuple[str, ...]
    lost: bool = False
    by_text: bool = False

    def covers(self, day: date) -> bool:
        """Whether the run certainly holds that day."""
        if self.start is None or self.start > day:
            return False
        return self.start == day if self.lost else self.end is None or self.end >= day


class Spell(NamedTuple):
    """What one resource says: start and end as written."""

    start: When | None
    end: When | None
    lost: bool
    reference: str
    by_text: bool = False
    unsure: bool = False  # its status does not say whether it holds


def spells(timeline: Timeline, concepts: frozenset[str], today: date, *, drafts: bool) -> list[Spell]:
    """What each order and list entry says of these drugs; `drafts`: orders not yet signed count as well."""
    found = [_of_order(item, today) for item in timeline.drug_orders if _is_meant(item, concepts, drafts=drafts)]
    found += [
        _of_mention(item)
        for item in timeline.mentions
        if item.concepts & concepts and not item.dispensed and item.route in COUNTING_ROUTES
    ]
    return found


def _is_meant(order: DrugOrder, concepts: frozenset[str], *, drafts: bool) -> bool:
    is_drug = bool(order.concepts & concepts) and order.route in COUNTING_ROUTES
    return is_drug and (drafts or not order.draft)


def _of_order(order: DrugOrder, today: date) -> Spell:
    start = order.starts or order.written
    end, goes_on = order.runs_until, order.active or order.draft
    was_cut = end is not None and end.first > today and not order.completed
    lost = not goes_on and not order.unsure and (end is None or was_cut)  # over, and nobody knows when
    return Spell(start, None if lost else end, lost, order.reference, order.by_text, order.unsure)


def _of_mention(item: Mention) -> Spell:
    start = None if item.asserted_only else item.when
    return Spell(start, item.ends, item.closed and item.ends is None, item.reference, item.by_text, item.unsure)


def is_vague(spell: Spell) -> bool:
    """Whether a date of it is not known to the day."""
    return any(when is not None and not when.is_exact_day for when in (spell.start, spell.end))


def joined(found: Iterable[Spell], given: Iterable[Run], *, longest: bool, undated: date | None = None) -> list[Run]:
    """Runs in order of their start; those that overlap or follow within a day are one.

    Vague dates are read the longest or the shortest way. `undated`: since when a spell without a start runs.
    """
    runs = list(given)
    for spell in found:
        start = undated
        if spell.start is not None:
            start = spell.start.first if longest else spell.start.last
        end = None
        if spell.end is not None:
            end = spell.end.last if longest else spell.end.first
        runs.append(Run(start, end, (spell.reference,), spell.lost, spell.by_text))
    dated = sorted((run for run in runs if run.start is not None and not run.lost), key=_by_start)
    whole: list[Run] = []
    for run in dated:
        if whole and run.start is not None and (whole[-1].end is None or run.start <= add_days(whole[-1].end, 1)):
            whole[-1] = _merged(whole[-1], run)
        else:
            whole.append(run)
    return [*whole, *sorted((run for run in runs if run.start is None or run.lost), key=_by_start)]


def _by_start(run: Run) -> tuple[date, tuple[str, ...]]:
    return run.start or date.min, run.references


def _merged(one: Run, other: Run) -> Run:
    end = None if one.end is None or other.end is None else max(one.end, other.end)
    return Run(one.start, end, (*one.references, *other.references), by_text=one.by_text or other.by_text)


def given_runs(administrations: Iterable[Administration], concepts: frozenset[str], today: date) -> list[Run]:
    """Administrations day by day; one that is not followed within two days was the last."""
    days: dict[date, list[str]] = {}
    for record in administrations:
        if not record.concepts & concepts or record.exposure not in _DRAWN or record.route not in COUNTING_ROUTES:
            continue
        if record.start is not None and record.start.is_exact_day:
            days.setdefault(record.start.first, []).append(record.reference)
    runs: list[Run] = []
    for day in sorted(days):
        last = runs[-1].end if runs else None
        if last is not None and (day - last).days <= _LONGEST_PAUSE_DAYS:
            runs[-1] = Run(runs[-1].start, day, (*runs[-1].references, *days[day]))
        else:
            runs.append(Run(day, day, tuple(days[day])))
    if runs and runs[-1].end is not None and (today - runs[-1].end).days <= _LONGEST_PAUSE_DAYS:
        runs[-1] = runs[-1]._replace(end=None)
    return runs

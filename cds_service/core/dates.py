"""Dates as clinical records write them: whole days, partial dates as intervals, instants with an offset.

Knows calendar arithmetic only. It may not know what day it is: "now" is always an argument (`AsOf`).
"""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta
from typing import NamedTuple

ONE_DAY = timedelta(days=1)
_SHORTEST_MONTH = 28
FARTHEST_OFFSETS_DAYS = 2  # local calendars of one instant are at most this far apart (UTC-12 and UTC+14)


class When(NamedTuple):
    """The time of an event as it was written.

    `first` and `last` are the earliest and latest local calendar days it may have happened on (equal when the day is
    known, e.g. "2026-02" is 1 to 28 February). `instant` is the aware point in time, or None when only days are known.
    """

    first: date
    last: date
    instant: datetime | None = None

    @property
    def is_exact_day(self) -> bool:
        """True when the calendar day is known."""
        return self.first == self.last


class AsOf(NamedTuple):
    """The moment we judge from: `today` as a local date, and the instant when one was given (else the whole day)."""

    today: date
    instant: datetime | None = None

    def has_seen(self, when: When) -> bool:
        """True when the event has happened: by instant if both sides have one, else by the event's first day."""
        if when.instant is not None and self.instant is not None:
            return when.instant <= self.instant
        return when.first <= self.today

    def clip(self, when: When) -> When:
        """The part of a vague date that is still possible: nothing after today."""
        if when.last <= self.today or when.first == when.last:
            return when
        return When(when.first, max(when.first, self.today), when.instant)


def on_day(day: date) -> When:
    """An event known to the day only."""
    return When(day, day)


def add_months(day: date, months: int) -> date:
    """Calendar months later (or earlier), clamped to the end of the month: 31 January + 1 month = 28/29 February.

    Never beyond the calendar's ends.
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if not date.min.year <= year <= date.max.year:
        return date.max if months > 0 else date.min
    if day.day <= _SHORTEST_MONTH:
        return date(year, month + 1, day.day)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def add_days(day: date, days: int) -> date:
    """So many days later (or earlier), never beyond the calendar's ends."""
    try:
        return day + timedelta(days)  # by keyword it takes half as long again
    except OverflowError:
        return date.max if days > 0 else date.min


def day_range(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both included; empty when `last` is earlier."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def starts_before(event: When, other: When) -> bool | None:
    """Whether `event` is strictly earlier than `other`; None when the written precision cannot tell.

    Two instants decide exactly. Otherwise the days decide, and an overlap of days leaves the order unknown.
    """
    if event.instant is not None and other.instant is not None:
        return event.instant < other.instant
    if event.last < other.first:
        return True
    if event.first > other.last:
        return False
    return None

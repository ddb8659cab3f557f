"""Dates: month arithmetic against an independent walk over the calendar, partial dates, order of events."""

import calendar
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.core.dates import AsOf, When, add_days, add_months, day_range, on_day, starts_before

MARCH_2 = date(2026, 3, 2)
FEBRUARY = When(date(2026, 2, 1), date(2026, 2, 28))


def at(hour: int, minute: int = 0, day: date = MARCH_2, offset: int = -5) -> When:
    zone = timezone(timedelta(hours=offset))
    return When(day, day, datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone))


def walked(day: date, months: int) -> date:
    """Month by month along the calendar, then back from the 31st until the day exists."""
    year, month = day.year, day.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        elif month == 0:
            year, month = year - 1, 12
    wanted = day.day
    while True:
        try:
            return date(year, month, wanted)
        except ValueError:
            wanted -= 1


@given(st.dates(date(1900, 1, 1), date(2200, 12, 31)), st.integers(-600, 600))
def test_months_agree_with_a_walk_over_the_calendar(day: date, months: int) -> None:
    assert add_months(day, months) == walked(day, months)


def test_every_month_end_of_a_leap_cycle() -> None:
    for year in range(2023, 2028):
        for month in range(1, 13):
            last = date(year, month, calendar.monthrange(year, month)[1])
            for months in (1, 3, 12, 48):
                assert add_months(last, months) == walked(last, months)


@pytest.mark.parametrize(
    "day, months, expected",
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 2, 15), 3, date(2026, 5, 15)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 3, 2), 0, date(2026, 3, 2)),
        (date(9999, 12, 1), 1, date.max),
        (date(1, 1, 31), -1, date.min),
    ],
)
def test_months_by_hand(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


def test_days_stop_at_the_ends_of_the_calendar() -> None:
    assert add_days(MARCH_2, -30) == date(2026, 1, 31)
    assert add_days(date.max, 1) == date.max
    assert add_days(date.min, -1) == date.min


def test_day_range_holds_both_ends_and_may_be_empty() -> None:
    assert day_range(MARCH_2, MARCH_2) == [MARCH_2]
    assert day_range(MARCH_2, date(2026, 3, 4)) == [MARCH_2, date(2026, 3, 3), date(2026, 3, 4)]
    assert day_range(MARCH_2, date(2026, 3, 1)) == []


@pytest.mark.parametrize(
    "event, other, expected",
    [
        (at(8), at(9), True),
        (at(9), at(9), False),
        (at(10), at(9), False),
        (at(13, 59, offset=0), at(9), True),
        (at(14, 0, offset=0), at(9), False),
        (on_day(MARCH_2), at(9), None),
        (at(8), on_day(MARCH_2), None),
        (on_day(MARCH_2), on_day(MARCH_2), None),
        (on_day(date(2026, 3, 1)), at(9), True),
        (on_day(date(2026, 3, 3)), at(9), False),
        (FEBRUARY, at(9), True),
        (FEBRUARY, on_day(date(2026, 2, 28)), None),
        (FEBRUARY, on_day(date(2026, 2, 1)), None),
        (FEBRUARY, on_day(date(2026, 1, 31)), False),
    ],
)
def test_order_of_two_events(event: When, other: When, expected: bool | None) -> None:  # noqa: FBT001 - a table
    assert starts_before(event, other) is expected


@pytest.mark.parametrize(
    "as_of, when, seen",
    [
        (AsOf(MARCH_2), at(23, 59), True),
        (AsOf(MARCH_2), at(0, 0, date(2026, 3, 3)), False),
        (AsOf(MARCH_2, datetime(2026, 3, 2, 14, tzinfo=UTC)), at(9), True),
        (AsOf(MARCH_2, datetime(2026, 3, 2, 14, tzinfo=UTC)), at(9, 1), False),
        (AsOf(MARCH_2, datetime(2026, 3, 2, 14, tzinfo=UTC)), on_day(MARCH_2), True),
        (AsOf(MARCH_2), on_day(date(2026, 3, 3)), False),
        (AsOf(date(2026, 2, 10)), FEBRUARY, True),
        (AsOf(date(2026, 1, 31)), FEBRUARY, False),
    ],
)
def test_what_has_happened(as_of: AsOf, when: When, seen: bool) -> None:  # noqa: FBT001 - a table
    assert as_of.has_seen(when) is seen


def test_only_days_up_to_today_remain_of_a_partial_date() -> None:
    assert AsOf(date(2026, 2, 10)).clip(FEBRUARY) == When(date(2026, 2, 1), date(2026, 2, 10))
    assert AsOf(date(2026, 3, 10)).clip(FEBRUARY) == FEBRUARY
    assert AsOf(MARCH_2).clip(at(9)) == at(9)
    assert AsOf(date(2026, 2, 1)).clip(FEBRUARY).is_exact_day

"""Local clinic times with the UTC offset that was in force on that day.

The daylight-saving rule of the United States (since 2007: second Sunday of March to first Sunday of November) is
written out here, so that the fixtures come out the same on machines without a time zone database.
"""

from __future__ import annotations

from datetime import date, timedelta

EASTERN = "US/Eastern"
PACIFIC = "US/Pacific"
_STANDARD_HOURS = {EASTERN: -5, PACIFIC: -8}


def _nth_sunday(year: int, month: int, nth: int) -> date:
    """The nth Sunday of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (nth - 1))


def offset(day: date, zone: str = EASTERN) -> str:
    """The UTC offset of the zone from 02:00 local time of that day on, for example ``-05:00``."""
    summer = _nth_sunday(day.year, 3, 2) <= day < _nth_sunday(day.year, 11, 1)
    hours = _STANDARD_HOURS[zone] + (1 if summer else 0)
    return f"-{-hours:02d}:00"


def at(day: date, time: str, zone: str = EASTERN) -> str:
    """A FHIR dateTime: that day, that wall-clock time (``HH:MM``), the zone's offset of the day."""
    return f"{day.isoformat()}T{time}:00{offset(day, zone)}"


def later(time: str, minutes: int) -> str:
    """The wall-clock time so many minutes later on the same day."""
    hour, minute = divmod(int(time[:2]) * 60 + int(time[3:]) + minutes, 60)
    return f"{hour:02d}:{minute:02d}"


def days_from(first: date, count: int) -> list[date]:
    """So many calendar days in a row."""
    return [first + timedelta(days=n) for n in range(count)]


def back_from(last: date, step: int, after: date) -> list[date]:
    """Dates every ``step`` days, ending at ``last``, all later than ``after``; earliest first."""
    found = []
    day = last
    while day > after:
        found.append(day)
        day -= timedelta(days=step)
    return found[::-1]

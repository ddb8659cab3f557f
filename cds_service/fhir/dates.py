"""FHIR dates and times as `When`: strict about what is a date, faithful to precision and offset as written."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from cds_service.core.dates import AsOf, When

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_DATE_TIME = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d|60)(\.\d+)?)?(Z|[+-](?:0\d|1[0-3]):[0-5]\d|[+-]14:00)?)?)?)?",
    re.ASCII,
)
_DATE_LENGTH = 10
_USUAL_OFFSETS = frozenset(
    f"{sign}{hour:02}:{minute}" for sign in "+-" for hour in range(14) for minute in ("00", "30", "45")
)
_UNREAD = object()


class DateReader:
    """Reads the dates of one record, remembering what it has read (panels repeat their times).

    `zone`: the site's time zone; a time written in Z, or without any offset, is converted to it.
    """

    def __init__(self, zone: ZoneInfo | None = None) -> None:
        self._zone = zone
        self._known: dict[str, object] = {}

    def read(self, text: str) -> When | None:
        """The date or time, or None when it is none (impossible days included)."""
        found = self._known.get(text, _UNREAD)
        if found is _UNREAD:
            found = self._known[text] = self._usual(text) or self._parse(text)
        return found  # type: ignore[return-value]  # the sentinel was replaced above

    def _usual(self, text: str) -> When | None:
        """The forms nearly all dates and times have, in a quarter of the grammar's time; None leaves it to the grammar.

        The marks tell them from the other ISO forms `fromisoformat` takes (2026-W47-7, 180000, a decimal comma); it
        takes no impossible day and no other digits, but offsets FHIR does not know.
        """
        marks = text[4:17:3]
        if marks == "--" and len(text) == _DATE_LENGTH:
            return _full_date(text)
        if marks != "--T::":
            return None
        ending = text[19:]
        if ending[:1] == ".":
            ending = ending[4:]
        in_utc = ending == "Z"
        if not in_utc and ending not in _USUAL_OFFSETS:
            return None
        try:
            moment = datetime.fromisoformat(text)
            if in_utc and self._zone is not None:
                moment = moment.astimezone(self._zone)
        except (ValueError, OverflowError):
            return None
        day = moment.date()
        return tuple.__new__(When, (day, day, moment))  # a third of the class's time

    def _parse(self, text: str) -> When | None:
        match = _DATE_TIME.fullmatch(text)
        if match is None:
            return None
        try:
            return self._build(text, match)
        except (ValueError, OverflowError):  # no such day; or a zone beyond the ends of the calendar
            return None

    def _build(self, text: str, match: re.Match[str]) -> When:
        year, month, day, hour = match.group(1, 2, 3, 4)
        if month is None:
            return When(date(int(year), 1, 1), date(int(year), 12, 31))
        if day is None:
            first = date(int(year), int(month), 1)
            return When(first, first.replace(day=monthrange(first.year, first.month)[1]))
        local_day = date.fromisoformat(text[:_DATE_LENGTH])
        if hour is None:
            return When(local_day, local_day)
        return self._timed(local_day, match)

    def _timed(self, local_day: date, match: re.Match[str]) -> When:
        hour, minute, second, fraction, offset = match.group(4, 5, 6, 7, 8)
        whole = min(int(second or 0), 59)  # a leap second is read as the second before it
        micro = int((fraction or ".0")[1:7].ljust(6, "0"))
        written = f"{local_day.isoformat()}T{hour}:{minute}:{whole:02}.{micro:06}"
        if offset is None:
            if self._zone is None:
                return When(local_day, local_day)
            moment = datetime.fromisoformat(written).replace(tzinfo=self._zone)
        elif offset == "Z":
            moment = datetime.fromisoformat(written).replace(tzinfo=UTC)
            if self._zone is not None:
                moment = moment.astimezone(self._zone)
        else:
            moment = datetime.fromisoformat(written + offset)
        return When(moment.date(), moment.date(), moment)


def _full_date(text: str) -> When | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return tuple.__new__(When, (day, day, None))


def read_as_of(text: str) -> AsOf:
    """`--as-of` or `?asOf=`: a full date (the whole day) or an instant with offset; ValueError with what to write."""
    when = DateReader().read(text.strip())
    is_partial = when is not None and not when.is_exact_day
    has_time = "T" in text
    if when is None or is_partial or (has_time and when.instant is None):
        msg = "as-of is neither a date (2026-11-22) nor an instant with offset (2026-11-22T18:00:00-05:00)"
        raise ValueError(msg)
    return AsOf(when.first, when.instant)

"""Move a whole record by days.

Every date and dateTime that stands alone in a JSON string moves by the same number of days. Times of day and UTC
offsets stay as written: a story of winter that is moved to summer keeps its winter offset. Label rules count in the
local dates as written, so nothing changes for them. Text (notes, dosage text) names no dates and stays as it is.
A date that names only its month, in an element that holds a date, becomes the month in which its middle then lies.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2}))?")


MONTH = re.compile(r"\d{4}-\d{2}")
_MIDDLE = "-15"


def moved(value: Any, days: int) -> Any:  # noqa: ANN401 - a JSON value of any shape comes in and goes out
    """A copy of a JSON value in which every date lies so many days later."""
    if isinstance(value, dict):
        return {key: _moved_member(key, member, days) for key, member in value.items()}
    if isinstance(value, list):
        return [moved(member, days) for member in value]
    if isinstance(value, str) and (found := DATE.fullmatch(value)):
        return (date.fromisoformat(found[1]) + timedelta(days=days)).isoformat() + (found[2] or "")
    return value


def _moved_member(key: str, value: Any, days: int) -> Any:  # noqa: ANN401 - as above
    if key.endswith("DateTime") and isinstance(value, str) and MONTH.fullmatch(value):
        return (date.fromisoformat(value + _MIDDLE) + timedelta(days=days)).isoformat()[: -len(_MIDDLE)]
    return moved(value, days)

"""A story moved to another day tells the same, unless it says that it hangs on the length of its months."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from fhir_fixtures import load_story, story_names
from tests.golden.stories import ENGINE, report

COMPARED = ("requirement", "status", "indicator", "reason", "note", "course", "day")
FIRST = date(2026, 11, 20)
DAYS = [FIRST + timedelta(days=days) for days in range(0, 366, 73)]
FREE = [name for name in story_names() if not load_story(name).calendar_bound]
Rows = list[tuple[Any, ...]]


def told(name: str, today: date | None) -> Rows:
    if today is None:
        return [tuple(row[key] for key in COMPARED) for row in report(name)["assessments"]]
    story = load_story(name, today)
    (found,) = ENGINE.reports(json.dumps(story.bundle).encode(), story.as_of, name, None)
    return [tuple(row[key] for key in COMPARED) for row in found["assessments"]]


@pytest.mark.parametrize("name", FREE)
def test_a_story_tells_the_same_on_any_day(name: str) -> None:
    assert {today: told(name, today) for today in DAYS} == dict.fromkeys(DAYS, told(name, None))


def test_only_the_minority_hangs_on_the_calendar() -> None:
    assert len(FREE) > len(story_names()) * 2 / 3


def test_one_that_does_is_seen_to_change() -> None:
    bound = [name for name in story_names() if name not in FREE]
    assert any(told(name, today) != told(name, None) for name in bound for today in DAYS)

"""Courses, plans and follow-up by themselves."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from cds_service.core.courses import Plan, follow_up, group_courses
from cds_service.core.dates import on_day
from cds_service.core.exposure import InfusionDay
from cds_service.core.label import Courses

RULE = Courses(gap_days=30, resume_days=90, first_length=5, later_length=3)
START = date(2026, 3, 2)


def days(*offsets: int) -> list[InfusionDay]:
    return [
        InfusionDay(
            date=(day := START + timedelta(days=offset)), records=(), start=on_day(day), total_mg=Decimal(12),
            known_mg=Decimal(12), whole=True, same_order_repeated=False, notes=(), references=(),
        )
        for offset in offsets
    ]  # fmt: skip


@pytest.mark.parametrize(
    "offsets, sizes, resumed",
    [
        ((), [], []),
        ((0,), [1], [False]),
        ((0, 1, 2, 3, 4), [5], [False]),
        ((0, 1, 2, 3, 4, 34), [6], [False]),
        ((0, 1, 2, 3, 4, 35), [5, 1], [False, False]),
        ((0, 1, 2, 3, 34), [5], [True]),
        ((0, 1, 2, 3, 93), [5], [True]),
        ((0, 1, 2, 3, 94), [4, 1], [False, False]),
        ((0, 30, 60, 90), [4], [False]),
        ((0, 1, 2, 3, 4, 400, 401, 402, 433), [5, 3, 1], [False, False, False]),
        ((0, 1, 2, 3, 4, 400, 401, 491), [5, 3], [False, True]),
    ],
)
def test_infusion_days_group_into_courses(offsets: tuple[int, ...], sizes: list[int], resumed: list[bool]) -> None:
    courses = group_courses(days(*offsets), RULE)
    assert [len(course.days) for course in courses] == sizes
    assert [course.resumed for course in courses] == resumed
    assert [course.number for course in courses] == list(range(1, len(sizes) + 1))


def test_follow_up_ends_with_the_last_course_and_counts_from_the_first_infusion() -> None:
    assert follow_up((), 48) is None
    courses = group_courses(days(0, 1, 2, 3, 4, 400, 401, 402), RULE)
    found = follow_up(courses, 48)
    assert found is not None
    assert (found.anchor, found.last_infusion, found.ends) == (START, courses[1].last, date(2031, 4, 8))


def plan(dates: tuple[date, ...] | None, first_day: int = 1) -> Plan:
    return Plan(1, first_day, first_day > 1, on_day(START), start_known=True, dates=dates, length=5, orders=())


def test_a_plan_without_days_stands_for_the_rest_of_the_course() -> None:
    assert plan(None).planned_days == range(1, 6)
    assert plan(None, first_day=4).planned_days == range(4, 6)
    assert plan(None, first_day=7).planned_days == range(7, 8)
    assert plan(None).date_of(3) == date(2026, 3, 4)
    assert plan(None).day_count is None


def test_a_plan_with_days_names_them_in_order() -> None:
    named = plan((date(2026, 3, 5), date(2026, 3, 6), date(2026, 3, 9)))
    assert named.planned_days == range(1, 4)
    assert named.day_count == 3
    assert [named.date_of(day) for day in named.planned_days] == [date(2026, 3, day) for day in (5, 6, 9)]
    assert plan((date(2026, 3, 9),), first_day=3).date_of(3) == date(2026, 3, 9)

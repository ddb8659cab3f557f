"""Which results make a test."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from cds_service.core.dates import When
from cds_service.core.label import Test as LabTest
from cds_service.core.results import latest, tests_done
from cds_service.core.timeline import Result

COUNT = LabTest(
    id="count", name="count", any_of=(frozenset({"panel"}), frozenset({"red", "white"})), wrong=frozenset({"strip"}),
    ordered_as=frozenset(), order=("", "", ""),
)  # fmt: skip
tests_done.__test__ = False  # type: ignore[attr-defined] # a function of the core, not a test


def result(name: str, day: int, hour: int | None = None, *, issued_only: bool = False) -> Result:
    on = date(2026, 3, day)
    return Result(When(on, on, datetime(2026, 3, day, hour, tzinfo=UTC) if hour else None), name, issued_only)


def test_what_counts_and_what_only_looks_alike_is_worked_out_once() -> None:
    assert COUNT.concepts == {"panel", "red", "white"}
    assert COUNT.look_alikes == ("red", "strip", "white")


@pytest.mark.parametrize(
    "book, days",
    [
        ({}, []),
        ({"panel": (result("p", 1),)}, [1]),
        ({"strip": (result("s", 1),)}, []),
        ({"red": (result("r", 1),)}, []),
        ({"red": (result("r", 1),), "white": (result("w", 2),)}, []),
        ({"red": (result("r", 1),), "white": (result("w", 1),)}, [1]),
        ({"panel": (result("p", 3),), "red": (result("r", 1),), "white": (result("w", 1),)}, [1, 3]),
    ],
)
def test_a_panel_or_all_parts_of_one_day(book: dict[str, tuple[Result, ...]], days: list[int]) -> None:
    assert sorted(done.when.first.day for done in tests_done(book, COUNT)) == days


def test_a_set_is_as_late_as_its_latest_part_and_takes_the_earliest_of_each() -> None:
    book = {"red": (result("late", 1, 15), result("early", 1, 8)), "white": (result("w", 1, 9),)}
    (done,) = tests_done(book, COUNT)
    assert done.when.instant == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert done.references == ("early", "w")


def test_a_set_with_an_untimed_part_has_no_time() -> None:
    (done,) = tests_done({"red": (result("r", 1, 8),), "white": (result("w", 1),)}, COUNT)
    assert done.when.instant is None
    (done,) = tests_done({"red": (result("r", 1, 8),), "white": (result("w", 1), result("timed", 1, 9))}, COUNT)
    assert done.references == ("r", "timed")


def test_a_part_without_an_exact_day_belongs_to_no_set() -> None:
    march = Result(When(date(2026, 3, 1), date(2026, 3, 31)), "w", issued_only=False)
    assert tests_done({"red": (result("r", 1),), "white": (march,)}, COUNT) == ()


def test_one_record_may_hold_every_part() -> None:
    both = result("both", 1, issued_only=True)
    (done,) = tests_done({"red": (both,), "white": (both,)}, COUNT)
    assert (done.references, done.issued_only) == (("both",), True)


def test_the_latest_is_the_one_that_may_be_latest() -> None:
    done = tests_done({"panel": (result("a", 1), result("c", 9), result("b", 5))}, COUNT)
    last = latest(done)
    assert last is not None
    assert last.references == ("c",)
    assert latest(()) is None

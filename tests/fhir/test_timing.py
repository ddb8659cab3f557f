"""What an order plans: start, end, days, and how much on its largest day."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.core.timeline import Dose
from tests.fhir.made import mg, order, ordered

Json = dict[str, Any]
MARCH = {"start": "2026-03-02", "end": "2026-03-06"}


def timed(**timing: Any) -> Json:
    return {"timing": timing}


def repeated(**repeat: Any) -> Json:
    return {"timing": {"repeat": repeat}}


def dosed(quantity: Json, **fields: Any) -> Json:
    return {**fields, "doseAndRate": [{"doseQuantity": quantity}]}


def plan(*instructions: Json) -> tuple[date | None, date | None, int | None, int | None]:
    found = ordered(order(dosageInstruction=list(instructions)))
    starts = found.starts.first if found.starts else None
    ends = found.ends.last if found.ends else None
    return starts, ends, len(found.days) if found.days is not None else None, found.day_count


FIRST, LAST = date(2026, 3, 2), date(2026, 3, 6)


@pytest.mark.parametrize(
    "instruction, expected",
    [
        ({}, (None, None, None, None)),
        (timed(event=["2026-03-02", "2026-03-06", "2026-03-04"]), (FIRST, LAST, 3, None)),
        (timed(event=["2026-03-02T09:00:00-05:00"]), (FIRST, FIRST, 1, None)),
        (timed(event=["2026-03-02", "2026-03"]), (FIRST, FIRST, 1, None)),
        (timed(event=["2026-03-04"], repeat={"boundsPeriod": MARCH}), (FIRST, LAST, 1, None)),
        (repeated(boundsPeriod=MARCH), (FIRST, LAST, 5, None)),
        (repeated(boundsPeriod=MARCH, frequency=1, period=1, periodUnit="d"), (FIRST, LAST, 5, None)),
        (repeated(boundsPeriod=MARCH, frequency=1, period=24, periodUnit="h"), (FIRST, LAST, 5, None)),
        (repeated(boundsPeriod=MARCH, frequency=1, period=1, periodUnit="wk"), (FIRST, LAST, None, None)),
        (repeated(boundsPeriod=MARCH, frequency=1, period=2, periodUnit="d"), (FIRST, LAST, None, None)),
        (repeated(boundsPeriod={"start": "2026-03-02"}), (FIRST, None, None, None)),
        (repeated(boundsPeriod={"start": "2026-03-02"}, boundsDuration=mg(5, "d")), (FIRST, LAST, None, 5)),
        (repeated(boundsPeriod={"start": "2026-03-02"}, count=5), (FIRST, LAST, None, 5)),
        (repeated(boundsPeriod={"start": "2026-03"}), (date(2026, 3, 1), None, None, None)),
        (repeated(boundsPeriod={"start": "2026-03-06", "end": "2026-03-02"}), (LAST, FIRST, None, None)),
        (repeated(boundsPeriod={"start": "x", "end": "y"}), (None, None, None, None)),
        (
            repeated(boundsPeriod={"start": "1990-01-01", "end": "2026-01-01"}),
            (date(1990, 1, 1), date(2026, 1, 1), None, None),
        ),
        (repeated(count=5), (None, None, None, 5)),
        (repeated(count=10, frequency=2, period=1, periodUnit="d"), (None, None, None, 5)),
        (repeated(count=5, frequency=1, period=1, periodUnit="wk"), (None, None, None, None)),
        (repeated(count=0), (None, None, None, None)),
        (repeated(count=100_000), (None, None, None, None)),
        (repeated(boundsDuration={"value": 5, "unit": "days"}), (None, None, None, 5)),
        (repeated(boundsDuration=mg(36, "h")), (None, None, None, 2)),
        (repeated(boundsDuration=mg(2, "wk")), (None, None, None, 14)),
        (repeated(boundsDuration=mg(1, "mo")), (None, None, None, 31)),
        (repeated(boundsDuration=mg(1, "a")), (None, None, None, 365)),
        (repeated(boundsDuration=mg(-5, "d")), (None, None, None, None)),
        (repeated(boundsDuration={"value": 5, "unit": "fortnight"}), (None, None, None, None)),
        (repeated(boundsDuration=mg(1e9, "d")), (None, None, None, None)),
    ],
)
def test_days_planned(instruction: Json, expected: tuple[date | None, date | None, int | None, int | None]) -> None:
    assert plan(instruction) == expected


def test_several_instructions_span_from_the_first_to_the_last() -> None:
    first = repeated(boundsPeriod={"start": "2026-03-02", "end": "2026-03-04"})
    second = repeated(boundsPeriod={"start": "2026-03-05", "end": "2026-03-06"})
    assert plan(second, first) == (FIRST, LAST, 5, None)


def test_the_end_of_the_calendar_is_no_trouble() -> None:
    starts, ends, _, count = plan(repeated(boundsPeriod={"start": "9999-12-31"}, count=5))
    assert (starts, ends, count) == (date.max, date.max, 5)


def daily(*instructions: Json) -> Dose | None:
    return ordered(order(dosageInstruction=list(instructions))).daily_dose


TWELVE = mg(12)


@pytest.mark.parametrize(
    "instructions, milligrams",
    [
        ([dosed(TWELVE)], 12),
        ([{"doseQuantity": TWELVE}], 12),
        ([dosed(mg(0.012, "g"))], 12),
        ([{"doseAndRate": [{"doseRange": {"low": mg(10), "high": TWELVE}}]}], 12),
        ([{"doseAndRate": [{"doseRange": {"low": TWELVE}}]}], 12),
        # said twice: as ordered and as calculated
        ([{"doseAndRate": [{"doseQuantity": TWELVE}, {"doseQuantity": TWELVE}]}], 12),
        ([{"doseAndRate": [{"doseQuantity": {"value": 1, "unit": "vial"}}, {"doseQuantity": TWELVE}]}], 12),
        ([{"doseAndRate": [{"rateQuantity": mg(3, "mg/h")}, {"doseQuantity": TWELVE}]}], 12),
        ([dosed(TWELVE, **repeated(frequency=1, period=1, periodUnit="d"))], 12),
        ([dosed(TWELVE, **repeated(frequency=2, period=1, periodUnit="d"))], 24),
        ([dosed(TWELVE, **repeated(frequency=2))], 24),
        ([dosed(TWELVE, **repeated(frequency=1, period=8, periodUnit="h"))], 36),
        ([dosed(TWELVE, **repeated(frequency=1, period=12, periodUnit="h"))], 24),
        ([dosed(TWELVE, **repeated(frequency=3, period=1, periodUnit="wk"))], 12),
        ([dosed(TWELVE, **repeated(frequency=1, period=1, periodUnit="mo"))], 12),
        ([dosed(TWELVE, **repeated(frequency=1, period=0, periodUnit="d"))], 12),
        ([dosed(TWELVE, **repeated(frequency=0))], 12),
        ([dosed(TWELVE, **repeated(timeOfDay=["08:00:00", "20:00:00"]))], 24),
        ([dosed(TWELVE, **timed(code={"coding": [{"code": "BID"}]}))], 24),
        ([dosed(TWELVE, **timed(code={"coding": [{"code": "QD"}]}))], 12),
        ([dosed(TWELVE, **timed(event=["2026-03-02", "2026-03-03"]))], 12),
        # parts of one day add up
        ([dosed(mg(6)), dosed(mg(6))], 12),
        ([dosed(mg(6), sequence=1), dosed(mg(6), sequence=1)], 12),
        (
            [
                dosed(mg(6), **timed(event=["2026-03-02T08:00:00Z"])),
                dosed(mg(6), **timed(event=["2026-03-02T12:00:00Z"])),
            ],
            12,
        ),
        ([dosed(mg(6), **timed(event=["2026-03-02T08:00:00Z", "2026-03-02T12:00:00Z"]))], 12),
        # steps follow each other
        ([dosed(TWELVE, sequence=1), dosed(mg(10), sequence=2)], 12),
        ([dosed(TWELVE, **timed(event=["2026-03-02"])), dosed(TWELVE, **timed(event=["2026-03-03"]))], 12),
    ],
)
def test_daily_doses(instructions: list[Json], milligrams: float) -> None:
    assert daily(*instructions) == Dose(Decimal(str(milligrams)))


@pytest.mark.parametrize(
    "instructions, expected",
    [
        ([], None),
        ([{"text": "12 mg"}], None),
        ([{"doseAndRate": [{"rateQuantity": mg(3, "mg/h")}]}], None),
        ([dosed({"value": 12, "unit": "vial"})], Dose(None)),
        ([dosed(mg(1.2, "mL"))], Dose(None, Decimal("1.2"))),
        ([dosed(mg(1.2, "mL"), **repeated(frequency=2))], Dose(None, Decimal("2.4"))),
        ([dosed(mg(1.2, "mL")), dosed(mg(1.2, "mL"))], Dose(None)),
        ([dosed(TWELVE), dosed({"value": 1, "unit": "vial"})], Dose(None)),
    ],
)
def test_what_is_no_dose_in_mg(instructions: list[Json], expected: Dose | None) -> None:
    assert daily(*instructions) == expected


@given(st.integers(1, 24), st.sampled_from([1, 2, 3, 4, 6, 8, 12, 24]))
def test_hours_divide_the_day_exactly(frequency: int, hours: int) -> None:
    dose = daily(dosed(mg(1), **repeated(frequency=frequency, period=hours, periodUnit="h")))
    assert dose == Dose(Decimal(frequency * 24 // hours) if frequency * 24 % hours == 0 else Decimal(1))

"""Dosage instructions of an order: when it starts and ends, which days it plans, how much a day."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from cds_service.core.dates import When, add_months, day_range, on_day
from cds_service.core.timeline import Dose
from cds_service.fhir.dates import DateReader
from cds_service.fhir.structs import Dosage, Quantity, Repeat
from cds_service.fhir.ucum import number, read_dose

_LONGEST_PLAN_DAYS = 366
_DAYS_OF_UNIT = {"h": Decimal(1) / 24, "d": Decimal(1), "wk": Decimal(7)}


def planned_period(instructions: list[Dosage], dates: DateReader) -> tuple[When | None, When | None]:
    """The earliest start and latest end of the instructions' bounds."""
    starts, ends = [], []
    for instruction in instructions:
        repeat = _repeat(instruction)
        if repeat is None or repeat.boundsPeriod is None:
            continue
        period = repeat.boundsPeriod
        starts += [when for when in [dates.read(period.start) if period.start else None] if when]
        ends += [when for when in [dates.read(period.end) if period.end else None] if when]
    return min(starts, default=None, key=_by_day), max(ends, default=None, key=_by_day)


def planned_days(
    instructions: list[Dosage], bounds: tuple[When | None, When | None], dates: DateReader
) -> tuple[When | None, When | None, frozenset[date] | None, int | None]:
    """(start, end, the days when named, their number when only that is said)."""
    starts, ends = bounds
    events = [
        when
        for instruction in instructions
        if instruction.timing is not None
        for text in instruction.timing.event or ()
        if (when := dates.read(text)) is not None and when.is_exact_day
    ]
    if events:
        first, last = min(events, key=_by_day), max(events, key=_by_day)
        if starts is not None and starts.first < first.first:
            first = starts
        return first, ends or last, frozenset(when.first for when in events), None
    daily = all(_is_daily(_repeat(instruction)) for instruction in instructions)
    if starts is not None and ends is not None and starts.is_exact_day and ends.is_exact_day and daily:
        length = (ends.last - starts.first).days + 1
        if 0 < length <= _LONGEST_PLAN_DAYS:
            return starts, ends, frozenset(day_range(starts.first, ends.last)), None
        return starts, ends, None, None
    count = max((found for instruction in instructions if (found := _count(_repeat(instruction)))), default=None)
    if ends is None and starts is not None and count is not None and daily:
        ends = on_day(starts.last + timedelta(days=count - 1))
    return starts, ends, None, count


def _by_day(when: When) -> tuple[date, bool]:
    return when.first, when.instant is None


def _repeat(instruction: Dosage) -> Repeat | None:
    return instruction.timing.repeat if instruction.timing is not None else None


def _is_daily(repeat: Repeat | None) -> bool:
    """Every day, or nothing said about how often."""
    if repeat is None or repeat.period is None or repeat.periodUnit is None:
        return True
    days = _DAYS_OF_UNIT.get(repeat.periodUnit)
    return days is not None and Decimal(str(repeat.period)) * days <= 1


def _count(repeat: Repeat | None) -> int | None:
    """Days from `boundsDuration`, else from a count of once-a-day doses."""
    if repeat is None:
        return None
    if repeat.boundsDuration is not None:
        return _days_of(repeat.boundsDuration)
    if repeat.count is not None and 0 < repeat.count <= _LONGEST_PLAN_DAYS and _is_daily(repeat):
        return max(1, repeat.count // (repeat.frequency or 1))
    return None


def _days_of(duration: Quantity) -> int | None:
    value = number(duration.value)
    unit = duration.code or duration.unit
    if value is None or value <= 0:
        return None
    if unit in ("mo", "a"):
        months = int(value) * (12 if unit == "a" else 1)
        return (add_months(date(2001, 1, 1), min(months, 1200)) - date(2001, 1, 1)).days
    factor = _DAYS_OF_UNIT.get({"day": "d", "days": "d", "week": "wk", "weeks": "wk"}.get(unit or "", unit or ""))
    if factor is None:
        return None
    days = value * factor
    return int(days.to_integral_value(rounding="ROUND_CEILING")) if days <= _LONGEST_PLAN_DAYS * 10 else None


def daily_dose(instructions: list[Dosage]) -> Dose | None:
    """What the order gives a day, mg: instructions of one sequence number add up, different ones follow each other.

    None when no dose is written; a `Dose` without mg when one is written that cannot be read.
    """
    steps: dict[int | None, list[Dose]] = defaultdict(list)
    for instruction in instructions:
        for dose in _doses(instruction):
            steps[_step(instruction, instructions)].append(dose)
    if not steps:
        return None
    totals = []
    for doses in steps.values():
        amounts = [dose.mg for dose in doses]
        if None in amounts:
            return Dose(None, doses[0].milliliters if len(doses) == 1 else None)
        totals.append(sum((amount for amount in amounts if amount is not None), Decimal(0)))
    return Dose(max(totals))


def _step(instruction: Dosage, instructions: list[Dosage]) -> int | None:
    """Instructions naming their own dates are steps of their own; otherwise `sequence` tells."""
    if instruction.timing is not None and instruction.timing.event:
        return -1 - instructions.index(instruction)
    return instruction.sequence


def _doses(instruction: Dosage) -> list[Dose]:
    written = [instruction.doseQuantity]
    for part in instruction.doseAndRate or ():
        most = (part.doseRange.high or part.doseRange.low) if part.doseRange is not None else None
        written.append(part.doseQuantity or most)
    times = _times_a_day(_repeat(instruction))
    doses = [read_dose(quantity) for quantity in written if quantity is not None]
    return [_times(dose, times) for dose in doses if dose is not None]


def _times(dose: Dose, times: Decimal) -> Dose:
    milliliters = dose.milliliters * times if dose.milliliters is not None else None
    return Dose(dose.mg * times if dose.mg is not None else None, milliliters)


def _times_a_day(repeat: Repeat | None) -> Decimal:
    """How often a day the dose is given; once when nothing (or less than daily) is said."""
    if repeat is None or not repeat.frequency:
        return Decimal(1)
    if repeat.period is None or repeat.periodUnit is None:
        return Decimal(repeat.frequency)
    unit = _DAYS_OF_UNIT.get(repeat.periodUnit)
    period = Decimal(str(repeat.period))
    if unit is None or period <= 0:
        return Decimal(1)
    return max(Decimal(1), Decimal(repeat.frequency) / (period * unit))

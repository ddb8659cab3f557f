"""Dosage instructions of an order: when it starts and ends, which days it plans, how much a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import msgspec

from cds_service.core.dates import When, add_days, add_months, day_range, on_day
from cds_service.core.timeline import Dose
from cds_service.fhir.dates import DateReader
from cds_service.fhir.structs import ABSENT, Dosage, Quantity, Repeat, dispense_decoder
from cds_service.fhir.ucum import number, read_dose

ReadDose = Callable[[Quantity], Dose | None]
_LONGEST_PLAN_DAYS = 366
_MOST_REPEATS = 100
_DATE_LENGTH = 10
_HOURS_OF_UNIT = {"min": Decimal(1) / 60, "h": Decimal(1), "d": Decimal(24), "wk": Decimal(168)}
_HOURS_OF_DAY = 24
_UNIT_OF_WORD = {"day": "d", "days": "d", "week": "wk", "weeks": "wk"}
_MONTHS_OF_UNIT = {"mo": 1, "month": 1, "months": 1, "a": 12, "year": 12, "years": 12}
# What HL7's abbreviations say about a day.
_TIMES_OF_CODE = {"BID": 2, "TID": 3, "QID": 4, "Q12H": 2, "Q8H": 3, "Q6H": 4, "Q4H": 6, "Q3H": 8, "Q2H": 12, "Q1H": 24}


def planned_period(instructions: list[Dosage], dates: DateReader) -> tuple[When | None, When | None]:
    """The earliest start and latest end of the instructions' bounds."""
    starts, ends = [], []
    for instruction in instructions:
        repeat = _repeat(instruction)
        if repeat is None or repeat.boundsPeriod is None:
            continue
        period = repeat.boundsPeriod
        if period.start and (when := dates.read(period.start)) is not None:
            starts.append(when)
        if period.end and (when := dates.read(period.end)) is not None:
            ends.append(when)
    return min(starts, default=None, key=_by_day), max(ends, default=None, key=_by_day)


def has_bad_dates(instruction: Dosage, dates: DateReader) -> bool:
    """True when a start, an end or an event is written that is no date."""
    timing = instruction.timing
    if timing is None:
        return False
    period = timing.repeat.boundsPeriod if timing.repeat is not None else None
    written = [*(timing.event or ()), *((period.start, period.end) if period is not None else ())]
    return any(text is not None and dates.read(text) is None for text in written)


def planned_days(
    instructions: list[Dosage], bounds: tuple[When | None, When | None], dates: DateReader, *, spelled: bool = True
) -> tuple[When | None, When | None, frozenset[date] | None, int | None]:
    """(start, end, the days when named, their number when only that is said).

    `spelled`: whether every day from start to end is listed as well. Without, the two say it all, and three months of
    an antiviral take a tenth of the time.
    """
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
        lengths = [_count(_repeat(instruction)) for instruction in instructions]
        longest = max((length for length in lengths if length), default=1)
        if len(events) == 1 and longest > 1:  # one date and a duration: the date is the start
            return first, ends or on_day(add_days(first.first, longest - 1)), None, longest
        return first, ends or last, frozenset(when.first for when in events), None
    daily = all(_is_daily(_repeat(instruction)) for instruction in instructions)
    if starts is not None and ends is not None and starts.is_exact_day and ends.is_exact_day and daily:
        length = (ends.last - starts.first).days + 1
        if spelled and 0 < length <= _LONGEST_PLAN_DAYS:
            return starts, ends, frozenset(day_range(starts.first, ends.last)), None
        return starts, ends, None, None
    count = max((found for instruction in instructions if (found := _count(_repeat(instruction)))), default=None)
    if ends is None and starts is not None and count is not None and daily:
        ends = on_day(add_days(starts.last, count - 1))
    return starts, ends, None, count


def _by_day(when: When) -> tuple[date, bool]:
    return when.first, when.instant is None


def _repeat(instruction: Dosage) -> Repeat | None:
    return instruction.timing.repeat if instruction.timing is not None else None


def _is_daily(repeat: Repeat | None) -> bool:
    """Every day, or nothing said about how often."""
    if repeat is None or repeat.period is None or repeat.periodUnit is None or _counts_days(repeat):
        return True
    hours = _HOURS_OF_UNIT.get(repeat.periodUnit)
    return hours is not None and Decimal(str(repeat.period)) * hours <= _HOURS_OF_DAY


def _counts_days(repeat: Repeat) -> bool:
    """So many times a day, as nearly every order says it: without it, reckoning in hours is a fifth of reading one."""
    return repeat.period == 1 and repeat.periodUnit == "d"


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
    hours = _HOURS_OF_UNIT.get(_UNIT_OF_WORD.get(unit or "", unit or ""))
    if hours is None:
        return None
    days = value * hours / _HOURS_OF_DAY
    return int(days.to_integral_value(rounding="ROUND_CEILING")) if days <= _LONGEST_PLAN_DAYS * 10 else None


def bounded_until(start: When | None, instruction: Dosage, dates: DateReader) -> When | None:
    """The day a bounded instruction ends: the end of its bounds, else the start plus their duration."""
    repeat = _repeat(instruction)
    if repeat is None:
        return None
    if repeat.boundsPeriod is not None and repeat.boundsPeriod.end:
        return dates.read(repeat.boundsPeriod.end)
    return _later(start, repeat.boundsDuration, 1) if repeat.boundsDuration is not None and start is not None else None


def has_bad_end(instruction: Dosage, dates: DateReader) -> bool:
    """True when an end is written that is no date."""
    repeat = _repeat(instruction)
    end = repeat.boundsPeriod.end if repeat is not None and repeat.boundsPeriod is not None else None
    return bool(end) and dates.read(end or "") is None


def supplied_until(start: When, raw: msgspec.Raw) -> When | None:
    """The day the supply of an order ends: its start plus the supply, as often as it may be dispensed."""
    if raw is ABSENT:
        return None
    try:
        dispense = dispense_decoder.decode(raw)
    except msgspec.DecodeError:
        return None
    duration = dispense.expectedSupplyDuration
    repeats = dispense.numberOfRepeatsAllowed or 0
    return _later(start, duration, 1 + max(0, repeats)) if duration is not None and repeats <= _MOST_REPEATS else None


def _later(start: When, duration: Quantity, times: int) -> When | None:
    """So much later; months and years by the calendar."""
    value, unit = number(duration.value), duration.code or duration.unit or ""
    if value is None or value <= 0 or value > _LONGEST_PLAN_DAYS * 10:
        return None
    months = _MONTHS_OF_UNIT.get(unit)
    if months is not None and value == value.to_integral_value():
        later = int(value) * months * times
        return When(add_months(start.first, later), add_months(start.last, later))
    days = _days_of(duration)
    if days is None:
        return None
    return When(add_days(start.first, days * times), add_days(start.last, days * times))


def daily_dose(instructions: list[Dosage], read: ReadDose = read_dose) -> Dose | None:
    """What the order gives on its largest day, mg. None when no dose is written; without mg when one cannot be read.

    Instructions naming their dates count on those dates; of the others, those of one sequence number add up, and
    different numbers follow each other. `read`: reads one amount; who reads many orders remembers what they repeat.
    """
    steps: dict[str | int | None, list[Dose]] = defaultdict(list)
    for instruction in instructions:
        dose = _dose(instruction, read)
        if dose is None:
            continue
        events = instruction.timing.event if instruction.timing is not None else None
        for event in events or ():
            steps[event[:_DATE_LENGTH]].append(dose)
        if not events:
            steps[instruction.sequence].append(_times(dose, _times_a_day(instruction)))
    if not steps:
        return None
    totals = []
    for doses in steps.values():
        amounts = [dose.mg for dose in doses if dose.mg is not None]
        if len(amounts) < len(doses):
            return Dose(None, doses[0].milliliters if len(doses) == 1 else None)
        totals.append(sum(amounts, Decimal(0)))
    return Dose(max(totals))


def _dose(instruction: Dosage, read: ReadDose) -> Dose | None:
    """The dose of one instruction; of one said twice (as ordered, as calculated) the readable one counts."""
    written = [instruction.doseQuantity, instruction.dose]
    for part in instruction.doseAndRate or ():
        most = (part.doseRange.high or part.doseRange.low) if part.doseRange is not None else None
        written.append(part.doseQuantity or most)
    doses = [dose for quantity in written if quantity is not None and (dose := read(quantity)) is not None]
    return next((dose for dose in doses if dose.mg is not None), doses[0] if doses else None)


def _times(dose: Dose, times: Decimal) -> Dose:
    milliliters = dose.milliliters * times if dose.milliliters is not None else None
    return Dose(dose.mg * times if dose.mg is not None else None, milliliters)


def _times_a_day(instruction: Dosage) -> Decimal:
    """How often a day the dose is given; once when nothing (or less than daily) is said."""
    timing = instruction.timing
    repeat = timing.repeat if timing is not None else None
    if repeat is not None and repeat.timeOfDay:
        return Decimal(len(repeat.timeOfDay))
    if repeat is None or not repeat.frequency:
        codings = timing.code.coding or () if timing is not None and timing.code is not None else ()
        return Decimal(max((_TIMES_OF_CODE.get(coding.code or "", 1) for coding in codings), default=1))
    if repeat.period is None or repeat.periodUnit is None or _counts_days(repeat):
        return Decimal(max(1, repeat.frequency))
    hours = _HOURS_OF_UNIT.get(repeat.periodUnit)
    period = Decimal(str(repeat.period))
    if hours is None or period <= 0:
        return Decimal(1)
    return max(Decimal(1), Decimal(repeat.frequency) * _HOURS_OF_DAY / (period * hours))

"""Which administrations are the label's drug: from records of an ingredient to infusion days.

Source: reading rules for products, daily totals and duplicates (docs/labels, "Which administrations").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from cds_service.core.assessment import Note, Reason
from cds_service.core.dates import When
from cds_service.core.label import Product
from cds_service.core.timeline import Administration, Dose, DrugOrder, Exposure, Timeline


@dataclass(frozen=True, slots=True)
class InfusionDay:
    """One day with at least one infusion of the drug.

    `start` is the earliest written start. `total_mg` is None when a part of the day's dose is absent or unreadable;
    `known_mg` is the sum of the readable parts. `whole`: every record of the day was completed.
    """

    date: date
    records: tuple[Administration, ...]
    start: When
    total_mg: Decimal | None
    known_mg: Decimal
    whole: bool
    same_order_repeated: bool
    notes: tuple[Note, ...]

    @property
    def references(self) -> tuple[str, ...]:
        """References of the day's records."""
        return tuple(record.reference for record in self.records)


@dataclass(frozen=True, slots=True)
class Doubt:
    """An administration that may or may not have been an infusion of the drug, and why we cannot tell."""

    reference: str
    when: When | None
    reason: Reason | None
    variant: str


@dataclass(frozen=True, slots=True)
class OtherRegimen:
    """A day recorded under the drug's codes with a dose that belongs to the other product."""

    date: date
    total_mg: Decimal
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exposures:
    """What the record says about being given the drug (or the other product of its ingredient)."""

    days: tuple[InfusionDay, ...]
    doubts: tuple[Doubt, ...]
    other_regimen: tuple[OtherRegimen, ...]
    other_product: tuple[str, ...]
    unresolved: tuple[str, ...]
    duplicates: tuple[str, ...]
    product_by_diagnosis: bool


@dataclass(frozen=True, slots=True)
class _Dosed:
    record: Administration
    mg: Decimal | None


def has_diagnosis(timeline: Timeline, concepts: frozenset[str]) -> bool:
    """True when a condition on record carries one of the concepts."""
    return any(condition.concepts & concepts for condition in timeline.conditions)


def is_drug_order(order: DrugOrder, product: Product, timeline: Timeline) -> bool | None:
    """Whether an order is for the drug: True, False, or None when only the ingredient is known and nothing decides.

    An order for the bare ingredient is protected like the drug when its daily dose fits, or when the drug's diagnosis
    is on record without the other product's.
    """
    if order.concepts & product.drug:
        return None if order.concepts & product.other_product else True
    if not order.concepts & product.unspecified or order.concepts & product.other_product:
        return False
    mg = milligrams(order.daily_dose, order.concepts, product)
    if mg is not None and product.low <= mg <= product.high:
        return True
    if has_diagnosis(timeline, product.other_diagnosis):
        return False if mg is None or mg in product.other_product_mg else None
    return True if has_diagnosis(timeline, product.own_diagnosis) else None


def latest_versions(
    records: Iterable[Administration],
) -> tuple[list[Administration], list[str]]:
    """One record per event: of two with the same identifier or reference, the current one stays.

    The latest `last_updated` wins; without it on both sides, an exposure wins over a non-exposure. Returns the kept
    records and the references of the others.
    """
    kept: list[Administration] = []
    dropped: list[str] = []
    slots: dict[str, int] = {}
    for record in records:
        keys = {f"reference {record.reference}", *record.identifiers}
        slot = next((slots[key] for key in sorted(keys) if key in slots), None)
        if slot is None:
            slot = len(kept)
            kept.append(record)
        else:
            loser = record
            if _supersedes(record, kept[slot]):
                kept[slot], loser = record, kept[slot]
            dropped.append(loser.reference)
        for key in keys:
            slots.setdefault(key, slot)
    return kept, dropped


def _supersedes(new: Administration, old: Administration) -> bool:
    if new.last_updated and old.last_updated and new.last_updated != old.last_updated:
        return new.last_updated > old.last_updated
    return old.exposure is Exposure.NONE and new.exposure is not Exposure.NONE


def read_exposures(timeline: Timeline, product: Product) -> Exposures:
    """Sort the timeline's administrations of the ingredient into infusion days, doubts and the other product."""
    ingredient = product.drug | product.unspecified | product.other_product
    current, duplicates = latest_versions(
        record for record in timeline.administrations if record.concepts & ingredient or not record.concepts
    )
    doubts: list[Doubt] = []
    other: list[str] = []
    coded: dict[date, list[_Dosed]] = defaultdict(list)
    inferred: dict[date, list[_Dosed]] = defaultdict(list)
    for record in current:
        if record.exposure is Exposure.NONE or not record.concepts:
            continue
        doubt = _doubt_about(record, product)
        if doubt is not None:
            doubts.append(doubt)
        elif record.concepts & product.other_product:
            other.append(record.reference)
        elif record.start is not None:
            by_day = coded if record.concepts & product.drug else inferred
            by_day[record.start.first].append(_Dosed(record, milligrams(record.dose, record.concepts, product)))
    sorted_days = _sort_days(coded, inferred, product, timeline)
    unresolved = [a.reference for a in current if not a.concepts and a.exposure is not Exposure.NONE]
    return Exposures(
        days=tuple(sorted_days.days),
        doubts=(*doubts, *sorted_days.doubts),
        other_regimen=tuple(sorted_days.other_regimen),
        other_product=(*other, *sorted_days.other_product),
        unresolved=tuple(unresolved),
        duplicates=tuple(duplicates),
        product_by_diagnosis=sorted_days.by_diagnosis,
    )


def _doubt_about(record: Administration, product: Product) -> Doubt | None:
    drug = bool(record.concepts & product.drug)
    other = bool(record.concepts & product.other_product)
    if drug and other:
        return Doubt(record.reference, record.start, None, "contradicting-codes")
    if other:
        return None
    if record.exposure is Exposure.UNKNOWN:
        return Doubt(record.reference, record.start, None, "status-unknown")
    if record.start is None:
        return Doubt(record.reference, None, Reason.UNREADABLE, "date-unreadable")
    if not record.start.is_exact_day:
        return Doubt(record.reference, record.start, Reason.DATE_VAGUE, "date-vague")
    return None


def milligrams(dose: Dose | None, concepts: frozenset[str], product: Product) -> Decimal | None:
    """The dose in mg; a small volume of the coded product is concentrate, a larger one a diluted bag (unreadable)."""
    if dose is None or dose.mg is not None:
        return dose.mg if dose else None
    is_concentrate = dose.milliliters is not None and dose.milliliters <= product.max_concentrate_ml
    if dose.milliliters is not None and is_concentrate and concepts & product.drug:
        return dose.milliliters * product.mg_per_ml
    return None


class _SortedDays:
    def __init__(self) -> None:
        self.days: list[InfusionDay] = []
        self.doubts: list[Doubt] = []
        self.other_regimen: list[OtherRegimen] = []
        self.other_product: list[str] = []
        self.by_diagnosis = False


def _sort_days(
    coded: dict[date, list[_Dosed]], inferred: dict[date, list[_Dosed]], product: Product, timeline: Timeline
) -> _SortedDays:
    out = _SortedDays()
    built = {day: _infusion_day(day, coded[day] + inferred.get(day, []), product) for day in sorted(coded)}
    in_dose = [day for day, built_day in built.items() if _fits(built_day.total_mg, product)]
    for day, built_day in built.items():
        total = built_day.total_mg
        lone = not any(0 < abs((near - day).days) <= product.other_product_window_days for near in in_dose)
        if total is not None and total in product.other_product_mg and built_day.whole and lone:
            out.other_regimen.append(OtherRegimen(day, total, built_day.references))
        else:
            out.days.append(built_day)
    for day in sorted(set(inferred) - set(coded)):
        _place_inferred(_infusion_day(day, inferred[day], product), product, timeline, out)
    out.days.sort(key=lambda infusion: infusion.date)
    return out


def _place_inferred(day: InfusionDay, product: Product, timeline: Timeline, out: _SortedDays) -> None:
    """Days known by ingredient only: the dose decides, else the diagnosis, else nobody."""
    total = day.total_mg
    other_diagnosis = has_diagnosis(timeline, product.other_diagnosis)
    if total is None:
        out.by_diagnosis = True
    by_diagnosis = total is None and not other_diagnosis and has_diagnosis(timeline, product.own_diagnosis)
    if _fits(total, product) or by_diagnosis:
        notes = (*day.notes, Note.PRODUCT_INFERRED)
        out.days.append(
            InfusionDay(
                day.date,
                day.records,
                day.start,
                total,
                day.known_mg,
                day.whole,
                day.same_order_repeated,
                notes,
            )
        )
    elif other_diagnosis and total is not None and total in product.other_product_mg:
        out.other_product.extend(day.references)
    else:
        out.doubts.extend(Doubt(reference, day.start, None, "product-unclear") for reference in day.references)


def _fits(total: Decimal | None, product: Product) -> bool:
    return total is not None and product.low <= total <= product.high


def _infusion_day(day: date, dosed: list[_Dosed], product: Product) -> InfusionDay:
    counted, duplicate = _without_copies(dosed, product)
    known = sum((item.mg for item in counted if item.mg is not None), Decimal(0))
    complete = all(item.mg is not None for item in counted)
    timed = [item.record.start for item in dosed if item.record.start and item.record.start.instant]
    notes: list[Note] = [Note.POSSIBLE_DUPLICATE] if duplicate else []
    if any(item.record.by_text for item in dosed):
        notes.append(Note.MATCHED_BY_TEXT)
    return InfusionDay(
        date=day,
        records=tuple(item.record for item in dosed),
        start=min(timed, key=_instant) if timed else When(day, day),
        total_mg=known if complete else None,
        known_mg=known,
        whole=all(item.record.exposure is Exposure.GIVEN for item in dosed),
        same_order_repeated=_same_order_repeated(counted, known, product),
        notes=tuple(notes),
    )


def _instant(when: When) -> datetime:
    return when.instant or datetime.max.replace(tzinfo=UTC)


def _without_copies(dosed: list[_Dosed], product: Product) -> tuple[list[_Dosed], bool]:
    """Records with the same start: different doses are bags that add up; equal doses are one, unless halves fit."""
    groups: dict[When | None, list[_Dosed]] = defaultdict(list)
    for item in dosed:
        groups[item.record.start].append(item)
    counted: list[_Dosed] = []
    duplicate = False
    for group in groups.values():
        first = group[0]
        if len(group) == 1 or any(item.mg != first.mg for item in group):
            counted.extend(group)
            continue
        together = first.mg * len(group) if first.mg is not None else None
        if _fits(together, product) and not _fits(first.mg, product):
            counted.extend(group)
        else:
            counted.append(first)
            duplicate = True
    return counted, duplicate


def _same_order_repeated(counted: list[_Dosed], known: Decimal, product: Product) -> bool:
    """Several records of one order on one day, none too large by itself but too large together."""
    requests = {item.record.request for item in counted}
    return (
        len(counted) > 1
        and len(requests) == 1
        and None not in requests
        and known > product.high
        and all(item.mg is not None and item.mg <= product.high for item in counted)
    )

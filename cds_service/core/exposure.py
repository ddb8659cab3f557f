"""Which administrations are the label's drug: from records of an ingredient to infusion days.

Source: reading rules for products, daily totals and duplicates (docs/labels, "Which administrations").
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

from cds_service.core.assessment import Note, Reason
from cds_service.core.dates import When
from cds_service.core.label import Product
from cds_service.core.timeline import Administration, Dose, DrugOrder, Exposure, Timeline

_NO_MG = Decimal(0)
_ALL_GIVEN = frozenset({Exposure.GIVEN})


class InfusionDay(NamedTuple):
    """One day with at least one infusion of the drug.

    `start` is the earliest written start. `total_mg` is None when a part of the day's dose is absent or unreadable;
    `known_mg` is the sum of the readable parts. `whole`: every record of the day was completed. `references` names the
    day's records.
    """

    date: date
    records: tuple[Administration, ...]
    start: When
    total_mg: Decimal | None
    known_mg: Decimal
    whole: bool
    same_order_repeated: bool
    notes: tuple[Note, ...]
    references: tuple[str, ...]


class Doubt(NamedTuple):
    """An administration that may or may not have been an infusion of the drug, and why we cannot tell."""

    reference: str
    when: When | None
    reason: Reason | None
    variant: str


class OtherRegimen(NamedTuple):
    """A day recorded under the drug's codes with a dose that belongs to the other product."""

    date: date
    total_mg: Decimal
    references: tuple[str, ...]


class Exposures(NamedTuple):
    """What the record says about being given the drug (or the other product of its ingredient)."""

    days: tuple[InfusionDay, ...]
    doubts: tuple[Doubt, ...]
    other_regimen: tuple[OtherRegimen, ...]
    other_product: tuple[str, ...]
    unresolved: tuple[str, ...]
    duplicates: tuple[str, ...]
    product_by_diagnosis: bool


class _Dosed(NamedTuple):
    record: Administration
    mg: Decimal | None


def has_diagnosis(timeline: Timeline, concepts: frozenset[str]) -> bool:
    """True when a condition on record carries one of the concepts."""
    return any(condition.concepts & concepts for condition in timeline.conditions)


def is_drug_order(order: DrugOrder, product: Product, timeline: Timeline) -> bool | None:
    """Whether an order is for the drug: True, False, or None when only the ingredient is known and nothing decides.

    An order for the bare ingredient is protected like the drug when its daily dose fits, or when the drug's diagnosis
    is on record without the other product's, but for a dose below the drug's that is one of the other product's.
    """
    if order.concepts & product.drug:
        return None if order.concepts & product.other_product else True
    if not order.concepts & product.unspecified or order.concepts & product.other_product:
        return False
    mg = milligrams(order.daily_dose, order.concepts, product)
    if product.fits(mg):
        return True
    own = has_diagnosis(timeline, product.own_diagnosis)
    if has_diagnosis(timeline, product.other_diagnosis):
        is_history = not (order.draft or order.active)
        return False if mg in product.other_product_mg or (mg is None and not own and is_history) else None
    is_low_other = mg is not None and mg in product.other_product_mg and mg < product.low
    return True if own and not is_low_other else None


def is_other_product(concepts: frozenset[str], product: Product, timeline: Timeline) -> bool:
    """Whether a drug without dates is the other product: by its code, or by that diagnosis alone."""
    if concepts & product.drug:
        return False
    if concepts & product.other_product:
        return True
    return (
        bool(concepts & product.unspecified)
        and has_diagnosis(timeline, product.other_diagnosis)
        and not has_diagnosis(timeline, product.own_diagnosis)
    )


def latest_versions(records: Sequence[Administration]) -> tuple[list[Administration], list[str]]:
    """One record per event: of those sharing an identifier or the reference, the current one stays.

    Returns the kept records and the references of the others. The order of records is nothing.
    """
    keys_of_all = [key for record in records for key in _keys(record)]
    if len(set(keys_of_all)) == len(keys_of_all):
        return list(records), []
    groups: dict[str, list[Administration]] = {}  # every key of an event leads to the same list
    for record in records:
        keys = _keys(record)
        known = {id(found): found for key in keys if (found := groups.get(key)) is not None}
        group = max(known.values(), key=len, default=[])
        joined = [record, *(other for found in known.values() if found is not group for other in found)]
        group += joined
        for other in joined:
            groups.update(dict.fromkeys(_keys(other), group))
    events = list({id(group): group for group in groups.values()}.values())
    kept = [_current(group) for group in events]
    dropped = [
        record.reference
        for group, current in zip(events, kept, strict=True)
        for record in group
        if record is not current and record.reference != current.reference
    ]
    return kept, dropped


def _keys(record: Administration) -> tuple[str, ...]:
    """What two records of one event have in common: the reference, or an identifier."""
    return (f"reference {record.reference}", *record.identifiers)


_CERTAINTY = {Exposure.GIVEN: 0, Exposure.STARTED: 1, Exposure.UNKNOWN: 2, Exposure.NONE: 3}


def _current(group: list[Administration]) -> Administration:
    """The latest version of those that say when they were written; against the others, an exposure wins."""
    if len(group) == 1:
        return group[0]
    updates = [_moment(record.last_updated) for record in group]
    newest = max((update for update in updates if update is not None), default=None)
    current = [record for record, update in zip(group, updates, strict=True) if update is None or update == newest]
    return min(current, key=lambda record: (_CERTAINTY[record.exposure], not record.last_updated, record.reference))


def _moment(written: str | None) -> datetime | None:
    """A `last_updated` as a point in time; unreadable is as not written."""
    try:
        moment = datetime.fromisoformat(written) if written else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def read_exposures(timeline: Timeline, product: Product) -> Exposures:
    """Sort the timeline's administrations of the ingredient into infusion days, doubts and the other product."""
    current, duplicates = latest_versions(
        [
            record
            for record in timeline.administrations
            if not record.concepts or not record.concepts.isdisjoint(product.ingredient)
        ]
    )
    doubts: list[Doubt] = []
    other: list[str] = []
    coded: dict[date, list[_Dosed]] = defaultdict(list)
    inferred: dict[date, list[_Dosed]] = defaultdict(list)
    for record in current:
        if record.exposure is Exposure.NONE or not record.concepts:
            continue
        place = _place(record, product)
        if isinstance(place, Doubt):
            doubts.append(place)
        elif place is None:
            other.append(record.reference)
        else:
            by_day = coded if record.concepts & product.drug else inferred
            by_day[place].append(_Dosed(record, milligrams(record.dose, record.concepts, product)))
    sorted_days = _sort_days(coded, inferred, product, timeline)
    unresolved = [a.reference for a in current if not a.concepts and a.exposure is not Exposure.NONE]
    return Exposures(
        days=tuple(sorted_days.days),
        doubts=tuple(sorted((*doubts, *sorted_days.doubts), key=_latest_first)),
        other_regimen=tuple(sorted_days.other_regimen),
        other_product=(*other, *sorted_days.other_product),
        unresolved=tuple(unresolved),
        duplicates=tuple(duplicates),
        product_by_diagnosis=sorted_days.by_diagnosis,
    )


def _latest_first(doubt: Doubt) -> tuple[int, str]:
    return -doubt.when.last.toordinal() if doubt.when is not None else 0, doubt.reference


def _place(record: Administration, product: Product) -> date | Doubt | None:
    """The day a record belongs to, why that cannot be told, or None when it is the other product."""
    reference, start = record.reference, record.start
    if record.concepts & product.other_product:
        contradicting = record.concepts & product.drug
        return Doubt(reference, start, None, "contradicting-codes") if contradicting else None
    if record.exposure is Exposure.UNKNOWN:
        if record.why_not == "unreadable":
            return Doubt(reference, start, Reason.UNREADABLE, "unreadable")
        return Doubt(reference, start, None, "status-unknown")
    if start is None:
        return Doubt(reference, None, Reason.UNREADABLE, "date-unreadable")
    if not start.is_exact_day:
        return Doubt(reference, start, Reason.DATE_VAGUE, "date-vague")
    return start.first


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
    for day in sorted(set(inferred) - set(coded)):
        _place_inferred(_infusion_day(day, inferred[day], product), product, timeline, out)
    built = {day: _infusion_day(day, coded[day] + inferred.get(day, []), product) for day in sorted(coded)}
    in_dose = [day.date for day in (*out.days, *built.values()) if product.fits(day.total_mg)]
    window = product.other_product_window_days
    for day, built_day in built.items():
        total = built_day.total_mg
        is_regimen = total is not None and total in product.other_product_mg and built_day.whole
        if total is not None and is_regimen and not any(0 < abs((near - day).days) <= window for near in in_dose):
            out.other_regimen.append(OtherRegimen(day, total, built_day.references))
        else:
            out.days.append(built_day)
    out.days.sort(key=lambda infusion: infusion.date)
    return out


def _place_inferred(day: InfusionDay, product: Product, timeline: Timeline, out: _SortedDays) -> None:
    """Days known by ingredient only: the dose decides, else the diagnosis, else nobody."""
    total = day.total_mg
    other_diagnosis = has_diagnosis(timeline, product.other_diagnosis)
    if total is None:
        out.by_diagnosis = True
    by_diagnosis = total is None and not other_diagnosis and has_diagnosis(timeline, product.own_diagnosis)
    if product.fits(total) or by_diagnosis:
        out.days.append(day._replace(notes=(*day.notes, Note.PRODUCT_INFERRED)))
    elif other_diagnosis and total is not None and total in product.other_product_mg:
        out.other_product.extend(day.references)
    else:
        out.doubts.extend(Doubt(reference, day.start, None, "product-unclear") for reference in day.references)


def _infusion_day(day: date, dosed: list[_Dosed], product: Product) -> InfusionDay:
    dosed = sorted(dosed, key=_by_reference)
    counted, duplicate = _without_copies(dosed, product)
    amounts = [item.mg for item in counted if item.mg is not None]
    known = sum(amounts, _NO_MG)
    records = tuple([item.record for item in dosed])
    timed = [record.start for record in records if record.start and record.start.instant]
    notes: list[Note] = [Note.POSSIBLE_DUPLICATE] if duplicate else []
    if True in [record.by_text for record in records]:
        notes.append(Note.MATCHED_BY_TEXT)
    return InfusionDay(
        date=day,
        records=records,
        start=min(timed, key=_instant) if timed else When(day, day),
        total_mg=known if len(amounts) == len(counted) else None,
        known_mg=known,
        whole={record.exposure for record in records} == _ALL_GIVEN,
        same_order_repeated=len(counted) > 1 and _same_order_repeated(counted, known, product),
        notes=tuple(notes),
        references=tuple([record.reference for record in records]),
    )


def _by_reference(item: _Dosed) -> str:
    return item.record.reference


def _instant(when: When) -> datetime:
    return when.instant or datetime.max.replace(tzinfo=UTC)


def _without_copies(dosed: list[_Dosed], product: Product) -> tuple[list[_Dosed], bool]:
    """Records with the same start: different doses are bags that add up; equal doses are one, unless halves fit."""
    if len(dosed) == 1:
        return dosed, False
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
        if product.fits(together) and not product.fits(first.mg):
            counted.extend(group)
        else:
            counted.append(first)
            duplicate = True
    return counted, duplicate


def _same_order_repeated(counted: list[_Dosed], known: Decimal, product: Product) -> bool:
    """The records (several) of one order on one day, none too large by itself but too large together."""
    requests = {item.record.request for item in counted}
    return (
        len(requests) == 1
        and None not in requests
        and known > product.high
        and all(item.mg is not None and item.mg <= product.high for item in counted)
    )

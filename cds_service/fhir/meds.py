"""Medication resources: administrations, orders, and the medication they refer to.

A mixture counts by its ingredient, and its dose is the ingredient's amount, never the bag's volume.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import NamedTuple

import msgspec

from cds_service.core.dates import When
from cds_service.core.timeline import Administration, Dose, DrugOrder, Exposure, Route
from cds_service.fhir.codes import NO_CONCEPTS, CodeIndex
from cds_service.fhir.dates import DateReader
from cds_service.fhir.decode import UnreadablePartError
from cds_service.fhir.record import Chart, Shelf, identifiers_of, is_code, last_updated, reference_of
from cds_service.fhir.routes import read_route
from cds_service.fhir.strength import ingredient_dose
from cds_service.fhir.structs import (
    ABSENT,
    CodeableConcept,
    Dosage,
    Ingredient,
    Quantity,
    Reference,
    Resource,
    dosage_decoder,
)
from cds_service.fhir.timing import (
    bounded_until,
    daily_dose,
    has_bad_dates,
    has_bad_end,
    planned_days,
    planned_period,
    supplied_until,
)
from cds_service.fhir.ucum import read_dose
from cds_service.fhir.vaccines import VaccineReader

_EXPOSURES = {
    "completed": Exposure.GIVEN,
    "in-progress": Exposure.STARTED,
    "stopped": Exposure.STARTED,
    "on-hold": Exposure.STARTED,
    "not-done": Exposure.NONE,
    "entered-in-error": Exposure.NONE,
}
_UNREAD = Dose(None)
_VOID = frozenset({"not-done", "entered-in-error"})
_VOID_ORDERS = frozenset({"cancelled", "entered-in-error"})
_CLOSED = frozenset({"stopped", "completed", "ended"})
_KNOWN_ORDERS = _CLOSED | {"active", "on-hold", "draft"}
_NOT_ORDERS = frozenset({"proposal", "option"})


class Drug(NamedTuple):
    """What a medication field says: concepts, whether only by name, the ingredient's amount, whether it resolved."""

    concepts: frozenset[str]
    by_text: bool
    strength: Ingredient | None
    resolved: bool


class _Told(NamedTuple):
    """What a medication field says, and whether it says a vaccine."""

    drug: Drug
    is_vaccine: bool


class MedicationReader:
    """Reads medication resources of one record. `shelf` is asked for only when a medication is referred to."""

    def __init__(
        self, index: CodeIndex, dates: DateReader, shelf: Callable[[], Shelf], vaccines: VaccineReader | None = None
    ) -> None:
        self._index, self._dates, self._shelf = index, dates, shelf
        self.vaccines = vaccines or VaccineReader(index, dates)
        self._told: dict[tuple[str | None, ...], _Told] = {}
        self._by_amount: dict[tuple[str | None, ...], Dose | None] = {}

    def administration(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File a MedicationAdministration of a drug the label knows; others are none of our business.

        UnreadablePartError when its dosage is none.
        """
        drug, is_vaccine = self._tell(resource)
        if is_vaccine:
            self._vaccine(chart, resource, reference_of(resource, full_url), drug)
            return
        if not drug.concepts and drug.resolved:
            return
        dosage = first_dosage(resource.dosage)
        reference = reference_of(resource, full_url)
        status = resource.status if isinstance(resource.status, str) else ""
        exposure = _EXPOSURES.get(status, Exposure.UNKNOWN)
        start, end, why_not = self._times(resource)
        if status in _VOID:
            chart.drop(reference, status)
        elif not drug.resolved:
            chart.drop(reference, "unresolved-reference")
        elif exposure is Exposure.UNKNOWN:
            chart.drop(reference, "bad-status")
        elif why_not is not None:
            chart.drop(reference, why_not)
        request = resource.request if isinstance(resource.request, Reference) else None
        chart.administrations.append(
            Administration(
                reference=reference,
                concepts=drug.concepts,
                by_text=drug.by_text,
                exposure=exposure,
                start=start,
                end=end,
                dose=self._dose(dosage, drug.strength),
                route=read_route(dosage.route) if dosage is not None else None,
                request=request.reference if request is not None else None,
                identifiers=identifiers_of(resource),
                last_updated=_in_utc(last_updated(resource, self._dates)),
                why_not=why_not,
            )
        )

    def order(self, chart: Chart, resource: Resource, full_url: str | None, *, draft: bool = False) -> None:
        """File a MedicationRequest of a drug the label knows."""
        drug = self.drug(resource)
        if not drug.concepts and (drug.resolved or not self.names_medication(resource)):
            return
        reference = reference_of(resource, full_url)
        status = resource.status if isinstance(resource.status, str) else None
        is_own = bool(drug.concepts & self._index.own)
        is_proposed = is_code(resource.intent, _NOT_ORDERS) and not draft and not is_own
        if status in _VOID_ORDERS or resource.doNotPerform or is_proposed:
            chart.drop(reference, "entered-in-error" if status == "entered-in-error" else "not-done")
            return
        if not drug.resolved:
            chart.drop(reference, "unresolved-reference")
            return
        is_known = draft or is_code(status, _KNOWN_ORDERS)
        if not is_known:
            chart.drop(reference, "bad-status")
        instructions = resource.dosageInstruction or []
        bounds = planned_period(instructions, self._dates)
        starts, ends, days, day_count = planned_days(instructions, bounds, self._dates, spelled=is_own)
        written = self._dates.read(resource.authoredOn) if resource.authoredOn else None
        is_written_badly = bool(resource.authoredOn) and written is None
        if is_written_badly or any(has_bad_dates(instruction, self._dates) for instruction in instructions):
            chart.drop(reference, "bad-date")
        chart.drug_orders.append(
            DrugOrder(
                reference=reference,
                concepts=drug.concepts,
                by_text=drug.by_text,
                draft=draft or status == "draft",
                # when an end is written that cannot be read, nobody knows that the drug still goes on
                active=status == "active" and (is_own or not any(has_bad_end(i, self._dates) for i in instructions)),
                starts=starts,
                ends=ends,
                written=written,
                days=days,
                day_count=day_count,
                daily_dose=daily_dose(instructions, self._written_dose) or ingredient_dose(drug.strength, None),
                route=_order_route(instructions),
                completed=status == "completed",
                unsure=not is_known,
                runs_until=self._runs_until(resource, instructions, bounds, written),
            )
        )

    def _runs_until(
        self,
        resource: Resource,
        instructions: list[Dosage],
        bounds: tuple[When | None, When | None],
        written: When | None,
    ) -> When | None:
        """The last day the drug is planned for: by its bounds, else by their duration, else by the supply.

        Of several instructions one after another, one without an end goes on.
        """
        if any(has_bad_end(instruction, self._dates) for instruction in instructions):
            return None
        begins = bounds[0] or written
        lasts = [bounded_until(begins, instruction, self._dates) for instruction in instructions]
        known = [last for last in lasts if last is not None]
        if known and len(known) == len(lasts):
            return max(known, key=_by_last_day)
        return supplied_until(begins, resource.dispenseRequest) if begins is not None else None

    def _vaccine(self, chart: Chart, resource: Resource, reference: str, drug: Drug) -> None:
        """A vaccine recorded as a drug that was given."""
        status = resource.status if isinstance(resource.status, str) else ""
        if status in _VOID:
            chart.drop(reference, status)
            return
        if status not in _EXPOSURES:
            chart.drop(reference, "bad-status")
        concepts = drug.concepts or self.vaccines.concepts(medication_fields(resource)[0])
        self.vaccines.file(chart, reference, concepts, _start_text(resource), unsure=status not in _EXPOSURES)

    def unreadable(self, reference: str, concepts: frozenset[str], start: When | None = None) -> Administration:
        """An administration of which only the drug (and the time) is known: whether it took place cannot be told."""
        return Administration(
            reference=reference,
            concepts=concepts,
            by_text=False,
            exposure=Exposure.UNKNOWN,
            start=start,
            end=None,
            dose=None,
            route=None,
            request=None,
            identifiers=NO_CONCEPTS,
            last_updated=None,
            why_not="unreadable",
        )

    def names_medication(self, resource: Resource) -> bool:
        """Whether the resource says anything about its medication: a code, a text or a reference."""
        concept, reference, display = medication_fields(resource)
        return bool(reference) or _is_told(concept, display)

    def resolves(self, resource: Resource) -> bool:
        """Whether the medication can be told: by code, text, display or a reference that is in the data."""
        return self.drug(resource).resolved

    def concepts(self, resource: Resource) -> frozenset[str]:
        """Concepts of the resource's medication."""
        return self.drug(resource).concepts

    def drug(self, resource: Resource) -> Drug:
        """What the medication of a resource is, by code, name, or the Medication it refers to."""
        return self._tell(resource).drug

    def _tell(self, resource: Resource) -> _Told:
        """`drug`, remembered for the usual form (one coding, no reference): a sixth of the time, a chart repeats it."""
        concept = resource.medicationCodeableConcept
        if concept is None or concept.coding is None or len(concept.coding) != 1:
            return self._tell_anew(resource)
        coding = concept.coding[0]
        key = (coding.system, coding.code, coding.display, concept.text)
        told = self._told.get(key)
        if told is None:
            told = self._told[key] = self._tell_anew(resource)
        return told

    def _tell_anew(self, resource: Resource) -> _Told:
        concept, reference, display = medication_fields(resource)
        drug = self._referred(resource, reference, concept, display) if reference else None
        if drug is None:
            found, by_text = self._named(concept, display)
            drug = Drug(found, by_text, None, resolved=bool(found) or _is_told(concept, display))
        return _Told(drug, self.vaccines.is_vaccine(concept, drug.concepts))

    def _referred(
        self, holder: Resource, reference: str, concept: CodeableConcept | None, display: str | None
    ) -> Drug | None:
        """By the Medication that is referred to; None when it is not in the data."""
        medication = self._shelf().find(reference, holder)
        return self._medication(medication, concept, display) if medication is not None else None

    def _named(self, concept: CodeableConcept | None, display: str | None) -> tuple[frozenset[str], bool]:
        """Concepts by code, else by name, and whether the name told more."""
        coded = self._index.coded(concept)
        found, _ = self._index.drug(concept, display)
        return found, found != coded

    def _medication(self, medication: Resource, concept: CodeableConcept | None, display: str | None) -> Drug:
        """A Medication by its code, else by an ingredient that carries a concept; the ingredient tells the amount."""
        code = medication.code if isinstance(medication.code, CodeableConcept) else None
        found, by_text = self._named(code, display)
        if concept is not None and not found:
            found, by_text = self._named(concept, display)
        for ingredient in medication.ingredient or ():
            inner, inner_by_text = self._ingredient(ingredient, medication)
            if not inner:
                continue
            if not found or (by_text and not inner_by_text):
                return Drug(inner, inner_by_text, ingredient, resolved=True)
            both = found if inner_by_text and not by_text else found | inner
            return Drug(both, by_text, ingredient, resolved=True)
        is_told = bool(found) or bool(medication.ingredient) or _is_told(code, display) or _is_told(concept, None)
        return Drug(found, by_text, None, resolved=is_told)

    def _ingredient(self, ingredient: Ingredient, medication: Resource) -> tuple[frozenset[str], bool]:
        concept, reference, display = ingredient.itemCodeableConcept, ingredient.itemReference, None
        if ingredient.item is not None:
            concept = ingredient.item.concept
            inner = ingredient.item.reference
            reference = inner if isinstance(inner, Reference) else None
        if concept is None and reference is not None:
            display = reference.display
            substance = self._shelf().find(reference.reference, medication)
            if substance is not None and isinstance(substance.code, CodeableConcept):
                concept = substance.code
        return self._named(concept, display)

    def _dose(self, dosage: Dosage | None, strength: Ingredient | None) -> Dose | None:
        """The dose given: as written in mass, else the ingredient's amount, else as written."""
        written = dosage.dose or dosage.doseQuantity if dosage is not None else None
        dose = self._written_dose(written) if written is not None else None
        if dose is not None and dose.mg is not None:
            return dose
        return ingredient_dose(strength, written if dose is not None else None) or dose

    def _written_dose(self, written: Quantity) -> Dose | None:
        """A dose as written; remembered (a quarter of the reading), a chart repeats them."""
        key = (repr(written.value), written.unit, written.system, written.code, written.comparator)
        dose = self._by_amount.get(key, _UNREAD)
        if dose is _UNREAD:
            dose = self._by_amount[key] = read_dose(written)
        return dose

    def _times(self, resource: Resource) -> tuple[When | None, When | None, str | None]:
        """Start, end, and why there is no start."""
        text, end = _start_text(resource), None
        period = resource.effectivePeriod or resource.occurencePeriod or resource.occurrencePeriod
        if period is not None and period.end and text == period.start:
            end = self._dates.read(period.end)
        if not text:
            return None, end, "no-date"
        start = self._dates.read(text)
        return start, end, None if start is not None else "bad-date"


def _start_text(resource: Resource) -> str | None:
    """The start as written: a time, a period's start, or the one event of a timing."""
    text = resource.effectiveDateTime or resource.occurenceDateTime or resource.occurrenceDateTime
    period = resource.effectivePeriod or resource.occurencePeriod or resource.occurrencePeriod
    if text or period is not None:
        return text or (period.start if period is not None else None)
    timing = resource.occurenceTiming or resource.occurrenceTiming
    events = timing.event if timing is not None else None
    return events[0] if events is not None and len(events) == 1 else None


def _is_told(concept: CodeableConcept | None, display: str | None) -> bool:
    """Whether a code, a text or a display says which medication it is."""
    if (display or "").strip():
        return True
    if concept is None:
        return False
    return bool((concept.text or "").strip() or any(coding.code or coding.display for coding in concept.coding or ()))


def medication_fields(resource: Resource) -> tuple[CodeableConcept | None, str | None, str | None]:
    """The medication's concept, reference and display, in R4 and R5 shapes."""
    if resource.medicationCodeableConcept is not None:
        return resource.medicationCodeableConcept, None, None
    if resource.medicationReference is not None:
        return None, resource.medicationReference.reference, resource.medicationReference.display
    medication = resource.medication
    if medication is None:
        return None, None, None
    inner = medication.reference
    if isinstance(inner, Reference):
        return medication.concept, inner.reference, inner.display
    return medication.concept, inner, medication.display


def first_dosage(raw: msgspec.Raw) -> Dosage | None:
    """The dosage, or the first of several. UnreadablePartError when it is none."""
    if raw is ABSENT:
        return None
    try:
        found: list[Dosage] | Dosage | None = dosage_decoder.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        raise UnreadablePartError from None
    if isinstance(found, list):
        return found[0] if found else None
    return found


def _by_last_day(when: When) -> tuple[date, date]:
    return when.last, when.first


def _in_utc(written: datetime | None) -> str | None:
    """An instant in UTC and always as long: such texts compare like the instants they stand for."""
    if written is None:
        return None
    try:
        # by position: a sixth less than by keyword
        return written.astimezone(UTC).isoformat("T", "microseconds")
    except OverflowError:  # an offset beyond the ends of the calendar
        return None


def _order_route(instructions: list[Dosage]) -> Route | None:
    for instruction in instructions:
        route = read_route(instruction.route)
        if route is not None:
            return route
    return None

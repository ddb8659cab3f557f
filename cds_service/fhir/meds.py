"""Medication resources: administrations, orders, medication lists, dispensing, and the medication they refer to.

A mixture counts by its ingredient, and its dose is the ingredient's amount, never the bag's volume.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import msgspec

from cds_service.core.dates import When
from cds_service.core.timeline import Administration, Dose, DrugOrder, Exposure, Mention, Route
from cds_service.fhir.codes import NO_CONCEPTS, CodeIndex
from cds_service.fhir.dates import DateReader
from cds_service.fhir.record import Chart, Shelf, reference_of
from cds_service.fhir.routes import read_route
from cds_service.fhir.structs import (
    ABSENT,
    CodeableConcept,
    Dosage,
    Identifier,
    Ingredient,
    Period,
    Quantity,
    Reference,
    Resource,
    identifiers_decoder,
)
from cds_service.fhir.timing import daily_dose, planned_days, planned_period
from cds_service.fhir.ucum import number, read_dose

_EXPOSURES = {
    "completed": Exposure.GIVEN,
    "in-progress": Exposure.STARTED,
    "stopped": Exposure.STARTED,
    "on-hold": Exposure.STARTED,
    "not-done": Exposure.NONE,
    "entered-in-error": Exposure.NONE,
}
_VOID_ORDERS = frozenset({"cancelled", "entered-in-error"})
_VOID_MENTIONS = frozenset(
    {"entered-in-error", "not-taken", "intended", "cancelled", "declined", "preparation", "not-done"}
)


class Drug(NamedTuple):
    """What a medication field says: concepts, whether only by name, the ingredient's amount, whether it resolved."""

    concepts: frozenset[str]
    by_text: bool
    strength: Ingredient | None
    resolved: bool


class MedicationReader:
    """Reads medication resources of one record. `shelf` is asked for only when a medication is referred to."""

    def __init__(self, index: CodeIndex, dates: DateReader, shelf: Callable[[], Shelf]) -> None:
        self._index, self._dates, self._shelf = index, dates, shelf

    def administration(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File a MedicationAdministration of a drug the label knows; others are none of our business."""
        drug = self._drug(resource)
        if not drug.concepts and drug.resolved:
            return
        reference = reference_of(resource, full_url)
        status = resource.status if isinstance(resource.status, str) else None
        exposure = _EXPOSURES.get(status or "", Exposure.UNKNOWN)
        if not drug.resolved:
            chart.drop(reference, "unresolved-reference")
        elif status in ("not-done", "entered-in-error"):
            chart.drop(reference, status)
        elif exposure is Exposure.UNKNOWN:
            chart.drop(reference, "bad-status")
        start, end, why_not = self._times(resource)
        if why_not is not None and exposure is not Exposure.NONE and drug.concepts:
            chart.drop(reference, why_not)
        dosage = _first_dosage(resource.dosage)
        request = resource.request if isinstance(resource.request, Reference) else None
        chart.administrations.append(
            Administration(
                reference=reference,
                concepts=drug.concepts,
                by_text=drug.by_text,
                exposure=exposure,
                start=start,
                end=end,
                dose=_dose(dosage, drug.strength),
                route=read_route(dosage.route) if dosage is not None else None,
                request=request.reference if request is not None else None,
                identifiers=_identifiers(resource),
                last_updated=resource.meta.lastUpdated if resource.meta is not None else None,
                why_not=why_not,
            )
        )

    def order(self, chart: Chart, resource: Resource, full_url: str | None, *, draft: bool) -> None:
        """File a MedicationRequest of a drug the label knows."""
        status = resource.status if isinstance(resource.status, str) else None
        if status in _VOID_ORDERS or resource.doNotPerform:
            return
        drug = self._drug(resource)
        if not drug.concepts:
            return
        reference = reference_of(resource, full_url)
        instructions = resource.dosageInstruction or []
        bounds = planned_period(instructions, self._dates)
        starts, ends, days, day_count = planned_days(instructions, bounds, self._dates)
        if any(_has_bad_bounds(instruction, self._dates) for instruction in instructions):
            chart.drop(reference, "bad-date")
        chart.drug_orders.append(
            DrugOrder(
                reference=reference,
                concepts=drug.concepts,
                by_text=drug.by_text,
                draft=draft or status == "draft",
                active=status == "active",
                starts=starts,
                ends=ends,
                written=self._dates.read(resource.authoredOn) if resource.authoredOn else None,
                days=days,
                day_count=day_count,
                daily_dose=daily_dose(instructions) or _strength_dose(drug.strength, None),
                route=_order_route(instructions),
            )
        )

    def mention(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File a MedicationStatement or MedicationDispense of a drug the label knows."""
        if resource.status in _VOID_MENTIONS:
            return
        drug = self._drug(resource)
        if drug.concepts:
            chart.mentions.append(Mention(reference_of(resource, full_url), drug.concepts, drug.by_text))

    def unreadable(self, reference: str, concepts: frozenset[str]) -> Administration:
        """An administration of which only the drug is known: whether it took place cannot be told."""
        return Administration(
            reference=reference,
            concepts=concepts,
            by_text=False,
            exposure=Exposure.UNKNOWN,
            start=None,
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
        concept, reference, display = _medication_fields(resource)
        has_concept = concept is not None and bool(
            (concept.text or "").strip() or any(coding.code or coding.display for coding in concept.coding or ())
        )
        return has_concept or bool(reference or (display or "").strip())

    def resolves(self, resource: Resource) -> bool:
        """Whether the medication can be told: by code, text, display or a reference that is in the data."""
        return self._drug(resource).resolved

    def concepts(self, resource: Resource) -> frozenset[str]:
        """Concepts of the resource's medication."""
        return self._drug(resource).concepts

    def _drug(self, resource: Resource) -> Drug:
        concept, reference, display = _medication_fields(resource)
        if concept is not None and not reference:
            found, by_text = self._index.drug(concept, display)
            return Drug(found, by_text, None, resolved=True)
        if reference:
            medication = self._shelf().find(reference, resource)
            if medication is not None:
                return self._medication(medication, display)
            found, by_text = self._index.drug(concept, display)
            return Drug(found, by_text, None, resolved=bool(display or found))
        found, by_text = self._index.drug(None, display)
        return Drug(found, by_text, None, resolved=True)

    def _medication(self, medication: Resource, display: str | None) -> Drug:
        """A Medication by its code, else by an ingredient that carries a concept."""
        code = medication.code if isinstance(medication.code, CodeableConcept) else None
        found, by_text = self._index.drug(code, display)
        for ingredient in medication.ingredient or ():
            inner, inner_by_text = self._ingredient(ingredient, medication)
            if inner and (not found or by_text or inner & found or not inner_by_text):
                return Drug(found | inner if found and not by_text else inner, inner_by_text, ingredient, resolved=True)
        return Drug(found, by_text, None, resolved=True)

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
        return self._index.drug(concept, display)

    def _times(self, resource: Resource) -> tuple[When | None, When | None, str | None]:
        """Start, end, and why there is no start."""
        period = resource.effectivePeriod or resource.occurencePeriod or resource.occurrencePeriod
        text = resource.effectiveDateTime or resource.occurenceDateTime or resource.occurrenceDateTime
        end = None
        if text is None and period is not None:
            text = period.start
            end = self._dates.read(period.end) if period.end else None
        if text is None:
            return None, end, "no-date"
        start = self._dates.read(text)
        return start, end, None if start is not None else "bad-date"


def _medication_fields(resource: Resource) -> tuple[CodeableConcept | None, str | None, str | None]:
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


def _first_dosage(dosage: Dosage | list[Dosage] | None) -> Dosage | None:
    if isinstance(dosage, list):
        return dosage[0] if dosage else None
    return dosage


def _dose(dosage: Dosage | None, strength: Ingredient | None) -> Dose | None:
    """The dose given: as written in mass, else the ingredient's amount, else as written."""
    written = dosage.dose or dosage.doseQuantity if dosage is not None else None
    dose = read_dose(written) if written is not None else None
    if dose is not None and dose.mg is not None:
        return dose
    return _strength_dose(strength, dose) or dose


def _strength_dose(strength: Ingredient | None, given: Dose | None) -> Dose | None:
    """The ingredient's amount: numerator, scaled when both the given dose and the denominator are volumes."""
    if strength is None:
        return None
    if strength.strengthQuantity is not None:
        found = read_dose(strength.strengthQuantity)
        return found if found is not None and found.mg is not None else None
    ratio = strength.strengthRatio or strength.strength
    if ratio is None or ratio.numerator is None:
        return None
    amount = read_dose(ratio.numerator)
    if amount is None or amount.mg is None:
        return None
    per = read_dose(ratio.denominator) if ratio.denominator is not None else None
    if per is not None and per.milliliters and given is not None and given.milliliters is not None:
        return Dose(amount.mg * given.milliliters / per.milliliters)
    if per is not None and per.milliliters and given is None:
        return amount if _whole_unit(ratio.denominator) else None
    return amount


def _whole_unit(denominator: Quantity | None) -> bool:
    """A denominator of more than 1 mL is the bag itself, not a concentration."""
    value = number(denominator.value) if denominator is not None else None
    return value is not None and value > Decimal(1)


def _order_route(instructions: list[Dosage]) -> Route | None:
    for instruction in instructions:
        route = read_route(instruction.route)
        if route is not None:
            return route
    return None


def _has_bad_bounds(instruction: Dosage, dates: DateReader) -> bool:
    timing = instruction.timing
    if timing is None:
        return False
    period: Period | None = timing.repeat.boundsPeriod if timing.repeat is not None else None
    written = [*(timing.event or ()), *((period.start, period.end) if period is not None else ())]
    return any(text is not None and dates.read(text) is None for text in written)


def _identifiers(resource: Resource) -> frozenset[str]:
    if resource.identifier is ABSENT:
        return NO_CONCEPTS
    try:
        found = identifiers_decoder.decode(resource.identifier)
    except msgspec.ValidationError:
        return NO_CONCEPTS
    listed = found if isinstance(found, list) else [found]
    return frozenset(f"{item.system}|{item.value}" for item in listed if isinstance(item, Identifier) and item.value)

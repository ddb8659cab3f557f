"""Orders for tests and vaccines, conditions, examinations, vaccines, allergies, appointments: a fact for a resource."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from cds_service.core.timeline import (
    AllergyFact,
    Appointment,
    ConditionFact,
    Result,
    ServiceOrder,
    Vaccination,
)
from cds_service.fhir.codes import NO_CONCEPTS, CodeIndex
from cds_service.fhir.dates import DateReader
from cds_service.fhir.record import Chart, Shelf, is_code, reference_of
from cds_service.fhir.structs import ABSENT, CodeableConcept, Resource, any_decoder

_REFUTED = frozenset({"refuted", "entered-in-error"})
_UNSURE = frozenset({"provisional", "differential", "unconfirmed"})
_ORDER_STATUSES = frozenset({"active", "draft"})
_NOT_ORDERS = frozenset({"proposal", "plan", "option"})
_VOID_TEST_ORDERS = {"entered-in-error": "entered-in-error", "revoked": "not-done"}
_DONE = frozenset({"completed", "finished"})
_VOID = frozenset({"entered-in-error", "not-done", "cancelled"})
_STILL_OPEN = frozenset(
    {"preparation", "in-progress", "on-hold", "planned", "arrived", "triaged", "onleave", "unknown"}
)
_RESOLVED = frozenset({"resolved", "inactive"})
_DEAD_APPOINTMENTS = frozenset({"cancelled", "noshow", "entered-in-error"})
_SNOMED = "http://snomed.info/sct"
_GRAVE_CODES = frozenset({"39579001", "41291007", "4386001"})  # anaphylaxis, angioedema, bronchospasm
_GRAVE_WORDS = re.compile(r"anaphyla|angio-?o?edema|bronchospasm", re.IGNORECASE)


class FactReader:
    """Reads facts of one record. `shelf` is asked for only when an appointment refers to its order or reason."""

    def __init__(self, index: CodeIndex, dates: DateReader, shelf: Callable[[], Shelf]) -> None:
        self._index, self._dates, self._shelf = index, dates, shelf

    def service_order(self, chart: Chart, resource: Resource, full_url: str | None, *, draft: bool = False) -> None:
        """File a ServiceRequest for a test or a vaccine the label knows."""
        concepts = self._index.coded(resource.code) or self._named_vaccine(resource.code)
        if not concepts:
            return
        reference = reference_of(resource, full_url)
        if not draft and not is_code(resource.status, _ORDER_STATUSES):
            why = _VOID_TEST_ORDERS.get(resource.status) if isinstance(resource.status, str) else "bad-status"
            if why is not None:
                chart.drop(reference, why)
            return
        if is_code(resource.intent, _NOT_ORDERS):
            return
        if resource.doNotPerform:
            chart.drop(reference, "not-done")
            return
        text = resource.occurrenceDateTime
        if text is None and resource.occurrencePeriod is not None:
            text = resource.occurrencePeriod.end or resource.occurrencePeriod.start
        if text is None and resource.occurrenceTiming is not None:
            repeat = resource.occurrenceTiming.repeat
            bounds = repeat.boundsPeriod if repeat is not None else None
            text = max(resource.occurrenceTiming.event or (), default=None) or (bounds.end if bounds else None)
        written = self._dates.read(resource.authoredOn) if resource.authoredOn else None
        when = self._dates.read(text) if text else written
        if when is None and (text or resource.authoredOn):
            chart.drop(reference, "bad-date")
        is_draft = draft or resource.status == "draft"
        chart.service_orders.append(ServiceOrder(reference, concepts, when, written, is_draft))

    def _named_vaccine(self, code: object) -> frozenset[str]:
        """A vaccine ordered by its name only; tests are never matched by name."""
        if not isinstance(code, CodeableConcept):
            return NO_CONCEPTS
        return self._index.drug(code.concept or code)[0]

    def condition(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File a Condition the label knows, unless it is refuted."""
        concepts = self._index.coded(resource.code)
        if not concepts:
            return
        reference = reference_of(resource, full_url)
        codes = _codes(resource.verificationStatus)
        if codes & _REFUTED:
            if "entered-in-error" in codes:
                chart.drop(reference, "entered-in-error")
            return
        text = resource.recordedDate or resource.onsetDateTime
        when = self._dates.read(text) if text else None
        chart.conditions.append(ConditionFact(reference, concepts, when, bool(codes & _UNSURE)))

    def procedure(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File an examination that was done, as a result of its concepts."""
        concepts = self._index.coded(resource.code)
        if concepts:
            period = resource.performedPeriod or resource.occurrencePeriod
            text = resource.performedDateTime or resource.occurrenceDateTime or (period.start if period else None)
            self._examined(chart, resource, reference_of(resource, full_url), concepts, text)

    def encounter(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File a visit whose reason is an examination the label knows, once it is over."""
        found = [concept for raw in (resource.reasonCode, resource.reason) for concept in _concepts_in(_plain(raw))]
        concepts = NO_CONCEPTS.union(*(self._index.coded(concept) for concept in found)) & self._index.examinations
        if concepts:
            period = resource.period or resource.actualPeriod
            self._examined(
                chart, resource, reference_of(resource, full_url), concepts, period.start if period else None
            )

    def _examined(
        self, chart: Chart, resource: Resource, reference: str, concepts: frozenset[str], text: str | None
    ) -> None:
        status = resource.status
        if not is_code(status, _DONE):
            if is_code(status, _VOID):
                chart.drop(reference, "entered-in-error" if status == "entered-in-error" else "not-done")
            elif not is_code(status, _STILL_OPEN):
                chart.drop(reference, "bad-status")
            return
        when = self._dates.read(text) if text else None
        if when is None:
            chart.drop(reference, "bad-date" if text else "no-date", concepts if text else ())
            return
        for concept in concepts:
            chart.results[concept].append(Result(when, reference, issued_only=False))

    def immunization(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File any vaccine given: near an infusion every one counts, whatever its code."""
        concepts, _ = self._index.drug(resource.vaccineCode)
        reference = reference_of(resource, full_url)
        if not is_code(resource.status, _DONE):
            if is_code(resource.status, _VOID):
                if concepts:
                    chart.drop(reference, "entered-in-error" if resource.status == "entered-in-error" else "not-done")
                return
            chart.drop(reference, "bad-status")
        text = resource.occurrenceDateTime
        when = self._dates.read(text) if text else None
        if when is None:
            chart.drop(reference, "bad-date" if text else "no-date")
        chart.vaccinations.append(Vaccination(reference, concepts, when))

    def allergy(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File an allergy to a substance the label knows, by code or by name, unless it is refuted."""
        reactions = [item for item in _as_list(_plain(resource.reaction)) if isinstance(item, dict)]
        code = resource.code if isinstance(resource.code, CodeableConcept) else None
        concepts, _ = self._index.drug(code)
        for reaction in reactions:
            for substance in _concepts_in(reaction.get("substance")):
                concepts |= self._index.drug(substance)[0]
        if not concepts:
            return
        reference = reference_of(resource, full_url)
        verification = _codes(resource.verificationStatus) | _codes(resource.status)
        if verification & _REFUTED:
            if "entered-in-error" in verification:
                chart.drop(reference, "entered-in-error")
            return
        text = resource.recordedDate or resource.onsetDateTime
        chart.allergies.append(
            AllergyFact(
                reference,
                concepts,
                self._dates.read(text) if text else None,
                grave=is_code(resource.criticality, frozenset({"high", "CRITH"})) or any(map(_is_grave, reactions)),
                unsure=bool(verification & {"unconfirmed", "presumed", "provisional"}),
                resolved=bool(_codes(resource.clinicalStatus) & _RESOLVED),
            )
        )

    def appointment(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File an appointment that may still take place, and whether it is about the drug."""
        if is_code(resource.status, _DEAD_APPOINTMENTS):
            return
        starts = self._dates.read(resource.start) if resource.start else None
        about = self._is_about_drug(resource)
        chart.appointments.append(Appointment(reference_of(resource, full_url), about, starts))

    def _is_about_drug(self, resource: Resource) -> bool:
        written = [_plain(raw) for raw in (resource.reasonCode, resource.reason, resource.serviceType)]
        concepts = [concept for item in written for concept in _concepts_in(item)]
        texts = [_plain(resource.description), _plain(resource.comment)]
        concepts += [CodeableConcept(text=text) for text in texts if isinstance(text, str)]
        if any(self._index.drug(concept)[0] & self._index.own for concept in concepts):
            return True
        references = [_plain(raw) for raw in (resource.basedOn, resource.reasonReference, resource.reason)]
        return any(self._refers_to_drug(item, resource) for found in references for item in _as_list(found))

    def _refers_to_drug(self, written: object, holder: Resource) -> bool:
        if not isinstance(written, dict):
            return False
        inner = written.get("reference")
        link = inner.get("reference") if isinstance(inner, dict) else inner
        display = written.get("display")
        if isinstance(display, str) and self._index.named((display,)) & self._index.own:
            return True
        found = self._shelf().find(link, holder) if isinstance(link, str) else None
        if found is None:
            return False
        concept = found.medicationCodeableConcept or (found.medication.concept if found.medication else None)
        code = found.code if isinstance(found.code, CodeableConcept) else None
        if any(item is not None and self._index.drug(item)[0] & self._index.own for item in (concept, code)):
            return True
        ordered = found.medicationReference or (found.medication.reference if found.medication else None)
        if ordered is None:
            return False
        return self._refers_to_drug(msgspec.to_builtins(ordered), found) if not isinstance(ordered, str) else False


def _plain(raw: msgspec.Raw) -> object:
    """An undecoded field as plain data; None when it is not written."""
    return any_decoder.decode(raw) if raw is not ABSENT else None


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _concepts_in(value: object) -> list[CodeableConcept]:
    """Every CodeableConcept in a list of them, of references that may hold one (R5), or of reasons (R5 Encounter)."""
    found: list[CodeableConcept] = []
    for item in _as_list(value):
        if not isinstance(item, dict):
            continue
        inner = item.get("concept") or item.get("value")
        if inner is not None:
            found += _concepts_in(inner)
            continue
        try:
            found.append(msgspec.convert(item, CodeableConcept))
        except msgspec.ValidationError:
            continue
    return found


def _codes(status: CodeableConcept | str | None) -> frozenset[str]:
    """The codes of a status, written as a concept or as a bare word."""
    if isinstance(status, str):
        return frozenset({status})
    if status is None:
        return frozenset()
    return frozenset(coding.code for coding in status.coding or () if coding.code)


def _is_grave(reaction: dict[str, Any]) -> bool:
    """Anaphylaxis, angioedema, bronchospasm, or a severe reaction."""
    if reaction.get("severity") == "severe":
        return True
    described = reaction.get("description")
    texts = [described if isinstance(described, str) else None]
    for concept in _concepts_in(reaction.get("manifestation")):
        texts.append(concept.text)
        for coding in concept.coding or ():
            if coding.system == _SNOMED and coding.code in _GRAVE_CODES:
                return True
            texts.append(coding.display)
    return any(_GRAVE_WORDS.search(text) for text in texts if text)

"""Vaccines given: Immunizations, and vaccines recorded the way a drug, a medication list or a procedure is.

Any vaccine counts near an infusion, whatever its code; the label's value sets say which are live. Knows no label.
"""

from __future__ import annotations

from cds_service.core.dates import When
from cds_service.core.timeline import Vaccination
from cds_service.fhir.codes import NO_CONCEPTS, CodeIndex
from cds_service.fhir.dates import DateReader
from cds_service.fhir.plain import as_list, concepts_in, plain
from cds_service.fhir.record import Chart, is_code, reference_of
from cds_service.fhir.structs import CodeableConcept, Resource
from cds_service.fhir.values import is_absence

_CVX = ("http://hl7.org/fhir/sid/cvx", "urn:oid:2.16.840.1.113883.12.292")
_GIVEN = frozenset({"completed"})
_VOID = {"entered-in-error": "entered-in-error", "not-done": "not-done", "cancelled": "not-done"}


class VaccineReader:
    """Reads vaccines of one record."""

    def __init__(self, index: CodeIndex, dates: DateReader) -> None:
        self._index, self._dates = index, dates
        # Every concept that has a vaccine code: a drug or a procedure that carries one is a vaccine.
        self._vaccines = index.of_systems(_CVX)
        self._systems = frozenset(_CVX).union(*map(index.forms_of, _CVX))

    def concepts(self, code: CodeableConcept | None) -> frozenset[str]:
        """Concepts of a vaccine by code or name; a one-digit code is the one with a leading zero."""
        found, _ = self._index.drug(code)
        if found or code is None:
            return found
        for coding in code.coding or ():
            if coding.system in self._systems and len(coding.code or "") == 1:
                found |= self._index.exact.get(coding.system or "", {}).get(f"0{coding.code}", NO_CONCEPTS)
        return found

    def is_vaccine(self, code: CodeableConcept | None, concepts: frozenset[str]) -> bool:
        """Whether what stands where a drug or a procedure is expected is a vaccine."""
        if concepts:
            return not concepts.isdisjoint(self._vaccines)
        return code is not None and any(coding.system in self._systems for coding in code.coding or ())

    def ordered(self, resource: Resource) -> frozenset[str]:
        """Concepts of a service that is ordered: by its code, else its name, and the vaccine its details tell."""
        code = resource.code if isinstance(resource.code, CodeableConcept) else None
        found = self.concepts(code.concept or code) if code is not None else NO_CONCEPTS
        for concept in _details(plain(resource.orderDetail)):
            told = self.concepts(concept)
            if self.is_vaccine(concept, told):
                found |= told
        return found

    def tells(self, code: CodeableConcept | None) -> bool:
        """Whether it can be read which vaccine it was: by a word, or by a code of a system that is known here."""
        if code is None or is_absence(code):
            return False
        if code.concept is not None:
            return self.tells(code.concept)
        texts = [code.text, *(coding.display for coding in code.coding or ())]
        if any(text and text.strip() for text in texts):
            return True
        return any(coding.code and coding.system in self._index.exact for coding in code.coding or ())

    def immunization(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File an Immunization; one whose status nobody knows may have been given, and is named."""
        concepts = self.concepts(resource.vaccineCode)
        reference = reference_of(resource, full_url)
        if not is_code(resource.status, _GIVEN):
            why = _VOID.get(resource.status) if isinstance(resource.status, str) else None
            if why is not None:
                if concepts:
                    chart.drop(reference, why)
                return
            chart.drop(reference, "bad-status")
        text = resource.occurrenceDateTime or resource.occurrenceString
        is_sure, is_told = is_code(resource.status, _GIVEN), bool(concepts) or self.tells(resource.vaccineCode)
        self.file(chart, reference, concepts, text, unsure=not is_sure, untold=not is_told)

    def file(
        self,
        chart: Chart,
        reference: str,
        concepts: frozenset[str],
        text: str | None,
        *,
        unsure: bool = False,
        untold: bool = False,
    ) -> None:
        """A vaccine that was given, with the time as written; without a readable one it is given some time.

        `unsure`: whether it was given is not written. `untold`: nor which one it was.
        """
        when = self.read(text)
        if when is None:
            chart.drop(reference, "bad-date" if text else "no-date")
        chart.vaccinations.append(Vaccination(reference, concepts, when, unsure, untold))

    def undated(self, chart: Chart, reference: str, concepts: frozenset[str], text: str | None = None) -> None:
        """A vaccine of which not everything could be read: it may have been given, and has been named already."""
        chart.vaccinations.append(Vaccination(reference, concepts, self.read(text), untold=not concepts))

    def read(self, text: str | None) -> When | None:
        """The day it was given, if that can be read."""
        return self._dates.read(text.strip()) if text else None


def _details(value: object) -> list[CodeableConcept]:
    """The concepts of `orderDetail`: written as such (R4), or as parameters (R5)."""
    found: list[CodeableConcept] = []
    for item in as_list(value):
        parameters = as_list(item.get("parameter")) if isinstance(item, dict) else []
        written = [p.get("valueCodeableConcept") for p in parameters if isinstance(p, dict)]
        found += concepts_in(written or item)
    return found

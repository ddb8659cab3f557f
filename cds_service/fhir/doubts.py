"""Resources that say something about the label's subjects which nobody can read: named, and never taken for absent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from cds_service.core.dates import When
from cds_service.core.timeline import ANY_CONCEPT, Mention, Unused, Visit
from cds_service.fhir.allergies import AllergyReader
from cds_service.fhir.codes import DIAGNOSES, CodeIndex
from cds_service.fhir.dates import DateReader
from cds_service.fhir.decode import Unreadable, salvage
from cds_service.fhir.meds import MedicationReader
from cds_service.fhir.owners import OneOwner, Owners
from cds_service.fhir.record import SOURCE_OF_TYPE, Chart, is_code, reference_of, subject_of
from cds_service.fhir.structs import CodeableConcept, Coding, Entry, Resource

_NEVER_HAPPENED = frozenset({"entered-in-error", "not-done", "cancelled", "registered", "draft"})
_DOUBTED = frozenset({"Observation", "DiagnosticReport", "Procedure", "Encounter", "Condition", "AllergyIntolerance"})
_NAMED_TYPES = frozenset({*SOURCE_OF_TYPE, "Medication", "OperationOutcome", "Bundle"})


class Doubts:
    """Files what could not be read, or not be attributed, of one record."""

    def __init__(self, index: CodeIndex, dates: DateReader, meds: MedicationReader, allergies: AllergyReader) -> None:
        self._index, self._dates, self._meds, self._allergies = index, dates, meds, allergies
        self._diagnoses = index.of_systems(DIAGNOSES) - index.examinations

    def concepts_of(self, resource: Resource) -> frozenset[str]:
        """Concepts of whatever the resource is about."""
        found = self._index.coded(resource.code) | self._meds.concepts(resource)
        if resource.resourceType == "AllergyIntolerance":
            return found | self._allergies.concepts(resource)
        if resource.vaccineCode is not None:
            return found | self._meds.vaccines.concepts(resource.vaccineCode)
        return found.union(*(self._index.coded(part.code) for part in resource.component or ()))

    def owner(self, item: Unreadable, owners: Owners | OneOwner) -> Chart | None:
        """The chart of whom an unreadable resource names, if that can be made out."""
        if item.plain.get("resourceType") == "Patient":
            return owners.find(item.reference)
        return owners.of(salvage(item.plain)) if _is_named(item) else None

    def file(self, item: Unreadable, owners: Owners | OneOwner, charts: Sequence[Chart], strays: list[Unused]) -> bool:
        """Name it where it belongs, and doubt what could rest on its absence; False for somebody else's, only named."""
        if not _is_named(item):
            return True
        kind, read = item.plain.get("resourceType"), salvage(item.plain)
        chart = self.owner(item, owners)
        if chart is None and kind != "Patient" and not owners.is_unnamed(subject_of(read)):
            strays.append(Unused(item.reference, "unreadable"))
            return False
        for concerned in charts if chart is None else (chart,):
            concerned.drop(item.reference, "unreadable")
            self._doubt_unreadable(concerned, kind if isinstance(kind, str) else None, item, read)
        return True

    def part(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """Name a resource of which a part that matters is not what FHIR says, and doubt what could rest on it."""
        reference, kind = reference_of(resource, full_url), resource.resourceType or ""
        chart.drop(reference, "unreadable")
        if is_code(resource.status, _NEVER_HAPPENED):
            return
        concepts, since = self.concepts_of(resource), self._since(resource)
        if kind == "MedicationAdministration" and not concepts:
            chart.administrations.append(self._meds.unreadable(reference, concepts, since))
        self.doubt(chart, kind, reference, concepts, since)

    def _doubt_unreadable(self, chart: Chart, kind: str | None, item: Unreadable, read: Resource) -> None:
        if is_code(item.plain.get("status"), _NEVER_HAPPENED):
            return
        concepts, since = self.concepts_of(read) | self._plain_concepts(item.plain), self._since(read)
        told = _has_readable_code(item.plain.get("code"))
        if kind in ("Observation", "DiagnosticReport", None):
            self.doubt(chart, kind or "Observation", item.reference, concepts if told else {ANY_CONCEPT}, since)
        if kind == "Immunization":
            self._meds.vaccines.undated(chart, item.reference, concepts, read.occurrenceDateTime)
            return
        if kind == "Encounter":
            chart.visits.append(Visit(item.reference, since, None, unsure=True))
        if not told and not concepts:
            concepts = {"Condition": self._diagnoses, "AllergyIntolerance": self._index.own}.get(kind or "", concepts)
        if kind == "MedicationAdministration" and not concepts and not self._meds.resolves(read):
            chart.administrations.append(self._meds.unreadable(item.reference, concepts, since))
        if kind is None:
            self.doubt(chart, "MedicationAdministration", item.reference, concepts, since)
        elif kind not in ("Observation", "DiagnosticReport"):
            self.doubt(chart, kind, item.reference, concepts, since)

    def _since(self, read: Resource) -> When | None:
        """When it happened, if that at least can be read."""
        periods = (
            *(read.effectivePeriod, read.occurencePeriod, read.occurrencePeriod, read.performedPeriod),
            *(read.period, read.actualPeriod),
        )
        texts = [
            *(read.effectiveDateTime, read.occurenceDateTime, read.occurrenceDateTime, read.performedDateTime),
            *(period.start for period in periods if period is not None),
            *(read.recordedDate, read.onsetDateTime, read.issued),
        ]
        text = next((text for text in texts if text), None)
        return self._dates.read(text) if text is not None else None

    def doubt(self, chart: Chart, kind: str, reference: str, concepts: Iterable[str], when: When | None = None) -> None:
        """A resource with these concepts exists but says nothing usable: what could rest on its absence is in doubt."""
        found = frozenset(concepts)
        if kind in _DOUBTED:
            chart.doubt(reference, found, when)
        elif kind == "Immunization":
            self._meds.vaccines.undated(chart, reference, found)
        elif kind == "MedicationAdministration" and found:
            chart.administrations.append(self._meds.unreadable(reference, found, when))
        elif kind in ("MedicationStatement", "MedicationUsage", "MedicationDispense", "MedicationRequest") and found:
            chart.mentions.append(Mention(reference, found, by_text=False))

    def _plain_concepts(self, plain: dict[str, Any]) -> frozenset[str]:
        """Concepts of an untyped resource, as far as its codes can be made out."""
        parts = plain.get("component")
        holders = [plain, *(part for part in (parts if isinstance(parts, list) else ()) if isinstance(part, dict))]
        found: frozenset[str] = frozenset()
        for holder in holders:
            for name in ("code", "vaccineCode", "medicationCodeableConcept", "medication"):
                written = holder.get(name)
                for concept in written if isinstance(written, list) else [written]:
                    found |= self._plain_concept(concept)
        return found

    def _plain_concept(self, concept: object) -> frozenset[str]:
        """Concepts of what should be a CodeableConcept: an object, an R5 reference to one, a coding, or bare text."""
        if isinstance(concept, str):
            return self._index.drug(CodeableConcept(text=concept))[0]
        if not isinstance(concept, dict):
            return frozenset()
        inner = concept.get("concept")
        if isinstance(inner, dict):
            return self._plain_concept(inner)
        if "coding" not in concept and "code" in concept:
            return self._plain_concept({"coding": [concept]})
        read = [
            Coding(_text(item.get("system")), _text(item.get("code")), _text(item.get("display")))
            for item in _plain_codings(concept)
        ]
        return self._index.drug(CodeableConcept(read, _text(concept.get("text"))))[0]


def _is_named(item: Unreadable) -> bool:
    """Whether its type is one that is read, or cannot be told; others are none of our business."""
    kind = item.plain.get("resourceType")
    return not isinstance(kind, str) or kind in _NAMED_TYPES


def as_unreadable(entry: Entry) -> Unreadable:
    """A resource that does not say its type: readable, but not as anything."""
    plain = {
        name: msgspec.to_builtins(value)
        for name in ("code", "subject", "patient", "vaccineCode", "medicationCodeableConcept", "medicationReference")
        if (value := getattr(entry.resource, name, None)) is not None
    }
    return Unreadable(entry.fullUrl or "resource without resourceType", plain)


def _plain_codings(concept: dict[str, Any]) -> list[dict[str, Any]]:
    codings = concept.get("coding")
    return [item for item in (codings if isinstance(codings, list) else [codings]) if isinstance(item, dict)]


def _has_readable_code(code: object) -> bool:
    """Whether an untyped code says what the resource is about, so that it can be ruled out for other tests."""
    if not isinstance(code, dict):
        return False
    return any(_text(item.get("system")) and _text(item.get("code")) for item in _plain_codings(code))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else None

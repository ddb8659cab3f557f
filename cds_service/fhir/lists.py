"""Medication lists and dispensing: signs of a drug without an infusion date, and since and until when it was taken."""

from __future__ import annotations

import msgspec

from cds_service.core.dates import When
from cds_service.core.timeline import Mention
from cds_service.fhir.codes import CodeIndex
from cds_service.fhir.dates import DateReader
from cds_service.fhir.meds import Drug, MedicationReader, first_dosage, medication_fields
from cds_service.fhir.record import Chart, is_code, reference_of
from cds_service.fhir.routes import read_route
from cds_service.fhir.structs import ABSENT, Resource, adherence_decoder

_VOID = frozenset({"entered-in-error", "not-taken", "intended", "cancelled", "declined", "preparation", "not-done"})
_OVER = frozenset({"stopped", "completed", "ended", "on-hold"})
_GOES_ON = frozenset({"active", "recorded", "in-progress", "draft"})
_NEVER = frozenset({"never-taken", "not-prescribed"})
_NOT_NOW = frozenset({"not-taking"})
_PAUSED = ("stopped", "on-hold", "not-taking")  # also as directed, or not as directed
_DRAFT = frozenset({"draft"})


class ListReader:
    """Reads MedicationStatements (MedicationUsages) and MedicationDispenses of one record."""

    def __init__(self, index: CodeIndex, dates: DateReader, meds: MedicationReader) -> None:
        self._index, self._dates, self._meds = index, dates, meds

    def mention(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File a MedicationStatement or MedicationDispense of a drug the label knows."""
        drug = self._meds.drug(resource)
        is_vaccine = self._meds.vaccines.is_vaccine(medication_fields(resource)[0], drug.concepts)
        if not drug.concepts and not is_vaccine and (drug.resolved or not self._meds.names_medication(resource)):
            return
        reference = reference_of(resource, full_url)
        why = self._why_not(resource, drug)
        if why is not None:
            chart.drop(reference, why)
        elif is_vaccine:
            self._vaccine(chart, resource, reference, drug)
        elif drug.concepts:
            self._file(chart, resource, reference, drug)
        else:
            chart.drop(reference, "unresolved-reference")

    def _why_not(self, resource: Resource, drug: Drug) -> str | None:
        """Why the entry says nothing. One of the drug (or its other product) not taken now may have been before."""
        is_own = bool(drug.concepts & (self._index.own | self._index.other))
        adhered = adherence_of(resource)
        if resource.status == "entered-in-error":
            return "entered-in-error"
        if is_code(resource.status, _VOID) or adhered in _NEVER or (adhered in _NOT_NOW and not is_own):
            return "not-done"
        return "preliminary" if is_code(resource.status, _DRAFT) and not is_own else None

    def _vaccine(self, chart: Chart, resource: Resource, reference: str, drug: Drug) -> None:
        """A vaccine on a list was given; one that was handed over is not known to be."""
        if resource.resourceType == "MedicationDispense":
            return
        period = resource.effectivePeriod
        concepts = drug.concepts or self._meds.vaccines.concepts(medication_fields(resource)[0])
        text = resource.effectiveDateTime or (period.start if period is not None else None)
        is_sure = is_code(resource.status, _OVER | _GOES_ON)
        if not is_sure and resource.status != "unknown":
            chart.drop(reference, "bad-status")
        is_unsure = not is_sure or adherence_of(resource) == "unknown"
        self._meds.vaccines.file(chart, reference, concepts, text, unsure=is_unsure)

    def _file(self, chart: Chart, resource: Resource, reference: str, drug: Drug) -> None:
        """Since when and until when the drug is on the list, and whether it still is."""
        period, adhered = resource.effectivePeriod, adherence_of(resource) or ""
        since, is_since_bad = self._since(resource)
        end = period.end if period is not None else None
        ends = self._dates.read(end) if end else None
        if is_since_bad or (end and ends is None):
            chart.drop(reference, "bad-date")
        is_known = is_code(resource.status, _OVER | _GOES_ON)
        if not is_known and resource.status != "unknown":
            chart.drop(reference, "bad-status")
        is_over = is_code(resource.status, _OVER) or adhered.startswith(_PAUSED)
        dosage = first_dosage(resource.dosage)
        chart.mentions.append(
            Mention(
                reference,
                drug.concepts,
                drug.by_text,
                since,
                ends=ends,
                closed=is_over or bool(end and ends is None),
                dispensed=resource.resourceType == "MedicationDispense",
                route=read_route(dosage.route) if dosage is not None else None,
                unsure=not is_known or adhered == "unknown",
                asserted_only=since is not None and not _says_since(resource),
            )
        )

    def _since(self, resource: Resource) -> tuple[When | None, bool]:
        """Since when a drug is on a list, or the day somebody said so; and whether that is written unreadably."""
        text = _says_since(resource) or resource.dateAsserted
        when = self._dates.read(text) if text else None
        return when, bool(text) and when is None


def _says_since(resource: Resource) -> str | None:
    """Since when the drug is taken, or the day it was handed over, as written."""
    period = resource.effectivePeriod
    start = period.start if period is not None else None
    return resource.effectiveDateTime or start or resource.whenHandedOver


def adherence_of(resource: Resource) -> str | None:
    """How a listed drug is taken, in R5: the first code of `adherence.code`."""
    if resource.adherence is ABSENT:
        return None
    try:
        concept = adherence_decoder.decode(resource.adherence).code
    except msgspec.DecodeError:
        return None
    codings = concept.coding if concept is not None else None
    return codings[0].code if codings else None

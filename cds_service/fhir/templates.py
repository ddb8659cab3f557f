"""Prefetch templates derived from a label: asked is only what is checked, by the codes it is checked with.

Administrations, orders, lists and dispensing are asked by patient alone: a filter by code would hide references, texts
and local codes, and a treated patient would look untreated. So are procedures: an infusion, a vaccine, a screening and
an examination may all be written down as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from cds_service.core.timeline import Source

LONGEST_TEMPLATE = 1800  # characters, encoded; beyond it a category is asked instead of codes
_TYPES = {
    Source.ADMINISTRATIONS: "MedicationAdministration",
    Source.OBSERVATIONS: "Observation",
    Source.REPORTS: "DiagnosticReport",
    Source.MEDICATIONS: "MedicationRequest",
    Source.STATEMENTS: "MedicationStatement",
    Source.DISPENSES: "MedicationDispense",
    Source.ORDERS: "ServiceRequest",
    Source.CONDITIONS: "Condition",
    Source.ALLERGIES: "AllergyIntolerance",
    Source.IMMUNIZATIONS: "Immunization",
    Source.PROCEDURES: "Procedure",
    Source.ENCOUNTERS: "Encounter",
}
# A filter by code would hide what is decided by name, or counts whatever its code (any vaccine does).
_BY_PATIENT_ALONE = frozenset(
    {
        *(Source.ADMINISTRATIONS, Source.MEDICATIONS, Source.STATEMENTS, Source.DISPENSES),
        *(Source.ALLERGIES, Source.IMMUNIZATIONS, Source.PROCEDURES, Source.ENCOUNTERS),
    }
)
_CATEGORIES = {
    Source.OBSERVATIONS: "category=laboratory,exam",  # examinations of the skin are recorded as observations too
    Source.REPORTS: "category=LAB,CH,HM,IMM,MB,SR,VR",  # laboratory and its parts, as HL7 table 0074 names them
    Source.CONDITIONS: "category=problem-list-item,encounter-diagnosis,health-concern",
}
_FILTERS = {Source.ORDERS: "status=active"}


def prefetch_templates(sources: Iterable[Source], codes: Mapping[Source, Iterable[tuple[str, str]]]) -> dict[str, str]:
    """Key -> template for the sources asked. `codes`: (system URI, code) pairs by source."""
    wanted = set(sources)
    return {source.value: _template(source, codes.get(source, ())) for source in Source if source in wanted}


def _template(source: Source, codes: Iterable[tuple[str, str]]) -> str:
    if source is Source.PATIENT:
        return "Patient/{{context.patientId}}"
    parts = ["patient={{context.patientId}}"]
    if source in _FILTERS:
        parts.append(_FILTERS[source])
    base = f"{_TYPES[source]}?{'&'.join(parts)}"
    if source in _BY_PATIENT_ALONE:
        return base
    tokens = ",".join(f"{system}|{code}" for system, code in codes)
    if not tokens:
        return base
    by_code = f"{base}&code={tokens}"
    if len(quote(by_code)) <= LONGEST_TEMPLATE:
        return by_code
    category = _CATEGORIES.get(source)
    return f"{base}&{category}" if category else base

"""Suggested orders as FHIR R4 resources: drafts with subject, dates and codes, ready to sign.

The fixed parts are built once and validated with fhir.resources when a service starts; per request only subject, dates
and encounter are filled in. Every filled variant is round-tripped in the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

_LOINC = "http://loinc.org"
_LABORATORY = {"system": "http://snomed.info/sct", "code": "108252007", "display": "Laboratory procedure"}
_INTRAVENOUS = {"system": "http://snomed.info/sct", "code": "47625008", "display": "Intravenous route"}
_UCUM_MG = {"unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}


class Subject(NamedTuple):
    """Whom an order is for, and the encounter and requester it is written in, as ids and references."""

    patient_id: str
    encounter_id: str | None = None
    requester: str | None = None


def lab_order(
    coding: tuple[str, str, str], name: str, subject: Subject, *, first: date, last: date | None = None
) -> dict[str, Any]:
    """A draft ServiceRequest for a laboratory test, on one day or within a period (both days included)."""
    system, code, display = coding
    order: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "code": {"coding": [{"system": system, "code": code, "display": display}], "text": name},
        "subject": {"reference": f"Patient/{subject.patient_id}"},
    }
    if system == _LOINC:
        order["category"] = [{"coding": [dict(_LABORATORY)]}]
    if last is None:
        order["occurrenceDateTime"] = first.isoformat()
    else:
        order["occurrencePeriod"] = {"start": first.isoformat(), "end": last.isoformat()}
    _place(order, subject)
    return order


def infusion_order(
    coding: tuple[str, str, str],
    milligrams: int,
    subject: Subject,
    *,
    dates: Sequence[date],
    count: int,
    instruction: str,
) -> dict[str, Any]:
    """A draft MedicationRequest for an intravenous dose on these dates (none known: once a day, `count` times)."""
    system, code, display = coding
    dosage: dict[str, Any] = {
        "text": instruction,
        "route": {"coding": [dict(_INTRAVENOUS)]},
        "doseAndRate": [{"doseQuantity": {"value": milligrams, **_UCUM_MG}}],
    }
    if dates:
        dosage["timing"] = {"event": [day.isoformat() for day in dates]}
    else:
        dosage["timing"] = {"repeat": {"count": count, "frequency": 1, "period": 1, "periodUnit": "d"}}
    order: dict[str, Any] = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": {"coding": [{"system": system, "code": code, "display": display}]},
        "subject": {"reference": f"Patient/{subject.patient_id}"},
        "dosageInstruction": [dosage],
    }
    _place(order, subject)
    return order


def prophylaxis_order(
    coding: tuple[str, str, str], subject: Subject, *, first: date, last: date | None, instruction: str
) -> dict[str, Any]:
    """A draft MedicationRequest for a drug taken over a time; without a dose, which the label does not give."""
    system, code, display = coding
    bounds = {"start": first.isoformat()}
    if last is not None:
        bounds["end"] = last.isoformat()
    order: dict[str, Any] = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": {"coding": [{"system": system, "code": code, "display": display}]},
        "subject": {"reference": f"Patient/{subject.patient_id}"},
        "dosageInstruction": [{"text": instruction, "timing": {"repeat": {"boundsPeriod": bounds}}}],
    }
    _place(order, subject)
    return order


def _place(order: dict[str, Any], subject: Subject) -> None:
    if subject.encounter_id:
        order["encounter"] = {"reference": f"Encounter/{subject.encounter_id}"}
    if subject.requester and subject.requester.split("/", 1)[0] in ("Practitioner", "PractitionerRole"):
        order["requester"] = {"reference": subject.requester}


def validate_order(order: dict[str, Any]) -> None:
    """Full R4 validation with fhir.resources; ValueError names the field. Slow: start-up and tests only."""
    from fhir.resources.R4B.medicationrequest import MedicationRequest
    from fhir.resources.R4B.servicerequest import ServiceRequest

    model = MedicationRequest if order["resourceType"] == "MedicationRequest" else ServiceRequest
    model.model_validate(order)

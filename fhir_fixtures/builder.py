"""Small helpers that make one FHIR R4 resource each, as plain JSON values without id and subject.

:class:`fhir_fixtures.chart.Chart` adds the id, the subject and ``meta`` when it files a resource.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from fhir_fixtures import codes
from fhir_fixtures.clock import EASTERN, at, later
from fhir_fixtures.codes import LEMTRADA, METHYLPREDNISOLONE, UCUM, Code, concept

Resource = dict[str, Any]

INTRAVENOUS = Code(codes.SNOMED, "47625008", "Intravenous route")
ORAL = Code(codes.SNOMED, "26643006", "Oral route")
SUBCUTANEOUS = Code(codes.SNOMED, "34206005", "Subcutaneous route")
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"


def quantity(value: float, unit: str, ucum: str | None = None) -> Resource:
    """A Quantity in a UCUM unit; ``unit`` is what a human reads."""
    return {"value": value, "unit": unit, "system": UCUM, "code": ucum or unit}


def state(system: str, code: str) -> Resource:
    """A CodeableConcept of one HL7 status code."""
    return {"coding": [{"system": f"{_TERMINOLOGY}/{system}", "code": code}]}


def patient(number: int, gender: str, born: date) -> Resource:
    """An obviously made-up person, marked as test data."""
    return {
        "resourceType": "Patient",
        "active": True,
        "birthDate": born.isoformat(),
        "gender": gender,
        "identifier": [{"system": f"{codes.LOCAL}/mrn", "value": f"TEST-{number:04d}"}],
        "meta": {
            "security": [{"system": f"{_TERMINOLOGY}/v3-ActReason", "code": "HTEST", "display": "test health data"}]
        },
        "name": [{"use": "official", "family": "Testpatient", "given": [f"Story-{number:02d}"]}],
    }


def administration(
    medication: Resource, when: Resource, dose: Resource | None, route: Code | None, status: str = "completed"
) -> Resource:
    """A MedicationAdministration; ``medication`` and ``when`` hold the whole choice element."""
    made: Resource = {"resourceType": "MedicationAdministration", "status": status, **medication, **when}
    dosage: Resource = {}
    if dose is not None:
        dosage["dose"] = dose
    if route is not None:
        dosage["route"] = concept(route)
    if dosage:
        made["dosage"] = dosage
    return made


def infusion(
    day: date,
    *,
    start: str = "09:00",
    dose: Resource | None = None,
    medication: Resource | None = None,
    status: str = "completed",
    zone: str = EASTERN,
) -> Resource:
    """One LEMTRADA infusion over four hours, by default 12 mg from 09:00 to 13:00."""
    made = administration(
        medication or {"medicationCodeableConcept": concept(LEMTRADA, text="LEMTRADA 12 mg IV")},
        {"effectivePeriod": {"start": at(day, start, zone), "end": at(day, later(start, 240), zone)}},
        dose or quantity(12, "mg"),
        INTRAVENOUS,
        status,
    )
    if status == "not-done":
        made["statusReason"] = [{"text": "Infusion chair not available"}]
        del made["dosage"]
    return made


def steroid(day: date, time: str = "08:00", *, dose: float = 1000, zone: str = EASTERN) -> Resource:
    """Methylprednisolone IV, over 45 minutes."""
    return administration(
        {"medicationCodeableConcept": concept(METHYLPREDNISOLONE, text="Methylprednisolone IV")},
        {"effectivePeriod": {"start": at(day, time, zone), "end": at(day, later(time, 45), zone)}},
        quantity(dose, "mg"),
        INTRAVENOUS,
    )


def oral_dose(drug: Code, when: str, dose: float) -> Resource:
    """A tablet, taken at one moment."""
    return administration(
        {"medicationCodeableConcept": concept(drug)},
        {"effectiveDateTime": when},
        quantity(dose, "mg"),
        ORAL,
    )


@dataclass(frozen=True)
class Regimen:
    """What a MedicationRequest asks for: so many mg, so often a day, from ``start`` to ``end``."""

    drug: Code
    dose: float
    route: Code
    start: date
    end: date | None
    text: str
    per_day: int = 1
    count: int | None = None


def medication_request(regimen: Regimen, *, status: str, authored: str) -> Resource:
    """A MedicationRequest for that regimen; an end that is None is left open."""
    bounds = {"start": regimen.start.isoformat()} | ({"end": regimen.end.isoformat()} if regimen.end else {})
    repeat: Resource = {"boundsPeriod": bounds, "frequency": regimen.per_day, "period": 1, "periodUnit": "d"}
    if regimen.count is not None:
        repeat["count"] = regimen.count
    return {
        "resourceType": "MedicationRequest",
        "authoredOn": authored,
        "dosageInstruction": [
            {
                "doseAndRate": [{"doseQuantity": quantity(regimen.dose, "mg")}],
                "route": concept(regimen.route),
                "text": regimen.text,
                "timing": {"repeat": repeat},
            }
        ],
        "intent": "order",
        "medicationCodeableConcept": concept(regimen.drug),
        "requester": {"display": "Example Neurology Clinic"},
        "status": status,
    }


def statement(drug: Code, *, status: str, start: date, end: date | None, text: str) -> Resource:
    """A MedicationStatement: what the patient is known to have taken."""
    period = {"start": start.isoformat()} | ({"end": end.isoformat()} if end else {})
    return {
        "resourceType": "MedicationStatement",
        "effectivePeriod": period,
        "informationSource": {"display": "Letter of the referring practice"},
        "medicationCodeableConcept": concept(drug, text=text),
        "note": [{"text": "Entered from an outside letter."}],
        "status": status,
    }


def dispense(drug: Code, handed_over: str, tablets: int) -> Resource:
    """A completed MedicationDispense."""
    return {
        "resourceType": "MedicationDispense",
        "medicationCodeableConcept": concept(drug),
        "quantity": {"value": tablets, "unit": "tablet"},
        "status": "completed",
        "whenHandedOver": handed_over,
    }


def vaccine_order(vaccine: Code, *, authored: str) -> Resource:
    """A MedicationRequest for one dose of a vaccine, still a draft."""
    return {
        "resourceType": "MedicationRequest",
        "authoredOn": authored,
        "intent": "order",
        "medicationCodeableConcept": concept(vaccine),
        "requester": {"display": "Example Family Practice"},
        "status": "draft",
    }


def service_request(code: Code, *, authored: str, status: str = "active") -> Resource:
    """A ServiceRequest order."""
    return {
        "resourceType": "ServiceRequest",
        "authoredOn": authored,
        "code": concept(code),
        "intent": "order",
        "status": status,
    }


def condition(*coded: Code, onset: date, clinical: str = "active", verification: str = "confirmed") -> Resource:
    """A problem-list Condition."""
    return {
        "resourceType": "Condition",
        "category": [state("condition-category", "problem-list-item")],
        "clinicalStatus": state("condition-clinical", clinical),
        "code": concept(*coded),
        "onsetDateTime": onset.isoformat(),
        "recordedDate": onset.isoformat(),
        "verificationStatus": state("condition-ver-status", verification),
    }


def no_known_allergies(recorded: date) -> Resource:
    """The usual entry of a chart without allergies."""
    return {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": state("allergyintolerance-clinical", "active"),
        "code": concept(codes.NO_KNOWN_ALLERGY),
        "recordedDate": recorded.isoformat(),
        "verificationStatus": state("allergyintolerance-verification", "confirmed"),
    }


def allergy(
    *substance: Code, to: str, manifestation: Code, severity: str, recorded: date, verification: str = "confirmed"
) -> Resource:
    """An allergy with one reaction; ``to`` is what the entry says in words."""
    return {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": state("allergyintolerance-clinical", "active"),
        "code": (concept(*substance) if substance else {}) | {"text": to},
        "reaction": [{"manifestation": [concept(manifestation)], "severity": severity}],
        "recordedDate": recorded.isoformat(),
        "verificationStatus": state("allergyintolerance-verification", verification),
    }


def appointment(patient: str, start: str, **about: object) -> Resource:
    """A proposed visit to the infusion centre, ``about`` says what for."""
    return {
        "resourceType": "Appointment",
        "participant": [{"actor": {"reference": patient}, "status": "needs-action"}],
        "start": start,
        "status": "proposed",
        **about,
    }


def immunization(vaccine: Code, given: date | str) -> Resource:
    """A completed Immunization; the date may be as vague as a month."""
    return {
        "resourceType": "Immunization",
        "occurrenceDateTime": given if isinstance(given, str) else given.isoformat(),
        "primarySource": True,
        "status": "completed",
        "vaccineCode": concept(vaccine),
    }


def skin_exam(when: str) -> Resource:
    """A full skin examination that took place."""
    return {
        "resourceType": "Procedure",
        "code": concept(codes.SKIN_EXAM, codes.local("procedure", "DERM-FBSE", "Full body skin exam")),
        "performedDateTime": when,
        "performer": [{"actor": {"display": "Example Dermatology"}}],
        "status": "completed",
    }


def imaging_report(when: str) -> Resource:
    """A DiagnosticReport that has nothing to do with label monitoring."""
    return {
        "resourceType": "DiagnosticReport",
        "code": concept(codes.local("imaging", "MRB", "MRI brain with and without contrast")),
        "conclusion": "Stable T2 lesions, none enhancing.",
        "effectiveDateTime": when,
        "issued": when,
        "status": "final",
    }


def encounter(day: date, start: str, end: str, zone: str = EASTERN) -> Resource:
    """A finished visit to the infusion centre."""
    return {
        "resourceType": "Encounter",
        "class": {"system": f"{_TERMINOLOGY}/v3-ActCode", "code": "AMB"},
        "period": {"start": at(day, start, zone), "end": at(day, end, zone)},
        "status": "finished",
        "type": [{"text": "Infusion visit"}],
    }


def operation_outcome(text: str) -> Resource:
    """What a server answers when a query failed."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "timeout", "diagnostics": text}],
    }

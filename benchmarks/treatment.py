"""What a treated patient's record holds besides results: infusions, orders, lists, problems, allergies, vaccines."""

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final, NamedTuple

from benchmarks.shapes import (
    CVX,
    ICD10,
    INTRAVENOUS,
    ORAL,
    PATIENT,
    RXNORM,
    SNOMED,
    TERMINOLOGY,
    Code,
    Json,
    at,
    concept,
    new_id,
    quantity,
    resource,
    zone,
)


class Course(NamedTuple):
    """Its first day, how many days, and until when the antiviral was taken."""

    first: date
    days: int
    antiviral_until: date


COURSES: Final = (Course(date(2024, 3, 4), 5, date(2024, 6, 28)), Course(date(2025, 3, 10), 3, date(2025, 7, 4)))
LEMTRADA: Final = Code(RXNORM, "1594663", "1.2 ML alemtuzumab 10 MG/ML Injection [Lemtrada]")
STEROID: Final = Code(RXNORM, "6902", "methylprednisolone")
ANTIVIRAL: Final = Code(RXNORM, "73645", "valacyclovir")
EARLIER_DRUGS: Final = (
    (Code(RXNORM, "214582", "glatiramer"), date(2018, 6, 4), date(2020, 9, 30)),
    (Code(RXNORM, "1310520", "teriflunomide"), date(2020, 11, 2), date(2023, 11, 30)),
)
COMFORT: Final = (Code(RXNORM, "161", "acetaminophen"), Code(RXNORM, "3498", "diphenhydramine"))
EVERYDAY_DRUGS: Final = (
    *(Code(RXNORM, "11253", "vitamin D"), Code(RXNORM, "25480", "gabapentin"), Code(RXNORM, "36437", "sertraline")),
    *(Code(RXNORM, "29046", "lisinopril"), Code(RXNORM, "5640", "ibuprofen"), Code(RXNORM, "6915", "metoclopramide")),
)
HOSPITAL_DRUGS: Final = (
    *(Code(RXNORM, "5224", "heparin"), Code(RXNORM, "26225", "ondansetron"), Code(RXNORM, "40790", "pantoprazole")),
    *(Code(RXNORM, "4603", "furosemide"), Code(RXNORM, "6918", "metoprolol"), Code(RXNORM, "2193", "ceftriaxone")),
    *(Code(RXNORM, "11124", "vancomycin"), Code(RXNORM, "7052", "morphine"), Code(RXNORM, "67108", "enoxaparin")),
    *(Code(RXNORM, "8591", "potassium chloride"), Code(RXNORM, "86009", "insulin lispro"), *COMFORT),
)
PROBLEMS: Final = (
    (Code(ICD10, "G35.A", "Relapsing-remitting multiple sclerosis"), "active", date(2018, 5, 2)),
    (Code(ICD10, "G43.909", "Migraine, unspecified, not intractable"), "active", date(2012, 9, 17)),
    (Code(ICD10, "E55.9", "Vitamin D deficiency, unspecified"), "active", date(2019, 1, 8)),
    (Code(ICD10, "N39.0", "Urinary tract infection, site not specified"), "resolved", date(2021, 11, 3)),
    (Code(ICD10, "F32.A", "Depression, unspecified"), "active", date(2020, 2, 24)),
    (Code(SNOMED, "84757009", "Epilepsy (disorder)"), "inactive", date(2001, 6, 1)),
)
VACCINES: Final = (
    (Code(CVX, "187", "zoster recombinant"), date(2023, 9, 12)),
    (Code(CVX, "187", "zoster recombinant"), date(2023, 11, 21)),
    (Code(CVX, "115", "Tdap"), date(2019, 4, 30)),
    (Code(CVX, "150", "influenza, injectable, quadrivalent, preservative free"), date(2023, 10, 3)),
    (Code(CVX, "150", "influenza, injectable, quadrivalent, preservative free"), date(2024, 10, 8)),
    (Code(CVX, "150", "influenza, injectable, quadrivalent, preservative free"), date(2025, 10, 7)),
)
SKIN_EXAMS: Final = (date(2024, 2, 13), date(2025, 2, 11), date(2026, 2, 10))


def patient(birth: str = "1988-06-14") -> Json:
    """The person, invented."""
    return {
        "resourceType": "Patient",
        "id": PATIENT,
        "meta": {"versionId": "7", "lastUpdated": "2026-11-20T14:03:11.000-05:00"},
        "identifier": [{"use": "usual", "system": "https://ehr.example.org/fhir/mrn", "value": "BENCH-0001"}],
        "active": True,
        "name": [{"use": "official", "family": "Benchmark", "given": ["Record"]}],
        "gender": "female",
        "birthDate": birth,
        "address": [{"use": "home", "city": "Springfield", "country": "US"}],
    }


def treatment(rng: random.Random) -> Iterator[Json]:
    """Both courses: every order, administration and dispensing, the examinations around them, the drugs before them."""
    for drug, first, until in EARLIER_DRUGS:
        yield order(rng, drug, 14, ORAL, first, until)
    for course in COURSES:
        last = course.first + timedelta(days=course.days - 1)
        yield order(rng, LEMTRADA, 12, INTRAVENOUS, course.first, last)
        yield order(rng, STEROID, 1_000, INTRAVENOUS, course.first, last)
        yield order(rng, ANTIVIRAL, 500, ORAL, course.first, course.antiviral_until)
        yield _dispensed(rng, ANTIVIRAL, course.first - timedelta(days=3))
        yield _dispensed(rng, ANTIVIRAL, course.first + timedelta(days=60))
        for day in range(course.days):
            start = datetime.combine(course.first + timedelta(days=day), time(9, 30), zone(course.first))
            before, spell = start - timedelta(hours=1), timedelta(minutes=45)
            yield administration(rng, STEROID, (before, spell), 1_000, INTRAVENOUS)
            for drug in COMFORT:
                yield administration(rng, drug, (before, timedelta(minutes=1)), 50, ORAL)
            yield administration(rng, LEMTRADA, (start, timedelta(hours=4, minutes=10)), 12, INTRAVENOUS)
    for examined in SKIN_EXAMS:
        yield _procedure(rng, Code(SNOMED, "271303006", "Examination of skin (procedure)"), examined)


def background(rng: random.Random) -> Iterator[Json]:
    """What anybody's record holds: problems, allergies, vaccines, a list of drugs, a few orders and procedures."""
    for code, clinical, since in PROBLEMS:
        yield _condition(rng, code, clinical, since)
    yield _allergy(rng)
    for code, day in VACCINES:
        yield _immunization(rng, code, day)
    for number, drug in enumerate(EVERYDAY_DRUGS):
        began = date(2026, 3, 2) - timedelta(days=150 * number)
        if number % 2:
            yield order(rng, drug, 20, ORAL, began, None)
        else:
            yield _statement(rng, drug, began)
    yield _procedure(rng, Code(SNOMED, "80146002", "Appendectomy (procedure)"), date(2009, 8, 19))
    yield _service_request(rng, Code(SNOMED, "91251008", "Physical therapy procedure (regime/therapy)"))


def administration(
    rng: random.Random, drug: Code, given: tuple[datetime, timedelta], dose: int, route: Code, identity: str = ""
) -> Json:
    """A completed MedicationAdministration; `given`: when it began and how long it took."""
    start, takes = given
    return {
        **resource("MedicationAdministration", identity or new_id(rng), start + takes),
        "status": "completed",
        "category": concept(f"{TERMINOLOGY}/medication-admin-category", "outpatient", "Outpatient"),
        "medicationCodeableConcept": concept(*drug),
        "context": {"reference": f"Encounter/{new_id(rng)}"},
        "effectivePeriod": {"start": start.isoformat(), "end": (start + takes).isoformat()},
        "performer": [{"actor": {"reference": "Practitioner/infusion-nurse-3", "display": "Infusion nurse"}}],
        "request": {"reference": f"MedicationRequest/{new_id(rng)}"},
        "dosage": {"text": f"{dose} mg", "route": concept(*route), "dose": quantity(dose, "mg")},
    }


def order(rng: random.Random, drug: Code, dose: int, route: Code, first: date, last: date | None) -> Json:
    """A MedicationRequest: finished when it has a last day, active without."""
    written = at(first - timedelta(days=10), rng)
    bounds = {"start": first.isoformat()} | ({"end": last.isoformat()} if last else {})
    return {
        **resource("MedicationRequest", new_id(rng), written),
        "status": "completed" if last else "active",
        "intent": "order",
        "category": [concept(f"{TERMINOLOGY}/medicationrequest-category", "outpatient", "Outpatient")],
        "medicationCodeableConcept": concept(*drug),
        "encounter": {"reference": f"Encounter/{new_id(rng)}"},
        "authoredOn": written.isoformat(),
        "requester": {"reference": "Practitioner/neurologist-1", "display": "Example Neurologist"},
        "dosageInstruction": [
            {
                "sequence": 1,
                "text": f"{dose} mg once a day",
                "timing": {"repeat": {"boundsPeriod": bounds, "frequency": 1, "period": 1, "periodUnit": "d"}},
                "route": concept(*route),
                "doseAndRate": [{"doseQuantity": quantity(dose, "mg")}],
            }
        ],
        "dispenseRequest": {
            "numberOfRepeatsAllowed": 0,
            "expectedSupplyDuration": quantity(30, "days", "d"),
        },
    }


def _dispensed(rng: random.Random, drug: Code, day: date) -> Json:
    when = at(day, rng)
    return {
        **resource("MedicationDispense", new_id(rng), when),
        "status": "completed",
        "medicationCodeableConcept": concept(*drug),
        "quantity": {"value": 60, "unit": "tablet"},
        "whenHandedOver": when.isoformat(),
    }


def _statement(rng: random.Random, drug: Code, since: date) -> Json:
    return {
        **resource("MedicationStatement", new_id(rng), at(since, rng)),
        "status": "active",
        "medicationCodeableConcept": concept(*drug),
        "effectivePeriod": {"start": since.isoformat()},
        "dateAsserted": since.isoformat(),
        "dosage": [{"text": "once a day", "route": concept(*ORAL)}],
    }


def _condition(rng: random.Random, code: Code, clinical: str, since: date) -> Json:
    return {
        **resource("Condition", new_id(rng), at(since, rng)),
        "clinicalStatus": concept(f"{TERMINOLOGY}/condition-clinical", clinical, clinical.title()),
        "verificationStatus": concept(f"{TERMINOLOGY}/condition-ver-status", "confirmed", "Confirmed"),
        "category": [concept(f"{TERMINOLOGY}/condition-category", "problem-list-item", "Problem List Item")],
        "code": concept(*code),
        "onsetDateTime": since.isoformat(),
        "recordedDate": since.isoformat(),
    }


def _allergy(rng: random.Random) -> Json:
    return {
        **resource("AllergyIntolerance", new_id(rng), at(date(2015, 3, 9), rng), owner="patient"),
        "clinicalStatus": concept(f"{TERMINOLOGY}/allergyintolerance-clinical", "active", "Active"),
        "verificationStatus": concept(f"{TERMINOLOGY}/allergyintolerance-verification", "confirmed", "Confirmed"),
        "criticality": "high",
        "code": concept(RXNORM, "7980", "penicillin G"),
        "recordedDate": "2015-03-09",
        "reaction": [{"manifestation": [concept(SNOMED, "247472004", "Wheal (finding)")], "severity": "moderate"}],
    }


def _immunization(rng: random.Random, vaccine: Code, day: date) -> Json:
    return {
        **resource("Immunization", new_id(rng), at(day, rng), owner="patient"),
        "status": "completed",
        "vaccineCode": concept(*vaccine),
        "occurrenceDateTime": day.isoformat(),
        "primarySource": True,
    }


def _procedure(rng: random.Random, code: Code, day: date) -> Json:
    when = at(day, rng)
    return {
        **resource("Procedure", new_id(rng), when),
        "status": "completed",
        "code": concept(*code),
        "performedDateTime": when.isoformat(),
        "performer": [{"actor": {"display": "Example Clinic"}}],
    }


def _service_request(rng: random.Random, code: Code) -> Json:
    written = at(date(2026, 11, 2), rng)
    return {
        **resource("ServiceRequest", new_id(rng), written),
        "status": "active",
        "intent": "order",
        "code": concept(*code),
        "authoredOn": written.isoformat(),
    }

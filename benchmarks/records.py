"""One synthetic patient under LEMTRADA monitoring with as many Observations as asked for, the same for the same seed.

Every month a full panel (blood count with differential, creatinine, urinalysis, thyroid, liver), the rest of the record
is what a hospital has besides: vital signs and laboratory tests that no requirement asks about.
"""

import json
import random
import uuid
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from typing import Any, Final, NamedTuple

SIZES: Final = (60, 600, 2_000, 10_000)
AS_OF: Final = "2026-11-22"
PATIENT: Final = "lem-bench"

LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM: Final = "http://unitsofmeasure.org"
TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"
BASE: Final = "https://ehr.example.org/fhir"

COURSES: Final = ((date(2024, 3, 4), 5), (date(2025, 3, 10), 3))
BASELINE: Final = date(2024, 2, 20)
LAST_VISIT: Final = date(2026, 11, 20)

Json = dict[str, Any]


class Test(NamedTuple):
    """One kind of Observation: its code, unit, and the range its values are drawn from."""

    code: str
    display: str
    unit: str
    ucum: str
    low: float
    high: float
    decimals: int = 1


MONITORING: Final = (
    Test("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL", "10*3/uL", 3.4, 10.8),
    Test("789-8", "Erythrocytes [#/volume] in Blood by Automated count", "10*6/uL", "10*6/uL", 3.77, 5.28, 2),
    Test("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", "g/dL", 11.1, 15.9),
    Test("4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count", "%", "%", 34.0, 46.6),
    Test("777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL", "10*3/uL", 150, 450, 0),
    Test("751-8", "Neutrophils [#/volume] in Blood by Automated count", "10*3/uL", "10*3/uL", 1.4, 7.0),
    Test("731-0", "Lymphocytes [#/volume] in Blood by Automated count", "10*3/uL", "10*3/uL", 0.7, 3.1),
    Test("742-7", "Monocytes [#/volume] in Blood by Automated count", "10*3/uL", "10*3/uL", 0.1, 0.9),
    Test("711-2", "Eosinophils [#/volume] in Blood by Automated count", "10*3/uL", "10*3/uL", 0.0, 0.4, 2),
    Test("704-7", "Basophils [#/volume] in Blood by Automated count", "10*3/uL", "10*3/uL", 0.0, 0.2, 2),
    Test("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 0.57, 1.0, 2),
    Test(
        "13945-1", "Erythrocytes [#/area] in Urine sediment by Microscopy high power field", "/HPF", "/[HPF]", 0, 2, 0
    ),
    Test("5821-4", "Leukocytes [#/area] in Urine sediment by Microscopy high power field", "/HPF", "/[HPF]", 0, 5, 0),
    Test("2890-2", "Protein/Creatinine [Mass Ratio] in Urine", "mg/g creat", "mg/g{creat}", 20, 180, 0),
    Test("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma", "mIU/L", "m[IU]/L", 0.45, 4.5, 2),
    Test("1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L", "U/L", 0, 32, 0),
    Test("1920-8", "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L", "U/L", 0, 40, 0),
    Test("1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 0.2, 1.2),
)
UNRELATED: Final = (
    Test("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L", "mmol/L", 134, 144, 0),
    Test("2823-3", "Potassium [Moles/volume] in Serum or Plasma", "mmol/L", "mmol/L", 3.5, 5.2),
    Test("2075-0", "Chloride [Moles/volume] in Serum or Plasma", "mmol/L", "mmol/L", 96, 106, 0),
    Test("2345-7", "Glucose [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 70, 99, 0),
    Test("17861-6", "Calcium [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 8.7, 10.2),
    Test("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", "%", 4.8, 5.6),
    Test("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 100, 199, 0),
    Test("1988-5", "C reactive protein [Mass/volume] in Serum or Plasma", "mg/L", "mg/L", 0, 10, 0),
)
VITALS: Final = (
    Test("8867-4", "Heart rate", "beats/minute", "/min", 60, 100, 0),
    Test("8310-5", "Body temperature", "degrees C", "Cel", 36.1, 37.5),
    Test("9279-1", "Respiratory rate", "breaths/minute", "/min", 12, 20, 0),
    Test("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", "%", "%", 95, 100, 0),
    Test("29463-7", "Body weight", "kg", "kg", 55, 90),
)
SYSTOLIC: Final = Test("8480-6", "Systolic blood pressure", "mmHg", "mm[Hg]", 90, 130, 0)
DIASTOLIC: Final = Test("8462-4", "Diastolic blood pressure", "mmHg", "mm[Hg]", 60, 85, 0)


def bundle(observations: int, seed: int = 0) -> bytes:
    """The whole record as one collection Bundle, as a server would send it: compact JSON."""
    return _compact(
        {
            "resourceType": "Bundle",
            "id": f"bench-{observations}",
            "type": "collection",
            "timestamp": "2026-11-22T06:00:00.000-05:00",
            "entry": [_entry(r) for r in resources(observations, seed)],
        }
    )


def prefetch(observations: int, seed: int = 0) -> Json:
    """The same record as the prefetch of a CDS Hooks request: one searchset for each kind of resource."""
    found = resources(observations, seed)
    kinds = {
        "administrations": "MedicationAdministration",
        "observations": "Observation",
        "reports": "DiagnosticReport",
        "medications": "MedicationRequest",
        "statements": "MedicationStatement",
        "dispenses": "MedicationDispense",
        "orders": "ServiceRequest",
        "conditions": "Condition",
        "allergies": "AllergyIntolerance",
        "immunizations": "Immunization",
        "procedures": "Procedure",
    }
    sets = {key: _searchset(kind, [r for r in found if r["resourceType"] == kind]) for key, kind in kinds.items()}
    return {"patient": found[0], **sets}


@cache
def resources(observations: int, seed: int = 0) -> tuple[Json, ...]:
    """The patient, the infusions with their premedication, and exactly so many Observations in order of time."""
    rng = random.Random(f"{seed}/{observations}")
    months = min(33, max(1, observations // (2 * len(MONITORING))))
    made: list[Json] = []
    for month in range(months):
        # Counted back from the last visit, so that a small record is a recent one; the baseline comes first.
        day = BASELINE if month == 0 else LAST_VISIT - timedelta(days=30 * (month - 1))
        made.extend(laboratory(_id(rng), _at(day, rng), rng, test) for test in MONITORING)
    span = (LAST_VISIT - BASELINE).days
    while len(made) < observations:
        when = _at(BASELINE + timedelta(days=rng.randint(0, span)), rng)
        kind = rng.random()
        if kind < 0.5:
            made.append(laboratory(_id(rng), when, rng, rng.choice(UNRELATED)))
        elif kind < 0.85:
            made.append(vital_sign(_id(rng), when, rng, rng.choice(VITALS)))
        else:
            made.append(blood_pressure(_id(rng), when, rng))
    made = made[:observations]
    made.sort(key=lambda o: (o["effectiveDateTime"], o["id"]))
    return (patient(), *_treatment(rng), *made)


def patient() -> Json:
    """The person, invented."""
    return {
        "resourceType": "Patient",
        "id": PATIENT,
        "meta": {"versionId": "7", "lastUpdated": "2026-11-20T14:03:11.000-05:00"},
        "identifier": [{"use": "usual", "system": f"{BASE}/mrn", "value": "BENCH-0001"}],
        "active": True,
        "name": [{"use": "official", "family": "Benchmark", "given": ["Record"]}],
        "gender": "female",
        "birthDate": "1988-06-14",
    }


def laboratory(identity: str, when: datetime, rng: random.Random, test: Test) -> Json:
    """A laboratory result with a reference range and an interpretation."""
    value = _value(rng, test)
    return {
        **_observation(identity, when, rng, "laboratory", "Laboratory", test.code, test.display),
        "valueQuantity": _quantity(test, value),
        "interpretation": [
            {"coding": [{"system": f"{TERMINOLOGY}/v3-ObservationInterpretation", "code": "N", "display": "Normal"}]}
        ],
        "referenceRange": [
            {
                "low": _quantity(test, round(test.low, test.decimals)),
                "high": _quantity(test, round(test.high, test.decimals)),
                "text": f"{test.low}-{test.high} {test.unit}",
            }
        ],
    }


def vital_sign(identity: str, when: datetime, rng: random.Random, test: Test) -> Json:
    """A measurement at the bedside."""
    return {
        **_observation(identity, when, rng, "vital-signs", "Vital Signs", test.code, test.display),
        "valueQuantity": _quantity(test, _value(rng, test)),
        "device": {"reference": f"Device/monitor-{rng.randint(1, 40)}", "display": "Bedside monitor"},
    }


def blood_pressure(identity: str, when: datetime, rng: random.Random) -> Json:
    """A panel with two components and no value of its own."""
    return {
        **_observation(identity, when, rng, "vital-signs", "Vital Signs", "85354-9", "Blood pressure panel"),
        "component": [
            {"code": _concept(LOINC, t.code, t.display), "valueQuantity": _quantity(t, _value(rng, t))}
            for t in (SYSTOLIC, DIASTOLIC)
        ],
    }


def _observation(
    identity: str, when: datetime, rng: random.Random, category: str, category_text: str, code: str, display: str
) -> Json:
    issued = when + timedelta(minutes=rng.randint(35, 240))
    return {
        "resourceType": "Observation",
        "id": identity,
        "meta": {
            "versionId": "1",
            "lastUpdated": issued.isoformat(timespec="milliseconds"),
            "profile": [f"http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-{category}"],
        },
        "identifier": [
            {"use": "official", "system": f"{BASE}/observation-id", "value": str(rng.randint(10**8, 10**9))}
        ],
        "status": "final",
        "category": [_concept(f"{TERMINOLOGY}/observation-category", category, category_text)],
        "code": _concept(LOINC, code, display),
        "subject": {"reference": f"Patient/{PATIENT}", "display": "Benchmark, Record"},
        "encounter": {"reference": f"Encounter/{_id(rng)}", "display": "Outpatient visit"},
        "effectiveDateTime": when.isoformat(),
        "issued": issued.isoformat(timespec="milliseconds"),
        "performer": [{"reference": f"Organization/lab-{rng.randint(1, 9)}", "display": "Example Clinical Laboratory"}],
    }


def _treatment(rng: random.Random) -> list[Json]:
    made = []
    for first, days in COURSES:
        for day in range(days):
            start = datetime.combine(first + timedelta(days=day), time(9, 30), _zone(first))
            methylprednisolone = _concept(RXNORM, "6902", "methylprednisolone")
            lemtrada = _concept(RXNORM, "1594663", "1.2 ML alemtuzumab 10 MG/ML Injection [Lemtrada]")
            before = start - timedelta(hours=1)
            made.append(_administration(_id(rng), methylprednisolone, before, timedelta(minutes=45), 1_000))
            made.append(_administration(_id(rng), lemtrada, start, timedelta(hours=4, minutes=10), 12))
    return made


def _administration(identity: str, medication: Json, start: datetime, takes: timedelta, dose: int) -> Json:
    end = start + takes
    return {
        "resourceType": "MedicationAdministration",
        "id": identity,
        "meta": {"versionId": "2", "lastUpdated": end.isoformat(timespec="milliseconds")},
        "status": "completed",
        "category": _concept(f"{TERMINOLOGY}/medication-admin-category", "outpatient", "Outpatient"),
        "medicationCodeableConcept": medication,
        "subject": {"reference": f"Patient/{PATIENT}"},
        "effectivePeriod": {"start": start.isoformat(), "end": end.isoformat()},
        "performer": [{"actor": {"reference": "Practitioner/infusion-nurse-3", "display": "Infusion nurse"}}],
        "dosage": {
            "text": f"{dose} mg IV",
            "route": _concept(SNOMED, "47625008", "Intravenous route"),
            "dose": {"value": dose, "unit": "mg", "system": UCUM, "code": "mg"},
        },
    }


def _concept(system: str, code: str, display: str) -> Json:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def _quantity(test: Test, value: float) -> Json:
    return {"value": value, "unit": test.unit, "system": UCUM, "code": test.ucum}


def _value(rng: random.Random, test: Test) -> float:
    value = round(rng.uniform(test.low, test.high), test.decimals)
    return value if test.decimals else int(value)


def _zone(day: date) -> timezone:
    """New York, near enough: summer time from April to October."""
    return timezone(timedelta(hours=-4 if 4 <= day.month <= 10 else -5))


def _at(day: date, rng: random.Random) -> datetime:
    return datetime.combine(day, time(rng.randint(7, 17), rng.randint(0, 59), rng.randint(0, 59)), _zone(day))


def _id(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _entry(resource: Json) -> Json:
    return {"fullUrl": f"{BASE}/{resource['resourceType']}/{resource['id']}", "resource": resource}


def _searchset(kind: str, found: list[Json]) -> Json:
    entries = {"entry": [{**_entry(r), "search": {"mode": "match"}} for r in found]} if found else {}
    link = [{"relation": "self", "url": f"{BASE}/{kind}?patient={PATIENT}"}]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": link, **entries}


def _compact(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()

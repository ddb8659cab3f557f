"""Observations and the reports that gather them: what a laboratory and a bedside monitor write, about 1.4 kB each."""

import random
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from benchmarks.shapes import BASE, LOINC, PROFILES, SNOMED, TERMINOLOGY, Json, concept, instant, new_id, resource
from benchmarks.shapes import quantity as in_ucum


class Test(NamedTuple):
    """One kind of Observation: its code, unit, and the range its values are drawn from."""

    code: str
    display: str
    unit: str
    ucum: str
    low: float
    high: float
    decimals: int = 1


BLOOD_COUNT: Final = (
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
)
CHEMISTRY: Final = (
    Test("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 0.57, 1.0, 2),
    Test("1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L", "U/L", 0, 32, 0),
    Test("1920-8", "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L", "U/L", 0, 40, 0),
    Test("1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma", "mg/dL", "mg/dL", 0.2, 1.2),
)
URINE: Final = (
    Test(
        "13945-1", "Erythrocytes [#/area] in Urine sediment by Microscopy high power field", "/HPF", "/[HPF]", 0, 2, 0
    ),
    Test("5821-4", "Leukocytes [#/area] in Urine sediment by Microscopy high power field", "/HPF", "/[HPF]", 0, 5, 0),
)
SINGLE: Final = (
    Test("2890-2", "Protein/Creatinine [Mass Ratio] in Urine", "mg/g creat", "mg/g{creat}", 20, 180, 0),
    Test("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma", "mIU/L", "m[IU]/L", 0.45, 4.5, 2),
)
PANELS: Final = (
    ("57021-8", "CBC W Auto Differential panel - Blood", BLOOD_COUNT),
    ("24323-8", "Comprehensive metabolic 2000 panel - Serum or Plasma", CHEMISTRY),
    ("24356-8", "Urinalysis complete panel - Urine", URINE),
)
MONITORING: Final = (*BLOOD_COUNT, *CHEMISTRY, *URINE, *SINGLE)
CD4: Final = Test("24467-3", "CD3+CD4+ (T4 helper) cells [#/volume] in Blood", "/uL", "/uL", 260, 620, 0)
HPV: Final = Test(
    "82675-0",
    "Human papilloma virus 16+18+31+33+35+39+45+51+52+56+58+59+66+68 DNA [Presence] in Cervix by NAA",
    *("", "", 0, 0),
)
VZV: Final = Test("19162-7", "Varicella zoster virus IgG Ab [Presence] in Serum", *("", "", 0, 0))
ABSENT: Final = (
    Test("71773-6", "Mycobacterium tuberculosis stimulated gamma interferon [Presence] in Blood", *("", "", 0, 0)),
    Test("5196-1", "Hepatitis B virus surface Ag [Presence] in Serum or Plasma by Immunoassay", *("", "", 0, 0)),
    Test("13955-0", "Hepatitis C virus Ab [Presence] in Serum or Plasma by Immunoassay", *("", "", 0, 0)),
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
ALL_TESTS: Final = (*MONITORING, CD4, HPV, VZV, *ABSENT, *UNRELATED, *VITALS, SYSTOLIC, DIASTOLIC)


def monitoring_visit(when: datetime, rng: random.Random) -> tuple[list[Json], list[Json]]:
    """The tests of one morning, and the reports that gather those that were one panel."""
    results = {test.code: laboratory(when, rng, test) for test in MONITORING}
    reports = [_report(when, rng, code, display, [results[t.code] for t in tests]) for code, display, tests in PANELS]
    return list(results.values()), reports


def laboratory(when: datetime, rng: random.Random, test: Test) -> Json:
    """A laboratory result with a reference range and an interpretation."""
    return {
        **_observation(when, rng, "laboratory", "Laboratory", test),
        "valueQuantity": _quantity(test, _value(rng, test)),
        "interpretation": [_normal("N", "Normal")],
        "referenceRange": [
            {
                "low": _quantity(test, round(test.low, test.decimals)),
                "high": _quantity(test, round(test.high, test.decimals)),
                "text": f"{test.low}-{test.high} {test.unit}",
            }
        ],
    }


def not_detected(when: datetime, rng: random.Random, test: Test) -> Json:
    """A laboratory result that is an answer in words."""
    return {
        **_observation(when, rng, "laboratory", "Laboratory", test),
        "valueCodeableConcept": concept(SNOMED, "260415000", "Not detected"),
        "interpretation": [_normal("NEG", "Negative")],
    }


def detected(when: datetime, rng: random.Random, test: Test) -> Json:
    """The opposite answer, in words: antibodies that protect."""
    return {
        **_observation(when, rng, "laboratory", "Laboratory", test),
        "valueCodeableConcept": concept(SNOMED, "260373001", "Detected"),
        "interpretation": [_normal("POS", "Positive")],
    }


def vital_sign(when: datetime, rng: random.Random, test: Test) -> Json:
    """A measurement at the bedside."""
    return {
        **_observation(when, rng, "vital-signs", "Vital Signs", test),
        "valueQuantity": _quantity(test, _value(rng, test)),
        "device": {"reference": f"Device/monitor-{rng.randint(1, 40)}", "display": "Bedside monitor"},
    }


def blood_pressure(when: datetime, rng: random.Random) -> Json:
    """A panel with two components and no value of its own."""
    panel = Test("85354-9", "Blood pressure panel", *("", "", 0, 0))
    return {
        **_observation(when, rng, "vital-signs", "Vital Signs", panel),
        "component": [
            {"code": concept(LOINC, t.code, t.display), "valueQuantity": _quantity(t, _value(rng, t))}
            for t in (SYSTOLIC, DIASTOLIC)
        ],
    }


def everyday(when: datetime, rng: random.Random) -> Json:
    """Something that no requirement asks about."""
    kind = rng.random()
    if kind < 0.5:
        return laboratory(when, rng, rng.choice(UNRELATED))
    return vital_sign(when, rng, rng.choice(VITALS)) if kind < 0.85 else blood_pressure(when, rng)


def _observation(when: datetime, rng: random.Random, category: str, category_text: str, test: Test) -> Json:
    issued = when + timedelta(minutes=rng.randint(35, 240))
    made = resource("Observation", new_id(rng), issued)
    subject = made.pop("subject")
    made["meta"]["profile"] = [f"{PROFILES}/us-core-observation-{category}"]
    return {
        **made,
        "identifier": [
            {"use": "official", "system": f"{BASE}/observation-id", "value": str(rng.randint(10**8, 10**9))}
        ],
        "status": "final",
        "category": [concept(f"{TERMINOLOGY}/observation-category", category, category_text)],
        "code": concept(LOINC, test.code, test.display),
        "subject": subject,
        "encounter": {"reference": f"Encounter/{new_id(rng)}", "display": "Outpatient visit"},
        "effectiveDateTime": when.isoformat(),
        "issued": instant(issued),
        "performer": [{"reference": f"Organization/lab-{rng.randint(1, 9)}", "display": "Example Clinical Laboratory"}],
    }


def _report(when: datetime, rng: random.Random, code: str, display: str, members: list[Json]) -> Json:
    issued = when + timedelta(hours=5)
    return {
        **resource("DiagnosticReport", new_id(rng), issued),
        "identifier": [{"use": "official", "system": f"{BASE}/report-id", "value": str(rng.randint(10**8, 10**9))}],
        "status": "final",
        "category": [concept(f"{TERMINOLOGY}/v2-0074", "LAB", "Laboratory")],
        "code": concept(LOINC, code, display),
        "effectiveDateTime": when.isoformat(),
        "issued": instant(issued),
        "performer": [{"reference": "Organization/lab-1", "display": "Example Clinical Laboratory"}],
        "result": [{"reference": f"Observation/{m['id']}", "display": m["code"]["text"]} for m in members],
    }


def _normal(code: str, display: str) -> Json:
    system = f"{TERMINOLOGY}/v3-ObservationInterpretation"
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _quantity(test: Test, value: float) -> Json:
    return in_ucum(value, test.unit, test.ucum)


def _value(rng: random.Random, test: Test) -> float:
    value = round(rng.uniform(test.low, test.high), test.decimals)
    return value if test.decimals else int(value)

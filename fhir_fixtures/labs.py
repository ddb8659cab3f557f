"""Helpers that make laboratory Observations and panels, with values inside the usual ranges."""

from __future__ import annotations

from typing import NamedTuple

from fhir_fixtures import codes
from fhir_fixtures.builder import Resource, quantity
from fhir_fixtures.codes import LOCAL, Code, concept, local

_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


class Range(NamedTuple):
    """How one measured quantity usually looks."""

    code: Code
    low: float
    high: float
    digits: int
    unit: str
    ucum: str


CBC_PARTS = (
    Range(codes.LEUKOCYTES, 4.2, 8.9, 1, "10*3/uL", "10*3/uL"),
    Range(codes.HEMOGLOBIN, 12.4, 15.6, 1, "g/dL", "g/dL"),
    Range(codes.PLATELETS, 180, 340, 0, "10*3/uL", "10*3/uL"),
)
NEUTROPHIL_PART = Range(codes.NEUTROPHILS, 2.1, 5.6, 1, "10*3/uL", "10*3/uL")
LIVER_PARTS = (
    Range(codes.ALT, 12, 34, 0, "U/L", "U/L"),
    Range(codes.AST, 13, 31, 0, "U/L", "U/L"),
    Range(codes.BILIRUBIN, 0.3, 0.9, 1, "mg/dL", "mg/dL"),
)
CREATININE_PART = Range(codes.CREATININE, 0.7, 1.0, 2, "mg/dL", "mg/dL")
URINE_PARTS = (
    Range(codes.URINE_RBC, 0, 2, 0, "/HPF", "/[HPF]"),
    Range(codes.URINE_WBC, 0, 4, 0, "/HPF", "/[HPF]"),
)
UPCR_PART = Range(codes.UPCR, 45, 130, 0, "mg/g", "mg/g")
UACR_PART = Range(codes.UACR, 4, 19, 0, "mg/g", "mg/g")
TSH_PART = Range(codes.TSH, 0.8, 3.4, 2, "mIU/L", "m[IU]/L")
CD4_PART = Range(codes.CD4, 230, 310, 0, "cells/uL", "/uL")
GLUCOSE_PART = Range(codes.GLUCOSE, 78, 99, 0, "mg/dL", "mg/dL")
CHOLESTEROL_PART = Range(codes.CHOLESTEROL, 150, 198, 0, "mg/dL", "mg/dL")
SYSTOLIC_PART = Range(codes.SYSTOLIC, 108, 132, 0, "mmHg", "mm[Hg]")
DIASTOLIC_PART = Range(codes.DIASTOLIC, 64, 84, 0, "mmHg", "mm[Hg]")
HEART_RATE_PART = Range(codes.HEART_RATE, 58, 88, 0, "/min", "/min")

LOCAL_CODES = {
    codes.CBC_DIFF: local("lab", "CBCD", "CBC with diff"),
    codes.CBC_PLAIN: local("lab", "CBCN", "CBC no diff"),
    codes.CMP: local("lab", "CMP", "Comp metabolic panel"),
    codes.URINALYSIS: local("lab", "UAM", "UA w/ microscopy"),
    codes.UPCR: local("lab", "UPCR", "Protein/creat ratio, urine"),
    codes.TSH: local("lab", "TSH", "TSH"),
}


def observation(code: Code, when: str, *, status: str = "final", category: str = "laboratory") -> Resource:
    """An Observation without a value; panels stay like this."""
    extra = LOCAL_CODES.get(code)
    return {
        "resourceType": "Observation",
        "category": [{"coding": [{"system": _CATEGORY, "code": category}]}],
        "code": concept(code, extra) if extra else concept(code),
        "effectiveDateTime": when,
        "status": status,
    }


def component(part: Range, fraction: float) -> Resource:
    """One Observation.component; ``fraction`` (0 to 1) says where in the range the value lies."""
    return {"code": {"coding": [_brief(part.code)]}, "valueQuantity": _value(part, fraction)}


def member(part: Range, when: str, fraction: float) -> Resource:
    """One Observation of a panel that lists its members; like a component it leaves out what the panel says."""
    made = measured(part, when, fraction) | {"code": {"coding": [_brief(part.code)]}}
    del made["category"]
    return made


def _brief(code: Code) -> dict[str, str]:
    return {"system": code.system, "code": code.code}


def measured(part: Range, when: str, fraction: float, *, status: str = "final") -> Resource:
    """An Observation with a number; ``fraction`` (0 to 1) says where in the range it lies."""
    return observation(part.code, when, status=status) | {"valueQuantity": _value(part, fraction)}


def qualitative(code: Code, when: str, *, positive: bool) -> Resource:
    """An Observation whose answer is positive or negative."""
    answer, flag = (codes.POSITIVE, "POS") if positive else (codes.NEGATIVE, "NEG")
    return observation(code, when) | {
        "interpretation": [{"coding": [{"system": _INTERPRETATION, "code": flag}]}],
        "valueCodeableConcept": concept(answer, text="Positive" if positive else "Negative"),
    }


def lab_identifier(value: str) -> list[Resource]:
    """The accession number of a laboratory."""
    return [{"system": f"{LOCAL}/accession", "value": value}]


def _value(part: Range, fraction: float) -> Resource:
    value = round(part.low + (part.high - part.low) * fraction, part.digits)
    return quantity(int(value) if part.digits == 0 else value, part.unit, part.ucum)

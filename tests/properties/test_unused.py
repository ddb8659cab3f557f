"""Nothing disappears: a resource that bears a code of the label and cannot be used is named, with the reason.

One resource, valid but for one thing, beside its Patient: exactly that resource is unused, for exactly that reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any

import pytest

from tests.properties.fhir_answers import report
from tests.properties.fhir_charts import bundle
from tests.properties.fhir_codes import (
    ANTIVIRALS,
    BY_SET,
    DIAGNOSES,
    ENGINE,
    OWN,
    STEROIDS,
    TESTS,
    UCUM,
    VACCINES,
    Json,
    Row,
)
from tests.properties.scale import IS_LONG

AS_OF, PAST, FUTURE, NO_DAY = "2024-06-01T12:00:00-05:00", "2024-03-05", "2024-06-02", "2024-02-30"
SUBJECT = {"reference": "Patient/p1"}
PERSON = {"resourceType": "Patient", "id": "p1", "gender": "female"}
MG = {"value": 1000, "unit": "mg", "system": UCUM, "code": "mg"}
DRUGS = (*OWN, *STEROIDS, *ANTIVIRALS)
LOOK_ALIKES = tuple(sorted(name for name in ENGINE.bundle.label.look_alikes if name.endswith("look-alikes")))
Change = Callable[[Json], object]


def _state(code: str) -> Json:
    return {"coding": [{"code": code}]}


def _sound(kind: str, row: Row) -> Json:
    """A resource with that code there is nothing wrong with."""
    drug = {"medicationCodeableConcept": row.concept}
    own: Json = {
        "Observation": {"status": "final", "code": row.concept, "effectiveDateTime": PAST, "valueQuantity": MG},
        "MedicationAdministration": {"status": "completed", **drug, "effectiveDateTime": PAST, "dosage": {"dose": MG}},
        "MedicationRequest": {"status": "active", "intent": "order", **drug, "authoredOn": PAST},
        "MedicationStatement": {"status": "active", **drug, "effectivePeriod": {"start": PAST}},
        "MedicationDispense": {"status": "completed", **drug, "whenHandedOver": PAST},
        "Procedure": {"status": "completed", "code": row.concept, "performedDateTime": PAST},
        "Immunization": {"status": "completed", "vaccineCode": row.concept, "occurrenceDateTime": PAST},
        "ServiceRequest": {"status": "active", "intent": "order", "code": row.concept, "authoredOn": PAST},
        "Condition": {"code": row.concept, "recordedDate": PAST, "clinicalStatus": _state("active")},
        "AllergyIntolerance": {"code": row.concept, "recordedDate": PAST, "clinicalStatus": _state("active")},
    }[kind]
    name = "patient" if kind in ("AllergyIntolerance", "Immunization") else "subject"
    return {"resourceType": kind, "id": "x1", name: SUBJECT, **deepcopy(own)}


def put(**members: Any) -> Change:
    """Members set to something else; None takes one away."""

    def change(one: Json) -> None:
        for name, value in members.items():
            one.pop(name, None) if value is None else one.update({name: value})

    return change


def _about(reference: str | None) -> Change:
    def change(one: Json) -> None:
        name = "patient" if "patient" in one else "subject"
        one[name] = {"reference": reference} if reference else {"display": "somebody"}

    return change


_ANYBODY: dict[str, tuple[Change, str]] = {
    "of another patient": (_about("Patient/p2"), "wrong-patient"),
    "of nobody": (_about(None), "unresolved-reference"),
}
_STATUSES: dict[str, tuple[Change, str]] = {
    "entered in error": (put(status="entered-in-error"), "entered-in-error"),
    "with a word that is no status": (put(status="nonsense"), "bad-status"),
    "with an object for a status": (put(status={"x": 1}), "bad-status"),
}
_DRUG: dict[str, tuple[Change, str]] = {
    "of a medication that is not there": (
        put(medicationCodeableConcept=None, medicationReference={"reference": "Medication/gone"}),
        "unresolved-reference",
    )
}
DEFECTS: dict[str, tuple[tuple[str, ...], dict[str, tuple[Change, str]]]] = {
    "Observation": (
        TESTS,
        _ANYBODY
        | _STATUSES
        | {
            "registered": (put(status="registered"), "not-done"),
            "cancelled": (put(status="cancelled"), "not-done"),
            "preliminary": (put(status="preliminary"), "preliminary"),
            "without a status": (put(status=None), "bad-status"),
            "of unknown status": (put(status="unknown"), "bad-status"),
            "without a value": (put(valueQuantity=None), "no-value"),
            "with a reason for no value": (put(valueQuantity=None, dataAbsentReason={"text": "x"}), "no-value"),
            "without a date": (put(effectiveDateTime=None), "no-date"),
            "of no day": (put(effectiveDateTime=NO_DAY), "bad-date"),
            "of tomorrow": (put(effectiveDateTime=FUTURE), "future"),
            "with two values": (put(valueString="x"), "unreadable"),
            "with a value that is none": (put(valueQuantity="x"), "unreadable"),
            "with a code that is none": (put(code=5), "unreadable"),
        },
    ),
    "MedicationAdministration": (
        DRUGS,
        _ANYBODY
        | _STATUSES
        | _DRUG
        | {
            "not done": (put(status="not-done"), "not-done"),
            "of unknown status": (put(status="unknown"), "bad-status"),
            "without a date": (put(effectiveDateTime=None), "no-date"),
            "of no day": (put(effectiveDateTime=NO_DAY), "bad-date"),
            "of tomorrow": (put(effectiveDateTime=FUTURE), "future"),
            "with a dosage that is none": (put(dosage="x"), "unreadable"),
        },
    ),
    "MedicationRequest": (
        DRUGS,
        _ANYBODY
        | _DRUG
        | {
            "entered in error": (put(status="entered-in-error"), "entered-in-error"),
            "cancelled": (put(status="cancelled"), "not-done"),
            "not to be done": (put(doNotPerform=True), "not-done"),
            "of no day": (put(authoredOn=NO_DAY), "bad-date"),
            "of tomorrow": (put(authoredOn=FUTURE), "future"),
            "with instructions that are none": (put(dosageInstruction="x"), "unreadable"),
        },
    ),
    "MedicationStatement": (
        (*OWN, *ANTIVIRALS),
        _ANYBODY
        | _DRUG
        | {
            "entered in error": (put(status="entered-in-error"), "entered-in-error"),
            "not taken": (put(status="not-taken"), "not-done"),
            "of tomorrow": (put(effectivePeriod={"start": FUTURE}), "future"),
            "with a period that is none": (put(effectivePeriod="x"), "unreadable"),
        },
    ),
    "MedicationDispense": (
        (*OWN, *ANTIVIRALS),
        _ANYBODY
        | _DRUG
        | {
            "entered in error": (put(status="entered-in-error"), "entered-in-error"),
            "cancelled": (put(status="cancelled"), "not-done"),
            "of tomorrow": (put(whenHandedOver=FUTURE), "future"),
            "with a day that is none": (put(whenHandedOver=5), "unreadable"),
        },
    ),
    "Procedure": (
        ("skin-exam",),
        _ANYBODY
        | _STATUSES
        | {
            "not done": (put(status="not-done"), "not-done"),
            "without a date": (put(performedDateTime=None), "no-date"),
            "of no day": (put(performedDateTime=NO_DAY), "bad-date"),
            "of tomorrow": (put(performedDateTime=FUTURE), "future"),
            "with a date that is none": (put(performedDateTime=5), "unreadable"),
        },
    ),
    "Immunization": (
        VACCINES[:-1],
        _ANYBODY
        | _STATUSES
        | {
            "not done": (put(status="not-done"), "not-done"),
            "without a date": (put(occurrenceDateTime=None), "no-date"),
            "of no day": (put(occurrenceDateTime=NO_DAY), "bad-date"),
            "of tomorrow": (put(occurrenceDateTime=FUTURE), "future"),
            "with a date that is none": (put(occurrenceDateTime=5), "unreadable"),
        },
    ),
    "ServiceRequest": (
        TESTS,
        _ANYBODY
        | {
            "entered in error": (put(status="entered-in-error"), "entered-in-error"),
            "revoked": (put(status="revoked"), "not-done"),
            "not to be done": (put(doNotPerform=True), "not-done"),
            "of no day": (put(authoredOn=NO_DAY), "bad-date"),
            "of tomorrow": (put(authoredOn=FUTURE), "future"),
            "with a day that is none": (put(authoredOn=5), "unreadable"),
        },
    ),
    "Condition": (
        DIAGNOSES,
        _ANYBODY
        | {
            "entered in error": (put(verificationStatus=_state("entered-in-error")), "entered-in-error"),
            "of tomorrow": (put(recordedDate=FUTURE), "future"),
            "with a day that is none": (put(recordedDate=5), "unreadable"),
        },
    ),
    "AllergyIntolerance": (
        OWN,
        _ANYBODY
        | {
            "entered in error": (put(verificationStatus=_state("entered-in-error")), "entered-in-error"),
            "of tomorrow": (put(recordedDate=FUTURE), "future"),
            "with a day that is none": (put(recordedDate=5), "unreadable"),
        },
    ),
}
CASES = [(kind, defect) for kind, (_, defects) in DEFECTS.items() for defect in defects]


def rows_of(names: tuple[str, ...], name: str) -> Iterator[Row]:
    """Codes of these value sets: three of them, in the long run all."""
    rows = [row for value_set in names for row in BY_SET[value_set]]
    yield from rows if IS_LONG else Random(name).sample(rows, min(3, len(rows)))


@pytest.mark.parametrize("kind,defect", CASES)
def test_a_resource_that_cannot_be_used_is_named_with_the_reason(kind: str, defect: str) -> None:
    """One thing wrong with it: it is the one resource in `unused`, and the reason says what is wrong."""
    names, defects = DEFECTS[kind]
    change, why = defects[defect]
    for row in rows_of(names, f"{kind} {defect}"):
        one = _sound(kind, row)
        change(one)
        found = report(bundle([PERSON, one]), AS_OF)
        assert found["unused"] == [{"reference": f"{kind}/x1", "why": why}], row
        evidence = [reference for item in found["assessments"] for reference in item["evidence"]]
        doubted = {"unreadable", "unresolved-reference", "bad-date", "bad-status", "no-date"}
        assert why in doubted or f"{kind}/x1" not in evidence, row


@pytest.mark.parametrize("kind", DEFECTS)
def test_a_resource_nothing_is_wrong_with_is_used(kind: str) -> None:
    """Otherwise the test above would prove nothing: sound resources are unused only for being another test."""
    names, _ = DEFECTS[kind]
    for row in rows_of(names, kind):
        found = report(bundle([PERSON, _sound(kind, row)]), AS_OF)
        assert {item["why"] for item in found["unused"]} <= {"wrong-test"}, row


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_a_look_alike_is_named_as_the_wrong_test(name: str) -> None:
    """A result that only looks like one of the label's tests is no evidence, and said to be none."""
    kind = "Procedure" if name.startswith("skin") else "Observation"
    for row in rows_of((name,), name):
        found = report(bundle([PERSON, _sound(kind, row)]), AS_OF)
        assert found["unused"] == [{"reference": f"{kind}/x1", "why": "wrong-test"}], row


def test_the_older_version_of_a_resource_is_named_as_duplicate() -> None:
    """Of two versions the later one counts, the earlier one is `duplicate`, whichever comes first."""
    row = BY_SET["tsh"][0]
    old, new = _sound("Observation", row), _sound("Observation", row)
    old["meta"], new["meta"] = {"lastUpdated": "2024-03-06T00:00:00Z"}, {"lastUpdated": "2024-03-07T00:00:00Z"}
    for listed in ([old, new], [new, old]):
        found = report(bundle([PERSON, *listed]), AS_OF)
        assert found["unused"] == [{"reference": "Observation/x1", "why": "duplicate"}]

"""The course of a diagnosis: when it began, when it was over, whether it is active."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cds_service.core.dates import When, on_day
from cds_service.core.timeline import ConditionFact
from tests.fhir.made import ICD10, concept, read

Json = dict[str, Any]
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
MARCH = When(date(2026, 3, 1), date(2026, 3, 31))


def fact(**fields: Any) -> ConditionFact:
    made = {
        "resourceType": "Condition",
        "id": "c1",
        "code": concept(ICD10, "A41.9"),
        "subject": {"reference": "Patient/p1"},
    }
    (found,) = read({**made, **fields}).conditions
    return found


def clinical(code: str) -> Json:
    return {"coding": [{"system": CLINICAL, "code": code}]}


@pytest.mark.parametrize(
    "status, active",
    [
        *((clinical(code), True) for code in ("active", "recurrence", "relapse", "Active", "unknown")),
        *((clinical(code), False) for code in ("inactive", "remission", "resolved")),
        ("active", True),
        ("resolved", False),
        ({"text": "Resolved"}, False),
        ({"text": "no idea"}, True),
        (None, True),
    ],
)
def test_the_clinical_status_says_whether_it_is_active(status: Json | str | None, *, active: bool) -> None:
    assert fact(**({"clinicalStatus": status} if status is not None else {})).active is active


@pytest.mark.parametrize(
    "fields, active",
    [
        ({"abatementDateTime": "2026-02-01"}, False),
        ({"abatementPeriod": {"start": "2026-02-01"}}, False),
        ({"abatementBoolean": True}, False),
        ({"abatementBoolean": False}, True),
        ({"abatementString": "last winter"}, False),
        ({"abatementString": None}, True),
        ({"abatementAge": {"value": 40, "unit": "a"}}, False),
        ({"abatementRange": {"low": {"value": 40}}}, False),
        ({"abatementDateTime": "2026-02-01", "clinicalStatus": clinical("active")}, True),
        ({"abatementDateTime": "2026-02-01", "clinicalStatus": clinical("unknown")}, False),
    ],
)
def test_without_a_status_a_written_end_makes_it_over(fields: Json, *, active: bool) -> None:
    assert fact(**fields).active is active


@pytest.mark.parametrize(
    "fields, onset, when",
    [
        ({"onsetDateTime": "2026-02-01"}, on_day(date(2026, 2, 1)), on_day(date(2026, 2, 1))),
        ({"onsetDateTime": "2026-03", "recordedDate": "2026-04-02"}, MARCH, on_day(date(2026, 4, 2))),
        ({"onsetPeriod": {"start": "2026-03"}}, MARCH, MARCH),
        ({"onsetPeriod": {"end": "2026-03"}}, None, None),
        ({"onsetAge": {"value": 40, "unit": "a"}, "recordedDate": "2026-04-02"}, None, on_day(date(2026, 4, 2))),
        ({"onsetDateTime": "someday"}, None, None),
        ({}, None, None),
    ],
)
def test_the_beginning_is_read_as_written(fields: Json, onset: When | None, when: When | None) -> None:
    found = fact(**fields)
    assert (found.onset, found.when) == (onset, when)


@pytest.mark.parametrize(
    "fields, ended",
    [
        ({"abatementDateTime": "2026-03"}, MARCH),
        ({"abatementPeriod": {"start": "2026-01-01", "end": "2026-03"}}, MARCH),
        ({"abatementPeriod": {"start": "2026-03"}}, MARCH),
        ({"abatementDateTime": "someday"}, None),
        ({"abatementBoolean": True}, None),
        ({}, None),
    ],
)
def test_the_end_is_read_as_written(fields: Json, ended: When | None) -> None:
    assert fact(**fields).ended == ended

"""Lists whose entries nobody can read: never an all-clear, whatever the shape of the damage."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.calls import call

LEMTRADA_CODING = {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "1594660"}


def administration(medication: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationAdministration",
        "id": "odd",
        "status": "completed",
        "subject": {"reference": "Patient/s36"},
        "effectiveDateTime": "2026-03-02T09:00:00-05:00",
        "medicationCodeableConcept": medication,
    }


def listed(*resources: Any, **more: Any) -> dict[str, Any]:
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **more}


@pytest.mark.parametrize(
    "administrations",
    [
        pytest.param(listed("x"), id="an entry without content"),
        pytest.param({"resourceType": "Bundle", "type": "searchset", "total": 12}, id="counted but not sent"),
        pytest.param(
            listed(
                link=[{"relation": "self", "url": "https://ehr.example.org/MedicationAdministration?patient=other"}]
            ),
            id="asked of another patient",
        ),
    ],
)
def test_administrations_that_may_hold_anything_are_412(administrations: dict[str, Any]) -> None:
    def damaged(body: dict[str, Any]) -> None:
        body["prefetch"]["administrations"] = administrations

    assert call("never-exposed", "patient-view", damaged).status_code == 412


@pytest.mark.parametrize(
    "medication",
    [
        pytest.param("LEMTRADA", id="a text"),
        pytest.param([{"coding": [LEMTRADA_CODING]}], id="a list"),
        pytest.param([LEMTRADA_CODING], id="a list of codings"),
    ],
)
def test_an_administration_of_the_drug_in_the_wrong_shape_is_no_silence(medication: Any) -> None:
    def damaged(body: dict[str, Any]) -> None:
        odd = administration(medication)
        odd["subject"]["reference"] = f"Patient/{body['context']['patientId']}"
        body["prefetch"]["administrations"] = listed(odd)

    answer = call("never-exposed", "patient-view", damaged)
    assert answer.status_code == 200
    assert answer.json()["cards"]


@pytest.mark.parametrize("prefix", ["", "Patient/", "https%3A%2F%2Fehr.example.org%2FPatient%2F"])
def test_a_list_asked_of_this_patient_by_any_kind_of_reference_is_an_answer(prefix: str) -> None:
    def asked(body: dict[str, Any]) -> None:
        value = f"{prefix}{body['context']['patientId']}"
        url = f"https://ehr.example.org/MedicationAdministration?patient={value}&_count=50"
        body["prefetch"]["administrations"] = listed(link=[{"relation": "self", "url": url}])

    answer = call("never-exposed", "patient-view", asked)
    assert answer.status_code == 200
    assert answer.json() == {"cards": []}

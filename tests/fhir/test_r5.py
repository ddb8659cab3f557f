"""R4, R4B and R5 say the same things in different shapes: read, they are the same facts."""

from typing import Any

import pytest

from cds_service.core.timeline import Timeline
from tests.fhir.made import (
    ICD10,
    LEMTRADA,
    LOINC,
    RXNORM,
    SNOMED,
    SUBJECT,
    TSH,
    Json,
    administration,
    concept,
    lab_order,
    mg,
    order,
    read,
    without,
)

PERIOD = {"start": "2026-03-02T09:00:00-05:00", "end": "2026-03-02T13:00:00-05:00"}
CODE = concept(RXNORM, LEMTRADA)
MS = concept(ICD10, "G35")
SKIN = concept(ICD10, "Z12.83")
VALACYCLOVIR = {"text": "valacyclovir"}


def r4_to_r5(resource: Json, **fields: Any) -> Json:
    """The R5 shape: members given as None are left out."""
    return without({**resource, **fields})


def with_id(kind: str, **fields: Any) -> Json:
    return {"resourceType": kind, "id": "x", "subject": SUBJECT, **fields}


MEDICATION = {"resourceType": "Medication", "id": "mix", "status": "active"}
BAG = administration(
    medicationCodeableConcept=None,
    medicationReference={"reference": "Medication/mix"},
    dosage={"dose": {"value": 100, "unit": "mL", "system": "http://unitsofmeasure.org", "code": "mL"}},
)
R4_MIX = {
    **MEDICATION,
    "ingredient": [
        {"itemCodeableConcept": CODE, "strength": {"numerator": mg(12), "denominator": {"value": 1, "unit": "bag"}}},
        {"itemCodeableConcept": {"text": "saline"}},
    ],
}

PAIRS: dict[str, tuple[list[Json], list[Json]]] = {
    "an infusion": (
        [administration()],
        [
            r4_to_r5(
                administration(),
                medicationCodeableConcept=None,
                medication={"concept": CODE},
                effectivePeriod=None,
                occurencePeriod=PERIOD,
            )
        ],
    ),
    "an infusion, spelled as corrected": (
        [administration()],
        [r4_to_r5(administration(), effectivePeriod=None, occurrencePeriod=PERIOD)],
    ),
    "a mixture by reference": (
        [BAG, R4_MIX],
        [
            r4_to_r5(BAG, medicationReference=None, medication={"reference": {"reference": "Medication/mix"}}),
            {
                **MEDICATION,
                "ingredient": [
                    {"item": {"concept": CODE}, "strengthQuantity": mg(12)},
                    {"item": {"concept": {"text": "saline"}}},
                ],
            },
        ],
    ),
    "an ingredient that is a Substance": (
        [BAG, R4_MIX],
        [
            BAG,
            {
                **MEDICATION,
                "ingredient": [
                    {
                        "item": {"reference": {"reference": "Substance/s"}},
                        "strengthRatio": {"numerator": mg(12), "denominator": {"value": 1, "unit": "bag"}},
                    }
                ],
            },
            {"resourceType": "Substance", "id": "s", "instance": False, "code": {"concept": CODE}},
        ],
    ),
    "an order": (
        [order()],
        [r4_to_r5(order(), medicationCodeableConcept=None, medication={"concept": CODE})],
    ),
    "an order that ended": (
        [order(status="stopped", medicationCodeableConcept=VALACYCLOVIR)],
        [order(status="ended", medicationCodeableConcept=VALACYCLOVIR)],
    ),
    "a listed drug": (
        [with_id("MedicationStatement", status="active", medicationCodeableConcept=VALACYCLOVIR)],
        [with_id("MedicationStatement", status="recorded", medication={"concept": VALACYCLOVIR})],
    ),
    "a listed drug that was stopped": (
        [with_id("MedicationStatement", status="stopped", medicationCodeableConcept=VALACYCLOVIR)],
        [
            with_id(
                "MedicationStatement",
                status="recorded",
                medication={"concept": VALACYCLOVIR},
                adherence={"code": {"coding": [{"code": "stopped"}]}},
            )
        ],
    ),
    "an order for a test": (
        [lab_order()],
        [r4_to_r5(lab_order(), code={"concept": concept(LOINC, TSH)})],
    ),
    "a visit": (
        [with_id("Encounter", status="finished", reasonCode=[SKIN], period=PERIOD)],
        [
            with_id(
                "Encounter",
                status="completed",
                reason=[{"use": [{"text": "reason"}], "value": [{"concept": SKIN}]}],
                actualPeriod=PERIOD,
            )
        ],
    ),
    "a procedure": (
        [with_id("Procedure", status="completed", code=SKIN, performedDateTime="2026-01-05")],
        [with_id("Procedure", status="completed", code=SKIN, occurrenceDateTime="2026-01-05")],
    ),
    "an allergy": (
        [
            with_id(
                "AllergyIntolerance",
                code=CODE,
                reaction=[{"manifestation": [concept(SNOMED, "39579001")]}],
            )
        ],
        [
            with_id(
                "AllergyIntolerance",
                code=CODE,
                reaction=[{"manifestation": [{"concept": concept(SNOMED, "39579001")}]}],
            )
        ],
    ),
    "an appointment": (
        [with_id("Appointment", status="booked", start="2026-03-02", reasonCode=[CODE])],
        [with_id("Appointment", status="booked", start="2026-03-02", reason=[{"concept": CODE}])],
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_both_shapes_are_the_same_facts(name: str) -> None:
    older, newer = (read(*resources) for resources in PAIRS[name])
    assert older == newer
    assert older != Timeline(patient=older.patient, person=older.person)
    assert older.unused == ()


def test_a_medication_usage_is_a_statement() -> None:
    one = with_id("MedicationStatement", status="active", medicationCodeableConcept=CODE)
    two = {**one, "resourceType": "MedicationUsage"}
    assert [item.concepts for item in read(one).mentions] == [item.concepts for item in read(two).mentions]


@pytest.mark.parametrize(
    "events, dated", [(["2026-03-02T09:00:00-05:00"], True), (["2026-03-02", "2026-03-03"], False)]
)
@pytest.mark.parametrize("name", ["occurenceTiming", "occurrenceTiming"])
def test_a_timing_of_one_event_is_a_start_of_several_none(name: str, events: list[str], dated: bool) -> None:  # noqa: FBT001 - a column of the table
    made = r4_to_r5(administration(), effectivePeriod=None, **{name: {"event": events}})
    (found,) = read(made).administrations
    assert (found.start is not None, found.why_not) == (dated, None if dated else "no-date")


@pytest.mark.parametrize("version", ["R4", "R5"])
def test_a_diagnosis_is_the_same_in_every_version(version: str) -> None:
    found = read(with_id("Condition", code=MS, meta={"profile": [version]})).conditions
    assert [item.concepts for item in found] == [{"multiple-sclerosis"}]

"""Prefetch to a record: gaps by key, drafts, and whose they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cds_service.core.timeline import Gap, Source
from cds_service.engine import Engine
from cds_service.fhir.envelope import decode_envelope
from cds_service.fhir.prefetch import WrongPatientError, drafted_concepts, prefetch_record
from cds_service.fhir.reader import Record

Json = dict[str, Any]
ALL = frozenset(Source)
INDEX = Engine.load().reader.index
DRUG = Engine.load().bundle.label.product.ingredient
LEMTRADA = {"text": "LEMTRADA 12 mg/1.2 mL"}
ASPIRIN = {"text": "aspirin 81 mg"}


def record(prefetch: Json, *drafts: Json, asked: frozenset[Source] = ALL) -> Record:
    envelope = decode_envelope(json.dumps({"prefetch": prefetch}).encode())
    return prefetch_record(envelope.prefetch, drafts, "p1", asked)


def bundle(*resources: Json, **members: object) -> Json:
    return {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources], **members}


def draft(**members: object) -> Json:
    return {"resourceType": "MedicationRequest", "id": "d1", "subject": {"reference": "Patient/p1"}, **members}


OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}
WARNING = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning"}]}
OBSERVATION = {"resourceType": "Observation", "id": "o1", "subject": {"reference": "Patient/p1"}}
PATIENT = {"resourceType": "Patient", "id": "p1"}


def test_every_key_that_is_asked_and_not_sent_is_a_gap() -> None:
    assert record({}).gaps == dict.fromkeys(Source, Gap.NOT_PROVIDED)
    assert record({}, asked=frozenset({Source.REPORTS})).gaps == {Source.REPORTS: Gap.NOT_PROVIDED}


@pytest.mark.parametrize(
    "value, gap, kept",
    [
        (None, None, 0),
        (bundle(), None, 0),
        (bundle(OBSERVATION), None, 1),
        (bundle(OBSERVATION, WARNING), None, 1),
        (bundle(OBSERVATION, OUTCOME), Gap.PARTIAL, 1),
        (bundle(OUTCOME), Gap.NOT_PROVIDED, 0),
        (bundle(WARNING), None, 0),
        (bundle(OBSERVATION, link=[{"relation": "next", "url": "https://x"}]), Gap.PARTIAL, 1),
        (bundle(link=[{"relation": "next", "url": "https://x"}]), Gap.PARTIAL, 0),
        (bundle(bundle(OBSERVATION)), None, 1),
        (bundle(PATIENT), Gap.NOT_PROVIDED, 0),
        (bundle(PATIENT, OBSERVATION), None, 2),
        (bundle(link=[{"relation": "self", "url": "Observation?patient={{context.patientId}}"}]), Gap.NOT_PROVIDED, 0),
        (bundle(link=[{"relation": "self", "url": "Observation?patient=%7b%7Bx%7D%7D"}]), Gap.NOT_PROVIDED, 0),
        (bundle(link=[{"relation": "self"}]), None, 0),
        (OBSERVATION, Gap.PARTIAL, 1),
        (OUTCOME, Gap.NOT_PROVIDED, 0),
        (PATIENT, Gap.NOT_PROVIDED, 0),
        ("text", Gap.NOT_PROVIDED, 0),
    ],
)
def test_what_a_list_is_worth(value: object, gap: Gap | None, kept: int) -> None:
    found = record({"observations": value}, asked=frozenset({Source.OBSERVATIONS}))
    assert found.gaps.get(Source.OBSERVATIONS) == gap
    assert len(found.entries) == kept


@pytest.mark.parametrize(
    "value, gap",
    [
        (None, Gap.NOT_PROVIDED),
        (PATIENT, None),
        (bundle(PATIENT), None),
        (bundle(), Gap.NOT_PROVIDED),
        (bundle({"resourceType": "Patient", "id": "p2"}, PATIENT), None),
        ({"resourceType": "Patient"}, Gap.NOT_PROVIDED),
        (OUTCOME, Gap.NOT_PROVIDED),
        (bundle(OUTCOME), Gap.NOT_PROVIDED),
        (OBSERVATION, Gap.NOT_PROVIDED),
        (7, Gap.NOT_PROVIDED),
        (bundle(link=[{"relation": "self", "url": "Patient?_id=%7B%7Bx%7D%7D"}]), Gap.NOT_PROVIDED),
    ],
)
def test_what_the_patient_is_worth(value: object, gap: Gap | None) -> None:
    assert record({"patient": value}, asked=frozenset({Source.PATIENT})).gaps.get(Source.PATIENT) == gap


@pytest.mark.parametrize(
    "value", [{"resourceType": "Patient", "id": "p2"}, bundle({"resourceType": "Patient", "id": "p2"})]
)
def test_another_patient_is_refused(value: Json) -> None:
    with pytest.raises(WrongPatientError) as refused:
        record({"patient": value})
    assert refused.value.expression == "prefetch.patient"
    assert "p2" not in str(refused.value)


@pytest.mark.parametrize(
    "subject",
    ["Patient/p1", "p1", "https://x.example.org/Patient/p1", "Patient/p1/_history/2", "urn:uuid:1", "#p", None],
)
def test_drafts_of_this_patient(subject: str | None) -> None:
    found = record({}, draft(subject={"reference": subject}, medicationCodeableConcept=LEMTRADA))
    assert len(found.drafts) == 1


@pytest.mark.parametrize("subject", ["Patient/p2", "p2", "https://x.example.org/Patient/p2", "Group/p1"])
@pytest.mark.parametrize("dosage", [[], "odd"])
def test_drafts_of_another_patient_are_refused_even_when_they_are_odd(subject: str, dosage: object) -> None:
    with pytest.raises(WrongPatientError) as refused:
        record({}, draft(), draft(subject={"reference": subject}, dosageInstruction=dosage))
    assert refused.value.expression == "context.draftOrders.entry[1].resource.subject"


def test_a_stored_copy_gives_way_to_the_draft() -> None:
    stored = draft(status="active", medicationCodeableConcept=ASPIRIN)
    found = record({"medications": bundle(stored)}, draft(medicationCodeableConcept=LEMTRADA))
    assert found.entries == []
    assert len(found.drafts) == 1


@pytest.mark.parametrize(
    "given, is_drug, untold",
    [
        (draft(), False, False),
        (draft(medicationCodeableConcept=LEMTRADA), True, False),
        (draft(medicationCodeableConcept=ASPIRIN), False, False),
        (draft(medicationReference={"reference": "Medication/gone"}), False, True),
        (draft(medicationReference={"reference": "Medication/gone", "display": "LEMTRADA"}), True, False),
        (draft(medicationReference={"reference": "Medication/gone", "display": "aspirin"}), False, False),
        (draft(medicationCodeableConcept=LEMTRADA, dosageInstruction="odd"), True, False),
        (draft(medicationCodeableConcept=ASPIRIN, dosageInstruction="odd"), False, False),
        (draft(medicationCodeableConcept="LEMTRADA"), False, True),
        ({"resourceType": "ServiceRequest", "id": "s", "code": "odd"}, False, False),
        ({"resourceType": "NutritionOrder", "id": "n"}, False, False),
    ],
)
def test_what_is_drafted(given: Json, is_drug: bool, untold: bool) -> None:  # noqa: FBT001 - table columns
    concepts, told = drafted_concepts(record({}, given), INDEX)
    assert (bool(concepts & DRUG), told) == (is_drug, untold)


def test_an_odd_order_on_record_is_no_draft() -> None:
    odd = {"resourceType": "MedicationRequest", "id": "old", "medicationCodeableConcept": "LEMTRADA"}
    assert drafted_concepts(record({"medications": bundle(odd)}, draft()), INDEX) == (frozenset(), False)


def test_a_reference_is_found_in_the_drafts_the_prefetch_or_the_order_itself() -> None:
    medication = {"resourceType": "Medication", "id": "m1", "code": LEMTRADA}
    order = draft(medicationReference={"reference": "Medication/m1"})
    contained = draft(medicationReference={"reference": "#m1"}, contained=[medication])
    stored = {"resourceType": "MedicationRequest", "id": "x", "subject": {"reference": "Patient/p1"}}
    for found in (
        record({}, medication, order),
        record({"medications": bundle(stored, medication)}, order),
        record({}, contained),
    ):
        concepts, untold = drafted_concepts(found, INDEX)
        assert concepts & DRUG
        assert not untold

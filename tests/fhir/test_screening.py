"""Screening as charts write it: what a test found, histories, vaccines, treatments, and codes that decide nothing."""

from typing import Any

import pytest

from cds_service.core.timeline import Outcome, Timeline
from cds_service.fhir.findings import read_finding
from cds_service.fhir.structs import resource_decoder
from tests.fhir.made import ICD10, LOINC, RXNORM, SNOMED, SUBJECT, Json, as_bytes, concept, observation, read

V3 = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
CVX = "http://hl7.org/fhir/sid/cvx"
CPT = "http://www.ama-assn.org/go/cpt"
VZV_IGG, VZV_TITER, VZV_IGM = "19162-7", "22602-7", "21597-0"
IGRA, IGRA_PANEL, IGRA_AMOUNT, MITOGEN = "71773-6", "71775-1", "46217-6", "71774-4"
SURFACE_ANTIGEN, SURFACE_ANTIBODY, HEPATITIS_C = "5196-1", "22322-2", "16128-1"


def finding(**fields: Any) -> Outcome | None:
    return read_finding(resource_decoder.decode(as_bytes({"resourceType": "Observation", **fields})))


def outcomes(timeline: Timeline, name: str) -> list[Outcome | None]:
    return [item.outcome for item in timeline.measured.get(name, ())]


def valued(code: str, **fields: Any) -> Json:
    return observation("o1", code, **{"valueQuantity": None, **fields})


def interpreted(code: str) -> list[Json]:
    return [concept(V3, code)]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Positive", Outcome.POSITIVE),
        ("Immune", Outcome.POSITIVE),
        ("Evidence of immunity", Outcome.POSITIVE),
        ("Negative", Outcome.NEGATIVE),
        ("Not immune", Outcome.NEGATIVE),
        ("Non-immune", Outcome.NEGATIVE),
        ("nonimmune", Outcome.NEGATIVE),
        ("Susceptible", Outcome.NEGATIVE),
        ("No evidence of immunity", Outcome.NEGATIVE),
        ("No VZV antibodies detected", Outcome.NEGATIVE),
        ("Equivocal", Outcome.INDETERMINATE),
        ("Immunoassay, see comment", None),
        ("1:64", None),
    ],
)
@pytest.mark.parametrize("where", ["valueString", "text", "interpretation"])
def test_words_say_what_a_screening_test_found(where: str, text: str, expected: Outcome | None) -> None:
    shapes: dict[str, Json] = {
        "valueString": {"valueString": text},
        "text": {"valueCodeableConcept": {"text": text}},
        "interpretation": {"valueString": "see interpretation", "interpretation": [{"text": text}]},
    }
    assert finding(**shapes[where]) is expected


@pytest.mark.parametrize("amount", [0, 0.2, 4.1, 2500])
def test_a_bare_number_says_nothing(amount: float) -> None:
    assert finding(valueQuantity={"value": amount, "unit": "[IU]/mL"}) is None


@pytest.mark.parametrize(
    "code, expected",
    [
        ("POS", Outcome.POSITIVE),
        ("NEG", Outcome.NEGATIVE),
        ("IND", Outcome.INDETERMINATE),
        ("E", Outcome.INDETERMINATE),
        ("H", Outcome.INDETERMINATE),
        ("A", Outcome.INDETERMINATE),
        ("N", None),
    ],
)
def test_the_interpretation_of_a_number_decides(code: str, expected: Outcome | None) -> None:
    assert finding(valueQuantity={"value": 4.1}, interpretation=interpreted(code)) is expected


def test_a_number_without_interpretation_is_a_done_test() -> None:
    timeline = read(valued(IGRA_AMOUNT, valueQuantity={"value": 4.1, "unit": "[IU]/mL"}))
    assert len(timeline.results["tb-igra"]) == 1
    assert outcomes(timeline, "tb-igra") == [None]


@pytest.mark.parametrize(
    "code, name",
    [
        (VZV_IGG, "vzv-igg"),
        (VZV_TITER, "vzv-igg"),
        (IGRA, "tb-igra"),
        (IGRA_PANEL, "tb-igra"),
        (SURFACE_ANTIGEN, "hepatitis-b-test"),
        (HEPATITIS_C, "hepatitis-c-test"),
    ],
)
def test_a_coded_answer_is_read(code: str, name: str) -> None:
    timeline = read(valued(code, valueCodeableConcept=concept(SNOMED, "10828004", "Positive")))
    assert outcomes(timeline, name) == [Outcome.POSITIVE]


def test_a_component_is_read_and_the_control_beside_it_is_not() -> None:
    parts = [
        {"code": concept(LOINC, IGRA), "valueString": "Negative"},
        {"code": concept(LOINC, MITOGEN), "valueQuantity": {"value": 9.8, "unit": "[IU]/mL"}},
    ]
    timeline = read(valued(IGRA_PANEL, component=parts))
    assert outcomes(timeline, "tb-igra") == [Outcome.NEGATIVE]


@pytest.mark.parametrize(
    "code, name",
    [(VZV_IGM, "vzv-look-alikes"), (MITOGEN, "igra-controls"), (SURFACE_ANTIBODY, "hepatitis-look-alikes")],
)
def test_look_alikes_are_no_test(code: str, name: str) -> None:
    timeline = read(valued(code, valueString="Positive"))
    assert set(timeline.results) == {name}
    assert not timeline.measured


@pytest.mark.parametrize(
    "code, name",
    [
        (concept(SNOMED, "161423008"), "varicella-history"),
        (concept(SNOMED, "473164004"), "varicella-history"),
        (concept(ICD10, "B01.9"), "varicella"),
        (concept(ICD10, "Z22.7"), "tb-screening-unclear"),
        (concept(ICD10, "R76.12"), "tb-screening-unclear"),
        (concept(ICD10, "Z11.1"), "tb-screening-visit"),
        (concept(ICD10, "Z86.15"), "latent-tb-history"),
        (concept(ICD10, "B18.1"), "viral-hepatitis-chronic"),
    ],
)
def test_diagnoses_that_speak_of_a_screening(code: Json, name: str) -> None:
    condition = {"resourceType": "Condition", "id": "c1", "subject": SUBJECT, "code": code}
    assert [item.concepts for item in read(condition).conditions] == [{name}]


@pytest.mark.parametrize("code", ["B17.1", "B18.8", "Z22.8", "Z86.19", "B02.9"])
def test_neighbours_of_these_codes_are_something_else(code: str) -> None:
    condition = {"resourceType": "Condition", "id": "c1", "subject": SUBJECT, "code": concept(ICD10, code)}
    names = {name for item in read(condition).conditions for name in item.concepts}
    assert not names & {"varicella", "tb-screening-unclear", "latent-tb-history", "viral-hepatitis-chronic"}


@pytest.mark.parametrize(
    "code, names",
    [
        (concept(CVX, "21"), {"varicella-vaccine"}),
        (concept(CVX, "94"), {"varicella-vaccine"}),
        ({"text": "Varivax"}, {"varicella-vaccine"}),
        ({"text": "Measles, mumps, rubella, and varicella virus vaccine"}, {"varicella-vaccine"}),
        ({"text": "Measles, mumps, and rubella vaccine"}, {"live-viral-vaccine"}),
        ({"text": "Zoster vaccine live"}, {"live-viral-vaccine"}),
        ({"text": "Varicella zoster immune globulin"}, set()),
        (concept(CVX, "96"), {"tuberculin-test"}),
        ({"text": "Tuberculin PPD"}, {"tuberculin-test"}),
    ],
)
def test_vaccines_that_protect_against_varicella_are_told_from_others(code: Json, names: set[str]) -> None:
    given = {
        "resourceType": "Immunization",
        "id": "i1",
        "status": "completed",
        "patient": SUBJECT,
        "vaccineCode": code,
        "occurrenceDateTime": "2019-04-02",
    }
    assert [item.concepts for item in read(given).vaccinations] == [names]


@pytest.mark.parametrize("text", ["Isoniazid 300 mg tablet", "rifampin", "Rifampicin", "rifapentine"])
def test_a_treatment_is_known_by_its_name_in_an_order_a_list_or_a_chart(text: str) -> None:
    order = {"resourceType": "MedicationRequest", "id": "m1", "status": "completed", "intent": "order"}
    listed = {"resourceType": "MedicationStatement", "id": "m2", "status": "active"}
    given = {"resourceType": "MedicationAdministration", "id": "m3", "status": "completed"}
    named = {"medicationCodeableConcept": concept(RXNORM, "0", text), "subject": SUBJECT}
    timeline = read({**order, **named}, {**listed, **named}, {**given, **named, "effectiveDateTime": "2015-03-02"})
    for found in (timeline.drug_orders, timeline.mentions, timeline.administrations):
        assert [item.concepts for item in found] == [{"tb-treatment"}]


def test_a_billing_code_and_a_visit_are_signs_only() -> None:
    procedure = {
        "resourceType": "Procedure",
        "id": "p1",
        "status": "completed",
        "subject": SUBJECT,
        "code": concept(CPT, "86480"),
        "performedDateTime": "2026-01-12",
    }
    visit = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": SUBJECT,
        "period": {"start": "2026-01-12"},
        "reasonCode": [concept(ICD10, "Z11.1")],
    }
    found = read(procedure, visit).results
    assert [item.reference for item in found["tb-screening-visit"]] == ["Procedure/p1", "Encounter/e1"]
    assert set(found) == {"tb-screening-visit"}


def test_a_test_ordered_by_its_code_is_no_vaccine_ordered() -> None:
    order = {
        "resourceType": "ServiceRequest",
        "id": "s1",
        "status": "active",
        "intent": "order",
        "subject": SUBJECT,
        "code": concept(LOINC, VZV_IGG, "Varicella zoster virus IgG Ab"),
    }
    assert [item.concepts for item in read(order).service_orders] == [{"vzv-igg"}]

"""Other drugs for multiple sclerosis in a record: by code, by name, and how many they are."""

from typing import Any

import pytest

from cds_service.engine import Engine
from tests.fhir.made import (
    ICD10,
    PATIENT,
    RXNORM,
    SNOMED,
    SUBJECT,
    Json,
    administration,
    as_bytes,
    bundle,
    concept,
    order,
    read,
    without,
)

HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
NATALIZUMAB, NATALIZUMAB_BILLING = "354770", "J2323"


def statement(identity: str, medication: Json, **fields: Any) -> Json:
    made = {
        "resourceType": "MedicationStatement",
        "id": identity,
        "status": "completed",
        "medicationCodeableConcept": medication,
        "subject": SUBJECT,
        "effectivePeriod": {"start": "2022-01-10", "end": "2024-01-10"},
    }
    return without({**made, **fields})


def draft() -> Json:
    return order("draft", status="draft", dosageInstruction=[{"timing": {"event": ["2026-03-02"]}}])


def row(requirement: str, *resources: Json, as_of: str = "2026-02-20", patient: Json = PATIENT) -> Json:
    """What the report at order-sign says of one requirement."""
    body = as_bytes(bundle(patient, draft(), *resources))
    (report,) = Engine.load().reports(body, as_of, hook="order-sign")
    (found,) = [item for item in report["assessments"] if item["requirement"] == requirement]
    return dict(found)


def told(requirement: str, *resources: Json, **asked: Any) -> tuple[str, str | None, str | None]:
    found = row(requirement, *resources, **asked)
    return found["status"], found["note"], found["indicator"]


@pytest.mark.parametrize(
    "medication, expected",
    [
        (concept(HCPCS, NATALIZUMAB_BILLING), {"ms-natalizumab"}),
        (concept(RXNORM, NATALIZUMAB), {"ms-drug-unclear"}),
        (concept(RXNORM, NATALIZUMAB, "natalizumab"), {"ms-drug-unclear", "ms-natalizumab"}),
        (concept(RXNORM, NATALIZUMAB, text="Tysabri 300 mg"), {"ms-drug-unclear", "ms-natalizumab"}),
        (concept(RXNORM, "999999", "natalizumab 20 MG/ML [Tysabri]"), {"ms-natalizumab"}),
        ({"text": "Avonex pen"}, {"ms-interferon-beta-1a"}),
        ({"text": "Rebif 44"}, {"ms-interferon-beta-1a"}),
        ({"text": "Plegridy"}, {"ms-peginterferon-beta-1a"}),
        ({"text": "Vumerity 231 mg"}, {"ms-dimethyl-fumarate"}),
        ({"text": "Ocrevus Zunovo"}, {"ms-ocrelizumab"}),
    ],
)
def test_a_drug_is_known_by_a_verified_code_or_by_its_name(medication: Json, expected: set[str]) -> None:
    (found,) = read(statement("s1", medication)).mentions
    assert found.concepts == expected


def test_every_kind_of_medication_resource_is_read() -> None:
    drug = {"text": "Tysabri"}
    timeline = read(
        administration("a1", medicationCodeableConcept=drug),
        order("m1", medicationCodeableConcept=drug),
        statement("s1", drug),
        statement("d1", drug, resourceType="MedicationDispense", effectivePeriod=None, whenHandedOver="2022-01-10"),
    )
    found = [item.concepts for item in timeline.administrations]
    found += [item.concepts for item in timeline.drug_orders]
    found += [item.concepts for item in timeline.mentions]
    assert found == [{"ms-natalizumab"}] * 4


def test_two_brands_of_one_ingredient_are_one_drug() -> None:
    """Vignette 28."""
    brands = statement("s1", {"text": "Avonex"}), statement("s2", {"text": "Rebif"})
    assert told("two-prior-drugs", *brands) == ("violated", None, "info")
    assert told("two-prior-drugs", *brands, statement("s3", {"text": "Gilenya"})) == ("met", None, None)


def test_a_code_nobody_has_verified_is_not_enough_alone() -> None:
    known, unclear = statement("s1", {"text": "Gilenya"}), statement("s2", concept(RXNORM, NATALIZUMAB))
    assert told("two-prior-drugs", known, unclear) == ("cannot-tell", "verify", "info")


def test_the_drug_itself_is_no_earlier_drug_for_its_own_indication() -> None:
    infusions = administration("a1", effectiveDateTime="2025-01-10", effectivePeriod=None)
    assert told("two-prior-drugs", statement("s1", {"text": "Gilenya"}), infusions)[0] == "violated"


@pytest.mark.parametrize(
    "born, as_of, expected",
    [
        ("2009", "2026-11-22", ("cannot-tell", "warning")),
        ("2009-12", "2026-11-22", ("violated", "warning")),
        ("2009-11", "2026-11-22", ("cannot-tell", "warning")),
        ("2009-11-22", "2026-11-22", ("violated", "info")),
        ("2008-11-22", "2026-11-22", ("met", None)),
        (None, "2026-11-22", ("cannot-tell", "warning")),
        ("around 2009", "2026-11-22", ("cannot-tell", "warning")),
    ],
)
def test_the_age_is_that_of_the_birth_date_as_far_as_it_is_written(
    born: str | None, as_of: str, expected: tuple[str, str | None]
) -> None:
    """Vignette 30. The order here is for that very day."""
    patient = without({**PATIENT, "birthDate": born})
    body = as_bytes(bundle(patient, order("draft", status="draft")))
    (report,) = Engine.load().reports(body, as_of, hook="order-sign")
    (found,) = [item for item in report["assessments"] if item["requirement"] == "adult"]
    assert (found["status"], found["indicator"]) == expected


@pytest.mark.parametrize(
    "codes, indication, isolated",
    [
        ([(ICD10, "G35.A")], ("met", None, None), ("met", None, None)),
        ([(ICD10, "G35")], ("met", "verify", None), ("met", None, None)),
        ([(ICD10, "G35.C")], ("met", "verify", None), ("met", None, None)),
        ([(ICD10, "G35.C1")], ("met", None, None), ("met", None, None)),
        ([(ICD10, "G35.C2")], ("violated", None, "warning"), ("met", None, None)),
        ([(ICD10, "G35.B1")], ("violated", None, "warning"), ("met", None, None)),
        ([(SNOMED, "428700003")], ("violated", None, "warning"), ("met", None, None)),
        ([(SNOMED, "428700003"), (ICD10, "G35.A")], ("met", "verify", None), ("met", None, None)),
        ([(SNOMED, "445967004")], ("missing", None, None), ("violated", None, "warning")),
        ([(SNOMED, "445967004"), (ICD10, "G35.D")], ("met", "verify", None), ("met", None, None)),
        ([(ICD10, "G37.9")], ("missing", None, None), ("met", None, None)),
        ([(ICD10, "G37.89")], ("missing", None, None), ("met", None, None)),
        ([(ICD10, "G36.0"), (ICD10, "G37.81")], ("missing", None, None), ("met", None, None)),
    ],
)
def test_the_form_of_the_disease_is_that_of_the_problem_list(
    codes: list[tuple[str, str]], indication: tuple[str, str | None, str | None], isolated: tuple[str, Any, Any]
) -> None:
    entries = [
        {"resourceType": "Condition", "id": f"c{n}", "code": concept(*code), "subject": SUBJECT}
        for n, code in enumerate(codes)
    ]
    assert told("indication", *entries) == indication
    assert told("cis-not-recommended", *entries) == isolated


def test_any_form_still_tells_the_product_of_an_infusion_without_a_dose() -> None:
    """The diagnosis that decides between the two alemtuzumab products is the disease, whatever its form."""
    infusion = administration("a1", "117055", dosage=None)
    for code in ("G35", "G35.A", "G35.B1", "G35.C2"):
        diagnosis = {"resourceType": "Condition", "id": "c1", "code": concept(ICD10, code), "subject": SUBJECT}
        (report,) = Engine.load().reports(as_bytes(bundle(PATIENT, infusion, diagnosis)), "2026-03-06")
        assert len(report["courses"]) == 1, code

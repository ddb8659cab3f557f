"""Conditions, allergies, vaccines, examinations, orders written as services, appointments: what of them is a fact."""

from typing import Any

import pytest

from cds_service.core.timeline import ANY_CONCEPT, AllergyFact
from tests.fhir.made import (
    ALEMTUZUMAB,
    CAMPATH,
    ICD10,
    LEMTRADA,
    RXNORM,
    SNOMED,
    SUBJECT,
    Json,
    administration,
    concept,
    lab_order,
    order,
    read,
    timelines,
    unused,
    used,
    without,
)

CVX = "http://hl7.org/fhir/sid/cvx"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
MMR, FLU, TUBERCULIN = "03", "140", "96"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def condition(code: Json, **fields: Any) -> Json:
    made = {"resourceType": "Condition", "id": "c1", "code": code, "subject": SUBJECT, "recordedDate": "2025-01-02"}
    return without({**made, **fields})


def allergy(code: Json | None = None, **fields: Any) -> Json:
    made = {
        "resourceType": "AllergyIntolerance",
        "id": "al1",
        "code": code,
        "patient": SUBJECT,
        "recordedDate": "2025-01-02",
    }
    return without({**made, **fields})


def vaccine(code: Any = MMR, **fields: Any) -> Json:
    made = {
        "resourceType": "Immunization",
        "id": "v1",
        "status": "completed",
        "vaccineCode": concept(CVX, code) if isinstance(code, str) else code,
        "patient": SUBJECT,
        "occurrenceDateTime": "2026-02-10",
    }
    return without({**made, **fields})


def procedure(code: Json, **fields: Any) -> Json:
    made = {
        "resourceType": "Procedure",
        "id": "pr1",
        "status": "completed",
        "code": code,
        "subject": SUBJECT,
        "performedDateTime": "2026-02-10",
    }
    return without({**made, **fields})


# --- conditions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code, concepts",
    [
        ("B20", {"hiv-infection"}),
        ("B20.9", {"hiv-infection"}),
        ("b20", {"hiv-infection"}),
        ("O98.713", {"hiv-infection"}),
        ("O98719", {"hiv-infection"}),
        ("Z20.6", {"hiv-look-alikes"}),
        ("Z206", {"hiv-look-alikes"}),
        ("R75", {"hiv-look-alikes"}),
        ("G35", {"multiple-sclerosis"}),
        ("G35.D", {"multiple-sclerosis"}),
        ("C91.12", {"b-cll"}),
        ("Z20.5", None),
        ("B", None),
        ("B2", {"infection"}),
        ("B27.9", {"infection"}),
        ("B01.9", {"varicella"}),
        ("B02.9", {"zoster"}),
        ("B02.29", {"infection-chronic"}),
        ("B00.1", {"infection-chronic"}),
        ("B97.7", {"infection-chronic"}),
        ("B97.35", {"hiv-infection"}),
        ("A09", {"infection"}),
        ("A41.9", {"sepsis"}),
        ("A41", {"sepsis-unclear"}),
        ("A15.4", {"active-tuberculosis"}),
        ("A17.0", {"active-tuberculosis"}),
        ("A17", {"tuberculosis-unclear"}),
        ("A32.7", {"listeriosis"}),
        ("A81.2", {"pml"}),
        ("A81.1", {"infection"}),
        ("I63.9", {"stroke"}),
        ("I21.4", {"myocardial-infarction"}),
        ("M31.19", {"ttp"}),
        ("M31.11", {"ttp-look-alikes"}),
        ("G04.81", {"encephalitis-unclear"}),
        ("C50.911", {"malignancy"}),
        ("C7A.00", {"malignancy"}),
        ("C91.01", {"malignancy"}),
        ("Z85.3", {"malignancy"}),
        ("D04.9", None),
        ("E06.3", {"thyroid-disorder"}),
        ("E08.9", None),
        ("Z34.01", {"pregnancy"}),
        ("O24.410", {"pregnancy"}),
        ("O80", {"pregnancy-ended"}),
    ],
)
def test_a_diagnosis_is_what_the_longest_listed_code_above_it_is(code: str, concepts: set[str] | None) -> None:
    found = read(condition(concept(ICD10, code))).conditions
    assert [set(item.concepts) for item in found] == ([concepts] if concepts else [])


@pytest.mark.parametrize(
    "status, unsure",
    [
        (None, False),
        (concept(VERIFICATION, "confirmed"), False),
        (concept(VERIFICATION, "provisional"), True),
        (concept("urn:oid:1.2.3", "differential"), True),
        (concept("http://example.org/local", "unconfirmed"), True),
        ("unconfirmed", True),
        ({"text": "Unconfirmed"}, True),
        (concept(VERIFICATION, "refuted"), None),
        ("refuted", None),
        ({"text": "Refuted"}, None),
        ({"text": "Entered in error"}, None),
    ],
)
def test_how_sure_a_diagnosis_is(status: Any, unsure: bool | None) -> None:  # noqa: FBT001 - a column of the table
    found = read(condition(concept(ICD10, "B20"), verificationStatus=status)).conditions
    assert [item.unsure for item in found] == ([] if unsure is None else [unsure])


@pytest.mark.parametrize("status", ["active", "recurrence", "resolved", "remission", "inactive"])
def test_hiv_does_not_resolve(status: str) -> None:
    found = read(condition(concept(ICD10, "Z21"), clinicalStatus=concept(CLINICAL, status))).conditions
    assert [set(item.concepts) for item in found] == [{"hiv-infection"}]


ICD9 = "http://hl7.org/fhir/sid/icd-9-cm"
LOCAL = "http://example.org/problems"


@pytest.mark.parametrize(
    "code, is_named",
    [
        ({"text": "HIV infection"}, True),
        ({"text": "AIDS"}, True),
        (concept(LOCAL, "77", display="HIV disease"), True),
        (concept(SNOMED, "1", display="Human immunodeficiency virus infection (disorder)"), True),
        (concept(ICD9, "042"), True),
        (concept("urn:oid:2.16.840.1.113883.6.103", "042"), True),
        (concept(ICD9, "340"), False),
        (concept(LOCAL, "042"), False),
        ({"text": "Family history of HIV"}, False),
        ({"text": "HIV screening"}, False),
        ({"text": "HIV negative"}, False),
        ({"text": "Exposure to HIV"}, False),
        ({"text": "Fear of HIV"}, False),
        ({"text": "Hearing aids"}, False),
        ({"text": "Alemtuzumab"}, False),
    ],
)
def test_a_diagnosis_known_by_its_words_only_is_never_a_sure_one(code: Json, is_named: bool) -> None:  # noqa: FBT001 - a column of the table
    found = read(condition(code)).conditions
    assert [(set(item.concepts), item.unsure) for item in found] == ([({"hiv-infection"}, True)] if is_named else [])
    refuted = condition(code, verificationStatus=concept(VERIFICATION, "refuted"))
    assert (read(refuted).conditions, read(refuted).unused) == ((), ())


def test_a_code_decides_before_the_words_of_a_diagnosis() -> None:
    (found,) = read(condition(concept(ICD10, "Z20.6", text="HIV"))).conditions
    assert (set(found.concepts), found.unsure) == ({"hiv-look-alikes"}, False)


@pytest.mark.parametrize(
    "code, doubted",
    [
        ({"coding": {"system": ICD10, "code": "B20"}}, "hiv-infection"),
        ("HIV", "hiv-infection"),
        (["B20"], "hiv-infection"),
    ],
)
def test_a_diagnosis_nobody_can_read_leaves_doubt_about_diagnoses(code: Any, doubted: str) -> None:
    timeline = read(condition(code))
    assert timeline.conditions == ()
    assert unused(timeline) == {("Condition/c1", "unreadable")}
    assert timeline.unread[doubted] == ("Condition/c1",)
    assert not {"tsh", "skin-exam", ANY_CONCEPT} & set(timeline.unread)


def test_a_diagnosis_or_an_allergy_of_nobody_leaves_doubt() -> None:
    timeline = read(
        condition(concept(ICD10, "B20"), subject=None), allergy(concept(RXNORM, ALEMTUZUMAB), patient={"display": "?"})
    )
    assert unused(timeline) == {
        ("Condition/c1", "unresolved-reference"),
        ("AllergyIntolerance/al1", "unresolved-reference"),
    }
    assert timeline.unread == {
        "hiv-infection": ("Condition/c1",),
        "alemtuzumab-unspecified": ("AllergyIntolerance/al1",),
    }


# --- allergies ------------------------------------------------------------------------------------------------------


def the_allergy(**fields: Any) -> AllergyFact:
    (found,) = read(allergy(**{"code": concept(RXNORM, LEMTRADA), **fields})).allergies
    return found


@pytest.mark.parametrize(
    "fields, concepts",
    [
        ({"code": concept(RXNORM, LEMTRADA)}, {"lemtrada"}),
        ({"code": concept(RXNORM, CAMPATH)}, {"campath"}),
        ({"code": {"text": "Alemtuzumab"}}, {"alemtuzumab-unspecified"}),
        ({"code": {"text": "MabCampath 30 mg"}}, {"campath"}),
        ({"code": concept(SNOMED, "1", display="Allergy to alemtuzumab")}, {"alemtuzumab-unspecified"}),
        ({"reaction": [{"substance": concept(RXNORM, LEMTRADA)}]}, {"lemtrada"}),
        (
            {"code": {"text": "drug"}, "reaction": [{"substance": {"text": "alemtuzumab"}}]},
            {"alemtuzumab-unspecified"},
        ),
        ({"code": {"text": "Polysorbate 80"}}, {"excipient"}),
        ({"code": {"text": "EDTA"}}, {"excipient"}),
        ({"code": {"text": "No known allergies except alemtuzumab"}}, {"alemtuzumab-unspecified"}),
        ({"code": {"text": "alemtuzumab not tolerated"}}, {"alemtuzumab-unspecified"}),
        ({"code": {"text": "alemtuzumab (no anaphylaxis)"}}, {"alemtuzumab-unspecified"}),
    ],
)
def test_an_allergy_is_to_what_its_code_its_words_or_its_reaction_name(fields: Json, concepts: set[str]) -> None:
    (found,) = read(allergy(**fields)).allergies
    assert set(found.concepts) == concepts
    assert not found.unsure


@pytest.mark.parametrize(
    "code",
    [
        concept(SNOMED, "716186003", display="No known allergy"),
        {"text": "No known allergy to alemtuzumab"},
        {"text": "Not allergic to alemtuzumab"},
        {"text": "Denies allergy to alemtuzumab"},
        {"text": "Negative for polysorbate 80"},
        concept(SNOMED, "1", display="No allergy to alemtuzumab"),
        {"text": "penicillin"},
        {"coding": [{"system": SNOMED, "code": "764146007", "display": "Penicillin"}]},
    ],
)
def test_what_an_entry_denies_is_no_allergy(code: Json) -> None:
    timeline = read(allergy(code))
    assert (timeline.allergies, timeline.unused) == ((), ())


def test_words_that_deny_what_the_code_says_ask_for_verification() -> None:
    denied = concept(RXNORM, LEMTRADA, text="No known allergy to alemtuzumab")
    assert the_allergy(code=denied).unsure


@pytest.mark.parametrize(
    "fields, grave",
    [
        ({}, False),
        ({"criticality": "high"}, True),
        ({"criticality": "low"}, False),
        ({"criticality": "unable-to-assess"}, False),
        ({"reaction": [{"severity": "severe"}]}, True),
        ({"reaction": [{"severity": "moderate", "manifestation": [{"text": "rash"}]}]}, False),
        ({"reaction": [{"manifestation": [concept(SNOMED, "39579001")]}]}, True),
        ({"reaction": [{"manifestation": [concept("http://example.org", "39579001")]}]}, False),
        ({"reaction": [{"manifestation": [{"text": "Angio-oedema of the lips"}]}]}, True),
        ({"reaction": [{"manifestation": [{"text": "no anaphylaxis, hives only"}]}]}, False),
        ({"reaction": [{"manifestation": [{"text": "rash"}]}, {"description": "bronchospasm within minutes"}]}, True),
        ({"reaction": [{"manifestation": [{"concept": {"text": "Anaphylactic shock"}}]}]}, True),
        ({"reaction": [{"manifestation": [{"reference": {"display": "Anaphylaxis, 3 March"}}]}]}, True),
        ({"reaction": [{"manifestation": [{"reference": {"reference": "Observation/seen"}}]}]}, True),
        ({"reaction": [{"manifestation": [{"reference": {"reference": "Observation/gone"}}]}]}, False),
        ({"reaction": "severe"}, False),
    ],
)
def test_how_grave_an_allergy_is(fields: Json, grave: bool) -> None:  # noqa: FBT001 - a column of the table
    seen = {
        "resourceType": "Observation",
        "id": "seen",
        "status": "final",
        "code": concept(SNOMED, "39579001"),
        "subject": SUBJECT,
    }
    (found,) = read(allergy(concept(RXNORM, LEMTRADA), **fields), seen).allergies
    assert found.grave is grave


@pytest.mark.parametrize(
    "fields, unsure, resolved",
    [
        ({}, False, False),
        ({"verificationStatus": concept(VERIFICATION, "confirmed")}, False, False),
        ({"verificationStatus": concept(VERIFICATION, "unconfirmed")}, True, False),
        ({"verificationStatus": concept(VERIFICATION, "presumed")}, True, False),
        ({"clinicalStatus": concept(CLINICAL, "resolved")}, False, True),
        ({"clinicalStatus": concept(CLINICAL, "inactive")}, False, True),
    ],
)
def test_an_allergy_may_be_unconfirmed_or_resolved(fields: Json, unsure: bool, resolved: bool) -> None:  # noqa: FBT001 - columns of the table
    found = the_allergy(**fields)
    assert (found.unsure, found.resolved) == (unsure, resolved)


@pytest.mark.parametrize("status, why", [("refuted", None), ("entered-in-error", "entered-in-error")])
def test_a_refuted_allergy_is_none(status: str, why: str | None) -> None:
    timeline = read(allergy(concept(RXNORM, LEMTRADA), verificationStatus=concept(VERIFICATION, status)))
    assert timeline.allergies == ()
    assert unused(timeline) == ({("AllergyIntolerance/al1", why)} if why else set())


@pytest.mark.parametrize("code", [[1], "?", {"coding": "x"}])
def test_an_allergy_nobody_can_read_leaves_doubt_about_the_drug(code: Any) -> None:
    timeline = read(allergy(code))
    assert unused(timeline) == {("AllergyIntolerance/al1", "unreadable")}
    assert set(timeline.unread) == {"lemtrada", "alemtuzumab-unspecified"}


def test_an_allergy_to_a_bare_word_is_read() -> None:
    (found,) = read(allergy("alemtuzumab")).allergies  # type: ignore[arg-type]  # not what FHIR says
    assert found.concepts == {"alemtuzumab-unspecified"}


# --- vaccines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields, day, why",
    [
        ({}, "2026-02-10", None),
        ({"occurrenceDateTime": "2026-02"}, "2026-02-01", None),
        ({"occurrenceDateTime": None, "occurrenceString": "2026-02-10"}, "2026-02-10", None),
        ({"occurrenceDateTime": None, "occurrenceString": "as a child"}, None, "bad-date"),
        ({"occurrenceDateTime": None}, None, "no-date"),
        ({"occurrenceDateTime": "2026-02-30"}, None, "bad-date"),
        ({"status": "unknown"}, "2026-02-10", "bad-status"),
        ({"status": None}, "2026-02-10", "bad-status"),
        ({"statusReason": {"text": "booster"}}, "2026-02-10", None),
        ({"vaccineCode": concept(CVX, FLU)}, "2026-02-10", None),
        ({"vaccineCode": None}, "2026-02-10", None),
    ],
)
def test_any_vaccine_given_is_a_fact_dated_as_well_as_it_is(fields: Json, day: str | None, why: str | None) -> None:
    timeline = read(vaccine(**fields))
    (found,) = timeline.vaccinations
    assert (str(found.when.first) if found.when else None) == day
    assert unused(timeline) == ({("Immunization/v1", why)} if why else set())


@pytest.mark.parametrize(
    "status, code, why",
    [
        ("not-done", MMR, "not-done"),
        ("entered-in-error", MMR, "entered-in-error"),
        ("not-done", FLU, None),
        ("entered-in-error", FLU, None),
    ],
)
def test_a_vaccine_not_given_is_named_when_its_code_is_the_labels(status: str, code: str, why: str | None) -> None:
    timeline = read(vaccine(code, status=status, statusReason={"text": "refused"}))
    assert timeline.vaccinations == ()
    assert unused(timeline) == ({("Immunization/v1", why)} if why else set())


@pytest.mark.parametrize(
    "code, concepts",
    [
        (MMR, {"live-viral-vaccine"}),
        ("3", {"live-viral-vaccine"}),
        ("187", {"vaccine-not-live-viral"}),
        (TUBERCULIN, {"tuberculin-test"}),
        (FLU, set()),
        ("9", set()),
        ({"text": "MMR vaccine"}, {"live-viral-vaccine"}),
        (concept("urn:oid:2.16.840.1.113883.12.292", "21"), {"varicella-vaccine"}),
        (concept("https://hl7.org/fhir/sid/cvx", "3"), {"live-viral-vaccine"}),
    ],
)
def test_what_a_vaccine_is(code: Any, concepts: set[str]) -> None:
    (found,) = read(vaccine(code)).vaccinations
    assert set(found.concepts) == concepts


@pytest.mark.parametrize(
    "fields, unsure, untold",
    [
        ({}, False, False),
        ({"status": "unknown"}, True, False),
        ({"status": None}, True, False),
        ({"status": {"text": "done"}}, True, False),
        ({"vaccineCode": None}, False, True),
        ({"vaccineCode": {}}, False, True),
        ({"vaccineCode": {"coding": [{}]}}, False, True),
        ({"vaccineCode": concept("http://example.org/vaccines", "V17")}, False, True),
        ({"vaccineCode": concept("http://example.org/vaccines", "V17", display="House vaccine")}, False, False),
        ({"vaccineCode": {"text": "flu shot"}}, False, False),
        (
            {"vaccineCode": concept("http://terminology.hl7.org/CodeSystem/data-absent-reason", "unknown", "Unknown")},
            False,
            True,
        ),
        ({"vaccineCode": "03"}, False, True),
        ({"vaccineCode": None, "status": "unknown"}, True, True),
    ],
)
def test_a_vaccine_may_be_unsure_or_not_told(fields: Json, unsure: bool, untold: bool) -> None:  # noqa: FBT001 - columns of the table
    (found,) = read(vaccine(**fields)).vaccinations
    assert (found.unsure, found.untold) == (unsure, untold)


@pytest.mark.parametrize(
    "made, unsure",
    [
        (lambda: procedure(concept(CVX, MMR)), False),
        (lambda: procedure(concept(CVX, MMR), status="unknown"), True),
        (lambda: listed("MedicationStatement", concept(CVX, MMR), effectiveDateTime="2026-02-10"), False),
        (
            lambda: listed("MedicationStatement", concept(CVX, MMR), status="unknown", effectiveDateTime="2026-02-10"),
            True,
        ),
    ],
)
def test_a_vaccine_in_another_resource_may_be_unsure(made: Any, unsure: bool) -> None:  # noqa: FBT001 - a column of the table
    (found,) = read(made()).vaccinations
    assert found.unsure is unsure


def given_drug(code: Json, **fields: Any) -> Json:
    return administration("v1", medicationCodeableConcept=code, **fields)


def listed(kind: str, code: Json, **fields: Any) -> Json:
    made = {
        "resourceType": kind,
        "id": "v1",
        "status": "completed",
        "medicationCodeableConcept": code,
        "subject": SUBJECT,
    }
    return {**made, **fields}


@pytest.mark.parametrize("code", [concept(CVX, MMR), concept(CVX, FLU), {"text": "MMR vaccine"}])
@pytest.mark.parametrize(
    "make",
    [
        lambda code: given_drug(code, effectivePeriod=None, effectiveDateTime="2026-02-10"),
        lambda code: given_drug(code, effectivePeriod=None, occurenceDateTime="2026-02-10"),
        lambda code: listed("MedicationStatement", code, effectiveDateTime="2026-02-10"),
        lambda code: listed("MedicationStatement", code, effectivePeriod={"start": "2026-02-10"}),
    ],
)
def test_a_vaccine_recorded_as_a_drug_is_a_vaccine(make: Any, code: Json) -> None:
    timeline = read(make(code))
    (found,) = timeline.vaccinations
    assert str(found.when.first if found.when else None) == "2026-02-10"
    assert (timeline.administrations, timeline.mentions, timeline.unused) == ((), (), ())


@pytest.mark.parametrize(
    "performed", ["performedDateTime", "performedString", "occurrenceDateTime", "occurrenceString"]
)
def test_a_vaccine_recorded_as_a_procedure_is_a_vaccine(performed: str) -> None:
    timeline = read(procedure(concept(CVX, MMR), **{"performedDateTime": None, performed: "2026-02-10"}))
    (found,) = timeline.vaccinations
    assert (str(found.when.first if found.when else None), timeline.unused) == ("2026-02-10", ())


@pytest.mark.parametrize(
    "resource, why",
    [
        (given_drug(concept(CVX, MMR), status="not-done"), ("MedicationAdministration/v1", "not-done")),
        (procedure(concept(CVX, MMR), status="not-done"), ("Procedure/pr1", "not-done")),
        (procedure(concept(CVX, MMR), status="entered-in-error"), ("Procedure/pr1", "entered-in-error")),
        (listed("MedicationStatement", concept(CVX, MMR), status="not-taken"), ("MedicationStatement/v1", "not-done")),
    ],
)
def test_a_vaccine_that_was_not_given_in_whatever_resource_is_none(resource: Json, why: tuple[str, str]) -> None:
    timeline = read(resource)
    assert (timeline.vaccinations, unused(timeline)) == ((), {why})


def test_a_dispensed_vaccine_is_not_known_to_be_given() -> None:
    assert read(listed("MedicationDispense", concept(CVX, MMR), whenHandedOver="2026-02-10")).vaccinations == ()


def test_a_vaccine_nobody_can_read_may_have_been_given() -> None:
    odd = vaccine(vaccineCode="03")
    timeline = read(odd, vaccine(id="v2", occurrenceDateTime=20260210), vaccine(id="v3", patient=None))
    assert {(item.reference, item.when is None) for item in timeline.vaccinations} == {
        ("Immunization/v1", False),
        ("Immunization/v2", True),
        ("Immunization/v3", True),
    }
    assert unused(timeline) == {
        ("Immunization/v1", "unreadable"),
        ("Immunization/v2", "unreadable"),
        ("Immunization/v3", "unresolved-reference"),
    }


# --- examinations ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def skin() -> Json:
    from cds_service.labels import load_label

    code = next(item for item in load_label("lemtrada-us").codes if item.value_set == "skin-exam")
    return concept(code.uri, code.code)


@pytest.mark.parametrize(
    "status, why",
    [
        ("completed", None),
        ("preparation", "not-done"),
        ("in-progress", "not-done"),
        ("on-hold", "not-done"),
        ("stopped", "not-done"),
        ("not-done", "not-done"),
        ("entered-in-error", "entered-in-error"),
        ("unknown", "bad-status"),
        (None, "bad-status"),
        ("done", "bad-status"),
    ],
)
def test_an_examination_counts_once_it_is_done(status: str | None, why: str | None, skin: Json) -> None:
    timeline = read(procedure(skin, status=status))
    assert used(timeline, "skin-exam") == ([] if why else ["Procedure/pr1"])
    assert unused(timeline) == ({("Procedure/pr1", why)} if why else set())
    assert ("skin-exam" in timeline.unread) is (status in (None, "done"))


@pytest.mark.parametrize(
    "fields, day",
    [
        ({"performedDateTime": "2026-01-05"}, "2026-01-05"),
        ({"performedPeriod": {"start": "2026-01-05", "end": "2026-01-06"}}, "2026-01-05"),
        ({"occurrenceDateTime": "2026-01-05"}, "2026-01-05"),
        ({"occurrencePeriod": {"start": "2026-01-05"}}, "2026-01-05"),
        ({"occurrenceTiming": {"event": ["2026-01-05"]}}, "2026-01-05"),
        ({"performedString": "2026-01-05"}, "2026-01-05"),
        ({}, None),
        ({"performedString": "last spring"}, None),
        ({"performedDateTime": "2026-02-31"}, None),
    ],
)
def test_when_an_examination_was(fields: Json, day: str | None, skin: Json) -> None:
    timeline = read(procedure(skin, **{"performedDateTime": None, **fields}))
    found = timeline.results.get("skin-exam", ())
    assert [str(item.when.first) for item in found] == ([day] if day else [])
    if day is None:
        assert unused(timeline) == {("Procedure/pr1", "bad-date" if fields else "no-date")}
        assert ("skin-exam" in timeline.unread) is bool(fields)


def encounter(**fields: Any) -> Json:
    made = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "subject": SUBJECT,
        "period": {"start": "2026-01-05T09:00:00-05:00"},
    }
    return without({**made, **fields})


@pytest.mark.parametrize(
    "fields, counts, why",
    [
        ({"reasonCode": ["SCREEN"]}, True, None),
        ({"status": "completed", "reason": [{"value": [{"concept": "SCREEN"}]}]}, True, None),
        ({"reasonCode": ["SCREEN"], "period": None, "actualPeriod": {"start": "2026-01-05"}}, True, None),
        ({"status": "discharged", "reasonCode": ["SCREEN"]}, True, None),
        ({"status": "in-progress", "reasonCode": ["SCREEN"]}, False, "not-done"),
        ({"status": "planned", "reasonCode": ["SCREEN"]}, False, "not-done"),
        ({"status": "cancelled", "reasonCode": ["SCREEN"]}, False, "not-done"),
        ({"status": "discontinued", "reasonCode": ["SCREEN"]}, False, "not-done"),
        ({"status": "entered-in-error", "reasonCode": ["SCREEN"]}, False, "entered-in-error"),
        ({"reasonCode": [{"text": "skin"}]}, False, None),
        ({"reasonCode": "skin"}, False, None),
    ],
)  # fmt: skip
def test_a_finished_visit_for_skin_screening_is_an_examination(
    fields: Json,
    counts: bool,  # noqa: FBT001 - a column of the table
    why: str | None,
) -> None:
    def filled(value: Any) -> Any:
        if value == "SCREEN":
            return concept(ICD10, "Z12.83")
        if isinstance(value, list):
            return [filled(item) for item in value]
        return {key: filled(item) for key, item in value.items()} if isinstance(value, dict) else value

    timeline = read(encounter(**filled(fields)))
    assert used(timeline, "skin-exam") == (["Encounter/e1"] if counts else [])
    assert unused(timeline) == ({("Encounter/e1", why)} if why else set())


@pytest.mark.parametrize(
    "reason",
    [
        {"reasonReference": [{"reference": "Condition/why"}]},
        {"reason": [{"value": [{"reference": {"reference": "Condition/why"}}]}]},
    ],
)
@pytest.mark.parametrize(
    "fields, counts",
    [
        ({}, True),
        ({"verificationStatus": concept(VERIFICATION, "refuted")}, False),
        ({"subject": {"reference": "Patient/p2"}}, False),
        ({"code": concept(ICD10, "Z12.31")}, False),
        ({"id": "another"}, False),
    ],
)
def test_the_reason_of_a_visit_may_be_a_diagnosis_it_refers_to(reason: Json, fields: Json, counts: bool) -> None:  # noqa: FBT001 - a column of the table
    why = {**condition(concept(ICD10, "Z12.83")), "id": "why", **fields}
    assert used(read(encounter(**reason), why), "skin-exam") == (["Encounter/e1"] if counts else [])


# --- infusions written as services ----------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["completed", "in-progress", "stopped", "unknown"])
def test_an_infusion_recorded_as_a_procedure_is_a_sign_of_exposure(status: str) -> None:
    timeline = read(procedure(concept(HCPCS, "J0202"), status=status))
    assert [(item.reference, item.when is not None) for item in timeline.mentions] == [("Procedure/pr1", True)]


def test_an_infusion_that_was_not_done_is_no_sign() -> None:
    timeline = read(procedure(concept(HCPCS, "J0202"), status="not-done"))
    assert (timeline.mentions, unused(timeline)) == ((), {("Procedure/pr1", "not-done")})


@pytest.mark.parametrize(
    "fields, state",
    [
        ({}, (False, True)),
        ({"status": "draft"}, (True, False)),
        ({"status": "completed"}, (False, False)),
    ],
)
def test_an_infusion_ordered_as_a_service_is_an_order_for_the_drug(fields: Json, state: tuple[bool, bool]) -> None:
    made = {**lab_order(occurrenceDateTime="2026-03-02"), "code": concept(HCPCS, "J0202"), **fields}
    timeline = read(made)
    (found,) = timeline.drug_orders
    assert (found.draft, found.active) == state
    assert str(found.starts.first if found.starts else None) == "2026-03-02"
    assert timeline.service_orders == ()


@pytest.mark.parametrize("fields", [{"status": "revoked"}, {"doNotPerform": True}, {"intent": "proposal"}])
def test_a_service_not_to_be_done_is_no_order(fields: Json) -> None:
    timeline = read({**lab_order(), "code": concept(HCPCS, "J0202"), **fields})
    assert (timeline.drug_orders, unused(timeline)) == ((), {("ServiceRequest/s1", "not-done")})


@pytest.mark.parametrize(
    "code",
    [
        {"text": "LEMTRADA infusion"},
        concept("http://example.org/services", "INF-7", display="Lemtrada infusion"),
        {"concept": {"text": "LEMTRADA infusion"}},
    ],
)
def test_an_infusion_ordered_by_its_words_is_an_order_for_the_drug(code: Json) -> None:
    timeline = read({**lab_order(occurrenceDateTime="2026-03-02"), "code": code})
    (found,) = timeline.drug_orders
    assert (found.by_text, found.active, set(found.concepts)) == (True, True, {"alemtuzumab-unspecified"})
    assert timeline.service_orders == ()


@pytest.mark.parametrize(
    "details, concepts",
    [
        ([concept(CVX, MMR)], {"live-viral-vaccine"}),
        (
            [{"parameter": [{"code": {"text": "vaccine"}, "valueCodeableConcept": concept(CVX, MMR)}]}],
            {"live-viral-vaccine"},
        ),
        ([concept(CVX, FLU)], None),
        ([{"text": "alemtuzumab"}], None),
        ("03", None),
    ],
)
def test_a_vaccine_may_stand_in_the_details_of_an_order(details: Any, concepts: set[str] | None) -> None:
    made = {**lab_order(), "code": {"text": "Immunization"}, "orderDetail": details}
    assert [set(item.concepts) for item in read(made).service_orders] == ([concepts] if concepts else [])


def test_an_infusion_of_the_other_product_ordered_by_its_words_is_none_of_the_drug() -> None:
    assert read({**lab_order(), "code": {"text": "Campath infusion"}}).drug_orders == ()


def test_an_infusion_recorded_as_a_procedure_by_its_words_is_a_sign_of_exposure() -> None:
    (found,) = read(procedure({"text": "LEMTRADA infusion, day 1"})).mentions
    assert (found.by_text, set(found.concepts)) == (True, {"alemtuzumab-unspecified"})
    assert read(procedure({"text": "Teaching about LEMTRADA infusion"})).mentions == ()


def test_one_order_written_in_two_ways_counts_once() -> None:
    made = {**lab_order(), "code": concept(HCPCS, "J0202")}
    assert [item.reference for item in read(made, order()).drug_orders] == ["MedicationRequest/m1"]
    old = order(status="completed")
    assert len(read(made, old).drug_orders) == 2


def test_a_service_that_only_mentions_the_drug_is_no_order_for_it() -> None:
    consult = {**lab_order(), "code": {"text": "Neurology visit about alemtuzumab"}}
    assert read(consult).drug_orders == ()


# --- appointments ---------------------------------------------------------------------------------------------------


def appointment(**fields: Any) -> Json:
    made = {
        "resourceType": "Appointment",
        "id": "ap1",
        "status": "proposed",
        "start": "2026-03-02T09:00:00-05:00",
        "participant": [{"actor": {"reference": "Practitioner/x"}}, {"actor": SUBJECT}],
    }
    return without({**made, **fields})


@pytest.mark.parametrize(
    "fields, about",
    [
        ({}, False),
        ({"description": "LEMTRADA, day 1"}, True),
        ({"patientInstruction": "Please come for your LEMTRADA infusion"}, True),
        ({"patientInstruction": [{"concept": {"text": "LEMTRADA infusion"}}]}, True),
        ({"note": [{"text": "LEMTRADA day 1"}]}, True),
        ({"specialty": [{"text": "LEMTRADA infusion suite"}]}, True),
        ({"appointmentType": {"coding": [{"display": "LEMTRADA infusion"}]}}, True),
        ({"note": "x", "specialty": 3, "appointmentType": []}, False),
        ({"description": "Campath (alemtuzumab) infusion"}, False),
        ({"description": "Campath infusion"}, False),
        ({"reasonCode": [concept(RXNORM, CAMPATH)]}, False),
        ({"basedOn": [{"reference": "MedicationRequest/other"}]}, False),
        ({"comment": "alemtuzumab 12 mg"}, True),
        ({"reasonCode": [concept(RXNORM, LEMTRADA)]}, True),
        ({"serviceType": [{"text": "Alemtuzumab infusion"}]}, True),
        ({"serviceType": [{"concept": {"text": "Alemtuzumab infusion"}}]}, True),
        ({"reason": [{"concept": {"text": "alemtuzumab"}}]}, True),
        ({"reason": [{"reference": {"reference": "MedicationRequest/m1"}}]}, True),
        ({"reasonReference": [{"display": "alemtuzumab order"}]}, True),
        ({"basedOn": [{"reference": "MedicationRequest/m1"}]}, True),
        ({"basedOn": [{"reference": "MedicationRequest/r5"}]}, True),
        ({"basedOn": [{"reference": "ServiceRequest/s1"}]}, False),
        ({"basedOn": [{"reference": "MedicationRequest/gone"}]}, False),
        ({"basedOn": "x", "reason": 3, "serviceType": {"text": 5}, "description": 7}, False),
    ],
)
def test_which_appointments_are_about_the_drug(fields: Json, about: bool) -> None:  # noqa: FBT001 - a column of the table
    newer = order("r5", medicationCodeableConcept=None, medication={"reference": {"reference": "Medication/lem"}})
    medication = {"resourceType": "Medication", "id": "lem", "code": concept(RXNORM, LEMTRADA)}
    other = order("other", CAMPATH)
    (found,) = read(appointment(**fields), order(), newer, other, medication, lab_order()).appointments
    assert found.about_drug is about


@pytest.mark.parametrize(
    "fields, day",
    [
        ({}, "2026-03-02"),
        ({"start": None}, None),
        ({"start": None, "requestedPeriod": [{"start": "2026-03-09"}, {"start": "2026-03-04"}]}, "2026-03-04"),
        ({"start": None, "requestedPeriod": {"start": "2026-03-04"}}, "2026-03-04"),
        ({"start": None, "requestedPeriod": [{"end": "2026-03-09"}]}, None),
        ({"start": None, "requestedPeriod": [3, {"start": 4}]}, None),
        ({"start": None, "requestedPeriod": "soon"}, None),
    ],
)
def test_when_an_appointment_is(fields: Json, day: str | None) -> None:
    (found,) = read(appointment(**fields)).appointments
    assert (str(found.starts.first) if found.starts else None) == day


@pytest.mark.parametrize("status", ["cancelled", "noshow", "entered-in-error"])
def test_an_appointment_that_will_not_be_is_none(status: str) -> None:
    assert read(appointment(status=status, description="LEMTRADA")).appointments == ()


def test_an_appointment_is_the_patients_among_its_participants() -> None:
    other = {"resourceType": "Patient", "id": "p2"}
    first = {"resourceType": "Patient", "id": "p1"}
    entries = [{"resource": one} for one in (first, other, appointment(description="LEMTRADA"))]
    found = {t.patient: len(t.appointments) for t in timelines({"resourceType": "Bundle", "entry": entries})}
    assert found == {"Patient/p1": 1, "Patient/p2": 0}

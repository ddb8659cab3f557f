"""Whose resource is it, which version counts, what is missing: from a Bundle to each patient's timeline."""

from typing import Any

import pytest

from cds_service.core.timeline import Exposure, Gap, Source
from cds_service.fhir.decode import decode_bundle
from cds_service.fhir.reader import ALL_SOURCES, Record, bundle_record
from cds_service.fhir.structs import Entry
from tests.fhir.made import (
    ICD10,
    LOINC,
    PATIENT,
    RXNORM,
    SUBJECT,
    TSH,
    UNRELATED,
    administration,
    as_bytes,
    bundle,
    concept,
    lab_order,
    observation,
    order,
    read,
    read_for,
    timelines,
    unused,
    used,
)

Json = dict[str, Any]
BASE = "https://fhir.example.org/r4"
OTHER = "https://other.example.org/r4"
URN = "urn:uuid:7b9a3e52-0000-4000-8000-000000000003"


def about(reference: object, identity: str = "o1", **fields: Any) -> Json:
    return observation(identity, **{"subject": {"reference": reference} if reference is not None else None, **fields})


def patient(identity: str | None = "p1", **fields: Any) -> Json:
    made: Json = {"resourceType": "Patient", "id": identity, **fields}
    return {key: value for key, value in made.items() if value is not None}


# --- whose ----------------------------------------------------------------------------------------------------------


def test_each_patient_has_a_timeline_of_their_own() -> None:
    found = timelines(bundle(patient("p1"), about("Patient/p1", "a"), about("Patient/p2", "b"), patient("p2")))
    assert {t.patient: used(t) for t in found} == {"Patient/p1": ["Observation/a"], "Patient/p2": ["Observation/b"]}
    assert all(t.unused == () for t in found)


def test_without_a_patient_each_subject_has_one() -> None:
    found = timelines(
        bundle(
            about("Patient/p1", "a"),
            about(f"{BASE}/Patient/p1", "b"),
            about("Patient/p1/_history/3", "c"),
            about(URN, "d"),
            about("Patient/p2", "e", code=UNRELATED),
        )
    )
    assert {t.patient: used(t) for t in found} == {
        "Patient/p1": ["Observation/a", "Observation/b", "Observation/c"],
        URN: ["Observation/d"],
        "Patient/p2": [],
    }


def test_nobody_at_all_is_one_timeline_without_a_patient() -> None:
    (timeline,) = timelines(bundle())
    assert (timeline.patient, timeline.unused) == (None, ())
    (timeline,) = timelines({"resourceType": "Bundle"})
    assert timeline.patient is None


def test_results_without_any_subject_are_nobodys_evidence() -> None:
    (timeline,) = timelines(bundle(about(None)))
    assert (timeline.patient, used(timeline)) == (None, [])
    assert unused(timeline) == {("Observation/o1", "unresolved-reference")}
    assert set(timeline.unread) == {"tsh"}


@pytest.mark.parametrize(
    "who, reference, belongs",
    [
        (patient(), "Patient/p1", True),
        (patient(), "Patient/p1/_history/2", True),
        (patient(), "p1", True),
        (patient(), f"{BASE}/Patient/p1", True),
        (patient(fullUrl=f"{BASE}/Patient/p1"), f"{BASE}/Patient/p1", True),
        (patient(fullUrl=f"{BASE}/Patient/p1"), f"{BASE}/Patient/p1/_history/2", True),
        (patient(fullUrl=f"{BASE}/Patient/p1"), "Patient/p1", True),
        (patient(fullUrl=f"{BASE}/Patient/p1"), f"{OTHER}/Patient/p1", False),
        (patient(fullUrl=URN), URN, True),
        (patient(fullUrl=URN), "Patient/p1", True),
        (patient(None, fullUrl=URN), URN, True),
        (patient(fullUrl=URN), "urn:uuid:somebody-else", False),
        (patient(), "Patient/p2", False),
        (patient(), f"{BASE}/Patient/p2", False),
    ],
)
def test_a_subject_however_it_is_written(who: Json, reference: str, belongs: bool) -> None:  # noqa: FBT001 - a column of the table
    (timeline,) = timelines(bundle(who, about(reference)))
    assert used(timeline) == (["Observation/o1"] if belongs else [])
    assert unused(timeline) == (set() if belongs else {("Observation/o1", "wrong-patient")})
    assert timeline.unread == {}


def test_subject_may_be_a_list_or_be_called_patient() -> None:
    for named in ({"subject": [SUBJECT]}, {"subject": None, "patient": SUBJECT}, {"subject": [], "patient": SUBJECT}):
        assert used(read(observation(**named))) == ["Observation/o1"]


@pytest.mark.parametrize(
    "subject", [None, {}, {"display": "Jane"}, {"identifier": {"value": "1"}}, {"reference": "#pat"}, []]
)
def test_without_a_named_subject_there_is_doubt(subject: object) -> None:
    timeline = read(observation(subject=subject, contained=[patient("pat")]))
    assert used(timeline) == []
    assert unused(timeline) == {("Observation/o1", "unresolved-reference")}
    assert set(timeline.unread) == {"tsh"}


def test_what_names_nobody_and_bears_no_code_is_nobodys_business() -> None:
    timeline = read(observation(code=UNRELATED, subject=None))
    assert (timeline.unused, timeline.unread) == ((), {})


def test_unnamed_resources_leave_doubt_in_every_chart_in_whatever_order() -> None:
    for resources in ([about(None, "x"), about("Patient/p1", "a")], [about("Patient/p1", "a"), about(None, "x")]):
        (timeline,) = timelines(bundle(*resources))
        assert (timeline.patient, timeline.unread["tsh"]) == ("Patient/p1", ("Observation/x",))


def test_unnamed_medications_are_signs_or_doubtful_infusions() -> None:
    timeline = read(administration(subject=None), order(subject=None))
    assert [record.exposure for record in timeline.administrations] == [Exposure.UNKNOWN]
    assert [mention.reference for mention in timeline.mentions] == ["MedicationRequest/m1"]


def test_things_are_no_patients() -> None:
    resources = [about("Device/d", "a", code=UNRELATED), about("Location/l", "b"), about("Patient/p1", "c")]
    (timeline,) = timelines(bundle(*resources))
    assert (timeline.patient, used(timeline)) == ("Patient/p1", ["Observation/c"])
    assert unused(timeline) == {("Observation/b", "wrong-patient")}


def test_an_unreadable_patient_keeps_a_report() -> None:
    odd = {"resourceType": "Patient", "id": "p2", "link": "somebody"}
    found = timelines(bundle(patient(), odd, about("Patient/p2")))
    assert {t.patient: used(t) for t in found} == {"Patient/p1": [], "Patient/p2": ["Observation/o1"]}
    assert {t.patient: unused(t) for t in found}["Patient/p2"] == {("Patient/p2", "unreadable")}


def test_unreadable_resources_go_to_whom_they_name() -> None:
    def odd(reference: str) -> Json:
        return {**about(reference), "status": 7}

    found = {t.patient: t for t in timelines(bundle(patient("p1", fullUrl=URN), patient("p2"), odd(URN)))}
    assert unused(found["Patient/p1"]) == {("Observation/o1", "unreadable")}
    assert (unused(found["Patient/p2"]), found["Patient/p2"].unread) == (set(), {})
    (timeline,) = timelines(bundle(patient(), odd("Patient/p9")))
    assert (unused(timeline), timeline.unread) == ({("Observation/o1", "unreadable")}, {})


def test_a_resource_without_a_type_is_named() -> None:
    typeless = {"id": "x", "code": concept(LOINC, TSH), "subject": SUBJECT}
    timeline = read(typeless, {"fullUrl": URN})
    assert unused(timeline) == {("resource without resourceType", "unreadable"), (URN, "unreadable")}
    assert "tsh" in timeline.unread


# --- the patient of a call ------------------------------------------------------------------------------------------


def test_a_call_is_about_one_patient() -> None:
    timeline = read_for("p1", about("Patient/p1", "a"), about(f"{BASE}/Patient/p1", "b"), about("p1", "c"))
    assert timeline.patient == "Patient/p1"
    assert used(timeline) == ["Observation/a", "Observation/b", "Observation/c"]
    assert timeline.gaps == {}


def test_foreign_resources_are_named_and_leave_a_gap() -> None:
    timeline = read_for("p1", about("Patient/p1", "a"), about("Patient/p2", "b"))
    assert (used(timeline), unused(timeline)) == (["Observation/a"], {("Observation/b", "wrong-patient")})
    assert timeline.gaps == {Source.OBSERVATIONS: Gap.FOREIGN_DATA}
    alone = read_for("p1", about("Patient/p2", "b"))
    assert alone.gaps == {Source.OBSERVATIONS: Gap.PARTIAL}
    odd = read_for("p1", {**about("Patient/p2", "b"), "status": 7})
    assert (unused(odd), odd.gaps, odd.unread) == (
        {("Observation/b", "unreadable")},
        {Source.OBSERVATIONS: Gap.PARTIAL},
        {},
    )


def test_a_call_with_unnamed_typeless_and_superseded_resources() -> None:
    new = observation("v", meta={"lastUpdated": "2026-03-02T10:00:00Z"}, effectiveDateTime="2026-03-01")
    timeline = read_for("p1", observation("v"), new, about(None, "x"), {"id": "y"}, about("Device/d", code=UNRELATED))
    assert [str(r.when.first) for r in timeline.results["tsh"]] == ["2026-03-01"]
    assert unused(timeline) == {
        ("Observation/v", "duplicate"),
        ("Observation/x", "unresolved-reference"),
        ("resource without resourceType", "unreadable"),
    }
    assert timeline.gaps == {}


def test_drafts_are_orders_of_the_call() -> None:
    def entries(*resources: Json) -> list[Entry]:
        return decode_bundle(as_bytes(bundle(*resources))).entries

    from cds_service.engine import Engine

    drafts = entries(order(status="active"), lab_order(status="draft", intent="order"), observation("o", subject=None))
    timeline = Engine.load().reader.read_one(Record(drafts=[*drafts, Entry()]), "p1")
    assert [found.draft for found in timeline.drug_orders] == [True]
    assert [found.reference for found in timeline.service_orders] == ["ServiceRequest/s1"]
    assert used(timeline) == ["Observation/o"]


# --- versions -------------------------------------------------------------------------------------------------------

EARLY: Json = {"meta": {"lastUpdated": "2026-03-02T10:00:00-05:00"}}
LATE: Json = {"meta": {"lastUpdated": "2026-03-02T15:30:00Z"}}  # half an hour later, though smaller as text


@pytest.mark.parametrize(
    "first, second, kept",
    [
        (EARLY, LATE, "second"),
        (LATE, EARLY, "first"),
        ({}, LATE, "second"),
        (EARLY, {}, "first"),
        ({}, {}, "first"),
        (EARLY, EARLY, "first"),
        ({"meta": {"lastUpdated": "x"}}, LATE, "second"),
    ],
)
def test_the_latest_version_of_a_resource_counts(first: Json, second: Json, kept: str) -> None:
    one = observation("v", effectiveDateTime="2026-01-01", **first)
    two = observation("v", effectiveDateTime="2026-02-02", **second)
    timeline = read(one, two)
    assert [str(r.when.first) for r in timeline.results["tsh"]] == ["2026-01-01" if kept == "first" else "2026-02-02"]
    assert unused(timeline) == {("Observation/v", "duplicate")}


def test_a_later_version_without_the_code_takes_the_earlier_ones_place() -> None:
    timeline = read(observation("v", **EARLY), observation("v", code=UNRELATED, **LATE))
    assert (used(timeline), unused(timeline)) == ([], {("Observation/v", "duplicate")})


def test_versions_of_other_resources_are_not_named() -> None:
    assert read(observation("v", code=UNRELATED), observation("v", code=UNRELATED)).unused == ()


def test_one_id_of_two_types_or_two_patients_is_two_resources() -> None:
    resources = [observation("x"), administration("x"), about("Patient/p2", "x")]
    found = {t.patient: t for t in timelines(bundle(patient(), patient("p2"), *resources))}
    assert (used(found["Patient/p1"]), len(found["Patient/p1"].administrations)) == (["Observation/x"], 1)
    assert used(found["Patient/p2"]) == ["Observation/x"]
    assert used(read(observation("x"), observation(None), observation(None))) == [
        "Observation/x",
        "Observation (without id)",
        "Observation (without id)",
    ]


@pytest.mark.parametrize(
    "first, second, exposures",
    [
        (EARLY, LATE, [Exposure.NONE]),
        (LATE, EARLY, [Exposure.GIVEN]),
        ({}, LATE, [Exposure.GIVEN, Exposure.NONE]),
        ({}, {}, [Exposure.GIVEN, Exposure.NONE]),
    ],
)
def test_of_two_versions_of_an_infusion_the_core_decides_unless_one_is_later(
    first: Json, second: Json, exposures: list[Exposure]
) -> None:
    timeline = read(administration("v", **first), administration("v", status="entered-in-error", **second))
    assert [record.exposure for record in timeline.administrations] == exposures


# --- what is missing ------------------------------------------------------------------------------------------------


def outcome(severity: str | None) -> Json:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": "timeout"}]}


@pytest.mark.parametrize(
    "severity, partial", [("error", True), ("fatal", True), ("warning", False), ("information", False), (None, False)]
)
def test_an_error_outcome_means_that_data_are_missing(severity: str | None, partial: bool) -> None:  # noqa: FBT001 - a column of the table
    timeline = read(observation(), outcome(severity))
    assert timeline.gaps == (dict.fromkeys(ALL_SOURCES, Gap.PARTIAL) if partial else {})
    assert used(timeline) == ["Observation/o1"]


def test_an_outcome_nobody_can_read_may_be_an_error() -> None:
    timeline = read({"resourceType": "OperationOutcome", "issue": {"severity": "error"}})
    assert set(timeline.gaps.values()) == {Gap.PARTIAL}
    assert unused(timeline) == {("entry[1]", "unreadable")}


def test_outcomes_without_issues_lose_nothing() -> None:
    assert read({"resourceType": "OperationOutcome"}).gaps == {}


@pytest.mark.parametrize("relation, partial", [("next", True), ("self", False), ("previous", False)])
def test_a_next_page_means_that_data_are_missing(relation: str, partial: bool) -> None:  # noqa: FBT001 - a column of the table
    (timeline,) = timelines(bundle(PATIENT, link=[{"relation": relation, "url": "x"}]))
    assert bool(timeline.gaps) is partial


@pytest.mark.parametrize(
    "response, partial",
    [
        ({"status": "200 OK"}, False),
        ({"status": "404 Not Found"}, True),
        ({"status": "500"}, True),
        ({"outcome": outcome("error")}, True),
        ({"outcome": outcome("warning")}, False),
        ({"outcome": None}, False),
        ({"outcome": "no outcome at all"}, True),
        ({}, False),
    ],
)
def test_a_refused_part_of_a_batch_means_that_data_are_missing(response: Json, partial: bool) -> None:  # noqa: FBT001 - a column of the table
    (timeline,) = timelines({"resourceType": "Bundle", "entry": [{"resource": PATIENT}, {"response": response}]})
    assert bool(timeline.gaps) is partial
    odd = {"resource": {**observation(), "status": 7}}
    (timeline,) = timelines({"resourceType": "Bundle", "entry": [{"resource": PATIENT}, odd, {"response": response}]})
    assert bool(timeline.gaps) is partial


def nested(depth: int, *resources: Json) -> Json:
    return bundle(*resources) if depth == 0 else bundle(nested(depth - 1, *resources))


def test_bundles_within_bundles() -> None:
    assert used(read(observation("a"), bundle(observation("b"), bundle(observation("c"))))) == [
        "Observation/a",
        "Observation/b",
        "Observation/c",
    ]
    assert set(read(bundle(link=[{"relation": "next", "url": "x"}])).gaps) == set(ALL_SOURCES)
    assert set(read(bundle(outcome("error"))).gaps) == set(ALL_SOURCES)


def test_bundles_nested_beyond_reason_are_missing_data() -> None:
    (timeline,) = timelines(nested(8, PATIENT, observation()))
    assert (used(timeline), timeline.gaps) == (["Observation/o1"], {})
    (timeline,) = timelines(nested(12, PATIENT, observation()))
    assert (used(timeline), set(timeline.gaps.values())) == ([], {Gap.PARTIAL})


def test_reading_leaves_the_decoded_bundle_alone() -> None:
    decoded = decode_bundle(as_bytes(bundle(PATIENT, observation())))
    record = bundle_record(decoded)
    record.entries.append(Entry())
    assert len(decoded.entries) == 2


# --- orders for tests, conditions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields, day",
    [
        ({"occurrenceDateTime": "2026-03-05"}, "2026-03-05"),
        ({"occurrencePeriod": {"start": "2026-03-01", "end": "2026-03-05"}}, "2026-03-05"),
        ({"occurrencePeriod": {"start": "2026-03-05"}}, "2026-03-05"),
        ({"occurrenceTiming": {"event": ["2026-03-01", "2026-03-05"]}}, "2026-03-05"),
        ({"occurrenceTiming": {"repeat": {"boundsPeriod": {"end": "2026-03-05"}}}}, "2026-03-05"),
        ({"authoredOn": "2026-03-05"}, "2026-03-05"),
        ({"authoredOn": None}, None),
    ],
)
def test_open_orders_for_tests(fields: Json, day: str | None) -> None:
    (found,) = read(lab_order(**fields)).service_orders
    assert found.concepts == {"tsh"}
    assert (str(found.when.first) if found.when else None) == day
    assert (found.written is None) == (fields.get("authoredOn", "written") is None)


@pytest.mark.parametrize(
    "fields, why",
    [
        ({"status": "entered-in-error"}, "entered-in-error"),
        ({"status": "revoked"}, "not-done"),
        ({"status": None}, "bad-status"),
        ({"status": {"text": "active"}}, "bad-status"),
        ({"doNotPerform": True}, "not-done"),
        ({"status": "completed"}, None),
        ({"status": "on-hold"}, "not-done"),
        ({"status": "unknown"}, "bad-status"),
        ({"intent": "proposal"}, "not-done"),
        ({"code": UNRELATED}, None),
    ],
)
def test_what_is_no_open_order(fields: Json, why: str | None) -> None:
    timeline = read(lab_order(**fields))
    assert timeline.service_orders == ()
    assert unused(timeline) == ({("ServiceRequest/s1", why)} if why else set())


def test_an_order_dated_badly_stays_open() -> None:
    timeline = read(lab_order(occurrenceDateTime="soon"))
    assert len(timeline.service_orders) == 1
    assert unused(timeline) == {("ServiceRequest/s1", "bad-date")}


def condition(**fields: Any) -> Json:
    made: Json = {"resourceType": "Condition", "id": "c", "code": concept(ICD10, "G35"), "subject": SUBJECT}
    return {**made, **fields}


def status(code: str) -> Json:
    return {"coding": [{"code": code}]}


@pytest.mark.parametrize(
    "fields, day",
    [
        ({}, None),
        ({"recordedDate": "2020-05-01", "onsetDateTime": "2012"}, "2020-05-01"),
        ({"onsetDateTime": "2012-04-03"}, "2012-04-03"),
        ({"verificationStatus": status("confirmed")}, None),
        ({"verificationStatus": "provisional"}, None),
        ({"clinicalStatus": status("resolved")}, None),
    ],
)
def test_conditions(fields: Json, day: str | None) -> None:
    (found,) = read(condition(**fields)).conditions
    assert found.concepts == {"multiple-sclerosis"}
    assert (str(found.when.first) if found.when else None) == day


@pytest.mark.parametrize(
    "verification, named", [(status("refuted"), False), ("entered-in-error", True), (status("entered-in-error"), True)]
)
def test_refuted_conditions_are_none(verification: object, named: bool) -> None:  # noqa: FBT001 - a column of the table
    timeline = read(condition(verificationStatus=verification))
    assert timeline.conditions == ()
    assert unused(timeline) == ({("Condition/c", "entered-in-error")} if named else set())


def test_unrelated_conditions_are_none() -> None:
    assert read(condition(code=concept(ICD10, "J45"))).conditions == ()


def test_kinds_no_requirement_reads_are_still_somebodys() -> None:
    allergy = {"resourceType": "AllergyIntolerance", "id": "y", "patient": {"reference": "Patient/p2"}}
    assert unused(read(allergy)) == {("AllergyIntolerance/y", "wrong-patient")}
    assert read({**allergy, "patient": SUBJECT}).unused == ()


def test_nothing_holds_a_record_once_it_is_read() -> None:
    """A cycle would keep every record in memory until the garbage collector comes by."""
    import gc
    import weakref

    from cds_service.engine import Engine
    from cds_service.fhir.reader import _Reading

    member = {"reference": "Observation/o1"}
    decoded = decode_bundle(as_bytes(bundle(PATIENT, observation(), observation("p", "57021-8", hasMember=[member]))))
    reading = _Reading(Engine.load().reader, bundle_record(decoded))
    reading.all_patients()
    gone = weakref.ref(reading)
    gc.disable()
    try:
        del reading
        assert gone() is None
    finally:
        gc.enable()


def test_the_drug_codes_of_these_tests_are_the_labels() -> None:
    timeline = read(administration(medicationCodeableConcept=concept(RXNORM, "1594660")))
    assert timeline.administrations[0].concepts == {"lemtrada"}

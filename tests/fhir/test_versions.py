"""One resource, one version; one event, once: histories, deletions, two feeds, overlapping pages, any Bundle."""

from typing import Any

import pytest

from tests.fhir.made import (
    ICD10,
    PATIENT,
    SUBJECT,
    Json,
    administration,
    bundle,
    concept,
    observation,
    read,
    timelines,
    unused,
    used,
    without,
)

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
FEED = [{"system": "http://lab.example.org/results", "value": "4711"}]


def meta(written: str | None = None, version: str | None = None) -> Json:
    return without({"lastUpdated": written, "versionId": version})


def condition(**fields: Any) -> Json:
    made = {"resourceType": "Condition", "id": "c1", "code": concept(ICD10, "B20"), "subject": SUBJECT}
    return without({**made, **fields})


# --- versions of one resource ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "first, second, kept",
    [
        (meta(version="1"), meta(version="2"), "second"),
        (meta(version="10"), meta(version="9"), "first"),
        (meta(EARLY, "7"), meta(LATE, "3"), "second"),
        (meta(EARLY, "1"), meta(EARLY, "2"), "second"),
        (meta(version="a"), meta(version="b"), "first"),
        (meta(version="1"), meta(), "first"),
    ],
)
def test_without_a_time_the_versions_number_decides(first: Json, second: Json, kept: str) -> None:
    one = observation("v", effectiveDateTime="2026-01-01", meta=first)
    two = observation("v", effectiveDateTime="2026-02-02", meta=second)
    (found,) = read(one, two).results["tsh"]
    assert str(found.when.first) == ("2026-01-01" if kept == "first" else "2026-02-02")


def test_of_two_undated_versions_a_withdrawn_result_is_none_in_whatever_order() -> None:
    versions = [observation("v"), observation("v", status="entered-in-error")]
    for ordered in (versions, versions[::-1]):
        timeline = read(*ordered)
        assert used(timeline) == []
        assert ("Observation/v", "entered-in-error") in unused(timeline)


def test_of_two_undated_versions_a_diagnosis_stays_in_whatever_order() -> None:
    versions = [condition(), condition(verificationStatus="entered-in-error")]
    for ordered in (versions, versions[::-1]):
        assert len(read(*ordered).conditions) == 1


def test_a_version_may_name_its_patient_by_address() -> None:
    one = observation("v", meta=meta(EARLY))
    two = observation(
        "v", status="entered-in-error", meta=meta(LATE), subject={"reference": "https://x.org/Patient/p1"}
    )
    assert used(read(one, two)) == []


def test_one_resource_on_two_pages_counts_once() -> None:
    page = bundle(observation("v", meta=meta(EARLY)), type="searchset")
    whole = bundle(PATIENT, page, page, type="batch-response")
    (timeline,) = timelines(whole)
    assert used(timeline) == ["Observation/v"]


# --- histories ------------------------------------------------------------------------------------------------------


def deletion(url: str = "Observation/v", when: str | None = None) -> Json:
    response = {"status": "204"} if when is None else {"status": "204", "lastModified": when}
    return {"request": {"method": "DELETE", "url": url}, "response": response}


def history(*entries: Json) -> Json:
    return {"resourceType": "Bundle", "type": "history", "entry": [{"resource": PATIENT}, *entries]}


def version(written: str | None, **fields: Any) -> Json:
    return {"resource": observation("v", meta=meta(written), **fields), "request": {"method": "PUT"}}


@pytest.mark.parametrize(
    "entries, counts",
    [
        ([deletion(), version(None)], False),
        ([version(None), deletion()], True),
        ([version(EARLY), deletion(when=LATE)], False),
        ([deletion(when=EARLY), version(LATE)], True),
        ([deletion("https://x.org/fhir/Observation/v"), version(None)], False),
        ([deletion("Observation/w"), version(None)], True),
        ([{"request": {"method": "GET", "url": "Observation/v"}}, version(None)], True),
        ([{"request": "DELETE"}, version(None)], True),
    ],
)
def test_what_a_history_says_was_deleted_is_gone(entries: list[Json], counts: bool) -> None:  # noqa: FBT001 - a column of the table
    (timeline,) = timelines(history(*entries))
    assert used(timeline) == (["Observation/v"] if counts else [])
    assert unused(timeline) == (set() if counts else {("Observation/v", "duplicate")})


def test_a_deletion_counts_beside_an_unreadable_entry() -> None:
    odd = {"resource": {"resourceType": "Observation", "id": "odd", "status": 7, "subject": SUBJECT}}
    (timeline,) = timelines(history(deletion(), version(None), odd))
    assert used(timeline) == []


# --- one event from two feeds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
@pytest.mark.parametrize(
    "kept, withdrawn, day, identifier, counts",
    [
        (EARLY, LATE, "2026-02-16", FEED, False),
        (LATE, EARLY, "2026-02-16", FEED, True),
        (None, LATE, "2026-02-16", FEED, True),
        (EARLY, None, "2026-02-16", FEED, True),
        (EARLY, LATE, "2026-02-17", FEED, True),
        (EARLY, LATE, "2026-02-16", [{"value": "4712"}], True),
        (EARLY, LATE, "2026-02-16", None, True),
    ],
)
def test_a_result_withdrawn_later_in_another_feed_is_none(
    kept: str | None,
    withdrawn: str | None,
    day: str,
    identifier: Any,
    counts: bool,  # noqa: FBT001 - a column of the table
    status: str,
) -> None:
    one = observation("a", identifier=FEED, meta=meta(kept), effectiveDateTime="2026-02-16T08:00:00-05:00")
    two = observation("b", identifier=identifier, meta=meta(withdrawn), effectiveDateTime=day, status=status)
    timeline = read(two, one)
    assert used(timeline) == (["Observation/a"] if counts else [])
    assert (("Observation/a", "duplicate") in unused(timeline)) is not counts


def test_a_withdrawn_result_takes_no_other_test_with_it() -> None:
    one = observation("a", "2160-0", identifier=FEED, meta=meta(EARLY), effectiveDateTime="2026-02-16")
    two = observation("b", identifier=FEED, meta=meta(LATE), effectiveDateTime="2026-02-16", status="entered-in-error")
    assert used(read(one, two), "serum-creatinine") == ["Observation/a"]


def test_a_withdrawn_value_is_not_measured() -> None:
    value = {"valueQuantity": None, "valueString": "Reactive"}
    one = observation("a", "56888-1", identifier=FEED, meta=meta(EARLY), effectiveDateTime="2026-02-16", **value)
    two = {**one, "id": "b", "meta": meta(LATE), "status": "entered-in-error"}
    assert not read(one, two).measured.get("hiv-screening")


@pytest.mark.parametrize(
    "first, second, statuses",
    [
        (EARLY, LATE, []),
        (LATE, EARLY, ["Condition/c1"]),
        (None, LATE, ["Condition/c1"]),
        (EARLY, EARLY, ["Condition/c1"]),
    ],
)
def test_a_diagnosis_refuted_later_in_another_feed_is_none(
    first: str | None, second: str | None, statuses: list[str]
) -> None:
    one = condition(identifier=FEED, meta=meta(first))
    two = condition(id="c2", identifier=FEED, meta=meta(second), verificationStatus="refuted")
    for ordered in ((one, two), (two, one)):
        assert [item.reference for item in read(*ordered).conditions] == statuses


def test_two_diagnoses_may_share_an_identifier() -> None:
    one = condition(identifier=FEED, meta=meta(EARLY))
    two = condition(id="c2", code=concept(ICD10, "G35"), identifier=FEED, meta=meta(LATE))
    assert len(read(one, two).conditions) == 2


def test_a_vaccine_from_two_feeds_is_the_later_one() -> None:
    made = {"resourceType": "Immunization", "status": "completed", "patient": SUBJECT, "identifier": FEED}
    code = concept("http://hl7.org/fhir/sid/cvx", "03")
    one = {**made, "id": "v1", "vaccineCode": code, "occurrenceDateTime": "2026-02-10", "meta": meta(EARLY)}
    two = {**made, "id": "v2", "vaccineCode": code, "occurrenceDateTime": "2025-02-10", "meta": meta(LATE)}
    timeline = read(one, two)
    assert [item.reference for item in timeline.vaccinations] == ["Immunization/v2"]
    assert unused(timeline) == {("Immunization/v1", "duplicate")}


def test_administrations_that_share_an_identifier_are_left_to_the_core() -> None:
    assert len(read(administration("a1", identifier=FEED), administration("a2", identifier=FEED)).administrations) == 2


# --- Bundles of any kind --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["collection", "document", "message", "transaction", "batch", "searchset", "history", None, "anything"]
)
def test_the_type_of_a_bundle_changes_nothing(kind: str | None) -> None:
    (timeline,) = timelines(without(bundle(PATIENT, observation(), type=kind)))
    assert (used(timeline), timeline.gaps) == (["Observation/o1"], {})


def test_resources_that_come_as_parameters_are_read() -> None:
    inner = bundle(observation("in-bundle"))
    parts = [
        {"name": "a", "resource": observation("direct")},
        {"name": "b", "part": [{"name": "c", "resource": observation("nested")}, {"name": "d", "valueString": "x"}]},
        {"name": "e", "resource": inner},
        {"name": "f", "resource": {"resourceType": "Observation", "id": "odd", "status": 7, "subject": SUBJECT}},
    ]
    (timeline,) = timelines(bundle(PATIENT, {"resourceType": "Parameters", "parameter": parts}))
    assert set(used(timeline)) == {"Observation/direct", "Observation/nested", "Observation/in-bundle"}
    assert unused(timeline) == {("Observation/odd", "unreadable")}
    assert timeline.gaps == {}


@pytest.mark.parametrize("parameter", ["x", [1], {"name": "a"}])
def test_parameters_nobody_can_read_may_hold_anything(parameter: Any) -> None:
    (timeline,) = timelines(bundle(PATIENT, {"resourceType": "Parameters", "parameter": parameter}))
    assert timeline.gaps
    assert unused(timeline) == {("Parameters", "unreadable")}


def test_parameters_may_hold_nothing() -> None:
    (timeline,) = timelines(bundle(PATIENT, {"resourceType": "Parameters"}))
    assert (timeline.gaps, timeline.unused) == ({}, ())


def test_an_error_among_parameters_means_that_data_are_missing() -> None:
    error = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
    parts = [{"name": "outcome", "resource": error}]
    (timeline,) = timelines(bundle(PATIENT, {"resourceType": "Parameters", "parameter": parts}))
    assert timeline.gaps


# --- whatever the order ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "one, two, kept",
    [
        ({"effectiveDateTime": "2026-01-01"}, {"effectiveDateTime": "2026-02-02"}, "2026-01-01"),
        (
            {"effectiveDateTime": "2026-01-01", "status": "preliminary"},
            {"effectiveDateTime": "2026-02-02"},
            "2026-02-02",
        ),
        ({"effectiveDateTime": "2026-01-01"}, {"effectiveDateTime": "2026-02-02", "status": "amended"}, "2026-02-02"),
    ],
)
def test_of_two_undated_versions_the_further_one_stays_else_the_earlier(one: Json, two: Json, kept: str) -> None:
    versions = [observation("v", **one), observation("v", **two)]
    for ordered in (versions, versions[::-1]):
        (found,) = read(*ordered).results["tsh"]
        assert str(found.when.first) == kept


def test_two_undated_records_of_one_patient_say_what_either_says() -> None:
    records = [
        {"resourceType": "Patient", "id": "p1", "birthDate": "1988-06-03"},
        {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1988"},
    ]
    persons = [timelines(bundle(*ordered))[0].person for ordered in (records, records[::-1])]
    assert persons[0] == persons[1]
    assert persons[0] is not None
    assert (persons[0].gender, persons[0].born is not None) == ("female", True)


@pytest.mark.parametrize("written", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_versions_at_the_ends_of_the_calendar_are_read(written: str) -> None:
    (found,) = read(administration(meta=meta(written))).administrations
    assert found.last_updated is None

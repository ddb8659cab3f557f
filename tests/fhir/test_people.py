"""Patients: death, sex, and which of them are one and the same."""

from typing import Any

import pytest

from cds_service.core.timeline import Person
from tests.fhir.made import Json, bundle, observation, read_for, timelines, unused, used, without


def patient(identity: str | None = "p1", **fields: Any) -> Json:
    return without({"resourceType": "Patient", "id": identity, **fields})


def about(identity: str, reference: str) -> Json:
    return observation(identity, subject={"reference": reference})


def link(kind: str, reference: str) -> list[Json]:
    return [{"type": kind, "other": {"reference": reference}}]


def person(*resources: Json) -> Person:
    (found,) = timelines(bundle(*resources))
    assert found.person is not None
    return found.person


@pytest.mark.parametrize(
    "fields, deceased, died",
    [
        ({}, False, None),
        ({"deceasedBoolean": False}, False, None),
        ({"deceasedBoolean": True}, True, None),
        ({"deceasedDateTime": "2026-03"}, True, "2026-03-01"),
        ({"deceasedDateTime": "2026-03-04T05:06:07Z"}, True, "2026-03-04"),
        ({"deceasedDateTime": "last winter"}, True, None),
    ],
)
def test_a_death_without_a_readable_date_is_a_death(fields: Json, deceased: bool, died: str | None) -> None:  # noqa: FBT001 - a column of the table
    found = person(patient(**fields))
    assert (found.deceased, str(found.died.first) if found.died else None) == (deceased, died)


@pytest.mark.parametrize(
    "fields, gender, born",
    [
        ({"gender": "female", "birthDate": "1990-05"}, "female", "1990-05-01"),
        ({"gender": "unknown"}, "unknown", None),
        ({"gender": "Frau", "birthDate": "1990-13"}, None, None),
    ],
)
def test_sex_and_birth(fields: Json, gender: str | None, born: str | None) -> None:
    found = person(patient(**fields))
    assert (found.gender, str(found.born.first) if found.born else None) == (gender, born)


def test_without_a_patient_nobody_is_known() -> None:
    (found,) = timelines(bundle(observation()))
    assert found.person is None


@pytest.mark.parametrize(
    "first, second, name",
    [
        ({"link": link("replaced-by", "Patient/p2")}, {}, "Patient/p2"),
        ({"link": link("replaces", "Patient/p2")}, {}, "Patient/p1"),
        ({}, {"link": link("replaces", "Patient/p1")}, "Patient/p2"),
        ({"link": link("replaced-by", "https://ehr.example.org/fhir/Patient/p2/_history/3")}, {}, "Patient/p2"),
        ({"link": link("replaced-by", "Patient/p2")}, {"link": link("replaces", "Patient/p1")}, "Patient/p2"),
        ({"link": link("replaced-by", "Patient/p2")}, {"link": link("replaced-by", "Patient/p1")}, "Patient/p1"),
    ],
)
def test_linked_patients_are_one_named_by_the_record_that_replaces(first: Json, second: Json, name: str) -> None:
    entries = [patient("p1", **first), patient("p2", **second), about("o1", "Patient/p1"), about("o2", "Patient/p2")]
    for ordered in (entries, entries[::-1]):
        (found,) = timelines(bundle(*ordered))
        assert found.patient == name
        assert set(used(found)) == {"Observation/o1", "Observation/o2"}
        assert found.unused == ()


@pytest.mark.parametrize("kind", ["refer", "seealso", None])
def test_other_links_leave_two_patients(kind: str | None) -> None:
    one = patient("p1", link=[without({"type": kind, "other": {"reference": "Patient/p2"}})])
    assert {found.patient for found in timelines(bundle(one, patient("p2")))} == {"Patient/p1", "Patient/p2"}


def test_a_chain_of_links_ends_at_the_last_record_in_the_data() -> None:
    one = patient("p1", link=link("replaced-by", "Patient/p2"))
    two = patient("p2", link=link("replaced-by", "Patient/gone"))
    (found,) = timelines(bundle(one, two, about("o1", "Patient/gone")))
    assert (found.patient, used(found)) == ("Patient/p2", ["Observation/o1"])


def test_links_by_address() -> None:
    one = patient("p1", link=link("replaced-by", "urn:uuid:0b1a5f5e-6c1f-4d9d-9a43-2f6f0f0a7a11"), fullUrl="urn:uuid:1")
    two = patient("p2", fullUrl="urn:uuid:0b1a5f5e-6c1f-4d9d-9a43-2f6f0f0a7a11")
    (found,) = timelines(bundle(one, two, about("o1", "urn:uuid:1"), about("o2", "Patient/p2")))
    assert (found.patient, set(used(found))) == ("Patient/p2", {"Observation/o1", "Observation/o2"})


def test_two_records_of_one_person_say_what_either_says() -> None:
    one = patient("p1", gender="female", deceasedBoolean=True, birthDate="1990", link=link("replaced-by", "Patient/p2"))
    two = patient("p2", gender="male")
    for ordered in ((one, two), (two, one)):
        found = person(*ordered)
        assert (found.gender, found.deceased, found.born is not None) == ("male", True, True)


def test_a_call_about_either_record_reads_both() -> None:
    entries = [patient("p1", link=link("replaced-by", "Patient/p2")), patient("p2"), about("o2", "Patient/p2")]
    for called in ("p1", "p2"):
        found = read_for(called, *entries)
        assert (found.patient, used(found), found.gaps) == (f"Patient/{called}", ["Observation/o2"], {})


def test_a_link_to_a_related_person_joins_nobody() -> None:
    one = patient("p1", link=link("seealso", "RelatedPerson/r"))
    assert [found.patient for found in timelines(bundle(one))] == ["Patient/p1"]


@pytest.mark.parametrize("subject", ["Patient?identifier=http://x|1", "#p1", ""])
def test_a_subject_that_is_still_to_be_found_is_nobody(subject: str) -> None:
    (found,) = timelines(bundle(patient(), about("o1", subject)))
    assert unused(found) == {("Observation/o1", "unresolved-reference")}
    assert found.unread["tsh"] == ("Observation/o1",)

"""Bytes to resources: one odd resource costs nothing but itself."""

import json
from typing import Any

import pytest

from cds_service.fhir.decode import (
    NotABundleError,
    Unreadable,
    UnreadableInputError,
    as_text,
    decode_bundle,
    decode_resource,
    decode_value,
    salvage,
    split_lines,
)
from tests.fhir.made import (
    PATIENT,
    SUBJECT,
    administration,
    as_bytes,
    bundle,
    concept,
    observation,
    panel,
    read,
    timelines,
    unused,
    used,
)

# Shapes that other resource types (or other versions of FHIR) give to fields of the same name.
FOREIGN: list[dict[str, Any]] = [
    {"resourceType": "QuestionnaireResponse", "identifier": {"system": "urn:x", "value": "1"}, "status": "completed"},
    {"resourceType": "List", "entry": [{"item": {"reference": "Observation/x"}}], "code": {"text": "a list"}},
    {"resourceType": "PractitionerRole", "code": [{"coding": [{"code": "doctor"}]}]},
    {"resourceType": "Questionnaire", "code": [{"system": "http://loinc.org", "code": "3016-3"}]},
    {"resourceType": "SearchParameter", "code": "name"},
    {"resourceType": "Account", "subject": [{"reference": "Patient/p1"}]},
    {"resourceType": "MedicinalProductDefinition", "status": {"coding": [{"code": "active"}]}},
    {"resourceType": "SubstanceDefinition", "code": [{"code": {"text": "x"}}], "status": {"text": "draft"}},
    {"resourceType": "AdministrableProductDefinition", "ingredient": [{"coding": [{"code": "x"}]}]},
    {"resourceType": "Substance", "ingredient": [{"quantity": {"numerator": {"value": 1}}}]},
    {"resourceType": "Person", "link": [{"target": {"reference": "Patient/p1"}}]},
    {"resourceType": "MedicationRequest", "category": {"text": "an object"}, "subject": SUBJECT},
    {"resourceType": "Observation", "category": {"text": "an object"}, "subject": SUBJECT, "code": {"text": "x"}},
    {"resourceType": "Parameters", "parameter": [{"name": "x", "valueString": "y"}]},
    {"resourceType": "Encounter", "subject": SUBJECT, "identifier": "not a list", "meta": "nothing"},
    {"resourceType": "MadeUp", "code": {"a": 1}, "contained": []},
]


@pytest.mark.parametrize("resource", FOREIGN, ids=lambda r: r["resourceType"])
def test_other_types_neither_break_the_bundle_nor_are_reported(resource: dict[str, Any]) -> None:
    body = as_bytes(bundle(PATIENT, resource, observation()))
    decoded = decode_bundle(body)
    assert len(decoded.entries) == 3
    assert decoded.unreadable == []
    (timeline,) = timelines(body)
    assert used(timeline) == ["Observation/o1"]
    assert timeline.unused == ()
    assert timeline.unread == {}


def test_a_foreign_type_that_cannot_be_decoded_is_passed_over() -> None:
    odd = {"resourceType": "MolecularSequence", "id": "s1", "status": 7, "code": 3}
    timeline = read(odd, observation())
    assert (used(timeline), timeline.unused, timeline.unread) == (["Observation/o1"], (), {})


DAMAGE: list[dict[str, Any]] = [
    {"status": 7},
    {"status": ["final"]},
    {"effectiveDateTime": 20260216},
    {"effectivePeriod": "2026"},
    {"valueQuantity": [1]},
    {"valueQuantity": {"value": True}},
    {"valueQuantity": {"value": {"a": 1}}},
    {"component": {"code": {}}},
    {"component": [None]},
    {"subject": "Patient/p1"},
    {"code": 7},
    {"code": {"coding": "3016-3"}},
    {"code": {"coding": [None]}},
    {"hasMember": "Observation/x"},
    {"contained": {"resourceType": "Observation"}},
    {"id": 12},
]


@pytest.mark.parametrize("damage", DAMAGE, ids=str)
def test_exactly_the_odd_resource_is_lost_and_named(damage: dict[str, Any]) -> None:
    odd = {**observation("odd"), **damage}
    timeline = read(observation("before"), odd, observation("after"))
    assert used(timeline) == ["Observation/before", "Observation/after"]
    name = "entry[2]" if "id" in damage else "Observation/odd"
    assert unused(timeline) == {(name, "unreadable")}
    assert timeline.unread


def test_a_readable_code_limits_the_doubt() -> None:
    unreadable = {**observation("x", "2951-2"), "status": 7}
    assert read(unreadable).unread == {}
    assert set(read({**observation("x"), "status": 7}).unread) == {"tsh"}
    assert set(read({**observation("x"), "status": 7, "code": {"coding": "?"}}).unread) == {"*"}
    assert set(read({**observation("x"), "code": "3016-3"}).unread) == {"*"}
    whole = {**panel("x", "85354-9", component=[{"code": concept("http://loinc.org", "3016-3")}]), "status": 7}
    assert set(read(whole).unread) == {"tsh"}
    one_coding = {**observation("x"), "code": {"coding": {"system": "http://loinc.org", "code": "3016-3"}}}
    assert set(read(one_coding).unread) == {"tsh"}


def test_what_never_happened_leaves_no_doubt() -> None:
    odd = {**observation("x", status="entered-in-error"), "issued": 5}
    timeline = read(odd)
    assert unused(timeline) == {("Observation/x", "unreadable")}
    assert timeline.unread == {}


def test_a_bundle_inside_the_bundle_is_taken_apart_as_well() -> None:
    inner = bundle(observation("good"), {**observation("odd"), "status": 7}, link=[{"relation": "next", "url": "x"}])
    timeline = read(observation("outer"), inner)
    assert used(timeline) == ["Observation/outer", "Observation/good"]
    assert unused(timeline) == {("Observation/odd", "unreadable")}
    assert set(timeline.gaps.values()) == {"partial"}


def test_an_inner_bundle_that_cannot_be_taken_apart_is_named() -> None:
    inner = {"resourceType": "Bundle", "id": "inner", "entry": {"resource": observation()}}
    assert unused(read(inner)) == {("Bundle/inner", "unreadable")}


@pytest.mark.parametrize("member", [b"1e999", b'"\\ud800"', b"[" * 2000 + b"]" * 2000])
def test_a_member_that_is_no_value_leaves_the_others(member: bytes) -> None:
    resource = json.dumps({**observation("odd"), "status": 7}).encode()[:-1] + b', "note": ' + member + b"}"
    odd: list[Unreadable] = []
    assert decode_resource(resource, "entry[0]", odd) is None
    assert odd[0].reference in {"Observation/odd", "entry[0]"}
    if member == b"1e999":
        assert odd[0].plain["code"] == observation()["code"]


def test_references_of_unreadable_resources() -> None:
    assert Unreadable("entry[3]", {"resourceType": "Observation", "id": "x"}).reference == "Observation/x"
    assert Unreadable("entry[3]", {"resourceType": "Observation", "id": 7}).reference == "entry[3]"
    assert Unreadable("entry[3]", {}).reference == "entry[3]"


def test_entries_without_a_resource() -> None:
    body = {"resourceType": "Bundle", "entry": [{}, {"resource": None}, {"fullUrl": "urn:x"}, {"resource": PATIENT}]}
    assert [e.resource is not None for e in decode_bundle(as_bytes(body)).entries] == [False, False, False, True]
    (timeline,) = timelines(body)
    assert timeline.unused == ()
    # and the same, entry by entry
    (timeline,) = timelines({**body, "entry": [*body["entry"], {"resource": {**observation("o"), "status": 7}}]})
    assert unused(timeline) == {("Observation/o", "unreadable")}


def test_a_null_entry_is_named_by_its_place() -> None:
    (timeline,) = timelines({"resourceType": "Bundle", "entry": [{"resource": PATIENT}, None]})
    assert unused(timeline) == {("entry[1]", "unreadable")}
    assert "*" in timeline.unread


def test_an_unreadable_administration_may_have_been_an_infusion() -> None:
    odd = {**administration("a"), "status": 7}
    (record,) = read(odd).administrations
    assert (record.reference, record.exposure, record.concepts) == (
        "MedicationAdministration/a",
        "unknown",
        frozenset({"lemtrada"}),
    )


def test_an_unreadable_administration_is_recognised_by_its_reference() -> None:
    medication = {
        "resourceType": "Medication",
        "id": "m",
        "code": concept("http://www.nlm.nih.gov/research/umls/rxnorm", "1594660"),
    }
    odd = {**administration("a", medicationCodeableConcept=None), "status": 7}
    (record,) = read(medication, {**odd, "medicationReference": {"reference": "Medication/m"}}).administrations
    assert record.concepts == {"lemtrada"}
    (record,) = read({**odd, "medicationReference": {"reference": "Medication/m"}}).administrations
    assert record.concepts == set()


def test_an_unreadable_medication_still_says_what_it_can() -> None:
    code = concept("http://www.nlm.nih.gov/research/umls/rxnorm", "1594660")
    odd = {"resourceType": "Medication", "id": "m", "code": code, "ingredient": "water"}
    timeline = read(
        odd, administration(medicationCodeableConcept=None, medicationReference={"reference": "Medication/m"})
    )
    assert unused(timeline) == {("Medication/m", "unreadable")}
    assert timeline.administrations[0].concepts == {"lemtrada"}


def test_salvage_keeps_every_field_that_is_right_by_itself() -> None:
    kept = salvage({"resourceType": "Observation", "id": 7, "status": "final", "unknown": 1, "meta": {}, "entry": []})
    assert (kept.resourceType, kept.id, kept.status, kept.entry) == ("Observation", None, "final", None)


@pytest.mark.parametrize(
    "body, place",
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"{", "not JSON"),
        (b'{"resourceType":"Bundle"', "not JSON"),
        (b"<Bundle/>", "not JSON"),
        (b'{"resourceType":"Bundle"} x', "not JSON"),
        (b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation","status":NaN}}]}', "not JSON"),
        (b'{"resourceType":"Bundle","entry":[{"resource":{"id":"\\ud800"}}]}', "not JSON"),
        (b'{"resourceType":"Bundle","entry":[{"resource":{"id":5}},{"resource":', "not JSON"),
        (b"[" * 10_000, "not JSON|no object|nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused(body: bytes, place: str) -> None:
    with pytest.raises(UnreadableInputError, match=place):
        decode_bundle(body)


@pytest.mark.parametrize(
    "body, said",
    [
        (b"[]", "no object"),
        (b"5", "no object"),
        (b'"text"', "no object"),
        (b"null", "no object"),
        (b"{}", "no resourceType"),
        (b'{"resourceType":null}', "no resourceType"),
        (b'{"resourceType":"Patient"}', "a resource of type Patient"),
        (b'{"resourceType":"Patient","id":5}', "a resource of type Patient"),
        (b'{"resourceType":"Jane Roe"}', "something else"),
        (b'{"resourceType":5}', "something else"),
        (b'{"resourceType":"Bundle","entry":{}}', "Bundle.entry"),
        (b'{"resourceType":"Bundle","link":5}', "Bundle.link"),
    ],
)
def test_what_is_no_bundle_is_refused_with_what_was_expected(body: bytes, said: str) -> None:
    with pytest.raises(NotABundleError, match=said) as caught:
        decode_bundle(body)
    assert "Bundle" in str(caught.value)
    assert "Jane" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":%s1%s}' % (b"[" * 10_000, b"]" * 10_000),
        b'{"resourceType":"Bundle","entry":[{"resource":%s1%s}]}' % (b'{"contained":[' * 10_000, b"]}" * 10_000),
        b'{"resourceType":"Bundle","entry":[{"resource":{"id":5}},{"resource":{"result":%s1%s}}]}'
        % (b"[" * 10_000, b"]" * 10_000),
    ],
)
def test_deep_nesting_is_refused(text: bytes) -> None:
    with pytest.raises(UnreadableInputError, match="nested too deeply"):
        decode_bundle(text)


def test_utf8_is_checked_even_where_nothing_is_read() -> None:
    with pytest.raises(UnreadableInputError, match=r"not UTF-8 text \(byte 9\)"):
        as_text(b'{"note":"\xff"}')
    assert as_text(b"\xef\xbb\xbf{}") == b"{}"
    with pytest.raises(UnreadableInputError, match="UTF-8"):
        as_text("{}".encode("utf-16"))


def test_prefetch_values_one_by_one() -> None:
    resource, none = decode_value(as_raw(PATIENT))
    assert resource is not None
    assert (resource.id, none) == ("p1", None)
    nothing, decoded = decode_value(as_raw(bundle(PATIENT)))
    assert nothing is None
    assert decoded is not None
    assert len(decoded.entries) == 1
    nothing, decoded = decode_value(as_raw(bundle(PATIENT, {**observation(), "status": 7})))
    assert decoded is not None
    assert [item.reference for item in decoded.unreadable] == ["Observation/o1"]
    assert decode_value(as_raw({"resourceType": "Patient", "id": 7})) == (None, None)
    assert decode_value(as_raw([])) == (None, None)


def as_raw(value: object) -> Any:
    import msgspec

    return msgspec.Raw(as_bytes(value))


def test_lines_are_numbered_and_empty_ones_skipped() -> None:
    assert list(split_lines(b'{"a":1}\r\n\n  \n{"b":2}')) == [(1, b'{"a":1}'), (4, b'{"b":2}')]

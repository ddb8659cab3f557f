"""A request taken apart: head and prefetch, in one pass or piece by piece."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.fhir.decode import UnreadableInputError
from cds_service.fhir.envelope import Envelope, decode_envelope
from fhir_fixtures import load_story

Json = dict[str, Any]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(["hook", "hookInstance", "context", "prefetch", "fhirServer", "extension", "other"])


def decoded(**members: object) -> Envelope:
    return decode_envelope(json.dumps(members).encode())


def test_the_head_is_plain_and_the_prefetch_typed() -> None:
    envelope = decoded(
        hook="patient-view",
        context={"patientId": "p", "nested": [1, {"a": None}]},
        prefetch={
            "patient": {"resourceType": "Patient", "id": "p"},
            "observations": {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Observation"}}]},
            "reports": None,
        },
        unknown=[1, 2],
    )
    assert envelope.head == {"hook": "patient-view", "context": {"patientId": "p", "nested": [1, {"a": None}]}}
    patient, observations = envelope.prefetch["patient"], envelope.prefetch["observations"]
    assert patient.resource is not None
    assert patient.resource.id == "p"
    assert observations.decoded is not None
    assert len(observations.decoded.entries) == 1
    assert envelope.prefetch["reports"].is_null


def test_a_bundle_without_resources_is_empty_and_complete() -> None:
    values: tuple[Json, ...] = ({}, {"entry": []}, {"entry": None}, {"type": "searchset", "total": 0})
    for value in values:
        prefetched = decoded(prefetch={"reports": {"resourceType": "Bundle"} | value}).prefetch["reports"]
        assert prefetched.decoded is not None
        assert (prefetched.decoded.entries, prefetched.decoded.unreadable) == ([], [])


@pytest.mark.parametrize("value", ["text", 3, True, [], ["x"], {"entry": 3}, {"resourceType": 7}])
def test_one_odd_value_costs_only_itself(value: object) -> None:
    good = {"resourceType": "Patient", "id": "p"}
    envelope = decoded(hook="patient-view", prefetch={"patient": good, "reports": value})
    patient = envelope.prefetch["patient"].resource
    assert patient is not None
    assert patient.id == "p"
    reports = envelope.prefetch["reports"]
    assert (reports.is_null, reports.decoded) == (False, None)
    assert envelope.head["hook"] == "patient-view"


def test_one_odd_resource_costs_only_itself() -> None:
    odd = {"resourceType": "Observation", "id": "odd", "valueQuantity": "many"}
    entries = [{"resource": odd}, {"resource": {"resourceType": "Observation", "id": "good"}}]
    found = decoded(prefetch={"observations": {"resourceType": "Bundle", "entry": entries}}).prefetch["observations"]
    assert found.decoded is not None
    assert [entry.resource.id for entry in found.decoded.entries if entry.resource is not None] == ["good"]
    assert [item.reference for item in found.decoded.unreadable] == ["Observation/odd"]


@pytest.mark.parametrize("value", [3, "text", ["x"]])
def test_a_prefetch_that_is_no_object_is_left_to_the_checks(value: object) -> None:
    assert decoded(hook="x", prefetch=value).head["prefetch"] == "not an object"


@pytest.mark.parametrize("body", [b"[]", b"3", b"null", b'"x"'])
def test_json_that_is_no_object_has_an_empty_head(body: bytes) -> None:
    assert decode_envelope(body) == Envelope({})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nope",
        b'{"a": NaN}',
        b'{"extension": 1e999}',
        b"\xff",
        b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    ],
    ids=range(7),
)
def test_what_is_not_json_is_said_without_quoting_it(body: bytes) -> None:
    with pytest.raises(UnreadableInputError) as refused:
        decode_envelope(body)
    assert "nope" not in str(refused.value)


def test_a_number_beyond_every_range_inside_a_resource_costs_only_that_resource() -> None:
    body = (
        b'{"hook": "x", "prefetch": {"observations": {"resourceType": "Bundle", "entry": [{"resource": '
        b'{"resourceType": "Observation", "id": "odd", "valueQuantity": {"value": 1e999}}}, '
        b'{"resource": {"resourceType": "Observation", "id": "good"}}]}}}'
    )
    found = decode_envelope(body).prefetch["observations"].decoded
    assert found is not None
    assert "good" in {entry.resource.id for entry in found.entries if entry.resource is not None}


@given(st.dictionaries(KEYS, JSON, max_size=6))
def test_any_json_object_is_taken_apart_or_refused(body: Json) -> None:
    try:
        envelope = decode_envelope(json.dumps(body).encode())
    except UnreadableInputError:
        return
    assert set(envelope.head) <= {*body, "prefetch"}


def test_both_ways_of_decoding_agree_on_a_whole_request() -> None:
    body = load_story("lapsed-monthly-labs").requests["patient-view"]
    quick = decode_envelope(json.dumps(body).encode())
    slow = decode_envelope(json.dumps({**body, "prefetch": {**body["prefetch"], "odd": 3}}).encode())
    assert quick.head == slow.head
    for key, value in quick.prefetch.items():
        assert slow.prefetch[key] == value

"""`--strict`: which resources full FHIR R4 validation refuses, named by place and field, never by value."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cds_service.fhir.decode import NotABundleError, UnreadableInputError
from cds_service.fhir.strict import validate_bundle
from fhir_fixtures import load_story, story_names

Json = dict[str, Any]


def body(*resources: object) -> bytes:
    return json.dumps({"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}).encode()


@pytest.mark.parametrize("name", story_names()[::6])
def test_the_stories_are_strictly_valid(name: str) -> None:
    validate_bundle(json.dumps(load_story(name).bundle).encode())


@pytest.mark.parametrize(
    "resource, place",
    [
        ({"resourceType": "Patient", "birthDate": "Zebedee"}, "entry[0] Patient.birthDate"),
        ({"resourceType": "Patient", "unheard": "Zebedee"}, "entry[0] Patient.unheard"),
        ({"resourceType": "Observation", "code": {"text": "x"}}, "entry[0] Observation"),
        ({"resourceType": "Zebedee"}, "entry[0]: not a resource type"),
        ({"id": "x"}, "entry[0]: no resource"),
        ("text", "entry[0]: no resource"),
    ],
)
def test_what_is_refused_is_named(resource: object, place: str) -> None:
    with pytest.raises(UnreadableInputError) as refused:
        validate_bundle(body(resource))
    assert place in str(refused.value)
    assert "Zebedee" not in str(refused.value)


def test_at_most_five_problems_are_listed() -> None:
    with pytest.raises(UnreadableInputError, match="and 4 more"):
        validate_bundle(body(*[{"resourceType": "Patient", "active": "maybe"}] * 9))


@pytest.mark.parametrize("content", [b"nope", b"[1, 2]", b"{}", b'{"resourceType": "Patient"}', b"\xff"])
def test_what_is_no_bundle(content: bytes) -> None:
    with pytest.raises(UnreadableInputError):
        validate_bundle(content)
    if content.startswith(b"{"):
        with pytest.raises(NotABundleError):
            validate_bundle(content)


def test_entries_without_a_resource_pass() -> None:
    validate_bundle(b'{"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:1"}]}')
    validate_bundle(b'{"resourceType": "Bundle"}')


@pytest.mark.parametrize("entry", [b"3", b'"x"', b'{"resource": 3}', b"{}"])
def test_an_entry_that_is_no_array(entry: bytes) -> None:
    with pytest.raises(UnreadableInputError):
        validate_bundle(b'{"resourceType": "Bundle", "entry": ' + entry + b"}")

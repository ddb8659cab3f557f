"""Row A2: nothing null, nothing empty; Hypothesis over every response the models allow."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_service.cds_hooks.empties import find_empties, prune, prune_object
from cds_service.cds_hooks.models import (
    Action,
    Card,
    CdsResponse,
    Coding,
    Link,
    OverrideReason,
    Source,
    Suggestion,
)
from cds_service.cds_hooks.wire import decode_response, encode_response

CHARACTERS = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"))
TEXT = st.text(CHARACTERS, min_size=1, max_size=30).filter(str.strip)
OPTIONAL = st.none() | st.text(CHARACTERS, max_size=20)
URLS = st.sampled_from(["https://a.example", "http://127.0.0.1:8000/x?y=z#f", "https://b.example/%20"])
# A key with an underscore is FHIR's parallel member, whose null fillers the models refuse by name (test_models).
KEYS = st.text(CHARACTERS, max_size=6).filter(lambda key: not key.startswith("_"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.none() | st.dictionaries(st.sampled_from("abcxyz"), JSON, max_size=3)
CODINGS = st.builds(Coding, code=TEXT, system=st.sampled_from(["urn:s", "http://loinc.org"]), display=OPTIONAL)
RESOURCES = OBJECTS.map(lambda extra: {**(extra or {}), "resourceType": "Task", "id": "t"})
ACTIONS = st.one_of(
    st.builds(
        Action,
        type=st.sampled_from(["create", "update"]),
        description=TEXT,
        resource=RESOURCES,
        resource_id=st.none(),
        extension=OBJECTS,
    ),
    st.builds(
        Action,
        type=st.just("delete"),
        description=TEXT,
        resource=st.none(),
        resource_id=st.just("Task/t"),
        extension=OBJECTS,
    ),
)
SUGGESTIONS = st.builds(
    Suggestion,
    label=TEXT,
    uuid=st.none() | st.uuids(),
    is_recommended=st.booleans(),
    actions=st.lists(ACTIONS, max_size=2).map(tuple),
    extension=OBJECTS,
)
LINKS = st.builds(
    Link,
    label=TEXT,
    url=URLS,
    type=st.just("smart"),
    app_context=OPTIONAL,
    autolaunchable=st.none() | st.booleans(),
    extension=OBJECTS,
)
CARDS = st.builds(
    Card,
    uuid=st.none() | st.uuids(),
    summary=st.text(CHARACTERS, min_size=1, max_size=69).filter(str.strip),
    detail=OPTIONAL,
    indicator=st.sampled_from(["info", "warning", "critical"]),
    source=st.builds(
        Source, label=TEXT, url=st.none() | URLS, icon=st.none() | URLS, topic=st.none() | CODINGS, extension=OBJECTS
    ),
    suggestions=st.lists(SUGGESTIONS, max_size=2, unique_by=lambda item: item.uuid).map(tuple),
    selection_behavior=st.just("any"),
    override_reasons=st.lists(
        st.builds(OverrideReason, code=TEXT, system=st.just("urn:s"), display=TEXT), max_size=2
    ).map(tuple),
    links=st.lists(LINKS, max_size=2).map(tuple),
    extension=OBJECTS,
)
RESPONSES = st.builds(
    CdsResponse,
    cards=st.lists(CARDS, max_size=2, unique_by=lambda item: item.uuid).map(tuple),
    system_actions=st.lists(ACTIONS, max_size=1).map(tuple),
    extension=OBJECTS,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RESPONSES)
def test_a2_any_valid_response_encodes_without_empties_and_decodes_back(response: CdsResponse) -> None:
    body = encode_response(response, check=True)
    decoded = json.loads(body)
    assert find_empties(decoded) == []
    assert _independent_empties(decoded, root=True) == 0
    assert isinstance(decoded["cards"], list)
    assert len(decoded["cards"]) == len(response.cards)
    again = decode_response(body)
    assert encode_response(again) == body
    assert again == response


def _independent_empties(value: Any, *, root: bool = False) -> int:
    """Counts empties in another way than the code under test."""
    if isinstance(value, dict):
        children = [item for key, item in value.items() if not (root and key == "cards" and item == [])]
    elif isinstance(value, list):
        children = value
    else:
        return 0
    return sum(item in (None, "", [], {}) for item in children) + sum(map(_independent_empties, children))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), JSON, max_size=3))
def test_prune_is_clean_idempotent_and_keeps_every_value(value: dict[str, Any]) -> None:
    pruned = prune_object(value)
    assert find_empties({"x": pruned or 1}) == []
    assert prune_object(pruned) == pruned
    assert _leaves(pruned) == _leaves(value)


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [] if value in (None, "") else [value]


@pytest.mark.parametrize(
    "body, paths",
    [
        ({"cards": []}, []),
        ({"services": []}, []),
        ({"cards": None}, ["cards"]),
        ({"cards": {}}, ["cards"]),
        ({"systemActions": [], "cards": []}, ["systemActions"]),
        ({"cards": [{"detail": None, "links": [], "source": {"label": ""}}]}, [
            "cards[0].detail", "cards[0].links", "cards[0].source.label",
        ]),
        ({"cards": [{"cards": []}]}, ["cards[0].cards"]),
        ({"cards": [{"extension": {"x": [{}, [1, None]]}}]}, [
            "cards[0].extension.x[0]", "cards[0].extension.x[1][1]",
        ]),
        ({"x": {"cards": []}}, ["x.cards"]),
        ({"a": 0, "b": False}, []),
        ({}, ["$"]),
        ([], ["$"]),
        (None, ["$"]),
        ("", ["$"]),
    ],
)  # fmt: skip
def test_a2_find_empties(body: object, paths: list[str]) -> None:
    assert find_empties(body) == paths


def test_a2_find_empties_below_the_root_allows_nothing() -> None:
    assert find_empties({"cards": []}, at_root=False) == ["cards"]


@pytest.mark.parametrize("check", [True, False])
def test_a2_check_mode_finds_what_went_around_the_validators(check: bool) -> None:  # noqa: FBT001
    card = Card(summary="s", indicator="info", source=Source(label="l"), extension={"x": 1})
    spoiled = card.model_copy(update={"extension": {"x": None}})
    response = CdsResponse().model_copy(update={"cards": (spoiled,)})
    if check:
        with pytest.raises(ValueError, match=r"cards\[0\]\.extension\.x"):
            encode_response(response, check=True)
    else:
        assert b"null" in encode_response(response)


@pytest.mark.parametrize(
    "value, expected",
    [
        ({"a": None, "b": "", "c": [], "d": {}, "e": 0, "f": False}, {"e": 0, "f": False}),
        ({"a": {"b": {"c": None}}}, None),
        ([None, "", [{}]], None),
        ((1, None, 2), [1, 2]),
        ({"u": UUID(int=1)}, {"u": "00000000-0000-0000-0000-000000000001"}),
        ({"d": date(2026, 1, 2)}, {"d": "2026-01-02"}),
        ({"d": datetime(2026, 1, 2, tzinfo=UTC)}, {"d": "2026-01-02T00:00:00+00:00"}),
        ({"given": ["A", None]}, {"given": ["A"]}),
    ],
)
def test_prune(value: object, expected: object) -> None:
    assert prune(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"x": float("nan")},
        {"x": float("inf")},
        {"x": Decimal("NaN")},
        {"x": "\ud800"},
        {"\ud800": 1},
        {"x": 2**63},
        {"x": b"bytes"},
        {"x": {1}},
        {1: "x"},
        {"given": ["A", None], "_given": [None, {"extension": [{"url": "u"}]}]},
    ],
)
def test_prune_refuses_what_json_cannot_carry(value: object) -> None:
    with pytest.raises(ValueError, match=r"\$"):
        prune(value)


def test_decimals_are_written_as_numbers_with_their_precision() -> None:
    resource = {"resourceType": "Task", "value": Decimal("12.50")}
    action = Action(type="create", description="d", resource=resource)
    assert b'"value":12.50}' in encode_response(CdsResponse(system_actions=(action,)))


def test_text_is_sent_as_utf_8() -> None:
    card = Card(summary="Prüfen — 尿", indicator="info", source=Source(label="l"))
    assert "Prüfen — 尿".encode() in encode_response(CdsResponse(cards=(card,)))


def test_two_responses_share_no_state() -> None:
    first = encode_response(CdsResponse(cards=(Card(summary="a", indicator="info", source=Source(label="l")),)))
    assert encode_response(CdsResponse()) == b'{"cards":[]}'
    assert b'"a"' in first

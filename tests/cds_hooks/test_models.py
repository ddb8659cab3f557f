"""Section G, field by field."""

import json
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from cds_service.cds_hooks.models import (
    Action,
    Card,
    CdsResponse,
    Coding,
    OverrideReason,
    Source,
    Suggestion,
    shorten_summary,
    summary_length,
)
from cds_service.cds_hooks.wire import decode_response, encode_response, to_wire

UUID_A = UUID("11111111-1111-4111-8111-111111111111")
TASK = {"resourceType": "Task", "id": "t1", "status": "draft"}


def card(**changes: Any) -> Card:
    """A minimal card in wire spelling, with changes."""
    return Card.model_validate({"summary": "s", "indicator": "info", "source": {"label": "l"}, **changes})


def suggestion(*, recommended: bool = False) -> dict[str, Any]:
    return {"label": "Order", "isRecommended": recommended}


ACTION = {"type": "create", "description": "d", "resource": TASK}
REASON = {"code": "c", "system": "urn:s", "display": "d"}
LINK = {"label": "l", "url": "https://a.example/x", "type": "absolute"}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"summary": "x" * 139}, id="G-summary-139"),
        pytest.param({"detail": "**x**"}, id="G-detail"),
        pytest.param({"indicator": "critical"}, id="G-indicator"),
        pytest.param({"source": {"label": "l", "topic": {"code": "c", "system": "urn:s"}}}, id="G-topic"),
        pytest.param({"suggestions": [suggestion()], "selectionBehavior": "any"}, id="cds-resp-6"),
        pytest.param(
            {"suggestions": [suggestion(recommended=True)] * 2, "selectionBehavior": "any"}, id="cds-resp-1-any"
        ),
        pytest.param(
            {"suggestions": [suggestion(recommended=True), suggestion()], "selectionBehavior": "at-most-one"},
            id="cds-resp-1-one",
        ),
        pytest.param({"overrideReasons": [REASON]}, id="cds-resp-4"),
        pytest.param({"links": [LINK | {"type": "smart", "appContext": "c"}]}, id="cds-resp-3"),
        pytest.param({"links": [LINK | {"autolaunchable": True}]}, id="G-autolaunchable"),
        pytest.param({"extension": {"com.example.x": {"a": 1}}}, id="J3"),
    ],
)
def test_accepted(changes: dict[str, Any]) -> None:
    body = json.loads(encode_response(CdsResponse(cards=(card(**changes),)), check=True))["cards"][0]
    assert {key: body[key] for key in changes} == changes


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"summary": "x" * 140}, id="G-summary-140"),
        pytest.param({"summary": "\U0001f9ea" * 70}, id="G-summary-utf16"),
        pytest.param({"summary": ""}, id="G-summary-empty"),
        pytest.param({"summary": " \t"}, id="A5-summary-blank"),
        pytest.param({"summary": "a\nb"}, id="G-summary-two-lines"),
        pytest.param({"summary": "\ud800"}, id="G-summary-surrogate"),
        pytest.param({"detail": "x\udc00"}, id="G-detail-surrogate"),
        pytest.param({"summary": None}, id="A2-summary-null"),
        pytest.param({"indicator": "hard-stop"}, id="G-indicator-hard-stop"),
        pytest.param({"indicator": "Critical"}, id="G-indicator-case"),
        pytest.param({"source": None}, id="G-source"),
        pytest.param({"source": {}}, id="G-source-label"),
        pytest.param({"source": {"label": " "}}, id="A5-source-label"),
        pytest.param({"source": {"label": "l", "url": "/relative"}}, id="G-source-url"),
        pytest.param({"source": {"label": "l", "url": "javascript:alert(1)"}}, id="G-source-url-script"),
        pytest.param({"source": {"label": "l", "url": "https://a.example/x y"}}, id="G-source-url-space"),
        pytest.param({"source": {"label": "l", "url": "https://[x"}}, id="G-source-url-unparsable"),
        pytest.param({"source": {"label": "l", "icon": "i.png"}}, id="G-source-icon"),
        pytest.param({"source": {"label": "l", "topic": {"code": "c"}}}, id="G-topic-system"),
        pytest.param({"source": {"label": "l", "topic": {"code": "c", "system": "loinc"}}}, id="G-topic-uri"),
        pytest.param({"suggestions": [suggestion()]}, id="cds-resp-6"),
        pytest.param({"suggestions": [suggestion()], "selectionBehavior": "all"}, id="G-selectionBehavior"),
        pytest.param(
            {"suggestions": [suggestion(recommended=True)] * 2, "selectionBehavior": "at-most-one"}, id="cds-resp-1"
        ),
        pytest.param(
            {"suggestions": [suggestion() | {"uuid": str(UUID_A)}] * 2, "selectionBehavior": "any"}, id="H8-same-uuid"
        ),
        pytest.param(
            {"suggestions": [suggestion() | {"isRecommended": "yes"}], "selectionBehavior": "any"},
            id="G-isRecommended",
        ),
        pytest.param(
            {"suggestions": [suggestion() | {"actionSelectionBehavior": "all"}], "selectionBehavior": "any"},
            id="cds-resp-7-3.0-only",
        ),
        pytest.param({"overrideReasons": [{"code": "c", "system": "urn:s"}]}, id="cds-resp-4-display"),
        pytest.param({"overrideReasons": [{"code": "c", "display": "d"}]}, id="cds-resp-4-system"),
        pytest.param({"overrideReasons": [{"system": "urn:s", "display": "d"}]}, id="cds-resp-4-code"),
        pytest.param({"overrideReason": [REASON]}, id="O-overrideReason-misspelt"),
        pytest.param({"links": [LINK | {"appContext": "c"}]}, id="cds-resp-3"),
        pytest.param({"links": [LINK | {"autoLaunchable": True}]}, id="O-autolaunchable-misspelt"),
        pytest.param({"links": [LINK | {"url": "x.html"}]}, id="G-link-url"),
        pytest.param({"links": [LINK | {"type": "external"}]}, id="G-link-type"),
        pytest.param({"links": [{"url": "https://a.example", "type": "smart"}]}, id="G-link-label"),
        pytest.param({"uuid": "not-a-uuid"}, id="G-uuid"),
        pytest.param({"extension": ["x"]}, id="J3-extension-list"),
        pytest.param({"extension": {"x": float("nan")}}, id="J3-nan"),
    ],
)
def test_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        card(**changes)


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(ACTION, id="G-create"),
        pytest.param(ACTION | {"type": "update"}, id="G-update"),
        pytest.param({"type": "delete", "description": "d", "resourceId": "Task/1"}, id="cds-resp-2"),
    ],
)
def test_action_accepted(action: dict[str, Any]) -> None:
    assert to_wire(Action.model_validate(action)) == action


@pytest.mark.parametrize(
    "action, says",
    [
        pytest.param({"type": "delete", "description": "d"}, "needs resourceId", id="cds-resp-2-nothing"),
        pytest.param(
            {"type": "delete", "description": "d", "resourceId": "Task/1", "resource": TASK},
            "not resource",
            id="cds-resp-2-both",
        ),
        pytest.param({"type": "delete", "description": "d", "resource": "Task/1"}, "resource", id="K-delete-1.0"),
        pytest.param({"type": "delete", "description": "d", "resourceId": "1"}, "resourceId", id="G-resourceId"),
        pytest.param({"type": "create", "description": "d"}, "create needs resource", id="G-create"),
        pytest.param({"type": "update", "description": "d"}, "update needs resource", id="G-update"),
        pytest.param(
            {"type": "update", "description": "d", "resource": {"resourceType": "Task", "status": "x"}},
            "with its id",
            id="G-update-id",
        ),
        pytest.param({"type": "create", "description": "d", "resource": {}}, "needs resource", id="G-resource-empty"),
        pytest.param(
            {"type": "create", "description": "d", "resource": {"id": "1"}}, "resourceType", id="G-resource-type"
        ),
        pytest.param(ACTION | {"resourceId": "Task/1"}, "no resourceId", id="G-create-resourceId"),
        pytest.param({"type": "create", "resource": TASK}, "description", id="cds-resp-5"),
        pytest.param(ACTION | {"description": " "}, "blank", id="cds-resp-5-blank"),
        pytest.param(ACTION | {"type": "patch"}, "type", id="G-action-type"),
    ],
)
def test_action_refused(action: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Action.model_validate(action)


def test_refusals_do_not_quote_the_value() -> None:
    with pytest.raises(ValidationError) as caught:
        card(summary="Jane Doe " * 30)
    assert "Jane" not in str(caught.value)


def test_python_spelling_builds_the_same_as_wire_spelling() -> None:
    built = Card(
        summary="s",
        indicator="info",
        source=Source(label="l"),
        suggestions=(Suggestion(label="Order", is_recommended=True),),
        selection_behavior="any",
    )
    assert built == card(suggestions=[suggestion(recommended=True)], selectionBehavior="any")


def test_is_recommended_is_always_sent() -> None:
    assert to_wire(Suggestion(label="l")) == {"label": "l", "isRecommended": False}


def test_models_are_frozen() -> None:
    with pytest.raises(ValidationError):
        card().summary = "other"  # type: ignore[misc]


def test_a_passed_resource_is_copied_and_later_changes_do_not_reach_it() -> None:
    resource: dict[str, Any] = {"resourceType": "Task", "input": [{"a": "1"}]}
    action = Action(type="create", description="d", resource=resource)
    resource["input"].append({"b": "2"})
    assert action.resource == {"resourceType": "Task", "input": [{"a": "1"}]}


def test_blank_optional_strings_are_left_out() -> None:
    built = Card(
        summary="s",
        indicator="info",
        detail="  ",
        source=Source(label="l", topic=Coding(code="c", system="urn:s", display="")),
    )
    assert to_wire(built) == {
        "summary": "s",
        "indicator": "info",
        "source": {"label": "l", "topic": {"code": "c", "system": "urn:s"}},
    }


def test_cards_of_one_response_have_different_uuids() -> None:
    twin = card(uuid=str(UUID_A))
    with pytest.raises(ValidationError, match="share a uuid"):
        CdsResponse(cards=(twin, twin))
    assert len(CdsResponse(cards=(card(), card())).cards) == 2


def test_override_reason_is_a_coding_with_display() -> None:
    assert isinstance(OverrideReason(code="c", system="urn:s", display="d"), Coding)


def test_no_system_actions_unless_given() -> None:
    assert json.loads(encode_response(CdsResponse())) == {"cards": []}
    with_action = CdsResponse(system_actions=(Action.model_validate(ACTION),))
    assert json.loads(encode_response(with_action)) == {"cards": [], "systemActions": [ACTION]}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("short", "short"),
        ("two\n lines ", "two lines"),
        ("x" * 139, "x" * 139),
        ("x" * 140, "x" * 138 + "…"),
        ("word " * 40, "word " * 27 + "…"),
    ],
)
def test_shorten_summary(text: str, expected: str) -> None:
    shortened = shorten_summary(text)
    assert shortened == expected.replace(" …", "…")
    assert summary_length(shortened) <= 139


def test_shorten_summary_counts_as_strict_clients_do() -> None:
    assert summary_length(shorten_summary("\U0001f9ea" * 100)) <= 139


def test_decode_ignores_unknown_members_of_other_services() -> None:
    body = b'{"cards":[{"summary":"s","indicator":"info","source":{"label":"l"},"new":1}],"systemActions":[],"x":2}'
    assert decode_response(body) == CdsResponse(cards=(card(),))


@pytest.mark.parametrize("body", [b"nope", b"\xff", b"[]", b'{"cards":[{"summary":"Jane"}]}', b'{"cards":null}'])
def test_decode_refuses_with_a_value_error_that_quotes_nothing(body: bytes) -> None:
    with pytest.raises(ValueError, match="the response") as caught:
        decode_response(body)
    assert "Jane" not in str(caught.value)

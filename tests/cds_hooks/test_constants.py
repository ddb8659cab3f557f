"""Wire constants pinned to the specification as literals: other codebases got several of these wrong."""

import ast
import json
from pathlib import Path
from typing import get_args

import pytest

import cds_service.cds_hooks as sdk
from cds_service.cds_hooks import discovery, feedback, hooks, models, overrides
from cds_service.cds_hooks.models import Action, Card, CdsResponse, Link, OverrideReason, Source, Suggestion
from cds_service.cds_hooks.wire import encode_response

SOURCES = sorted(Path(sdk.__file__).parent.glob("*.py"))


def test_hook_names() -> None:
    assert sorted(hooks.HOOKS) == [
        "appointment-book",
        "encounter-discharge",
        "encounter-start",
        "order-select",
        "order-sign",
        "patient-view",
    ]
    assert {hook.version for hook in hooks.HOOKS.values()} == {"1.0"}


def test_enumerations() -> None:
    assert get_args(models.Indicator) == ("info", "warning", "critical")
    assert get_args(models.SelectionBehavior) == ("at-most-one", "any")
    assert get_args(models.ActionType) == ("create", "update", "delete")
    assert get_args(models.LinkType) == ("absolute", "smart")
    assert get_args(feedback.Outcome) == ("accepted", "overridden")


def test_paths() -> None:
    assert discovery.DISCOVERY_PATH == "/cds-services"
    assert discovery.service_path("x") == "/cds-services/x"
    assert discovery.feedback_path("x") == "/cds-services/x/feedback"
    assert discovery.SPECIFICATION_VERSION == "2.0.1"


def test_non_adherence_codes() -> None:
    assert overrides.NON_ADHERENCE_SYSTEM == "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
    assert [reason.code for reason in overrides.ALL_REASONS] == [
        "action-completed",
        "patient-ineligible",
        "indication-order-exists",
        "patient-contraindication",
        "risk-benefit-ratio",
        "patient-refuses",
        "limited-time",
        "wrong-time-workflow",
        "need-more-info",
        "service-not-available",
        "does-not-align-latest-evidence",
    ]
    assert all(reason.system == overrides.NON_ADHERENCE_SYSTEM for reason in overrides.ALL_REASONS)
    assert len({reason.display for reason in overrides.ALL_REASONS}) == len(overrides.ALL_REASONS)


def test_member_names_on_the_wire() -> None:
    card = Card(
        summary="s",
        indicator="info",
        detail="d",
        source=Source(label="l", url="https://a.example/u", icon="https://a.example/i"),
        suggestions=(
            Suggestion(label="l", actions=(Action(type="delete", description="d", resource_id="ServiceRequest/1"),)),
        ),
        selection_behavior="at-most-one",
        override_reasons=(OverrideReason(code="c", system="urn:s", display="d"),),
        links=(Link(label="l", url="https://a.example", type="smart", app_context="c", autolaunchable=True),),
    )
    system_action = Action(type="create", description="d", resource={"resourceType": "Task"})
    assert json.loads(encode_response(CdsResponse(cards=(card,), system_actions=(system_action,)))) == {
        "cards": [
            {
                "summary": "s",
                "detail": "d",
                "indicator": "info",
                "source": {"label": "l", "url": "https://a.example/u", "icon": "https://a.example/i"},
                "suggestions": [
                    {
                        "label": "l",
                        "isRecommended": False,
                        "actions": [{"type": "delete", "description": "d", "resourceId": "ServiceRequest/1"}],
                    }
                ],
                "selectionBehavior": "at-most-one",
                "overrideReasons": [{"code": "c", "system": "urn:s", "display": "d"}],
                "links": [
                    {
                        "label": "l",
                        "url": "https://a.example",
                        "type": "smart",
                        "appContext": "c",
                        "autolaunchable": True,
                    }
                ],
            }
        ],
        "systemActions": [{"type": "create", "description": "d", "resource": {"resourceType": "Task"}}],
    }


def test_no_member_of_3_0_but_version() -> None:
    names = {
        field.alias
        for model in (Action, Card, CdsResponse, Link, Suggestion, discovery.Service, discovery.DiscoveryResponse)
        for field in model.model_fields.values()
    }
    assert "version" in names
    assert names.isdisjoint({"actionSelectionBehavior", "hookVersion"})


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_sdk_imports_neither_the_rest_nor_a_framework_nor_input_and_output(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = [name for name in names if name.startswith("cds_service")]
    assert all(name.startswith("cds_service.cds_hooks") for name in ours)
    tops = {name.partition(".")[0] for name in names}
    assert tops.isdisjoint({"fastapi", "starlette", "requests", "httpx", "socket", "logging", "os", "random", "fhir"})
    calls = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert calls.isdisjoint({"now", "today", "utcnow", "uuid4", "environ"})


def test_sources_were_found() -> None:
    assert len(SOURCES) > 8

"""Section B: the discovery document."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from cds_service.cds_hooks.discovery import DiscoveryResponse, Service, encode_discovery
from cds_service.cds_hooks.empties import find_empties


def service(**changes: Any) -> Service:
    base = {"id": "x-view", "hook": "patient-view", "description": "What it does"}
    return Service.model_validate(base | changes)


def sent(*services: Service, **options: Any) -> Any:
    return json.loads(encode_discovery(DiscoveryResponse(services=services, **options), check=True))


def test_b3_no_services() -> None:
    assert encode_discovery(DiscoveryResponse()) == b'{"services":[]}'


def test_b4_b6_members() -> None:
    full = service(
        title="Title",
        usageRequirements="Needs labs",
        prefetch={"patient": "Patient/{{context.patientId}}", "b": "Task?patient={{context.patientId}}"},
        extension={"com.example.x": {"a": 1, "b": None}},
    )
    assert sent(full) == {
        "services": [
            {
                "hook": "patient-view",
                "title": "Title",
                "description": "What it does",
                "id": "x-view",
                "prefetch": {"patient": "Patient/{{context.patientId}}", "b": "Task?patient={{context.patientId}}"},
                "usageRequirements": "Needs labs",
                "version": "2.0.1",
                "extension": {"com.example.x": {"a": 1}},
            }
        ]
    }


def test_a2_optional_members_are_left_out() -> None:
    body = sent(service(title="", prefetch={}, usageRequirements=None, version=None))
    assert body == {"services": [{"hook": "patient-view", "description": "What it does", "id": "x-view"}]}
    assert find_empties(body) == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"id": None}, id="B4-id"),
        pytest.param({"id": "a b"}, id="B4-id-url"),
        pytest.param({"id": "a/b"}, id="B4-id-slash"),
        pytest.param({"id": ".."}, id="B4-id-dots"),
        pytest.param({"hook": ""}, id="B4-hook"),
        pytest.param({"hook": "Patient View"}, id="B4-hook-name"),
        pytest.param({"description": " "}, id="B4-description"),
        pytest.param({"prefetch": {"p": "Patient/{{patientId}}"}}, id="C3"),
        pytest.param({"prefetch": {"": "Patient/1"}}, id="C8-empty-key"),
        pytest.param({"prefetch": ["Patient/1"]}, id="B6-prefetch"),
        pytest.param({"hookVersion": "1.0"}, id="B8-3.0-only"),
    ],
)
def test_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        service(**changes)


def test_a_bad_template_is_named_by_its_key() -> None:
    with pytest.raises(ValidationError, match=r"prefetch\.labs: .*_include"):
        service(prefetch={"labs": "Observation?patient={{context.patientId}}&_include=x"})


def test_a_template_of_another_hook_is_checked_against_that_hook() -> None:
    with pytest.raises(ValidationError, match="no prefetch token of order-sign"):
        service(hook="order-sign", prefetch={"x": "Task?focus={{context.draftOrders}}"})


def test_o_one_id_on_two_hooks_is_refused_by_default() -> None:
    with pytest.raises(ValidationError, match="used twice"):
        DiscoveryResponse(services=(service(), service(hook="encounter-start")))


def test_b9_one_id_on_two_hooks_as_an_option_that_is_not_sent() -> None:
    body = sent(service(), service(hook="encounter-start"), allow_shared_ids=True)
    assert [entry["hook"] for entry in body["services"]] == ["patient-view", "encounter-start"]
    assert set(body) == {"services"}


def test_one_id_twice_on_one_hook_is_always_refused() -> None:
    with pytest.raises(ValidationError, match="used twice"):
        DiscoveryResponse(services=(service(), service()), allow_shared_ids=True)


@pytest.mark.parametrize("hook", ["com.example.thing-done", "order-dispatch", "medication-prescribe"])
def test_other_hook_names_are_legal(hook: str) -> None:
    assert service(hook=hook).hook == hook

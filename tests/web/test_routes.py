"""Discovery, CORS, health, the about page, feedback."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from cds_service.cds_hooks.empties import find_empties
from cds_service.cds_hooks.templates import check_template
from cds_service.settings import Settings
from fhir_fixtures import REQUIREMENTS
from fhir_fixtures.hook_requests import AT_DISCHARGE, PREFETCH
from tests.web.calls import Service, call, cards_of, issues_of, service_at

Json = dict[str, Any]
AS_OF = "2026-11-23T18:00:00-05:00"
HOOKS = (
    *("patient-view", "order-select", "order-sign"),
    *("appointment-book", "encounter-start", "encounter-discharge"),
)
ASKED = {
    "patient",
    "administrations",
    "observations",
    "reports",
    "medications",
    "statements",
    "dispenses",
    "orders",
    "conditions",
    "procedures",
}
BEFORE_AN_INFUSION = {"allergies", "immunizations"}  # nothing that is said at discharge rests on these


@pytest.fixture(scope="module", name="services")
def _services() -> dict[str, Json]:
    response = service_at(AS_OF).request("GET", "/cds-services")
    assert response.status_code == 200
    body = response.json()
    assert find_empties(body) == []
    assert set(body) == {"services"}
    return {service["id"]: service for service in body["services"]}


def test_discovery_lists_one_service_per_hook(services: dict[str, Json]) -> None:
    assert {name: service["hook"] for name, service in services.items()} == {f"lemtrada-{hook}": hook for hook in HOOKS}
    for service in services.values():
        assert service["title"]
        assert service["description"]
        assert service["version"] == "2.0.1"


def test_the_templates_ask_for_what_is_checked_and_no_more(services: dict[str, Json]) -> None:
    for service in services.values():
        extra = {"encounters"} if service["hook"] == "encounter-discharge" else BEFORE_AN_INFUSION
        assert set(service["prefetch"]) == ASKED | extra
        for key, template in service["prefetch"].items():
            assert check_template(template, service["hook"]) == []
            assert len(quote(template)) <= 1800, key
            assert template.startswith((PREFETCH | AT_DISCHARGE)[key])


def test_what_exposure_is_read_from_is_asked_by_patient_alone(services: dict[str, Json]) -> None:
    for service in services.values():
        assert service["prefetch"]["patient"] == "Patient/{{context.patientId}}"
        for key in ("administrations", "medications", "statements", "dispenses"):
            assert service["prefetch"][key] == f"{PREFETCH[key]}?patient={{{{context.patientId}}}}"
        assert "&status=active" in service["prefetch"]["orders"]


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/cds-services"),
        ("POST", "/cds-services/lemtrada-patient-view"),
        ("POST", "/cds-services/lemtrada-appointment-book"),
        ("POST", "/cds-services/lemtrada-encounter-start"),
        ("POST", "/cds-services/lemtrada-encounter-discharge"),
        ("POST", "/cds-services/lemtrada-order-sign/feedback"),
        ("POST", "/cds-services/lemtrada-encounter-start/feedback"),
        ("POST", "/evaluate"),
    ],
)
def test_the_preflight_of_a_browser_client_passes(method: str, path: str) -> None:
    asked = {
        "origin": "https://sandbox.example.org",
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,content-type",
    }
    response = service_at(AS_OF).request("OPTIONS", path, headers=asked)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == "*"
    allowed = response.headers["access-control-allow-headers"].lower()
    assert {"authorization", "content-type"} <= {name.strip() for name in allowed.split(",")}
    assert "access-control-allow-credentials" not in response.headers


def test_origins_may_be_limited() -> None:
    service = Service(AS_OF, Settings(cors_origins=("https://ehr.example.org",)))
    for origin, allowed in (("https://ehr.example.org", True), ("https://other.example.org", False)):
        response = service.request("GET", "/cds-services", headers={"origin": origin})
        assert (response.headers.get("access-control-allow-origin") == origin) == allowed


def test_a_refusal_can_be_read_by_a_browser_client() -> None:
    headers = {"origin": "https://sandbox.example.org", "content-type": "application/json"}
    response = service_at(AS_OF).request("POST", "/cds-services/lemtrada-patient-view", b"no", headers)
    issues_of(response, 400)
    assert response.headers["access-control-allow-origin"] == "*"


def test_health() -> None:
    assert service_at(AS_OF).request("GET", "/health/live").json() == {"status": "live"}
    assert service_at(AS_OF).request("GET", "/health/ready").json() == {"status": "ready"}


def test_about_says_what_is_and_what_is_not_checked() -> None:
    body = service_at(AS_OF).request("GET", "/about").json()
    (label,) = body["labels"]
    assert {item["requirement"] for item in label["checked"]} == set(REQUIREMENTS)
    assert all(item["section"] and item["says"] for item in label["checked"])
    assert all(item["what"] and item["why"] for item in label["notCovered"])
    assert label["revision"] == "2024, exact date unconfirmed"
    assert "not reviewed" in label["reviewed"]
    assert "a done test is not a normal test" in body["limits"]
    assert "not stored" in body["feedback"]


def entry(**members: object) -> Json:
    return {
        "card": "4f0e0a5e-7f0c-4a1e-9d5e-0d5d3b1c2a3f",
        "outcome": "overridden",
        "outcomeTimestamp": "2026-11-23T23:00:00Z",
    } | members


def send_feedback(*entries: Json, hook: str = "patient-view") -> Any:
    return service_at(AS_OF).post(f"/cds-services/lemtrada-{hook}/feedback", {"feedback": list(entries)})


@pytest.mark.parametrize("hook", HOOKS)
def test_every_service_takes_feedback(hook: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "cds_service")
    response = send_feedback(entry(), hook=hook)
    assert (response.status_code, response.json()) == (200, {})
    assert f"feedback service=lemtrada-{hook} outcome=overridden" in caplog.text
    issues_of(send_feedback(entry(outcome="ignored"), hook=hook), 422)


def test_feedback_for_a_service_that_does_not_exist_is_not_found() -> None:
    issues_of(send_feedback(entry(), hook="order-dispatch"), 404)


def test_feedback_for_a_card_and_its_suggestion(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "cds_service")
    (card,) = cards_of(call("tsh-overdue", "patient-view"))
    (suggestion,) = card["suggestions"]
    accepted = entry(card=card["uuid"], outcome="accepted", acceptedSuggestions=[{"id": suggestion["uuid"]}])
    reason = {key: card["overrideReasons"][0][key] for key in ("code", "system")}
    overridden = entry(card=card["uuid"], overrideReason={"reason": reason, "userComment": "Zebedee says no"})
    response = send_feedback(accepted, overridden, overridden, entry())
    assert response.status_code == 200
    assert caplog.text.count("outcome=overridden") == 3
    assert "Zebedee" not in caplog.text


def test_feedback_that_is_wrong_is_refused_as_a_whole() -> None:
    (issue,) = issues_of(send_feedback(entry(), entry(outcome="accepted")), 422)
    assert issue["expression"] == ["feedback[1]"]


def test_discovery_is_plain_json() -> None:
    response = service_at(AS_OF).request("GET", "/cds-services")
    assert response.headers["content-type"] == "application/json"
    assert json.loads(response.content) == response.json()

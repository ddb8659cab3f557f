"""Every error status: an OperationOutcome that helps, and nothing of what was sent comes back or reaches the log."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from cds_service.settings import Settings, SettingsError
from cds_service.web.app import create_app
from tests.web.calls import Service, call, hook_request, issues_of, service_at
from tests.web.made import before_infusion, booked, going_home

Json = dict[str, Any]
AS_OF = "2026-11-23T18:00:00-05:00"
CANARY = "Zebedee-Canary"
PATIENT_VIEW = "/cds-services/lemtrada-patient-view"


@pytest.fixture(autouse=True)
def _log_is_read(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "cds_service")


def refused(path: str, body: object, status: int, caplog: pytest.LogCaptureFixture) -> list[Json]:
    response = service_at(AS_OF).post(path, body)
    found = issues_of(response, status)
    assert CANARY not in response.text
    assert CANARY not in caplog.text
    assert "refused" in caplog.text
    return found


NOT_JSON = [
    b"",
    b"   ",
    b"not json " + CANARY.encode(),
    b'{"hook": "' + CANARY.encode(),
    b'{"hook": NaN}',
    b'{"hook": Infinity}',
    b'{"extension": 1e999}',
    b'{"context": {"patientId": "\\ud800"}}',
    b'{"context": "\xff\xfe"}',
    b'{"extension":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    '{"hook": "patient-view"}'.encode("utf-16"),
    b'{"hook": "patient-view"} trailing',
    b"{'hook': 'patient-view'}",
]


@pytest.mark.parametrize("body", NOT_JSON, ids=range(len(NOT_JSON)))
@pytest.mark.parametrize("path", [PATIENT_VIEW, "/cds-services/lemtrada-order-sign", "/evaluate"])
def test_400_for_what_is_not_json(path: str, body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    grammatical = path == "/evaluate" and b"1e999" in body  # JSON by its grammar, and no Bundle
    (issue,) = refused(path, body, 422 if grammatical else 400, caplog)
    assert len(issue["diagnostics"]) > 10


@pytest.mark.parametrize("body", [b"nothing", b'{"feedback": 1e999}', b"[" * 100_000])
def test_400_for_feedback_that_is_not_json(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    refused(f"{PATIENT_VIEW}/feedback", body, 400, caplog)


def test_404_for_an_unknown_service_and_an_unknown_address(caplog: pytest.LogCaptureFixture) -> None:
    for path in (f"/cds-services/{CANARY}", f"/cds-services/{CANARY}/feedback", "/cds-services/lemtrada-patient-view2"):
        refused(path, {}, 404, caplog)
    for path in (f"/{CANARY}", "/cds-services/lemtrada-patient-view/extra", "/cds-service"):
        response = service_at(AS_OF).request("GET", path)
        assert issues_of(response, 404)[0]["code"] == "not-found"
        assert CANARY not in response.text


def test_405_names_what_is_allowed() -> None:
    for method, path in (("POST", "/cds-services"), ("GET", PATIENT_VIEW), ("PUT", "/evaluate"), ("DELETE", "/about")):
        response = service_at(AS_OF).request(method, path)
        issues_of(response, 405)
        assert response.headers["allow"]


def test_413_announced_and_chunked(caplog: pytest.LogCaptureFixture) -> None:
    service = Service(AS_OF, Settings(max_body_bytes=2048))
    body = json.dumps({"hook": CANARY * 500}).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    for path in (PATIENT_VIEW, f"{PATIENT_VIEW}/feedback", "/evaluate"):
        for content in (body, chunks()):
            response = service.request("POST", path, content, {"content-type": "application/json"})
            (issue,) = issues_of(response, 413)
            assert "2048 bytes" in issue["diagnostics"]
            assert "CDS_MAX_BODY_BYTES" in issue["diagnostics"]
            assert CANARY not in response.text + caplog.text


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/xml"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_415_for_another_media_type_or_an_encoding(headers: dict[str, str]) -> None:
    for path in (PATIENT_VIEW, f"{PATIENT_VIEW}/feedback", "/evaluate"):
        issues_of(service_at(AS_OF).request("POST", path, b"{}", headers), 415)


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8", "application/fhir+json"],
)
def test_the_usual_media_types_pass(content_type: str) -> None:
    body = hook_request("never-exposed", "patient-view")
    assert service_at(AS_OF).post(PATIENT_VIEW, body, content_type).json() == {"cards": []}


def test_a_body_without_media_type_passes() -> None:
    body = json.dumps(hook_request("never-exposed", "patient-view")).encode()
    assert service_at(AS_OF).request("POST", PATIENT_VIEW, body).json() == {"cards": []}


def drop(name: str) -> Any:
    return lambda body: body.pop(name)


def in_context(**members: object) -> Any:
    return lambda body: body["context"].update(members)


WRONG = {
    "hook": [drop("hook"), lambda body: body.update(hook=CANARY), lambda body: body.update(hook="order-sign")],
    "hookInstance": [drop("hookInstance"), lambda body: body.update(hookInstance=CANARY)],
    "context": [drop("context"), lambda body: body.update(context=CANARY), lambda body: body.update(context=[])],
    "context.patientId": [
        in_context(patientId=None),
        in_context(patientId=f"Patient/{CANARY}"),
        in_context(patientId=7),
    ],
    "context.userId": [in_context(userId=CANARY), in_context(userId="")],
    "context.encounterId": [in_context(encounterId=f"Encounter/{CANARY}")],
    "prefetch": [lambda body: body.update(prefetch=[CANARY]), lambda body: body.update(prefetch=CANARY)],
    "fhirServer": [
        lambda body: body.update(fhirServer=CANARY),
        lambda body: body.update(fhirAuthorization=_authorization()),
    ],
    "fhirAuthorization.token_type": [
        lambda body: body.update(
            fhirServer="https://ehr.example.org", fhirAuthorization=_authorization() | {"token_type": CANARY}
        )
    ],
}


def _authorization() -> Json:
    return {
        "access_token": CANARY,
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.read",
        "subject": CANARY,
    }


@pytest.mark.parametrize("expression", WRONG)
def test_422_names_the_member_at_fault(expression: str, caplog: pytest.LogCaptureFixture) -> None:
    for change in WRONG[expression]:
        found = refused(PATIENT_VIEW, hook_request("never-exposed", "patient-view", change), 422, caplog)
        assert expression in {place for issue in found for place in issue["expression"]}


@pytest.mark.parametrize("body", [[], "text", 3, None, True, {}])
def test_422_for_json_that_is_no_request(body: object, caplog: pytest.LogCaptureFixture) -> None:
    refused(PATIENT_VIEW, body, 422, caplog)
    refused(f"{PATIENT_VIEW}/feedback", body, 422, caplog)


def test_422_for_order_hooks_without_usable_drafts(caplog: pytest.LogCaptureFixture) -> None:
    wrong: tuple[tuple[str, object], ...] = (("draftOrders", None), ("draftOrders", []), ("draftOrders", {"entry": 3}))
    for hook in ("order-select", "order-sign"):
        for member, value in wrong:
            body = hook_request("upcr-missing-order", hook, in_context(**{member: value}))
            refused(f"/cds-services/lemtrada-{hook}", body, 422, caplog)
    body = hook_request("upcr-missing-order", "order-select", in_context(selections=[]))
    refused("/cds-services/lemtrada-order-select", body, 422, caplog)


def draft_of_another(body: Json) -> None:
    body["context"]["draftOrders"]["entry"][-1]["resource"]["subject"] = {"reference": f"Patient/{CANARY}"}


def odd_draft_of_another(body: Json) -> None:
    draft_of_another(body)
    body["context"]["draftOrders"]["entry"][-1]["resource"]["dosageInstruction"] = CANARY


def patient_of_another(body: Json) -> None:
    body["prefetch"]["patient"]["id"] = CANARY


def listed_patient_of_another(body: Json) -> None:
    patient_of_another(body)
    body["prefetch"]["patient"] = {"resourceType": "Bundle", "entry": [{"resource": body["prefetch"]["patient"]}]}


def token_of_another(body: Json) -> None:
    body.update(fhirServer="https://ehr.example.org", fhirAuthorization=_authorization() | {"patient": CANARY})


@pytest.mark.parametrize(
    "change, hook, place",
    [
        (patient_of_another, "patient-view", "prefetch.patient"),
        (listed_patient_of_another, "patient-view", "prefetch.patient"),
        (patient_of_another, "order-sign", "prefetch.patient"),
        (token_of_another, "patient-view", "fhirAuthorization.patient"),
        (token_of_another, "order-select", "fhirAuthorization.patient"),
        (draft_of_another, "order-sign", "context.draftOrders.entry[2].resource.subject"),
        (draft_of_another, "order-select", "context.draftOrders.entry[2].resource.subject"),
        (odd_draft_of_another, "order-sign", "context.draftOrders.entry[2].resource.subject"),
    ],
)
def test_422_when_the_call_is_about_two_people(
    change: Any, hook: str, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = hook_request("upcr-missing-order", "order-sign", change)
    if hook == "order-select":
        body = hook_request("upcr-missing-order", "order-select", change)
    elif hook == "patient-view":
        body = hook_request("well-managed-18-months", "patient-view", change)
    (issue,) = refused(f"/cds-services/lemtrada-{hook}", body, 422, caplog)
    assert issue["code"] == "conflict"
    assert issue["expression"] == [place]


@pytest.mark.parametrize(
    "reference", ["Patient/{}", "https://ehr.example.org/fhir/Patient/{}", "Patient/{}/_history/3", "{}"]
)
def test_a_draft_may_name_its_patient_in_any_way(reference: str) -> None:
    def change(body: Json) -> None:
        named = reference.format(body["context"]["patientId"])
        for entry in body["context"]["draftOrders"]["entry"]:
            entry["resource"]["subject"] = {"reference": named}

    assert call("upcr-missing-order", "order-sign", change).json() == call("upcr-missing-order", "order-sign").json()


def test_a_draft_by_urn_cannot_be_compared_and_passes() -> None:
    def change(body: Json) -> None:
        urn = "urn:uuid:5f0e0a5e-7f0c-4a1e-9d5e-0d5d3b1c2a3f"
        body["context"]["draftOrders"]["entry"][0]["resource"]["subject"] = {"reference": urn}

    assert call("upcr-missing-order", "order-sign", change).json() == call("upcr-missing-order", "order-sign").json()


def test_another_patient_in_the_prefetch_is_counted_in_the_log_and_not_named(caplog: pytest.LogCaptureFixture) -> None:
    def change(body: Json) -> None:
        named = {"reference": f"Patient/{CANARY}"}
        stray = {"resourceType": "Observation", "id": "stray", "status": "final", "subject": named}
        body["prefetch"]["observations"]["entry"].append({"resource": stray})

    assert call("lapsed-monthly-labs", "patient-view", change).status_code == 200
    assert "foreign resources not used service=lemtrada-patient-view count=1" in caplog.text
    assert CANARY not in caplog.text
    assert "stray" not in caplog.text


def test_production_is_refused_while_nobody_can_be_verified() -> None:
    with pytest.raises(SettingsError, match="CDS_PROFILE"):
        create_app(Settings(profile="production"))


EVERY_HOOK = {
    "patient-view": hook_request("well-managed-18-months", "patient-view"),
    "order-select": hook_request("upcr-missing-order", "order-select"),
    "order-sign": hook_request("upcr-missing-order", "order-sign"),
    "appointment-book": booked().body(),
    "encounter-start": before_infusion().body(),
    "encounter-discharge": going_home().body(),
}


@pytest.mark.parametrize("service", EVERY_HOOK)
@pytest.mark.parametrize("hook", EVERY_HOOK)
def test_a_service_answers_its_own_hook_only(service: str, hook: str, caplog: pytest.LogCaptureFixture) -> None:
    path = f"/cds-services/lemtrada-{service}"
    if service == hook:
        assert service_at(AS_OF).post(path, EVERY_HOOK[hook]).status_code == 200
        return
    issues = refused(path, EVERY_HOOK[hook], 422, caplog)
    assert "hook" in {place for issue in issues for place in issue["expression"]}


@pytest.mark.parametrize("hook", EVERY_HOOK)
@pytest.mark.parametrize(
    "change, place", [(patient_of_another, "prefetch.patient"), (token_of_another, "fhirAuthorization.patient")]
)
def test_no_hook_answers_a_call_about_two_people(
    hook: str, change: Any, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = copy.deepcopy(EVERY_HOOK[hook])
    change(body)
    (issue,) = refused(f"/cds-services/lemtrada-{hook}", body, 422, caplog)
    assert issue["expression"] == [place]


@pytest.mark.parametrize("hook", EVERY_HOOK)
def test_every_hook_wants_a_uuid_and_may_be_told_not_to(hook: str, caplog: pytest.LogCaptureFixture) -> None:
    body = EVERY_HOOK[hook] | {"hookInstance": "my-instance"}
    (issue,) = refused(f"/cds-services/lemtrada-{hook}", body, 422, caplog)
    assert issue["expression"] == ["hookInstance"]
    lenient = Service(AS_OF, Settings(lenient_hook_instance=True))
    assert lenient.post(f"/cds-services/lemtrada-{hook}", body).status_code == 200

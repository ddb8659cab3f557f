"""What real clients send (checklist M and O): odd, incomplete, and still to be answered."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.settings import Settings
from fhir_fixtures import load_story
from tests.web.calls import Service, call, cards_of, hook_request, issues_of, rows_of, service_at

Json = dict[str, Any]
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ORDER_HOOKS = ("order-select", "order-sign")


def drafts(body: Json) -> list[Json]:
    return [entry["resource"] for entry in body["context"]["draftOrders"]["entry"]]


def only(body: Json, *resources: Json) -> None:
    """These drafts and no others; the first is selected."""
    body["context"]["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}
    if "selections" in body["context"]:
        body["context"]["selections"] = [f"{resources[0]['resourceType']}/{resources[0]['id']}"]


def begun(body: Json) -> None:
    """The order a sandbox sends when its page is opened: no medication, no intent, a Bundle without type."""
    only(body, {"resourceType": "MedicationRequest", "id": "request-123", "status": "draft"})


@pytest.mark.parametrize("hook", ORDER_HOOKS)
@pytest.mark.parametrize("story", ["upcr-missing-order", "second-course-early"])
def test_an_order_just_begun_says_nothing(story: str, hook: str) -> None:
    assert cards_of(call(story, hook, begun)) == []


@pytest.mark.parametrize(
    "medication",
    [
        {"medicationCodeableConcept": {}},
        {"medicationCodeableConcept": {"coding": []}},
        {"medicationCodeableConcept": {"text": " "}},
        {"medicationCodeableConcept": None},
        {"medicationReference": {}},
    ],
)
def test_a_medication_that_says_nothing_is_no_medication(medication: Json) -> None:
    def change(body: Json) -> None:
        only(body, {"resourceType": "MedicationRequest", "id": "m1", "status": "draft"} | medication)

    assert cards_of(call("upcr-missing-order", "order-sign", change)) == []


@pytest.mark.parametrize("hook", ORDER_HOOKS)
def test_a_medication_nobody_can_tell_is_said(hook: str) -> None:
    def change(body: Json) -> None:
        reference = {"reference": "Medication/not-in-the-data"}
        only(body, {"resourceType": "MedicationRequest", "id": "m1", "medicationReference": reference})

    cards = cards_of(call("upcr-missing-order", hook, change))
    assert any("ordered medication" in card["detail"] and "not an all-clear" in card["summary"] for card in cards)


def test_an_unresolved_reference_with_a_display_decides_as_text() -> None:
    def change(display: str) -> Any:
        def changed(body: Json) -> None:
            reference = {"reference": "Medication/not-in-the-data", "display": display}
            draft = {key: value for key, value in drafts(body)[0].items() if key != "medicationCodeableConcept"}
            only(body, draft | {"medicationReference": reference}, *drafts(body)[1:])

        return changed

    assert cards_of(call("upcr-missing-order", "order-sign", change("Aspirin 81 mg"))) == []
    cards = cards_of(call("upcr-missing-order", "order-sign", change("LEMTRADA 12 mg/1.2 mL")))
    assert [row["requirement"] for row in rows_of(cards)] == ["upcr-baseline"]


@pytest.mark.parametrize("hook", ORDER_HOOKS)
def test_odd_shapes_beside_the_medication_do_not_hide_the_order(hook: str) -> None:
    def change(body: Json) -> None:
        draft = drafts(body)[0]
        draft.pop("intent")
        draft["category"] = {"coding": [{"code": "outpatient"}]}
        draft["dispenseRequest"] = [{"quantity": "many"}]
        draft["somethingNew"] = {"x": 1}
        body["context"]["draftOrders"].pop("type")

    assert call("upcr-missing-order", hook, change).json() == call("upcr-missing-order", hook).json()


def test_an_order_whose_dosage_cannot_be_read_is_judged_without_it() -> None:
    def change(body: Json) -> None:
        drafts(body)[0]["dosageInstruction"] = {"text": "not an array"}

    rows = rows_of(cards_of(call("upcr-missing-order", "order-sign", change)))
    statuses = {(row["requirement"], row["status"]) for row in rows}
    assert ("daily-dose", "cannot-tell") in statuses
    assert ("upcr-baseline", "missing") in statuses


def test_another_drug_whose_dosage_cannot_be_read_is_none_of_our_business() -> None:
    def change(body: Json) -> None:
        concept = {"coding": [{"system": RXNORM, "code": "243670", "display": "aspirin 81 mg"}]}
        odd = {"resourceType": "MedicationRequest", "id": "m1", "dosageInstruction": 3}
        only(body, odd | {"medicationCodeableConcept": concept})

    assert cards_of(call("upcr-missing-order", "order-sign", change)) == []


def test_an_odd_order_on_record_is_not_taken_for_the_draft() -> None:
    def change(body: Json) -> None:
        begun(body)
        odd = {"resourceType": "MedicationRequest", "id": "old", "subject": 3, "medicationCodeableConcept": "aspirin"}
        body["prefetch"]["medications"] = {"resourceType": "Bundle", "entry": [{"resource": odd}]}

    assert cards_of(call("upcr-missing-order", "order-sign", change)) == []


def test_order_select_answers_for_any_draft_of_the_drug_not_only_the_selected_one() -> None:
    def change(body: Json) -> None:
        other = drafts(body)[1]
        body["context"]["selections"] = [f"{other['resourceType']}/{other['id']}"]

    assert (
        call("upcr-missing-order", "order-select", change).json() == call("upcr-missing-order", "order-select").json()
    )


@pytest.mark.parametrize("status", ["active", "draft", "on-hold", "unknown", None])
def test_an_order_may_be_signed_again_in_any_status(status: str | None) -> None:
    def change(body: Json) -> None:
        drafts(body)[0]["status"] = status

    assert rows_of(cards_of(call("double-dose-order", "order-sign", change)))


def test_a_hook_instance_that_is_no_uuid() -> None:
    body = hook_request("tsh-overdue", "patient-view", lambda body: body.update(hookInstance="fhir-mcp-instance"))
    path, as_of = "/cds-services/lemtrada-patient-view", load_story("tsh-overdue").as_of
    issues_of(service_at(as_of).post(path, body), 422)
    lenient = Service(as_of, Settings(lenient_hook_instance=True))
    assert len(cards_of(lenient.post(path, body))) == 1
    body["hookInstance"] = "x" * 500
    issues_of(lenient.post(path, body), 422)


def nested_unknowns(body: Json) -> None:
    body["unknown"] = {"a": [1, {"b": None}]}
    body["context"]["unknown"] = ["x"]
    body["prefetch"]["unknown"] = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Unheard"}}]}
    body["prefetch"]["observations"]["unknown"] = 7


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.update(extension=[]),
        lambda body: body.update(extension=[{"url": "x"}]),
        lambda body: body.update(extension={"com.example": {"a": 1}}),
        lambda body: body.update(extension=None),
        lambda body: body.update(fhirServer="http://127.0.0.1:8080/fhir"),
        lambda body: body.update(fhirServer=None, fhirAuthorization=None),
        lambda body: body["context"].update(encounterId=None),
        lambda body: body["context"].update(encounterId=""),
        lambda body: body["context"].update(userId="PractitionerRole/r1"),
        nested_unknowns,
    ],
    ids=range(10),
)
def test_what_is_unknown_or_optional_changes_nothing(change: Any) -> None:
    before, after = (
        call("lapsed-monthly-labs", "patient-view").json(),
        call("lapsed-monthly-labs", "patient-view", change),
    )
    for card in (*before["cards"], *cards_of(after)):
        for suggestion in card["suggestions"]:
            suggestion["actions"][0]["resource"].pop("requester", None)
    expected = [(card["summary"], card["detail"], card["uuid"]) for card in before["cards"]]
    assert [(card["summary"], card["detail"], card["uuid"]) for card in cards_of(after)] == expected


def test_a_sandbox_that_sends_no_drafts_is_told_so() -> None:
    (issue,) = issues_of(call("upcr-missing-order", "order-sign", lambda body: body["context"].pop("draftOrders")), 422)
    assert issue["expression"] == ["context.draftOrders"]


def test_a_de_identified_birth_date_is_no_obstacle() -> None:
    def change(body: Json) -> None:
        body["prefetch"]["patient"]["birthDate"] = "REDACTED"

    assert call("tsh-overdue", "patient-view", change).json() == call("tsh-overdue", "patient-view").json()


def test_a_patient_without_id_cannot_be_told_to_be_the_right_one() -> None:
    def change(body: Json) -> None:
        del body["prefetch"]["patient"]["id"]

    unchecked, labs = cards_of(call("tsh-overdue", "patient-view", change))
    assert "patient data" in unchecked["summary"]
    assert "TSH" in labs["summary"]


def test_one_odd_resource_costs_only_itself() -> None:
    def change(body: Json) -> None:
        odd = {
            "resourceType": "Observation",
            "id": "odd",
            "status": "final",
            "code": {"text": "Sodium"},
            "valueQuantity": 3,
        }
        body["prefetch"]["observations"]["entry"].append({"resource": odd})

    assert call("well-managed-18-months", "patient-view", change).json() == {"cards": []}


def test_calls_do_not_change_each_other() -> None:
    first = call("double-dose-order", "order-sign").json()
    assert cards_of(call("never-exposed", "patient-view")) == []
    assert call("double-dose-order", "order-sign").json() == first
    assert cards_of(call("second-course-on-time", "order-sign")) == []

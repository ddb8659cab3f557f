"""Which orders are suggested, for when, and which are not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.web.calls import call, cards_of, rows_of

Json = dict[str, Any]
WINDOW = {"start": "2026-01-31", "end": "2026-03-01"}


def drafts(body: Json) -> list[Json]:
    return [entry["resource"] for entry in body["context"]["draftOrders"]["entry"]]


def suggestions(cards: list[Json]) -> dict[str, Json]:
    found = [item for card in cards for item in card.get("suggestions", [])]
    labels = [item["label"] for item in found]
    assert len(set(labels)) == len(labels)
    return {item["label"]: item["actions"][0]["resource"] for item in found}


def lab_order(patient: str, code: str, status: str = "active") -> Json:
    return {
        "resourceType": "ServiceRequest",
        "id": "lab-1",
        "status": status,
        "intent": "order",
        "authoredOn": "2026-02-19T09:00:00-05:00",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": f"Patient/{patient}"},
    }


def test_a_baseline_order_is_for_the_window_before_day_one() -> None:
    (order,) = suggestions(cards_of(call("upcr-missing-order", "order-sign"))).values()
    assert order["occurrencePeriod"] == WINDOW
    assert order["code"]["coding"][0]["system"] == "http://loinc.org"
    assert order["intent"] == "order"


def test_an_encounter_is_named_when_there_is_one() -> None:
    def change(body: Json) -> None:
        body["context"]["encounterId"] = "enc-7"

    (order,) = suggestions(cards_of(call("upcr-missing-order", "order-sign", change))).values()
    assert order["encounter"] == {"reference": "Encounter/enc-7"}


def test_a_patient_looking_at_the_own_chart_is_no_requester() -> None:
    def change(body: Json) -> None:
        body["context"]["userId"] = f"Patient/{body['context']['patientId']}"

    for order in suggestions(cards_of(call("lapsed-monthly-labs", "patient-view", change))).values():
        assert "requester" not in order


def without_start(body: Json) -> None:
    for draft in drafts(body):
        draft["dosageInstruction"][0].pop("timing")


def test_without_a_planned_start_the_tests_are_for_today_and_no_date_is_invented() -> None:
    (card,) = cards_of(call("empty-record-with-order", "order-sign", without_start))
    assert card["summary"].startswith("LEMTRADA order: ")
    assert "no start date given" in card["detail"]
    assert "Draw blood" not in card["detail"]
    found = suggestions([card])
    steroid = found.pop("Order methylprednisolone 1,000 mg IV for infusion days 1 to 3")
    assert "event" not in steroid["dosageInstruction"][0]["timing"]
    antiviral = found.pop("Order acyclovir (herpes prophylaxis)")
    assert antiviral["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"]["start"] == "2026-02-20"
    assert {order["occurrenceDateTime"] for order in found.values()} == {"2026-02-20"}


@pytest.mark.parametrize("code", ["2890-2"])
@pytest.mark.parametrize("place", ["orders", "draft"])
def test_what_is_already_ordered_is_noted_and_not_suggested(place: str, code: str) -> None:
    def change(body: Json) -> None:
        patient = body["context"]["patientId"]
        if place == "draft":
            body["context"]["draftOrders"]["entry"].append({"resource": lab_order(patient, code, "draft")})
        else:
            body["prefetch"]["orders"] = {"resourceType": "Bundle", "entry": [{"resource": lab_order(patient, code)}]}

    cards = cards_of(call("upcr-missing-order", "order-sign", change))
    (row,) = rows_of(cards)
    assert (row["status"], row["note"]) == ("missing", "already-ordered")
    assert suggestions(cards) == {}
    assert "(already ordered, 19 Feb 2026)" in cards[0]["detail"]


def test_an_overdue_test_that_is_ordered_is_not_suggested_again() -> None:
    def change(body: Json) -> None:
        order = lab_order(body["context"]["patientId"], "3016-3")
        order["authoredOn"] = "2026-11-20T09:00:00-05:00"
        body["prefetch"]["orders"] = {"resourceType": "Bundle", "entry": [{"resource": order}]}

    cards = cards_of(call("tsh-overdue", "patient-view", change))
    assert [(row["status"], row["note"]) for row in rows_of(cards)] == [("overdue", "already-ordered")]
    assert suggestions(cards) == {}


def steroid_for(*days: str, dose: float = 1000) -> Any:
    def change(body: Json) -> None:
        dosage: Json = {
            "timing": {"event": list(days)},
            "doseAndRate": [
                {
                    "doseQuantity": {
                        "value": dose,
                        "unit": "mg",
                        "system": "http://unitsofmeasure.org",
                        "code": "mg",
                    }
                }
            ],
        }
        original = next(draft for draft in drafts(body) if "steroid" in draft["id"])
        steroid = copy.deepcopy(original) | {"dosageInstruction": [dosage]}
        body["context"]["draftOrders"]["entry"] = [
            {"resource": steroid if draft is original else draft} for draft in drafts(body)
        ]

    return change


def test_only_the_infusion_days_without_a_steroid_get_one() -> None:
    cards = cards_of(call("upcr-missing-order", "order-sign", steroid_for("2026-03-02", "2026-03-03")))
    found = suggestions(cards)
    order = found["Order methylprednisolone 1,000 mg IV for infusion day 3"]
    assert order["dosageInstruction"][0]["timing"] == {"event": ["2026-03-04"]}
    cards = cards_of(call("upcr-missing-order", "order-sign", steroid_for("2026-03-03")))
    order = suggestions(cards)["Order methylprednisolone 1,000 mg IV for infusion days 1, 3"]
    assert order["dosageInstruction"][0]["timing"] == {"event": ["2026-03-02", "2026-03-04"]}


def test_a_steroid_that_is_too_low_wants_its_order_corrected_not_a_second_one() -> None:
    change = steroid_for("2026-03-02", "2026-03-03", "2026-03-04", dose=60)
    cards = cards_of(call("upcr-missing-order", "order-sign", change))
    assert {row["status"] for row in rows_of(cards) if "steroid" in row["requirement"]} == {"violated"}
    assert list(suggestions(cards)) == ["Order urine protein/creatinine ratio"]
    assert "equals 60 mg methylprednisolone; the label asks for 1,000 mg" in cards[0]["detail"]


def test_a_baseline_that_can_no_longer_be_obtained_is_not_suggested() -> None:
    assert suggestions(cards_of(call("upcr-too-late", "patient-view"))) == {}


def test_a_test_wanted_twice_is_suggested_once() -> None:
    def change(body: Json) -> None:
        body["prefetch"]["observations"] = None

    cards = cards_of(call("second-course-on-time", "order-sign", change))
    codes = [order["code"]["coding"][0]["code"] for order in suggestions(cards).values()]
    assert len(set(codes)) == len(codes) == 5

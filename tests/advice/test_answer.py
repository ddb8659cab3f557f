"""Which cards there are: grouping, the limit, folding, reminders that never come alone, reproducible uuids."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cds_service.advice import answer as answers
from cds_service.advice.items import RANK, Group
from fhir_fixtures import load_story
from tests.web.calls import EXTENSION, call, cards_of, hook_request, rows_of, service_at

Json = dict[str, Any]
ORDER_HOOKS = ("order-select", "order-sign")


def drafts(body: Json) -> list[Json]:
    return [entry["resource"] for entry in body["context"]["draftOrders"]["entry"]]


def clear(*keys: str) -> Any:
    def change(body: Json) -> None:
        for key in keys:
            body["prefetch"][key] = None

    return change


@pytest.mark.parametrize("hook", ORDER_HOOKS)
def test_an_order_on_an_empty_record_is_one_grouped_card(hook: str) -> None:
    (card,) = cards_of(call("empty-record-with-order", hook))
    assert card["indicator"] == "warning"
    assert card["summary"].startswith("LEMTRADA from 2 Mar 2026: ")
    assert "not found in this record" in card["summary"]
    assert len(rows_of([card])) == 15
    assert [item["label"] for item in card["suggestions"]] == [
        "Order methylprednisolone 1,000 mg IV for infusion days 1 to 3",
        "Order acyclovir (herpes prophylaxis)",
        "Order urine protein/creatinine ratio",
        "Order CBC with differential",
        "Order serum creatinine",
        "Order urinalysis with cell counts",
        "Order TSH",
        "Order liver tests (ALT, AST, total bilirubin)",
        "Order skin examination",
        "Order varicella zoster IgG",
        "Order tuberculosis test (IGRA)",
        "Order hepatitis B/C test",
    ]
    assert card["selectionBehavior"] == "any"


def test_tests_sharing_an_action_share_a_card_with_one_suggestion_each() -> None:
    (card,) = cards_of(call("lapsed-monthly-labs", "patient-view"))
    assert card["summary"] == "LEMTRADA safety labs overdue: CBC with differential, creatinine, urinalysis."
    assert len(card["suggestions"]) == 3
    assert all(item["isRecommended"] for item in card["suggestions"])


def test_what_is_merely_due_raises_no_card() -> None:
    assert cards_of(call("tsh-due", "patient-view")) == []


def test_what_is_due_rides_along_with_what_is_overdue() -> None:
    def without_may(body: Json) -> None:
        entries = body["prefetch"]["observations"]["entry"]
        kept = [one for one in entries if not one["resource"].get("effectiveDateTime", "").startswith("2026-05")]
        body["prefetch"]["observations"] |= {"entry": kept, "total": len(kept)}

    cards = cards_of(call("tsh-due", "patient-view", without_may))
    rows = {row["requirement"]: row["status"] for row in rows_of(cards)}
    assert rows["tsh-quarterly"] == "due"
    assert "overdue" in rows.values()
    assert len(cards) == 1
    recommended = {item["label"]: item["isRecommended"] for item in cards[0]["suggestions"]}
    assert recommended["Order TSH"] is False
    assert "TSH" not in cards[0]["summary"]


def test_what_is_due_rides_along_with_a_card_about_something_else() -> None:
    (card,) = cards_of(call("tsh-due", "patient-view", lambda body: body["prefetch"].pop("patient")))
    assert "patient data" in card["summary"]
    assert "Also:" in card["detail"]
    assert "TSH is due by 15 May 2026" in card["detail"]
    assert [item["label"] for item in card["suggestions"]] == ["Order TSH"]


def everything_wrong(body: Json) -> None:
    """A second course, too soon, too much, without steroid; labs lapsed; a list that could not be read."""
    for draft in drafts(body)[:1]:
        draft["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"] = {
            "value": 24,
            "unit": "mg",
            "system": "http://unitsofmeasure.org",
            "code": "mg",
        }
    body["context"]["draftOrders"]["entry"] = body["context"]["draftOrders"]["entry"][:1]
    body["prefetch"]["observations"] = None
    del body["prefetch"]["statements"]


def test_at_most_three_cards_and_what_is_over_is_folded() -> None:
    cards = cards_of(call("second-course-early", "order-sign", everything_wrong))
    assert [card["indicator"] for card in cards] == ["critical", "warning", "warning"]
    rows = {row["requirement"] for row in rows_of(cards)}
    assert {"daily-dose", "course-interval", "corticosteroid-premedication", "campath-history", "tsh-quarterly"} <= rows
    assert "Also:" in cards[-1]["detail"]
    for name in ("`tsh-quarterly`", "`cbc-monthly`", "`campath-history`"):
        assert name in cards[-1]["detail"]
    labels = [item["label"] for card in cards for item in card.get("suggestions", [])]
    assert len(labels) == len(set(labels))
    assert "Order TSH" in labels


def test_the_limit_never_folds_a_critical_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "CARD_LIMIT", 1)
    cards = cards_of(call("second-course-early", "order-sign", everything_wrong))
    assert [card["indicator"] for card in cards] == ["critical"]
    assert len(rows_of(cards)) > 5

    critical = tuple(answers._Draft(Group.CRITICAL, ()) for _ in range(5))
    other = answers._Draft(Group.LABS, ())
    kept = answers._within_limit([*critical, other])
    assert [draft.group for draft in kept] == [Group.CRITICAL] * 5


def test_cards_come_most_urgent_first() -> None:
    cards = cards_of(call("second-course-early", "order-sign", everything_wrong))
    ranks = [RANK[card["indicator"]] for card in cards]
    assert ranks == sorted(ranks)


def test_the_topic_is_the_most_urgent_finding() -> None:
    for card in cards_of(call("second-course-early", "order-sign", everything_wrong)):
        rows = card["extension"][EXTENSION]["assessments"]
        urgent = min(rows, key=lambda row: RANK[row["indicator"]])
        assert card["source"]["topic"]["code"] == urgent["requirement"]
        assert card["indicator"] == urgent["indicator"]


def test_uuids_are_the_same_for_the_same_call_and_others_for_another() -> None:
    def uuids(hook: str, instance: str | None = None) -> list[str]:
        def change(body: Json) -> None:
            body["hookInstance"] = instance or body["hookInstance"]

        cards = cards_of(call("empty-record-with-order", hook, change))
        return [card["uuid"] for card in cards] + [item["uuid"] for card in cards for item in card["suggestions"]]

    first = uuids("order-sign")
    assert uuids("order-sign") == first
    assert set(uuids("order-sign", "4f0e0a5e-7f0c-4a1e-9d5e-0d5d3b1c2a3f")).isdisjoint(first)
    assert set(uuids("order-select", "4f0e0a5e-7f0c-4a1e-9d5e-0d5d3b1c2a3f")).isdisjoint(
        uuids("order-sign", "4f0e0a5e-7f0c-4a1e-9d5e-0d5d3b1c2a3f")
    )


def test_override_reasons_are_the_same_every_time() -> None:
    offered = {
        str(card["overrideReasons"])
        for name, hook in (("lapsed-monthly-labs", "patient-view"), ("double-dose-order", "order-sign"))
        for card in cards_of(call(name, hook))
    }
    assert len(offered) == 1
    assert "action-completed" in offered.pop()


def test_foreign_data_are_said_on_the_card() -> None:
    def change(body: Json) -> None:
        named = {"reference": "Patient/somebody-else"}
        stray = {"resourceType": "Condition", "id": "stray", "subject": named}
        body["prefetch"]["conditions"].setdefault("entry", []).append({"resource": stray})

    unchecked, labs = cards_of(call("lapsed-monthly-labs", "patient-view", change))
    for card in (labs, unchecked):
        assert "Data of another patient were among what was received; they were not used." in card["detail"]
    assert {(row["requirement"], row["reason"]) for row in rows_of([unchecked])} == {
        ("hepatitis-screening", "foreign-data"),
        ("hiv-contraindication", "foreign-data"),
        ("active-infection-contraindication", "foreign-data"),
    }
    assert "Data of another patient" not in cards_of(call("lapsed-monthly-labs", "patient-view"))[0]["detail"]


def test_the_open_baseline_of_an_active_order_is_listed_when_the_chart_is_opened() -> None:
    story = load_story("empty-record-with-order")
    ordered = copy.deepcopy(story.requests["order-sign"])

    def change(body: Json) -> None:
        context = {key: value for key, value in ordered["context"].items() if key not in ("draftOrders", "selections")}
        body["context"] = context
        body["prefetch"] = ordered["prefetch"]
        active = [{"resource": draft | {"status": "active"}} for draft in drafts(ordered)]
        body["prefetch"]["medications"] = {"resourceType": "Bundle", "entry": active}

    body = hook_request("never-exposed", "patient-view", change)
    (card,) = cards_of(service_at(story.as_of).post("/cds-services/lemtrada-patient-view", body))
    assert "not found in this record" in card["summary"]
    assert len(card["suggestions"]) == 11  # hepatitis is asked for while the drug is being ordered only

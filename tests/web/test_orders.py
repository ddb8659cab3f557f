"""order-select and order-sign with LEMTRADA: what is said of the order, and which orders are offered beside it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from fhir_fixtures import builder, codes
from fhir_fixtures.builder import Regimen
from fhir_fixtures.chart import Chart, lemtrada, methylprednisolone, valacyclovir
from fhir_fixtures.codes import Code
from tests.web.calls import cards_of, rows_of
from tests.web.made import MONDAY, Asked, add_orders, body_of, cards, chart, order, ready, send, statuses, treated

Json = dict[str, Any]
AT = "2026-02-20T10:00:00-05:00"
HOOKS = ("order-select", "order-sign")
LATER = date(2026, 3, 9)
WINDOW = {"start": "2026-01-31", "end": "2026-03-01"}


def sign(made: Chart, *drafts: Json, hook: str = "order-sign", failed: tuple[str, ...] = ()) -> list[Json]:
    return cards(hook, made, AT, *drafts, failed=failed)


def labels(found: list[Json]) -> list[str]:
    return [item["label"] for card in found for item in card.get("suggestions", [])]


def with_lemtrada(made: Chart, days: int = 5, **kept: bool) -> Chart:
    """LEMTRADA drafted; the steroid and the antiviral beside it where they are asked for."""
    made.add("lemtrada", order(lemtrada(MONDAY, days)), draft=True)
    if kept.get("steroid"):
        made.add("steroid", order(methylprednisolone(MONDAY)), draft=True)
    if kept.get("antiviral"):
        made.add("antiviral", order(valacyclovir(MONDAY, MONDAY + timedelta(days=100))), draft=True)
    return made


@pytest.mark.parametrize("hook", HOOKS)
def test_all_in_order_is_silence(hook: str) -> None:
    assert sign(with_lemtrada(ready(), steroid=True, antiviral=True), hook=hook) == []


@pytest.mark.parametrize("hook", HOOKS)
def test_premedication_and_prophylaxis_not_ordered_are_offered(hook: str) -> None:
    (card,) = sign(with_lemtrada(ready()), hook=hook)
    assert card["summary"] == ("LEMTRADA from 2 Mar 2026: corticosteroid, herpes prophylaxis not found in this record.")
    assert labels([card]) == [
        "Order methylprednisolone 1,000 mg IV for infusion days 1 to 3",
        "Order acyclovir (herpes prophylaxis)",
    ]
    assert card["detail"].count("No corticosteroid ordered for") == 1
    assert "for infusion days 1 to 3 of course 1" in card["detail"]
    steroid, antiviral = (item["actions"][0]["resource"] for item in card["suggestions"])
    assert steroid["dosageInstruction"][0]["timing"] == {"event": ["2026-03-02", "2026-03-03", "2026-03-04"]}
    bounds = antiviral["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"]
    assert bounds == {"start": "2026-03-02", "end": "2026-05-06"}


def test_a_draft_or_an_active_order_counts_alike() -> None:
    assert labels(sign(with_lemtrada(ready(), antiviral=True))) == [
        "Order methylprednisolone 1,000 mg IV for infusion days 1 to 3"
    ]
    made = with_lemtrada(ready())
    made.add("steroid", order(methylprednisolone(MONDAY), "active"))
    made.add("antiviral", order(valacyclovir(MONDAY, None), "active"))
    assert sign(made) == []


def test_an_antiviral_planned_too_short_is_said() -> None:
    made = with_lemtrada(ready(), steroid=True)
    made.add("antiviral", order(valacyclovir(MONDAY, date(2026, 4, 1))), draft=True)
    (card,) = sign(made)
    assert card["indicator"] == "warning"
    assert card["summary"] == (
        "The antiviral ends on 1 Apr 2026, before the label's minimum (6 May 2026 and a CD4+ count of at least 200)."
    )
    assert [(row["status"], row["reason"]) for row in rows_of([card])] == [("violated", "planned-too-short")]
    assert "suggestions" not in card


@pytest.mark.parametrize("place", ["draft", "active"])
def test_a_test_already_ordered_is_noted_with_its_date_and_not_offered_again(place: str) -> None:
    made = chart()
    made.history(MONDAY)
    made.baseline(MONDAY, upcr=False)
    with_lemtrada(made, steroid=True, antiviral=True)
    upcr = builder.service_request(codes.UPCR, authored="2026-02-19T09:00:00-05:00", status=place)
    made.add("upcr-order", upcr, draft=place == "draft")
    (card,) = sign(made)
    (row,) = rows_of([card])
    assert (row["status"], row["note"]) == ("missing", "already-ordered")
    assert "(already ordered, 19 Feb 2026)" in card["detail"]
    assert "suggestions" not in card


def test_baseline_orders_are_for_the_thirty_days_before_day_one() -> None:
    found = sign(with_lemtrada(chart(), steroid=True, antiviral=True))
    (card,) = found
    orders = [item["actions"][0]["resource"] for item in card["suggestions"]]
    screening = {"start": "2026-02-20", "end": "2026-03-01"}  # a test of any age counts: from today on
    assert [one["occurrencePeriod"] for one in orders] == [WINDOW] * 7 + [screening] * 3
    assert "Draw blood and urine from 31 Jan 2026 to 1 Mar 2026 (30-day window: REMS step, not label)" in card["detail"]


def test_tests_cannot_be_drawn_in_a_window_that_is_over() -> None:
    made = with_lemtrada(chart(), steroid=True, antiviral=True)
    (card,) = cards_of(send("order-sign", body_of("order-sign", made), "2026-03-02T07:30:00-05:00"))
    assert "Draw blood" not in card["detail"]
    assert {item["actions"][0]["resource"]["occurrenceDateTime"] for item in card["suggestions"]} == {"2026-03-02"}


def test_dose_route_and_length_of_this_order() -> None:
    made = ready()
    add_orders(made, days=6, draft=True, dose=24)
    made.drafts[0]["dosageInstruction"][0]["route"] = codes.concept(Code(codes.SNOMED, "34206005", "Subcutaneous"))
    found = sign(made)
    assert [card["indicator"] for card in found] == ["critical", "critical", "warning"]
    assert {card["source"]["topic"]["code"] for card in found} == {"daily-dose", "infusion-duration", "course-length"}


def test_the_interval_to_the_course_before() -> None:
    made = treated(date(2025, 3, 3), antiviral_until=date(2025, 6, 3))
    add_orders(made, date(2026, 2, 23), 3, draft=True)
    found = sign(made)
    assert statuses(found)["course-interval"] == {"violated"}
    (row,) = [row for row in rows_of(found) if row["requirement"] == "course-interval"]
    assert "(earliest 3 Mar 2026)" in row["message"]
    assert row["indicator"] == "warning"


def test_overdue_tests_before_a_later_course_share_a_card_with_one_order_each() -> None:
    made = treated(date(2025, 3, 3), antiviral_until=date(2025, 6, 3))
    add_orders(made, LATER, 3, draft=True)
    (card,) = sign(made)
    assert card["summary"] == "LEMTRADA safety labs overdue: CBC with differential, creatinine, urinalysis, TSH."
    found = labels([card])
    assert len(set(found)) == len(found)
    assert {"Order CBC with differential", "Order serum creatinine", "Order TSH"} <= set(found)
    assert card["selectionBehavior"] == "any"


def test_contraindications_each_have_a_card_and_are_never_folded() -> None:
    made = ready()
    add_orders(made, days=5, draft=True, dose=24)
    made.add("hiv", builder.condition(Code(codes.ICD10, "B20", "HIV disease"), onset=date(2024, 5, 12)))
    allergy: Json = {"resourceType": "AllergyIntolerance", "code": codes.concept(codes.ALEMTUZUMAB)}
    made.add("allergy", allergy | {"criticality": "high", "recordedDate": "2025-03-10"})
    made.drafts[0]["dosageInstruction"][0]["route"] = codes.concept(Code(codes.SNOMED, "34206005", "Subcutaneous"))
    found = sign(made, failed=("immunizations",))
    assert [card["indicator"] for card in found] == ["critical"] * 4
    assert "vaccines-6-weeks" in statuses([found[-1]])


def test_cautions_share_one_card_the_loudest_first() -> None:
    made = ready()
    add_orders(made, draft=True)
    allergy: Json = {"resourceType": "AllergyIntolerance", "code": codes.concept(codes.ALEMTUZUMAB)}
    made.add("allergy", allergy | {"recordedDate": "2025-03-10"})
    campath = Regimen(codes.CAMPATH, 30, builder.INTRAVENOUS, date(2012, 1, 3), date(2012, 3, 3), "30 mg")
    made.add("campath", order(campath, "completed", "2012-01-03"))
    made.add("vaccine", builder.immunization(codes.INFLUENZA_INACTIVATED, date(2026, 2, 10)))
    (card,) = sign(made)
    assert card["indicator"] == "warning"
    assert card["summary"].startswith("An allergy to alemtuzumab is on record: infusion reaction or hypersensitivity?")
    assert set(statuses([card])) == {"hypersensitivity-contraindication", "campath-history", "vaccines-6-weeks"}
    assert card["source"]["topic"]["code"] == "hypersensitivity-contraindication"


def test_a_live_vaccine_before_the_infusion_names_the_earliest_start_in_one_line() -> None:
    made = ready()
    add_orders(made, draft=True)
    made.add("vaccine", builder.immunization(Code(codes.CVX, "03", "MMR"), date(2026, 2, 10)))
    (card,) = sign(made)
    assert card["summary"] == (
        "Live viral vaccine given 10 Feb 2026, 20 days before LEMTRADA (2 Mar 2026); the label asks for 42 days "
        "(earliest start 24 Mar 2026)."
    )


def test_an_open_question_about_a_contraindication_is_asked_in_the_line() -> None:
    made = ready()
    add_orders(made, draft=True)
    made.add(
        "hiv",
        builder.condition(Code(codes.ICD10, "B20", "HIV"), onset=date(2025, 1, 1), verification="provisional"),
    )
    (card,) = sign(made)
    assert card["indicator"] == "warning"
    assert card["summary"].startswith("An unconfirmed diagnosis of HIV infection is on record")
    assert card["summary"].endswith("This is not an all-clear.")


@pytest.mark.parametrize("hook", HOOKS)
def test_a_draft_without_a_medication_says_nothing_and_an_unresolvable_one_is_not_silence(hook: str) -> None:
    for made in (chart(), ready(), treated(date(2025, 3, 3))):
        with_lemtrada(made)
        asked = Asked(hook, made, AT)

        def emptied(body: Json) -> None:
            del body["context"]["draftOrders"]["entry"][0]["resource"]["medicationCodeableConcept"]

        def by_reference(body: Json, display: str | None = None) -> None:
            emptied(body)
            named = {"reference": "Medication/nowhere"} | ({"display": display} if display else {})
            body["context"]["draftOrders"]["entry"][0]["resource"]["medicationReference"] = named

        assert cards_of(asked(emptied)) == []
        assert any("not an all-clear" in card["summary"] for card in cards_of(asked(by_reference)))
        assert cards_of(asked(lambda body: by_reference(body, "aspirin 81 mg"))) == []
        assert cards_of(asked(lambda body: by_reference(body, "Lemtrada 12 mg"))) == cards_of(asked())


@pytest.mark.parametrize("hook", HOOKS)
def test_an_order_for_a_deceased_patient_brings_nothing(hook: str) -> None:
    made = with_lemtrada(chart())
    assert sign(made, hook=hook)
    made.resources[0]["deceasedDateTime"] = "2026-02-01"
    assert sign(made, hook=hook) == []


def test_the_open_baseline_is_listed_when_the_chart_of_an_ordered_patient_is_opened() -> None:
    made = chart()
    add_orders(made, draft=False)
    (card,) = cards("patient-view", made, AT)
    assert len([row for row in rows_of([card]) if row["requirement"].endswith("-baseline")]) == 7
    assert card["summary"].startswith("LEMTRADA from 2 Mar 2026: UPCR, CBC with differential")


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize(
    "code", [{"text": "LEMTRADA infusion"}, {"coding": [{"code": "INF-7", "display": "Lemtrada infusion"}]}]
)
def test_an_infusion_drafted_as_a_service_by_its_words_is_judged(hook: str, code: Json) -> None:
    made = chart()
    made.history(MONDAY)
    drafted = {
        "resourceType": "ServiceRequest",
        "id": "infusion-1",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": made.reference},
        "code": code,
        "occurrenceDateTime": MONDAY.isoformat(),
    }
    found = statuses(sign(made, drafted, hook=hook))
    assert "missing" in found["upcr-baseline"]
    about = {**drafted, "code": {"text": "Neurology visit about LEMTRADA"}}
    assert sign(made, about, hook=hook) == []

"""encounter-start and encounter-discharge: the checklist of an infusion day, any other visit, going home."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from fhir_fixtures import builder, codes
from fhir_fixtures.chart import Chart, lemtrada, valacyclovir
from fhir_fixtures.codes import Code
from tests.web.calls import cards_of, issues_of, rows_of
from tests.web.made import (
    MONDAY,
    add_orders,
    before_infusion,
    body_of,
    cards,
    chart,
    going_home,
    order,
    ready,
    send,
    statuses,
    treated,
)

Json = dict[str, Any]
TUESDAY = MONDAY + timedelta(days=1)
MORNING = "2026-03-02T08:10:00-05:00"


def start(made: Chart, at: str = MORNING, *, failed: tuple[str, ...] = ()) -> list[Json]:
    return cards("encounter-start", made, at, failed=failed)


def leave(made: Chart, at: str, *, failed: tuple[str, ...] = ()) -> list[Json]:
    return cards("encounter-discharge", made, at, failed=failed)


def ordered() -> Chart:
    made = ready()
    add_orders(made, draft=False)
    return made


# --- before the pump starts -------------------------------------------------------------------------------------------


def test_premedication_not_charted_yet_is_a_line_of_the_checklist() -> None:
    (card,) = start(ordered())
    assert card["indicator"] == "info"
    assert card["summary"] == (
        "Before LEMTRADA today (course 1, day 1): no methylprednisolone 1,000 mg or equivalent charted yet."
    )
    assert [(row["status"], row["course"], row["day"]) for row in rows_of([card])] == [("due", 1, 1)]
    assert "suggestions" not in card


def test_the_checklist_is_shown_also_when_nothing_is_open() -> None:
    made = ordered()
    made.steroids([MONDAY], [1])
    (card,) = start(made)
    assert card["indicator"] == "info"
    assert card["summary"] == "Before LEMTRADA today (course 1, day 1): nothing open found."
    assert "was made on the data received and found nothing open" in card["detail"]


def test_premedication_after_the_pump_has_started_is_no_line_of_the_checklist() -> None:
    made = ordered()
    made.infusions([MONDAY])
    (card,) = start(made, "2026-03-02T10:00:00-05:00")
    assert card["indicator"] == "warning"
    assert statuses([card]) == {"corticosteroid-premedication": {"missing"}}


def test_what_is_missing_can_still_be_asked_before_the_first_infusion() -> None:
    made = chart()
    add_orders(made, draft=False)
    (card,) = start(made)
    assert card["indicator"] == "warning"
    assert card["summary"].startswith("Before LEMTRADA today (course 1, day 1): UPCR, CBC with differential")
    assert card["summary"].endswith("not found in this record.")
    assert {order["occurrenceDateTime"] for order in suggested([card])} == {"2026-03-02"}


def suggested(found: list[Json]) -> list[Json]:
    return [item["actions"][0]["resource"] for card in found for item in card.get("suggestions", [])]


def test_a_contraindication_is_critical_beside_the_checklist() -> None:
    made = ordered()
    made.add("hiv", builder.condition(Code(codes.ICD10, "B20", "HIV disease"), onset=date(2024, 5, 12)))
    critical, checklist = start(made)
    assert critical["indicator"] == "critical"
    assert "corticosteroid-premedication" in statuses([checklist])
    made.steroids([MONDAY], [1])
    critical, checklist = start(made)
    assert "see what the other cards say" in checklist["summary"]
    assert "Every check" not in checklist["detail"]


@pytest.mark.parametrize("key", ["conditions", "patient", "allergies", "immunizations"])
def test_the_checklist_never_claims_what_could_not_be_checked(key: str) -> None:
    made = ordered()
    made.steroids([MONDAY], [1])
    unchecked, checklist = start(made, failed=(key,))
    assert unchecked["indicator"] == "warning"
    assert "not an all-clear" in unchecked["summary"]
    assert checklist["summary"].endswith("see what the other cards say; nothing else open found.")
    assert "Every check" not in checklist["detail"]


def test_the_checklist_stays_when_there_are_more_cards_than_may_be_shown() -> None:
    made = treated(date(2025, 3, 3), antiviral_until=date(2025, 6, 3))
    add_orders(made, MONDAY + timedelta(days=7), 3, draft=False, dose=24)
    made.steroids([MONDAY + timedelta(days=7)], [1])
    made.add("hiv", builder.condition(Code(codes.ICD10, "B20", "HIV disease"), onset=date(2024, 5, 12)))
    found = start(made, "2026-03-09T08:00:00-04:00", failed=("allergies", "statements"))
    assert len(found) == 3
    assert [card["indicator"] for card in found][:2] == ["critical", "critical"]
    checklist = found[-1]
    assert checklist["summary"].startswith("Before LEMTRADA today (course 2, day 1)")
    assert "not an all-clear" in checklist["summary"]
    assert checklist["indicator"] == "warning"
    assert {"cbc-monthly", "hypersensitivity-contraindication"} <= set(statuses([checklist]))
    assert "nothing open" not in checklist["summary"]


@pytest.mark.parametrize("after, shown", [(1, True), (7, True), (8, False)])
def test_a_course_that_lacks_days_may_go_on_within_a_week(after: int, shown: bool) -> None:  # noqa: FBT001 - a table
    made = ready()
    made.course(MONDAY, 2)
    day = TUESDAY + timedelta(days=after)
    found = start(made, f"{day}T08:00:00-04:00" if day >= date(2026, 3, 8) else f"{day}T08:00:00-05:00")
    assert any("Before LEMTRADA today (course 1, day 3)" in card["summary"] for card in found) == shown


def test_days_four_and_five_need_no_premedication() -> None:
    made = ready()
    made.course(MONDAY, 3)
    (card,) = start(made, "2026-03-05T08:00:00-05:00")
    assert card["summary"] == "Before LEMTRADA today (course 1, day 4): nothing open found."


def test_an_order_for_another_day_makes_no_infusion_day() -> None:
    made = ready()
    made.add("lemtrada", order(lemtrada(date(2026, 3, 9), 5), "active"))
    assert not [card for card in start(made) if "Before LEMTRADA today" in card["summary"]]


# --- any other visit --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["2026-03-09T09:00:00-04:00", "2026-05-20T09:00:00-04:00"])
def test_any_other_visit_is_as_opening_the_chart(moment: str) -> None:
    made = treated()
    assert rows_of(start(made, moment)) == rows_of(cards("patient-view", made, moment))


def test_the_end_of_follow_up_is_said_at_a_visit_too() -> None:
    made = treated(date(2022, 3, 7), antiviral_until=date(2022, 6, 7))
    (card,) = start(made, "2026-03-25T08:10:00-04:00")
    assert card["summary"] == "LEMTRADA: the label's 48 months of safety tests ended on 11 Mar 2026."
    assert card["indicator"] == "info"


# --- going home -------------------------------------------------------------------------------------------------------


def test_prophylaxis_not_on_record_is_said_with_an_order() -> None:
    (card,) = cards_of(going_home()())
    assert card["summary"].startswith("No antiviral against herpes viruses found in this record for course 1")
    assert "until 2 months after the last infusion and a CD4+ count of at least 200" in card["detail"]
    (antiviral,) = suggested([card])
    assert antiviral["resourceType"] == "MedicationRequest"


def test_the_next_tests_are_said_when_they_are_overdue_and_not_otherwise() -> None:
    made = treated()
    assert leave(made, "2026-03-06T15:30:00-05:00") == []
    found = leave(made, "2026-04-20T15:30:00-04:00")
    assert {"cbc-monthly", "creatinine-monthly", "urinalysis-monthly"} <= set(statuses(found))


def test_going_home_speaks_of_nothing_that_comes_before_an_infusion() -> None:
    made = ready()
    made.infusions([MONDAY])
    rows = rows_of(leave(made, "2026-03-02T15:10:00-05:00"))
    assert {row["requirement"] for row in rows} == {"herpes-prophylaxis-start"}


def test_a_count_wanted_before_the_antiviral_may_end_brings_its_order() -> None:
    made = treated()
    made.monthly_labs(date(2026, 4, 20))
    made.metabolic_panel(date(2026, 4, 20))
    (card,) = leave(made, "2026-04-24T15:30:00-04:00")
    assert card["summary"].startswith("CD4+ count of at least 200 cells per microliter since course 1 not found")
    assert "…" not in card["summary"]
    assert [item["label"] for item in card["suggestions"]] == ["Order CD4+ count"]
    made.add("cd4-order", builder.service_request(codes.CD4, authored="2026-04-20T09:00:00-04:00"))
    assert leave(made, "2026-04-24T15:30:00-04:00") == []


# --- both -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hook", ["encounter-start", "encounter-discharge"])
def test_without_administrations_the_visit_is_refused_for_everybody(hook: str) -> None:
    for made in (chart(), treated(), ordered()):
        body = body_of(hook, made, failed=("administrations",))
        (issue,) = issues_of(send(hook, body, MORNING), 412)
        assert issue["expression"] == ["prefetch.administrations"]


@pytest.mark.parametrize("hook", ["encounter-start", "encounter-discharge"])
def test_who_never_had_the_drug_hears_nothing(hook: str) -> None:
    keys = ("patient", "medications", "statements", "dispenses", "conditions", "observations", "orders", "procedures")
    assert cards(hook, chart(), MORNING, failed=keys) == []


@pytest.mark.parametrize("hook", ["patient-view", "encounter-start", "encounter-discharge"])
def test_of_a_deceased_patient_nothing_is_asked(hook: str) -> None:
    made = treated(date(2025, 3, 3))
    made.add("lemtrada", order(lemtrada(MONDAY, 3), "active"))
    made.add("antiviral", order(valacyclovir(MONDAY, None), "active"))
    assert cards(hook, made, MORNING)
    made.resources[0]["deceasedBoolean"] = True
    assert cards(hook, made, MORNING) == []


def test_the_encounter_is_required() -> None:
    for wrong in (None, "", "Encounter/e1"):

        def change(body: Json, wrong: Any = wrong) -> None:
            body["context"]["encounterId"] = wrong

        for asked in (before_infusion(), going_home()):
            (issue,) = issues_of(asked(change), 422)
            assert issue["expression"] == ["context.encounterId"]


@pytest.mark.parametrize(
    "minute, is_said",
    [("13:40", True), ("14:59", True), ("15:00", False)],
)
def test_who_leaves_less_than_two_hours_after_the_infusion_is_told_until_when(minute: str, *, is_said: bool) -> None:
    made = ready()
    add_orders(made, draft=False)
    made.infusions([MONDAY])
    made.steroids([MONDAY], [1])
    found = leave(made, f"2026-03-02T{minute}:00-05:00")
    said = [card for card in found if "post-infusion-observation" in {row["requirement"] for row in rows_of([card])}]
    if is_said:
        (card,) = said
        assert card["indicator"] == "warning"
        assert "until 15:00" in card["detail"]
    else:
        assert not any("until 15:00" in card["detail"] for card in found)

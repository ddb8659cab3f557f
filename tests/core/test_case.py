"""What of a timeline can be seen, and which administrations are one event."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import permutations

import pytest

from cds_service.core import timeline as timeline_facts
from cds_service.core.case import visible
from cds_service.core.dates import AsOf, When, on_day
from cds_service.core.exposure import latest_versions
from cds_service.core.timeline import (
    Administration,
    ConditionFact,
    DrugOrder,
    Exposure,
    Mention,
    Result,
    Timeline,
)

TODAY = date(2026, 3, 2)
TOMORROW = on_day(date(2026, 3, 3))
AFTER_TOMORROW = on_day(date(2026, 3, 4))
LEMTRADA = frozenset({"lemtrada"})


def given(
    reference: str, *keys: str, exposure: Exposure = Exposure.GIVEN, updated: str | None = None
) -> Administration:
    return Administration(
        reference, LEMTRADA, by_text=False, exposure=exposure, start=on_day(TODAY), end=None, dose=None, route=None,
        request=None, identifiers=frozenset(keys), last_updated=updated,
    )  # fmt: skip


def order(written: When | None, *, draft: bool) -> DrugOrder:
    return DrugOrder(
        "MedicationRequest/1", LEMTRADA, by_text=False, draft=draft, active=not draft, starts=None, ends=None,
        written=written, days=None, day_count=None, daily_dose=None, route=None,
    )  # fmt: skip


def test_facts_of_the_future_are_named_and_not_seen() -> None:
    timeline = Timeline(
        administrations=(given("MedicationAdministration/1")._replace(start=TOMORROW),),
        drug_orders=(order(TOMORROW, draft=False),),
        mentions=(Mention("MedicationStatement/1", LEMTRADA, by_text=False, when=TOMORROW),),
        results={"tsh": (Result(TOMORROW, "Observation/1", issued_only=False),)},
        service_orders=(timeline_facts.ServiceOrder("ServiceRequest/1", frozenset({"tsh"}), None, TOMORROW),),
        conditions=(ConditionFact("Condition/1", frozenset({"b-cll"}), TOMORROW),),
    )
    cut = visible(timeline, AsOf(TODAY))
    assert (cut.administrations, cut.drug_orders, cut.mentions, cut.service_orders, cut.conditions) == (
        (),
        (),
        (),
        (),
        (),
    )
    assert cut.results == {"tsh": ()}
    assert {(item.reference.split("/")[0], item.why) for item in cut.unused} == {
        (name, "future")
        for name in (
            *("MedicationAdministration", "MedicationRequest", "MedicationStatement"),
            *("Observation", "ServiceRequest", "Condition"),
        )
    }


def test_a_diagnosis_whose_end_is_still_to_come_is_active() -> None:
    over = ConditionFact("Condition/1", frozenset({"sepsis"}), on_day(TODAY), ended=on_day(TODAY), active=False)
    coming = over._replace(ended=TOMORROW)
    cut = visible(Timeline(conditions=(over, coming)), AsOf(TODAY)).conditions
    assert cut == (over, coming._replace(ended=None, active=True))


def test_a_draft_may_be_dated_a_day_ahead_of_our_clock_and_no_more() -> None:
    assert visible(Timeline(drug_orders=(order(TOMORROW, draft=True),)), AsOf(TODAY)).drug_orders
    assert not visible(Timeline(drug_orders=(order(AFTER_TOMORROW, draft=True),)), AsOf(TODAY)).drug_orders
    assert visible(Timeline(drug_orders=(order(None, draft=False),)), AsOf(TODAY)).drug_orders


def test_an_instant_decides_even_where_local_calendars_are_days_apart() -> None:
    far_west = datetime(2026, 3, 1, 23, tzinfo=timezone(timedelta(hours=-12)))  # 2 March 11:00 UTC
    result = Result(When(date(2026, 3, 1), date(2026, 3, 1), far_west), "Observation/1", issued_only=False)
    as_of = AsOf(TODAY, datetime(2026, 3, 2, 10, tzinfo=UTC))
    assert visible(Timeline(results={"tsh": (result,)}), as_of).results == {"tsh": ()}
    an_hour_later = AsOf(TODAY, datetime(2026, 3, 2, 11, tzinfo=UTC))
    assert visible(Timeline(results={"tsh": (result,)}), an_hour_later).results == {"tsh": (result,)}


def test_a_record_whose_whole_past_is_settled_is_passed_on_as_it_is() -> None:
    found = (Result(on_day(date(2025, 1, 1)), "Observation/1", issued_only=False),)
    assert visible(Timeline(results={"tsh": found}), AsOf(TODAY)).results["tsh"] is found


EARLY, LATE = "2026-03-02T15:00:00+02:00", "2026-03-02T13:30:00Z"  # 13:00 and 13:30 UTC


@pytest.mark.parametrize(
    "records, kept",
    [
        ([given("a", "1"), given("b", "2")], {"a", "b"}),
        ([given("a", "1", updated=EARLY), given("b", "1", updated=LATE)], {"b"}),
        ([given("a", "1", updated=EARLY), given("b", "1", updated=LATE, exposure=Exposure.NONE)], {"b"}),
        ([given("a", "1", exposure=Exposure.NONE), given("b", "1")], {"b"}),
        ([given("a", "1", exposure=Exposure.NONE, updated=LATE), given("b", "1")], {"b"}),
        ([given("a", "1", exposure=Exposure.UNKNOWN), given("b", "1", exposure=Exposure.STARTED)], {"b"}),
        ([given("a", "1"), given("b", "2"), given("c", "1", "2", updated=LATE)], {"c"}),
        ([given("a", "1"), given("b", "1", updated="not a time")], {"b"}),
        ([given("a", "1"), given("b", "1", updated="2026-03-02T15:00:00")], {"b"}),
        ([given("b", "1"), given("a", "1")], {"a"}),
        ([given("a"), given("a", exposure=Exposure.NONE)], {"a"}),
    ],
)
def test_one_event_once_in_whatever_order_it_is_told(records: list[Administration], kept: set[str]) -> None:
    for told in permutations(records):
        current, dropped = latest_versions(told)
        assert {record.reference for record in current} == kept
        assert set(dropped) == {record.reference for record in records} - kept
        assert all(record.exposure is not Exposure.NONE or record.last_updated for record in current)

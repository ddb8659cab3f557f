"""A live viral vaccine among the drafts: for whom it matters, however it is coded, and whatever is missing."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cds_service.settings import Settings
from fhir_fixtures import builder, codes, labs
from fhir_fixtures.chart import Chart
from fhir_fixtures.codes import Code
from tests.web.calls import Service, cards_of, issues_of, rows_of
from tests.web.made import (
    MMR,
    add_orders,
    body_of,
    cards,
    chart,
    send,
    statuses,
    treated,
    vaccine_asked,
    vaccine_order,
)

Json = dict[str, Any]
AT = "2026-03-10T10:00:00-04:00"
KINDS = ("MedicationRequest", "ServiceRequest")
HOOKS = ("order-select", "order-sign")
LIVE = codes.concept(MMR)
LOCAL_VACCINE = Code("https://ehr.example.org/codes/vaccine", "V-17", "house code 17")


def ordered(made: Chart, coded: Json, kind: str = "MedicationRequest", hook: str = "order-sign") -> list[Json]:
    return cards(hook, made, AT, vaccine_order(made, coded, kind))


def long_ago() -> Chart:
    """Treated more than a year before."""
    return treated(date(2024, 3, 4), antiviral_until=date(2024, 6, 1))


def a_year_ago() -> Chart:
    """Treated less than a year before."""
    return treated(date(2025, 3, 10), antiviral_until=date(2025, 6, 10))


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("kind", KINDS)
def test_within_a_year_of_the_last_infusion_it_is_critical(kind: str, hook: str) -> None:
    (card,) = ordered(a_year_ago(), LIVE, kind, hook)
    assert card["indicator"] == "critical"
    assert card["summary"] == (
        "This order is a live viral vaccine; this patient has had LEMTRADA (last dose 14 Mar 2025)."
    )
    assert card["source"]["topic"]["code"] == "live-vaccine"
    assert "names no end" in card["detail"]
    assert "suggestions" not in card


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("kind", KINDS)
def test_later_it_is_a_warning(kind: str, hook: str) -> None:
    (card,) = ordered(long_ago(), LIVE, kind, hook)
    assert card["indicator"] == "warning"
    assert statuses([card]) == {"live-vaccine": {"violated"}}


def test_later_it_is_critical_when_the_last_cd4_count_is_low() -> None:
    made = long_ago()
    made.lab("cd4", labs.Range(codes.CD4, 150, 160, 0, "cells/uL", "/uL"), "2026-02-01T08:00:00-05:00")
    (card,) = ordered(made, LIVE)
    assert card["indicator"] == "critical"


@pytest.mark.parametrize(
    "coded",
    [
        pytest.param(LIVE, id="CVX"),
        pytest.param({"text": "MMR vaccine, one dose"}, id="name"),
        pytest.param({"coding": [{"display": "Varicella vaccine live"}]}, id="display"),
        pytest.param(codes.concept(LOCAL_VACCINE, MMR), id="a local code beside the standard one"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_however_it_is_coded(coded: Json, kind: str) -> None:
    assert statuses(ordered(long_ago(), coded, kind)) == {"live-vaccine": {"violated"}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_local_code_through_a_code_map(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "vaccines.json"
    target = {"code": MMR.code, "equivalence": "equivalent"}
    element = [{"code": LOCAL_VACCINE.code, "target": [target]}]
    group = [{"source": LOCAL_VACCINE.system, "target": MMR.system, "element": element}]
    path.write_text(json.dumps({"resourceType": "ConceptMap", "status": "active", "group": group}))
    made = long_ago()
    body = body_of("order-sign", made, vaccine_order(made, codes.concept(LOCAL_VACCINE), kind))
    assert cards_of(send("order-sign", body, AT)) == []
    mapped = Service(AT, Settings(code_maps=(path,)))
    assert statuses(cards_of(send("order-sign", body, AT, mapped))) == {"live-vaccine": {"violated"}}


@pytest.mark.parametrize(
    "coded",
    [
        pytest.param(codes.concept(codes.ZOSTER_RECOMBINANT), id="recombinant zoster"),
        pytest.param(codes.concept(codes.INFLUENZA_INACTIVATED), id="inactivated influenza"),
        pytest.param(codes.concept(Code(codes.CVX, "96", "tuberculin skin test")), id="tuberculin"),
        pytest.param(codes.concept(Code(codes.CVX, "998", "no vaccine administered")), id="no vaccine"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_live_is_none_of_our_business(coded: Json, kind: str) -> None:
    assert ordered(a_year_ago(), coded, kind) == []


def test_a_code_nobody_has_verified_is_a_question() -> None:
    (card,) = ordered(long_ago(), codes.concept(Code(codes.CVX, "183", "yellow fever vaccine alternate")))
    assert card["indicator"] == "warning"
    assert statuses([card])["live-vaccine"] <= {"cannot-tell", "violated"}


@pytest.mark.parametrize("kind", KINDS)
def test_who_never_had_the_drug_may_have_it(kind: str) -> None:
    assert ordered(chart(), LIVE, kind) == []
    made = chart()
    keys = ("patient", "medications", "statements", "dispenses", "immunizations", "conditions", "allergies", "orders")
    assert cards("order-sign", made, AT, vaccine_order(made, LIVE, kind), failed=keys) == []


@pytest.mark.parametrize("kind", KINDS)
def test_without_administrations_nobody_can_tell_and_nobody_is_refused(kind: str) -> None:
    for made in (chart(), long_ago()):
        (card,) = cards("order-sign", made, AT, vaccine_order(made, LIVE, kind), failed=("administrations",))
        assert card["indicator"] == "warning"
        assert card["summary"] == (
            "Live viral vaccine ordered: whether this patient has had LEMTRADA could not be checked. "
            "This is not an all-clear."
        )
        assert statuses([card]) == {"live-vaccine": {"cannot-tell"}}
        assert "medication administrations" in card["detail"]


def test_exposure_without_dates_asks_for_them() -> None:
    made = chart()
    entry = builder.statement(codes.LEMTRADA, status="completed", start=date(2024, 3, 4), end=None, text="LEMTRADA")
    made.add("statement", entry)
    (card,) = ordered(made, LIVE)
    assert card["indicator"] == "warning"
    assert card["summary"] == (
        "Live viral vaccine ordered, and LEMTRADA is on record without infusion dates: "
        "please find out when it was given."
    )
    assert {row["reason"] for row in rows_of([card])} == {"exposure-unclear"}


def test_a_vaccine_order_brings_no_other_findings() -> None:
    """Labs long overdue are said when the chart is opened, not to whoever orders a vaccine."""
    made = long_ago()
    assert set(statuses(ordered(made, LIVE))) == {"live-vaccine"}
    assert "cbc-monthly" in statuses(cards("patient-view", made, AT))


@pytest.mark.parametrize("kind", KINDS)
def test_beside_an_active_order_for_a_patient_never_treated_the_weeks_before_are_said(kind: str) -> None:
    made = chart()
    add_orders(made, date(2026, 4, 6), draft=False)
    (card,) = ordered(made, LIVE, kind)
    assert statuses([card]) == {"vaccines-6-weeks": {"violated"}}
    assert card["indicator"] == "warning"
    assert ordered(made, codes.concept(Code(codes.CVX, "140", "influenza, seasonal, injectable")), kind) == []


def test_beside_the_drug_both_are_said() -> None:
    made = a_year_ago()
    add_orders(made, date(2026, 4, 6), 3, draft=True)
    found = cards("order-sign", made, AT, vaccine_order(made, LIVE))
    assert {"live-vaccine", "cbc-monthly"} <= set(statuses(found))
    assert [card["indicator"] for card in found] == ["critical", "warning"]


def test_a_draft_for_somebody_else_is_refused() -> None:
    for kind in KINDS:

        def change(body: Json) -> None:
            (entry,) = body["context"]["draftOrders"]["entry"]
            entry["resource"]["subject"] = {"reference": "Patient/somebody-else"}

        (issue,) = issues_of(vaccine_asked(kind)(change), 422)
        assert issue["expression"] == ["context.draftOrders.entry[0].resource.subject"]


def test_of_a_deceased_patient_nothing_is_said() -> None:
    made = a_year_ago()
    made.resources[0]["deceasedDateTime"] = "2026-01-05"
    assert ordered(made, LIVE) == []

"""Every way a prefetch key can arrive, for every key, at every hook: what could not be looked at is never silence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import httpx
import pytest

from tests.web.calls import call, cards_of, hook_request, issues_of, rows_of
from tests.web.made import another_appointment, before_infusion, booked, going_home, other_visit, vaccine_asked
from tests.web.shapes import ALL, COMPLETE, FOREIGN, PARTIAL, UNOBTAINABLE, put

Json = dict[str, Any]
Ask = Callable[..., httpx.Response]
Row = dict[str, object]
Table = Mapping[str, Row]
NOT_LOOKED = {"not-provided", "partial", "foreign-data"}
KEYS = (
    "patient",
    "administrations",
    "observations",
    "reports",
    "medications",
    "statements",
    "dispenses",
    "orders",
    "conditions",
    "allergies",
    "immunizations",
    "procedures",
)
INCOMPLETE = (*PARTIAL, *UNOBTAINABLE, *FOREIGN)
ALONE, AMONG = "foreign alone", "foreign among others"

# Scenario -> (story, hook, key -> {shape: what comes}); what is not named comes out as if nothing had been changed.
# 412, 422: refused. "unchecked": a could-not-check card. "patient": one that names the patient's data.
# "findings": findings and no cannot-tell. "unclear": the drug is on record, but no infusion. "nothing": no card.
# "not told": whether the appointment is for the drug. "vaccine": whether the patient has had the drug.
_UNSEEN = (*UNOBTAINABLE, ALONE)
_WITHOUT_PATIENT: Row = {**dict.fromkeys((*COMPLETE, *UNOBTAINABLE), "patient"), ALONE: 422}
_AT_CHART: Row = {
    **dict.fromkeys(COMPLETE, "unclear"),
    **dict.fromkeys(_UNSEEN, 412),
    **dict.fromkeys((*PARTIAL, AMONG), "unchecked"),
}
_ABSENCE_DECIDES: Row = dict.fromkeys(INCOMPLETE, "unchecked")
_ONE_IS_ENOUGH: Row = dict.fromkeys(_UNSEEN, "unchecked")  # what was received in part proves that it was done
_FINDINGS: Row = dict.fromkeys(COMPLETE, "findings")
_NO_SEX: Row = dict.fromkeys((*COMPLETE, *UNOBTAINABLE), "unchecked")  # whether an HPV test is asked cannot be told
_HAD_IT: Row = {**dict.fromkeys(COMPLETE, "unclear"), **dict.fromkeys(_UNSEEN, "vaccine")}
_NOT_TOLD: Row = dict.fromkeys(INCOMPLETE, "not told")


def every(row: Row, *keys: str) -> dict[str, Row]:
    """The same row for several keys."""
    return dict.fromkeys(keys, row)


_CHARTED = every(_ABSENCE_DECIDES, "reports", "medications", "orders", "conditions", "allergies", "immunizations")
_ORDERED = every(
    _ABSENCE_DECIDES,
    *("reports", "medications", "statements", "dispenses", "conditions", "allergies", "immunizations"),
)
_LABS = {"observations": _FINDINGS | _ABSENCE_DECIDES}
_EARLIER_DRUGS = _FINDINGS | _ABSENCE_DECIDES  # without one of the lists fewer than two are on record
_FIRST_COURSE: Table = {
    "patient": _WITHOUT_PATIENT,
    "administrations": _ABSENCE_DECIDES,
    **_LABS,
    **_ORDERED,
    "statements": _EARLIER_DRUGS,
    "procedures": _FINDINGS | _ONE_IS_ENOUGH,
}
_SECOND_COURSE: Table = {
    "patient": _WITHOUT_PATIENT | _NO_SEX,
    "administrations": {**dict.fromkeys(COMPLETE, "unclear"), **_ABSENCE_DECIDES},
    **_LABS,
    **_ORDERED,
    "orders": _ABSENCE_DECIDES,
    **every(_EARLIER_DRUGS, "medications", "statements"),
    "procedures": _ONE_IS_ENOUGH,
}
SCENARIOS: dict[str, tuple[Ask, Table]] = {
    "treated, labs lapsed": (
        partial(call, "lapsed-monthly-labs", "patient-view"),
        {
            "patient": _WITHOUT_PATIENT,
            "administrations": _AT_CHART,
            **_LABS,
            **_CHARTED,
            "procedures": _ONE_IS_ENOUGH,
        },
    ),
    "treated, well managed": (
        partial(call, "well-managed-18-months", "patient-view"),
        {
            "patient": _WITHOUT_PATIENT,
            "administrations": _AT_CHART,
            **_LABS,
            **_CHARTED,
            "procedures": _FINDINGS | _ONE_IS_ENOUGH,
        },
    ),
    "never exposed": (
        partial(call, "never-exposed", "patient-view"),
        {"patient": {ALONE: 422}, "administrations": {**dict.fromkeys((*PARTIAL, *_UNSEEN), 412), AMONG: "unchecked"}},
    ),
    "first course booked": (
        booked(),
        {**_FIRST_COURSE, "medications": _FINDINGS | _ABSENCE_DECIDES},
    ),
    "another appointment": (
        another_appointment(),
        {"patient": {ALONE: 422}, "medications": _NOT_TOLD},
    ),
    "before an infusion": (
        before_infusion(),
        {
            **_FIRST_COURSE,
            "administrations": _AT_CHART | _FINDINGS,
            "medications": _FINDINGS | _ABSENCE_DECIDES,
            "orders": _ABSENCE_DECIDES,
        },
    ),
    "a visit on another day": (
        other_visit(),
        {
            "patient": _WITHOUT_PATIENT,
            "administrations": _AT_CHART,
            **_LABS,
            **_CHARTED,
            "procedures": _FINDINGS | _ONE_IS_ENOUGH,
        },
    ),
    "going home": (
        going_home(),
        {
            "patient": _WITHOUT_PATIENT,
            "administrations": _AT_CHART | dict.fromkeys(COMPLETE, "nothing"),
            **every(_ABSENCE_DECIDES, "medications", "statements"),
        },
    ),
    "live vaccine for a treated patient": (
        vaccine_asked(),
        {
            "patient": _WITHOUT_PATIENT,
            "administrations": _HAD_IT,
        },
    ),
}
for _hook in ("order-select", "order-sign"):
    SCENARIOS[f"first course ordered, {_hook}"] = (
        partial(call, "upcr-missing-order", _hook),
        {**_FIRST_COURSE, "medications": _EARLIER_DRUGS},
    )
    SCENARIOS[f"second course ordered, {_hook}"] = (partial(call, "second-course-on-time", _hook), _SECOND_COURSE)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_comes_of_every_shape(scenario: str, key: str) -> None:
    ask, table = SCENARIOS[scenario]
    unchanged = rows_of(cards_of(ask()))
    for shape in ALL:
        expected = table.get(key, {}).get(shape, "same")
        check(ask, key, shape, expected, unchanged)


def check(ask: Ask, key: str, shape: str, expected: object, unchanged: list[Json]) -> None:
    """One call with one key in one shape."""
    response = ask(lambda body: put(body, key, ALL[shape]))
    place = f"{key}, {shape}"
    if isinstance(expected, int):
        (issue,) = issues_of(response, expected)
        assert issue["expression"] == [f"prefetch.{key}"], place
        return
    cards = cards_of(response)
    rows = rows_of(cards)
    told = {row.get("reason") for row in rows if row["status"] == "cannot-tell"}
    if expected == "same":
        assert rows == unchanged, place
    elif expected == "unchecked":
        check_unchecked(cards, told, place, foreign=shape in FOREIGN)
    elif expected == "patient":
        assert any("patient data" in card["summary"] and "not an all-clear" in card["summary"] for card in cards), place
        beside = [row for row in rows if row["status"] != "met" and row["requirement"] != "adult"]  # no date of birth
        assert beside == [row for row in unchanged if row["status"] != "met"], place
    elif expected == "not told":
        (card,) = cards
        assert "whether this appointment is for it could not be told" in card["summary"], place
        assert "not an all-clear" in card["summary"], place
        assert "medication orders" in card["detail"], place
    elif expected == "vaccine":
        (card,) = cards
        assert card["summary"].startswith("Live viral vaccine ordered: whether this patient has had LEMTRADA"), place
        assert "not an all-clear" in card["summary"], place
    elif expected == "nothing":
        assert cards == [], place
    elif expected == "findings":
        assert rows, place
        assert not told, place
    else:
        assert expected == "unclear"
        assert told == {"exposure-unclear"}, place


def check_unchecked(cards: list[Json], told: set[str | None], place: str, *, foreign: bool) -> None:
    """There is exactly one could-not-check card; nothing in it is claimed to be absent."""
    assert told & NOT_LOOKED, place
    unchecked = [card for card in cards if "not an all-clear" in card["summary"]]
    assert len(unchecked) == 1, place
    statuses = {row["status"] for row in rows_of(unchecked)}
    assert statuses == {"cannot-tell"}, place
    assert ("another patient" in unchecked[0]["detail"]) == foreign, place


def other_drug(body: Json) -> None:
    aspirin = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "243670"}]}
    draft = body["context"]["draftOrders"]["entry"][0]["resource"]
    draft["medicationCodeableConcept"] = aspirin
    body["context"]["draftOrders"]["entry"] = [{"resource": draft}]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize("story", ["upcr-missing-order", "second-course-on-time"])
def test_another_drug_is_none_of_our_business_whatever_is_missing(story: str, hook: str, key: str) -> None:
    for name, shape in ALL.items():

        def change(body: Json, shape: Any = shape) -> None:
            other_drug(body)
            put(body, key, shape)

        if key == "patient" and name == ALONE:
            issues_of(call(story, hook, change), 422)
        else:
            assert cards_of(call(story, hook, change)) == [], name


def test_without_any_prefetch() -> None:
    for missing in (lambda body: body.pop("prefetch"), lambda body: body.update(prefetch=None)):
        issues_of(call("never-exposed", "patient-view", missing), 412)
        issues_of(call("well-managed-18-months", "patient-view", missing), 412)
        cards = cards_of(call("upcr-missing-order", "order-sign", missing))
        assert [card["indicator"] for card in cards] == ["warning"]
        assert "not an all-clear" in cards[0]["summary"]


def test_a_dose_that_is_too_high_is_seen_without_any_prefetch() -> None:
    cards = cards_of(call("double-dose-order", "order-sign", lambda body: body.pop("prefetch")))
    assert [card["indicator"] for card in cards] == ["critical", "warning"]


def test_keys_this_service_does_not_ask_for_are_ignored() -> None:
    for key in ("encounters", "something-else"):

        def change(body: Json, key: str = key) -> None:
            body["prefetch"][key] = {"resourceType": "OperationOutcome", "issue": [{"severity": "error"}]}

        assert cards_of(call("well-managed-18-months", "patient-view", change)) == []


def test_the_matrix_covers_every_key_that_is_asked_for() -> None:
    assert set(KEYS) == set(hook_request("never-exposed", "patient-view")["prefetch"])
    assert {*KEYS, "encounters"} == set(going_home().body()["prefetch"])


@pytest.mark.parametrize("shape", ALL)
def test_encounters_decide_nothing_at_discharge_but_the_visits_they_are(shape: str) -> None:
    def decided(change: Callable[[Json], None] | None = None) -> tuple[list[Json], set[str]]:
        rows = rows_of(cards_of(ask(change)))
        observed = {row["status"] for row in rows if row["requirement"] == "post-infusion-observation"}
        return [row for row in rows if row["requirement"] != "post-infusion-observation"], observed

    ask = going_home()
    others, observed = decided(lambda body: put(body, "encounters", ALL[shape]))
    assert others == decided()[0]
    if shape in (*COMPLETE, *_UNSEEN):
        assert observed == {"cannot-tell"}, "no visit to read the end from is never an all-clear"

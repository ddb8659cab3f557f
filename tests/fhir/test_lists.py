"""Since and until when a drug is taken: orders of an antiviral, medication lists, dispensing."""

from typing import Any

import pytest

from cds_service.core.dates import When
from cds_service.core.timeline import DrugOrder, Mention
from tests.fhir.made import LEMTRADA, RXNORM, SUBJECT, Json, concept, order, ordered, read, unused, without

VALACYCLOVIR = {"text": "valacyclovir 500 mg tablets"}


def text(when: When | None) -> str | None:
    if when is None:
        return None
    return str(when.first) if when.is_exact_day else f"{when.first}..{when.last}"


def antiviral(*instructions: Json, **fields: Any) -> Json:
    made = {"medicationCodeableConcept": VALACYCLOVIR, "authoredOn": "2026-03-02"}
    return order(**{**made, "dosageInstruction": list(instructions) or None, **fields})


def bounds(**repeat: Any) -> Json:
    return {"timing": {"repeat": repeat}}


def period(start: str | None = None, end: str | None = None) -> Json:
    return bounds(boundsPeriod=without({"start": start, "end": end}))


def days(count: float, unit: str = "d") -> Json:
    return {"value": count, "unit": unit, "code": unit}


def supply(count: float, repeats: int | None = None, unit: str = "d") -> Json:
    return without({"expectedSupplyDuration": days(count, unit), "numberOfRepeatsAllowed": repeats})


# --- orders: when they start and end --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made, start, end",
    [
        (antiviral(period("2026-03-01", "2026-05-10")), "2026-03-01", "2026-05-10"),
        (antiviral(period(None, "2026-05-10")), None, "2026-05-10"),
        (antiviral(bounds(boundsDuration=days(60))), None, "2026-05-01"),
        (antiviral(bounds(boundsDuration=days(2, "mo"))), None, "2026-05-02"),
        (antiviral(bounds(boundsDuration=days(8, "wk"))), None, "2026-04-27"),
        (antiviral(dispenseRequest=supply(30)), None, "2026-04-01"),
        (antiviral(dispenseRequest=supply(30, 0)), None, "2026-04-01"),
        (antiviral(dispenseRequest=supply(30, 1)), None, "2026-05-01"),
        (antiviral(dispenseRequest=supply(1, 1, "mo")), None, "2026-05-02"),
        (antiviral(period("2026-03-01"), dispenseRequest=supply(30, 1)), "2026-03-01", "2026-04-30"),
        (antiviral(period("2026-03-01", "2026-05-10"), dispenseRequest=supply(30)), "2026-03-01", "2026-05-10"),
        (antiviral(bounds(boundsDuration=days(60)), dispenseRequest=supply(30)), None, "2026-05-01"),
        (antiviral(), None, None),
        (antiviral({"text": "twice a day"}), None, None),
        (antiviral(dispenseRequest={"validityPeriod": {"start": "2026-03-02", "end": "2026-04-02"}}), None, None),
        (antiviral(dispenseRequest="thirty days"), None, None),
        (antiviral(dispenseRequest=supply(30), authoredOn=None), None, None),
        (antiviral(period("2026-03-01", "2026-03-14"), {"text": "then daily"}), "2026-03-01", None),
        (antiviral(period("2026-03-01", "2026-03-14"), period("2026-03-15", "2026-06-01")), "2026-03-01", "2026-06-01"),
    ],
)
def test_an_antiviral_order_runs_to_its_bounds_else_their_duration_else_its_supply_else_it_is_open(
    made: Json, start: str | None, end: str | None
) -> None:
    found = ordered(made)
    assert text(found.written) == (None if made.get("authoredOn") is None else "2026-03-02")
    assert (text(found.starts), text(found.runs_until)) == (start, end)
    assert found.active


@pytest.mark.parametrize(
    "status, state, why",
    [
        ("active", (False, True, False), None),
        ("draft", (True, False, False), None),
        ("on-hold", (False, False, False), None),
        ("stopped", (False, False, False), None),
        ("ended", (False, False, False), None),
        ("completed", (False, False, True), None),
        ("unknown", (False, False, False), "bad-status"),
        (None, (False, False, False), "bad-status"),
        ("running", (False, False, False), "bad-status"),
        ({"text": "active"}, (False, False, False), "bad-status"),
    ],
)
def test_statuses_of_orders(status: Any, state: tuple[bool, bool, bool], why: str | None) -> None:
    timeline = read(antiviral(status=status))
    (found,) = timeline.drug_orders
    assert (found.draft, found.active, found.completed) == state
    assert found.unsure is (why is not None)
    assert unused(timeline) == ({("MedicationRequest/m1", why)} if why else set())


@pytest.mark.parametrize(
    "fields, why",
    [
        ({"status": "cancelled"}, "not-done"),
        ({"status": "entered-in-error"}, "entered-in-error"),
        ({"doNotPerform": True}, "not-done"),
        ({"intent": "proposal"}, "not-done"),
        ({"intent": "option"}, "not-done"),
    ],
)
def test_what_is_no_order_is_named(fields: Json, why: str) -> None:
    timeline = read(antiviral(**fields))
    assert (timeline.drug_orders, unused(timeline)) == ((), {("MedicationRequest/m1", why)})


@pytest.mark.parametrize(
    "intent", ["order", "original-order", "reflex-order", "filler-order", "instance-order", "plan"]
)
def test_other_intents_are_orders(intent: str) -> None:
    assert ordered(antiviral(intent=intent)).active


def test_a_proposal_of_the_drug_itself_is_protected_like_an_order() -> None:
    assert ordered(order(intent="proposal")).active


@pytest.mark.parametrize("end", ["2026-05-32", "soon"])
def test_an_end_nobody_can_read_is_not_taken_for_none(end: str) -> None:
    made = antiviral(period("2026-03-01", end), dispenseRequest=supply(30))
    found = ordered(made)
    assert (found.active, found.runs_until) == (False, None)
    assert unused(read(made)) == {("MedicationRequest/m1", "bad-date")}


def test_an_end_of_the_drug_itself_nobody_can_read_leaves_the_order_open() -> None:
    found: DrugOrder = ordered(order(dosageInstruction=[period("2026-03-01", "soon")]))
    assert found.active


# --- lists ----------------------------------------------------------------------------------------------------------


def statement(**fields: Any) -> Json:
    made = {
        "resourceType": "MedicationStatement",
        "id": "st1",
        "status": "active",
        "medicationCodeableConcept": VALACYCLOVIR,
        "subject": SUBJECT,
    }
    return without({**made, **fields})


def mentioned(**fields: Any) -> Mention:
    (found,) = read(statement(**fields)).mentions
    return found


@pytest.mark.parametrize(
    "fields, since, until, why",
    [
        ({"effectivePeriod": {"start": "2026-03-01", "end": "2026-05-10"}}, "2026-03-01", "2026-05-10", None),
        ({"effectivePeriod": {"start": "2026-03"}}, "2026-03-01..2026-03-31", None, None),
        ({"effectiveDateTime": "2026-03-01"}, "2026-03-01", None, None),
        ({"effectiveDateTime": "2026-03-01", "dateAsserted": "2026-04-01"}, "2026-03-01", None, None),
        ({"dateAsserted": "2026-04-01"}, "2026-04-01", None, None),
        ({"effectivePeriod": {"end": "2026-05-10"}}, None, "2026-05-10", None),
        ({}, None, None, None),
        ({"effectiveDateTime": "2026-02-30"}, None, None, "bad-date"),
        ({"dateAsserted": "yesterday"}, None, None, "bad-date"),
        ({"effectivePeriod": {"start": "2026-03-01", "end": "soon"}}, "2026-03-01", None, "bad-date"),
    ],
)
def test_a_listed_drug_is_taken_in_its_period(
    fields: Json, since: str | None, until: str | None, why: str | None
) -> None:
    timeline = read(statement(**fields))
    (found,) = timeline.mentions
    assert (text(found.when), text(found.ends)) == (since, until)
    assert found.asserted_only is (fields == {"dateAsserted": "2026-04-01"})
    assert unused(timeline) == ({("MedicationStatement/st1", why)} if why else set())


def test_a_drug_whose_end_nobody_can_read_is_not_known_to_go_on() -> None:
    assert mentioned(effectivePeriod={"start": "2026-03-01", "end": "soon"}).closed


@pytest.mark.parametrize(
    "status, state, why",
    [
        ("active", (False, False), None),
        ("recorded", (False, False), None),
        ("completed", (True, False), None),
        ("stopped", (True, False), None),
        ("on-hold", (True, False), None),
        ("unknown", (False, True), None),
        (None, (False, True), "bad-status"),
        ("taking", (False, True), "bad-status"),
    ],
)
def test_which_entries_are_over_and_which_do_not_say(
    status: str | None, state: tuple[bool, bool], why: str | None
) -> None:
    timeline = read(statement(status=status, effectiveDateTime="2026-03-01"))
    (found,) = timeline.mentions
    assert (found.closed, found.unsure) == state
    assert unused(timeline) == ({("MedicationStatement/st1", why)} if why else set())


@pytest.mark.parametrize(
    "adherence, closed",
    [
        ("taking", False),
        ("taking-not-as-directed", False),
        ("on-hold", True),
        ("on-hold-as-directed", True),
        ("stopped", True),
        ("stopped-not-as-directed", True),
        ("unknown", False),
        ("not-taking", None),
        ("never-taken", None),
    ],
)
def test_how_a_drug_is_taken_in_r5(adherence: str, closed: bool | None) -> None:  # noqa: FBT001 - a column of the table
    made = statement(status="recorded", adherence={"code": {"coding": [{"code": adherence}]}})
    timeline = read(made)
    assert [item.closed for item in timeline.mentions] == ([] if closed is None else [closed])
    assert [item.unsure for item in timeline.mentions] == ([] if closed is None else [adherence == "unknown"])
    assert unused(timeline) == ({("MedicationStatement/st1", "not-done")} if closed is None else set())


def test_the_drug_itself_not_taken_now_may_have_been_given_before() -> None:
    code = concept(RXNORM, LEMTRADA)
    adherence = {"code": {"coding": [{"code": "not-taking"}]}}
    assert mentioned(medicationCodeableConcept=code, status="recorded", adherence=adherence).closed
    assert read(statement(medicationCodeableConcept=code, status="not-taken")).mentions == ()
    other = {"text": "Campath"}
    assert mentioned(medicationCodeableConcept=other, status="recorded", adherence=adherence).closed
    assert mentioned(medicationCodeableConcept=code, status="draft").concepts == {"lemtrada"}


@pytest.mark.parametrize(
    "fields, why",
    [
        ({"status": "draft"}, "preliminary"),
        ({"status": "intended"}, "not-done"),
        ({"status": "not-taken"}, "not-done"),
        ({"status": "entered-in-error"}, "entered-in-error"),
    ],
)
def test_entries_that_say_nothing_was_taken_are_named(fields: Json, why: str) -> None:
    timeline = read(statement(**fields))
    assert (timeline.mentions, unused(timeline)) == ((), {("MedicationStatement/st1", why)})


@pytest.mark.parametrize("adherence", ["yes", {"code": "stopped"}, {}, None])
def test_an_adherence_of_another_shape_says_nothing(adherence: Any) -> None:
    assert not mentioned(adherence=adherence).closed


def test_a_dispensed_drug_is_not_known_to_be_taken() -> None:
    made = statement(resourceType="MedicationDispense", status="completed", whenHandedOver="2026-03-01")
    (found,) = read(made).mentions
    assert (found.dispensed, text(found.when)) == (True, "2026-03-01")

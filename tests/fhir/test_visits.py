"""Encounters as visits: when the patient came and left, and what that says of the observation after an infusion."""

from typing import Any

import pytest

from cds_service.core.timeline import Visit
from cds_service.engine import Engine
from tests.fhir.made import PATIENT, SUBJECT, Json, administration, as_bytes, bundle, concept, read, used, without

START, END = "2026-03-02T07:45:00-05:00", "2026-03-02T15:05:00-05:00"
AMBULATORY = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}


def encounter(status: Any = "finished", start: str | None = START, end: str | None = END, **fields: Any) -> Json:
    """A visit of R4."""
    made = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": status,
        "class": AMBULATORY,
        "subject": SUBJECT,
        "period": without({"start": start, "end": end}) or None,
    }
    return without({**made, **fields})


def r5(status: str, **fields: Any) -> Json:
    """A visit of R5: its class is a list of concepts, its time `actualPeriod`."""
    made = encounter(status, **fields)
    return {**made, "class": [{"coding": [AMBULATORY]}], "actualPeriod": made.pop("period", None)}


def visit(resource: Json) -> Visit:
    (found,) = read(resource).visits
    return found


def rows(*resources: Json, as_of: str = "2026-03-02", hook: str | None = None) -> list[Json]:
    """What the report says about the time under observation."""
    (report,) = Engine.load().reports(as_bytes(bundle(PATIENT, *resources)), as_of, hook=hook)
    return [row for row in report["assessments"] if row["requirement"] == "post-infusion-observation"]


def told(*resources: Json, **asked: Any) -> tuple[str, str | None, str | None]:
    """Status, note and indicator of the one infusion."""
    (row,) = rows(*resources, **asked)
    return row["status"], row["note"], row["indicator"]


@pytest.mark.parametrize("resource", [encounter("finished"), r5("completed"), r5("discharged"), r5("discontinued")])
def test_a_visit_that_is_over_has_its_start_and_end(resource: Json) -> None:
    found = visit(resource)
    assert found.reference == "Encounter/e1"
    assert [str(when.instant) for when in (found.start, found.end) if when is not None] == [
        "2026-03-02 07:45:00-05:00",
        "2026-03-02 15:05:00-05:00",
    ]
    assert (found.open, found.unsure) == (False, False)


@pytest.mark.parametrize("status", ["arrived", "triaged", "in-progress", "onleave", "on-hold"])
def test_a_visit_under_way_is_open(status: str) -> None:
    found = visit(encounter(status, end=None))
    assert (found.end, found.open, found.unsure) == (None, True, False)


@pytest.mark.parametrize("status", ["planned", "cancelled", "entered-in-error"])
def test_a_visit_that_did_not_take_place_is_none(status: str) -> None:
    assert read(encounter(status)).visits == ()


@pytest.mark.parametrize("status", ["unknown", None, "gone", {"coding": []}])
def test_a_status_that_says_nothing_leaves_the_visit_unsure(status: Any) -> None:
    found = visit(encounter(status))
    assert (found.open, found.unsure) == (False, True)
    assert told(encounter(status), administration())[0] == "cannot-tell"


def test_a_date_nobody_can_read_is_no_date() -> None:
    found = visit(encounter(start="yesterday", end="2026-02-31"))
    assert (found.start, found.end) == (None, None)


def test_a_visit_of_another_patient_is_not_this_ones() -> None:
    other = encounter(subject={"reference": "Patient/p2"})
    assert read(other).visits == ()


def test_an_encounter_that_cannot_be_read_may_be_the_one_that_was_too_short() -> None:
    broken = encounter(period=[START])
    assert [(item.reference, item.unsure) for item in read(broken).visits] == [("Encounter/e1", True)]
    assert told(broken, administration())[0] == "cannot-tell"


def test_a_visit_is_still_read_for_what_it_was_for() -> None:
    reason = concept("http://hl7.org/fhir/sid/icd-10-cm", "Z12.83")
    timeline = read(encounter(reasonCode=[reason]))
    assert used(timeline, "skin-exam") == ["Encounter/e1"]
    assert len(timeline.visits) == 1


@pytest.mark.parametrize(
    "resource, expected",
    [
        (encounter(), ("met", None, None)),
        (encounter(end="2026-03-02T15:00:00-05:00"), ("met", None, None)),
        (encounter(end="2026-03-02T14:30:00-05:00"), ("violated", None, "warning")),
        (encounter(end="2026-03-02T19:30:00Z"), ("violated", None, "warning")),
        (r5("completed", end="2026-03-02T14:30:00-05:00"), ("violated", None, "warning")),
        (encounter("in-progress", end=None), ("met", None, None)),
        (encounter(end=None), ("cannot-tell", None, "warning")),
        (encounter(start="2026-03-02", end="2026-03-02"), ("cannot-tell", None, "warning")),
        (encounter(start=None, end=None), ("cannot-tell", None, "warning")),
        (encounter("cancelled"), ("not-applicable", "no-encounter-data", None)),
    ],
)
def test_the_visit_tells_how_long_the_patient_was_watched(
    resource: Json, expected: tuple[str, str | None, str | None]
) -> None:
    assert told(resource, administration()) == expected


def test_without_encounters_it_is_not_judged_but_at_discharge() -> None:
    assert told(administration()) == ("not-applicable", "no-encounter-data", None)
    at_discharge = {"as_of": "2026-03-02T15:30:00-05:00", "hook": "encounter-discharge"}
    assert told(administration(), **at_discharge) == ("cannot-tell", "no-encounter-data", "warning")


def test_a_discharge_too_early_is_named_with_the_time() -> None:
    (row,) = rows(administration(), as_of="2026-03-02T14:15:00-05:00", hook="encounter-discharge")
    assert (row["status"], row["indicator"]) == ("violated", "warning")
    assert "13:00" in row["message"]
    assert "15:00" in row["message"]


def test_a_discharge_is_told_in_the_infusions_own_clock() -> None:
    (row,) = rows(administration(), as_of="2026-03-02T19:15:00Z", hook="encounter-discharge")
    assert row["status"] == "violated"
    assert "15:00" in row["message"]


def test_the_time_a_visit_ended_is_told_in_the_infusions_own_clock() -> None:
    (row,) = rows(administration(), encounter(end="2026-03-02T19:30:00Z"))
    assert "14:30" in row["message"]
    assert row["evidence"] == ["MedicationAdministration/a1", "Encounter/e1"]


def test_an_incomplete_bundle_leaves_it_open() -> None:
    failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
    assert told(administration(), failed)[0] == "cannot-tell"


@pytest.mark.parametrize("end", ["9999-12-31T23:30:00-05:00", "9999-12-31T23:30:00-14:00"])
def test_the_end_of_the_calendar_is_no_fault(end: str) -> None:
    last = administration(effectivePeriod={"start": "9999-12-31T19:00:00-05:00", "end": end})
    (row,) = rows(last, encounter(start="9999-12-31T07:00:00-05:00", end=end), as_of="9999-12-31")
    assert (row["status"], row["reason"]) == ("cannot-tell", "date-vague")

"""A patient of any kind, valid or damaged, never makes the program fail, and nobody is forgotten."""

from __future__ import annotations

import json
from functools import partial
from random import Random
from typing import Any

import msgspec
import pytest

from cds_service.cds_hooks.errors import CdsHooksError
from cds_service.fhir.strict import validate_bundle
from cds_service.web.app import _report
from tests.properties import fhir_answers as asked
from tests.properties import fhir_charts
from tests.properties.fhir_answers import HOOKS, NOTES, REASONS, REQUIREMENTS, WHYS, assert_none, encoded
from tests.properties.fhir_codes import ENGINE, Json
from tests.properties.fhir_damage import any_chart
from tests.properties.scale import seeds
from tests.web.calls import service_at

STATUSES = frozenset({"met", "due", "overdue", "missing", "violated", "not-applicable", "cannot-tell"})
KEYS = {
    "requirement", "status", "indicator", "due", "daysOverdue", "lastDone", "course", "day", "reason", "note",
    "evidence", "section", "message",
}  # fmt: skip
REFUSALS = frozenset({412, 422})
NOW = "2024-04-02T12:00:00-05:00"


def as_bundle(entries: list[Any]) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def resources_of(entries: list[Any]) -> list[Json]:
    found = [entry.get("resource") for entry in entries if isinstance(entry, dict)]
    return [one for one in found if isinstance(one, dict)]


def test_made_up_charts_are_valid_fhir() -> None:
    """What the generator makes before anything is damaged passes strict validation: properties speak of real charts."""
    for _, random in seeds("valid", 15, 500):
        resources = [*fhir_charts.patient(random), *fhir_charts.drafts(random, NOW), *fhir_charts.appointments(random)]
        validate_bundle(encoded(fhir_charts.bundle(resources)))


def test_check_reports_on_a_patient_of_any_kind() -> None:
    """`check` answers for everybody: every requirement judged, no fault inside, in the words of the interface."""
    for seed, random in seeds("any", 120, 10_000):
        entries, as_of = any_chart(random), fhir_charts.as_of(random)
        assert_none(seed, entries, partial(_odd_reports, as_of=as_of))


def _odd_reports(entries: list[Any], as_of: str) -> str | None:
    try:
        found = asked.reports(as_bundle(entries), as_of)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not come
        return f"check raised {error!r}"
    if not found:
        return "no report"
    for report in found:
        problem = _odd_report(report) or _odd_unused(report)
        if problem is not None:
            return f"{problem} (as of {as_of})"
    if len({report["patient"] for report in found}) != len(found):
        return "two reports of one patient"
    return _odd_evaluation(encoded(as_bundle(entries)), as_of, found)


def _odd_report(report: Json) -> str | None:
    if report != json.loads(msgspec.json.encode(report)):
        return "the report does not survive JSON"
    if {row["requirement"] for row in report["assessments"]} != REQUIREMENTS:
        return "not every requirement is judged"
    for row in report["assessments"]:
        if set(row) != KEYS or row["status"] not in STATUSES or not row["message"]:
            return f"not a row of the interface: {row}"
        if row["reason"] is not None and row["reason"] not in REASONS:
            return f"reason {row['reason']} at {row['requirement']}"
        if not set((row["note"] or "").split(",")) - {""} <= NOTES:
            return f"note {row['note']} at {row['requirement']}"
    return None


def _odd_unused(report: Json) -> str | None:
    whys = {item["why"] for item in report["unused"]}
    if not whys <= WHYS:
        return f"unused, why: {sorted(whys - WHYS)}"
    pairs = [(item["reference"], item["why"]) for item in report["unused"]]
    return "a resource is named as unused twice for one reason" if len(set(pairs)) != len(pairs) else None


def _odd_evaluation(body: bytes, as_of: str, found: list[Json]) -> str | None:
    """`/evaluate` says the same of one patient, and refuses several."""
    try:
        answered = msgspec.json.decode(_report(ENGINE, body, as_of))
    except CdsHooksError as error:
        return None if error.status == 422 and len(found) > 1 else f"/evaluate refused: {error}"
    return None if [answered] == found else "/evaluate says something else than check"


def test_hooks_answer_for_a_patient_of_any_kind() -> None:
    """All six hooks answer with cards, or refuse with 412 or 422; no requirement fails inside."""
    for seed, random in seeds("any hook", 40, 10_000):
        charted, as_of = resources_of(any_chart(random)), fhir_charts.as_of(random)
        drafts, booked = fhir_charts.drafts(random, as_of), fhir_charts.appointments(random)
        for hook in HOOKS:
            problem = partial(_odd_answer, hook=hook, drafts=drafts, booked=booked, as_of=as_of)
            assert_none(seed, charted, problem)


def _odd_answer(resources: list[Json], hook: str, drafts: list[Json], booked: list[Json], as_of: str) -> str | None:
    body = asked.request(hook, resources, drafts, booked)
    try:
        answer = asked.call(body, hook, as_of)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not come
        return f"{hook} raised {error!r}"
    if answer.status != 200:
        return None if answer.status in REFUSALS and answer.body["issue"] else f"{hook} answered {answer.status}"
    if answer.verdict is None:
        return None if answer.is_silent else f"{hook} speaks without a verdict"
    failures = answer.verdict.failures
    return f"{hook}: {failures[0]!r}" if failures else None


def test_damaged_drafts_and_appointments_never_make_a_hook_fail() -> None:
    """What is being ordered or booked may be as odd as what is charted."""
    for seed, random in seeds("any draft", 40, 5_000):
        odd, charted, as_of = resources_of(any_chart(random)), fhir_charts.patient(random), fhir_charts.as_of(random)
        ordered = [one for one in odd if one.get("resourceType") in ("MedicationRequest", "ServiceRequest")]
        booked = [one for one in odd if one.get("resourceType") == "Appointment"]
        for hook, drafts in (("order-select", ordered), ("order-sign", ordered), ("appointment-book", booked)):
            if drafts:
                assert_none(seed, drafts, _drafted(hook, charted, as_of))


def _drafted(hook: str, charted: list[Json], as_of: str) -> asked.Problem:
    def problem(drafts: list[Json]) -> str | None:
        return _odd_answer(charted, hook, drafts, drafts, as_of) if drafts else None

    return problem


def _dated(last_updated: str) -> Json:
    medication = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "1594659"}]}
    return {
        "resourceType": "MedicationAdministration",
        "id": "a1",
        "status": "completed",
        "medicationCodeableConcept": medication,
        "effectiveDateTime": "2024-03-04T09:00:00-05:00",
        "subject": {"reference": "Patient/p1"},
        "meta": {"lastUpdated": last_updated},
    }


# Resources that seeds of the tests above came upon; kept so that the default run meets them every time.
CAME_UPON: dict[str, Json] = {
    "a resourceType that is an object": {"resourceType": {}, "id": "x1", "subject": {"reference": "Patient/p2"}},
    "a resourceType that is an array": {"resourceType": [], "id": "x1", "subject": {"reference": "Patient/p2"}},
    "a version of the last day there is": _dated("9999-12-31T23:59:59-14:00"),
    "a version of the first day there is": _dated("0001-01-01T00:00:00+14:00"),
}


@pytest.mark.parametrize("name", CAME_UPON)
def test_what_random_patients_came_upon_makes_nothing_fail(name: str) -> None:
    """The same two laws for resources that have made the program fail before."""
    charted = [{"resourceType": "Patient", "id": "p1"}, CAME_UPON[name]]
    assert _odd_reports([{"resource": one} for one in charted], NOW) is None
    drafts, booked = fhir_charts.drafts(Random(1), NOW), fhir_charts.appointments(Random(1))
    assert [found for hook in HOOKS if (found := _odd_answer(charted, hook, drafts, booked, NOW))] == []


@pytest.mark.parametrize("seed", range(10))
def test_over_http_nobody_gets_a_server_error(seed: int) -> None:
    """The same through the application: 200, 400, 412 or 422, never 5xx."""
    random = Random(f"http {seed}")
    entries, service = any_chart(random), service_at(NOW)
    drafts, booked = fhir_charts.drafts(random, NOW), fhir_charts.appointments(random)
    bodies = {hook: asked.request(hook, resources_of(entries), drafts, booked) for hook in HOOKS}
    answers = [service.post(f"/cds-services/lemtrada-{hook}", body) for hook, body in bodies.items()]
    answers.append(service.post("/evaluate", as_bundle(entries)))
    assert {answer.status_code for answer in answers} <= {200, 400, 412, 422}

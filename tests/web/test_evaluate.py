"""`POST /evaluate`: a Bundle in, one report out."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from fhir_fixtures import load_story, story_names
from tests.web.calls import issues_of, service_at

Json = dict[str, Any]
KEYS = ["patient", "source", "asOf", "label", "courses", "followUpEnds", "assessments", "unused"]
ROW = [
    "requirement",
    "status",
    "indicator",
    "due",
    "daysOverdue",
    "lastDone",
    "course",
    "day",
    "reason",
    "note",
    "evidence",
    "section",
    "message",
]


def evaluate(bundle: object, query: str = "", as_of: str = "2026-11-23T18:00:00-05:00") -> Any:
    return service_at(as_of).post(f"/evaluate{query}", bundle)


@pytest.mark.parametrize("name", story_names())
def test_the_report_is_that_of_check(name: str) -> None:
    accepted = load_story(name)
    response = evaluate(accepted.bundle, as_of=accepted.as_of)
    assert response.status_code == 200
    report = response.json()
    assert list(report) == KEYS
    assert report["source"] is None
    assert report["asOf"] == accepted.as_of
    assert all(list(row) == ROW for row in report["assessments"])
    expected = {(one.requirement, one.status) for one in accepted.expect} if "check" in accepted.expect_at else set()
    assert expected <= {(row["requirement"], row["status"]) for row in report["assessments"]}


@pytest.mark.parametrize(
    "query, echoed, days",
    [
        ("?asOf=2026-11-25", "2026-11-25", 5),
        ("?asOf=2026-11-24T09:00:00-05:00", "2026-11-24T09:00:00-05:00", 4),
        ("?asOf=2026-11-24T09:00:00%2B01:00", "2026-11-24T09:00:00+01:00", 4),
        ("?asOf=2026-11-24T09:00:00+01:00", "2026-11-24T09:00:00+01:00", 4),
        ("?asOf=2026-11-24T09:00:00Z", "2026-11-24T09:00:00Z", 4),
        ("?asOf=", "2026-11-23T18:00:00-05:00", 3),
        ("", "2026-11-23T18:00:00-05:00", 3),
    ],
)
def test_the_moment_is_a_date_or_an_instant(query: str, echoed: str, days: int) -> None:
    report = evaluate(load_story("tsh-overdue").bundle, query).json()
    assert report["asOf"] == echoed
    (tsh,) = [row for row in report["assessments"] if row["requirement"] == "tsh-quarterly"]
    assert tsh["daysOverdue"] == days


@pytest.mark.parametrize(
    "text", ["tomorrow", "2026", "2026-11", "2026-13-01", "2026-11-24T09:00:00", "24.11.2026", "%00"]
)
def test_another_moment_is_refused(text: str) -> None:
    (issue,) = issues_of(evaluate(load_story("tsh-overdue").bundle, f"?asOf={text}"), 422)
    assert issue["expression"] == ["asOf"]
    assert text not in issue["diagnostics"].replace("2026-11-23", "")


@pytest.mark.parametrize(
    "body", [[], 3, "text", {}, {"resourceType": "Patient", "id": "p"}, {"resourceType": "Zebedee"}, {"entry": []}]
)
def test_422_for_what_is_no_bundle(body: object) -> None:
    response = evaluate(body)
    issues_of(response, 422)
    assert "Zebedee" not in response.text


def test_several_patients_are_refused() -> None:
    bundle = copy.deepcopy(load_story("tsh-overdue").bundle)
    bundle["entry"].append({"resource": {"resourceType": "Patient", "id": "second"}})
    (issue,) = issues_of(evaluate(bundle), 422)
    assert "2 patients" in issue["diagnostics"]
    assert "second" not in issue["diagnostics"]


def test_an_empty_bundle_is_somebody_about_whom_nothing_is_known() -> None:
    report = evaluate({"resourceType": "Bundle", "type": "collection"}).json()
    assert report["patient"] is None
    assert {row["status"] for row in report["assessments"]} == {"not-applicable"}


@pytest.mark.parametrize("kind", ["collection", "searchset", "document", "transaction", "batch", "history", None])
def test_a_bundle_of_any_type(kind: str | None) -> None:
    bundle = {**load_story("tsh-overdue").bundle, "type": kind}
    assert evaluate(bundle).json() == evaluate(load_story("tsh-overdue").bundle).json()


def test_a_byte_order_mark_is_no_obstacle() -> None:
    body = b"\xef\xbb\xbf" + json.dumps(load_story("tsh-overdue").bundle).encode()
    assert evaluate(body).json() == evaluate(load_story("tsh-overdue").bundle).json()

"""A fault of ours is never silence: one requirement fails alone, anything else is a 500 without detail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from cds_service.core.assessment import Assessment
from cds_service.core.case import Case
from cds_service.core.kinds import WITH_RULE, judge, recurring
from cds_service.core.label import Recurring, Requirement
from cds_service.engine import Engine
from fhir_fixtures import load_story
from tests.web.calls import call, cards_of, issues_of, rows_of, service_at
from tests.web.made import before_infusion, booked, going_home

Json = dict[str, Any]
SECRET = "Zebedee TEST-0027"
judge_recurring = recurring.judge


def failing_tsh(requirement: Requirement, rule: Recurring, case: Case) -> Assessment:
    if requirement.id == "tsh-quarterly":
        raise KeyError(SECRET)
    return judge_recurring(requirement, rule, case)


def failing(*_: Any) -> Iterator[Any]:
    raise RuntimeError(SECRET)


def test_one_failing_requirement_leaves_the_others_judged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(WITH_RULE, Recurring, failing_tsh)
    cards = cards_of(call("lapsed-monthly-labs", "patient-view"))
    rows = {row["requirement"]: row for row in rows_of(cards)}
    assert {name: row["status"] for name, row in rows.items()} == {
        "cbc-monthly": "overdue",
        "creatinine-monthly": "overdue",
        "urinalysis-monthly": "overdue",
        "tsh-quarterly": "cannot-tell",
    }
    assert rows["tsh-quarterly"]["reason"] == "internal-error"
    (unchecked,) = [card for card in cards if "not an all-clear" in card["summary"]]
    assert unchecked["indicator"] == "warning"
    assert "fault in this service" in unchecked["detail"]
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == (
        "requirement failed service=lemtrada-patient-view requirement=tsh-quarterly type=KeyError"
    )
    assert SECRET not in caplog.text


def test_a_failing_requirement_breaks_the_silence_of_a_well_managed_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WITH_RULE, Recurring, failing_tsh)
    (card,) = cards_of(call("well-managed-18-months", "patient-view"))
    assert card["source"]["topic"]["code"] == "tsh-quarterly"


def test_every_requirement_of_a_kind_may_fail_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for rule in WITH_RULE:
        monkeypatch.setitem(WITH_RULE, rule, failing)
    cards = cards_of(call("upcr-missing-order", "order-sign"))
    assert {row["reason"] for row in rows_of(cards)} == {"internal-error"}


@pytest.mark.parametrize(
    "target",
    [
        "cds_service.web.hooks.prefetch_record",
        "cds_service.web.hooks.decode_envelope",
        "cds_service.web.hooks.answer",
        "cds_service.core.evaluate.prepare",
        "cds_service.fhir.reader.RecordReader.read_one",
        "cds_service.web.app.encode_response",
    ],
)
def test_a_fault_anywhere_else_is_a_500_without_detail(
    target: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(target, failing)
    response = call("lapsed-monthly-labs", "patient-view")
    (issue,) = issues_of(response, 500)
    assert issue["code"] == "exception"
    for text in (response.text, caplog.text):
        assert SECRET not in text
        assert "Traceback" not in text
    assert "internal error type=RuntimeError" in caplog.text


def test_a_fault_in_evaluate_is_a_500_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds_service.core.evaluate.prepare", failing)
    issues_of(service_at("2026-11-23T18:00:00-05:00").post("/evaluate", load_story("tsh-overdue").bundle), 500)


def test_a_failing_requirement_is_in_the_report_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(WITH_RULE, Recurring, failing_tsh)
    story = load_story("well-managed-18-months")
    rows = service_at(story.as_of).post("/evaluate", story.bundle).json()["assessments"]
    (row,) = [row for row in rows if row["indicator"]]
    assert (row["requirement"], row["reason"], row["indicator"]) == ("tsh-quarterly", "internal-error", "warning")


ASKED: dict[str, Callable[..., httpx.Response]] = {
    "patient-view": partial(call, "lapsed-monthly-labs", "patient-view"),
    "order-select": partial(call, "upcr-missing-order", "order-select"),
    "order-sign": partial(call, "second-course-on-time", "order-sign"),
    "appointment-book": booked(),
    "encounter-start": before_infusion(),
    "encounter-discharge": going_home(),
}


def spoken(rows: list[Json], but: str) -> set[tuple[str, str]]:
    """Requirement and status of what is said, but for one requirement (and without the topic of an empty card)."""
    return {(row["requirement"], row["status"]) for row in rows if "indicator" in row and row["requirement"] != but}


@pytest.mark.parametrize("hook", ASKED)
def test_a_fault_in_any_one_requirement_is_said_at_every_hook_that_speaks_of_it(
    hook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    label = Engine.load().bundle.label
    asked = ASKED[hook]
    unchanged = rows_of(cards_of(asked()))
    for requirement in label.hooks[hook]:

        def judged(item: Requirement, case: Case, failing_id: str = requirement) -> Any:
            if item.id == failing_id:
                raise KeyError(SECRET)
            return judge(item, case)

        monkeypatch.setattr("cds_service.core.evaluate.judge", judged)
        cards = cards_of(asked())
        rows = rows_of(cards)
        failed = [row for row in rows if row["requirement"] == requirement and row["status"] == "cannot-tell"]
        assert [row["reason"] for row in failed] == ["internal-error"], requirement
        assert spoken(rows, requirement) == spoken(unchanged, requirement), requirement
        unchecked = [card for card in cards if "not an all-clear" in card["summary"]]
        assert len(unchecked) == 1, requirement
        assert "a fault in this service" in unchecked[0]["detail"], requirement
        assert SECRET not in str(cards)

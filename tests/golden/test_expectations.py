"""What the stories' authors expected, by hand, against what the service says: in the report and at every hook."""

from dataclasses import replace
from typing import Any

import pytest

from cds_service.report.build import is_actionable_row
from fhir_fixtures import REQUIREMENTS, Expect, load_story, story_names
from fhir_fixtures.model import SILENT
from tests.golden.stories import ENGINE, answer, outcome, report, verdict_rows

ORDERING = ("order-select", "order-sign", "appointment-book")
# Stories in which a hook sees less than the record holds: a query failed, a page lacks, somebody else's results came.
SEES_LESS = {"lab-query-failed", "first-page-of-results", "results-of-somebody-else"}
# Answered without a look at what speaks: the appointment is about something else.
NOT_ASKED = [("appointment-for-something-else", "appointment-book")]
# Visits are asked for at discharge only: elsewhere the time of observation cannot be judged.
OBSERVATION = "post-infusion-observation"
SEES_VISITS = "encounter-discharge"
# Before the pump starts the checklist is always shown, also without a finding.
BEFORE_THE_PUMP = [
    ("before-the-second-infusion", "encounter-start"),
    ("ready-for-the-second-infusion", "encounter-start"),
]
ONLY_RIDING = {"liver-periodic", "hpv-yearly"}
EXTENSION = "io.github.cds-service.assessments"
CALLS = [(name, hook) for name in story_names() for hook in load_story(name).hooks]
EXPECTED_CALLS = [(name, hook) for name, hook in CALLS if hook in load_story(name).expect_at]
CHECKED = [name for name in story_names() if "check" in load_story(name).expect_at]
AGREEING = [(name, hook) for name, hook in CALLS if name not in SEES_LESS]
Json = dict[str, Any]


def fits(row: Json, one: Expect, hook: str | None) -> bool:
    """Whether a row is what was expected; None is not compared."""
    wanted = one.as_json()
    ordering = wanted.pop("ordering")
    if hook in ORDERING:
        wanted["indicator"] = ordering
    if wanted["indicator"] == SILENT:
        return row["indicator"] is None and fits(row, replace(one, indicator=None, ordering=None), hook)
    return all(row[key] == value for key, value in wanted.items() if value is not None)


def speaking(rows: list[Json]) -> list[Json]:
    """Rows with an indicator: findings, cannot-tell, and the note that follow-up is over."""
    assert all(is_actionable_row(row) or row["requirement"] == "follow-up-complete" for row in rows if row["indicator"])
    return [row for row in rows if row["indicator"]]


def check_rows(rows: list[Json], name: str, hook: str | None) -> None:
    expected = load_story(name).expect
    for one in expected:
        assert any(fits(row, one, hook) for row in rows), one
    for row in speaking(rows):
        assert any(fits(row, one, hook) for one in expected), row


@pytest.mark.parametrize("name", CHECKED)
def test_the_report_has_every_expectation_and_nothing_else_speaks(name: str) -> None:
    rows = report(name)["assessments"]
    assert {row["requirement"] for row in rows} == set(REQUIREMENTS)
    check_rows(rows, name, None)


@pytest.mark.parametrize("name, hook", EXPECTED_CALLS)
def test_the_hook_judges_every_expectation_and_nothing_else_speaks(name: str, hook: str) -> None:
    verdict = outcome(name, hook).verdict
    assert verdict is not None
    check_rows(verdict_rows(verdict, hook), name, hook)


def raises_no_card_alone(row: Json) -> bool:
    recurring = row["requirement"].endswith(("-monthly", "-quarterly", "-yearly", "-periodic"))
    return (row["status"] == "due" and recurring) or (row["status"] == "overdue" and row["requirement"] in ONLY_RIDING)


@pytest.mark.parametrize("name, hook", [call for call in CALLS if call not in NOT_ASKED])
def test_the_cards_carry_exactly_what_speaks_at_the_hook(name: str, hook: str) -> None:
    verdict = outcome(name, hook).verdict
    assert verdict is not None
    speaks = [
        {key: value for key, value in row.items() if value not in (None, [])}
        for row in speaking(verdict_rows(verdict, hook))
    ]
    cards = answer(name, hook)["cards"]
    carried = [row for card in cards for row in card["extension"][EXTENSION]["assessments"] if "indicator" in row]
    if speaks and all(raises_no_card_alone(row) for row in speaks):
        assert cards == []
        return
    order = [row["requirement"] for row in speaks]
    assert sorted(carried, key=lambda row: (order.index(row["requirement"]), row.get("day", 0))) == speaks


def test_an_appointment_for_something_else_is_answered_with_silence_though_a_test_is_overdue() -> None:
    ((name, hook),) = NOT_ASKED
    verdict = outcome(name, hook).verdict
    assert verdict is not None
    assert [row["requirement"] for row in speaking(report(name)["assessments"])] == ["tsh-quarterly"]
    assert answer(name, hook) == {"cards": []}


@pytest.mark.parametrize("name, hook", BEFORE_THE_PUMP)
def test_before_the_pump_starts_there_is_one_checklist(name: str, hook: str) -> None:
    (card,) = answer(name, hook)["cards"]
    assert card["indicator"] == "info"
    assert "LEMTRADA today (course 1, day 2)" in card["summary"]


@pytest.mark.parametrize("name, hook", AGREEING)
def test_hook_and_check_agree(name: str, hook: str) -> None:
    verdict = outcome(name, hook).verdict
    assert verdict is not None
    judged, checked = (
        [row for row in rows if hook == SEES_VISITS or row["requirement"] != OBSERVATION]
        for rows in (verdict_rows(verdict, hook), report(name, hook)["assessments"])
    )
    assert judged == checked


@pytest.mark.parametrize("name, hook", [call for call in AGREEING if call[1] != SEES_VISITS])
def test_without_visits_the_hook_says_that_it_cannot_judge_the_observation(name: str, hook: str) -> None:
    verdict = outcome(name, hook).verdict
    assert verdict is not None
    judged, checked = (
        [row for row in rows if row["requirement"] == OBSERVATION]
        for rows in (verdict_rows(verdict, hook), report(name, hook)["assessments"])
    )
    assert [(row["course"], row["day"]) for row in judged] == [(row["course"], row["day"]) for row in checked]
    assert {row["status"] for row in judged} == {"not-applicable"}
    assert {row["note"] for row in judged if row["day"]} <= {"no-encounter-data"}


def test_all_but_a_few_stories_are_compared_at_check_and_every_one_at_a_hook() -> None:
    unchecked = (
        {name for name, _ in BEFORE_THE_PUMP} | SEES_LESS | {"appointment-by-reason", "about-to-leave-too-early"}
    )
    assert set(story_names()) - set(CHECKED) == unchecked
    assert {name for name, _ in EXPECTED_CALLS} == set(story_names())


@pytest.mark.parametrize("name", [name for name in story_names() if load_story(name).quiet])
def test_a_quiet_story_is_quiet_everywhere(name: str) -> None:
    assert speaking(report(name)["assessments"]) == []
    hooks = [hook for hook in load_story(name).hooks if (name, hook) not in BEFORE_THE_PUMP]
    assert all(answer(name, hook) == {"cards": []} for hook in hooks)


def test_the_label_has_the_requirements_the_stories_are_complete_for() -> None:
    assert {item.id for item in ENGINE.bundle.label.requirements} == set(REQUIREMENTS)

"""What the stories' authors expected, by hand, against what the service says: in the report and at every hook."""

from typing import Any

import pytest

from cds_service.report.build import is_actionable_row
from fhir_fixtures import REQUIREMENTS, Expect, load_story, story_names
from tests.golden.stories import ENGINE, answer, outcome, report, verdict_rows

ORDERING = ("order-select", "order-sign")
EXTENSION = "io.github.cds-service.assessments"
CALLS = [(name, hook) for name in story_names() for hook in load_story(name).hooks]
EXPECTED_CALLS = [(name, hook) for name, hook in CALLS if hook in load_story(name).expect_at]
CHECKED = [name for name in story_names() if "check" in load_story(name).expect_at]
AGREEING = [(name, hook) for name, hook in EXPECTED_CALLS if name in CHECKED]
Json = dict[str, Any]


def fits(row: Json, one: Expect, hook: str | None) -> bool:
    """Whether a row is what was expected; None is not compared."""
    wanted = one.as_json()
    ordering = wanted.pop("ordering")
    if hook in ORDERING:
        wanted["indicator"] = ordering
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


@pytest.mark.parametrize("name, hook", CALLS)
def test_the_cards_carry_exactly_what_speaks_at_the_hook(name: str, hook: str) -> None:
    verdict = outcome(name, hook).verdict
    assert verdict is not None
    speaks = [
        {key: value for key, value in row.items() if value not in (None, [])}
        for row in speaking(verdict_rows(verdict, hook))
    ]
    cards = answer(name, hook)["cards"]
    carried = [row for card in cards for row in card["extension"][EXTENSION]["assessments"]]
    if speaks and all(row["status"] == "due" for row in speaks):
        assert cards == []  # what is merely due raises no card alone
        return
    order = [row["requirement"] for row in speaks]
    assert sorted(carried, key=lambda row: (order.index(row["requirement"]), row.get("day", 0))) == speaks


@pytest.mark.parametrize("name, hook", AGREEING)
def test_hook_and_check_agree(name: str, hook: str) -> None:
    verdict = outcome(name, hook).verdict
    assert verdict is not None
    assert verdict_rows(verdict, hook) == report(name, hook)["assessments"]


def test_most_stories_are_compared_at_check_and_at_a_hook() -> None:
    assert len(CHECKED) >= len(story_names()) - 1
    assert len({name for name, _ in AGREEING}) >= len(story_names()) - 1


@pytest.mark.parametrize("name", [name for name in story_names() if load_story(name).quiet])
def test_a_quiet_story_is_quiet_everywhere(name: str) -> None:
    assert speaking(report(name)["assessments"]) == []
    assert all(answer(name, hook) == {"cards": []} for hook in load_story(name).hooks)


def test_the_label_has_the_requirements_the_stories_are_complete_for() -> None:
    assert {item.id for item in ENGINE.bundle.label.requirements} == set(REQUIREMENTS)

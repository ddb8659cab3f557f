"""Together the stories make the service say every status, reason and note it can say."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from cds_service.core.assessment import Note, Reason, Status
from fhir_fixtures import REQUIREMENTS, load_story, story_names
from tests.golden.stories import answer, outcome, report, verdict_rows
from tests.golden.test_expectations import EXTENSION

Json = dict[str, Any]
STATUSES = {"met", "due", "overdue", "missing", "violated", "not-applicable", "cannot-tell"}
REASONS = {
    "not-provided",
    "partial",
    "unreadable",
    "date-vague",
    "foreign-data",
    "internal-error",
    "exposure-unclear",
    "unresolved-medication",
    "ordered-not-administered",
    "wrong-test",
    "stale",
    "order-unknown",
    "after-start",
    "below-dose",
    "ordered-not-documented",
    "late",
    "cd4-not-shown",
    "incomplete-course",
    "partial-dose",
    "same-order-repeated",
    "positive",
    "indeterminate",
    "not-immune",
    "planned-too-short",
}
NOTES = {
    "product-inferred",
    "possible-duplicate",
    "anchor-unclear",
    "no-encounter-data",
    "route-or-drug",
    "overlaps-start",
    "dose-absent",
    "verify",
    "issued-date",
    "preliminary-exists",
    "text-only",
    "already-ordered",
    "resumed-course",
    "matched-by-text",
}
# Requirements that are words on the order card and nothing else.
TEXT_ONLY = {"pretreatment-considered", "rems"}
# Promised codes no story can show, and why.
NOT_SHOWN = {
    "ordered-not-administered": "no requirement needs it; an order without infusions is exposure-unclear",
    "internal-error": "a fault of ours; shown by a test that breaks one check on purpose",
}


@cache
def said() -> tuple[Json, ...]:
    """Every assessment of every report, and of every verdict behind an answer."""
    return tuple(_rows())


def _rows() -> Iterator[Json]:
    for name in story_names():
        yield from report(name)["assessments"]
        for hook in load_story(name).hooks:
            verdict = outcome(name, hook).verdict
            assert verdict is not None
            yield from verdict_rows(verdict, hook)


def found(key: str) -> set[str]:
    return {code for row in said() if row[key] for code in row[key].split(",")}


def test_every_status_occurs() -> None:
    assert found("status") == STATUSES == set(Status)


def test_every_reason_occurs_but_two() -> None:
    assert found("reason") == REASONS - set(NOT_SHOWN)


def test_every_note_occurs() -> None:
    assert found("note") == NOTES


def test_the_service_has_no_code_that_is_not_promised() -> None:
    assert set(Reason) <= REASONS
    assert set(Note) <= NOTES


def test_what_no_story_shows_is_no_code_of_the_service_but_its_own_faults() -> None:
    assert set(NOT_SHOWN) & {*Reason, *Note} == {"internal-error"}
    assert set(NOT_SHOWN) <= REASONS


@pytest.mark.parametrize("requirement", sorted(TEXT_ONLY))
def test_what_is_only_a_text_is_never_judged_and_never_speaks(requirement: str) -> None:
    rows = [row for row in said() if row["requirement"] == requirement]
    assert len(rows) >= len(story_names())
    assert {(row["status"], row["note"], row["indicator"]) for row in rows} == {("not-applicable", "text-only", None)}


@pytest.mark.parametrize("requirement", [name for name in REQUIREMENTS if name not in TEXT_ONLY])
def test_every_requirement_is_met_in_one_story_and_speaks_in_another(requirement: str) -> None:
    rows = [row for row in said() if row["requirement"] == requirement]
    assert any(row["status"] == "met" for row in rows)
    assert any(row["indicator"] for row in rows)


def test_every_indicator_stands_on_a_card() -> None:
    cards = [card for name in story_names() for hook in load_story(name).hooks for card in answer(name, hook)["cards"]]
    assert {card["indicator"] for card in cards} == {"info", "warning", "critical"}
    assert all(card["extension"][EXTENSION]["assessments"] for card in cards)


def test_the_message_about_an_incomplete_liver_set_names_what_lacks() -> None:
    (row,) = [one for one in report("liver-set-incomplete")["assessments"] if one["requirement"] == "liver-baseline"]
    assert "bilirubin" in row["message"]
    assert "ALT" not in row["message"].split("bilirubin", maxsplit=1)[0].rpartition(";")[2]


def test_who_leaves_too_early_is_told_until_when_to_stay() -> None:
    (card,) = answer("about-to-leave-too-early", "encounter-discharge")["cards"]
    assert card["summary"].endswith("until 15:00.")


@pytest.mark.parametrize("name", ["tuberculosis-test-positive", "thyroid-and-melanoma", "empty-record-with-order"])
def test_the_order_card_names_what_nobody_checks(name: str) -> None:
    (card,) = answer(name, "order-sign")["cards"]
    assert "REMS" in card["detail"]
    assert "antihistamine" in card["detail"]


def test_screening_that_was_not_found_is_suggested() -> None:
    cards = answer("empty-record-with-order", "order-sign")["cards"]
    labels = " ".join(item["label"] for card in cards for item in card.get("suggestions", []))
    assert "varicella" in labels
    assert "tuberculosis" in labels


def test_tests_already_ordered_are_not_suggested_again() -> None:
    cards = answer("tests-already-ordered", "order-sign")["cards"]
    assert cards
    assert [suggestion["label"] for card in cards for suggestion in card.get("suggestions", [])] == []


def test_what_can_be_ordered_is_suggested() -> None:
    offered = {
        (name, hook): [item["label"] for card in answer(name, hook)["cards"] for item in card.get("suggestions", [])]
        for name, hook in (
            ("count-due", "patient-view"),
            ("second-course-without-antiviral", "patient-view"),
            ("appointment-by-reason", "appointment-book"),
            ("skin-exam-overdue", "patient-view"),
        )
    }
    assert all(len(labels) == 1 for labels in offered.values()), offered

"""The sentences: lists that fit the summary, the right remedy, what was used and what was not found."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.advice.wording import Writer
from cds_service.engine import Engine
from cds_service.labels import load_label
from fhir_fixtures import load_story
from tests.golden.stories import outcome
from tests.web.calls import call, cards_of

Json = dict[str, Any]
FORBIDDEN = ("not done", "unknown", "{", "None", "null", "wrong-test", "  \n\n")


def writer() -> Writer:
    verdict = outcome("lapsed-monthly-labs", "patient-view").verdict
    assert verdict is not None
    return Writer(load_label(), verdict.case)


@given(st.lists(st.text("abcdefgh ", min_size=1, max_size=40), min_size=1, max_size=20))
def test_a_list_always_fits_and_says_how_much_is_left_out(names: list[str]) -> None:
    line = writer()._listing("unchecked.summary", names)
    assert len(line) < 140
    assert line.endswith("This is not an all-clear.")
    complete = f"not fully checked: {', '.join(names)}." in line
    assert complete or " more." in line or f"{len(names)} points" in line


@pytest.mark.parametrize(
    "story, hook, remedy",
    [
        ("steroid-missing-day-2", "patient-view", "watch for delayed reactions"),
        ("upcr-too-late", "patient-view", "add the result to the record"),
        ("incomplete-course", "patient-view", "note the reason in the chart"),
        ("second-course-too-long", "patient-view", "note the reason in the chart"),
        ("lapsed-monthly-labs", "patient-view", "Check outside results before repeating"),
        ("statement-only", "patient-view", "complete or correct the entry"),
        ("lab-query-failed", "patient-view", "Not received or incomplete: laboratory results."),
        ("upcr-missing-order", "order-sign", "Draw blood and urine from 31 Jan 2026 to 1 Mar 2026"),
        ("double-dose-order", "order-sign", "Please settle this before the order is signed or the infusion starts."),
    ],
)
def test_the_remedy_fits_the_finding(story: str, hook: str, remedy: str) -> None:
    assert remedy in cards_of(call(story, hook))[0]["detail"]


def test_delayed_reactions_are_named_for_premedication_only() -> None:
    for name in ("upcr-too-late", "incomplete-course", "second-course-too-long", "albumin-ratio-only"):
        (card,) = cards_of(call(name, "patient-view"))
        assert "delayed reactions" not in card["detail"]


def test_an_overdue_test_is_not_called_not_found() -> None:
    (card,) = cards_of(call("tsh-overdue", "patient-view"))
    assert "TSH 20 Aug 2026" in card["detail"]
    assert "No newer result in the data received: TSH." in card["detail"]
    assert "Not found" not in card["detail"]


def test_a_steroid_after_the_start_is_not_called_not_found() -> None:
    (card,) = cards_of(call("steroid-after-start", "patient-view"))
    assert "Not found" not in card["detail"]
    (card,) = cards_of(call("steroid-missing-day-2", "patient-view"))
    assert "Not found in the data received: corticosteroid." in card["detail"]


def test_what_cannot_be_told_for_one_reason_is_one_line() -> None:
    (card,) = cards_of(call("lab-query-failed", "patient-view"))
    (line,) = [line for line in card["detail"].splitlines() if line.startswith("- ")]
    for name in ("CBC with differential", "creatinine", "urinalysis", "TSH", "ALT/AST/bilirubin"):
        assert line.count(name) == 1
    assert ": could not be checked, because laboratory results were not provided. (label " in line


def test_an_examination_is_no_laboratory_test() -> None:
    (card,) = cards_of(call("skin-exam-overdue", "patient-view"))
    assert card["summary"] == "LEMTRADA safety tests overdue: skin exam."


def test_what_was_not_received_is_named_where_the_tests_are_too_many_for_a_line() -> None:
    (card,) = cards_of(call("lab-query-failed", "patient-view"))
    assert card["summary"] == (
        "LEMTRADA not fully checked: laboratory results not received or incomplete. This is not an all-clear."
    )


def test_what_else_is_urgent_is_said_in_the_summary_where_there_is_room() -> None:
    def change(body: Json) -> None:
        body["context"]["draftOrders"]["entry"] = body["context"]["draftOrders"]["entry"][:1]
        dosage = body["context"]["draftOrders"]["entry"][0]["resource"]["dosageInstruction"][0]
        dosage["timing"] = {"event": [f"2026-03-0{day}" for day in range(2, 8)]}

    (card,) = cards_of(call("upcr-missing-order", "order-sign", change))
    assert card["summary"] == (
        "LEMTRADA from 2 Mar 2026: corticosteroid, herpes prophylaxis, UPCR not found in this record. "
        "Also check number of infusion days."
    )


@pytest.mark.parametrize("name", ["lapsed-monthly-labs", "empty-record-with-order", "campath-dose-under-lemtrada-code"])
def test_no_card_holds_what_a_reader_would_stumble_over(name: str) -> None:
    for hook in load_story(name).hooks:
        for card in cards_of(call(name, hook)):
            assert not [text for text in FORBIDDEN if text in card["summary"] + card["detail"]]


def test_every_wording_key_of_the_cards_is_used_or_named_by_code(root: Any) -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (root / "cds_service" / "advice").glob("*.py"))
    parts = ("labs.summary.", "tests.summary.")  # these keys are put together
    keys = [key for key in Engine.load().bundle.wording.cards if not key.startswith(parts)]
    said = {key: key.removesuffix(".description").removesuffix(".undated").removesuffix(".booked") for key in keys}
    assert [key for key, named in said.items() if f'"{key}"' not in code and f'"{named}"' not in code] == []

"""The report for a terminal: what to act on once each, departures of the past named, nothing hidden."""

from __future__ import annotations

import json

from cds_service.engine import Engine
from cds_service.report.text import text_report
from fhir_fixtures import load_story

ENGINE = Engine.load()


def text_of(name: str, *, hook: str | None = None, noted: bool = True) -> str:
    story = load_story(name)
    (report,) = ENGINE.reports(json.dumps(story.bundle).encode(), story.as_of, hook=hook)
    return text_report(report, ENGINE.bundle, noted=noted)


def test_one_sentence_about_five_days_is_written_once() -> None:
    text = text_of("double-dose-order", hook="order-sign")
    assert text.count("This order gives LEMTRADA 24 mg/day") == 1
    assert "5 violated" in text


def test_sentences_about_different_days_all_stand() -> None:
    text = text_of("low-dose-prednisone")
    assert [text.count(f"day {day})") for day in (1, 2, 3)] == [1, 1, 1]


def test_a_departure_that_asks_nothing_any_more_is_still_named() -> None:
    text = text_of("second-course-early")
    assert "NOTED     Course 2 starts" in text
    assert "Nothing to act on" in text


def test_at_a_hook_what_it_does_not_speak_of_is_left_out() -> None:
    assert "NOTED" not in text_of("second-course-early", hook="patient-view", noted=False)


def test_a_clean_report_says_what_was_not_looked_at() -> None:
    assert "a done test is not a normal test" in text_of("clean-first-course")

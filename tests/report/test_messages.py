"""The sentences of the report: every one complete, dates and numbers as people read them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cds_service.report.build import has_actionable_rows, is_actionable_row
from cds_service.report.messages import Facts, as_text, day_text
from cds_service.report.text import text_report
from fhir_fixtures import story_names
from tests.golden.stories import ENGINE, report

Json = dict[str, Any]


def test_dates_and_numbers_as_people_read_them() -> None:
    found = as_text({"date": date(2026, 3, 2), "days": 1, "age": 41, "required": "1000", "dose": "11.4", "no": None})
    assert found == {
        "date": "2 Mar 2026",
        "days": "1",
        "days_text": "1 day",
        "age": "41",
        "age_text": "41 days",
        "required": "1,000",
        "dose": "11.4",
    }
    assert as_text({"test": "serum creatinine"})["Test"] == "Serum creatinine"
    assert day_text(date(2026, 12, 31)) == "31 Dec 2026"


def test_a_fact_that_is_not_known_reads_as_such() -> None:
    assert "{last} {other}".format_map(Facts()) == "none on record unknown"


@pytest.mark.parametrize("name", story_names())
def test_every_message_is_a_sentence(name: str) -> None:
    for row in report(name)["assessments"]:
        sentence = row["message"]
        assert sentence[0].isupper() or sentence[0].isdigit()
        assert sentence.endswith(".")
        assert "unknown" not in sentence
        assert "{" not in sentence
        assert "not done" not in sentence
        assert "  " not in sentence


@pytest.mark.parametrize(
    "status, indicator, expected",
    [
        ("due", "info", True),
        ("overdue", "warning", True),
        ("missing", "info", True),
        ("violated", "critical", True),
        ("cannot-tell", "info", True),
        ("met", "info", False),
        ("met", None, False),
        ("missing", None, False),
        ("due", None, False),
        ("cannot-tell", None, False),
        ("not-applicable", None, False),
    ],
)
def test_what_someone_should_look_at(status: str, indicator: str | None, expected: bool) -> None:  # noqa: FBT001 - a table
    row = {"status": status, "indicator": indicator}
    assert is_actionable_row(row) is expected
    assert has_actionable_rows({"assessments": [{"status": "met", "indicator": None}, row]}) is expected


def test_colour_is_only_put_on_when_asked() -> None:
    found = report("lapsed-monthly-labs")
    plain = text_report(found, ENGINE.bundle)
    coloured = text_report(found, ENGINE.bundle, colour=True)
    assert "\x1b" not in plain
    assert "\x1b[33mWARNING \x1b[0m" in coloured


def test_the_most_urgent_comes_first() -> None:
    lines = text_report(report("campath-dose-under-lemtrada-code"), ENGINE.bundle).splitlines()
    marks = [line.split()[0] for line in lines if line.startswith(("  WARNING", "  INFO"))]
    assert marks[0] == "WARNING"
    assert len(marks) > 4
    assert set(marks[1:]) == {"INFO"}

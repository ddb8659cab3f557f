"""`check --from --to`: when findings would have appeared, changed and gone, day by day."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from cds_service.cli import main
from cds_service.replay import MOST_STEPS, read_steps
from fhir_fixtures import load_story

Json = dict[str, Any]
OVERDUE, CLEAN = "tsh-overdue", "clean-first-course"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (CLEAN, OVERDUE, "steroid-missing-day-2"):
        (tmp_path / f"{name}.json").write_text(json.dumps(load_story(name).bundle), encoding="utf-8")
    monkeypatch.chdir(tmp_path)


def replayed(capsys: pytest.CaptureFixture[str], *arguments: str, name: str = OVERDUE) -> Json:
    main(["check", f"{name}.json", *arguments, "--format", "json"])
    (found,) = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def of(replay: Json, requirement: str) -> list[tuple[Any, ...]]:
    keys = ("status", "indicator", "from", "to", "gone")
    return [tuple(row[key] for key in keys) for row in replay["findings"] if row["requirement"] == requirement]


def test_a_finding_appears_changes_and_goes(capsys: pytest.CaptureFixture[str]) -> None:
    found = replayed(capsys, "--from", "2026-08-01", "--to", "2026-12-10")
    assert of(found, "tsh-quarterly") == [
        ("due", "info", "2026-08-14", "2026-08-19", "2026-08-20"),
        ("due", "info", "2026-11-06", "2026-11-20", "2026-11-21"),
        ("overdue", "info", "2026-11-21", "2026-12-04", "2026-12-05"),
        ("overdue", "warning", "2026-12-05", "2026-12-10", None),
    ]
    keys = "requirement course day status reason indicator due section message from to gone"
    assert all(list(row) == keys.split() for row in found["findings"])
    assert list(found) == ["patient", "source", "from", "to", "step", "label", "findings"]
    assert (found["patient"], found["source"], found["step"]) == ("Patient/s23", f"{OVERDUE}.json", "1")


def test_every_day_says_what_check_says_that_day(capsys: pytest.CaptureFixture[str]) -> None:
    first, last = date(2026, 11, 15), date(2026, 12, 24)
    found = replayed(capsys, "--from", first.isoformat(), "--to", last.isoformat())
    keys = ("requirement", "course", "day", "status", "reason", "indicator")
    for offset in range((last - first).days + 1):
        day = (first + timedelta(days=offset)).isoformat()
        main(["check", f"{OVERDUE}.json", "--as-of", day, "--format", "json"])
        (report,) = json.loads(capsys.readouterr().out)
        actionable = {"due", "overdue", "missing", "violated", "cannot-tell"}
        wanted = {
            tuple(row[key] for key in keys)
            for row in report["assessments"]
            if row["indicator"] and row["status"] in actionable
        }
        standing = [row for row in found["findings"] if row["from"] <= day <= row["to"]]
        assert {tuple(row[key] for key in keys) for row in standing} == wanted, day


def test_a_departure_is_told_by_course_and_day_until_it_fades(capsys: pytest.CaptureFixture[str]) -> None:
    found = replayed(capsys, "--from", "2026-03-01", "--to", "2026-05-01", name="steroid-missing-day-2")
    (row,) = [row for row in found["findings"] if row["requirement"] == "corticosteroid-premedication"]
    assert (row["course"], row["day"], row["status"], row["indicator"]) == (1, 2, "missing", "warning")
    assert (row["from"], row["gone"]) == ("2026-03-03", "2026-04-06")  # 30 days after the last infusion


def test_the_text_tells_events_in_order_of_day(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{OVERDUE}.json", "--from", "2026-11-19", "--to", "2026-12-10"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Patient/s23  2026-11-19 to 2026-12-10, every day  ({OVERDUE}.json)"
    tsh = [line for line in lines if "[tsh-quarterly" in line]
    assert [line[:33] for line in tsh] == [
        "  19 Nov 2026  stands   INFO     ",
        "  21 Nov 2026  changes  INFO     ",
        "  5 Dec 2026   changes  WARNING  ",
    ]
    assert main(["check", f"{OVERDUE}.json", "--from", "2026-08-19", "--to", "2026-08-21"]) == 1
    assert "  20 Aug 2026  gone               tsh-quarterly (due)" in capsys.readouterr().out.splitlines()


def test_a_quiet_time_is_said_to_be_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--from", "2026-03-10", "--to", "2026-03-20"]
    assert main(["check", f"{OVERDUE}.json", *arguments]) == 0
    assert "Nothing to act on among the requirements checked, on any of these days." in capsys.readouterr().out
    assert main(["check", f"{OVERDUE}.json", *arguments, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["findings"] == []


def test_ndjson_is_one_patient_a_line_and_other_files_are_still_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    files = [f"{OVERDUE}.json", "gone.json", f"{CLEAN}.json"]
    assert main(["check", *files, "--from", "2026-12-01", "--to", "2026-12-02", "--format", "ndjson"]) == 2
    captured = capsys.readouterr()
    assert [json.loads(line)["patient"] for line in captured.out.splitlines()] == ["Patient/s23", "Patient/s01"]
    assert "gone.json: cannot be opened" in captured.err


def test_a_hook_says_only_what_it_speaks_of(capsys: pytest.CaptureFixture[str]) -> None:
    days = ["--from", "2026-12-01", "--to", "2026-12-02"]
    assert main(["check", f"{OVERDUE}.json", *days, "--hook", "order-sign"]) == 0
    assert main(["check", f"{OVERDUE}.json", *days, "--hook", "patient-view"]) == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "arguments, named",
    [
        (["--from", "2026-03-01"], ["--to: is missing", "--from 2026-03-01 --to 2026-12-31"]),
        (["--to", "2026-03-01"], ["--from: is missing"]),
        (["--step", "7"], ["--from: is missing"]),
        (["--from", "2026-03-01", "--to", "2026-04-01", "--as-of", "2026-03-01"], ["--as-of: cannot go with --from"]),
        (["--as-of", "2026-03-01", "--step", "7"], ["--as-of: cannot go with"]),
        (["--from", "2026-03", "--to", "2026-04-01"], ["--from: '2026-03' is no date", "2026-11-22"]),
        (["--from", "20260301", "--to", "2026-04-01"], ["--from: '20260301' is no date"]),
        (["--from", "2026-03-01", "--to", "2026-02-30"], ["--to: '2026-02-30' is no date"]),
        (["--from", "2026-03-01", "--to", "2026-02-01"], ["--to: 2026-02-01 is before --from 2026-03-01"]),
        (["--from", "2026-03-01", "--to", "2026-04-01", "--step", "0"], ["--step: '0' is no step", "P1M"]),
        (["--from", "2026-03-01", "--to", "2026-04-01", "--step", "P1H"], ["--step: 'P1H' is no step"]),
        (["--from", "2026-03-01", "--to", "2026-04-01", "--step", "month"], ["--step: 'month' is no step"]),
        (["--from", "2010-01-01", "--to", "2026-04-01"], ["--step: 1 from 2010-01-01", "4000", "P1M"]),
        (["--from", "2026-03-01", "--to", "2026-04-01", "--label", "aspirin-us"], ["lemtrada-us"]),
    ],
)
def test_what_cannot_be_replayed_says_why_and_what_to_write(
    arguments: list[str], named: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", f"{OVERDUE}.json", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert all(part in captured.err for part in named), captured.err


@pytest.mark.parametrize(
    "first, last, step, days",
    [
        ("2026-03-01", "2026-03-01", "1", ["2026-03-01"]),
        ("2026-03-01", "2026-03-03", "1", ["2026-03-01", "2026-03-02", "2026-03-03"]),
        ("2026-03-01", "2026-03-10", "7", ["2026-03-01", "2026-03-08", "2026-03-10"]),
        ("2026-03-01", "2026-03-08", "P1W", ["2026-03-01", "2026-03-08"]),
        ("2026-03-01", "2026-03-02", "P2D", ["2026-03-01", "2026-03-02"]),
        ("2026-01-31", "2026-04-30", "P1M", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        ("2024-02-29", "2026-03-01", "P1Y", ["2024-02-29", "2025-02-28", "2026-02-28", "2026-03-01"]),
        ("2026-03-01", "2026-03-05", "P9999Y", ["2026-03-01", "2026-03-05"]),
    ],
)
def test_the_days_judged_are_every_step_and_the_last_one(first: str, last: str, step: str, days: list[str]) -> None:
    assert [day.isoformat() for day in read_steps(first, last, step).days] == days


def test_the_bound_is_reached_and_not_passed() -> None:
    first = date(2000, 1, 1)
    allowed = first + timedelta(days=MOST_STEPS - 1)
    assert len(read_steps(first.isoformat(), allowed.isoformat()).days) == MOST_STEPS
    with pytest.raises(ValueError, match="more than 4000 days"):
        read_steps(first.isoformat(), (allowed + timedelta(days=1)).isoformat())
    with pytest.raises(ValueError, match="more than 4000 days"):
        read_steps("0001-01-01", "9999-12-31")

"""What a changed label or policy changes for patients: findings added, removed, changed, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cds_service.engine import Engine
from cds_service.label_diff import Difference, diff_text, differs
from cds_service.labels.overlay import load_any
from fhir_fixtures import load_story, story_names

Json = dict[str, Any]
AS_SHIPPED = Engine.load()


def site(folder: Path, **files: str) -> Engine:
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return Engine.of(load_any(str(folder)))


def compared(old: Engine, new: Engine, story: str, as_of: str | None = None, hook: str | None = None) -> Json:
    found = load_story(story)
    body = json.dumps(found.bundle).encode()
    (patient,) = Difference(old, new).patients(body, as_of or found.as_of, "b.json", hook)
    return patient


@pytest.mark.parametrize("story", story_names())
def test_a_label_does_not_differ_from_itself(story: str) -> None:
    found = load_story(story)
    patients = Difference(AS_SHIPPED, AS_SHIPPED).patients(
        json.dumps(found.bundle).encode(), found.as_of, "b.json", None
    )
    assert patients
    assert not any(map(differs, patients))


def test_a_requirement_switched_off_removes_its_finding(tmp_path: Path) -> None:
    new = site(tmp_path, overlay='[off]\n"tsh-quarterly" = "Endocrinology does it."\n')
    patient = compared(AS_SHIPPED, new, "tsh-overdue")
    assert [row["requirement"] for row in patient["removed"]] == ["tsh-quarterly"]
    assert (patient["added"], patient["changed"]) == ([], [])
    back = compared(new, AS_SHIPPED, "tsh-overdue")
    assert [row["requirement"] for row in back["added"]] == ["tsh-quarterly"]
    assert (back["removed"], back["changed"]) == ([], [])


def test_a_grace_makes_an_overdue_test_due_later(tmp_path: Path) -> None:
    new = site(tmp_path, policy='[recurring]\ngrace_days = 5\nbecause = "Weekends."\n')
    (change,) = compared(AS_SHIPPED, new, "tsh-overdue")["changed"]
    assert (change["requirement"], change["course"], change["day"]) == ("tsh-quarterly", None, None)
    assert (change["old"]["status"], change["new"]["status"]) == ("overdue", "due")
    assert {"status", "message"} <= set(change["fields"])
    assert "section" not in change["fields"]


def test_another_indicator_is_a_change(tmp_path: Path) -> None:
    row = '[[situation]]\nname = "test due or a few days late"\nafterwards = "warning"\nbecause = "We are strict."\n'
    (change,) = compared(AS_SHIPPED, site(tmp_path, policy=row), "tsh-overdue")["changed"]
    assert change["fields"] == ["indicator"]
    assert (change["old"]["indicator"], change["new"]["indicator"]) == ("info", "warning")


def test_another_wording_is_a_change(tmp_path: Path) -> None:
    new = site(tmp_path, cards='[messages.recurring]\n"overdue" = "{Test} is late."\n')
    (change,) = compared(AS_SHIPPED, new, "tsh-overdue")["changed"]
    assert change["fields"] == ["message"]
    assert change["new"]["message"] == "TSH is late."


def test_what_raises_nothing_is_no_finding_and_no_difference(tmp_path: Path) -> None:
    new = site(tmp_path, cards='[messages.recurring]\n"met" = "{Test} is fine for now."\n')
    assert not differs(compared(AS_SHIPPED, new, "tsh-overdue"))


def test_days_of_one_course_are_compared_day_by_day(tmp_path: Path) -> None:
    new = site(tmp_path, overlay='[off]\n"corticosteroid-premedication" = "Charted elsewhere."\n')
    removed = compared(AS_SHIPPED, new, "steroid-missing-day-2")["removed"]
    assert [(row["requirement"], row["course"], row["day"]) for row in removed] == [
        ("corticosteroid-premedication", 1, 2)
    ]


def test_the_hook_decides_what_is_compared(tmp_path: Path) -> None:
    new = site(tmp_path, overlay='[off]\n"tsh-quarterly" = "Endocrinology does it."\n')
    assert differs(compared(AS_SHIPPED, new, "tsh-overdue", hook="patient-view"))
    assert not differs(compared(AS_SHIPPED, new, "tsh-overdue", hook="order-sign"))


def test_the_text_names_both_labels_what_is_not_judged_and_every_difference(tmp_path: Path) -> None:
    new = site(
        tmp_path,
        overlay='[overlay]\nname = "Example Hospital"\n[off]\n"hpv-yearly" = "Gynecology does it."\n',
        policy='[recurring]\ngrace_days = 5\nbecause = "Weekends."\n',
    )
    difference = Difference(AS_SHIPPED, new)
    summary = difference.summary("2026-11-23", [compared(AS_SHIPPED, new, "tsh-overdue")])
    assert summary["requirements"] == {"added": [], "removed": ["hpv-yearly"]}
    lines = diff_text(summary).splitlines()
    assert lines[1].endswith('with the overlay "Example Hospital"')
    assert "  not judged by the new one: hpv-yearly (switched off: Gynecology does it.)" in lines
    assert [line for line in lines if line.startswith("  changed  INFO      TSH is due")]
    assert "             status overdue -> due" in lines
    assert [line for line in lines if line.startswith("             was: TSH overdue since 20 Nov 2026")]
    assert lines[-1] == "1 judged, 1 differ; findings: 0 added, 0 removed, 1 changed."
    back = Difference(new, AS_SHIPPED).summary("2026-11-23", [compared(new, AS_SHIPPED, "tsh-overdue")])
    assert "  judged by the new one only: hpv-yearly" in diff_text(back).splitlines()

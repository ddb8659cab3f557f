"""`cds-service check`: exit statuses, formats, several files, NDJSON, what goes to which stream."""

from __future__ import annotations

import io
import json
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cds_service.cli import main
from fhir_fixtures import load_story, story_names

Json = dict[str, Any]
CLEAN, OVERDUE, DUE = "clean-first-course", "tsh-overdue", "tsh-due"


@pytest.fixture(name="folder")
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (CLEAN, OVERDUE, DUE):
        (tmp_path / f"{name}.json").write_text(json.dumps(load_story(name).bundle), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def as_of(name: str) -> list[str]:
    return ["--as-of", load_story(name).as_of]


def reports(capsys: pytest.CaptureFixture[str]) -> list[Json]:
    found: list[Json] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("name, status", [(CLEAN, 0), (OVERDUE, 1), (DUE, 1)])
def test_the_exit_status_says_whether_there_is_something_to_act_on(
    name: str, status: int, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert folder.is_dir()
    for form in ("text", "json", "ndjson"):
        assert main(["check", f"{name}.json", *as_of(name), "--format", form]) == status
        assert capsys.readouterr().err == ""


def test_the_end_of_follow_up_is_nothing_to_act_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "b.json"
    file.write_text(json.dumps(load_story("follow-up-ended").bundle), encoding="utf-8")
    assert main(["check", str(file), *as_of("follow-up-ended")]) == 0
    assert "ended on 29 Feb 2028" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_json_is_an_array_in_order_of_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{OVERDUE}.json", f"{CLEAN}.json", *as_of(OVERDUE), "--format", "json"]) == 1
    found = reports(capsys)
    assert [report["source"] for report in found] == [f"{OVERDUE}.json", f"{CLEAN}.json"]
    assert [report["patient"] for report in found] == ["Patient/s23", "Patient/s01"]
    assert list(found[0]) == ["patient", "source", "asOf", "label", "courses", "followUpEnds", "assessments", "unused"]
    assert found[0]["label"] == {"id": "lemtrada-us", "revision": "2024, exact date unconfirmed"}
    assert list(found[0]["courses"][0]) == ["number", "infusions"]
    assert found[0]["courses"][0]["infusions"][0] == {
        "day": 1,
        "date": "2026-03-02",
        "dose": {"value": 12, "unit": "mg"},
        "references": ["MedicationAdministration/s23-infusion-1"],
    }
    assert found[0]["followUpEnds"] == "2030-03-06"
    (tsh,) = [row for row in found[0]["assessments"] if row["requirement"] == "tsh-quarterly"]
    assert list(tsh.items())[:12] == [
        ("requirement", "tsh-quarterly"),
        ("status", "overdue"),
        ("indicator", "info"),
        ("due", "2026-11-20"),
        ("daysOverdue", 3),
        ("lastDone", "2026-08-20"),
        ("course", None),
        ("day", None),
        ("reason", None),
        ("note", None),
        ("evidence", tsh["evidence"]),
        ("section", "2.6, 5.8"),
    ]


@pytest.mark.usefixtures("folder")
def test_ndjson_is_one_report_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", f"{OVERDUE}.json", f"{CLEAN}.json", *as_of(OVERDUE), "--format", "ndjson"])
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["patient"] for line in lines] == ["Patient/s23", "Patient/s01"]


@pytest.mark.usefixtures("folder")
def test_an_unreadable_file_does_not_stop_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    Path("broken.json").write_text("{ this is not json", encoding="utf-8")
    Path("patient.json").write_text('{"resourceType": "Patient"}', encoding="utf-8")
    Path("latin.json").write_bytes(b'{"resourceType": "\xe9"}')
    Path("empty.json").touch()
    wrong = ["missing.json", "broken.json", "patient.json", "latin.json", "empty.json", "."]
    assert main(["check", *wrong, f"{CLEAN}.json", *as_of(CLEAN), "--format", "json"]) == 2
    captured = capsys.readouterr()
    assert [report["source"] for report in json.loads(captured.out)] == [f"{CLEAN}.json"]
    complaints = captured.err.splitlines()
    assert [line.split(": ")[1] for line in complaints] == wrong
    assert "Bundle" in complaints[2]
    assert "UTF-8" in complaints[3]


@pytest.mark.usefixtures("folder")
def test_unreadable_input_outweighs_findings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{OVERDUE}.json", "missing.json", *as_of(OVERDUE)]) == 2
    assert "TSH overdue" in capsys.readouterr().out


class _Input(io.TextIOWrapper):
    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8")


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", _Input(json.dumps(load_story(OVERDUE).bundle).encode()))
    assert main(["check", "-", *as_of(OVERDUE), "--format", "json"]) == 1
    assert [report["source"] for report in reports(capsys)] == ["-"]


def ndjson(*names: str, bad: int | None = None) -> bytes:
    lines = [json.dumps(load_story(name).bundle) for name in names]
    if bad is not None:
        lines.insert(bad - 1, "this line is no Bundle")
    return ("\n".join(lines) + "\n\n").encode()


@pytest.mark.parametrize("place", ["bundles.ndjson", "bundles.txt", "-"])
def test_ndjson_of_bundles_names_the_bad_line_and_judges_the_others(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    content = ndjson(CLEAN, OVERDUE, DUE, bad=2)
    if place == "-":
        monkeypatch.setattr(sys, "stdin", _Input(content))
    else:
        Path(place).write_bytes(content)
    assert main(["check", place, *as_of(OVERDUE), "--format", "json"]) == 2
    captured = capsys.readouterr()
    assert [report["patient"] for report in json.loads(captured.out)] == ["Patient/s01", "Patient/s23", "Patient/s21"]
    (complaint,) = captured.err.splitlines()
    assert complaint.startswith(f"cds-service: {place}, line 2: ")


def test_ndjson_of_one_line_and_with_windows_line_ends(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = tmp_path / "one.ndjson", tmp_path / "two.NDJSON"
    one.write_bytes(b"no Bundle\n")
    two.write_bytes(ndjson(CLEAN, OVERDUE).replace(b"\n", b"\r\n"))
    assert main(["check", str(one), str(two), *as_of(OVERDUE), "--format", "ndjson"]) == 2
    captured = capsys.readouterr()
    assert "one.ndjson, line 1: " in captured.err
    assert len(captured.out.splitlines()) == 2


def test_a_bundle_written_over_many_lines_is_one_bundle(tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    file.write_text(json.dumps(load_story(CLEAN).bundle, indent=2), encoding="utf-8")
    assert main(["check", str(file), *as_of(CLEAN)]) == 0


def test_several_patients_come_in_order_of_patient(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "b.json"
    entries = [entry for name in (OVERDUE, CLEAN) for entry in load_story(name).bundle["entry"]]
    file.write_text(json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries}), encoding="utf-8")
    assert main(["check", str(file), *as_of(OVERDUE), "--format", "json"]) == 1
    assert [report["patient"] for report in reports(capsys)] == ["Patient/s01", "Patient/s23"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "moment, days", [("2026-11-25", 5), ("2026-11-24T09:00:00-05:00", 4), ("2026-11-24T23:00:00Z", 4)]
)
def test_as_of_is_a_date_or_an_instant_and_is_echoed(
    moment: str, days: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", f"{OVERDUE}.json", "--as-of", moment, "--format", "json"]) == 1
    (report,) = reports(capsys)
    assert report["asOf"] == moment
    assert [row["daysOverdue"] for row in report["assessments"] if row["requirement"] == "tsh-quarterly"] == [days]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "moment", ["tomorrow", "2026", "2026-11", "2026-02-30", "2026-11-24T09:00:00", "2026-11-24T25:00Z"]
)
def test_another_as_of_is_wrong_usage(moment: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{OVERDUE}.json", "--as-of", moment]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "--as-of" in captured.err
    assert "2026-11-22" in captured.err


@pytest.mark.usefixtures("folder")
def test_without_as_of_it_is_now_with_offset(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", f"{CLEAN}.json", "--format", "json"])
    (report,) = reports(capsys)
    assert datetime.fromisoformat(report["asOf"]).utcoffset() is not None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", report["asOf"])


@pytest.mark.usefixtures("folder")
def test_a_hook_says_only_what_it_speaks_of(capsys: pytest.CaptureFixture[str]) -> None:
    bundle = load_story("double-dose-order").bundle
    Path("order.json").write_text(json.dumps(bundle), encoding="utf-8")
    moment = as_of("double-dose-order")
    assert main(["check", "order.json", *moment, "--hook", "order-sign", "--format", "json"]) == 1
    (at_ordering,) = reports(capsys)
    assert main(["check", "order.json", *moment, "--format", "json"]) == 1
    (plain,) = reports(capsys)
    indicators = {row["requirement"]: row["indicator"] for row in at_ordering["assessments"]}
    assert indicators["daily-dose"] == "critical"
    assert {row["indicator"] for row in plain["assessments"] if row["requirement"] == "daily-dose"} == {"warning"}
    strip = [{key: row[key] for key in row if key != "indicator"} for row in plain["assessments"]]
    assert [{key: row[key] for key in row if key != "indicator"} for row in at_ordering["assessments"]] == strip


def test_the_exit_status_follows_the_hook(tmp_path: Path) -> None:
    """An old course without its steroid stays in the report; at order-sign nobody speaks of it."""
    file = tmp_path / "b.json"
    file.write_text(json.dumps(load_story("steroid-missing-day-2").bundle), encoding="utf-8")
    moment = as_of("steroid-missing-day-2")
    assert main(["check", str(file), *moment]) == 1
    assert main(["check", str(file), *moment, "--hook", "patient-view"]) == 1
    assert main(["check", str(file), *moment, "--hook", "order-sign"]) == 0


@pytest.mark.usefixtures("folder")
def test_strict_refuses_what_full_fhir_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    bundle = json.loads(json.dumps(load_story(CLEAN).bundle))
    bundle["entry"][0]["resource"]["maritalStatus"] = ["Zebedee"]
    Path("odd.json").write_text(json.dumps(bundle), encoding="utf-8")
    assert main(["check", "odd.json", *as_of(CLEAN)]) == 0
    assert main(["check", f"{CLEAN}.json", "odd.json", *as_of(CLEAN), "--strict", "--format", "json"]) == 2
    captured = capsys.readouterr()
    assert "odd.json: strict FHIR R4 validation: entry[0] Patient.maritalStatus" in captured.err
    assert "Zebedee" not in captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["check"],
        ["check", "x.json", "--format", "xml"],
        ["check", "x.json", "--hook", "encounter-banana"],
        ["frobnicate"],
        ["label"],
        ["serve", "--port", "many"],
        ["serve", "--workers", "0"],
    ],
)
def test_wrong_usage_is_status_2_with_a_hint(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "usage: cds-service" in captured.err


@pytest.mark.usefixtures("folder")
def test_an_unknown_label_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{CLEAN}.json", "--label", "aspirin-us"]) == 2
    assert "lemtrada-us" in capsys.readouterr().err


@pytest.mark.parametrize("name", story_names())
def test_the_text_is_for_people(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "b.json"
    file.write_text(json.dumps(load_story(name).bundle), encoding="utf-8")
    status = main(["check", str(file), *as_of(name)])
    text = capsys.readouterr().out
    assert "a done test is not a normal test" in text
    assert ("Nothing to act on" in text) == (status == 0)
    assert "\x1b" not in text
    assert "None" not in text
    assert "{" not in text
    if load_story(name).quiet:
        assert status == 0


@pytest.mark.usefixtures("folder")
def test_a_course_reads_like_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", f"{OVERDUE}.json", *as_of(OVERDUE)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "  Course 1: 5 infusion days, 2 Mar 2026 to 6 Mar 2026. Tests asked for until 6 Mar 2030."
    assert lines[2] == (
        "  INFO      TSH overdue since 20 Nov 2026 (3 days; last 20 Aug 2026). [tsh-quarterly, overdue; label 2.6, 5.8]"
    )


def test_a_file_name_that_is_not_utf_8(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "b\udce9.json"
    file.write_text(json.dumps(load_story(CLEAN).bundle), encoding="utf-8")
    assert main(["check", str(file), *as_of(CLEAN), "--format", "json"]) == 0
    assert reports(capsys)[0]["source"].endswith("b?.json")

"""What `check` takes: NDJSON however it is damaged, every hook, both versions of FHIR with --strict, a site's codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cds_service.cds_hooks.hooks import HOOKS
from cds_service.cli import main
from fhir_fixtures import load_story

Json = dict[str, Any]
CLEAN, OVERDUE, DUE = "clean-first-course", "tsh-overdue", "tsh-due"
LOCAL = "http://lab.example.org/codes"
MOMENT = ["--as-of", load_story(OVERDUE).as_of]


def text_of(name: str, indent: int | None = None) -> str:
    return json.dumps(load_story(name).bundle, indent=indent)


def patients(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [report["patient"] for report in json.loads(capsys.readouterr().out)]


# --- NDJSON ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["bundles.ndjson", "bundles.json"])
def test_a_damaged_first_line_costs_itself_only(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(place).write_text(f'{{"resourceType": "Bun\n{text_of(OVERDUE)}\n{text_of(DUE)}\n', encoding="utf-8")
    assert main(["check", place, *MOMENT, "--format", "json"]) == 2
    captured = capsys.readouterr()
    assert [report["patient"] for report in json.loads(captured.out)] == ["Patient/s23", "Patient/s21"]
    assert captured.err.startswith(f"cds-service: {place}, line 1: ")


def test_a_bundle_over_many_lines_is_one_whatever_its_file_is_called(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("b.ndjson", "b.json"):
        (tmp_path / name).write_text(text_of(OVERDUE, indent=1), encoding="utf-8")
        assert main(["check", str(tmp_path / name), *MOMENT, "--format", "json"]) == 1
        assert patients(capsys) == ["Patient/s23"]


def test_an_entry_on_a_line_of_its_own_is_no_bundle_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Bundle within a Bundle, on one line of it."""
    inner = text_of(OVERDUE)
    file = tmp_path / "b.json"
    file.write_text(
        f'{{"resourceType": "Bundle", "type": "collection", "entry": [\n{{"resource": {inner}}},\n'
        f'{{"resource": {text_of(DUE)}}}\n]}}\n',
        encoding="utf-8",
    )
    main(["check", str(file), *MOMENT, "--format", "json"])
    assert patients(capsys) == ["Patient/s21", "Patient/s23"]


@pytest.mark.parametrize("content", ["", "\n\n", "{}", "[]", "3", '{"resourceType": "Patient", "id": "x"}', "{\n}"])
@pytest.mark.parametrize("name", ["x.json", "x.ndjson"])
def test_what_is_no_bundle_is_status_2_naming_the_file(
    content: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert main(["check", str(tmp_path / name)]) == 2
    assert f"{name}" in capsys.readouterr().err


# --- hooks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_every_hook_can_be_asked_for(hook: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "b.json"
    file.write_text(text_of(OVERDUE), encoding="utf-8")
    assert main(["check", str(file), *MOMENT, "--hook", hook, "--format", "json"]) in (0, 1)
    (report,) = json.loads(capsys.readouterr().out)
    assert report["assessments"]


# --- strict ---------------------------------------------------------------------------------------------------------


def administration(**fields: Any) -> Json:
    return {
        "resourceType": "MedicationAdministration",
        "id": "a1",
        "status": "completed",
        "subject": {"reference": "Patient/p1"},
        **fields,
    }


@pytest.mark.parametrize(
    "fields, status",
    [
        ({"medicationCodeableConcept": {"text": "saline"}, "effectiveDateTime": "2026-03-02"}, 0),
        ({"medication": {"concept": {"text": "saline"}}, "occurenceDateTime": "2026-03-02"}, 0),
        ({"medication": {"concept": {"text": "saline"}}, "effectiveDateTime": "2026-03-02"}, 2),
    ],
)
def test_strict_takes_what_is_right_in_r4_or_in_r5(
    fields: Json, status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": administration(**fields)}]}
    file = tmp_path / "b.json"
    file.write_text(json.dumps(body), encoding="utf-8")
    assert main(["check", str(file), "--strict"]) == status
    assert ("MedicationAdministration.medication" in capsys.readouterr().err) is (status == 2)


# --- a site's codes -------------------------------------------------------------------------------------------------


def code_map(tmp_path: Path, **target: Any) -> Path:
    path = tmp_path / "map.json"
    element = {"code": "TSH1", "target": [{"code": "3016-3", **(target or {"equivalence": "equivalent"})}]}
    group = {"source": LOCAL, "target": "http://loinc.org", "element": [element]}
    path.write_text(json.dumps({"resourceType": "ConceptMap", "status": "active", "group": [group]}), encoding="utf-8")
    return path


def test_results_under_local_codes_count_with_the_sites_map(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = json.loads(text_of(OVERDUE))
    local = {
        "resourceType": "Observation",
        "id": "local-tsh",
        "status": "final",
        "code": {"coding": [{"system": LOCAL, "code": "TSH1"}]},
        "subject": {"reference": "Patient/s23"},
        "effectiveDateTime": load_story(OVERDUE).as_of[:10],
        "valueQuantity": {"value": 1.5, "unit": "mIU/L"},
    }
    bundle["entry"].append({"resource": local})
    file = tmp_path / "b.json"
    file.write_text(json.dumps(bundle), encoding="utf-8")
    found = []
    for maps in ("", str(code_map(tmp_path))):
        monkeypatch.setenv("CDS_CODE_MAPS", maps)
        main(["check", str(file), *MOMENT, "--format", "json"])
        (report,) = json.loads(capsys.readouterr().out)
        found.append({row["requirement"]: row["status"] for row in report["assessments"]}["tsh-quarterly"])
    assert found == ["overdue", "met"]


@pytest.mark.parametrize("command", [["check", "x.json"], ["serve"], ["serve", "--workers", "2"]])
def test_a_bad_map_stops_the_start_naming_file_place_and_remedy(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("uvicorn.run", lambda *_arguments, **_options: pytest.fail("started"))
    path = code_map(tmp_path, equivalence="same")
    monkeypatch.setenv("CDS_CODE_MAPS", str(path))
    assert main(command) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"cds-service: CDS_CODE_MAPS: {path}: group[0].element[0].target[0]: ")
    assert 'write "equivalent"' in captured.err

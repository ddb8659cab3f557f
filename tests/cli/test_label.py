"""`label show|check|export|diff` and CDS_LABEL_OVERLAY: what is written where, and the exit statuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cds_service.cli import main
from cds_service.engine import Engine
from cds_service.labels.loader import shipped_folder
from cds_service.labels.overlay import load_any
from cds_service.settings import Settings
from cds_service.web.about import label_about
from fhir_fixtures import load_story
from tests.web.calls import Service

OVERDUE = "tsh-overdue"
MOMENT = ["--as-of", load_story(OVERDUE).as_of]
BROKEN = Path(__file__).resolve().parents[1] / "labels" / "broken"
LOCAL = "http://lab.example.org/codes"


@pytest.fixture(name="site")
def _site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An overlay with a change of each sort; and a record beside it."""
    monkeypatch.chdir(tmp_path)
    Path("b.json").write_text(json.dumps(load_story(OVERDUE).bundle), encoding="utf-8")
    folder = tmp_path / "site"
    (folder / "codes").mkdir(parents=True)
    (folder / "overlay.toml").write_text(
        '[overlay]\nname = "Example Hospital"\n[off]\n"tsh-quarterly" = "Endocrinology does it."\n', encoding="utf-8"
    )
    (folder / "policy.toml").write_text('[recurring]\ngrace_days = 3\nbecause = "Weekends."\n', encoding="utf-8")
    (folder / "cards.toml").write_text('[short]\n"tsh-baseline" = "thyroid"\n', encoding="utf-8")
    elements = [
        {"code": "TSH1", "target": [{"code": "3016-3", "equivalence": "equivalent"}]},
        {"code": "TSH2", "target": [{"code": "3016-3", "equivalence": "narrower"}]},
        {"code": "X", "target": [{"code": "1-1", "equivalence": "equivalent"}]},
    ]
    group = {"source": LOCAL, "target": "http://loinc.org", "element": elements}
    (folder / "codes" / "lab.json").write_text(
        json.dumps({"resourceType": "ConceptMap", "status": "active", "group": [group]}), encoding="utf-8"
    )
    return folder


# --- check ----------------------------------------------------------------------------------------------------------


def test_check_of_an_overlay_says_what_it_changes_in_effect(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", "check", str(site)]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    lines = captured.out.splitlines()
    assert lines[0] == f"{site}: no mistakes"
    assert "- policy.toml, [recurring] grace_days: 0 -> 3" in lines
    assert lines[lines.index("- policy.toml, [recurring] grace_days: 0 -> 3") + 1] == "    because: Weekends."
    assert '- cards.toml, [short] "tsh-baseline": "TSH" -> "thyroid"' in lines
    off = lines.index("Switched off, not judged:")
    assert lines[off + 1 : off + 3] == ["- tsh-quarterly", "    because: Endocrinology does it."]
    told = "local codes that count: 1; lines that mean something else: 1; lines that lead nowhere in the label: 1"
    assert f"lab.json: {told}" in lines
    assert f"- {LOCAL} TSH1 = http://loinc.org 3016-3" in lines


def test_check_of_a_label_folder_counts_what_it_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shutil.copytree(shipped_folder("lemtrada-us"), tmp_path / "label")
    assert main(["label", "check", str(folder)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{folder}: no mistakes\nlemtrada-us, revision 2024, exact date unconfirmed: ")
    assert "requirements" in out
    assert "overlay" not in out


def test_check_explains_every_mistake_of_a_label_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shutil.copytree(shipped_folder("lemtrada-us"), tmp_path / "label")
    for file, old, new in (
        ("label.toml", "daily_mg    = 12", "daily_mg    = 0"),
        ("policy.toml", "grace_days = 0", "grace_days = -1"),
    ):
        path = folder / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    assert main(["label", "check", str(folder)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"cds-service: label folder {folder} cannot be used:" in captured.err
    assert "label.toml, [product]: `daily_mg` is 0; write a number above zero" in captured.err
    assert "policy.toml, [recurring]: `grace_days` is -1" in captured.err


@pytest.mark.parametrize("name", ["a-number-without-reason", "a-label-file", "codes-that-are-no-map", "nothing-in-it"])
def test_check_of_a_broken_overlay_is_status_2(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", "check", str(BROKEN / name)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"cds-service: overlay folder {BROKEN / name} cannot be used:\n  - ")


def test_check_of_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", "check", str(tmp_path / "gone")]) == 2
    assert "gone: is not a folder; give a label folder or an overlay folder" in capsys.readouterr().err


def test_check_without_a_folder_checks_what_is_in_use(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["label", "check"]) == 0
    assert "Example Hospital" not in capsys.readouterr().out
    monkeypatch.setenv("CDS_LABEL_OVERLAY", str(site))
    assert main(["label", "check"]) == 0
    assert "Example Hospital" in capsys.readouterr().out


def test_a_new_label_folder_is_checked_with_the_sites_overlay(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(shipped_folder("lemtrada-us"), tmp_path / "label")
    policy = folder / "policy.toml"
    monkeypatch.setenv("CDS_LABEL_OVERLAY", str(site))
    assert main(["label", "check", str(folder)]) == 0
    assert "grace_days: 0 -> 3" in capsys.readouterr().out
    policy.write_text(policy.read_text(encoding="utf-8").replace("grace_days = 0", "grace_days = 1"), encoding="utf-8")
    assert main(["label", "check", str(folder)]) == 0
    assert "grace_days: 1 -> 3" in capsys.readouterr().out


# --- the overlay in use ---------------------------------------------------------------------------------------------


def test_check_judges_with_the_overlay_and_names_what_is_off(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", "b.json", *MOMENT]) == 1
    assert "TSH overdue" in capsys.readouterr().out
    monkeypatch.setenv("CDS_LABEL_OVERLAY", str(site))
    assert main(["check", "b.json", *MOMENT]) == 0
    out = capsys.readouterr().out
    assert "TSH overdue" not in out
    assert "  not judged at this site: tsh-quarterly (Endocrinology does it.)" in out
    assert main(["check", "b.json", *MOMENT, "--format", "json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert "tsh-quarterly" not in {row["requirement"] for row in report["assessments"]}


def test_show_shows_the_label_as_it_is_used(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CDS_LABEL_OVERLAY", str(site))
    assert main(["label", "show"]) == 0
    out = capsys.readouterr().out
    assert "tsh-quarterly  [" not in out
    assert "(tsh-quarterly)\n    Endocrinology does it." in out
    assert "grace_days: 0 -> 3" in out


def test_about_lists_what_is_off_and_what_is_changed(site: Path) -> None:
    about = label_about(Engine.of(load_any(str(site))))
    assert about["notCovered"][0]["why"] == "Endocrinology does it."
    assert "tsh-quarterly" not in {item["requirement"] for item in about["checked"]}
    assert about["site"]["name"] == "Example Hospital"
    assert about["site"]["switchedOff"] == {"tsh-quarterly": "Endocrinology does it."}
    assert about["site"]["codeMaps"] == ["lab.json"]
    assert about["site"]["changes"][0] == {
        "place": "policy.toml, [recurring] grace_days",
        "shipped": "0",
        "here": "3",
        "because": "Weekends.",
    }
    assert label_about(Engine.load())["site"] is None


def test_the_service_answers_with_the_overlay(site: Path) -> None:
    story = load_story(OVERDUE)
    judged = []
    for overlay in (None, site):
        service = Service(story.as_of, Settings(overlay=overlay))
        report = service.request("POST", "/evaluate", json.dumps(story.bundle).encode()).json()
        about = service.request("GET", "/about").json()
        judged.append("tsh-quarterly" in {row["requirement"] for row in report["assessments"]})
        assert (about["labels"][0]["site"] is None) is (overlay is None)
    assert judged == [True, False]


@pytest.mark.parametrize(
    "command", [["check", "b.json"], ["serve"], ["label", "show"], ["label", "check"], ["label", "export", "out"]]
)
@pytest.mark.parametrize("name", ["a-number-without-reason", "codes-that-are-no-map"])
@pytest.mark.usefixtures("site")
def test_a_broken_overlay_in_use_stops_every_command_and_is_named(
    command: list[str], name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("uvicorn.run", lambda *_arguments, **_options: pytest.fail("started"))
    monkeypatch.setenv("CDS_LABEL_OVERLAY", str(BROKEN / name))
    assert main(command) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"cds-service: CDS_LABEL_OVERLAY: overlay folder {BROKEN / name} cannot be used:")


def test_what_is_off_is_said_when_the_service_starts(
    site: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("uvicorn.run", lambda *_arguments, **_options: None)
    assert main(["serve"]) == 0
    assert "switches off" not in caplog.text
    monkeypatch.setenv("CDS_LABEL_OVERLAY", str(site))
    assert main(["serve"]) == 0
    assert 'the overlay "Example Hospital" switches off tsh-quarterly: Endocrinology does it.' in caplog.text


def test_an_unknown_label_is_named_by_every_label_command(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["show", "--label", "aspirin-us"], ["export", "out", "--label", "aspirin-us"]):
        assert main(["label", *command]) == 2
        assert "neither a label (available: lemtrada-us)" in capsys.readouterr().err


# --- export ---------------------------------------------------------------------------------------------------------


def test_export_writes_each_resource_and_a_bundle(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CDS_LABEL_OVERLAY", str(site))
    assert main(["label", "export", "out", "--base", "https://fhir.example.net/r4"]) == 0
    captured = capsys.readouterr()
    files = sorted(item.name for item in Path("out").iterdir())
    assert captured.out.startswith(f"{len(files)} files written to out")
    assert captured.err == ""
    assert {"PlanDefinition-lemtrada-us.json", "Bundle-lemtrada-us.json", "ValueSet-lemtrada-us-tsh.json"} <= set(files)
    assert [name for name in files if name.startswith("ConceptMap")] == ["ConceptMap-lemtrada-us-local-1.json"]
    plan = json.loads(Path("out/PlanDefinition-lemtrada-us.json").read_text(encoding="utf-8"))
    assert plan["url"] == "https://fhir.example.net/r4/PlanDefinition/lemtrada-us"
    assert "Endocrinology does it." in plan["description"]


@pytest.mark.usefixtures("site")
def test_what_an_older_export_left_behind_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("out").mkdir()
    Path("out/ValueSet-lemtrada-us-gone.json").write_text("{}", encoding="utf-8")
    assert main(["label", "export", "out"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "ValueSet-lemtrada-us-gone.json: was there before" in line


@pytest.mark.parametrize("base", ["fhir.example.org", "urn:uuid:1", "https://", "https://x.example.org/?a=b"])
@pytest.mark.usefixtures("site")
def test_a_base_that_is_no_address_is_wrong_usage(base: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", "export", "out", "--base", base]) == 2
    assert capsys.readouterr().err.startswith("cds-service: --base: ")
    assert not Path("out").exists()


@pytest.mark.usefixtures("site")
def test_a_place_that_is_a_file_cannot_be_exported_to(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", "export", "b.json"]) == 2
    assert "b.json" in capsys.readouterr().err


# --- diff -----------------------------------------------------------------------------------------------------------


def test_diff_says_what_an_overlay_changes_for_these_patients(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", "diff", "lemtrada-us", str(site), "b.json", *MOMENT]) == 1
    out = capsys.readouterr().out
    assert "  removed  INFO      TSH overdue since 20 Nov 2026" in out
    assert main(["label", "diff", "lemtrada-us", str(site), "b.json", *MOMENT, "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["old", "new", "asOf", "requirements", "patients"]
    assert found["new"]["overlay"] == {"name": "Example Hospital", "off": {"tsh-quarterly": "Endocrinology does it."}}
    (patient,) = found["patients"]
    assert list(patient) == ["patient", "source", "added", "removed", "changed"]
    assert [row["requirement"] for row in patient["removed"]] == ["tsh-quarterly"]


@pytest.mark.usefixtures("site")
def test_diff_of_a_label_with_itself_or_its_copy_is_status_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shutil.copytree(shipped_folder("lemtrada-us"), tmp_path / "label")
    for new in ("lemtrada-us", str(folder)):
        assert main(["label", "diff", "lemtrada-us", new, "b.json", *MOMENT]) == 0
        assert capsys.readouterr().out.endswith("1 judged, 0 differ; findings: 0 added, 0 removed, 0 changed.\n")


@pytest.mark.usefixtures("site")
def test_diff_of_a_changed_label_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shutil.copytree(shipped_folder("lemtrada-us"), tmp_path / "label")
    label = folder / "label.toml"
    text = label.read_text(encoding="utf-8")
    assert "months     = 3\n" in text
    label.write_text(text.replace("months     = 3\n", "months     = 12\n"), encoding="utf-8")
    assert main(["label", "diff", "lemtrada-us", str(folder), "b.json", *MOMENT]) == 1
    assert "removed  INFO      TSH overdue" in capsys.readouterr().out


def test_diff_uses_the_sites_overlay_on_labels(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CDS_LABEL_OVERLAY", str(site))
    assert main(["label", "diff", "lemtrada-us", str(site), "b.json", *MOMENT]) == 0
    folder = shutil.copytree(shipped_folder("lemtrada-us"), tmp_path / "label")
    assert main(["label", "diff", "lemtrada-us", str(folder), "b.json", *MOMENT]) == 0
    assert capsys.readouterr().out.count('with the overlay "Example Hospital"') == 4


@pytest.mark.usefixtures("site")
def test_diff_of_unusable_input_is_status_2_and_judges_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.json").write_text("no json", encoding="utf-8")
    assert main(["label", "diff", "lemtrada-us", "lemtrada-us", "bad.json", "b.json", "gone.json", *MOMENT]) == 2
    captured = capsys.readouterr()
    assert "1 judged, 0 differ" in captured.out
    assert [line.split(": ")[1] for line in captured.err.splitlines()] == ["bad.json", "gone.json"]


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    "arguments, named",
    [
        (["lemtrada-us", "lemtrada-eu", "b.json"], "lemtrada-eu"),
        (["nowhere", "lemtrada-us", "b.json"], "nowhere"),
        (["lemtrada-us", str(BROKEN / "off-without-reason"), "b.json"], "overlay folder"),
        (["lemtrada-us", "lemtrada-us", "b.json", "--as-of", "soon"], "--as-of"),
    ],
)
def test_diff_that_cannot_be_made_says_why(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["label", "diff", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert named in captured.err


# --- start-up -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("site")
def test_check_loads_nothing_of_what_only_the_label_commands_need() -> None:
    probe = (
        "import sys; from cds_service.cli import main; main(['check', 'b.json']);"
        "print([n for n in sys.modules if n.endswith(('cli_label', 'replay', 'label_diff', 'labels.export', "
        "'labels.overlay', 'labels.merging', 'difflib')) or n.startswith('fhir.')])"
    )
    run = subprocess.run([sys.executable, "-c", probe], check=True, capture_output=True, text=True)
    assert run.stdout.splitlines()[-1] == "[]"

"""`label show`, `serve --help`, settings that stop the start, and the program as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from cds_service import cli
from cds_service.cli import main
from cds_service.settings import SETTINGS, SettingsError, check_servable, read_settings
from fhir_fixtures import REQUIREMENTS, load_story


def run(
    *arguments: str, environment: Mapping[str, str] | None = None, content: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """The program as a process of its own."""
    command = [sys.executable, "-m", "cds_service", *arguments]
    settings = {**os.environ, **(environment or {})}
    return subprocess.run(command, input=content, capture_output=True, check=False, env=settings)


def test_label_show_lists_every_requirement(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", "show"]) == 0
    text = capsys.readouterr().out
    assert all(f"{name}  [" in text for name in REQUIREMENTS)
    assert "Not covered:" in text
    assert "revision 2024, exact date unconfirmed; not reviewed by a pharmacist yet" in text
    assert main(["label", "show", "--label", "nothing"]) == 2


def test_serve_help_lists_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["serve", "--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text and what in text for name, what in SETTINGS.items())


def test_the_console_script_and_the_module_are_the_same(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["scripts"] == {"cds-service": "cds_service.cli:main"}
    story = load_story("tsh-overdue")
    body = json.dumps(story.bundle).encode()
    done = run("check", "-", "--as-of", story.as_of, "--format", "json", content=body)
    assert done.returncode == 1
    assert done.stderr == b""
    assert [report["patient"] for report in json.loads(done.stdout)] == ["Patient/s23"]


def test_a_reader_that_stops_reading_is_no_fault() -> None:
    body = json.dumps(load_story("tsh-overdue").bundle).encode()
    command = [sys.executable, "-m", "cds_service", "check", "-", "--format", "ndjson"]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nobody:
        done = subprocess.run(command, input=body, stdout=nobody, stderr=subprocess.PIPE, check=False)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 2


WRONG = {
    "CDS_PROFILE": ["prod", ""],
    "CDS_PUBLIC_BASE_URL": ["cds.example.org", "ftp://cds.example.org", "https://"],
    "CDS_CORS_ORIGINS": ["ehr.example.org", "https://ehr.example.org/path", "*,nonsense"],
    "CDS_TIMEZONE": ["Mars/Olympus", "EST5EDT4", "../etc/passwd"],
    "CDS_MAX_BODY_BYTES": ["0", "-1", "12", "many", "1e6", "²048"],
    "CDS_LABELS": ["", " , "],
    "CDS_LENIENT_HOOK_INSTANCE": ["yes", "1"],
    "CDS_CONFIG_FILE": ["/nowhere/settings.toml"],
    "CDS_CODE_MAPS": ["maps.json"],
    "CDS_LABEL_OVERLAY": ["overlay"],
    "CDS_STRICT_JSON": ["true"],
    "CDS_NO_SUCH_SETTING": ["x"],
}


@pytest.mark.parametrize("name, value", [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_setting_stops_the_start_and_is_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    assert main(["serve", "--port", "0"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"cds-service: {name}")


def test_an_unknown_label_stops_the_start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CDS_LABELS", "lemtrada-us,aspirin-us")
    for workers in ("1", "2"):
        assert main(["serve", "--port", "0", "--workers", workers]) == 2
        assert "aspirin-us" in capsys.readouterr().err


def test_production_does_not_start_yet_but_check_works_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CDS_PROFILE", "production")
    assert main(["serve"]) == 2
    assert "CDS_PROFILE=production" in capsys.readouterr().err
    story = load_story("clean-first-course")
    file = tmp_path / "b.json"
    file.write_text(json.dumps(story.bundle), encoding="utf-8")
    assert main(["check", str(file), "--as-of", story.as_of]) == 0


def test_settings_from_a_file_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(
        'public_base_url = "https://cds.example.org/"\nmax_body_bytes = 4096\nlenient_hook_instance = true\n'
        'cors_origins = ["https://a.example.org", "https://b.example.org"]\ntimezone = "America/New_York"\n',
        encoding="utf-8",
    )
    settings = read_settings({"CDS_CONFIG_FILE": str(file), "CDS_MAX_BODY_BYTES": "8192", "PATH": "x"})
    assert settings.public_base_url == "https://cds.example.org"
    assert settings.max_body_bytes == 8192
    assert settings.lenient_hook_instance is True
    assert settings.cors_origins == ("https://a.example.org", "https://b.example.org")
    assert str(settings.zone) == "America/New_York"
    check_servable(settings)


def test_the_overlay_is_a_folder_or_none(tmp_path: Path) -> None:
    assert read_settings({"CDS_LABEL_OVERLAY": " site "}).overlay == Path("site")
    assert read_settings({"CDS_LABEL_OVERLAY": ""}).overlay is None
    file = tmp_path / "settings.toml"
    file.write_text('label_overlay = "/etc/cds/site"\n', encoding="utf-8")
    assert read_settings({"CDS_CONFIG_FILE": str(file)}).overlay == Path("/etc/cds/site")


def test_a_setting_of_a_later_version_is_noticed() -> None:
    settings = read_settings({"CDS_DATABASE_URL": "sqlite:///x", "CDS_ISSUERS_FILE": "x"})
    assert [notice.split()[0] for notice in settings.notices] == ["CDS_DATABASE_URL", "CDS_ISSUERS_FILE"]


def test_a_file_with_an_unknown_setting_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('colour = "blue"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match="CDS_COLOUR"):
        read_settings({"CDS_CONFIG_FILE": str(file)})


def test_serving_hands_the_settings_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from cds_service.web import run as web_run

    started: list[tuple[object, dict[str, object]]] = []
    monkeypatch.setattr("uvicorn.run", lambda app, **options: started.append((app, options)))
    assert cli.main(["serve", "--host", "127.0.0.2", "--port", "8123"]) == 0
    assert cli.main(["serve", "--workers", "3"]) == 0
    (_, one), (app, several) = started
    assert (one["host"], one["port"], one["access_log"]) == ("127.0.0.2", 8123, False)
    assert (app, several["workers"], several["factory"]) == ("cds_service.web.run:worker_app", 3, True)
    assert web_run.worker_app().title == "cds-service"

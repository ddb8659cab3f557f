"""The wheel, installed by itself elsewhere, holds everything the service needs."""

import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.full

ROOT = Path(__file__).resolve().parents[2]
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")


def run(*command: str | Path, cwd: Path) -> str:
    """Standard output of a command that must succeed; what it printed is in the failure."""
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cds-service-wheel-") as folder:
        assert not Path(folder).resolve().is_relative_to(ROOT)
        yield Path(folder)


@pytest.fixture(scope="module")
def wheel(place: Path) -> Path:
    """Built with the locked backend from a copy of what git knows, so that the build leaves nothing in the tree."""
    names = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines()
    for name in names:
        if name.startswith("cds_service/") or name in {"pyproject.toml", "README.md", "LICENSE"}:
            copy = place / "source" / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes((ROOT / name).read_bytes())
    options = ("--no-deps", "--no-build-isolation", "--wheel-dir", place / "dist", place / "source")
    run(sys.executable, *PIP, "wheel", *options, cwd=place)
    (built,) = (place / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, place: Path) -> Path:
    """The folder with the programs of a fresh environment: locked requirements, then the wheel."""
    run(sys.executable, "-m", "venv", place / "venv", cwd=place)
    bin_ = place / "venv" / "bin"
    lock = ROOT / "requirements" / "runtime.txt"
    run(bin_ / "python", *PIP, "install", "--require-hashes", "--only-binary", ":all:", "-r", lock, cwd=place)
    run(bin_ / "python", *PIP, "install", "--no-deps", "--no-index", wheel, cwd=place)
    return bin_


def test_the_wheel_holds_every_file_of_the_package(wheel: Path, place: Path) -> None:
    source = place / "source"
    wanted = {p.relative_to(source).as_posix() for p in (source / "cds_service").rglob("*") if p.is_file()}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert "cds_service/__init__.py" in wanted
    assert wanted - held == set(), "package data is missing: see [tool.setuptools.package-data]"
    assert held - wanted == set()


def test_the_locked_requirements_satisfy_the_wheel(installed: Path, place: Path) -> None:
    run(installed / "python", *PIP, "check", cwd=place)


def test_the_console_script_runs_elsewhere(installed: Path, place: Path) -> None:
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    where = run(installed / "python", "-c", "import cds_service; print(cds_service.__file__)", cwd=elsewhere)
    assert Path(where.strip()).resolve().is_relative_to(place.resolve())
    assert "serve" in run(installed / "cds-service", "--help", cwd=elsewhere)
    assert "serve" in run(installed / "python", "-m", "cds_service", "--help", cwd=elsewhere)
    assert "tsh" in run(installed / "cds-service", "label", "show", cwd=elsewhere).lower()

"""What no file of the repository may hold, and what the locked requirements must."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.code_health.source_tree import ROOT

# Joined from pieces, so that this file does not hold what it looks for.
REGISTRY_HOSTS = tuple(
    ".".join(pieces)
    for pieces in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("proxy", "golang", "org"),
        ("crates", "io"),
        ("repo", "maven", "apache", "org"),
        ("repo1", "maven", "org"),
        ("conda", "anaconda", "org"),
    )
)
# A path that begins in somebody's home or work folder works on one machine only.
MACHINE_PATH = re.compile(
    rb"(?<![\w.:/*-])(?:/(?:ho" + rb"me|ro" + rb"ot|wo" + rb"rk|Us" + rb"ers)/|[A-Z]:\\Us" + rb"ers\\)\w"
)

PIN = re.compile(r"[a-z0-9][a-z0-9.-]*(?:\[[a-z,]+\])?==\S+(?: ; .+)?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
LOCK_FILES = ("runtime.txt", "build.txt", "dev.txt", "lock.txt")


def repository_files() -> list[Path]:
    """Files git tracks or would track."""
    git = shutil.which("git")
    assert git, "this test needs git"
    run = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    names = {name for name in run.stdout.decode().split("\0") if name}
    return [path for path in (ROOT / name for name in sorted(names)) if path.is_file()]


def test_no_file_names_a_package_registry() -> None:
    needles = [host.encode() for host in REGISTRY_HOSTS]
    found = {
        f"{path.relative_to(ROOT)}: {needle.decode()}"
        for path in repository_files()
        for needle in needles
        if needle in path.read_bytes().lower()
    }
    assert found == set()


def test_no_file_holds_a_path_of_one_machine() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]!r}"
        for path in repository_files()
        for number, line in enumerate(path.read_bytes().splitlines(), 1)
        if MACHINE_PATH.search(line)
    }
    assert found == set()


def test_the_searches_read_the_repository_and_find_what_they_should() -> None:
    names = {path.name for path in repository_files()}
    assert {"pyproject.toml", "Makefile", "test_repository.py"} <= names
    for folder in ("home", "root", "work", "Users"):
        assert MACHINE_PATH.search(f"see /{folder}/someone".encode())
        assert not MACHINE_PATH.search(f"GET http://example.org/fhir/{folder}/x".encode())


def pins(text: str) -> dict[str, list[str]]:
    """Each requirement of a locked file with its hashes; anything else in the file is an error."""
    logical = [line.strip() for line in text.replace("\\\n", " ").splitlines()]
    found: dict[str, list[str]] = {}
    for line in logical:
        if not line or line.startswith("#"):
            continue
        requirement, *hashes = re.split(r"\s+(?=--hash=)", line)
        assert PIN.fullmatch(requirement), f"not a plain pin: {requirement}"
        assert all(HASH.fullmatch(h) for h in hashes), f"not a sha256: {requirement}"
        found[requirement] = hashes
    return found


@pytest.mark.parametrize("name", LOCK_FILES)
def test_every_locked_requirement_has_hashes_and_no_address(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    found = pins(text)
    assert found
    assert [requirement for requirement, hashes in found.items() if not hashes] == []
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_the_development_lock_holds_the_same_versions_as_the_service() -> None:
    texts = {name: (ROOT / "requirements" / name).read_text(encoding="utf-8") for name in LOCK_FILES}
    assert set(pins(texts["runtime.txt"])) <= set(pins(texts["dev.txt"]))
    assert set(pins(texts["build.txt"])) <= set(pins(texts["dev.txt"]))


def test_every_dependency_of_the_project_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {re.split(r"[^A-Za-z0-9._-]", d)[0].lower().replace(".", "-") for d in project["dependencies"]}
    locked = {p.partition("==")[0] for p in pins((ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8"))}
    assert named <= locked


@pytest.mark.parametrize(
    "text", ["thing>=1.0\n", "-e .\n", "thing @ file:thing.whl\n", "thing==1.0 --hash=md5:abc\n", "--pre\n"]
)
def test_the_lock_reader_refuses_what_is_no_pin(text: str) -> None:
    with pytest.raises(AssertionError):
        pins(text)

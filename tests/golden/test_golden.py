"""Nothing the service says about a story changes unnoticed."""

import re
from pathlib import Path

import pytest

from fhir_fixtures import load_story, story_names
from tests.golden.stories import EXPECTED, documents

HINT = "read the difference; if it is right: python -m tests.golden.accept "


@pytest.mark.parametrize("name", story_names())
def test_the_service_says_what_was_accepted(name: str) -> None:
    for file, text in documents(name).items():
        accepted = EXPECTED / name / file
        assert accepted.is_file(), f"{name}/{file} is missing; {HINT}{name}"
        assert text == accepted.read_text(encoding="utf-8"), f"{name}/{file} differs; {HINT}{name}"


def test_every_accepted_file_belongs_to_a_story() -> None:
    found = {path.relative_to(EXPECTED).as_posix() for path in EXPECTED.rglob("*.json")}
    wanted = {f"{name}/{key}.json" for name in story_names() for key in ("report", *load_story(name).hooks)}
    assert found == wanted


def test_nothing_accepts_by_itself(root: Path) -> None:
    """Accepting is a decision: no test, make target or CI script may take it."""
    command = re.compile(r"golden[./]accept")
    automatic = [root / "Makefile", *(root / ".ci").glob("*"), *(root / "tests").rglob("test_*.py")]
    automatic += (root / "tests").rglob("conftest.py")
    here = Path(__file__).resolve()
    named = [path for path in automatic if path.is_file() and command.search(path.read_text(encoding="utf-8"))]
    assert [path for path in named if path.resolve() != here] == []

"""No number of the label or its policy can change unnoticed: each one, moved by 1 either way, fails some case."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cds_service.core.label import FollowUpEnd, Label
from cds_service.labels import LabelError, load_label_folder
from tests.labels.case_tables import TableCase, judge, load_tables, mismatches

FOLDER = Path(__file__).resolve().parents[2] / "cds_service" / "labels" / "lemtrada_us"
CASES = load_tables()

# Numbers that may move without any case noticing: (file, line without the number) -> why. None so far.
ALLOWED: dict[tuple[str, str], str] = {}

_TEXT_OR_COMMENT = re.compile(r'"[^"]*"|#.*')
_NUMBER = re.compile(r"(?<![\w.\-])\d+(?:\.\d+)?(?![\w.\-])")


@dataclass(frozen=True)
class Nudge:
    """One number of a label file, moved."""

    file: str
    line: int
    start: int
    end: int
    instead: str
    shown: str

    def write(self, folder: Path) -> None:
        path = folder / self.file
        lines = (FOLDER / self.file).read_text(encoding="utf-8").splitlines()
        text = lines[self.line]
        lines[self.line] = text[: self.start] + self.instead + text[self.end :]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _nudges(file: str) -> Iterator[Nudge]:
    for number, line in enumerate((FOLDER / file).read_text(encoding="utf-8").splitlines()):
        bare = _TEXT_OR_COMMENT.sub(lambda found: " " * len(found.group()), line)
        for found in _NUMBER.finditer(bare):
            rest = f"{line[: found.start()]}…{line[found.end() :]}".split("#")[0].strip()
            if (file, rest) in ALLOWED:
                continue
            value = float(found.group()) if "." in found.group() else int(found.group())
            for moved in (value - 1, value + 1):
                yield Nudge(
                    file, number, found.start(), found.end(), str(moved), f"{file}:{number + 1} {rest} {value}→{moved}"
                )


class Alone:
    """A label cut down to the requirement a case is about: judging one in place of all takes a tenth of the time."""

    def __init__(self, label: Label) -> None:
        self.label = label
        self._cut: dict[str, Label] = {}

    def of(self, case: TableCase) -> Label:
        """The label that decides the case; the whole where others matter."""
        if case.quiet or case.requirement not in self._cut:
            rules = {item.id: item.rule for item in self.label.requirements}
            if case.quiet or isinstance(rules.get(case.requirement), FollowUpEnd):
                return self.label
            only = tuple(item for item in self.label.requirements if item.id == case.requirement)
            self._cut[case.requirement] = replace(self.label, requirements=only)
        return self._cut[case.requirement]


def test_a_label_cut_down_to_one_requirement_judges_it_alike() -> None:
    label = load_label_folder(FOLDER).label
    judged = Alone(label)
    for case in CASES:
        whole = [item for item in judge(label, case).assessments if item.requirement == case.requirement]
        alone = [item for item in judge(judged.of(case), case).assessments if item.requirement == case.requirement]
        assert alone == whole


NUDGES = [nudge for file in ("label.toml", "policy.toml") for nudge in _nudges(file)]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nudged") / "lemtrada_us"
    shutil.copytree(FOLDER, folder)
    return folder


@pytest.mark.parametrize("nudge", NUDGES, ids=lambda nudge: nudge.shown)
def test_a_moved_number_fails_some_case(nudge: Nudge, copy: Path) -> None:
    nudge.write(copy)
    try:
        label = load_label_folder(copy).label
    except LabelError:
        return  # the files themselves refuse it
    finally:
        shutil.copyfile(FOLDER / nudge.file, copy / nudge.file)
    judged = Alone(label)
    assert any(mismatches(label, case, judge(judged.of(case), case)) for case in CASES)


def test_every_number_of_the_files_is_nudged() -> None:
    assert {nudge.file for nudge in NUDGES} == {"label.toml", "policy.toml"}
    shown = "\n".join(nudge.shown for nudge in NUDGES)
    for known in ("first_length", "months", "daily_mg", "equivalent_mg", "gap_days", "for_days", "lead_days"):
        assert known in shown


def test_the_copy_as_it_stands_fails_no_case(copy: Path) -> None:
    label = load_label_folder(copy).label
    assert [case.id for case in CASES if mismatches(label, case, judge(label, case))] == []

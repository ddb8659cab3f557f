"""The page of each label is the one its files give, and leaves nothing out."""

from __future__ import annotations

import difflib
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from cds_service.labels import available_labels
from cds_service.labels.choices import LabelText, read_label_text
from cds_service.labels.loader import shipped_folder
from cds_service.report.label_page import UNGROUPED, label_page
from cds_service.report.markdown import cell, fold, table
from tests.labels.build_pages import PAGES, page, page_cases, readings

COMMAND = "make docs"
LABEL = "lemtrada-us"
FOLDER = shipped_folder(LABEL)
HEADING = re.compile(r"^(#{2,3}) (.+)$", re.MULTILINE)


@pytest.fixture(name="text", scope="module")
def _text() -> LabelText:
    return read_label_text(FOLDER)


@pytest.fixture(name="written", scope="module")
def _written() -> str:
    return page(LABEL)


@pytest.mark.parametrize("label_id", available_labels())
def test_the_page_on_disk_is_the_one_the_files_give(label_id: str) -> None:
    path = PAGES / f"{label_id}.md"
    assert path.is_file(), f"docs/labels/{path.name} is missing; write it with `{COMMAND}`"
    on_disk, wanted = path.read_text(encoding="utf-8"), page(label_id)
    if on_disk != wanted:
        changed = difflib.unified_diff(
            on_disk.splitlines(), wanted.splitlines(), "on disk", "as generated", lineterm="", n=0
        )
        first = "\n".join(line[:200] for _, line in zip(range(20), changed, strict=False))
        pytest.fail(
            f"docs/labels/{path.name} is out of date; write it anew with `{COMMAND}`. First differences:\n{first}"
        )


def test_every_page_belongs_to_a_label() -> None:
    stray = {path.name for path in PAGES.glob("*")} - {f"{label_id}.md" for label_id in available_labels()}
    assert stray == set(), f"docs/labels: {sorted(stray)} belong to no label; `{COMMAND}` removes such pages"


def test_the_same_files_give_the_same_page(written: str) -> None:
    assert page(LABEL) == written


def test_each_requirement_has_its_place_and_each_place_a_requirement(text: LabelText, written: str) -> None:
    places = Counter(title for level, title in HEADING.findall(written) if level == "###")
    assert places == Counter(item.id for item in text.bundle.label.requirements)
    ungrouped = [name for name, group in text.bundle.groups.items() if not group]
    assert ungrouped == [], "label.toml: write `group = ...` (before, course, follow-up, who, text) for these"
    assert UNGROUPED not in written


def test_nothing_of_the_label_is_left_out(text: LabelText, written: str) -> None:
    bundle = text.bundle
    wording = bundle.wording
    templates = [*wording.messages.values(), wording.cards, wording.notes, wording.reasons, wording.sources]
    wanted = {
        *(item.says for item in bundle.label.requirements),
        *(item.title for item in bundle.label.requirements),
        *(choice.because for choice in text.choices),
        *(row.because for row in bundle.label.situations),
        *(row.name for row in bundle.label.situations),
        *(part for entry in bundle.not_covered for part in entry),
        *(part for reading in bundle.open_readings for part in reading),
        *(part for decision in readings() for row in decision.rows for part in row),
        *(template for table_ in templates for template in table_.values()),
        *(case.sentence for cases in page_cases(LABEL).values() for case in cases),
        *(name for value_set in bundle.value_sets.values() for name in value_set.names),
        *(value_set.title for value_set in bundle.value_sets.values()),
    }
    assert len(wanted) > 500
    assert {line for line in wanted if cell(line) not in written} == set()


def test_each_code_stands_with_its_set_and_in_the_index(text: LabelText, written: str) -> None:
    rows = Counter(re.findall(r"^\|(?: (\w+) \|)? `([^`|]+)` \| (.*?) \| [*a-z, ]+ \|", written, re.MULTILINE))
    for code in text.bundle.codes:
        display = cell(code.display)
        assert rows[code.system, code.code, display] == 1, f"not once with its value set: {code}"
        assert rows["", code.code, display] >= 1, f"not in the index: {code}"


def test_unverified_codes_are_marked(text: LabelText, written: str) -> None:
    unverified = [code for code in text.bundle.codes if code.source.startswith("unverified")]
    assert unverified
    for code in unverified:
        assert f"| `{code.code}` | {cell(code.display)} | **{code.role}, unverified** |" in written


def test_every_link_leads_somewhere(written: str) -> None:
    targets = {title.lower().replace(",", "").replace(" ", "-") for _, title in HEADING.findall(written)}
    anchors = re.findall(r'<a id="([^"]+)"></a>', written)
    assert [name for name, count in Counter(anchors).items() if count > 1] == []
    links = set(re.findall(r"\]\(([^)]+)\)", written))
    assert len(links) > 50
    inside = {link[1:] for link in links if link.startswith("#")}
    assert inside - targets - set(anchors) == set()
    outside = {link for link in links if not link.startswith(("#", "https://"))}
    assert outside
    assert {link for link in outside if not (PAGES / link).resolve().exists()} == set()
    assert set(anchors) - inside == set()


def test_folds_open_and_close(written: str) -> None:
    assert written.count("<details>") == written.count("</details>") == written.count("<summary>")
    depth = 0
    for line in written.splitlines():
        depth += {"<details>": 1, "</details>": -1}.get(line, 0)
        assert depth in {0, 1}


def test_what_is_not_folded_can_be_read_in_one_sitting(written: str) -> None:
    """Half an hour for someone who skims what repeats; links and the frames of tables are no words."""
    open_text = re.sub(r"<details>.*?</details>", "", written, flags=re.DOTALL)
    words = re.findall(r"[A-Za-z0-9][\w'-]*", re.sub(r"\]\([^)]*\)|<[^>]*>", " ", open_text))
    assert 2_000 < len(words) < 12_000


@pytest.fixture(name="copy")
def _copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "label"))


def changed_places(folder: Path, written: str, file: str, old: str, new: str) -> set[str]:
    """Headings under which the page differs once a file of the label says something else."""
    path = folder / file
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new, 1), encoding="utf-8")
    other = label_page(read_label_text(folder), page_cases(LABEL), readings())
    ours, theirs = parts(written), parts(other)
    return {title for title in ours.keys() | theirs.keys() if ours.get(title) != theirs.get(title)}


def parts(text: str) -> dict[str, str]:
    """What stands under each heading."""
    pieces = re.split(r"^#{2,3} (.+)$", text, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


LEAD_14, LEAD_15 = (f'lead_days = {days}\nbecause   = "Two weeks for' for days in (14, 15))
OVER, OTHERWISE = (f'[messages.follow-up-end]\n"met" = "{word} label' for word in ("The", "Our"))


@pytest.mark.parametrize(
    "file, old, new, places",
    [
        ("policy.toml", LEAD_14, LEAD_15, {"tsh-quarterly", "liver-periodic"}),
        ("policy.toml", "wait_days = 7", "wait_days = 8", {"course-length", "Courses and follow-up"}),
        ("policy.toml", "Rounding; 950 mg passes.", "Another reason.", {"corticosteroid-premedication"}),
        ("policy.toml", "tolerance_minutes = 15", "tolerance_minutes = 16", {"infusion-duration"}),
        ("label.toml", "months  = 48", "months  = 36", {"Courses and follow-up"}),
        ("label.toml", "hours      = 4", "hours      = 5", {"infusion-duration"}),
        ("cards.toml", OVER, OTHERWISE, {"follow-up-complete"}),
        ("codes.csv", "tsh,LOINC,3016-3,", "tsh,LOINC,3016-3,Renamed ", {"tsh-baseline", "tsh-quarterly", "All codes"}),
    ],
)
def test_a_change_shows_where_it_matters(
    copy: Path, written: str, file: str, old: str, new: str, places: set[str]
) -> None:
    assert changed_places(copy, written, file, old, new) == places


def test_text_is_never_taken_for_markup() -> None:
    assert cell("a|b <c> *d*\n e\\") == r"a\|b &lt;c> \*d\* e\\"
    assert table(("x", "y"), [("**a*b**", "c|d")]) == ["| x | y |", "|---|---|", r"| **a\*b** | c\|d |"]
    assert fold("a<b", ["x"]) == ["<details>", "<summary>a&lt;b</summary>", "", "x", "", "</details>"]

"""Who signed a label: all or nothing in the file, and only a signature of the very revision counts."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from cds_service.engine import Engine
from cds_service.labels import LabelBundle, LabelError, load_label_folder
from cds_service.labels.choices import read_label_text
from cds_service.report.label_page import label_page
from cds_service.report.label_table import label_table
from cds_service.web.about import label_about

FOLDER = Path(__file__).resolve().parents[2] / "cds_service" / "labels" / "lemtrada_us"
REVISION = "2024, exact date unconfirmed"
SIGNED = {"reviewed_by": "A. Pharmacist", "reviewed_on": "2026-11-24", "reviewed_revision": REVISION}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "label"))


def sign(folder: Path, fields: dict[str, str]) -> None:
    """Write a sign-off into the [label] table of a copy."""
    path = folder / "label.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        name = line.partition("=")[0].strip()
        if name in SIGNED:
            lines[number] = f'{name} = "{fields.get(name, "")}"'
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def about(bundle: LabelBundle) -> dict[str, Any]:
    """The label's part of /about."""
    return label_about(Engine.of(bundle))


def said(folder: Path) -> dict[str, str]:
    """What the three places say about the review."""
    bundle = load_label_folder(folder)
    page = label_page(read_label_text(folder), {}, [])
    return {
        "about": str(about(bundle)["reviewed"]),
        "label show": label_table(bundle).splitlines()[1],
        "page": next(line for line in page.splitlines() if line.startswith(f"| `{bundle.label.id}`")),
    }


def test_an_unreviewed_label_says_so_everywhere(copy: Path) -> None:
    sign(copy, {})
    assert load_label_folder(copy).sign_off is None
    for place, text in said(copy).items():
        assert "not reviewed by a pharmacist yet" in text, place


def test_a_review_names_who_when_and_which_revision(copy: Path) -> None:
    sign(copy, SIGNED)
    bundle = load_label_folder(copy)
    assert bundle.is_signed_off
    assert about(bundle)["signedOff"] is True
    for place, text in said(copy).items():
        assert f"reviewed by A. Pharmacist on 2026-11-24, revision {REVISION}" in text, place
        assert "not reviewed" not in text, place


def test_a_signature_of_another_revision_does_not_count(copy: Path) -> None:
    sign(copy, SIGNED | {"reviewed_revision": "2023-08"})
    bundle = load_label_folder(copy)
    assert not bundle.is_signed_off
    assert about(bundle)["signedOff"] is False
    for place, text in said(copy).items():
        assert "not reviewed by a pharmacist yet: A. Pharmacist signed revision 2023-08 on 2026-11-24" in text, place


@pytest.mark.parametrize("lacking", list(SIGNED))
@pytest.mark.parametrize("instead", ["", "  "])
def test_half_a_sign_off_is_refused_and_what_lacks_is_named(copy: Path, lacking: str, instead: str) -> None:
    sign(copy, SIGNED | {lacking: instead})
    with pytest.raises(LabelError) as caught:
        load_label_folder(copy)
    assert [problem for problem in caught.value.problems if f"lacks `{lacking}`" in problem] == caught.value.problems


@pytest.mark.parametrize("only", list(SIGNED))
def test_one_field_alone_is_half_a_sign_off(copy: Path, only: str) -> None:
    sign(copy, {only: SIGNED[only]})
    with pytest.raises(LabelError) as caught:
        load_label_folder(copy)
    (problem,) = caught.value.problems
    assert problem.startswith("label.toml, [label]: the sign-off lacks ")
    assert all(f"`{name}`" in problem for name in SIGNED if name != only)


@pytest.mark.parametrize("day", ["yesterday", "24.11.2026", "2026-11-31", "20261124", "2026-W48-2"])
def test_the_day_of_the_review_is_a_day(copy: Path, day: str) -> None:
    sign(copy, SIGNED | {"reviewed_on": day})
    with pytest.raises(LabelError, match=f'`reviewed_on` is "{day}"'):
        load_label_folder(copy)


def test_the_shipped_label_says_who_reviewed_it_or_that_nobody_has() -> None:
    bundle: LabelBundle = load_label_folder(FOLDER)
    assert bundle.reviewed.startswith("reviewed by" if bundle.is_signed_off else "not reviewed by a pharmacist yet")

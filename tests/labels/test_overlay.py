"""A site's overlay: one mistake in each folder under broken/, and what a good overlay changes and cannot change."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cds_service.engine import Engine
from cds_service.fhir.dates import read_as_of
from cds_service.labels import LabelBundle, LabelError, OverlayError, load_label
from cds_service.labels.fields import Problems
from cds_service.labels.loader import shipped_folder
from cds_service.labels.merging import Merger, reason_of
from cds_service.labels.overlay import is_overlay, load_any, load_with_overlay
from cds_service.labels.site import Change
from cds_service.web.hooks import hook_services
from fhir_fixtures import load_story, story_names

BROKEN = Path(__file__).parent / "broken"
SHIPPED = shipped_folder("lemtrada-us")
LABEL = tomllib.loads((SHIPPED / "label.toml").read_text(encoding="utf-8"))
POLICY = tomllib.loads((SHIPPED / "policy.toml").read_text(encoding="utf-8"))
CARDS = tomllib.loads((SHIPPED / "cards.toml").read_text(encoding="utf-8"))
LOCAL = "http://lab.example.org/codes"


def overlay(folder: Path, **files: str) -> Path:
    """An overlay with these files: policy, cards, overlay."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def code_map(folder: Path) -> Path:
    element = {"code": "TSH1", "target": [{"code": "3016-3", "equivalence": "equivalent"}]}
    group = {"source": LOCAL, "target": "http://loinc.org", "element": [element]}
    path = folder / "codes" / "lab.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"resourceType": "ConceptMap", "status": "active", "group": [group]}), encoding="utf-8")
    return path


def rule_of(bundle: LabelBundle, requirement: str) -> Any:
    return bundle.label.requirement(requirement).rule


# --- mistakes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(item.name for item in BROKEN.iterdir()))
def test_a_broken_overlay_names_file_place_and_remedy(name: str) -> None:
    """Each folder under broken/ holds one mistake and, in message.txt, what its message must say."""
    wanted = (BROKEN / name / "message.txt").read_text(encoding="utf-8").splitlines()
    with pytest.raises(OverlayError) as caught:
        Engine.of(load_any(str(BROKEN / name)))
    assert len(wanted) > 0
    assert len(caught.value.problems) == 1, caught.value.problems
    missing = [part for part in wanted if part not in caught.value.problems[0]]
    assert missing == [], caught.value.problems
    assert str(caught.value).startswith("overlay folder ")


def test_all_mistakes_of_an_overlay_are_told_at_once(tmp_path: Path) -> None:
    folder = overlay(
        tmp_path / "site",
        overlay='[off]\n"nothing" = "x"\n',
        policy='[recurring]\ngrace_days = -1\nbecause = "x"\n[orders]\nactive_days = 5\n',
        cards='[short]\n"nothing" = "x"\n',
    )
    with pytest.raises(OverlayError) as caught:
        load_any(str(folder))
    places = [problem.partition(":")[0] for problem in caught.value.problems]
    assert sorted(places) == [
        "cards.toml, [short]",
        "overlay.toml, [off]",
        "policy.toml, [orders]",
        "policy.toml, [recurring]",
    ]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OverlayError, match="gone: is not a folder"):
        load_with_overlay("lemtrada-us", tmp_path / "gone")
    with pytest.raises(LabelError, match=r"neither a label \(available: lemtrada-us\) nor a label or overlay folder"):
        load_any(str(tmp_path / "gone"))


def test_a_mistake_of_the_label_below_is_not_blamed_on_the_overlay(tmp_path: Path) -> None:
    (tmp_path / "label").mkdir()
    with pytest.raises(LabelError) as caught:
        load_with_overlay(tmp_path / "label", overlay(tmp_path / "site", overlay='[overlay]\nname = "x"\n'))
    assert not isinstance(caught.value, OverlayError)


# --- what is changed ------------------------------------------------------------------------------------------------


def numbers(table: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, int]]:
    """Every number of policy.toml that stands in a table."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from numbers(value, (*path, name))
        elif isinstance(value, int) and not isinstance(value, bool):
            yield path, name, value


def nested(path: tuple[str, ...], table: dict[str, Any]) -> dict[str, Any]:
    for name in reversed(path):
        table = {name: table}
    return table


def at(path: tuple[str, ...], table: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in path:
        table = table[name]
    return table


@pytest.mark.parametrize("path, name, value", list(numbers(POLICY)), ids=str)
def test_every_number_of_the_policy_may_change_with_its_reason_and_not_without(
    path: tuple[str, ...], name: str, value: int
) -> None:
    reason = reason_of(name, at(path, POLICY))
    problems = Problems()
    merger = Merger(LABEL, problems)
    merged = merger.policy(POLICY, nested(path, {name: value + 1, reason: "Ours."}))
    assert problems.found == []
    assert at(path, merged)[name] == value + 1
    place = f"policy.toml, [{'.'.join(path)}] {name}"
    assert merger.changes == [Change(place, str(value), str(value + 1), "Ours.")]
    Merger(LABEL, problems).policy(POLICY, nested(path, {name: value + 1}))
    assert [
        problem for problem in problems.found if f"`{name}` changes without a reason; write `{reason} = " in problem
    ]


@pytest.mark.parametrize("row", POLICY["situation"], ids=lambda row: str(row["name"]))
def test_a_situation_may_be_louder_or_softer_but_never_silent_where_that_would_reassure(row: dict[str, Any]) -> None:
    louder = {"name": row["name"], "ordering": "info" if row["ordering"] != "info" else "warning", "because": "Ours."}
    problems = Problems()
    merger = Merger(LABEL, problems)
    merged = merger.policy(POLICY, {"situation": [louder]})
    assert problems.found == []
    assert [item["name"] for item in merged["situation"]] == [item["name"] for item in POLICY["situation"]]
    (changed,) = [item for item in merged["situation"] if item not in POLICY["situation"]]
    assert changed == {**row, "ordering": louder["ordering"], "because": "Ours."}
    Merger(LABEL, problems).policy(POLICY, {"situation": [{**louder, "ordering": ""}]})
    assert bool(problems.found) is (row["ordering"] == "critical" or "cannot-tell" in row["statuses"])


def sentences() -> Iterator[tuple[str, str, str]]:
    for name, table in CARDS.items():
        tables = table.items() if name == "messages" else [("", table)]
        yield from ((name, owner, key) for owner, found in tables for key in found)


def test_every_sentence_may_be_written_otherwise_with_the_facts_it_has() -> None:
    problems = Problems()
    merger = Merger(LABEL, problems)
    written: dict[str, Any] = {}
    count = 0
    for name, owner, key in sentences():
        table = written.setdefault(name, {})
        shipped = CARDS[name][owner][key] if owner else CARDS[name][key]
        (table.setdefault(owner, {}) if owner else table)[key] = f"Ours: {shipped}"
        count += 1
    merged = merger.cards(CARDS, written)
    assert problems.found == []
    assert len(merger.changes) == count
    assert merged == written


def test_an_overlay_changes_the_label_and_says_what_it_changed(tmp_path: Path) -> None:
    folder = overlay(
        tmp_path / "site",
        overlay='[overlay]\nname = "Example Hospital"\n[off]\n"hpv-yearly" = "Gynecology does it."\n',
        policy='[recurring]\ngrace_days = 3\nbecause = "Weekends."\n',
        cards='[short]\n"tsh-quarterly" = "thyroid"\n',
    )
    code_map(folder)
    bundle = load_any(str(folder))
    shipped = load_label("lemtrada-us")
    assert rule_of(bundle, "cbc-monthly") == rule_of(shipped, "cbc-monthly")._replace(grace_days=3)
    assert bundle.wording.short["tsh-quarterly"] == "thyroid"
    assert bundle.site is not None
    assert bundle.site.name == "Example Hospital"
    assert bundle.site.changes == (
        Change("policy.toml, [recurring] grace_days", "0", "3", "Weekends."),
        Change('cards.toml, [short] "tsh-quarterly"', '"TSH"', '"thyroid"', ""),
    )
    assert bundle.site.code_maps == (folder / "codes" / "lab.json",)
    assert Engine.of(bundle).local_codes[0].concepts == {"tsh"}
    assert shipped.site is None


def test_an_overlay_named_by_nobody_is_called_by_its_folder(tmp_path: Path) -> None:
    site = load_any(str(overlay(tmp_path / "north", cards='[short]\n"tsh-quarterly" = "thyroid"\n'))).site
    assert site is not None
    assert site.name == "north"


def test_a_number_written_as_it_is_needs_no_reason_and_is_no_change(tmp_path: Path) -> None:
    folder = overlay(tmp_path / "site", policy="[recurring]\ngrace_days = 0\n")
    site = load_any(str(folder)).site
    assert site is not None
    assert site.changes == ()


def test_a_window_for_one_more_baseline_and_an_interval_more_may_be_added(tmp_path: Path) -> None:
    folder = overlay(
        tmp_path / "site",
        policy="""
[baseline.window_months]
"tsh-baseline" = 3
because = "Thyroid tests of the last quarter are enough here."
[recurring.periodic]
months = 6
because = "Twice a year."
[[recurring.interval]]
months = 6
lead_days = 21
because = "Three weeks."
""",
    )
    bundle = load_any(str(folder))
    shipped = load_label("lemtrada-us")
    assert rule_of(bundle, "tsh-baseline") == rule_of(shipped, "tsh-baseline")._replace(window_months=3)
    assert rule_of(bundle, "liver-periodic") == rule_of(shipped, "liver-periodic")._replace(months=6, lead_days=21)
    assert bundle.site is not None
    assert [change.shipped for change in bundle.site.changes] == ["not set", "3", "not there"]


# --- switched off ---------------------------------------------------------------------------------------------------

ALL_BUT_ONE = [item.id for item in load_label("lemtrada-us").label.requirements if item.kind != "product-check"]


@pytest.mark.parametrize("name", ALL_BUT_ONE)
def test_a_requirement_switched_off_is_nowhere_judged_and_everywhere_named(name: str, tmp_path: Path) -> None:
    folder = overlay(tmp_path / "site", overlay=f'[off]\n"{name}" = "Another department does it."\n')
    bundle, shipped = load_any(str(folder)), load_label("lemtrada-us")
    label = bundle.label
    assert [item.id for item in label.requirements] == [i.id for i in shipped.label.requirements if i.id != name]
    assert all(name not in names for names in label.hooks.values())
    assert name not in label.patient_view_days
    assert bundle.not_covered[0].why == "Another department does it."
    assert f"({name})" in bundle.not_covered[0].what
    assert bundle.not_covered[1:] == shipped.not_covered
    for item in label.requirements:  # the others keep every row of the indicator table that speaks of them, and no more
        kept = [row.name for row in label.situations_of(item.id)]
        assert kept == [row.name for row in shipped.label.situations_of(item.id)]


def test_everything_that_can_be_switched_off_can_be_at_once(tmp_path: Path) -> None:
    lines = "".join(f'"{name}" = "Not here."\n' for name in ALL_BUT_ONE)
    bundle = load_any(str(overlay(tmp_path / "site", overlay=f"[off]\n{lines}")))
    assert [item.kind for item in bundle.label.requirements] == ["product-check"]
    assert Engine.of(bundle).reports(b'{"resourceType": "Bundle", "type": "collection"}', "2026-03-01")


def test_with_one_half_of_the_label_off_every_story_is_judged_and_answered_without_a_fault(tmp_path: Path) -> None:
    for half in (ALL_BUT_ONE[::2], ALL_BUT_ONE[1::2]):
        lines = "".join(f'"{name}" = "Not here."\n' for name in half)
        engine = Engine.of(load_any(str(overlay(tmp_path / "site", overlay=f"[off]\n{lines}"))))
        services = hook_services(engine)
        for story in map(load_story, story_names()):
            for report in engine.reports(json.dumps(story.bundle).encode(), story.as_of):
                assert not {row["requirement"] for row in report["assessments"]} & set(half)
                assert "internal-error" not in {row["reason"] for row in report["assessments"]}
            for hook, request in story.requests.items():
                outcome = services[f"lemtrada-{hook}"].call(json.dumps(request).encode(), read_as_of(story.as_of))
                assert outcome.verdict is None or outcome.verdict.failures == ()


# --- which folder is what -------------------------------------------------------------------------------------------


def test_a_label_folder_is_no_overlay(tmp_path: Path) -> None:
    assert not is_overlay(SHIPPED)
    assert is_overlay(tmp_path)
    assert all(is_overlay(item) for item in BROKEN.iterdir())


def test_an_overlay_lies_over_a_label_folder_too(tmp_path: Path) -> None:
    folder = overlay(tmp_path / "site", policy='[recurring]\ngrace_days = 3\nbecause = "Weekends."\n')
    bundle = load_any(str(SHIPPED), folder)
    assert bundle.label == load_any("lemtrada-us", folder).label
    assert bundle.site is not None


def test_notes_and_hidden_files_may_lie_in_the_folder(tmp_path: Path) -> None:
    folder = overlay(tmp_path / "site", overlay='[overlay]\nlabel = "lemtrada-us"\n')
    for name in ("README.md", ".gitignore", "notes.txt"):
        (folder / name).write_text("x", encoding="utf-8")
    code_map(folder)
    (folder / "codes" / "README.md").write_text("x", encoding="utf-8")
    assert load_any(str(folder)).site is not None

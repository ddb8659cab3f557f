"""One mistake at a time in an otherwise good label folder: the message names file, place and what to write instead."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cds_service.labels import LabelError, available_labels, load_label, load_label_folder
from cds_service.labels.fields import Problems, Table

FOLDER = Path(__file__).resolve().parents[2] / "cds_service" / "labels" / "lemtrada_us"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "label"))


def broken(copy: Path, file: str, old: str, new: str) -> LabelError:
    path = copy / file
    text = path.read_text(encoding="utf-8")
    assert old in text, "the mistake must be made where the file says this"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(LabelError) as caught:
        load_label_folder(copy)
    return caught.value


MISTAKES = [
    # file, what is written, what is written by mistake, what the message must name
    ("label.toml", "daily_mg    = 12", "daily_mg    = 0", ["[product]", "`daily_mg` is 0", "a number above zero"]),
    ("label.toml", "daily_mg    = 12", 'daily_mg    = "12"', ["[product]", "`daily_mg` is '12'", "above zero"]),
    ("label.toml", "daily_mg    = 12", "", ["[product]", "`daily_mg` is missing", "a number above zero"]),
    ("label.toml", "daily_mg    = 12", "daly_mg = 12", ["`daly_mg` is not a field", "known fields are", "daily_mg"]),
    ("label.toml", "other_product_mg = [3, 10, 30]", "other_product_mg = 30", ["a list of numbers, like [3, 10, 30]"]),
    ("label.toml", "first_length = 5", "first_length = 0", ["[courses]", "a whole number of at least 1"]),
    ("label.toml", "first_length = 5", "first_length = 5.5", ["[courses]", "a whole number of at least 1"]),
    ("label.toml", "first_length = 5", "first_length = true", ["[courses]", "a whole number of at least 1"]),
    ("label.toml", "months  = 48", "months  = -48", ["[follow_up]", "a whole number of at least 1"]),
    ("label.toml", 'kind       = "recurring"', 'kind       = "weekly"', ["cbc-monthly", '"weekly"', "recurring"]),
    ("label.toml", 'test       = "upcr"', 'test       = "upc"', ["upcr-baseline", '"upc"', "the tests are: cbc"]),
    ("label.toml", 'strength   = "required"', 'strength   = "must"', ["product-check", "consider, required"]),
    ("label.toml", 'confidence = "A"', 'confidence = "C"', ["product-check", '"C"', "one of: A, B"]),
    ("label.toml", 'section    = "2.3"', "section    = 2.3", ["product-check", "text in quotes"]),
    ("label.toml", 'id         = "cbc-monthly"', 'id         = "cbc-baseline"', ["two requirements have the same id"]),
    ("label.toml", 'id         = "cbc-monthly"', 'id         = "cbc-weekly"', ["policy.toml", '"cbc-monthly"']),
    ("label.toml", 'any_of     = [["tsh"]]', 'any_of     = ["tsh"]', ["[tsh]", 'a list of lists, like [["tsh"]]']),
    ("label.toml", 'any_of     = [["tsh"]]', 'any_of     = [["thyroid"]]', ["[tsh]", '"thyroid"', "value_sets.toml"]),
    ("label.toml", 'wrong      = ["tsh-look-alikes"]', 'wrong = "x"', ["[tsh]", 'a list of texts, like ["a", "b"]']),
    ("label.toml", 'code = "3016-3"', 'code = "3016-9"', ["[tsh]", "LOINC 3016-9 is not in codes.csv"]),
    ("label.toml", '"observations", "reports", "orders"]', '"labs"]', ['"labs"', "observations"]),
    ("label.toml", "reference     = true", "reference     = 1", ['agents "methylprednisolone"', "true or false"]),
    ("label.toml", "months     = 3\n", "months     = 2\n", ["tsh-quarterly", "[[recurring.interval]] for 2 months"]),
    ("label.toml", "[[not_covered]]", "[not_covered]", ["not readable TOML"]),
    ("label.toml", "[label]", "[label", ["label.toml", "not readable TOML"]),
    ("policy.toml", "grace_days = 0", "grace_days = -1", ["policy.toml, [recurring]", "at least 0"]),
    ("policy.toml", "lead_days = 14", "lead_days = 14\nleed = 3", ["policy.toml", "`leed` is not a field"]),
    ("policy.toml", "because      = ", "becuase      = ", ["policy.toml, situation", "`because` is missing"]),
    ("policy.toml", 'statuses     = ["cannot-tell"]', 'statuses     = ["unclear"]', ["situation", '"unclear"']),
    ("policy.toml", 'ordering     = "critical"', 'ordering     = "stop"', ['"stop"', "critical, info, warning"]),
    ("policy.toml", '"daily-dose"         = 30', '"daily-doses"         = 30', ['"daily-doses"', "does not have"]),
    ("policy.toml", "max_concentrate_ml = 6", "max_concentrate_ml = 0", ["policy.toml, [product]", "above zero"]),
    ("value_sets.toml", 'panel = "counts"', 'panel = "yes"', ["[cbc-with-differential-panel]", "counts"]),
    ("value_sets.toml", 'title = "TSH"', "", ["value_sets.toml, [tsh]", "`title` is missing"]),
    ("value_sets.toml", "numeric = true", 'numeric = "yes"', ["value_sets.toml, [platelets]", "true or false"]),
    ("cards.toml", "[messages.recurring]", "[messages.monthly]", ["cards.toml", '"monthly"', "neither a requirement"]),
    ("cards.toml", "next due {due})", "next due {due)", ["cards.toml", '"met"', "braces"]),
    ("codes.csv", "value_set,system,code", "set,system,code", ["codes.csv, line 1", "value_set,system,code"]),
]  # fmt: skip


@pytest.mark.parametrize(
    "file, old, new, named", MISTAKES, ids=lambda value: None if isinstance(value, list) else value
)
def test_a_mistake_is_named_with_its_place_and_remedy(
    copy: Path, file: str, old: str, new: str, named: list[str]
) -> None:
    error = broken(copy, file, old, new)
    assert any(all(part in problem for part in named) for problem in error.problems), error.problems
    assert str(error).startswith("label folder ")


@pytest.mark.parametrize(
    "line, named",
    [
        ("tsh,LOINC,9-9", ["has 3 columns; it needs 6"]),
        ("nothing,LOINC,9-9,Nine,include,own", ['value set "nothing"', "value_sets.toml"]),
        ("tsh,LONIC,9-9,Nine,include,own", ['system "LONIC" is unknown', "LOINC"]),
        ("tsh,LOINC,9-9,Nine,maybe,own", ['role "maybe" is unknown', "include, trap"]),
        ("tsh,LOINC,3016-3,TSH,include,own", ["LOINC 3016-3 is listed twice"]),
    ],
)
def test_a_mistake_in_the_codes_names_its_line(copy: Path, line: str, named: list[str]) -> None:
    path = copy / "codes.csv"
    text = path.read_text(encoding="utf-8").rstrip("\n") + f"\n{line}\n"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LabelError) as caught:
        load_label_folder(copy)
    place = f"codes.csv, line {text.count(chr(10))}"
    assert any(
        problem.startswith(place) and all(part in problem for part in named) for problem in caught.value.problems
    )


@pytest.mark.parametrize("file", ["label.toml", "policy.toml", "value_sets.toml", "cards.toml", "codes.csv"])
def test_a_missing_file_is_named(copy: Path, file: str) -> None:
    (copy / file).unlink()
    with pytest.raises(LabelError) as caught:
        load_label_folder(copy)
    assert caught.value.problems == [f"{file}: is missing from the folder"]


def test_all_mistakes_are_told_at_once(copy: Path) -> None:
    for file, old, new in (
        ("label.toml", "daily_mg    = 12", "daily_mg    = 0"),
        ("policy.toml", "grace_days = 0", "grace_days = -1"),
    ):
        path = copy / file
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(LabelError) as caught:
        load_label_folder(copy)
    assert len(caught.value.problems) == 2


def test_an_unknown_label_names_the_ones_there_are() -> None:
    with pytest.raises(LabelError, match="available: lemtrada-us"):
        load_label("lemtrada-eu")


def test_the_shipped_label_loads_and_is_the_same_from_its_folder() -> None:
    assert available_labels() == ("lemtrada-us",)
    assert load_label("lemtrada-us") == load_label_folder(FOLDER)


def test_a_table_says_so_when_it_is_none() -> None:
    problems = Problems()
    table = Table({"course": 5, "days": {"x": 1}}, "policy.toml", problems)
    assert list(table.tables("course")) == []
    assert table.has("days")
    assert not table.has("day")
    assert Table(5, "policy.toml, [days]", problems).names() == []
    assert problems.found == [
        "policy.toml: `course` is 5; write a list of tables, each under [[course]]",
        "policy.toml, [days]: should be a table of fields",
    ]


def test_a_sentence_nobody_wrote_is_empty() -> None:
    wording = load_label("lemtrada-us").wording
    assert not wording.template("tsh-quarterly", "recurring", "no-such-status", None, None)

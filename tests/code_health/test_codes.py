"""Every LOINC and SNOMED code we ship ends in its right check digit: a mistyped code would look for nothing."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.code_health.check_digits import loinc_digit, loinc_is_valid, snomed_is_valid, verhoeff_sum
from tests.code_health.source_tree import PACKAGE, ROOT

CHECKED = {"LOINC": loinc_is_valid, "SNOMED": snomed_is_valid}
COLUMNS = ["value_set", "system", "code", "display", "role", "source"]
FILES = sorted((ROOT / PACKAGE / "labels").glob("*/codes.csv"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == COLUMNS, f"{path.parent.name}/codes.csv must have the columns {','.join(COLUMNS)}"
        return list(reader)


def test_every_label_ships_its_codes() -> None:
    folders = [p.parent for p in sorted((ROOT / PACKAGE / "labels").glob("*/label.toml"))]
    if not folders:
        pytest.skip("no label is there yet")
    assert [folder.name for folder in folders if not (folder / "codes.csv").is_file()] == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.parent.name)
def test_shipped_codes_have_their_check_digits(path: Path) -> None:
    checked = [(row["system"], row["code"]) for row in rows(path) if row["system"] in CHECKED]
    assert {system for system, _ in checked} == set(CHECKED), "no LOINC or no SNOMED code was seen"
    assert [f"{system} {code}" for system, code in checked if not CHECKED[system](code)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.parent.name)
def test_shipped_codes_are_clean_rows(path: Path) -> None:
    """No space at either end (a code with one matches nothing), no empty code, no row twice."""
    found = rows(path)
    assert [row for row in found if any(value != value.strip() for value in row.values())] == []
    assert [row for row in found if not (row["value_set"] and row["system"] and row["code"] and row["role"])] == []
    keys = [(row["value_set"], row["system"], row["code"]) for row in found]
    assert sorted({key for key in keys if keys.count(key) > 1}) == []


@pytest.mark.parametrize("code", ["3016-3", "2160-0", "718-7", "94500-6", "1742-6", "13945-1", "2951-2", "4544-3"])
def test_known_loinc_codes_pass(code: str) -> None:
    assert loinc_is_valid(code)


@pytest.mark.parametrize("code", ["3016-4", "2106-0", "3016", "-3", "03016-3", "3016-33", "3016-3 ", ""])
def test_broken_loinc_codes_fail(code: str) -> None:
    assert not loinc_is_valid(code)


# Verhoeff's own example is 236 with check digit 3; the SNOMED ids are published concepts.
def test_verhoeff_known_answer() -> None:
    assert verhoeff_sum("2363") == 0
    assert [d for d in range(10) if verhoeff_sum(f"236{d}") == 0] == [3]


@pytest.mark.parametrize("code", ["47625008", "24700007", "138875005", "73211009", "404684003", "900000000000207008"])
def test_known_snomed_codes_pass(code: str) -> None:
    assert snomed_is_valid(code)


@pytest.mark.parametrize("code", ["47625009", "47652008", "4762500", "047625008", "12345", "", "abcdefgh"])
def test_broken_snomed_codes_fail(code: str) -> None:
    assert not snomed_is_valid(code)


@given(st.integers(10_000, 9_999_999), st.data())
def test_verhoeff_sees_every_wrong_digit_and_every_swap_of_neighbours(number: int, data: st.DataObject) -> None:
    right = next(f"{number}{d}" for d in range(10) if verhoeff_sum(f"{number}{d}") == 0)
    at = data.draw(st.integers(0, len(right) - 2))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != right[at]]))
    assert verhoeff_sum(right[:at] + other + right[at + 1 :]) != 0
    swapped = right[:at] + right[at + 1] + right[at] + right[at + 2 :]
    assert (verhoeff_sum(swapped) == 0) is (swapped == right)


@given(st.integers(1, 9_999_999), st.data())
def test_loinc_digit_sees_every_wrong_digit(number: int, data: st.DataObject) -> None:
    text = str(number)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != text[at]]))
    assert loinc_digit(text[:at] + other + text[at + 1 :]) != loinc_digit(text)

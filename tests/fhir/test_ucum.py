"""Doses through UCUM: a table, and every mass and volume unit against an independent implementation."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.core.timeline import Dose
from cds_service.fhir.structs import Quantity
from cds_service.fhir.ucum import number, read_dose, scale

UCUM = "http://unitsofmeasure.org"
PREFIXES = ["", "k", "h", "da", "d", "c", "m", "u", "n", "p", "f"]


@pytest.mark.parametrize(
    "quantity, dose",
    [
        (Quantity(12, "mg", UCUM, "mg"), Dose(Decimal(12))),
        (Quantity(0.012, "g", UCUM, "g"), Dose(Decimal(12))),
        (Quantity(12_000, "ug", UCUM, "ug"), Dose(Decimal(12))),
        (Quantity(1, "gram", UCUM, "g"), Dose(Decimal(1000))),
        (Quantity(12, "mg", UCUM, "mg{total}"), Dose(Decimal(12))),
        (Quantity(12, None, "urn:oid:2.16.840.1.113883.6.8", "mg"), Dose(Decimal(12))),
        (Quantity(12, None, None, "mg"), Dose(Decimal(12))),
        (Quantity(12, "mg"), Dose(Decimal(12))),
        (Quantity(12, " mg "), Dose(Decimal(12))),
        (Quantity("12", "mg"), Dose(Decimal(12))),
        (Quantity(" 12.0 ", "mg"), Dose(Decimal("12.0"))),
        (Quantity(12, "mg", "urn:local", "77"), Dose(Decimal(12))),
        (Quantity(12, "mg", None, "MG"), Dose(Decimal(12))),
        (Quantity(0, "mg"), Dose(Decimal(0))),
        (Quantity(1.2, "mL", UCUM, "mL"), Dose(None, Decimal("1.2"))),
        (Quantity(1.2, "ml"), Dose(None, Decimal("1.2"))),
        (Quantity(0.1, "L"), Dose(None, Decimal(100))),
        (Quantity(12), Dose(None)),
        (Quantity(12, "mcg"), Dose(None)),
        (Quantity(12, "milligram"), Dose(None)),
        (Quantity(12, "mg", UCUM, "MG"), Dose(None)),
        (Quantity(12, "mg/h", UCUM, "mg/h"), Dose(None)),
        (Quantity(12, "mg/mL"), Dose(None)),
        (Quantity(12, "vial"), Dose(None)),
        (Quantity(-12, "mg"), Dose(None)),
        (Quantity(12, "mg", comparator="<"), Dose(None)),
        (Quantity("twelve", "mg"), Dose(None)),
        (Quantity("12 mg"), Dose(None)),
        (Quantity("", "mg"), Dose(None)),
        (Quantity("NaN", "mg"), Dose(None)),
        (Quantity("Infinity", "mg"), Dose(None)),
        (Quantity("1e400", "mg"), Dose(None)),
        (Quantity("9e999999", "mg"), Dose(None)),
        (Quantity("1e-400", "mg"), Dose(None)),
        (Quantity(None, "mg"), None),
        (Quantity(), None),
    ],
)
def test_doses(quantity: Quantity, dose: Dose | None) -> None:
    assert read_dose(quantity) == dose


def test_a_float_means_what_was_written() -> None:
    assert read_dose(Quantity(0.1, "mg")) == Dose(Decimal("0.1"))


@pytest.mark.parametrize(
    "unit", ["", "1", "%", "m", "mol", "[iU]", "10*3/uL", "mgg", "mmg", "g.g", "g/L", "{mg}", "Mg"]
)
def test_what_is_no_amount_has_no_scale(unit: str) -> None:
    assert scale(unit) is None


@pytest.fixture(scope="module")
def oracle() -> Callable[[str], Any]:
    """The reading by ucumvert of a unit: a quantity of one."""
    from ucumvert import PintUcumRegistry

    read: Callable[[str], Any] = PintUcumRegistry().from_ucum
    return read


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("base", ["g", "l", "L"])
def test_units_scale_as_an_independent_implementation_says(
    oracle: Callable[[str], Any], prefix: str, base: str
) -> None:
    unit = prefix + base
    scaled = scale(unit)
    assert scaled is not None
    kind, factor = scaled
    expected = oracle(unit).to("milligram" if base == "g" else "milliliter").magnitude
    assert kind == ("mass" if base == "g" else "volume")
    assert float(factor) == pytest.approx(expected, rel=1e-12)


@given(st.text(alphabet="kmcdugLlhn", max_size=4))
def test_whatever_has_a_scale_is_a_mass_or_a_volume(unit: str) -> None:
    scaled = scale(unit)
    assert (scaled is not None) == (unit[-1:] in {"g", "l", "L"} and unit[:-1] in PREFIXES)


@given(st.one_of(st.text(max_size=12), st.floats(), st.integers(-(10**20), 10**20).map(float)))
def test_numbers_stay_in_reach_of_arithmetic(value: float | str) -> None:
    found = number(value)
    assert found is None or found == 0 or Decimal("1e-16") < abs(found) < Decimal("1e17")


@given(st.decimals(min_value=0, max_value=10_000, places=3), st.sampled_from(["mg", "g", "ug", "kg", "ng"]))
def test_amounts_keep_every_digit(value: Decimal, unit: str) -> None:
    dose = read_dose(Quantity(str(value), unit))
    assert dose is not None
    assert dose.mg is not None
    back = {"mg": 0, "g": -3, "ug": 3, "kg": -6, "ng": 6}[unit]
    assert dose.mg.scaleb(back) == value


def test_a_unit_of_any_length_is_not_kept() -> None:
    assert scale("mg{" + "a" * 40 + "}") is None
    assert scale("mg{" + "a" * 30 + "}") == scale("mg")

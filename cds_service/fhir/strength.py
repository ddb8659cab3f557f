"""How much of an ingredient a dose holds: the strength of a mixture, a vial or a tablet times what was given of it."""

from __future__ import annotations

from decimal import Decimal

from cds_service.core.timeline import Dose
from cds_service.fhir.structs import Ingredient, Quantity
from cds_service.fhir.ucum import number, read_dose

# A strength per so little is a vial's or a syrup's; a dose of so much is an infusion bag, which is diluted: the one
# says nothing about the other.
_LARGEST_VIAL_ML = Decimal(10)
_SMALLEST_BAG_ML = Decimal(50)
_COUNTED = frozenset(
    {"tablet", "tab", "tbl", "capsule", "cap", "vial", "ampule", "ampoule", "ampul", "bag", "bottle", "syringe"}
    | {"dose", "infusion", "each", "ea"}
)


def ingredient_dose(ingredient: Ingredient | None, given: Quantity | None) -> Dose | None:
    """The ingredient's amount in what was given (None: not said, the whole unit); None when the two do not tell it."""
    if ingredient is None:
        return None
    ratio = ingredient.strengthRatio or ingredient.strength
    amount = ingredient.strengthQuantity or (ratio.numerator if ratio is not None else None)
    dose = read_dose(amount) if amount is not None else None
    if dose is None or dose.mg is None:
        return None
    share = _share(given, ratio.denominator if ratio is not None else None)
    return Dose(dose.mg * share) if share is not None else None


def _share(given: Quantity | None, per: Quantity | None) -> Decimal | None:
    """How many units of the strength were given; None when the two cannot be compared."""
    unit = read_dose(per) if per is not None else None
    unit_ml = unit.milliliters if unit is not None else None
    if given is None:
        # Without a dose one unit was given; but a strength per millilitre is a concentration, no unit.
        return Decimal(1) if unit_ml is None or unit_ml > 1 else None
    dose = read_dose(given)
    given_ml = dose.milliliters if dose is not None else None
    if given_ml is None:
        return _counted(given, per) if unit_ml is None or unit_ml > 1 else None
    if unit_ml is None:
        return Decimal(1)  # a bag by its volume, its content by the bag
    if not unit_ml or (unit_ml <= _LARGEST_VIAL_ML and given_ml >= _SMALLEST_BAG_ML):
        return None
    return given_ml / unit_ml


def _counted(given: Quantity, per: Quantity | None) -> Decimal | None:
    """Tablets, vials, bags: how many. None when what is counted differs, or is no count (12 of nothing, 12 mcg)."""
    count = number(given.value)
    if count is None or count <= 0 or given.comparator:
        return None
    per_count, per_unit = Decimal(1), ""
    if per is not None and (unit := read_dose(per)) is not None and unit.milliliters is None:
        per_count, per_unit = number(per.value) or Decimal(1), _unit(per)
    given_unit = _unit(given)
    is_one_unit = count == per_count and (given_unit in {"", per_unit} or given_unit in _COUNTED)
    is_same = given_unit in _COUNTED or (given.code or "").startswith("{") if not per_unit else given_unit == per_unit
    return count / per_count if is_one_unit or (is_same and given_unit) else None


def _unit(quantity: Quantity) -> str:
    text = (quantity.unit or quantity.code or "").strip("{} ").lower()
    return "" if text == "1" else text.removesuffix("s")

"""Amounts through UCUM: mass and volume units as written by clients, converted to mg and mL.

Covers what doses need: an optional metric prefix on gram or litre, annotations in braces, and nothing else. A unit
with a denominator or an unknown atom is not an amount. Held in the tests against an independent UCUM implementation.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from cds_service.core.timeline import Dose
from cds_service.fhir.structs import Quantity

UCUM_SYSTEMS = frozenset({"http://unitsofmeasure.org", "urn:oid:2.16.840.1.113883.6.8"})
_MOST_DIGITS = 15
_LONGEST_UNIT = 40
_PREFIXES = {"k": 3, "h": 2, "da": 1, "": 0, "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15}
_UNIT = re.compile(r"(k|h|da|d|c|m|u|n|p|f|)(g|l|L)(?:\{[^{}]*\})?", re.ASCII)


def scale(unit: str) -> tuple[str, Decimal] | None:
    """("mass", factor to mg) or ("volume", factor to mL) of a UCUM unit; None when it is neither."""
    return _scale(unit) if len(unit) <= _LONGEST_UNIT else None  # what a client writes is never kept at any length


@lru_cache(maxsize=256)
def _scale(unit: str) -> tuple[str, Decimal] | None:
    match = _UNIT.fullmatch(unit)
    if match is None:
        return None
    factor = Decimal(1).scaleb(_PREFIXES[match.group(1)] + 3)
    return ("mass" if match.group(2) == "g" else "volume"), factor


def number(value: float | str | None) -> Decimal | None:
    """A decimal number as written, or None; one no measurement can be (1e400) is none, and never reaches arithmetic."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not found.is_finite():
        return None
    return found if not found or -_MOST_DIGITS <= found.adjusted() <= _MOST_DIGITS else None


def read_dose(quantity: Quantity) -> Dose | None:
    """A dose in mg or mL; a `Dose` without either when something unreadable is written; None when nothing is.

    The code counts under UCUM's system alone; under another or none, a unit text that is a valid UCUM code serves too.
    """
    amount = number(quantity.value)
    if amount is None:
        return Dose(None) if quantity.value is not None else None
    if amount < 0 or quantity.comparator:
        return Dose(None)
    for unit in _unit_texts(quantity):
        scaled = scale(unit)
        if scaled is not None:
            kind, factor = scaled
            return Dose(amount * factor) if kind == "mass" else Dose(None, amount * factor)
    return Dose(None)


def _unit_texts(quantity: Quantity) -> list[str]:
    code, unit = quantity.code, quantity.unit
    if code and quantity.system in UCUM_SYSTEMS:
        return [code]
    coded = [code] if code and quantity.system is None else []
    return [*coded, unit.strip()] if unit else coded

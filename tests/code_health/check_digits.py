"""The check digits of LOINC (modulus 10) and SNOMED CT (Verhoeff), written from their published descriptions."""

import re

LOINC_SHAPE = re.compile(r"[1-9][0-9]{0,6}-[0-9]")
SNOMED_SHAPE = re.compile(r"[1-9][0-9]{5,17}")


def loinc_digit(number: str) -> int:
    """Double every other digit from the right, add up all digits, and fill up to the next ten."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return -total % 10


def loinc_is_valid(code: str) -> bool:
    """`3016-3`: a number, a dash, the check digit."""
    if not LOINC_SHAPE.fullmatch(code):
        return False
    number, _, digit = code.partition("-")
    return loinc_digit(number) == int(digit)


def _times(a: int, b: int) -> int:
    # The dihedral group of the pentagon: 0-4 turn it, 5-9 turn it over.
    if a < 5:
        return (a + b) % 5 if b < 5 else (a + b - 5) % 5 + 5
    return (a - 5 - b) % 5 + 5 if b < 5 else (a - b) % 5


def _permuted(digit: int, times: int) -> int:
    for _ in range(times % 8):
        digit = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[digit]
    return digit


def verhoeff_sum(number: str) -> int:
    """0 for a number that ends in its right check digit."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        total = _times(total, _permuted(int(digit), place))
    return total


def snomed_is_valid(code: str) -> bool:
    """A SNOMED CT concept id: 6 to 18 digits, `0` or `1` for a concept before the last, the last the check digit."""
    return bool(SNOMED_SHAPE.fullmatch(code)) and code[-3:-1] in {"00", "10"} and verhoeff_sum(code) == 0

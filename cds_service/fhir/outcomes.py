"""Values that matter: what a qualitative test found, and counts in the unit a value set asks for.

Source: "Result that decides" in the readings (docs/labels): first `interpretation`, then the coded value, then text.
"""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec

from cds_service.core.timeline import Outcome
from cds_service.fhir.structs import ABSENT, CodeableConcept, Component, Quantity, Resource, concepts_decoder
from cds_service.fhir.ucum import UCUM_SYSTEMS, number

Holder = Resource | Component

_LOINC, _SNOMED = "http://loinc.org", "http://snomed.info/sct"
_POSITIVE, _NEGATIVE, _OPEN = Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.INDETERMINATE
# HL7 v3 ObservationInterpretation, also as plain codes of older systems.
_INTERPRETATIONS = {
    **dict.fromkeys(("POS", "DET", "RR", "R", "WR"), _POSITIVE),
    **dict.fromkeys(("NEG", "ND", "NR"), _NEGATIVE),
    **dict.fromkeys(("IND", "E"), _OPEN),
}
_ANSWERS = {
    **dict.fromkeys(((_SNOMED, code) for code in ("10828004", "260373001", "11214006", "260408008")), _POSITIVE),
    **dict.fromkeys(((_SNOMED, code) for code in ("260385009", "260415000", "131194007")), _NEGATIVE),
    **dict.fromkeys(((_SNOMED, code) for code in ("82334004", "419984006", "42425007")), _OPEN),
    **dict.fromkeys(((_LOINC, code) for code in ("LA6576-8", "LA11882-0")), _POSITIVE),
    **dict.fromkeys(((_LOINC, code) for code in ("LA6577-6", "LA11883-8", "LA15256-3")), _NEGATIVE),
    **dict.fromkeys(((_LOINC, code) for code in ("LA11885-3", "LA9663-1")), _OPEN),
}
# In this order: what is open, then what is denied, then what is affirmed.
_WORDS = (
    (re.compile(r"\b(?:indeterminate|inconclusive|equivocal|borderline|invalid|unclear)\b", re.IGNORECASE), _OPEN),
    (
        re.compile(
            r"\b(?:negative|non[\s-]?reactive|not[\s-]+(?:detected|reactive|found)|undetect\w+|absent)\b", re.IGNORECASE
        ),
        _NEGATIVE,
    ),
    (re.compile(r"\b(?:positive|reactive|detected|present)\b", re.IGNORECASE), _POSITIVE),
)
_DENIED = re.compile(r"\b(?:no|not|without|false)\b", re.IGNORECASE)
_MOST_TEXT = 200


def read_outcome(holder: Holder) -> Outcome | None:
    """What the test found; None when nothing that is written says so."""
    for concept in _concepts(holder.interpretation):
        for coding in concept.coding or ():
            found = _INTERPRETATIONS.get((coding.code or "").upper())
            if found is not None:
                return found
    value = holder.valueCodeableConcept
    if value is not None:
        for coding in value.coding or ():
            found = _ANSWERS.get((coding.system or "", coding.code or ""))
            if found is not None:
                return found
        texts = [value.text, *(coding.display for coding in value.coding or ())]
        return next((found for text in texts if text and (found := _by_words(text)) is not None), None)
    if holder.valueString is not None:
        return _by_words(holder.valueString)
    if holder.valueBoolean is not None:
        return _POSITIVE if holder.valueBoolean else _NEGATIVE
    return _by_amount(holder.valueQuantity)


def _concepts(raw: msgspec.Raw) -> list[CodeableConcept]:
    if raw is ABSENT or bytes(raw) == b"null":
        return []
    try:
        found = concepts_decoder.decode(raw)
    except msgspec.DecodeError:
        return []
    return found if isinstance(found, list) else [found]


def _by_words(text: str) -> Outcome | None:
    words = text[:_MOST_TEXT]
    for pattern, outcome in _WORDS:
        if pattern.search(words):
            is_denied = outcome is _POSITIVE and _DENIED.search(words)
            return None if is_denied else outcome
    return None


def _by_amount(quantity: Quantity | None) -> Outcome | None:
    """A number above zero was detected; one below a limit of detection says nothing; zero was not."""
    amount = number(quantity.value) if quantity is not None else None
    if quantity is None or amount is None or amount < 0:
        return None
    if quantity.comparator in ("<", "<="):
        return _NEGATIVE
    return _POSITIVE if amount > 0 or quantity.comparator else _NEGATIVE


_PER_MICROLITER = {
    "/uL": Decimal(1),
    "/mm3": Decimal(1),
    "10*3/uL": Decimal(1000),
    "10*6/L": Decimal(1),
    "10*9/L": Decimal(1000),
    "10*3/mL": Decimal(1),
    "10*6/mL": Decimal(1000),
    "/mL": Decimal("0.001"),
    "/L": Decimal("0.000001"),
    "10*12/L": Decimal(1000000),
}
_BRACES = re.compile(r"\{[^{}]*\}")
_COUNTED = re.compile(r"\b(?:cells?|cnt|count|counts)\b", re.IGNORECASE)
_SPELLINGS = (("mcl", "uL"), ("µl", "uL"), ("μl", "uL"), ("ul", "uL"), ("cumm", "mm3"), ("mm^3", "mm3"), ("10^", "10*"))
_LONGEST_UNIT = 40


def read_count(quantity: Quantity | None) -> Decimal | None:
    """Cells per microliter; None when the unit is not a count per volume, or the number is only a bound below."""
    amount = number(quantity.value) if quantity is not None else None
    if quantity is None or amount is None or amount < 0 or quantity.comparator in ("<", "<="):
        return None
    for text in (quantity.code if quantity.system in (*UCUM_SYSTEMS, None) else None, quantity.unit):
        factor = _PER_MICROLITER.get(_plain_unit(text)) if text and len(text) <= _LONGEST_UNIT else None
        if factor is not None:
            return amount * factor
    return None


def _plain_unit(text: str) -> str:
    """A unit without what it counts: `{cells}/uL`, `cells/mcL` and `/uL` are one."""
    plain = _COUNTED.sub("", _BRACES.sub("", text)).replace(" ", "").replace("x10", "10").replace("\u00d710", "10")
    if plain in _PER_MICROLITER:
        return plain
    lower = plain.lower()
    for spelling, unit in _SPELLINGS:
        lower = lower.replace(spelling, unit)
    lower = lower.replace("10e", "10*").replace("k/uL", "10*3/uL")
    return lower[:-2] + "/L" if lower.endswith("/l") else lower

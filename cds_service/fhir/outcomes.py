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
    **dict.fromkeys(("POS", "DET", "RR", "WR"), _POSITIVE),
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
# In one clause: first what is open, then what is denied, then what is affirmed.
_WORDS = (
    (re.compile(r"\b(?:indeterminate|inconclusive|equivocal|borderline|invalid|unclear)\b", re.IGNORECASE), _OPEN),
    (
        re.compile(
            r"\b(?:neg|negative|non[\s-]?reactive|(?:not|none)[\s-]+(?:detected|reactive|found|seen|present)"
            r"|undetect\w+|absent)\b",
            re.IGNORECASE,
        ),
        _NEGATIVE,
    ),
    (re.compile(r"\b(?:pos|positive|reactive|detected|present)\b", re.IGNORECASE), _POSITIVE),
)
_DENIED = re.compile(r"\b(?:no|not|none|without|false|control)\b", re.IGNORECASE)
_CLAUSE_ENDS = re.compile(r"[;,.()\n]+|\band\b|\bbut\b", re.IGNORECASE)
_MOST_TEXT = 200
# A signal against a cutoff, not an amount of what is looked for.
_INDEX_UNIT = re.compile(r"^[\W_]*(?:1|s[\W_]*co\w*|index\w*|ratio|coi|isr|od\w*|signal.*)[\W_]*$", re.IGNORECASE)


def read_outcome(holder: Holder) -> Outcome | None:
    """What the test found; None when nothing that is written says so."""
    for concept in _concepts(holder.interpretation):
        for coding in concept.coding or ():
            found = _INTERPRETATIONS.get((coding.code or "").upper())
            if found is not None:
                return found
        told = _told(concept)
        if told is not None:
            return told
    value = holder.valueCodeableConcept
    if value is not None:
        for coding in value.coding or ():
            found = _ANSWERS.get((coding.system or "", coding.code or ""))
            if found is not None:
                return found
        return _told(value)
    if holder.valueString is not None:
        return _by_words(holder.valueString)
    if holder.valueBoolean is not None:
        return _POSITIVE if holder.valueBoolean else _NEGATIVE
    return _by_amount(holder.valueQuantity)


def _told(concept: CodeableConcept) -> Outcome | None:
    """What the words of a concept say."""
    texts = [concept.text, *(coding.display for coding in concept.coding or ())]
    return next((found for text in texts if text and (found := _by_words(text)) is not None), None)


def _concepts(raw: msgspec.Raw) -> list[CodeableConcept]:
    if raw is ABSENT or bytes(raw) == b"null":
        return []
    try:
        found = concepts_decoder.decode(raw)
    except msgspec.DecodeError:
        return []
    return found if isinstance(found, list) else [found]


def _by_words(text: str) -> Outcome | None:
    """Clause by clause: of "type 1 positive, type 2 negative" the positive counts; with anything open, nothing does."""
    found = {_clause(clause) for clause in _CLAUSE_ENDS.split(text[:_MOST_TEXT])}
    return next((outcome for outcome in (_OPEN, _POSITIVE, _NEGATIVE) if outcome in found), None)


def _clause(clause: str) -> Outcome | None:
    for pattern, outcome in _WORDS:
        if pattern.search(clause):
            return None if outcome is _POSITIVE and _DENIED.search(clause) else outcome
    return None


def _by_amount(quantity: Quantity | None) -> Outcome | None:
    """A number above zero was detected, zero was not; one below a limit may be either; an index says nothing alone."""
    amount = number(quantity.value) if quantity is not None else None
    if quantity is None or amount is None or amount < 0:
        return None
    if _INDEX_UNIT.match(quantity.code or "") or _INDEX_UNIT.match(quantity.unit or ""):
        return None
    if quantity.comparator in ("<", "<="):
        return _OPEN
    return _POSITIVE if amount > 0 or quantity.comparator else _NEGATIVE


_PER_MICROLITER = {
    "/uL": Decimal(1),
    "/mm3": Decimal(1),
    "10*3/uL": Decimal(1000),
    "10*3/mm3": Decimal(1000),
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
_SPELLINGS = (
    ("mcl", "uL"),
    ("\u00b5l", "uL"),  # micro sign
    ("\u03bcl", "uL"),  # Greek mu
    ("ul", "uL"),
    ("cumm", "mm3"),
    ("mm^3", "mm3"),
    ("mm\u00b3", "mm3"),
    ("10\u00b3", "10*3"),
    ("10^", "10*"),
)
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
    plain = (
        _COUNTED.sub("", _BRACES.sub("", text))
        .replace(" ", "")
        .replace("#", "")
        .replace("x10", "10")
        .replace("\u00d710", "10")
    )
    if plain in _PER_MICROLITER:
        return plain
    lower = plain.lower()
    for spelling, unit in _SPELLINGS:
        lower = lower.replace(spelling, unit)
    lower = lower.replace("10e", "10*").replace("k/uL", "10*3/uL")
    return lower[:-2] + "/L" if lower.endswith("/l") else lower

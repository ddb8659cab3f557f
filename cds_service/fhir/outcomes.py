"""Values that matter: what a qualitative test found, and counts in the unit a value set asks for.

Source: "Result that decides" in the readings (docs/labels): first `interpretation`, then the coded value, then text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from cds_service.core.timeline import Outcome
from cds_service.fhir.plain import plain, texts_in
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
_OPEN_WORDS = re.compile(r"\b(?:indeterminate|inconclusive|equivocal|borderline|invalid|unclear)\b", re.IGNORECASE)
_NEGATIVE_WORDS = re.compile(
    r"\b(?:neg|negative|non[\W_]{0,2}reactive|(?:not|none)[\W_]+(?:detected|reactive|positive|found|seen|present)"
    r"|undetect\w+|absent)\b",
    re.IGNORECASE,
)
_POSITIVE_WORDS = re.compile(r"\b(?:pos|positive|reactive|detected|present)\b", re.IGNORECASE)
# Before what would be positive: it is denied, or only supposed.
_DENIED = re.compile(r"\b(?:no|not|none|without|false|control|may|might|could|if|should|would)\b", re.IGNORECASE)
# What is said of the control of a test says nothing of the patient.
_CONTROL = re.compile(
    r"\b(?:pos|positive|neg|negative|(?:non[\W_]{0,2})?reactive)\s+(?:internal\s+)?controls?\b", re.IGNORECASE
)
_CLAUSE_ENDS = re.compile(r"[;,.()\n]+|\band\b|\bbut\b", re.IGNORECASE)
_MOST_TEXT = 4000
# A signal against a cutoff, not an amount of what is looked for.
_INDEX_UNIT = re.compile(r"^[\W_]*(?:1|s[\W_]*co\w*|index\w*|ratio|coi|isr|od\w*|signal.*)[\W_]*$", re.IGNORECASE)


def read_outcome(holder: Holder, *, by_amount: bool = True) -> Outcome | None:
    """What the test found; None when nothing that is written says so. `by_amount`: a bare number says so as well."""
    concepts = _concepts(holder.interpretation)
    codings = [coding for concept in concepts for coding in concept.coding or ()]
    found = _weighed(_INTERPRETATIONS.get((coding.code or "").upper()) for coding in codings)
    found = found or _weighed(map(_told, concepts))
    if found is not None:
        return found
    value = holder.valueCodeableConcept
    if value is not None:
        answers = (_ANSWERS.get((coding.system or "", coding.code or "")) for coding in value.coding or ())
        return _weighed(answers) or _told(value)
    if holder.valueString is not None:
        return _by_words(holder.valueString)
    if holder.valueBoolean is not None:
        return _POSITIVE if holder.valueBoolean else _NEGATIVE
    return _by_amount(holder.valueQuantity) if by_amount else None


def interpretation_codes(holder: Holder) -> frozenset[str]:
    """The codes of the interpretations, in capitals."""
    codings = (coding for concept in _concepts(holder.interpretation) for coding in concept.coding or ())
    return frozenset(coding.code.upper() for coding in codings if coding.code)


def written_texts(holder: Holder) -> list[str]:
    """Every word that is written about what was found: interpretations first, then the value."""
    value = holder.valueCodeableConcept
    concepts = [*_concepts(holder.interpretation), *([value] if value is not None else [])]
    found = [text for concept in concepts for text in _texts(concept)]
    return [*found, *([holder.valueString[:_MOST_TEXT]] if holder.valueString else [])]


def _texts(concept: CodeableConcept) -> list[str]:
    texts = [concept.text, *(coding.display for coding in concept.coding or ())]
    return [text[:_MOST_TEXT] for text in texts if text]


def read_conclusion(resource: Resource) -> Outcome | None:
    """What a report concludes, by code or in words."""
    concepts = _concepts(resource.conclusionCode)
    codings = [coding for concept in concepts for coding in concept.coding or ()]
    found = _weighed(_ANSWERS.get((coding.system or "", coding.code or "")) for coding in codings)
    found = found or _weighed(map(_told, concepts))
    return found or _weighed(map(_by_words, texts_in(plain(resource.conclusion))))


def _weighed(found: Iterable[Outcome | None]) -> Outcome | None:
    """Of several answers: with anything open nothing counts, else the positive one does."""
    said = set(found)
    return next((outcome for outcome in (_OPEN, _POSITIVE, _NEGATIVE) if outcome in said), None)


def _told(concept: CodeableConcept) -> Outcome | None:
    """What the words of a concept say."""
    texts = [concept.text, *(coding.display for coding in concept.coding or ())]
    return _weighed(_by_words(text) for text in texts if text)


def _concepts(raw: msgspec.Raw) -> list[CodeableConcept]:
    if raw is ABSENT or bytes(raw) == b"null":
        return []
    try:
        found = concepts_decoder.decode(raw)
    except msgspec.DecodeError:
        return []
    return found if isinstance(found, list) else [found]


def _by_words(text: str) -> Outcome | None:
    """Clause by clause: of "type 1 positive, type 2 negative" the positive counts; with anything open, nothing does.

    A text too long to be read to its end is not known to be negative.
    """
    found = _weighed(map(_clause, _CLAUSE_ENDS.split(text[:_MOST_TEXT])))
    return None if found is _NEGATIVE and len(text) > _MOST_TEXT else found


def _clause(clause: str) -> Outcome | None:
    """What one clause says; one with a positive and a negative word is never negative, whatever parts them."""
    if _OPEN_WORDS.search(clause):
        return _OPEN
    clause = _CONTROL.sub(" ", clause)
    is_negative = _NEGATIVE_WORDS.search(clause) is not None
    rest = _NEGATIVE_WORDS.sub(" ", clause) if is_negative else clause
    first = _POSITIVE_WORDS.search(rest)
    if first is None:
        return _NEGATIVE if is_negative else None
    if not _DENIED.search(rest, 0, first.start()):
        return _POSITIVE
    return _OPEN if is_negative else None


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
_BOUNDS = frozenset({None, "<", "<=", ">", ">="})


def read_bounded_count(quantity: Quantity | None) -> tuple[Decimal | None, str | None]:
    """Cells per microliter, and the comparator when they are only a bound (<, <=, >, >=)."""
    amount = number(quantity.value) if quantity is not None else None
    if quantity is None or amount is None or amount < 0 or quantity.comparator not in _BOUNDS:
        return None, None
    for text in (quantity.code if quantity.system in (*UCUM_SYSTEMS, None) else None, quantity.unit):
        factor = _PER_MICROLITER.get(_plain_unit(text)) if text and len(text) <= _LONGEST_UNIT else None
        if factor is not None:
            return amount * factor, quantity.comparator
    return None, None


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

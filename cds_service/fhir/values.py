"""What an observation says: whether there is a value at all, one or several, and whether it is a number."""

from __future__ import annotations

from msgspec import Raw

from cds_service.fhir.structs import ABSENT, CodeableConcept, Component, Resource
from cds_service.fhir.ucum import number

Holder = Resource | Component
_NOTHING = frozenset({b"", b"null", b"{}"})
# As the twelve fields of `others` are when none of them is written.
NO_OTHERS = (None, None, None, None, None, None, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT)
# Systems whose every code says why there is no value.
_ABSENCES = frozenset(
    {
        "http://terminology.hl7.org/CodeSystem/data-absent-reason",
        "http://hl7.org/fhir/data-absent-reason",
        "http://terminology.hl7.org/CodeSystem/v3-NullFlavor",
        "http://hl7.org/fhir/v3/NullFlavor",
        "urn:oid:2.16.840.1.113883.5.1008",
    }
)
# SNOMED CT: not performed, not done.
_NOT_DONE = frozenset({("http://snomed.info/sct", "262008008"), ("http://snomed.info/sct", "385660001")})
# Whole texts that say that there is no result. Short on purpose: anything else ("see note", "unable to grade") may be
# one, and "none seen" is one.
_NO_RESULT = frozenset(
    {
        *("not performed", "test not performed", "not done", "test not done", "not tested", "not resulted"),
        *("qns", "quantity not sufficient", "quantity insufficient", "insufficient quantity", "insufficient specimen"),
        *("specimen rejected", "sample rejected", "specimen hemolyzed", "sample hemolyzed", "hemolyzed"),
        *("specimen haemolysed", "sample haemolysed", "haemolysed"),
        *("cancelled", "canceled", "test cancelled", "test canceled", "pending", "result pending", "results pending"),
    }
)
_LONGEST_NO_RESULT = 40


def others(holder: Holder) -> tuple[object, ...]:
    """Every `value[x]` but the quantity, written out: thirteen `getattr` by name cost five times as much."""
    return (
        holder.valueCodeableConcept,
        holder.valueString,
        holder.valueBoolean,
        holder.valueInteger,
        holder.valueTime,
        holder.valueDateTime,
        holder.valueRange,
        holder.valueRatio,
        holder.valueSampledData,
        holder.valuePeriod,
        holder.valueAttachment,
        holder.valueReference,
    )


def count_values(holder: Holder) -> int:
    """How many `value[x]` are written; more than one is a contradiction."""
    quantities = int(holder.valueQuantity is not None)
    found = others(holder)
    return quantities if found == NO_OTHERS else quantities + sum(map(_written, found))


def has_value(holder: Holder) -> bool:
    """True when a `value[x]` with content is there (a data-absent reason alone is none)."""
    quantity = holder.valueQuantity
    if quantity is not None:
        return _has_content(quantity.value)
    return any(map(_has_content, others(holder)))


def is_numeric(holder: Holder) -> bool:
    """True when the value is a number."""
    quantity = holder.valueQuantity
    if quantity is not None:
        return quantity.value.__class__ is float or number(quantity.value) is not None
    return holder.valueInteger is not None or number(holder.valueString) is not None


def _written(value: object) -> bool:
    return bytes(value) not in _NOTHING if isinstance(value, Raw) else value is not None


def is_absence(concept: CodeableConcept) -> bool:
    """Whether a concept only says that there is nothing, or why."""
    codings = concept.coding or ()
    absent = [coding for coding in codings if coding.system in _ABSENCES or (coding.system, coding.code) in _NOT_DONE]
    if absent and len(absent) == len(codings):
        known = {text.casefold() for coding in absent for text in (coding.code, coding.display) if text}
        return not concept.text or concept.text.casefold() in known or _says_no_result(concept.text)
    texts = [text for text in (concept.text, *(coding.display for coding in codings)) if text and text.strip()]
    return bool(texts) and all(map(_says_no_result, texts))


def _says_no_result(text: str) -> bool:
    return len(text) <= _LONGEST_NO_RESULT and " ".join(text.strip(" .*-").casefold().split()) in _NO_RESULT


def _has_content(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip()) and not _says_no_result(value)
    if isinstance(value, CodeableConcept):
        is_written = bool(value.text) or any(coding.code or coding.display for coding in value.coding or ())
        return is_written and not is_absence(value)
    return _written(value)

"""What an observation says: whether there is a value at all, one or several, and whether it is a number."""

from __future__ import annotations

from msgspec import Raw

from cds_service.fhir.structs import ABSENT, CodeableConcept, Component, Resource
from cds_service.fhir.ucum import number

Holder = Resource | Component
_NOTHING = frozenset({b"", b"null", b"{}"})
# As the twelve fields of `others` are when none of them is written.
NO_OTHERS = (None, None, None, None, None, None, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT)


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


def _has_content(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, CodeableConcept):
        return bool(value.text) or any(coding.code or coding.display for coding in value.coding or ())
    return _written(value)

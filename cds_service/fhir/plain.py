"""Fields that few resources have, read from plain data: lists, concepts within references, statuses."""

from __future__ import annotations

import msgspec

from cds_service.fhir.structs import ABSENT, CodeableConcept, any_decoder


def plain(raw: msgspec.Raw) -> object:
    """An undecoded field as plain data; None when it is not written."""
    return any_decoder.decode(raw) if raw is not ABSENT else None


def as_list(value: object) -> list[object]:
    """A list as it is, one value as a list of it, nothing as an empty one."""
    return value if isinstance(value, list) else [] if value is None else [value]


def concepts_in(value: object) -> list[CodeableConcept]:
    """Every CodeableConcept in a list of them, of references that may hold one (R5), or of reasons (R5 Encounter)."""
    found: list[CodeableConcept] = []
    for item in as_list(value):
        if not isinstance(item, dict):
            continue
        inner = item.get("concept") or item.get("value")
        if inner is not None:
            found += concepts_in(inner)
            continue
        try:
            found.append(msgspec.convert(item, CodeableConcept))
        except msgspec.ValidationError:
            continue
    return found


def texts_in(value: object) -> list[str]:
    """Every bare text in a value or a list."""
    return [item for item in as_list(value) if isinstance(item, str)]


def links_in(value: object) -> list[str]:
    """Every address in a list of references, of references that may hold a concept (R5), or of reasons (R5)."""
    found: list[str] = []
    for item in as_list(value):
        if isinstance(item, str):
            continue
        link = item.get("reference") if isinstance(item, dict) else None
        if isinstance(link, str):
            found.append(link)
        elif isinstance(item, dict):
            found += links_in(link) + links_in(item.get("value"))
    return found


def codes_of(status: CodeableConcept | str | None) -> frozenset[str]:
    """The codes of a status, written as a concept, as a bare word, or as a concept's text only."""
    if isinstance(status, str):
        return frozenset({status})
    if status is None:
        return frozenset()
    codes = frozenset(coding.code for coding in status.coding or () if coding.code)
    if codes or not status.text:
        return codes
    return frozenset({status.text.strip().lower().replace(" ", "-")})

"""Observations and diagnostic reports: which are usable results of which test, and why the others are not.

Source: "Usable result" and the exact readings for panels (docs/labels).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from cds_service.core.dates import When
from cds_service.core.timeline import Result
from cds_service.fhir.codes import CodeIndex
from cds_service.fhir.dates import DateReader
from cds_service.fhir.record import Chart, Shelf, reference_of
from cds_service.fhir.structs import (
    VALUE_FIELDS,
    CodeableConcept,
    Component,
    Quantity,
    Reference,
    Resource,
    references_decoder,
)
from cds_service.fhir.ucum import number

USABLE = frozenset({"final", "amended", "corrected", "appended"})
PENDING = frozenset({"preliminary", "partial"})
NOT_DONE = frozenset({"registered", "cancelled"})


class LabReader:
    """Reads results of one record. `shelf` is asked for (and built) only when a panel refers to its members."""

    def __init__(self, index: CodeIndex, dates: DateReader, shelf: Callable[[], Shelf]) -> None:
        self._index, self._dates, self._shelf = index, dates, shelf

    def observation(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File an Observation under every concept its code or its components carry."""
        concepts = self._index.coded(resource.code)
        parts = resource.component
        if parts:
            concepts = concepts.union(*(self._index.coded(part.code) for part in parts))
        if not concepts:
            return
        reference = reference_of(resource, full_url)
        status = resource.status
        if status not in USABLE and status not in PENDING:
            self._unusable_status(chart, resource, reference, concepts)
            return
        found = self._when(resource)
        if isinstance(found, str):
            chart.drop(reference, found, concepts if found == "bad-date" else ())
            return
        if count_values(resource) > 1:
            chart.drop(reference, "unreadable", concepts)
            return
        when, issued_only = found
        result = Result(when, reference, issued_only)
        filed = self._file_values(chart, resource, result, status in USABLE)
        if not filed:
            self._drop_valueless(chart, resource, reference, concepts)
        elif status in PENDING:
            chart.drop(reference, "preliminary")

    def _unusable_status(self, chart: Chart, resource: Resource, reference: str, concepts: frozenset[str]) -> None:
        status = resource.status
        if status == "entered-in-error":
            chart.drop(reference, "entered-in-error")
        elif isinstance(status, str) and status in NOT_DONE:
            chart.drop(reference, "not-done")
        else:
            readable = status == "unknown"
            chart.drop(reference, "bad-status", () if readable else concepts)

    def _when(self, resource: Resource) -> tuple[When, bool] | str:
        """The time that counts and whether it is only the release; or why there is none."""
        text = resource.effectiveDateTime or resource.effectiveInstant
        if text is None and resource.effectivePeriod is not None:
            text = resource.effectivePeriod.start
        if text is None and resource.effectiveTiming is not None and resource.effectiveTiming.event:
            text = min(resource.effectiveTiming.event)
        issued_only = text is None
        text = text if text is not None else resource.issued
        if text is None:
            return "no-date"
        when = self._dates.read(text)
        return (when, issued_only) if when is not None else "bad-date"

    def _file_values(self, chart: Chart, resource: Resource, result: Result, final: bool) -> bool:  # noqa: FBT001 - internal
        """File the resource's own value and its components; False when nothing in it has a value."""
        book = chart.results if final else chart.pending
        filed = False
        own = self._index.coded(resource.code)
        parts = [part for part in resource.component or () if has_value(part)]
        for part in parts:
            for concept in self._index.coded(part.code):
                if self._counts(concept, part):
                    book[concept].append(result)
                    filed = True
        if own and (has_value(resource) or parts or self._has_usable_member(resource)):
            for concept in own:
                if concept in self._index.member_panels:
                    filed = True
                elif concept in self._index.panels or parts or self._counts(concept, resource):
                    book[concept].append(result)
                    filed = True
        return filed

    def _counts(self, concept: str, holder: Resource | Component) -> bool:
        return concept not in self._index.numeric or _is_numeric(holder)

    def _has_usable_member(self, resource: Resource) -> bool:
        members = resource.hasMember
        if not members:
            return False
        shelf = self._shelf()
        return any(_is_usable(shelf.find(member.reference, resource)) for member in members)

    def _drop_valueless(self, chart: Chart, resource: Resource, reference: str, concepts: frozenset[str]) -> None:
        """Without a value; when its members are not in the data, what it says cannot be known."""
        members = resource.hasMember or []
        self._drop_by_members(chart, resource, members, reference, concepts)

    def _drop_by_members(
        self, chart: Chart, resource: Resource, members: list[Reference], reference: str, concepts: frozenset[str]
    ) -> None:
        shelf = self._shelf() if members else None
        if shelf is not None and any(shelf.find(member.reference, resource) is None for member in members):
            chart.drop(reference, "unresolved-reference", concepts)
        else:
            chart.drop(reference, "no-value")

    def report(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File a DiagnosticReport that is a counting panel with a usable member; others count by their members."""
        reference = reference_of(resource, full_url)
        for inner in resource.contained or ():
            if inner.resourceType == "Observation":
                self.observation(chart, _dated_like(inner, resource), f"{reference}#{inner.id}")
        concepts = self._index.coded(resource.code)
        if not concepts:
            return
        status = resource.status
        if status not in USABLE and status not in PENDING:
            self._unusable_status(chart, resource, reference, concepts)
            return
        found = self._when(resource)
        if isinstance(found, str):
            chart.drop(reference, found, concepts if found == "bad-date" else ())
            return
        members = _result_references(resource)
        shelf = self._shelf() if members else None
        if shelf is None or not any(_is_usable(shelf.find(member.reference, resource)) for member in members):
            self._drop_by_members(chart, resource, members, reference, concepts)
            return
        if status in PENDING:
            chart.drop(reference, "preliminary")
        book = chart.results if status in USABLE else chart.pending
        for concept in concepts - self._index.member_panels:
            book[concept].append(Result(found[0], reference, found[1]))


def _result_references(resource: Resource) -> list[Reference]:
    raw = bytes(resource.result)
    if not raw or raw == b"null":
        return []
    try:
        return references_decoder.decode(raw)
    except msgspec.ValidationError:
        return []


def _dated_like(inner: Resource, holder: Resource) -> Resource:
    """A contained result without a time of its own has its report's."""
    if inner.effectiveDateTime is None and inner.effectivePeriod is None and inner.issued is None:
        inner.effectiveDateTime, inner.effectivePeriod = holder.effectiveDateTime, holder.effectivePeriod
        inner.issued = holder.issued
    return inner


def _is_usable(member: Resource | None) -> bool:
    return (
        member is not None
        and member.resourceType == "Observation"
        and member.status in USABLE
        and (has_value(member) or any(has_value(part) for part in member.component or ()))
    )


def has_value(holder: Resource | Component) -> bool:
    """True when a `value[x]` with content is there (a data-absent reason alone is none)."""
    quantity = holder.valueQuantity
    if quantity is not None:
        return quantity.value is not None
    concept = holder.valueCodeableConcept
    if concept is not None:
        return _says_something(concept)
    if holder.valueString is not None:
        return bool(holder.valueString.strip())
    if holder.valueBoolean is not None or holder.valueInteger is not None:
        return True
    return any(_written(getattr(holder, name)) for name in VALUE_FIELDS[5:])


def count_values(holder: Resource | Component) -> int:
    """How many `value[x]` are written; more than one is a contradiction."""
    return sum(_written(getattr(holder, name)) for name in VALUE_FIELDS)


def _written(value: object) -> bool:
    if isinstance(value, msgspec.Raw):
        return bytes(value) not in (b"", b"null", b"{}")
    return value is not None


def _says_something(concept: CodeableConcept) -> bool:
    return bool(concept.text) or any(coding.code or coding.display for coding in concept.coding or ())


def _is_numeric(holder: Resource | Component) -> bool:
    quantity: Quantity | None = holder.valueQuantity
    if quantity is not None:
        return number(quantity.value) is not None
    if holder.valueInteger is not None:
        return True
    return number(holder.valueString) is not None

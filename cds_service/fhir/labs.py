"""Observations and diagnostic reports: which are usable results of which test, and why the others are not.

Source: "Usable result" and the exact readings for panels (docs/labels).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from cds_service.core.dates import When
from cds_service.core.timeline import ANY_CONCEPT, Measured, Outcome, Result
from cds_service.fhir.codes import NO_CONCEPTS, CodeIndex
from cds_service.fhir.dates import DateReader
from cds_service.fhir.findings import read_finding
from cds_service.fhir.outcomes import read_bounded_count, read_conclusion, read_outcome
from cds_service.fhir.record import Chart, Shelf, is_code, last_updated, reference_of, subject_of, tail
from cds_service.fhir.structs import ABSENT, CodeableConcept, Reference, Resource, Timing, references_decoder
from cds_service.fhir.values import NO_OTHERS, Holder, count_values, has_value, is_numeric, others

USABLE = frozenset({"final", "amended", "corrected", "appended"})
PENDING = frozenset({"preliminary", "partial"})
NOT_DONE = frozenset({"registered", "cancelled"})
_ANYTHING = frozenset({ANY_CONCEPT})
_DEEPEST_PANEL = 8
_OUTCOMES = {"outcome": read_outcome, "finding": read_finding}


class LabReader:
    """Reads results of one record. `shelf` is asked for (and built) only when a panel refers to its members."""

    def __init__(self, index: CodeIndex, dates: DateReader, shelf: Callable[[], Shelf]) -> None:
        self._index, self._dates, self._shelf = index, dates, shelf
        self._valued = frozenset(index.values)

    def observation(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File an Observation under every concept its code or its components carry."""
        own = self._index.coded(resource.code)
        parts = resource.component
        concepts = own.union(*(self._index.coded(part.code) for part in parts)) if parts else own
        if (
            concepts is own
            and own
            and self._valued.isdisjoint(own)
            and self._filed_plainly(chart, resource, full_url, own)
        ):
            return
        if concepts:
            self._file(chart, resource, reference_of(resource, full_url), own, concepts)
        elif resource.code.__class__ is not CodeableConcept:
            self._without_code(chart, resource, full_url)
        if resource.contained is not None:
            self._contained(chart, resource, full_url)

    def _filed_plainly(self, chart: Chart, resource: Resource, full_url: str | None, own: frozenset[str]) -> bool:
        """File a final, dated number, what nearly every result is, if this is one: the long way costs three times this.

        A number serves every concept, so nothing is left to weigh but what `_said` says of panels.
        """
        quantity, text = resource.valueQuantity, resource.effectiveDateTime
        if quantity is None or quantity.value.__class__ is not float or not text:
            return False
        if resource.hasMember is not None or resource.contained is not None or others(resource) != NO_OTHERS:
            return False
        if resource.status.__class__ is not str or resource.status not in USABLE:
            return False
        when = self._dates.read(text)
        if when is None:
            return False
        # A third of what calling the class costs.
        result = tuple.__new__(Result, (when, reference_of(resource, full_url), False))
        for concept in own:
            if concept not in self._index.member_panels:
                chart.results[concept].append(result)
        return True

    def _without_code(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """A code that is no CodeableConcept may be any test's; no code at all is no test."""
        if resource.code is not None:
            chart.drop(reference_of(resource, full_url), "unreadable", _ANYTHING)

    def _file(
        self, chart: Chart, resource: Resource, reference: str, own: frozenset[str], concepts: frozenset[str]
    ) -> None:
        dated = self._dated(chart, resource, reference, concepts)
        if dated is None:
            return
        parts = resource.component
        if count_values(resource) > 1 or (parts and any(count_values(part) > 1 for part in parts)):
            chart.drop(reference, "unreadable", concepts, dated[0])
            return
        final = resource.status in USABLE
        result = Result(dated[0], reference, dated[1])
        book = chart.results if final else chart.pending
        found, is_used = self._said(resource, own)
        for concept in found:
            book[concept].append(result)
            if final and concept in self._valued:
                self._measure(chart, resource, concept, result)
        if not is_used:
            self._drop_by_members(chart, resource, resource.hasMember or [], (reference, concepts, dated[0]))
        elif not final:
            chart.drop(reference, "preliminary", self._alarming(resource, concepts), dated[0])

    def _alarming(self, resource: Resource, concepts: frozenset[str]) -> frozenset[str]:
        """Concepts whose outcome matters and is positive: even a result that cannot be used is not silence."""
        asked = [concept for concept in concepts & self._valued if self._index.values[concept][0] == "outcome"]
        if not asked:
            return NO_CONCEPTS
        if read_conclusion(resource) is Outcome.POSITIVE:
            return frozenset(asked)
        return frozenset(
            concept
            for concept in asked
            if any(read_outcome(holder) is Outcome.POSITIVE for holder in self._holders(resource, concept))
        )

    def _holders(self, resource: Resource, concept: str) -> list[Holder]:
        """What carries the value of a concept: the resource itself, or components of it."""
        is_own = concept in self._index.coded(resource.code) and has_value(resource)
        parts = [part for part in resource.component or () if concept in self._index.coded(part.code)]
        return [resource, *parts] if is_own else [*parts]

    def _measure(self, chart: Chart, resource: Resource, concept: str, result: Result) -> None:
        """File the value of a result whose value matters, from the resource itself or the component that carries it."""
        kind, _ = self._index.values[concept]
        for holder in self._holders(resource, concept):
            amount, bound = read_bounded_count(holder.valueQuantity) if kind == "count" else (None, None)
            outcome = _OUTCOMES[kind](holder) if kind in _OUTCOMES else None
            chart.measured[concept].append(Measured(result.when, result.reference, amount, outcome, bound))

    def _dated(
        self, chart: Chart, resource: Resource, reference: str, concepts: frozenset[str]
    ) -> tuple[When, bool] | None:
        """The time that counts and whether it is only the release; None when the status or the time rules it out."""
        status = resource.status
        if status.__class__ is not str or (status not in USABLE and status not in PENDING):
            self._unusable_status(chart, resource, reference, concepts)
            return None
        found = self._when(resource)
        if found.__class__ is str:
            doubted = concepts if found == "bad-date" else self._alarming(resource, concepts)
            chart.drop(reference, found, doubted, self._written(resource) if doubted else None)
            return None
        return found  # type: ignore[return-value]  # no str

    def _unusable_status(self, chart: Chart, resource: Resource, reference: str, concepts: frozenset[str]) -> None:
        status = resource.status
        if status == "entered-in-error" or is_code(status, NOT_DONE):
            chart.drop(reference, "entered-in-error" if status == "entered-in-error" else "not-done")
            when = self._when(resource)
            chart.withdraw(resource, concepts, when[0] if isinstance(when, tuple) else None, self._dates)
        else:
            when = self._when(resource)
            known = when[0] if isinstance(when, tuple) else None
            doubted = self._alarming(resource, concepts) if status == "unknown" else concepts
            chart.drop(reference, "bad-status", doubted, known)

    def _written(self, resource: Resource) -> When | None:
        """When it was written into the record: before that, what bears no date of its own was not known."""
        moment = last_updated(resource, self._dates)
        return When(moment.date(), moment.date(), moment) if moment is not None else None

    def _when(self, resource: Resource) -> tuple[When, bool] | str:
        """The time that counts and whether it is only the release; or why there is none."""
        text = resource.effectiveDateTime or resource.effectiveInstant
        if not text and resource.effectivePeriod is not None:
            text = resource.effectivePeriod.start
        if not text and resource.effectiveTiming is not None:
            return self._earliest(resource.effectiveTiming) or self._released(resource)
        if not text:
            return self._released(resource)
        when = self._dates.read(text)
        return (when, False) if when is not None else "bad-date"

    def _earliest(self, timing: Timing) -> tuple[When, bool] | str | None:
        """The first of the times a Timing names; None when it names none."""
        bounds = timing.repeat.boundsPeriod if timing.repeat is not None else None
        texts = timing.event or ([bounds.start] if bounds is not None and bounds.start else [])
        read = [self._dates.read(text) for text in texts]
        known = [when for when in read if when is not None]
        if len(known) < len(read):
            return "bad-date"
        return (min(known, key=_by_first_day), False) if known else None

    def _released(self, resource: Resource) -> tuple[When, bool] | str:
        if not resource.issued:
            return "no-date"
        when = self._dates.read(resource.issued)
        return (when, True) if when is not None else "bad-date"

    def _said(self, resource: Resource, own: frozenset[str]) -> tuple[list[str], bool]:
        """The concepts something is said about, and whether the resource is of use (a panel may be by its members)."""
        parts = resource.component
        if not parts and not resource.hasMember:  # nearly every result
            if not has_value(resource):
                return [], False
            found = [concept for concept in own if self._counts(concept, resource)]
            return [concept for concept in found if concept not in self._index.member_panels], bool(found)
        valued = [part for part in parts or () if has_value(part)]
        found = [concept for part in valued for concept in self._index.coded(part.code) if self._counts(concept, part)]
        has_own = has_value(resource)
        is_panel = has_own or bool(valued) or self._has_usable_member(resource, resource.hasMember or [])
        is_used = bool(found)
        for concept in own if is_panel else NO_CONCEPTS:
            if concept in self._index.panels or self._counts(concept, resource):
                is_used = True
                if concept not in self._index.member_panels:
                    found.append(concept)
        return list(dict.fromkeys(found)), is_used

    def _counts(self, concept: str, holder: Holder) -> bool:
        return concept not in self._index.numeric or is_numeric(holder)

    def _has_usable_member(self, holder: Resource, members: list[Reference], depth: int = 0) -> bool:
        """True when one of the members (or one of a member panel's members) is a usable result of the same patient."""
        if not members or depth > _DEEPEST_PANEL:
            return False
        shelf = self._shelf()
        return any(self._is_usable(shelf.find(member.reference, holder), holder, depth) for member in members)

    def _is_usable(self, member: Resource | None, holder: Resource, depth: int) -> bool:
        if member is None or member.resourceType != "Observation" or not is_code(member.status, USABLE):
            return False
        if not _same_patient(member, holder):
            return False
        if has_value(member) or any(has_value(part) for part in member.component or ()):
            return True
        return self._has_usable_member(member, member.hasMember or [], depth + 1)

    def _drop_by_members(
        self, chart: Chart, resource: Resource, members: list[Reference], said: tuple[str, frozenset[str], When]
    ) -> None:
        """Without a value; when its members are not in the data, what it says cannot be known.

        `said`: its reference, concepts and time.
        """
        reference, concepts, when = said
        shelf = self._shelf() if members else None
        if shelf is not None and any(shelf.find(member.reference, resource) is None for member in members):
            chart.drop(reference, "unresolved-reference", concepts, when)
        else:
            chart.drop(reference, "no-value")

    def report(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File a DiagnosticReport that is a counting panel with a usable member; others count by their members."""
        if resource.contained is not None:
            self._contained(chart, resource, full_url)
        concepts = self._index.coded(resource.code)
        if not concepts:
            if resource.code.__class__ is not CodeableConcept:
                self._without_code(chart, resource, full_url)
            return
        reference = reference_of(resource, full_url)
        dated = self._dated(chart, resource, reference, concepts)
        if dated is None:
            return
        chart.doubt(reference, self._alarming(resource, concepts), dated[0])
        members = _result_references(resource)
        if members is None:
            chart.drop(reference, "unreadable", concepts, dated[0])
            return
        if not self._has_usable_member(resource, members):
            self._drop_by_members(chart, resource, members, (reference, concepts, dated[0]))
            return
        final = resource.status in USABLE
        if not final:
            chart.drop(reference, "preliminary")
        book = chart.results if final else chart.pending
        for concept in concepts - self._index.member_panels - self._index.numeric:
            book[concept].append(Result(dated[0], reference, dated[1]))

    def _contained(self, chart: Chart, holder: Resource, full_url: str | None) -> None:
        """File Observations that live inside another resource; they have its time where they name none."""
        reference = reference_of(holder, full_url)
        for inner in holder.contained or ():
            if inner.resourceType != "Observation":
                continue
            own = self._index.coded(inner.code)
            concepts = own.union(*(self._index.coded(part.code) for part in inner.component or ()))
            if not concepts:
                continue
            name = f"{reference}#{inner.id}" if inner.id else reference
            if _same_patient(inner, holder):
                self._file(chart, _dated_like(inner, holder), name, own, concepts)
            else:
                chart.drop(name, "wrong-patient")


def _by_first_day(when: When) -> tuple[int, float]:
    return when.first.toordinal(), when.instant.timestamp() if when.instant is not None else 0.0


def _result_references(resource: Resource) -> list[Reference] | None:
    """The references of `result`; None when it is no list of references."""
    if resource.result is ABSENT or bytes(resource.result) == b"null":
        return []
    try:
        return references_decoder.decode(resource.result)
    except msgspec.DecodeError:
        return None


def _same_patient(inner: Resource, holder: Resource) -> bool:
    """A part that names no patient is its holder's."""
    named, expected = subject_of(inner), subject_of(holder)
    return named is None or expected is None or named == expected or tail(named) == tail(expected)


def _dated_like(inner: Resource, holder: Resource) -> Resource:
    """A contained result without a time of its own has its holder's."""
    if (
        inner.effectiveDateTime is None
        and inner.effectivePeriod is None
        and inner.effectiveInstant is None
        and inner.effectiveTiming is None
        and inner.issued is None
    ):
        inner.effectiveDateTime, inner.effectivePeriod = holder.effectiveDateTime, holder.effectivePeriod
        inner.effectiveInstant, inner.effectiveTiming = holder.effectiveInstant, holder.effectiveTiming
        inner.issued = holder.issued
    return inner

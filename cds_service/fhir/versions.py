"""One resource, one version: the latest stays, what was deleted is gone, and one event from two feeds counts once.

Source: the reading rules for the same event twice (docs/labels).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec

from cds_service.fhir.dates import DateReader
from cds_service.fhir.record import (
    Chart,
    Withdrawn,
    identifiers_of,
    last_updated,
    reference_of,
    subject_of,
    tail,
    version_of,
)
from cds_service.fhir.structs import ABSENT, Entry, Request, Resource, request_decoder

# Of two versions that do not say which is later, the one that could raise a finding stays.
_ALARMING = frozenset({"Condition", "AllergyIntolerance", "Immunization"})
_BOTH_STAY = frozenset({"MedicationAdministration", "Patient"})
# In the order a result goes through them.
_LIFE = {
    status: place
    for place, status in enumerate(
        ("registered", "preliminary", "partial", "final", "appended", "amended", "corrected")
    )
}
_WITH_RESULTS = frozenset({"Observation", "DiagnosticReport", "Procedure", "Encounter"})
_MISTAKE = "entered-in-error"
_REMOVED = "DELETE"


class _Deletion(NamedTuple):
    """A resource was deleted: its place among the entries (a history tells the newest first), and when."""

    place: int
    when: datetime | None


class Versions:
    """Sorts out the versions of one record. `superseded`: entries that gave way to a later version."""

    def __init__(self, dates: DateReader) -> None:
        self._dates = dates
        self.superseded: list[Entry] = []

    def current(self, entries: list[Entry]) -> list[Entry]:
        """Entries without older versions and without what was deleted later.

        Two versions of an administration of which neither is known to be later both stay: exposure decides (core). So
        do two of a person: what either says counts.
        """
        resources = [entry.resource for entry in entries if entry.resource is not None]
        if len(resources) < len(entries):
            entries = self._without_deleted(entries)
            resources = [entry.resource for entry in entries if entry.resource is not None]
        ids = [resource.id for resource in resources if resource.id]
        if len(set(ids)) < len(ids):  # no id twice, so no resource twice: saves building a key for each
            entries = self._latest(entries)
        return self._once(entries)

    # --- versions of one resource ---------------------------------------------------------

    def _latest(self, entries: list[Entry]) -> list[Entry]:
        places: dict[tuple[str | None, str | None, str | None], int] = {}
        kept: list[Entry | None] = []
        for entry in entries:
            resource = entry.resource
            if resource is None:
                continue
            key = (resource.resourceType, resource.id, _named(resource))
            place = places.setdefault(key, len(kept)) if resource.id else len(kept)
            held = kept[place] if place < len(kept) else None
            if held is None or held.resource is None:
                kept.append(entry)
                continue
            newer = self._newer(resource, held.resource)
            if newer is None and resource.resourceType in _BOTH_STAY:
                kept.append(entry)
            elif newer or (newer is None and _is_safer(resource, held.resource)):
                kept[place] = entry
                self.superseded.append(held)
            else:
                self.superseded.append(entry)
        return [entry for entry in kept if entry is not None]

    def _newer(self, one: Resource, other: Resource) -> bool | None:
        """Whether the one version is later than the other; None when they do not say."""
        mine, theirs = last_updated(one, self._dates), last_updated(other, self._dates)
        if mine is not None and theirs is not None and mine != theirs:
            return mine > theirs
        numbers = version_of(one), version_of(other)
        if numbers[0] is not None and numbers[1] is not None and numbers[0] != numbers[1]:
            return numbers[0] > numbers[1]
        if mine == theirs or one.resourceType in _BOTH_STAY:
            return None
        return theirs is None

    # --- deleted resources ----------------------------------------------------------------

    def _without_deleted(self, entries: list[Entry]) -> list[Entry]:
        """A history says that a resource was deleted by an entry without one; older versions are gone with it."""
        deleted: dict[str, _Deletion] = {}
        for place, entry in enumerate(entries):
            request = _request_of(entry) if entry.resource is None else None
            if request is not None and (request.method or "").upper() == _REMOVED:
                written = entry.response.lastModified if entry.response is not None else None
                when = self._dates.read(written) if written else None
                name = tail(request.url or entry.fullUrl or "")
                deleted.setdefault(name, _Deletion(place, when.instant if when is not None else None))
        if not deleted:
            return entries
        kept = []
        for place, entry in enumerate(entries):
            resource = entry.resource
            found = deleted.get(f"{resource.resourceType}/{resource.id}") if resource is not None else None
            if resource is not None and found is not None and self._is_gone(resource, place, found):
                self.superseded.append(entry)
            else:
                kept.append(entry)
        return kept

    def _is_gone(self, resource: Resource, place: int, deletion: _Deletion) -> bool:
        written = last_updated(resource, self._dates)
        if written is not None and deletion.when is not None:
            return written <= deletion.when
        return place > deletion.place

    # --- one event from two feeds ---------------------------------------------------------

    def _once(self, entries: list[Entry]) -> list[Entry]:
        """Diagnoses, allergies and vaccines that share an identifier: the later one stays, when both say when."""
        listed = [entry for entry in entries if entry.resource is not None and entry.resource.resourceType in _ALARMING]
        newest: dict[tuple[str | None, str | None, str], Entry] = {}
        gone: set[int] = set()
        for entry in listed if len(listed) > 1 else ():
            resource = entry.resource
            for identifier in identifiers_of(resource) if resource is not None else ():
                key = (resource.resourceType, _named(resource), identifier) if resource is not None else ("", "", "")
                held = newest.setdefault(key, entry)
                if held is entry or held.resource is None or resource is None or id(held) in gone:
                    newest[key] = entry
                    continue
                newer = self._later(resource, held.resource)
                if newer is not None:
                    gone.add(id(held) if newer else id(entry))
                    newest[key] = entry if newer else held
        if not gone:
            return entries
        self.superseded += [entry for entry in listed if id(entry) in gone]
        return [entry for entry in entries if id(entry) not in gone]

    def _later(self, one: Resource, other: Resource) -> bool | None:
        """Whether the one is the later word on one event; None when they do not say, or speak of two things."""
        if one.id == other.id or _about(one) != _about(other):
            return None
        mine, theirs = last_updated(one, self._dates), last_updated(other, self._dates)
        return None if mine is None or theirs is None or mine == theirs else mine > theirs

    def withdraw(self, chart: Chart, entries: Iterable[Entry]) -> None:
        """Take out results that another feed withdrew later: same identifier, same test, same day."""
        if not chart.withdrawn:
            return
        resources = {
            reference_of(entry.resource, entry.fullUrl): entry.resource
            for entry in entries
            if entry.resource is not None and entry.resource.resourceType in _WITH_RESULTS
        }
        for item in chart.withdrawn:
            for concept in sorted(item.concepts):
                found = (*chart.results.get(concept, ()), *chart.pending.get(concept, ()))
                self._take_out(
                    chart,
                    concept,
                    {
                        result.reference
                        for result in found
                        if result.when.first == item.day and self._is_older(resources.get(result.reference), item)
                    },
                )

    def _is_older(self, resource: Resource | None, item: Withdrawn) -> bool:
        """Whether this is the withdrawn event as it was written before."""
        if resource is None or not item.identifiers & identifiers_of(resource):
            return False
        written = last_updated(resource, self._dates)
        return written is not None and written < item.written

    def _take_out(self, chart: Chart, concept: str, gone: set[str]) -> None:
        if not gone:
            return
        for book in (chart.results, chart.pending):
            book[concept] = [result for result in book[concept] if result.reference not in gone]
        chart.measured[concept] = [item for item in chart.measured[concept] if item.reference not in gone]
        for reference in sorted(gone):
            chart.drop(reference, "duplicate")


def _request_of(entry: Entry) -> Request | None:
    if entry.request is ABSENT:
        return None
    try:
        return request_decoder.decode(entry.request)
    except msgspec.DecodeError:
        return None


def _named(resource: Resource) -> str | None:
    subject = subject_of(resource)
    return tail(subject) if subject is not None else None


def _is_safer(one: Resource, other: Resource) -> bool:
    """Whether the one of two undated versions must not be passed over for the other, whatever their order.

    A mistake stays one, a result is what it became last; of two that are alike in this, the one dated earlier.
    """
    mine, theirs = _is_mistake(one), _is_mistake(other)
    if mine != theirs:
        return theirs if one.resourceType in _ALARMING else mine
    places = [_LIFE.get(resource.status, 0) if isinstance(resource.status, str) else 0 for resource in (one, other)]
    if places[0] != places[1]:
        return places[0] > places[1]
    return _content(one) < _content(other)


def content_of(entry: Entry) -> tuple[str, bytes]:
    """Something to sort resources by that does not depend on the order they came in."""
    return _content(entry.resource) if entry.resource is not None else ("", b"")


def _content(resource: Resource) -> tuple[str, bytes]:
    return resource.effectiveDateTime or resource.performedDateTime or "", msgspec.json.encode(resource)


def _is_mistake(resource: Resource) -> bool:
    if resource.status == _MISTAKE:
        return True
    concept = resource.verificationStatus
    if concept is None or isinstance(concept, str):
        return concept == _MISTAKE
    return any(coding.code == _MISTAKE for coding in concept.coding or ())


def _about(resource: Resource) -> frozenset[tuple[str | None, str | None]]:
    """The codes of what the resource is about."""
    concept = resource.vaccineCode or resource.code
    codings = getattr(concept, "coding", None) or ()
    return frozenset((coding.system, coding.code) for coding in codings)

"""From resources to timelines: who a resource belongs to, what it says, what is missing from the record.

Pure: bytes or decoded resources in, timelines out. Value sets and the site's time zone arrive as arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from cds_service.core.timeline import Gap, Source, Timeline, Unused
from cds_service.fhir.allergies import AllergyReader
from cds_service.fhir.codes import CodeIndex
from cds_service.fhir.dates import DateReader
from cds_service.fhir.decode import (
    Decoded,
    Unreadable,
    UnreadablePartError,
    decode_resource,
    salvage,
    taken_apart,
)
from cds_service.fhir.doubts import Doubts, as_unreadable
from cds_service.fhir.facts import FactReader
from cds_service.fhir.labs import LabReader
from cds_service.fhir.lists import ListReader
from cds_service.fhir.meds import MedicationReader
from cds_service.fhir.owners import OneOwner, Owners
from cds_service.fhir.people import joined, names_of, read_person
from cds_service.fhir.record import SOURCE_OF_TYPE, Chart, Shelf, reference_of, subject_of
from cds_service.fhir.structs import ABSENT, Entry, Part, Reference, Resource, Response, parts_decoder
from cds_service.fhir.vaccines import VaccineReader
from cds_service.fhir.versions import Versions, content_of
from cds_service.fhir.visits import VisitReader

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_SERIOUS = frozenset({"error", "fatal"})
_PACKAGING = frozenset({"OperationOutcome", "Bundle", "Parameters"})
_DEEPEST_BUNDLE = 8
Filing = Callable[[Chart, Resource, str | None], None]
ALL_SOURCES = tuple(SOURCE_OF_TYPE.values())


@dataclass(slots=True)
class Record:
    """Resources to read together. `gaps` are known already (a prefetch key that was not provided)."""

    entries: list[Entry] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    gaps: dict[Source, Gap] = field(default_factory=dict)
    drafts: list[Entry] = field(default_factory=list)


def bundle_record(decoded: Decoded) -> Record:
    """A Bundle as the whole record, unless it says itself that it is not (an error outcome, a next page)."""
    record = Record(unreadable=list(decoded.unreadable))
    partial = _collect(decoded, record)
    # An outcome nobody can read may be the one that says what is missing.
    if partial or any(_may_be_anything(item) for item in record.unreadable):
        record.gaps = dict.fromkeys(ALL_SOURCES, Gap.PARTIAL)
    return record


def _may_be_anything(item: Unreadable) -> bool:
    """An entry without content that can be made out, or an outcome that cannot be read: anything may be missing."""
    return not item.plain or item.plain.get("resourceType") == "OperationOutcome"


def _collect(decoded: Decoded, record: Record, depth: int = 0) -> bool:
    """Flatten nested Bundles into the record; True when something says that data are missing."""
    partial = any(link.relation == "next" for link in decoded.links)
    partial = partial or any(entry.response is not None and _has_failed(entry.response) for entry in decoded.entries)
    kinds = {entry.resource.resourceType for entry in decoded.entries if entry.resource is not None}
    if _PACKAGING.isdisjoint(kinds):
        record.entries += decoded.entries
        return partial
    for entry in decoded.entries:
        resource = entry.resource
        if resource is None:
            continue
        if resource.resourceType == "OperationOutcome":
            partial = partial or is_serious(resource)
        elif resource.resourceType == "Bundle":
            inner = taken_apart(resource)
            partial = (depth >= _DEEPEST_BUNDLE or _collect(inner, record, depth + 1)) or partial
        elif resource.resourceType == "Parameters":
            inner = _parameters(resource)
            record.unreadable += inner.unreadable
            partial = (depth >= _DEEPEST_BUNDLE or _collect(inner, record, depth + 1)) or partial
        else:
            record.entries.append(entry)
    return partial


def _parameters(resource: Resource) -> Decoded:
    """The resources that came as parameters, as if they had come as entries."""
    found = Decoded()
    if resource.parameter is ABSENT:
        return found
    try:
        parts = parts_decoder.decode(resource.parameter)
    except (msgspec.MsgspecError, RecursionError):
        found.unreadable.append(Unreadable("Parameters", {}))
        return found
    _add_parts(parts, "Parameters.parameter", found)
    return found


def _add_parts(parts: list[Part], place: str, found: Decoded) -> None:
    for number, part in enumerate(parts):
        here = f"{place}[{number}]"
        if part.resource is not ABSENT:
            inner = decode_resource(part.resource, here, found.unreadable)
            found.entries += [Entry(None, inner)] if inner is not None else []
        _add_parts(part.part or [], f"{here}.part", found)


def _has_failed(response: Response) -> bool:
    """A part of a batch that was refused: its data are not here."""
    if (response.status or "").startswith(("4", "5")):
        return True
    outcome = bytes(response.outcome)
    if outcome in (b"", b"null"):
        return False
    read = decode_resource(outcome, "response.outcome", [])
    return read is None or is_serious(read)


def is_serious(outcome: Resource) -> bool:
    """True when an OperationOutcome reports an error (a warning loses nothing)."""
    return any((issue.severity or "") in _SERIOUS for issue in outcome.issue or ())


class RecordReader:
    """Reads records with one label's code index; keep one per label and site, use it for every request."""

    def __init__(self, index: CodeIndex, zone: ZoneInfo | None = None) -> None:
        self.index, self.zone = index, zone

    def read_all(self, record: Record) -> list[Timeline]:
        """One timeline per Patient (or per distinct subject where there is none); at least one."""
        return _Reading(self, record).all_patients()

    def read_one(self, record: Record, patient_id: str) -> Timeline:
        """The timeline of the patient the call is about; other patients' resources are named and never used."""
        return _Reading(self, record).one_patient(patient_id)


class _Rest(NamedTuple):
    """What could be filed in no chart: somebody else's, nobody's, and what does not say its type."""

    strays: list[Unused]
    unnamed: list[Entry]
    untyped: list[Entry]


class _Reading:
    """One pass over one record."""

    def __init__(self, reader: RecordReader, record: Record) -> None:
        self.record = record
        self.dates = DateReader(reader.zone)
        self.versions = Versions(self.dates)
        entries = self.entries = self.versions.current(record.entries)
        # Found once, of everything: a large record does not fit into the processor's cache.
        self.people = [e for e in entries if e.resource is not None and e.resource.resourceType == "Patient"]

        # Nothing below may hold this object: in a cycle, a whole record would wait for the garbage collector.
        @cache
        def shelf() -> Shelf:
            found = [salvage(item.plain) for item in record.unreadable]
            medications = [Entry(None, item) for item in found if item.resourceType == "Medication"]
            return Shelf([*entries, *record.drafts, *medications])

        index, dates = reader.index, self.dates
        vaccines, allergies = VaccineReader(index, dates), AllergyReader(index, dates, shelf)
        self.labs = LabReader(index, dates, shelf)
        self.meds = MedicationReader(index, dates, shelf, vaccines)
        lists = ListReader(index, dates, self.meds)
        self.facts = FactReader(index, dates, shelf, vaccines)
        self.doubts = Doubts(index, dates, self.meds, allergies)
        self.filing: dict[str | None, Filing] = {
            "Observation": self.labs.observation,
            "DiagnosticReport": self.labs.report,
            "MedicationAdministration": self.meds.administration,
            "MedicationRequest": self.meds.order,
            "MedicationStatement": lists.mention,
            "MedicationUsage": lists.mention,
            "MedicationDispense": lists.mention,
            "ServiceRequest": self.facts.service_order,
            "Condition": self.facts.condition,
            "Procedure": self.facts.procedure,
            "Encounter": VisitReader(dates, self.facts.encounter).encounter,
            "Immunization": vaccines.immunization,
            "AllergyIntolerance": allergies.allergy,
            "Appointment": self.facts.appointment,
        }

    # --- whose resource is it ------------------------------------------------------------

    def all_patients(self) -> list[Timeline]:
        owners = Owners(self.people, self.record.unreadable)
        rest = self._file_everybodys(owners)
        odd = [*self.record.unreadable, *map(as_unreadable, rest.untyped)]
        for item in odd:
            self.doubts.owner(item, owners)  # somebody known by an unreadable resource only has a chart as well
        self._file_superseded(owners)
        self._file_people(owners)
        charts = owners.charts()
        for entry in rest.unnamed:
            self._file_unnamed(entry, charts, rest.strays)
        for item in odd:
            self.doubts.file(item, owners, charts, rest.strays)
        for chart in charts:
            self.versions.withdraw(chart, self.entries)
            chart.unused += rest.strays
            chart.gaps = dict(self.record.gaps)
        return [chart.timeline() for chart in charts]

    def _file_everybodys(self, owners: Owners) -> _Rest:
        """File what somebody's is; the loop that goes over every resource of a record."""
        rest = _Rest([], [], [])
        filing, known = self.filing, owners.known
        for entry in self.entries:
            resource = entry.resource
            if resource is None:
                continue
            file = filing.get(resource.resourceType)
            if file is None:
                if resource.resourceType is None:
                    rest.untyped.append(entry)
                continue
            named = resource.subject
            subject = named.reference if named.__class__ is Reference else subject_of(resource)
            chart = known.get(subject) or owners.find(subject)
            if chart is not None:
                try:
                    file(chart, resource, entry.fullUrl)
                except UnreadablePartError:
                    self.doubts.part(chart, resource, entry.fullUrl)
            elif owners.is_unnamed(subject):
                rest.unnamed.append(entry)
            elif owners.is_patient(subject) or self.doubts.concepts_of(resource):
                rest.strays.append(Unused(reference_of(resource, entry.fullUrl), "wrong-patient"))
        return rest

    def one_patient(self, patient_id: str) -> Timeline:
        chart = Chart(f"Patient/{patient_id}")
        owners = OneOwner(chart, names_of(patient_id, self.people))
        seen: set[str | None] = set()  # types: a Source takes three times as long to add
        foreign: set[str | None] = set()
        untyped: list[Entry] = []
        filing, own = self.filing, ""
        for entry in self.entries:
            resource = entry.resource
            if resource is None:
                continue
            kind = resource.resourceType
            file = filing.get(kind)
            if file is None:
                if kind is None:
                    untyped.append(entry)
                continue
            named = resource.subject
            subject = named.reference if named.__class__ is Reference else subject_of(resource)
            if subject and (subject == own or owners.find(subject) is not None):
                own = subject
                seen.add(kind)
                try:
                    file(chart, resource, entry.fullUrl)
                except UnreadablePartError:
                    self.doubts.part(chart, resource, entry.fullUrl)
            elif owners.is_unnamed(subject):
                seen.add(kind)
                self._file_unnamed(entry, [chart], chart.unused)
            elif owners.is_patient(subject) or self.doubts.concepts_of(resource):
                foreign.add(kind)
                chart.drop(reference_of(resource, entry.fullUrl), "wrong-patient")
        self._file_drafts(chart)
        self.versions.withdraw(chart, self.entries)
        self._file_superseded(owners)
        self._file_people(owners)
        for item in [*self.record.unreadable, *map(as_unreadable, untyped)]:
            kind = item.plain.get("resourceType")
            is_own = self.doubts.file(item, owners, [chart], chart.unused)
            if not is_own and isinstance(kind, str) and kind in _READ_TYPES:
                foreign.add(kind)
        chart.gaps = dict(self.record.gaps)
        sources = {_source_of(kind) for kind in seen}
        for source in map(_source_of, foreign):
            chart.gaps.setdefault(source, Gap.FOREIGN_DATA if source in sources else Gap.PARTIAL)
        return chart.timeline()

    def _file_people(self, owners: Owners | OneOwner) -> None:
        """What the Patient resources say of the person each chart belongs to; the surviving record's word first."""
        for entry in sorted(self.people, key=content_of) if len(self.people) > 1 else self.people:
            chart = owners.find(reference_of(entry.resource, entry.fullUrl)) if entry.resource is not None else None
            if chart is None or entry.resource is None:
                continue
            person = read_person(entry.resource, self.dates)
            is_survivor = chart.patient == reference_of(entry.resource, entry.fullUrl)
            one, other = (person, chart.person) if is_survivor else (chart.person, person)
            chart.person = joined(one, other) if other is not None else one

    def _file_superseded(self, owners: Owners | OneOwner) -> None:
        for entry in self.versions.superseded:
            chart = owners.of(entry.resource)
            if chart is not None and entry.resource is not None and self.doubts.concepts_of(entry.resource):
                chart.drop(reference_of(entry.resource, entry.fullUrl), "duplicate")

    def _file_unnamed(self, entry: Entry, charts: Sequence[Chart], strays: list[Unused]) -> None:
        """A resource that names no patient is nobody's evidence; verdicts resting on its absence cannot be told."""
        resource = entry.resource
        concepts = self.doubts.concepts_of(resource) if resource is not None else frozenset()
        if resource is None or not concepts:
            return
        reference = reference_of(resource, entry.fullUrl)
        strays.append(Unused(reference, "unresolved-reference"))
        for chart in charts:
            self.doubts.doubt(chart, resource.resourceType or "", reference, concepts)

    def _file_drafts(self, chart: Chart) -> None:
        for entry in self.record.drafts:
            resource = entry.resource
            if resource is None:
                continue
            if resource.resourceType == "MedicationRequest":
                self.meds.order(chart, resource, entry.fullUrl, draft=True)
            elif resource.resourceType == "ServiceRequest":
                self.facts.service_order(chart, resource, entry.fullUrl, draft=True)
            elif (file := self.filing.get(resource.resourceType)) is not None:
                try:
                    file(chart, resource, entry.fullUrl)
                except UnreadablePartError:
                    self.doubts.part(chart, resource, entry.fullUrl)


def _source_of(kind: str | None) -> Source:
    """Where resources of a type come from; what is asked for nowhere comes with the patient."""
    return SOURCE_OF_TYPE.get(kind or "", Source.PATIENT)


_READ_TYPES = frozenset(SOURCE_OF_TYPE) - {"Patient"}

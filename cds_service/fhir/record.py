"""What is being collected while a record is read: one `Chart` per patient, and the resources others refer to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from cds_service.core.dates import When
from cds_service.core.timeline import (
    Administration,
    AllergyFact,
    Appointment,
    ConditionFact,
    DrugOrder,
    Gap,
    Measured,
    Mention,
    Person,
    Result,
    ServiceOrder,
    Source,
    Timeline,
    Unused,
    Vaccination,
    Visit,
)
from cds_service.fhir.dates import DateReader
from cds_service.fhir.structs import (
    ABSENT,
    Entry,
    Identifier,
    Reference,
    Resource,
    identifiers_decoder,
    meta_decoder,
    participants_decoder,
)

SOURCE_OF_TYPE = MappingProxyType(
    {
        "Patient": Source.PATIENT,
        "MedicationAdministration": Source.ADMINISTRATIONS,
        "Observation": Source.OBSERVATIONS,
        "DiagnosticReport": Source.REPORTS,
        "MedicationRequest": Source.MEDICATIONS,
        "MedicationStatement": Source.STATEMENTS,
        "MedicationUsage": Source.STATEMENTS,
        "MedicationDispense": Source.DISPENSES,
        "ServiceRequest": Source.ORDERS,
        "Condition": Source.CONDITIONS,
        "AllergyIntolerance": Source.ALLERGIES,
        "Immunization": Source.IMMUNIZATIONS,
        "Procedure": Source.PROCEDURES,
        "Encounter": Source.ENCOUNTERS,
    }
)

_NO_IDENTIFIERS: frozenset[str] = frozenset()
_MOST_DIGITS = 18


def reference_of(resource: Resource, full_url: str | None = None) -> str:
    """How evidence names a resource: Type/id, else its fullUrl, else its type."""
    if resource.id:
        return f"{resource.resourceType}/{resource.id}"
    return full_url or f"{resource.resourceType} (without id)"


def tail(reference: str) -> str:
    """`Type/id` of a relative, absolute or versioned reference; other references unchanged."""
    path = reference.split("/_history/", 1)[0].split("|", 1)[0]
    parts = path.rsplit("/", 2)
    return f"{parts[-2]}/{parts[-1]}" if len(parts) >= 2 and parts[-2][:1].isupper() else path


def subject_of(resource: Resource) -> str | None:
    """The reference of the patient the resource names, from `subject` or `patient`; a contained one names nobody."""
    named = resource.subject or resource.patient
    if named is None and resource.participant is not ABSENT:
        named = _attending(resource)
    if isinstance(named, list):
        named = named[0] if named else None
    if not isinstance(named, Reference) or not named.reference or named.reference.startswith("#"):
        return None
    return named.reference


def _attending(resource: Resource) -> Reference | None:
    """The patient among the participants of an appointment."""
    try:
        actors = [item.actor for item in participants_decoder.decode(resource.participant)]
    except msgspec.DecodeError:
        return None
    return next((actor for actor in actors if actor and tail(actor.reference or "").startswith("Patient/")), None)


def last_updated(resource: Resource, dates: DateReader) -> datetime | None:
    """When this version was written, if it says so readably."""
    if resource.meta is ABSENT:
        return None
    try:
        text = meta_decoder.decode(resource.meta).lastUpdated
    except msgspec.DecodeError:
        return None
    when = dates.read(text) if text else None
    return when.instant if when is not None else None


def version_of(resource: Resource) -> int | None:
    """The number of this version, where the server counts them."""
    if resource.meta is ABSENT:
        return None
    try:
        text = meta_decoder.decode(resource.meta).versionId or ""
    except msgspec.DecodeError:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def identifiers_of(resource: Resource) -> frozenset[str]:
    """The business identifiers, which the same event has in every feed."""
    if resource.identifier is ABSENT:
        return _NO_IDENTIFIERS
    try:
        found = identifiers_decoder.decode(resource.identifier)
    except msgspec.DecodeError:
        return _NO_IDENTIFIERS
    listed = found if isinstance(found, list) else [found]
    return frozenset(f"{item.system}|{item.value}" for item in listed if isinstance(item, Identifier) and item.value)


class Withdrawn(NamedTuple):
    """A result that is said to be none: the event in another feed may be written as one still."""

    identifiers: frozenset[str]
    concepts: frozenset[str]
    day: date
    written: datetime


class Shelf:
    """Resources that others refer to (Medication, Observation, ...), found by any kind of reference.

    By bare id, where no two resources share one: a fifth of the time that names take to build. Addresses are listed
    only once something is referred to by one.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries
        self._by_id = {entry.resource.id: entry for entry in entries if entry.resource is not None}
        self._by_name: dict[str, Entry] | None = None
        if len(self._by_id) < len(entries):
            self._by_name = {}
            for entry in entries:
                if entry.resource is not None and entry.resource.id:
                    self._by_name.setdefault(f"{entry.resource.resourceType}/{entry.resource.id}", entry)
        self._by_url: dict[str, Entry] | None = None

    def find(self, reference: str | None, holder: Resource) -> Resource | None:
        """The resource a reference of `holder` points at: contained, in the data, absolute or versioned."""
        if not reference:
            return None
        if reference.startswith("#"):
            for inner in holder.contained or ():
                if inner.id in (reference[1:], reference):
                    return inner
            return None
        if ":" not in reference and (entry := self._named(reference)) is not None:
            return entry.resource
        address = reference.split("/_history/", 1)[0].split("|", 1)[0]
        if self._by_url is None:
            self._by_url = {e.fullUrl: e for e in self._entries if e.fullUrl and e.resource is not None}
        entry = self._by_url.get(reference) or self._by_url.get(address)
        if entry is None:
            entry = self._named(tail(address))
            if entry is not None and _on_another_server(address, entry.fullUrl):
                return None
        return entry.resource if entry is not None else None

    def _named(self, name: str) -> Entry | None:
        """By `Type/id`."""
        if self._by_name is not None:
            return self._by_name.get(name)
        kind, _, identity = name.partition("/")
        entry = self._by_id.get(identity) if identity else None
        if entry is None or entry.resource is None or entry.resource.resourceType != kind:
            return None
        return entry


def _on_another_server(address: str, full_url: str | None) -> bool:
    """An absolute reference that ends like a resource whose own absolute address is a different one."""
    return "://" in address and full_url is not None and "://" in full_url and address != full_url


class Chart:
    """The facts of one patient as they are found; `timeline` freezes them."""

    def __init__(self, patient: str | None) -> None:
        self.patient = patient
        self.administrations: list[Administration] = []
        self.drug_orders: list[DrugOrder] = []
        self.infusion_orders: list[DrugOrder] = []  # written as services
        self.own: frozenset[str] = frozenset()  # concepts of the drug they are for
        self.mentions: list[Mention] = []
        self.results: dict[str, list[Result]] = defaultdict(list)
        self.pending: dict[str, list[Result]] = defaultdict(list)
        self.unread: dict[str, list[str]] = defaultdict(list)
        self.unread_since: dict[str, When] = {}
        self.service_orders: list[ServiceOrder] = []
        self.measured: dict[str, list[Measured]] = defaultdict(list)
        self.conditions: list[ConditionFact] = []
        self.allergies: list[AllergyFact] = []
        self.vaccinations: list[Vaccination] = []
        self.appointments: list[Appointment] = []
        self.visits: list[Visit] = []
        self.person: Person | None = None
        self.withdrawn: list[Withdrawn] = []
        self.unused: list[Unused] = []
        self.gaps: dict[Source, Gap] = {}

    def drop(self, reference: str, why: str, concepts: Iterable[str] = (), when: When | None = None) -> None:
        """Name a resource that is not used; with concepts, verdicts resting on their absence cannot be told.

        `when`: its date, if that at least can be read.
        """
        self.unused.append(Unused(reference, why))
        self.doubt(reference, concepts, when)

    def doubt(self, reference: str, concepts: Iterable[str], when: When | None = None) -> None:
        """A resource with these concepts that says nothing usable."""
        for concept in concepts:
            self.unread[concept].append(reference)
            if when is not None:
                self.unread_since[reference] = when

    def withdraw(self, resource: Resource, concepts: frozenset[str], when: When | None, dates: DateReader) -> None:
        """Remember a result that was withdrawn, if it can be recognized in another feed."""
        if resource.identifier is ABSENT or when is None or not when.is_exact_day:
            return
        written, identifiers = last_updated(resource, dates), identifiers_of(resource)
        if written is not None and identifiers:
            self.withdrawn.append(Withdrawn(identifiers, concepts, when.first, written))

    def timeline(self) -> Timeline:
        """The immutable timeline of this chart."""
        return Timeline(
            patient=self.patient,
            administrations=tuple(self.administrations),
            drug_orders=(*self.drug_orders, *self._other_orders()),
            mentions=tuple(self.mentions),
            results=_frozen(self.results),
            pending=_frozen(self.pending),
            unread=MappingProxyType({concept: tuple(found) for concept, found in self.unread.items()}),
            unread_since=MappingProxyType(self.unread_since),
            service_orders=tuple(self.service_orders),
            measured=MappingProxyType({concept: tuple(found) for concept, found in self.measured.items()}),
            conditions=tuple(self.conditions),
            allergies=tuple(self.allergies),
            vaccinations=tuple(self.vaccinations),
            appointments=tuple(self.appointments),
            visits=tuple(self.visits),
            person=self.person,
            gaps=MappingProxyType(dict(self.gaps)),
            unused=tuple(dict.fromkeys(self.unused)),
        )

    def _other_orders(self) -> list[DrugOrder]:
        """Infusions ordered as services, unless the drug itself is ordered: one order in two ways counts once."""
        is_ordered = any((order.draft or order.active) and order.concepts & self.own for order in self.drug_orders)
        return [] if is_ordered else self.infusion_orders


def is_code(value: object, codes: AbstractSet[str]) -> bool:
    """Whether a status is one of these codes; a status that is no text at all is none."""
    return isinstance(value, str) and value in codes


def _frozen(found: dict[str, list[Result]]) -> Mapping[str, tuple[Result, ...]]:
    return MappingProxyType({concept: tuple(results) for concept, results in found.items()})

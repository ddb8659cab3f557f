"""Prefetch to a record: absent, `null`, empty, failed, partial and readable stay different things to the very end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from cds_service.cds_hooks.templates import looks_unresolved
from cds_service.core.timeline import Gap, Source
from cds_service.fhir.codes import CodeIndex
from cds_service.fhir.dates import DateReader
from cds_service.fhir.decode import Decoded, Unreadable, decode_resource
from cds_service.fhir.envelope import Prefetched
from cds_service.fhir.meds import MedicationReader
from cds_service.fhir.people import names_of
from cds_service.fhir.reader import Record, bundle_record, is_serious
from cds_service.fhir.record import SOURCE_OF_TYPE, Shelf, subject_of, tail
from cds_service.fhir.structs import Entry, Resource

_PATIENT_NAMES = frozenset({"patient", "subject"})
PREFETCH_SOURCES = tuple(Source)
DRAFTS = "context.draftOrders"
BOOKED = "context.appointments"
_MEDICATION_DRAFT = "MedicationRequest"
_CORE_OF_AN_ORDER = frozenset(
    {
        "resourceType",
        "id",
        "status",
        "intent",
        "doNotPerform",
        "subject",
        "code",
        "orderDetail",
        "contained",
        "medication",
        "medicationCodeableConcept",
        "medicationReference",
    }
)


class WrongPatientError(Exception):
    """The call is about two people; `expression` names the member that speaks of the other one."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        super().__init__(f"{expression} is about another patient")


def prefetch_record(
    prefetch: Mapping[str, Prefetched],
    drafts: Iterable[Mapping[str, Any]],
    patient_id: str,
    asked: frozenset[Source],
) -> Record:
    """Everything a call brought, as one record. `asked`: the keys this service publishes; others are ignored.

    Raises WrongPatientError when the Patient or a draft belongs to somebody else.
    """
    record = Record()
    for source in PREFETCH_SOURCES:
        if source not in asked:
            continue
        value = prefetch.get(source.value)
        if value is None:
            record.gaps[source] = Gap.NOT_PROVIDED
        elif source is Source.PATIENT:
            _check_patient(value, patient_id, record)
        else:
            _add(source, value, patient_id, record)
    _add_drafts(drafts, patient_id, record)
    return record


def _check_patient(value: Prefetched, patient_id: str, record: Record) -> None:
    """The Patient itself, alone or in a Bundle; nobody there (`null`, an empty searchset) is as not received."""
    found = [value.resource] if value.resource is not None else []
    if value.decoded is not None:
        if _was_never_asked(value.decoded):
            record.gaps[Source.PATIENT] = Gap.NOT_PROVIDED
            return
        found = [entry.resource for entry in value.decoded.entries if entry.resource is not None]
    named = [Entry(None, item) for item in found if item.resourceType == "Patient" and item.id is not None]
    own = [item for item in named if item.resource is not None and item.resource.id in names_of(patient_id, [item])]
    if named and not own:
        raise WrongPatientError("prefetch.patient")
    if own:
        record.entries += own
    else:
        record.gaps[Source.PATIENT] = Gap.NOT_PROVIDED


def _add(source: Source, value: Prefetched, patient_id: str, record: Record) -> None:
    """One list: its resources, and why it is not complete, if it is not."""
    if value.is_null:
        return
    if value.decoded is None:
        resource = value.resource
        if resource is not None and _source_of(resource) is source:
            record.entries.append(Entry(None, resource))
            record.gaps[source] = Gap.PARTIAL
        else:
            record.gaps[source] = Gap.NOT_PROVIDED
        return
    own = bundle_record(value.decoded)
    if (value.decoded.total or 0) > len(value.decoded.entries) + len(value.decoded.unreadable):
        own.gaps[source] = Gap.PARTIAL  # the server found more than it sent
    answers = any(_source_of(entry.resource) is source for entry in own.entries)
    another = _was_never_asked(value.decoded) or _was_asked_of_another(value.decoded, patient_id)
    if another or (own.entries and not answers):
        record.gaps[source] = Gap.NOT_PROVIDED  # another query was answered, or none
        return
    record.entries += own.entries
    record.unreadable += own.unreadable
    if own.gaps:
        record.gaps[source] = Gap.PARTIAL if own.entries else _failed_or_partial(value)


def _source_of(resource: Resource | None) -> Source | None:
    return SOURCE_OF_TYPE.get(resource.resourceType or "") if resource is not None else None


def _failed_or_partial(value: Prefetched) -> Gap:
    """A Bundle with nothing but an error is a failed query."""
    entries = value.decoded.entries if value.decoded is not None else []
    failed = any(entry.resource is not None and is_serious(entry.resource) for entry in entries)
    return Gap.NOT_PROVIDED if failed else Gap.PARTIAL


def _was_never_asked(bundle: Decoded) -> bool:
    """A self link that still holds a template token: the query was never really asked."""
    return any(looks_unresolved(link.url or "") for link in bundle.links if link.relation == "self")


def _was_asked_of_another(bundle: Decoded, patient_id: str) -> bool:
    """A self link that asked for somebody else's resources: whatever it answers, it answers nothing here."""
    queries = [(link.url or "").partition("?")[2] for link in bundle.links if link.relation == "self"]
    asked = [value for query in queries for name, value in _parameters(query) if name in _PATIENT_NAMES]
    return bool(asked) and not any(
        tail(part).removeprefix("Patient/") == patient_id for part in ",".join(asked).split(",")
    )


def _parameters(query: str) -> list[tuple[str, str]]:
    """The parameters of a query; one without escapes is simply split (a fifth of the time, for every list)."""
    if "%" in query or "+" in query:
        return parse_qsl(query)
    pairs = [part.partition("=") for part in query.split("&")]
    return [(name, value) for name, _, value in pairs if value]


def _add_drafts(drafts: Iterable[Mapping[str, Any]], patient_id: str, record: Record) -> None:
    """Draft orders of the context; a stored copy of the same order gives way to its draft."""
    drafted: set[tuple[str | None, str]] = set()
    names = names_of(patient_id, record.entries)
    for number, draft in enumerate(drafts):
        place = f"{BOOKED if draft.get('resourceType') == 'Appointment' else DRAFTS}.entry[{number}].resource"
        resource = _draft(draft, place, record)
        if resource is None:
            continue
        subject = subject_of(resource)
        if subject is not None and _is_another(subject, names):
            raise WrongPatientError(f"{place}.subject")
        record.drafts.append(Entry(None, resource))
        if resource.id:
            drafted.add((resource.resourceType, resource.id))
    if drafted:
        record.entries = [entry for entry in record.entries if _key(entry.resource) not in drafted]


def _draft(draft: Mapping[str, Any], place: str, record: Record) -> Resource | None:
    """A draft as it stands; one with odd parts by what it orders and for whom, so that it can still be judged."""
    odd: list[Unreadable] = []
    resource = decode_resource(msgspec.json.encode(draft), place, odd)
    if resource is not None:
        return resource
    core = {name: value for name, value in draft.items() if name in _CORE_OF_AN_ORDER}
    resource = decode_resource(msgspec.json.encode(core), place, [])
    if resource is None:
        record.unreadable += odd
    return resource


def _is_another(subject: str, names: frozenset[str]) -> bool:
    """Whether a reference names somebody else; one by `urn:` names nobody that could be compared."""
    return not subject.startswith("urn:") and tail(subject) not in names


def _key(resource: Resource | None) -> tuple[str | None, str | None]:
    return (resource.resourceType, resource.id) if resource is not None else (None, None)


def drafted_concepts(record: Record, index: CodeIndex) -> tuple[frozenset[str], bool]:
    """Concepts of what is drafted, and whether a medication among it refers to one nobody can tell.

    A draft that names no medication at all (an order just begun) says nothing and is passed over.
    """
    shelf = Shelf([*record.entries, *record.drafts])
    meds = MedicationReader(index, DateReader(), lambda: shelf)
    concepts: frozenset[str] = frozenset()
    untold = any(item.place.startswith(DRAFTS) and _is_medication(item.plain) for item in record.unreadable)
    for entry in record.drafts:
        resource = entry.resource
        if resource is not None and resource.resourceType == "ServiceRequest":
            concepts |= meds.vaccines.ordered(resource)
        if resource is None or resource.resourceType != _MEDICATION_DRAFT or not meds.names_medication(resource):
            continue
        concepts |= meds.concepts(resource)
        untold = untold or not meds.resolves(resource)
    return concepts, untold


def _is_medication(plain: Mapping[str, Any]) -> bool:
    return plain.get("resourceType") == _MEDICATION_DRAFT

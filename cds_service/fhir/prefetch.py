"""Prefetch to a record: absent, `null`, empty, failed, partial and readable stay different things to the very end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from cds_service.core.timeline import Gap, Source
from cds_service.fhir.codes import CodeIndex
from cds_service.fhir.dates import DateReader
from cds_service.fhir.decode import decode_resource
from cds_service.fhir.envelope import Prefetched
from cds_service.fhir.meds import MedicationReader
from cds_service.fhir.reader import Record, bundle_record, is_serious
from cds_service.fhir.record import SOURCE_OF_TYPE, Shelf, subject_of, tail
from cds_service.fhir.structs import Entry, Resource

PREFETCH_SOURCES = tuple(Source)


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
            _add(source, value, record)
    _add_drafts(drafts, patient_id, record)
    return record


def _check_patient(value: Prefetched, patient_id: str, record: Record) -> None:
    resource = value.resource
    if value.decoded is not None:
        found = [entry.resource for entry in value.decoded.entries if entry.resource is not None]
        resource = next((item for item in found if item.resourceType == "Patient"), None)
    if resource is None or resource.resourceType != "Patient":
        record.gaps[Source.PATIENT] = Gap.NOT_PROVIDED
        return
    if resource.id != patient_id:
        raise WrongPatientError("prefetch.patient")
    record.entries.append(Entry(None, resource))


def _add(source: Source, value: Prefetched, record: Record) -> None:
    """One list: its resources, and why it is not complete, if it is not."""
    if value.is_null:
        return
    if value.decoded is None:
        resource = value.resource
        if resource is not None and SOURCE_OF_TYPE.get(resource.resourceType or "") is source:
            record.entries.append(Entry(None, resource))
            record.gaps[source] = Gap.PARTIAL
        else:
            record.gaps[source] = Gap.NOT_PROVIDED
        return
    if any(link.relation == "self" and _never_resolved(link.url or "") for link in value.decoded.links):
        record.gaps[source] = Gap.NOT_PROVIDED
        return
    own = bundle_record(value.decoded)
    record.entries += own.entries
    record.unreadable += own.unreadable
    if own.gaps:
        record.gaps[source] = Gap.PARTIAL if own.entries else _failed_or_partial(value)


def _failed_or_partial(value: Prefetched) -> Gap:
    """A Bundle with nothing but an error is a failed query."""
    entries = value.decoded.entries if value.decoded is not None else []
    failed = any(entry.resource is not None and is_serious(entry.resource) for entry in entries)
    return Gap.NOT_PROVIDED if failed else Gap.PARTIAL


def _never_resolved(link: str) -> bool:
    """A self link that still holds a template token: the query was never really asked."""
    return "{{" in link or "%7b%7b" in link.lower()


def _add_drafts(drafts: Iterable[Mapping[str, Any]], patient_id: str, record: Record) -> None:
    """Draft orders of the context; a stored copy of the same order gives way to its draft."""
    drafted: set[tuple[str | None, str]] = set()
    for number, draft in enumerate(drafts):
        place = f"context.draftOrders.entry[{number}].resource"
        resource = decode_resource(msgspec.json.encode(draft), place, record.unreadable)
        if resource is None:
            continue
        subject = subject_of(resource)
        if subject is not None and tail(subject) not in (f"Patient/{patient_id}", patient_id):
            raise WrongPatientError(f"{place}.subject")
        record.drafts.append(Entry(None, resource))
        if resource.id:
            drafted.add((resource.resourceType, resource.id))
    if drafted:
        record.entries = [entry for entry in record.entries if _key(entry.resource) not in drafted]


def _key(resource: Resource | None) -> tuple[str | None, str | None]:
    return (resource.resourceType, resource.id) if resource is not None else (None, None)


def drafted_concepts(record: Record, index: CodeIndex) -> tuple[frozenset[str], bool]:
    """Concepts of the drafted medications, and whether one refers to a medication nobody can tell.

    A draft that names no medication at all (an order just begun) says nothing and is passed over.
    """
    shelf = Shelf([*record.entries, *record.drafts])
    meds = MedicationReader(index, DateReader(), lambda: shelf)
    concepts: frozenset[str] = frozenset()
    untold = any(item.plain.get("resourceType") in _MEDICATION_DRAFTS for item in record.unreadable)
    for entry in record.drafts:
        resource = entry.resource
        if resource is None or resource.resourceType not in _MEDICATION_DRAFTS or not meds.names_medication(resource):
            continue
        concepts |= meds.concepts(resource)
        untold = untold or not meds.resolves(resource)
    return concepts, untold


_MEDICATION_DRAFTS = frozenset({"MedicationRequest"})

"""The Patient resource: sex, birth, death, and which patients are one and the same.

Source: the readings on deceased and linked patients (docs/decisions).
"""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.core.timeline import Person
from cds_service.fhir.dates import DateReader
from cds_service.fhir.record import reference_of, tail
from cds_service.fhir.structs import Entry, Resource

_GENDERS = frozenset({"male", "female", "other", "unknown"})
_SAME = frozenset({"replaces", "replaced-by"})  # `refer` and `seealso` are other records that may be of the same person


def read_person(resource: Resource, dates: DateReader) -> Person:
    """What a Patient says of the person. A death without a readable date is a death."""
    died = dates.read(resource.deceasedDateTime) if resource.deceasedDateTime else None
    return Person(
        gender=resource.gender if resource.gender in _GENDERS else None,
        born=dates.read(resource.birthDate) if resource.birthDate else None,
        deceased=bool(resource.deceasedBoolean) or bool(resource.deceasedDateTime),
        died=died,
    )


def joined(one: Person | None, other: Person) -> Person:
    """Two records of one person: what either says; the first one wins where both do."""
    if one is None:
        return other
    return Person(
        one.gender or other.gender, one.born or other.born, one.deceased or other.deceased, one.died or other.died
    )


def same_as(resource: Resource) -> tuple[list[str], list[str]]:
    """Names (`Patient/id`) of the records this Patient replaces, and of those that replace it."""
    older: list[str] = []
    newer: list[str] = []
    for link in resource.link or ():
        other = link.other.reference if link.other is not None else None
        if link.type not in _SAME or not other:
            continue
        name = tail(other)
        (older if link.type == "replaces" else newer).append(name if "/" in name else f"Patient/{name}")
    return older, newer


def one_and_the_same(entries: Iterable[Entry]) -> dict[str, str]:
    """Every name of a linked patient -> the name all of them go by: that of the record no other one replaces."""
    successor: dict[str, str] = {}
    present: set[str] = set()
    for entry in entries:
        if entry.resource is None or entry.resource.resourceType != "Patient":
            continue
        name = reference_of(entry.resource, entry.fullUrl)
        present.add(name)
        older, newer = same_as(entry.resource)
        successor |= {found: name for found in older if found != name}
        successor |= dict.fromkeys([name], newer[-1]) if newer and newer[-1] != name else {}
    return (
        {name: _survivor(name, successor, present) for name in {*successor, *successor.values()}} if successor else {}
    )


def _survivor(name: str, successor: dict[str, str], present: set[str]) -> str:
    """The last record of the chain that is in the data; of a ring of records the first by name."""
    chain = [name]
    while (following := successor.get(chain[-1])) is not None:
        if following in chain:
            return min(chain[chain.index(following) :])
        chain.append(following)
    return next((found for found in reversed(chain) if found in present), chain[-1])


def names_of(patient_id: str, entries: Iterable[Entry]) -> frozenset[str]:
    """Every name of one patient: its own and those of the records it is linked with."""
    own = f"Patient/{patient_id}"
    known = one_and_the_same(entries)
    survivor = known.get(own)
    same = {name for name, found in known.items() if survivor is not None and found == survivor}
    return frozenset({own, patient_id, *same, *(name.partition("/")[2] for name in same)})

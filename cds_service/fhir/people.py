"""The Patient resource: sex, birth, death, and which patients are one and the same.

Source: the readings on deceased and linked patients (docs/decisions).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from cds_service.core.timeline import Person
from cds_service.fhir.dates import DateReader
from cds_service.fhir.record import reference_of, tail
from cds_service.fhir.structs import Entry, Resource

_GENDERS = frozenset({"male", "female", "other", "unknown"})
_NO_NAMES: Mapping[str, str] = MappingProxyType({})
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


def same_as(resource: Resource, names: Mapping[str, str] = _NO_NAMES) -> tuple[list[str], list[str]]:
    """Names (`Patient/id`) of the records this Patient replaces, and of those that replace it.

    `names`: the name of each Patient by its address.
    """
    older: list[str] = []
    newer: list[str] = []
    for link in resource.link or ():
        other = link.other.reference if link.other is not None else None
        if link.type not in _SAME or not other:
            continue
        name = names.get(other) or tail(other)
        (older if link.type == "replaces" else newer).append(name if "/" in name or ":" in name else f"Patient/{name}")
    return older, newer


def one_and_the_same(entries: Iterable[Entry]) -> dict[str, str]:
    """Every name of a linked patient -> the name all of them go by: that of the record no other one replaces."""
    successor: dict[str, str] = {}
    patients = [(e.resource, e.fullUrl) for e in entries if e.resource and e.resource.resourceType == "Patient"]
    names = {url: reference_of(resource, url) for resource, url in patients if url}
    present = {reference_of(resource, url) for resource, url in patients}
    for resource, url in patients:
        name = reference_of(resource, url)
        older, newer = same_as(resource, names)
        successor |= {found: name for found in older if found != name}
        successor |= dict.fromkeys([name], newer[-1]) if newer and newer[-1] != name else {}
    if not successor:
        return {}
    groups: dict[str, list[tuple[int, str]]] = {}
    for name in {*successor, *successor.values()}:
        last, steps = _last_of(name, successor)
        groups.setdefault(last, []).append((steps, name))
    same: dict[str, str] = {}
    for last, group in groups.items():
        # the closest to the end of the chain that is in the data
        survivor = next((name for _, name in sorted(group) if name in present), last)
        same |= {name: survivor for _, name in group}
    return same


def _last_of(name: str, successor: dict[str, str]) -> tuple[str, int]:
    """The last record of the chain, and how far it is; of a ring of records the first by name."""
    chain = [name]
    while (following := successor.get(chain[-1])) is not None:
        if following in chain:
            ring = chain[chain.index(following) :]
            return min(ring), int(name != min(ring))
        chain.append(following)
    return chain[-1], len(chain) - 1


def names_of(patient_id: str, entries: Iterable[Entry]) -> frozenset[str]:
    """Every name of one patient: its own and those of the records it is linked with."""
    own = f"Patient/{patient_id}"
    known = one_and_the_same(entries)
    survivor = known.get(own)
    same = {name for name, found in known.items() if survivor is not None and found == survivor}
    return frozenset({own, patient_id, *same, *(name.partition("/")[2] for name in same)})

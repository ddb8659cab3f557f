"""A label as FHIR R4: PlanDefinition, ActivityDefinitions, ValueSets, ConceptMaps, and one Bundle of them all.

Plain dictionaries, in an order that depends on nothing but the label. Everything is taken from the label as loaded: the
codes exported are the codes the service uses. No clock, no files.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

from cds_service.core.label import Recurring, Requirement, Test
from cds_service.core.timeline import Source
from cds_service.labels.loader import LabelBundle
from cds_service.labels.value_sets import HIERARCHICAL, SYSTEMS, Code, ValueSet

DEFAULT_BASE = "https://example.org/fhir"  # a name nobody owns: say where the resources really live with --base
REQUIREMENT_SYSTEM = "urn:cds-service:requirement"
COUNTED = "Results are counted, not interpreted: a done test is not a normal test."
_LONGEST_ID = 64
_ROLES = {
    "include": ("", ""),
    "ambiguous": ("-ambiguous", "ambiguous codes, which never decide alone"),
    "trap": ("-trap", "codes that look alike and do not count"),
}
_TYPES = {
    Source.PATIENT: ("Patient", ""),
    Source.ADMINISTRATIONS: ("MedicationAdministration", "medication"),
    Source.OBSERVATIONS: ("Observation", "code"),
    Source.REPORTS: ("DiagnosticReport", "code"),
    Source.MEDICATIONS: ("MedicationRequest", "medication"),
    Source.STATEMENTS: ("MedicationStatement", "medication"),
    Source.DISPENSES: ("MedicationDispense", "medication"),
    Source.ORDERS: ("ServiceRequest", "code"),
    Source.CONDITIONS: ("Condition", "code"),
    Source.ALLERGIES: ("AllergyIntolerance", "code"),
    Source.IMMUNIZATIONS: ("Immunization", "vaccineCode"),
    Source.PROCEDURES: ("Procedure", "code"),
    Source.ENCOUNTERS: ("Encounter", ""),
}
# Where codes of a system are looked for, the first source that the requirement reads.
_DRUGS = (Source.ADMINISTRATIONS, Source.MEDICATIONS, Source.ALLERGIES)
_READ_FROM = {
    "LOINC": (Source.OBSERVATIONS,),
    "CVX": (Source.IMMUNIZATIONS,),
    "ICD10CM": (Source.CONDITIONS,),
    "SNOMED": (Source.PROCEDURES, Source.CONDITIONS, Source.ALLERGIES),
    "CPT": (Source.PROCEDURES,),
    **dict.fromkeys(("RxNorm", "NDC", "ATC", "HCPCS"), _DRUGS),
}
_OWNERS = {
    "LOINC": "LOINC codes are copyright Regenstrief Institute; their license is at https://loinc.org/license.",
    "SNOMED": "SNOMED CT codes are copyright SNOMED International; using them needs a license.",
    "CPT": "CPT codes are copyright American Medical Association; using them needs a license.",
}
_URI_TO_NAME = {uris[0]: name for name, uris in SYSTEMS.items()}

Resource = dict[str, Any]


class MappedCode(NamedTuple):
    """One line of a site's map: local code, the label's code it stands for, and R4's word for how."""

    system: str
    code: str
    target_system: str
    target: str
    equivalence: str


class SiteMap(NamedTuple):
    """One of a site's ConceptMap files, as far as its lines count."""

    title: str
    lines: tuple[MappedCode, ...]


class _Order(NamedTuple):
    """Something the service suggests to order. `required_mg`: the dose, where the label names one."""

    id: str
    title: str
    coding: tuple[str, str, str]
    required_mg: float | None = None


def export_label(
    bundle: LabelBundle, version: str, base: str = DEFAULT_BASE, maps: Sequence[SiteMap] = ()
) -> list[Resource]:
    """Every resource, and last the transaction Bundle that holds them. `base`: what their canonical URLs begin with."""
    return _Export(bundle, version, base.rstrip("/"), maps).resources()


class _Export:
    def __init__(self, bundle: LabelBundle, version: str, base: str, maps: Sequence[SiteMap]) -> None:
        self.bundle, self.label, self.version, self.base, self.maps = bundle, bundle.label, version, base, maps
        self.codes: dict[tuple[str, str], list[Code]] = {}
        for code in bundle.codes:
            self.codes.setdefault((code.value_set, code.role), []).append(code)

    def resources(self) -> list[Resource]:
        sets = [self._value_set(*key, codes) for key, codes in self.codes.items()]
        orders = [self._activity(order) for order in self._orders(self.label.requirements)]
        maps = [self._map(number, site_map) for number, site_map in enumerate(self.maps, start=1)]
        found = [*sets, *orders, self._plan(sets), *maps]
        return [*found, self._transaction(found)]

    # --- what every resource carries ----------------------------------------------------------------------------------

    def _head(self, kind: str, name: str, title: str) -> Resource:
        identity = _short(f"{self.label.id}{name}")
        return {
            "resourceType": kind,
            "id": identity,
            "url": f"{self.base}/{kind}/{identity}",
            "version": self.version,
            "name": "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", identity)),
            "title": title,
            "status": "draft",
            "experimental": not self.bundle.is_signed_off,
        }

    def _url(self, kind: str, name: str) -> str:
        return f"{self.base}/{kind}/{_short(f'{self.label.id}{name}')}"

    def _citation(self, section: str | None = None) -> Resource:
        where = f", section {section}" if section else ""
        return {
            "type": "citation",
            "display": f"{self.label.drug} US prescribing information{where}",
            "citation": f"{self.label.title}{where}, revision {self.label.revision} (set id {self.label.set_id})",
            "url": self.bundle.url,
        }

    # --- value sets ---------------------------------------------------------------------------------------------------

    def _value_set(self, name: str, role: str, codes: list[Code]) -> Resource:
        known = self.bundle.value_sets[name]
        suffix, words = _ROLES[role]
        found = self._head("ValueSet", f"-{name}{suffix}", f"{known.title} ({words})" if words else known.title)
        found["description"] = _described(known, words)
        owners = [_OWNERS[system] for system in dict.fromkeys(code.system for code in codes) if system in _OWNERS]
        if owners:
            found["copyright"] = " ".join(owners)
        compose: Resource = {"include": list(_includes(codes))}
        excluded = list(self._excluded(codes))
        if excluded:
            compose["exclude"] = excluded
        return {**found, "compose": compose}

    def _excluded(self, codes: list[Code]) -> Iterator[Resource]:
        """What stands below a code of this set and belongs to another: the longest code decides."""
        own = {(code.value_set, code.role) for code in codes}
        for other in self.bundle.codes:
            if other.system in HIERARCHICAL and (other.value_set, other.role) not in own:
                above = [code for code in codes if code.system == other.system and _is_below(other, code)]
                if above:
                    yield _filter(other, "is-a")

    # --- orders -------------------------------------------------------------------------------------------------------

    def _orders(self, requirements: Iterable[Requirement]) -> list[_Order]:
        """Everything a requirement may suggest, each once."""
        found: dict[str, _Order] = {}
        for requirement in requirements:
            for order in self._orders_of(requirement.rule):
                found.setdefault(order.id, order)
        return list(found.values())

    def _orders_of(self, rule: object) -> Iterator[_Order]:
        for name, value in _members(rule):
            if isinstance(value, Test):
                yield _Order(f"-order-{value.id}", value.name, value.order)
            elif name == "order" and isinstance(value, tuple):
                holder = next((code.value_set for code in self.bundle.codes if code.code == value[1]), "drug")
                dose = getattr(rule, "required_mg", None)
                yield _Order(f"-order-{holder}", value[2], value, float(dose) if dose is not None else None)
            elif is_dataclass(value) or hasattr(value, "_fields"):
                yield from self._orders_of(value)

    def _activity(self, order: _Order) -> Resource:
        system, code, display = order.coding
        concept = {"coding": [{"system": system, "code": code, "display": display}], "text": order.title}
        found = self._head("ActivityDefinition", order.id, f"Order {order.title}")
        found["description"] = f"Draft order that the checks of {self.label.drug} suggest: {order.title}."
        found["relatedArtifact"] = [self._citation()]
        if _URI_TO_NAME[system] != "RxNorm":
            return {**found, "kind": "ServiceRequest", "intent": "order", "code": concept}
        found |= {"kind": "MedicationRequest", "intent": "order", "productCodeableConcept": concept}
        if order.required_mg is None:
            found["description"] += " The label names no dose."
            return found
        dose = int(order.required_mg) if order.required_mg.is_integer() else order.required_mg
        quantity = {"value": dose, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
        return {**found, "dosage": [{"text": f"{dose} mg", "doseAndRate": [{"doseQuantity": quantity}]}]}

    # --- the plan -----------------------------------------------------------------------------------------------------

    def _plan(self, sets: list[Resource]) -> Resource:
        label = self.label
        found = self._head("PlanDefinition", "", label.title)
        kind = {"system": "http://terminology.hl7.org/CodeSystem/plan-definition-type", "code": "clinical-protocol"}
        found["type"] = {"coding": [kind]}
        uncovered = "".join(f"\n- {item.what}: {item.why}" for item in self.bundle.not_covered)
        found["description"] = (
            f"What the US label of {label.drug} asks for, one action for each requirement, as this service checks it. "
            f"{COUNTED} {self.bundle.reviewed[:1].upper()}{self.bundle.reviewed[1:]}.\n\nNot covered:{uncovered}"
        )
        found["jurisdiction"] = [{"coding": [{"system": "urn:iso:std:iso:3166", "code": "US"}]}]
        if self.bundle.sign_off is not None and self.bundle.is_signed_off:
            found["approvalDate"] = self.bundle.sign_off.on
            found["reviewer"] = [{"name": self.bundle.sign_off.by}]
        needed = [{"type": "depends-on", "display": item["title"], "resource": item["url"]} for item in sets]
        found["relatedArtifact"] = [self._citation(), *needed]
        found["action"] = [self._action(requirement) for requirement in label.requirements]
        return found

    def _action(self, requirement: Requirement) -> Resource:
        found: Resource = {
            "id": requirement.id,
            "title": requirement.title,
            "description": requirement.says,
            "code": [{"coding": [{"system": REQUIREMENT_SYSTEM, "code": requirement.id}], "text": requirement.kind}],
            "documentation": [self._citation(requirement.section)],
        }
        hooks = sorted(hook for hook, names in self.label.hooks.items() if requirement.id in names)
        if hooks:
            found["trigger"] = [{"type": "named-event", "name": hook} for hook in hooks]
        found["input"] = self._inputs(requirement)
        rule = requirement.rule
        if isinstance(rule, Recurring):
            found["timingTiming"] = {"repeat": {"frequency": 1, "period": rule.months, "periodUnit": "mo"}}
            if rule.never_overdue:
                found["description"] += f" Every {rule.months} months by policy of this service, not by the label."
        orders = [self._url("ActivityDefinition", order.id) for order in self._orders([requirement])]
        if len(orders) == 1:
            found["definitionCanonical"] = orders[0]
        elif orders:
            found["action"] = [{"definitionCanonical": order} for order in orders]
        return found

    def _inputs(self, requirement: Requirement) -> list[Resource]:
        """What the requirement reads: each kind of resource, with the value sets looked for where the codes tell."""
        wanted = sorted(_concepts(requirement.rule) & self.bundle.value_sets.keys())
        filtered: dict[Source, list[Resource]] = {}
        for (name, role), codes in self.codes.items():
            if name not in wanted or role == "trap":
                continue
            places = {self._place(code, requirement) for code in codes} - {None}
            for source in sorted(place for place in places if place is not None):
                kind, path = _TYPES[source]
                look = {"path": path, "valueSet": self._url("ValueSet", f"-{name}{_ROLES[role][0]}")}
                filtered.setdefault(source, []).append({"type": kind, "codeFilter": [look]})
        return [
            item
            for source in Source
            if source in requirement.sources
            for item in filtered.get(source, [{"type": _TYPES[source][0]}])
        ]

    def _place(self, code: Code, requirement: Requirement) -> Source | None:
        return next((source for source in _READ_FROM.get(code.system, ()) if source in requirement.sources), None)

    # --- maps and the bundle ------------------------------------------------------------------------------------------

    def _map(self, number: int, site_map: SiteMap) -> Resource:
        found = self._head("ConceptMap", f"-local-{number}", f"Local codes: {site_map.title}")
        found["description"] = f"Codes of a site and the codes of {self.label.drug} checks they stand for."
        groups: dict[tuple[str, str], dict[str, list[Resource]]] = {}
        for line in site_map.lines:
            elements = groups.setdefault((line.system, line.target_system), {})
            elements.setdefault(line.code, []).append({"code": line.target, "equivalence": line.equivalence})
        return {
            **found,
            "group": [
                {
                    "source": source,
                    "target": target,
                    "element": [{"code": code, "target": targets} for code, targets in elements.items()],
                }
                for (source, target), elements in groups.items()
            ],
        }

    def _transaction(self, found: list[Resource]) -> Resource:
        entries = [
            {
                "fullUrl": item["url"],
                "resource": item,
                "request": {"method": "PUT", "url": f"{item['resourceType']}/{item['id']}"},
            }
            for item in found
        ]
        return {"resourceType": "Bundle", "id": self.label.id, "type": "transaction", "entry": entries}


def _described(known: ValueSet, words: str) -> str:
    parts = [f"{known.title}."]
    if words:
        parts.append(f"These are {words}.")
    if known.names:
        parts.append(f"Also matched by name, where a drug is written as text: {', '.join(known.names)}.")
    if known.panel:
        counts = "counts by itself" if known.panel == "counts" else "counts through its members only"
        parts.append(f"A panel of these {counts}.")
    return " ".join(parts)


def _includes(codes: list[Code]) -> Iterator[Resource]:
    """By system: the codes as a list, then what stands below them where a code stands for everything below it."""
    for system in dict.fromkeys(code.system for code in codes):
        own = [code for code in codes if code.system == system]
        listed = [{"code": code.code, "display": code.display} for code in own]
        yield {"system": SYSTEMS[system][0], "concept": listed}
        if system in HIERARCHICAL:
            yield from (_filter(code, "descendent-of") for code in own)


def _filter(code: Code, relation: str) -> Resource:
    return {"system": code.uri, "filter": [{"property": "concept", "op": relation, "value": code.code}]}


def _is_below(code: Code, other: Code) -> bool:
    mine, theirs = code.code.replace(".", ""), other.code.replace(".", "")
    return mine != theirs and mine.startswith(theirs)


def _members(rule: object) -> Iterator[tuple[str, object]]:
    """The fields of a rule, which is a named tuple or a dataclass."""
    names = getattr(rule, "_fields", None) or ([item.name for item in fields(rule)] if is_dataclass(rule) else [])
    for name in names:
        yield name, getattr(rule, name)


def _concepts(rule: object) -> set[str]:
    """Every word of a rule that may name a value set; of a test those that count, not its look-alikes."""
    found: set[str] = set()
    for _, value in _members(rule):
        if isinstance(value, Test):
            found |= value.concepts
        elif isinstance(value, str):
            found.add(value)
        elif isinstance(value, frozenset):
            found |= {item for item in value if isinstance(item, str)}
        elif isinstance(value, tuple) and not hasattr(value, "_fields"):
            found |= {item for item in value if isinstance(item, str)}.union(*(_concepts(item) for item in value))
        elif is_dataclass(value) or hasattr(value, "_fields"):
            found |= _concepts(value)
    return found


def _short(identity: str) -> str:
    """An id FHIR allows: at most 64 characters; a longer one is cut and told apart by a checksum."""
    if len(identity) <= _LONGEST_ID:
        return identity
    mark = hashlib.sha256(identity.encode()).hexdigest()[:8]
    return f"{identity[: _LONGEST_ID - 9]}-{mark}"

"""The same record written another way: R5 instead of R4, other kinds of references, medications of their own.

Each function takes a Bundle of R4 resources (`r5`: one resource) and returns a new one; a reader must find the same
facts. R4B is R4 for every type that is read here.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Callable
from typing import Any

from fhir_fixtures.codes import BASE

Resource = dict[str, Any]
_DRUGGED = frozenset({"MedicationAdministration", "MedicationRequest", "MedicationStatement", "MedicationDispense"})
_LITERAL = "reference"


def _each(bundle: Resource, change: Callable[[Resource], Resource]) -> Resource:
    """A Bundle with every resource changed."""
    entries = [entry | {"resource": change(copy.deepcopy(entry["resource"]))} for entry in bundle.get("entry", [])]
    return bundle | {"entry": entries}


# --- R5 ---------------------------------------------------------------------------------------------------------------


def to_r5(bundle: Resource) -> Resource:
    """The Bundle in R5."""
    return _each(bundle, r5)


def r5(resource: Resource) -> Resource:
    """One resource in R5: a medication is a CodeableReference, times and reasons have other names."""
    kind = resource["resourceType"]
    if kind in _DRUGGED:
        _codeable_medication(resource)
        for contained in resource.get("contained", []):
            _medication(contained)
    change = _CHANGES.get(kind)
    if change is not None:
        change(resource)
    return resource


def _codeable_medication(resource: Resource) -> None:
    concept = resource.pop("medicationCodeableConcept", None)
    reference = resource.pop("medicationReference", None)
    if concept is not None:
        resource["medication"] = {"concept": concept}
    elif reference is not None:
        resource["medication"] = {"reference": reference}


def _administration(resource: Resource) -> None:
    for old, new in (("effectivePeriod", "occurencePeriod"), ("effectiveDateTime", "occurenceDateTime")):
        if old in resource:
            resource[new] = resource.pop(old)


def _medication(resource: Resource) -> None:
    for ingredient in resource.get("ingredient", []):
        if "itemCodeableConcept" in ingredient:
            ingredient["item"] = {"concept": ingredient.pop("itemCodeableConcept")}
        if "itemReference" in ingredient:
            ingredient["item"] = {"reference": ingredient.pop("itemReference")}
        if "strength" in ingredient:
            ingredient["strengthRatio"] = ingredient.pop("strength")


def _condition(resource: Resource) -> None:
    """R5 asks for a clinical status, and has one for not knowing it."""
    resource.setdefault("clinicalStatus", {"coding": [{"system": _CLINICAL, "code": "unknown"}]})


_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"


def _statement(resource: Resource) -> None:
    """R5 says whether a drug is taken in `adherence`; `status` is that of the record."""
    taken = _TAKEN.get(resource["status"])
    if taken is not None:
        resource["adherence"] = {"code": {"coding": [{"system": _ADHERENCE, "code": taken}]}}
        resource["status"] = "recorded"
    if isinstance(resource.get("informationSource"), dict):
        resource["informationSource"] = [resource["informationSource"]]


_ADHERENCE = "http://hl7.org/fhir/CodeSystem/medication-statement-adherence"
_TAKEN = {
    "active": "taking",
    "completed": "stopped-as-directed",
    "stopped": "stopped",
    "on-hold": "on-hold",
    "not-taken": "not-taking",
    "unknown": "unknown",
}


def _service_request(resource: Resource) -> None:
    resource["code"] = _referable(resource["code"])


def _referable(concept: Resource) -> Resource:
    """A concept as R5's CodeableReference; one that is one already stays."""
    return concept if "concept" in concept or "reference" in concept else {"concept": concept}


def _procedure(resource: Resource) -> None:
    for old, new in (("performedDateTime", "occurrenceDateTime"), ("performedPeriod", "occurrencePeriod")):
        if old in resource:
            resource[new] = resource.pop(old)


def _allergy(resource: Resource) -> None:
    for reaction in resource.get("reaction", []):
        reaction["manifestation"] = [_referable(concept) for concept in reaction["manifestation"]]


def _encounter(resource: Resource) -> None:
    if resource["status"] == "finished":
        resource["status"] = "completed"
    if isinstance(resource.get("class"), dict):
        resource["class"] = [{"coding": [resource["class"]]}]
    if "period" in resource:
        resource["actualPeriod"] = resource.pop("period")
    if "reasonCode" in resource:
        resource["reason"] = [{"value": [{"concept": concept} for concept in resource.pop("reasonCode")]}]


def _appointment(resource: Resource) -> None:
    reasons = [{"concept": concept} for concept in resource.pop("reasonCode", [])]
    reasons += [{"reference": reference} for reference in resource.pop("reasonReference", [])]
    if reasons:
        resource["reason"] = reasons
    if "serviceType" in resource:
        resource["serviceType"] = [_referable(concept) for concept in resource["serviceType"]]
    if "comment" in resource:
        resource["note"] = [{"text": resource.pop("comment")}]


_CHANGES: dict[str, Callable[[Resource], None]] = {
    "MedicationAdministration": _administration,
    "Medication": _medication,
    "Condition": _condition,
    "MedicationStatement": _statement,
    "ServiceRequest": _service_request,
    "Procedure": _procedure,
    "AllergyIntolerance": _allergy,
    "Encounter": _encounter,
    "Appointment": _appointment,
}


# --- references -------------------------------------------------------------------------------------------------------


def with_absolute_references(bundle: Resource, base: str = BASE) -> Resource:
    """Every relative reference with the address of the server in front."""

    def absolute(value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, dict):
            return {
                key: f"{base}/{member}" if key == _LITERAL and _is_relative(member) else absolute(member)
                for key, member in value.items()
            }
        return [absolute(item) for item in value] if isinstance(value, list) else value

    entries = [
        entry
        | {
            "resource": absolute(entry["resource"]),
            "fullUrl": f"{base}/{entry['resource']['resourceType']}/{entry['resource']['id']}",
        }
        for entry in bundle.get("entry", [])
    ]
    return bundle | {"entry": entries}


def with_uuids(bundle: Resource) -> Resource:
    """Every resource under an address of its own, `urn:uuid:`, by which the others refer to it."""
    written = [f"{one['resourceType']}/{one['id']}" for one in (entry["resource"] for entry in bundle.get("entry", []))]
    names = {name: f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}" for name in written}

    def renamed(value: Any) -> Any:  # noqa: ANN401 - any JSON value
        if isinstance(value, dict):
            return {
                key: names.get(member, member) if key == _LITERAL and isinstance(member, str) else renamed(member)
                for key, member in value.items()
            }
        return [renamed(item) for item in value] if isinstance(value, list) else value

    entries = [
        {"fullUrl": names[f"{entry['resource']['resourceType']}/{entry['resource']['id']}"]}
        | {"resource": renamed(entry["resource"])}
        for entry in bundle.get("entry", [])
    ]
    return bundle | {"entry": entries}


def _is_relative(reference: object) -> bool:
    return isinstance(reference, str) and reference[:1].isupper() and "/" in reference


# --- medications ------------------------------------------------------------------------------------------------------


def with_referenced_medication(bundle: Resource) -> Resource:
    """Every medication written inline or contained becomes a Medication of its own that is referred to."""
    made: list[Resource] = []

    def refer(resource: Resource) -> Resource:
        if resource["resourceType"] not in _DRUGGED:
            return resource
        inner = resource.get("contained", [])
        if len(inner) == 1 and inner[0]["resourceType"] == "Medication":
            identity = _own_medication(resource)
            made.append({"resource": inner[0] | {"id": identity}})
            del resource["contained"]
            return resource | {"medicationReference": {"reference": f"Medication/{identity}"}}
        concept = resource.get("medicationCodeableConcept")
        if concept is None:
            return resource
        identity = _own_medication(resource)
        made.append({"resource": {"resourceType": "Medication", "id": identity, "code": concept}})
        del resource["medicationCodeableConcept"]
        return resource | {"medicationReference": {"reference": f"Medication/{identity}"}}

    changed = _each(bundle, refer)
    return changed | {"entry": [*changed["entry"], *made]}


def _own_medication(resource: Resource) -> str:
    """An id for the Medication of a resource; ids are unique within a type only."""
    return f"med-{resource['resourceType'].removeprefix('Medication').lower()}-{resource['id']}"


def with_contained_medication(bundle: Resource) -> Resource:
    """Every medication written inline becomes a Medication contained in the resource."""

    def contain(resource: Resource) -> Resource:
        concept = resource.get("medicationCodeableConcept")
        if resource["resourceType"] not in _DRUGGED or concept is None:
            return resource
        del resource["medicationCodeableConcept"]
        inner = {"resourceType": "Medication", "id": "inner", "code": concept}
        return resource | {"contained": [inner], "medicationReference": {"reference": "#inner"}}

    return _each(bundle, contain)

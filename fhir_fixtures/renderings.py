"""The same record written another way: R5 instead of R4, absolute references, medications of their own.

Each function takes a list of R4 resources (or a Bundle of them) and returns a new one; a reader must find the same facts.
"""

from __future__ import annotations

import copy
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
    for contained in resource.get("contained", []):
        _medication(contained)


def _medication(resource: Resource) -> None:
    for ingredient in resource.get("ingredient", []):
        if "itemCodeableConcept" in ingredient:
            ingredient["item"] = {"concept": ingredient.pop("itemCodeableConcept")}
        if "strength" in ingredient:
            ingredient["strengthRatio"] = ingredient.pop("strength")


def _statement(resource: Resource) -> None:
    taking = "stopped" if resource["status"] in ("completed", "stopped") else "taking"
    resource["adherence"] = {"code": {"coding": [{"system": _ADHERENCE, "code": taking}]}}
    resource["status"] = "recorded"
    if "informationSource" in resource:
        resource["informationSource"] = [resource["informationSource"]]


_ADHERENCE = "http://hl7.org/fhir/CodeSystem/medication-statement-adherence"


def _service_request(resource: Resource) -> None:
    resource["code"] = {"concept": resource["code"]}


def _procedure(resource: Resource) -> None:
    for old, new in (("performedDateTime", "occurrenceDateTime"), ("performedPeriod", "occurrencePeriod")):
        if old in resource:
            resource[new] = resource.pop(old)


def _allergy(resource: Resource) -> None:
    for reaction in resource.get("reaction", []):
        reaction["manifestation"] = [{"concept": concept} for concept in reaction["manifestation"]]


def _encounter(resource: Resource) -> None:
    if resource["status"] == "finished":
        resource["status"] = "completed"
    if "class" in resource:
        resource["class"] = [{"coding": [resource["class"]]}]
    if "period" in resource:
        resource["actualPeriod"] = resource.pop("period")
    if "reasonCode" in resource:
        resource["reason"] = [{"value": [{"concept": concept} for concept in resource.pop("reasonCode")]}]


def _appointment(resource: Resource) -> None:
    if "reasonCode" in resource:
        resource["reason"] = [{"concept": concept} for concept in resource.pop("reasonCode")]
    if "serviceType" in resource:
        resource["serviceType"] = [{"concept": concept} for concept in resource["serviceType"]]


_CHANGES: dict[str, Callable[[Resource], None]] = {
    "MedicationAdministration": _administration,
    "Medication": _medication,
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


def _is_relative(reference: object) -> bool:
    return isinstance(reference, str) and reference[:1].isupper() and "/" in reference


# --- medications ------------------------------------------------------------------------------------------------------


def with_referenced_medication(bundle: Resource) -> Resource:
    """Every medication written inline becomes a Medication of its own that is referred to."""
    made: list[Resource] = []

    def refer(resource: Resource) -> Resource:
        concept = resource.get("medicationCodeableConcept")
        if resource["resourceType"] not in _DRUGGED or concept is None:
            return resource
        identity = f"med-{resource['id']}"
        made.append({"resource": {"resourceType": "Medication", "id": identity, "code": concept}})
        del resource["medicationCodeableConcept"]
        return resource | {"medicationReference": {"reference": f"Medication/{identity}"}}

    changed = _each(bundle, refer)
    return changed | {"entry": [*changed["entry"], *made]}


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

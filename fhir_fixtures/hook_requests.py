"""CDS Hooks request bodies made from a chart, the way an EHR would fill the prefetch."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from fhir_fixtures.codes import BASE

Resource = dict[str, Any]

# Prefetch key -> the resource type it lists. `patient` is read by id, all others are searched.
PREFETCH = {
    "patient": "Patient",
    "administrations": "MedicationAdministration",
    "observations": "Observation",
    "reports": "DiagnosticReport",
    "medications": "MedicationRequest",
    "statements": "MedicationStatement",
    "dispenses": "MedicationDispense",
    "orders": "ServiceRequest",
    "conditions": "Condition",
    "allergies": "AllergyIntolerance",
    "immunizations": "Immunization",
    "procedures": "Procedure",
}
AT_DISCHARGE = {"encounters": "Encounter"}  # asked for at encounter-discharge only
NOT_PREFETCHED = frozenset(AT_DISCHARGE.values())

ORDER_HOOKS = ("order-select", "order-sign")
ENCOUNTER_HOOKS = ("encounter-start", "encounter-discharge")
NEXT_PAGE = {"relation": "next", "url": f"{BASE}?page=2"}
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, f"{BASE}/stories")


def request(
    hook: str,
    name: str,
    resources: Sequence[Resource],
    drafts: Sequence[Resource],
    failed: dict[str, Resource],
    paged: Sequence[str] = (),
) -> Resource:
    """One complete request body; ``failed`` holds the OperationOutcomes that stand in for whole keys.

    Of the lists named in ``paged`` only a first page was sent: they link to a next one.
    """
    patient = next(one for one in resources if one["resourceType"] == "Patient")
    context: Resource = {"patientId": patient["id"], "userId": "Practitioner/example-neurologist"}
    if hook in ORDER_HOOKS:
        context["draftOrders"] = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": one} for one in drafts],
        }
    if hook == "appointment-book":
        context["appointments"] = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": one} for one in drafts if one["resourceType"] == "Appointment"],
        }
    if hook in ENCOUNTER_HOOKS:
        context["encounterId"] = "visit-today"
    keys = PREFETCH | AT_DISCHARGE if hook == "encounter-discharge" else PREFETCH
    if hook == "order-select":
        context["selections"] = [_selected(drafts)]
    return {
        "hook": hook,
        "hookInstance": str(uuid.uuid5(_NAMESPACE, f"{hook}/{name}")),
        "context": context,
        "prefetch": {key: failed.get(key) or _value(key, patient, resources, paged=key in paged) for key in keys},
    }


def _selected(drafts: Sequence[Resource]) -> str:
    """The order just ticked: the first draft, which is LEMTRADA in every story."""
    return f"{drafts[0]['resourceType']}/{drafts[0]['id']}"


def _value(key: str, patient: Resource, resources: Sequence[Resource], *, paged: bool) -> Resource:
    if key == "patient":
        return patient
    kind = (PREFETCH | AT_DISCHARGE)[key]
    found = [one for one in resources if one["resourceType"] == kind]
    query = f"{BASE}/{kind}?patient={patient['id']}"
    if key == "orders":
        query += "&status=active"
    entries = [_entry(one, "match") for one in found]
    if key == "administrations":
        entries += [_entry(one, "include") for one in resources if one["resourceType"] == "Medication"]
    bundle: Resource = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "link": [{"relation": "self", "url": query}],
    }
    if paged:
        del bundle["total"]  # a server that pages may not know it
        bundle["link"].append(NEXT_PAGE)
    return bundle | ({"entry": entries} if entries else {})


def _entry(resource: Resource, mode: str) -> Resource:
    return {"fullUrl": full_url(resource), "resource": resource, "search": {"mode": mode}}


def full_url(resource: Resource) -> str:
    """Where the made-up EHR would serve the resource."""
    return f"{BASE}/{resource['resourceType']}/{resource['id']}"

"""Resources made for these tests, all invented, and the short way from them to a timeline."""

import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from cds_service.core.timeline import Administration, DrugOrder, Timeline
from cds_service.engine import Engine
from cds_service.fhir.decode import decode_bundle
from cds_service.fhir.reader import bundle_record

Json = dict[str, Any]

LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
UCUM = "http://unitsofmeasure.org"

TSH = "3016-3"
PLATELETS = "777-3"
NEUTROPHILS = "751-8"
CREATININE = "2160-0"
CBC_PANEL = "57021-8"
METABOLIC_PANEL = "24323-8"
THYROID_PANEL = "24348-5"
UNRELATED = "2951-2"
LEMTRADA = "1594660"
ALEMTUZUMAB = "117055"
CAMPATH = "284679"
METHYLPREDNISOLONE = "6902"
PREDNISONE = "8640"

SUBJECT = {"reference": "Patient/p1"}
PATIENT: Json = {"resourceType": "Patient", "id": "p1", "birthDate": "1990-01-01"}


def without(found: Mapping[str, Any]) -> Json:
    """Members that are None are not written."""
    return {key: value for key, value in found.items() if value is not None}


def concept(system: str, code: str, display: str | None = None, text: str | None = None) -> Json:
    """A CodeableConcept of one coding."""
    return without({"coding": [without({"system": system, "code": code, "display": display})], "text": text})


def mg(value: float | str, unit: str = "mg") -> Json:
    """A quantity in a UCUM unit."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def observation(identity: str | None = "o1", code: Any = TSH, **fields: Any) -> Json:
    """A final numeric result; a field given as None is left out. `code`: a LOINC code, or whatever else to write."""
    made = {
        "resourceType": "Observation",
        "id": identity,
        "status": "final",
        "code": concept(LOINC, code) if isinstance(code, str) else code,
        "subject": SUBJECT,
        "effectiveDateTime": "2026-02-16T08:30:00-05:00",
        "valueQuantity": {"value": 1.5, "unit": "mIU/L", "system": UCUM, "code": "m[IU]/L"},
    }
    return without({**made, **fields})


def panel(identity: str = "panel", code: Any = CBC_PANEL, **fields: Any) -> Json:
    """An Observation without a value of its own."""
    return observation(identity, code, **{"valueQuantity": None, **fields})


def report(identity: str = "r1", code: Any = CBC_PANEL, **fields: Any) -> Json:
    """A final DiagnosticReport."""
    return observation(identity, code, **{"resourceType": "DiagnosticReport", "valueQuantity": None, **fields})


def administration(identity: str = "a1", code: str = LEMTRADA, **fields: Any) -> Json:
    """A completed infusion of 12 mg."""
    made = {
        "resourceType": "MedicationAdministration",
        "id": identity,
        "status": "completed",
        "medicationCodeableConcept": concept(RXNORM, code),
        "subject": SUBJECT,
        "effectivePeriod": {"start": "2026-03-02T09:00:00-05:00", "end": "2026-03-02T13:00:00-05:00"},
        "dosage": {"route": concept(SNOMED, "47625008"), "dose": mg(12)},
    }
    return without({**made, **fields})


def order(identity: str = "m1", code: str = LEMTRADA, **fields: Any) -> Json:
    """An active order."""
    made = {
        "resourceType": "MedicationRequest",
        "id": identity,
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": concept(RXNORM, code),
        "subject": SUBJECT,
        "authoredOn": "2026-02-01",
    }
    return without({**made, **fields})


def lab_order(identity: str = "s1", code: str = TSH, **fields: Any) -> Json:
    """An active order for a test."""
    made = {
        "resourceType": "ServiceRequest",
        "id": identity,
        "status": "active",
        "intent": "order",
        "code": concept(LOINC, code),
        "subject": SUBJECT,
        "authoredOn": "2026-02-01",
    }
    return without({**made, **fields})


def entry(resource: Json) -> Json:
    """An entry; `fullUrl` may be written inside the resource for brevity."""
    inner = dict(resource)
    return without({"fullUrl": inner.pop("fullUrl", None), "resource": inner})


def bundle(*resources: Json, **fields: Any) -> Json:
    """A collection of these resources."""
    return {"resourceType": "Bundle", "type": "collection", "entry": [entry(r) for r in resources], **fields}


def as_bytes(value: object) -> bytes:
    """JSON as a client writes it."""
    return json.dumps(value).encode()


def timelines(value: object, zone: str | None = None) -> list[Timeline]:
    """Every patient's timeline of a Bundle."""
    engine = Engine.load(zone=ZoneInfo(zone) if zone else None)
    return engine.timelines(value if isinstance(value, bytes) else as_bytes(value))


def read(*resources: Json, zone: str | None = None) -> Timeline:
    """The timeline of patient p1, whose Patient resource is added."""
    (found,) = timelines(bundle(PATIENT, *resources), zone)
    return found


def read_for(patient_id: str, *resources: Json) -> Timeline:
    """The timeline as a hook call about one patient reads it."""
    return Engine.load().reader.read_one(bundle_record(decode_bundle(as_bytes(bundle(*resources)))), patient_id)


def given(*resources: Json, zone: str | None = None) -> Administration:
    """The one administration read."""
    (found,) = read(*resources, zone=zone).administrations
    return found


def ordered(*resources: Json) -> DrugOrder:
    """The one medication order read."""
    (found,) = read(*resources).drug_orders
    return found


def used(timeline: Timeline, concept_id: str = "tsh") -> list[str]:
    """References of the usable results of a concept."""
    return [result.reference for result in timeline.results.get(concept_id, ())]


def unused(timeline: Timeline) -> set[tuple[str, str]]:
    """What was not used, and why."""
    return {(item.reference, item.why) for item in timeline.unused}


def facts(timeline: Timeline) -> set[str]:
    """Every reference that a verdict could rest on."""
    found = {result.reference for book in (timeline.results, timeline.pending) for rs in book.values() for result in rs}
    lists = (timeline.administrations, timeline.drug_orders, timeline.mentions, timeline.service_orders)
    found |= {item.reference for items in lists for item in items}
    return found | {item.reference for item in timeline.conditions}

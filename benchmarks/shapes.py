"""The shapes every synthetic resource is built from: concepts, quantities, times, ids, Bundles."""

import json
import random
import uuid
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, Final, NamedTuple

Json = dict[str, Any]

PATIENT: Final = "lem-bench"
BASE: Final = "https://ehr.example.org/fhir"
LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"
RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD10: Final = "http://hl7.org/fhir/sid/icd-10-cm"
CVX: Final = "http://hl7.org/fhir/sid/cvx"
UCUM: Final = "http://unitsofmeasure.org"
TERMINOLOGY: Final = "http://terminology.hl7.org/CodeSystem"
PROFILES: Final = "http://hl7.org/fhir/us/core/StructureDefinition"


class Code(NamedTuple):
    """One coding."""

    system: str
    code: str
    display: str


ORAL: Final = Code(SNOMED, "26643006", "Oral route")
INTRAVENOUS: Final = Code(SNOMED, "47625008", "Intravenous route")


def concept(system: str, code: str, display: str) -> Json:
    """A CodeableConcept with one coding."""
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def quantity(value: float, unit: str, ucum: str | None = None) -> Json:
    """A Quantity in UCUM."""
    return {"value": value, "unit": unit, "system": UCUM, "code": ucum or unit}


def resource(kind: str, identity: str, updated: datetime, owner: str = "subject") -> Json:
    """What every resource of the patient begins with; `owner`: the element that names the patient."""
    return {
        "resourceType": kind,
        "id": identity,
        "meta": {"versionId": "1", "lastUpdated": instant(updated)},
        owner: {"reference": f"Patient/{PATIENT}", "display": "Benchmark, Record"},
    }


def instant(moment: datetime) -> str:
    """A FHIR instant."""
    return moment.isoformat(timespec="milliseconds")


def zone(day: date) -> timezone:
    """New York, near enough: summer time from April to October."""
    return timezone(timedelta(hours=-4 if 4 <= day.month <= 10 else -5))


def at(day: date, rng: random.Random) -> datetime:
    """Some time of that working day."""
    return datetime.combine(day, time(rng.randint(7, 17), rng.randint(0, 59), rng.randint(0, 59)), zone(day))


def new_id(rng: random.Random) -> str:
    """A UUID, the same for the same seed."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def entry(made: Json) -> Json:
    """A resource and its address."""
    return {"fullUrl": f"{BASE}/{made['resourceType']}/{made['id']}", "resource": made}


def searchset(kind: str, found: list[Json]) -> Json:
    """What a server answers to a search: the resources, how many, and what was asked."""
    entries = {"entry": [{**entry(made), "search": {"mode": "match"}} for made in found]} if found else {}
    link = [{"relation": "self", "url": f"{BASE}/{kind}?patient={PATIENT}"}]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": link, **entries}


def compact(value: Json) -> bytes:
    """JSON without spaces, as servers send it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()

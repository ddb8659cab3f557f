"""What charts from elsewhere look like: members missing or of a wrong type, impossible dates, strangers, R4 and R5."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

from fhir_fixtures.renderings import r5
from tests.properties import fhir_charts
from tests.properties.fhir_charts import BASE
from tests.properties.fhir_codes import Json

ODD_VALUES: tuple[Any, ...] = (
    None, "", " ", "x", 0, -1, 5, 1.5, 10**30, 1e300, True, [], {}, [None], ["x"], [[]], {"reference": 5}, {"start": 7},
    {"coding": {}}, {"coding": [None]}, {"value": "12,5"}, "\u202eabc\u0000", "#inner", "Patient/p1", "2024-03-04",
)  # fmt: skip
BAD_DATES = (
    "2024-02-30", "2024-13", "yesterday", "", "2024-03-04T25:00:00Z", "2024-03-04T09:00:00", "0000-00-00", "9999-12-31",
    "0001-01-01", "2024-03-04T09:00:00+15:00", "20240304", "2024-W10-1", "9999-12-31T23:59:59-14:00", "0001",
)  # fmt: skip
ODD_STATUSES: tuple[Any, ...] = (
    "nonsense",
    "FINAL",
    "unknown",
    "entered-in-error",
    "draft",
    "active",
    5,
    None,
    {},
    ["final"],
)
DATED = (
    "effectiveDateTime", "issued", "authoredOn", "performedDateTime", "whenHandedOver", "recordedDate", "onsetDateTime",
    "occurrenceDateTime", "start", "end", "birthDate", "deceasedDateTime", "lastUpdated",
)  # fmt: skip
VALUES = ("valueString", "valueInteger", "valueBoolean", "valueDateTime", "valueRange")


def holders(value: Any) -> list[Any]:
    """Every object and array within a JSON value, itself included."""
    found = []
    if isinstance(value, dict | list):
        found.append(value)
        for part in value.values() if isinstance(value, dict) else value:
            found += holders(part)
    return found


def _places(one: Json, names: tuple[str, ...]) -> list[tuple[Json, str]]:
    return [(holder, name) for holder in holders(one) if isinstance(holder, dict) for name in names if name in holder]


# --- one resource -----------------------------------------------------------------------------------------------------


def wrong_value(random: Random, one: Json) -> Json:
    """Anything in it replaced by something that does not belong there."""
    holder = random.choice(holders(one))
    if holder:
        place = random.choice(list(holder)) if isinstance(holder, dict) else random.randrange(len(holder))
        holder[place] = copy.deepcopy(random.choice(ODD_VALUES))
    return one


def lost_member(random: Random, one: Json) -> Json:
    """A member gone."""
    holder = random.choice([found for found in holders(one) if isinstance(found, dict)])
    if holder:
        del holder[random.choice(list(holder))]
    return one


def bad_date(random: Random, one: Json) -> Json:
    """A date that is none, or one at the end of the calendar."""
    places = _places(one, DATED)
    if places:
        holder, name = random.choice(places)
        holder[name] = random.choice(BAD_DATES)
    return one


def odd_status(random: Random, one: Json) -> Json:
    """A status of another kind of resource, or none."""
    one["status"] = random.choice(ODD_STATUSES)
    return one


def second_value(random: Random, one: Json) -> Json:
    """One more `value[x]`."""
    one[random.choice(VALUES)] = random.choice(("x", 5, True, "2024-03-04", {}))
    return one


def other_subject(random: Random, one: Json) -> Json:
    """It is about somebody else, nobody, a thing, or the patient named in another way."""
    name = "patient" if "patient" in one else "subject"
    subjects: tuple[Any, ...] = (
        None,
        {"reference": "Patient/p2"},
        {"reference": "Patient/nobody"},
        {"reference": f"{BASE}/Patient/p1/_history/2"},
        {"reference": "https://elsewhere.example.org/fhir/Patient/p1"},
        {"reference": "urn:uuid:6f2b7b0e-6d8c-4c8e-8f6e-0d4f5c1b2a39"},
        {"reference": "#inner"},
        {"reference": "Group/g1"},
        {"reference": "p1"},
        {"display": "the patient"},
        {"identifier": {"value": "TEST-1"}},
        [{"reference": "Patient/p1"}],
    )
    one[name] = random.choice(subjects)
    return one


def in_r5(_: Random, one: Json) -> Json:
    """Written in R5, where it can still be."""
    try:
        return r5(copy.deepcopy(one))
    except (KeyError, TypeError, AttributeError):  # it was damaged before
        return one


def referred_medication(random: Random, one: Json) -> Json:
    """Its medication by a reference that leads somewhere, or nowhere."""
    one.pop("medicationCodeableConcept", None)
    reference = random.choice(
        ("Medication/m1", f"{BASE}/Medication/m1", "Medication/gone", "#inner", "#gone", "", "m1")
    )
    one["medicationReference"] = {"reference": reference}
    return one


def another_type(random: Random, one: Json) -> Json:
    """It says to be something else, or nothing."""
    kinds: tuple[Any, ...] = ("Basic", "Observatoin", "Patient", "Bundle", "Encounter", "", None, 7, "OperationOutcome")
    one["resourceType"] = random.choice(kinds)
    return one


DAMAGES: tuple[Callable[[Random, Json], Json], ...] = (
    wrong_value,
    wrong_value,
    wrong_value,
    lost_member,
    lost_member,
    bad_date,
    bad_date,
    odd_status,
    second_value,
    other_subject,
    other_subject,
    in_r5,
    in_r5,
    referred_medication,
    another_type,
)


# --- a whole Bundle ---------------------------------------------------------------------------------------------------


def outcome(severity: str) -> Json:
    """An OperationOutcome."""
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": "timeout"}]}


def odd_entry(random: Random, entries: list[Any]) -> Any:
    """An entry no chart should hold: nothing, an outcome, a Bundle in the Bundle, the same resource once more."""
    other = copy.deepcopy(random.choice(entries)) if entries else {}
    resource = other.get("resource") if isinstance(other, dict) else None
    if isinstance(resource, dict) and random.random() < 0.5:
        resource["meta"] = {"lastUpdated": random.choice(("2024-05-01T10:00:00Z", "2031-01-01T00:00:00Z", "x"))}
    medication = {"resourceType": "Medication", "id": "m1", "code": {"text": "LEMTRADA"}}
    return random.choice(
        (
            None,
            {},
            7,
            {"resource": None},
            {"resource": 7},
            {"resource": {}},
            {"resource": outcome("warning")},
            {"resource": outcome("error")},
            {"resource": {"resourceType": "Bundle", "type": "searchset", "entry": [other]}},
            {"response": {"status": random.choice(("404 Not Found", "200 OK"))}},
            {"fullUrl": "urn:uuid:0", "resource": medication},
            {"resource": {"resourceType": "Patient", "id": "p2", "link": [{"other": {"reference": "Patient/p1"}}]}},
            {
                "resource": {
                    "resourceType": "Patient",
                    "link": [{"type": "replaces", "other": {"reference": "Patient/p1"}}],
                }
            },
            other,
            other,
            other,
        )
    )


def any_chart(random: Random) -> list[Any]:
    """The entries of a Bundle of a patient of any kind: anything valid, anything damaged, several people."""
    resources = fhir_charts.patient(random)
    if random.random() < 0.3:
        resources += fhir_charts.patient(random, "p2", "other-")
    if random.random() < 0.2:
        del resources[0]
    resources += fhir_charts.drafts(random, "2024-03-01") if random.random() < 0.4 else []
    resources += fhir_charts.appointments(random) if random.random() < 0.3 else []
    share = random.choice((0.0, 0.1, 0.3, 0.8))
    for number in range(len(resources)):
        while random.random() < share:
            resources[number] = random.choice(DAMAGES)(random, resources[number])
    entries: list[Any] = [{"fullUrl": f"{BASE}/x/{number}", "resource": one} for number, one in enumerate(resources)]
    for entry in entries:
        if random.random() < 0.5:
            del entry["fullUrl"]
    for _ in range(random.choice((0, 0, 1, 3))):
        entries.insert(random.randint(0, len(entries)), odd_entry(random, entries))
    return entries

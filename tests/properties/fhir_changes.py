"""The same Bundle changed in a way whose effect is known: mixed up, 28 years later, with something more in it."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from tests.properties.fhir_charts import chart
from tests.properties.fhir_codes import BY_SET, UCUM, Json
from tests.properties.fhir_patients import Maker

YEARS = 28  # 1,461 weeks: the same weekdays, the same leap years (until 2100)
_DATE = re.compile(r"(\d{4})(-\d\d(-\d\d(T.*)?)?)?")
_IN_WORDS = re.compile(r"\b(\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) )(\d{4})\b")
DATE_FIELDS = frozenset({
    "effectiveDateTime", "effectiveInstant", "issued", "authoredOn", "performedDateTime", "whenHandedOver",
    "recordedDate", "onsetDateTime", "occurrenceDateTime", "dateAsserted", "start", "end", "birthDate",
    "deceasedDateTime", "lastUpdated", "event", "asOf", "date", "due", "lastDone", "followUpEnds",
})  # fmt: skip


def years_later(value: Any, years: int = YEARS, field: str = "") -> Any:
    """A JSON value with every date so many years later; the names of the members tell which strings are dates."""
    if isinstance(value, dict):
        return {name: years_later(member, years, name) for name, member in value.items()}
    if isinstance(value, list):
        return [years_later(member, years, field) for member in value]
    if isinstance(value, str):
        found = _DATE.fullmatch(value) if field in DATE_FIELDS else None
        if found is not None:
            return f"{int(found[1]) + years}{value[4:]}"
        if field == "message":
            return _IN_WORDS.sub(lambda words: f"{words[1]}{int(words[2]) + years}", value)
    return value


def moment_later(as_of: str, years: int = YEARS) -> str:
    """An `as_of` so many years later."""
    return f"{int(as_of[:4]) + years}{as_of[4:]}"


def mixed(random: Random, items: list[Any]) -> list[Any]:
    """The same items in another order."""
    other = list(items)
    random.shuffle(other)
    return other


# Without its date one of these is no resource of the future.
_SIGNED = {
    "Condition": ("recordedDate", "onsetDateTime"),
    "AllergyIntolerance": ("recordedDate",),
    "Immunization": ("occurrenceDateTime",),
    "ServiceRequest": ("authoredOn",),
    "MedicationRequest": ("authoredOn",),
    "MedicationStatement": ("effectivePeriod",),
}


def future_chart(random: Random, as_of: str) -> list[Json]:
    """Resources of the patient dated long after `as_of`."""
    years = 4 * ((int(as_of[:4]) - 2020) // 4 + 1)  # 29 February stays one
    moved = years_later(chart(Maker(random, prefix="later-")), years)
    found = [one for one in moved if any(name in one for name in _SIGNED.get(one["resourceType"], tuple(one)))]
    return [one for one in found if min(_years_in(one), default=9999) > int(as_of[:4])]


def _years_in(value: Any, field: str = "") -> list[int]:
    if isinstance(value, dict):
        return [year for name, member in value.items() if name != "meta" for year in _years_in(member, name)]
    if isinstance(value, list):
        return [year for member in value for year in _years_in(member, field)]
    is_date = isinstance(value, str) and field in DATE_FIELDS and _DATE.fullmatch(value)
    return [int(value[:4])] if is_date else []


def result(concept: str, when: str, number: int, patient: str = "p1") -> Json:
    """A result, or an examination, nobody can object to."""
    row = BY_SET[concept][number % len(BY_SET[concept])]
    made: Json = {"id": f"more-{concept}-{number}", "code": row.concept, "subject": {"reference": f"Patient/{patient}"}}
    if concept == "skin-exam":
        return made | {"resourceType": "Procedure", "status": "completed", "performedDateTime": when}
    amount = {"value": 300, "unit": "/uL", "system": UCUM, "code": "/uL"}
    return made | {
        "resourceType": "Observation",
        "status": "final",
        "effectiveDateTime": when,
        "valueQuantity": amount,
    }

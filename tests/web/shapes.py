"""The ways a prefetch value can arrive: what clients send, and what they should not but do."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from fhir_fixtures.hook_requests import AT_DISCHARGE, PREFETCH

Json = dict[str, Any]
Shape = Callable[[str, Json], Any]
ABSENT = object()
SOMEBODY_ELSE = "Patient/somebody-else"
LISTED = PREFETCH | AT_DISCHARGE


def outcome(severity: str) -> Json:
    """An OperationOutcome."""
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": "timeout"}]}


def searchset(*resources: Json, link: list[Json] | None = None) -> Json:
    """A complete searchset."""
    found: Json = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}
    return found | ({"link": link} if link else {})


def with_entry(value: Json, resource: Json) -> Json:
    """The same list with one more entry; a single resource in a list of its own."""
    changed = copy.deepcopy(value) if value["resourceType"] == "Bundle" else searchset(value)
    changed.setdefault("entry", []).append({"resource": resource})
    return changed


def foreign(key: str) -> Json:
    """A resource of the right type about another patient."""
    kind = LISTED[key]
    if kind == "Patient":
        return {"resourceType": "Patient", "id": "somebody-else"}
    named = {"reference": SOMEBODY_ELSE}
    return {"resourceType": kind, "id": "foreign-1", "status": "completed", "subject": named, "patient": named}


def _with_next(value: Json) -> Json:
    changed = copy.deepcopy(value) if value["resourceType"] == "Bundle" else searchset(value)
    changed["link"] = [*changed.get("link", []), {"relation": "next", "url": "https://ehr.example.org/fhir?page=2"}]
    return changed


def _self_link(key: str, text: str) -> Json:
    return searchset(link=[{"relation": "self", "url": f"https://ehr.example.org/fhir/{LISTED[key]}?patient={text}"}])


COMPLETE: dict[str, Shape] = {
    "null": lambda _key, _value: None,
    "empty": lambda _key, _value: searchset(),
    "empty without entry": lambda _key, _value: {"resourceType": "Bundle", "type": "searchset", "total": 0},
    "without type": lambda _key, _value: {"resourceType": "Bundle"},
}
"""Nothing on record, and that is known."""

UNCHANGED: dict[str, Shape] = {
    "as it was": lambda _key, value: value,
    "warning entry": lambda _key, value: with_entry(value, outcome("warning")),
    "information entry": lambda _key, value: with_entry(value, outcome("information")),
}
"""Everything on record."""

PARTIAL: dict[str, Shape] = {
    "error entry": lambda _key, value: with_entry(value, outcome("error")),
    "fatal entry": lambda _key, value: with_entry(value, outcome("fatal")),
    "next link": lambda _key, value: _with_next(value),
}
"""What is there is right, but there is more."""

UNOBTAINABLE: dict[str, Shape] = {
    "absent": lambda _key, _value: ABSENT,
    "outcome": lambda _key, _value: outcome("error"),
    "warning outcome": lambda _key, _value: outcome("warning"),
    "error entry alone": lambda _key, _value: searchset(outcome("error")),
    "literal token": lambda key, _value: _self_link(key, "{{context.patientId}}"),
    "encoded token": lambda key, _value: _self_link(key, "%7B%7Bcontext.patientId%7D%7D"),
    "encoded token, lower case": lambda key, _value: _self_link(key, "%7b%7bcontext.patientId%7d%7d"),
    "another type": lambda _key, _value: {"resourceType": "Basic", "id": "b1"},
    "a list of another type": lambda _key, _value: searchset({"resourceType": "Basic", "id": "b1"}),
    "no resource": lambda _key, _value: {"hello": "world"},
    "text": lambda _key, _value: "no data",
    "a number": lambda _key, _value: 3,
    "an array": lambda _key, _value: [],
    "true": lambda _key, _value: True,
    "an entry that is no array": lambda _key, _value: {"resourceType": "Bundle", "entry": {"resource": {}}},
}
"""Nothing that could be looked at."""

FOREIGN: dict[str, Shape] = {
    "foreign alone": lambda key, _value: searchset(foreign(key)),
    "foreign among others": lambda key, value: with_entry(value, foreign(key)),
}
"""Resources about another patient."""

ALL: dict[str, Shape] = {**COMPLETE, **UNCHANGED, **PARTIAL, **UNOBTAINABLE, **FOREIGN}


def put(body: Json, key: str, shape: Shape) -> None:
    """Give a prefetch key this shape."""
    value = shape(key, body["prefetch"][key])
    if value is ABSENT:
        del body["prefetch"][key]
    else:
        body["prefetch"][key] = value

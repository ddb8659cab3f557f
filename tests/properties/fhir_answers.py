"""Asking the service about a made-up patient: as a Bundle for a report, as a prefetch at each hook."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any, NamedTuple

import pytest

from cds_service.cds_hooks.errors import CdsHooksError
from cds_service.cds_hooks.wire import encode_response
from cds_service.core.evaluate import Verdict
from cds_service.fhir.dates import read_as_of
from cds_service.web.hooks import HookService, hook_services
from fhir_fixtures.hook_requests import AT_DISCHARGE, PREFETCH
from tests.properties.fhir_charts import BASE
from tests.properties.fhir_codes import ENGINE, Json

SERVICES: dict[str, HookService] = {service.hook: service for service in hook_services(ENGINE).values()}
CHART_HOOKS = ("patient-view", "encounter-start", "encounter-discharge")
HOOKS = (*CHART_HOOKS, "order-select", "order-sign", "appointment-book")
INSTANCE = "0b7f5b0e-3a0a-4c39-9c3d-5d2a6f7c0a11"
_ASKED_ELSEWHERE = frozenset({"Patient", "Appointment", "Encounter"})
WHYS = frozenset((
    "entered-in-error", "not-done", "preliminary", "no-value", "no-date", "bad-date", "bad-status", "unreadable",
    "wrong-patient", "unresolved-reference", "duplicate", "future", "wrong-test",
))  # fmt: skip
REASONS = frozenset(
    (
        "not-provided",
        "partial",
        "unreadable",
        "date-vague",
        "foreign-data",
        "exposure-unclear",
        "unresolved-medication",
        "ordered-not-administered",
        "wrong-test",
        "stale",
        "order-unknown",
        "after-start",
        "below-dose",
        "ordered-not-documented",
        "late",
        "cd4-not-shown",
        "incomplete-course",
        "partial-dose",
        "same-order-repeated",
        "positive",
        "indeterminate",
        "not-immune",
        "planned-too-short",
    )
)  # fmt: skip - all of the interface but internal-error, which must not come
NOTES = frozenset((
    "product-inferred", "possible-duplicate", "anchor-unclear", "no-encounter-data", "route-or-drug", "overlaps-start",
    "dose-absent", "verify", "issued-date", "preliminary-exists", "text-only", "already-ordered", "resumed-course",
    "matched-by-text",
))  # fmt: skip
REQUIREMENTS = frozenset(item.id for item in ENGINE.bundle.label.requirements)


# --- a Bundle and its reports -----------------------------------------------------------------------------------------


def encoded(value: object) -> bytes:
    """JSON as it is sent."""
    return json.dumps(value).encode()


def reports(bundle: object, as_of: str, hook: str | None = None) -> list[Json]:
    """What `check` says of a Bundle."""
    return ENGINE.reports(encoded(bundle), as_of, hook=hook)


def report(bundle: object, as_of: str, hook: str | None = None) -> Json:
    """What `check` says of a Bundle of one patient."""
    (found,) = reports(bundle, as_of, hook)
    return found


def plain(found: Json) -> Json:
    """A report in which the order of references means nothing."""
    rows = [{**row, "evidence": sorted(row["evidence"])} for row in found["assessments"]]
    unused = sorted((item["reference"], item["why"]) for item in found["unused"])
    return {**found, "assessments": rows, "unused": unused, "courses": _days(found)}


def _days(found: Json) -> list[Any]:
    return [
        [course["number"], [{**day, "references": sorted(day["references"])} for day in course["infusions"]]]
        for course in found["courses"]
    ]


def without_unused(found: Json) -> Json:
    """The report but for the resources it names as not used."""
    return {name: value for name, value in plain(found).items() if name != "unused"}


def place(row: Json) -> tuple[str, Any, Any]:
    """What a row of the report is about."""
    return row["requirement"], row["course"], row["day"]


# --- a call -----------------------------------------------------------------------------------------------------------


class Answer(NamedTuple):
    """What came of a call: the status, the body, and the verdict behind it (None: nothing was judged)."""

    status: int
    body: Json
    verdict: Verdict | None = None

    @property
    def is_silent(self) -> bool:
        """Whether the answer holds no card."""
        return self.status == 200 and not self.body["cards"]


def searchset(kind: str, resources: list[Any]) -> Json:
    """What a server answers when it is asked for all of one patient's resources of a type."""
    made: Json = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": sum(isinstance(one, dict) and one.get("resourceType") == kind for one in resources),
        "link": [{"relation": "self", "url": f"{BASE}/{kind}?patient=p1"}],
    }
    return made | (
        {"entry": [{"resource": one, "search": {"mode": "match"}} for one in resources]} if resources else {}
    )


def request(hook: str, resources: list[Json], drafts: list[Json], booked: list[Json]) -> Json:
    """A complete request body. Medications travel with what refers to them; a resource of no key, with observations."""
    keys = PREFETCH | (AT_DISCHARGE if hook == "encounter-discharge" else {})
    lists: dict[str, list[Json]] = {key: [] for key in keys if key != "patient"}
    key_of = {keys[key]: key for key in lists}
    person = next((one for one in resources if one.get("resourceType") == "Patient"), None)
    medications: list[Json] = []
    for one in resources:
        kind = one.get("resourceType")
        named = kind if isinstance(kind, str) else ""
        if named in key_of:
            lists[key_of[named]].append(one)
        elif named == "Medication":
            medications.append(one)
        elif named not in _ASKED_ELSEWHERE:
            lists["observations"].append(one)
    for one in medications:
        link = f"Medication/{one.get('id')}"
        for found in lists.values():
            if link in json.dumps(found):
                found.append(one)
    context: Json = {"patientId": "p1", "userId": "Practitioner/n1"}
    if hook in ("order-select", "order-sign"):
        context["draftOrders"] = _collection(drafts)
    if hook == "order-select":
        context["selections"] = [f"{drafts[0].get('resourceType')}/{drafts[0].get('id')}"]
    if hook == "appointment-book":
        context["appointments"] = _collection(booked)
    if hook.startswith("encounter"):
        context["encounterId"] = "e1"
    prefetch: Json = {"patient": person} | {key: searchset(keys[key], found) for key, found in lists.items()}
    return {"hook": hook, "hookInstance": INSTANCE, "context": context, "prefetch": prefetch}


def _collection(resources: list[Json]) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def call(body: object, hook: str, as_of: str) -> Answer:
    """One call in process; only the refusals the interface knows count as answers."""
    try:
        outcome = SERVICES[hook].call(encoded(body), read_as_of(as_of))
    except CdsHooksError as error:
        return Answer(error.status, error.body() or {})
    return Answer(200, json.loads(encode_response(outcome.response)), outcome.verdict)


def asked_requirements(hook: str) -> frozenset[str]:
    """The requirements a hook speaks of."""
    return ENGINE.bundle.label.hooks.get(hook, frozenset())


# --- failures, as small as they come ----------------------------------------------------------------------------------

Problem = Callable[[list[Any]], str | None]


def assert_none(seed: int, items: list[Any], problem: Problem) -> None:
    """No problem with these items; else the failure names the seed and the fewest items that show it."""
    found = problem(deepcopy(items))
    if found is None:
        return
    fewest = smallest(items, lambda fewer: problem(fewer) is not None)
    pytest.fail(f"seed {seed}: {problem(deepcopy(fewest))}\n{json.dumps(fewest, indent=1)}", pytrace=False)


def smallest(items: list[Any], fails: Callable[[list[Any]], bool]) -> list[Any]:
    """The items without those the failure does not need."""
    step = max(1, len(items) // 2)
    while True:
        start = 0
        while start < len(items):
            fewer = [*items[:start], *items[start + step :]]
            if _still(fails, fewer):
                items = fewer
            else:
                start += step
        if step == 1:
            return items
        step //= 2


def _still(fails: Callable[[list[Any]], bool], items: list[Any]) -> bool:
    try:
        return fails(deepcopy(items))
    except Exception:  # noqa: BLE001 - a smaller case that breaks in another way is no smaller case of this failure
        return False

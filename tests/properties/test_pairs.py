"""Laws of the reports on the smallest records that have broken them: random patients came upon these."""

from __future__ import annotations

from typing import Any

import pytest

from tests.properties.fhir_answers import plain, report
from tests.properties.fhir_charts import bundle
from tests.properties.fhir_codes import BY_SET, Json
from tests.properties.test_reports import difference

PERSON = {"resourceType": "Patient", "id": "p1", "gender": "female"}
AS_OF = "2025-06-01"


def resource(kind: str, name: str, value_set: str, **members: Any) -> Json:
    """A resource of the patient with a code of that value set."""
    concept = BY_SET[value_set][0].concept
    code = {"medicationCodeableConcept" if kind.startswith("Medication") else "code": concept}
    return {"resourceType": kind, "id": name, "subject": {"reference": "Patient/p1"}, **code, **members}


INFUSION = resource(
    "MedicationAdministration",
    "a1",
    "lemtrada",
    status="completed",
    effectiveDateTime="2024-03-04T09:00:00-05:00",
    dosage={"dose": {"value": 12, "unit": "mg"}},
)


def tsh(day: str, **members: Any) -> Json:
    return resource(
        "Observation", "t1", "tsh", status="final", effectiveDateTime=day, valueQuantity={"value": 1}, **members
    )


def antiviral(name: str, start: str) -> Json:
    return resource("MedicationStatement", name, "herpes-antiviral", status="stopped", effectivePeriod={"start": start})


def ordered(name: str, value_set: str, start: str) -> Json:
    timing = {"repeat": {"boundsPeriod": {"start": start}}}
    return resource(
        "MedicationRequest",
        name,
        value_set,
        status="draft",
        intent="order",
        authoredOn="2025-05-31",
        dosageInstruction=[{"timing": timing}],
    )


# Two resources; whichever of them comes first, the report is the same.
PAIRS: dict[str, tuple[Json, Json]] = {
    "versions of a result that do not say which is later": (tsh("2024-04-01"), tsh("2024-08-01")),
    "versions of a result of one moment": (
        tsh("2024-04-01", meta={"lastUpdated": "2024-09-01T00:00:00Z"}),
        tsh("2024-08-01", meta={"lastUpdated": "2024-09-01T00:00:00Z"}),
    ),
    "records of a person that say different things": (
        {"resourceType": "Patient", "id": "p1", "birthDate": "1988-06-03"},
        {"resourceType": "Patient", "id": "p1", "gender": "female"},
    ),
    "antivirals begun on one day": (antiviral("s1", "2024-03-04"), antiviral("s2", "2024-03-04")),
    "live vaccines ordered beside the drug": (
        ordered("v1", "live-viral-vaccine", "2025-06-10"),
        ordered("v2", "live-viral-vaccine", "2025-06-20"),
    ),
    "antivirals begun on different days": (antiviral("s1", "2024-03-01"), antiviral("s2", "2024-03-04")),
}


@pytest.mark.parametrize("name", PAIRS)
def test_the_order_of_two_resources_changes_nothing(name: str) -> None:
    """The law of `test_reports` on pairs of resources that speak of one thing."""
    others = [INFUSION] if "person" in name else [PERSON, INFUSION]
    others += [ordered("o1", "lemtrada", "2025-06-05")] if "ordered" in name else []
    one, other = (plain(report(bundle([*others, *pair]), AS_OF)) for pair in (PAIRS[name], PAIRS[name][::-1]))
    assert difference(one, other) is None


LATER: dict[str, Json] = {
    "a panel whose members are not there": {"hasMember": [{"reference": "Observation/gone"}]},
    "a panel in two ways at once": {"valueString": "x", "valueInteger": 5},
}


@pytest.mark.parametrize("name", LATER)
def test_a_result_of_the_future_nobody_can_read_changes_nothing(name: str) -> None:
    """What is dated after `as_of` is invisible, whatever else is wrong with it."""
    later = resource(
        "Observation", "later", "thyroid-panels", status="final", effectiveDateTime="2026-01-05", **LATER[name]
    )
    before, after = (plain(report(bundle([PERSON, INFUSION, *more]), AS_OF)) for more in ([], [later]))
    assert difference({**before, "unused": after["unused"]}, after) is None
    ((reference, why),) = after["unused"]
    assert (reference, why in {"future", "unreadable", "unresolved-reference"}) == ("Observation/later", True)

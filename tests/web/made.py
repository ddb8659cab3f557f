"""Charts made for one test, sent to one service: what no story tells."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import httpx

from fhir_fixtures import builder, codes, labs
from fhir_fixtures.builder import Regimen
from fhir_fixtures.chart import Chart, lemtrada, methylprednisolone, valacyclovir
from fhir_fixtures.codes import Code
from fhir_fixtures.hook_requests import request
from tests.web.calls import EXTENSION, Change, Service, cards_of, service_at

Json = dict[str, Any]
MONDAY = date(2026, 3, 2)
BORN = date(1988, 5, 17)
CBC = (*labs.CBC_PARTS, labs.NEUTROPHIL_PART)
FOR_LEMTRADA: Json = {"description": "LEMTRADA infusion, day 1"}
MMR = Code(codes.CVX, "03", "measles, mumps and rubella virus vaccine")


def chart(gender: str = "male") -> Chart:
    """An empty chart."""
    return Chart(77, gender, BORN)


def ready(first: date = MONDAY, *, gender: str = "male") -> Chart:
    """A patient with history and the whole baseline before a first course on that day."""
    made = chart(gender)
    made.history(first)
    made.baseline(first)
    return made


def treated(first: date = MONDAY, days: int = 5, *, antiviral_until: date | None = None, gender: str = "male") -> Chart:
    """A patient with baseline and one course, premedicated, under an antiviral."""
    made = ready(first, gender=gender)
    made.course(first, days, antiviral_until=antiviral_until)
    return made


def order(regimen: Regimen, status: str = "draft", written: str = "2026-02-20T10:00:00-05:00") -> Json:
    """A MedicationRequest."""
    return builder.medication_request(regimen, status=status, authored=written)


def add_orders(made: Chart, first: date = MONDAY, days: int = 5, *, draft: bool, dose: float = 12) -> None:
    """LEMTRADA with premedication and antiviral, as drafts or as active orders."""
    status = "draft" if draft else "active"
    made.add("lemtrada-order", order(lemtrada(first, days, dose), status), draft=draft)
    made.add("steroid-order", order(methylprednisolone(first), status), draft=draft)
    made.add("antiviral-order", order(valacyclovir(first, first + timedelta(days=100)), status), draft=draft)


def appointment(made: Chart, day: str | None, **members: Any) -> Json:
    """A proposed appointment of this patient."""
    found: Json = {
        "resourceType": "Appointment",
        "id": "booked-1",
        "status": "proposed",
        "participant": [{"actor": {"reference": made.reference}, "status": "needs-action"}],
    }
    if day is not None:
        found |= {"start": f"{day}T09:00:00-05:00", "end": f"{day}T15:00:00-05:00"}
    return found | members


def vaccine_order(made: Chart, coded: Json, kind: str = "MedicationRequest") -> Json:
    """A draft for a vaccine, as a MedicationRequest or a ServiceRequest."""
    named = {"medicationCodeableConcept": coded} if kind == "MedicationRequest" else {"code": coded}
    return {
        "resourceType": kind,
        "id": "vaccine-1",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": made.reference},
        **named,
    }


def body_of(hook: str, made: Chart, *drafts: Json, failed: Sequence[str] = ()) -> Json:
    """The request of a hook for a chart; `drafts` come after the chart's own. `failed`: keys whose query failed."""
    outcomes = {key: builder.operation_outcome("timed out") for key in failed}
    return request(hook, f"made-{made.number}", made.resources, [*made.drafts, *drafts], outcomes)


def send(hook: str, body: Json, at: str, service: Service | None = None) -> httpx.Response:
    """That request, at that moment."""
    return (service or service_at(at)).post(f"/cds-services/lemtrada-{hook}", body)


def cards(hook: str, made: Chart, at: str, *drafts: Json, failed: Sequence[str] = ()) -> list[Json]:
    """The cards for a chart at a hook."""
    return cards_of(send(hook, body_of(hook, made, *drafts, failed=failed), at))


def statuses(found: list[Json]) -> dict[str, set[str]]:
    """Requirement -> statuses behind the cards."""
    rows: dict[str, set[str]] = {}
    for card in found:
        for row in card["extension"][EXTENSION]["assessments"]:
            rows.setdefault(row["requirement"], set()).add(row["status"])
    return rows


class Asked:
    """One request that can be sent again with a change, at its moment."""

    def __init__(self, hook: str, made: Chart, at: str, *drafts: Json) -> None:
        self.hook, self.at = hook, at
        self._body = body_of(hook, made, *drafts)

    def body(self, change: Change | None = None) -> Json:
        """A copy of the request, changed in place."""
        body = copy.deepcopy(self._body)
        if change is not None:
            change(body)
        return body

    def __call__(self, change: Change | None = None) -> httpx.Response:
        return send(self.hook, self.body(change), self.at)


def booked() -> Asked:
    """Day 1 of a first course is being booked; orders stand, the UPCR is not on record."""
    made = chart()
    made.history(MONDAY)
    made.baseline(MONDAY, upcr=False)
    add_orders(made, draft=False)
    return Asked("appointment-book", made, "2026-02-20T16:00:00-05:00", appointment(made, "2026-03-02", **FOR_LEMTRADA))


def another_appointment() -> Asked:
    """Something else is being booked for a treated patient."""
    made = treated(date(2025, 3, 3))
    proposed = appointment(made, "2026-03-02", description="MRI of the brain")
    return Asked("appointment-book", made, "2026-02-20T16:00:00-05:00", proposed)


def before_infusion() -> Asked:
    """Second infusion day, everything done, the pump not started."""
    made = ready()
    add_orders(made, draft=False)
    made.infusions([MONDAY])
    made.steroids([MONDAY, MONDAY + timedelta(days=1)], [1, 2])
    return Asked("encounter-start", made, "2026-03-03T08:50:00-05:00")


def other_visit() -> Asked:
    """A visit five weeks after the first course; the creatinine is overdue."""
    made = treated()
    made.lab("creatinine", labs.CREATININE_PART, made.at(date(2026, 3, 1), "08:00"))
    made.panel("cbc", codes.CBC_DIFF, CBC, made.at(date(2026, 3, 30), "08:00"), members=False)
    made.panel("urinalysis", codes.URINALYSIS, labs.URINE_PARTS, made.at(date(2026, 3, 30), "08:00"), members=False)
    return Asked("encounter-start", made, "2026-04-12T09:00:00-04:00")


def going_home() -> Asked:
    """The evening of infusion day 1; no antiviral on record."""
    made = ready()
    made.infusions([MONDAY])
    made.steroids([MONDAY], [1])
    return Asked("encounter-discharge", made, "2026-03-02T15:10:00-05:00")


def vaccine_asked(kind: str = "ServiceRequest", hook: str = "order-sign") -> Asked:
    """A live vaccine is being ordered two years after a course."""
    made = treated(date(2024, 3, 4), antiviral_until=date(2024, 6, 1))
    return Asked(hook, made, "2026-03-10T10:00:00-04:00", vaccine_order(made, codes.concept(MMR), kind))

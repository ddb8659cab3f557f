"""Charts made for one test, sent to one service: what no story tells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import httpx

from fhir_fixtures import builder, codes
from fhir_fixtures.builder import INTRAVENOUS, Regimen
from fhir_fixtures.chart import Chart, lemtrada, methylprednisolone, valacyclovir
from fhir_fixtures.codes import Code
from fhir_fixtures.hook_requests import request
from tests.web.calls import Service, cards_of, service_at

Json = dict[str, Any]
MONDAY = date(2026, 3, 2)
BORN = date(1988, 5, 17)
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
        for row in card["extension"]["io.github.cds-service.assessments"]["assessments"]:
            rows.setdefault(row["requirement"], set()).add(row["status"])
    return rows

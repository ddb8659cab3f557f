"""Encounters as visits: when the patient came, and left. What a visit was for is read elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from cds_service.core.dates import When
from cds_service.core.timeline import Visit
from cds_service.fhir.dates import DateReader
from cds_service.fhir.record import Chart, is_code, reference_of
from cds_service.fhir.structs import Resource

_NEVER = frozenset({"planned", "cancelled", "entered-in-error"})
_OPEN = frozenset({"arrived", "triaged", "in-progress", "onleave", "on-hold"})
_OVER = frozenset({"finished", "completed", "discharged", "discontinued"})


class VisitReader:
    """Reads the Encounters of one record. `reason`: who reads what a visit was for."""

    def __init__(self, dates: DateReader, reason: Callable[[Chart, Resource, str | None], None]) -> None:
        self._dates, self._reason = dates, reason

    def encounter(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File an Encounter that took place, or goes on."""
        self._reason(chart, resource, full_url)
        status = resource.status
        if is_code(status, _NEVER):
            return
        period = resource.period or resource.actualPeriod
        start, end = (period.start, period.end) if period is not None else (None, None)
        chart.visits.append(
            Visit(
                reference_of(resource, full_url),
                start=self._read(start),
                end=self._read(end),
                open=is_code(status, _OPEN),
                unsure=not is_code(status, _OPEN | _OVER),
            )
        )

    def _read(self, text: str | None) -> When | None:
        return self._dates.read(text) if text else None

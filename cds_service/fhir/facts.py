"""Orders for tests, and conditions: facts that need no other resource to be understood."""

from __future__ import annotations

from cds_service.core.timeline import ConditionFact, TestOrder
from cds_service.fhir.codes import CodeIndex
from cds_service.fhir.dates import DateReader
from cds_service.fhir.record import Chart, is_code, reference_of
from cds_service.fhir.structs import CodeableConcept, Resource

_REFUTED = frozenset({"refuted", "entered-in-error"})
_ORDER_STATUSES = frozenset({"active", "draft"})
_NOT_ORDERS = frozenset({"proposal", "plan", "option"})
_VOID_TEST_ORDERS = {"entered-in-error": "entered-in-error", "revoked": "not-done"}


class FactReader:
    """Reads test orders and conditions of one record."""

    def __init__(self, index: CodeIndex, dates: DateReader) -> None:
        self._index, self._dates = index, dates

    def test_order(self, chart: Chart, resource: Resource, full_url: str | None, *, draft: bool = False) -> None:
        """File a ServiceRequest for a test the label knows."""
        concepts = self._index.coded(resource.code)
        if not concepts:
            return
        reference = reference_of(resource, full_url)
        if not draft and not is_code(resource.status, _ORDER_STATUSES):
            why = _VOID_TEST_ORDERS.get(resource.status) if isinstance(resource.status, str) else "bad-status"
            if why is not None:
                chart.drop(reference, why)
            return
        if is_code(resource.intent, _NOT_ORDERS):
            return
        if resource.doNotPerform:
            chart.drop(reference, "not-done")
            return
        text = resource.occurrenceDateTime
        if text is None and resource.occurrencePeriod is not None:
            text = resource.occurrencePeriod.end or resource.occurrencePeriod.start
        if text is None and resource.occurrenceTiming is not None:
            repeat = resource.occurrenceTiming.repeat
            bounds = repeat.boundsPeriod if repeat is not None else None
            text = max(resource.occurrenceTiming.event or (), default=None) or (bounds.end if bounds else None)
        written = self._dates.read(resource.authoredOn) if resource.authoredOn else None
        when = self._dates.read(text) if text else written
        if when is None and (text or resource.authoredOn):
            chart.drop(reference, "bad-date")
        chart.test_orders.append(TestOrder(reference, concepts, when, written))

    def condition(self, chart: Chart, resource: Resource, full_url: str | None) -> None:
        """File a Condition the label knows, unless it is refuted."""
        concepts = self._index.coded(resource.code)
        if not concepts:
            return
        reference = reference_of(resource, full_url)
        verification = resource.verificationStatus
        codes = [verification] if isinstance(verification, str) else []
        if isinstance(verification, CodeableConcept):
            codes = [coding.code or "" for coding in verification.coding or ()]
        if _REFUTED.intersection(codes):
            if "entered-in-error" in codes:
                chart.drop(reference, "entered-in-error")
            return
        text = resource.recordedDate or resource.onsetDateTime
        chart.conditions.append(ConditionFact(reference, concepts, self._dates.read(text) if text else None))

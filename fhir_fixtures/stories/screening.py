"""Tests before the first infusion whose answer decides: tuberculosis and immunity to varicella."""

from __future__ import annotations

from datetime import date, timedelta

from fhir_fixtures import codes, lean
from fhir_fixtures.chart import Chart
from fhir_fixtures.codes import Code
from fhir_fixtures.model import Expect, Told
from fhir_fixtures.telling import draft_course, story

MONDAY = date(2026, 3, 2)


@story(102, "tuberculosis-test-positive", gender="female")
def tuberculosis_test_positive(chart: Chart) -> Told:
    """The test for tuberculosis was positive, and no treatment is on record: to be treated before LEMTRADA."""
    expected = Expect("tb-screening", "violated", reason="positive", indicator="warning", ordering="warning")
    return _answered(chart, "igra", codes.IGRA, codes.POSITIVE, expected)


@story(103, "not-immune-to-varicella")
def not_immune_to_varicella(chart: Chart) -> Told:
    """No antibodies against varicella were found, and no vaccine is on record: a line in the order card."""
    expected = Expect("vzv-immunity", "violated", reason="not-immune", indicator="none", ordering="info")
    return _answered(chart, "vzv", codes.VZV_IGG, codes.NEGATIVE, expected)


@story(104, "tuberculosis-test-indeterminate", gender="female")
def tuberculosis_test_indeterminate(chart: Chart) -> Told:
    """The only test for tuberculosis came back indeterminate, which screens nobody."""
    expected = Expect("tb-screening", "missing", reason="indeterminate", indicator="warning", ordering="warning")
    return _answered(chart, "igra", codes.IGRA, codes.INDETERMINATE, expected)


def _answered(chart: Chart, kind: str, code: Code, value: Code, expected: Expect) -> Told:
    lean.baseline(chart, MONDAY, without=(kind,))
    lean.answer(chart, kind, code, chart.at(MONDAY - timedelta(days=14), "07:45"), value)
    now = chart.at(MONDAY - timedelta(days=10), "10:00")
    draft_course(chart, MONDAY, 5, written=now)
    return Told(now, (expected,), hooks=("order-sign",))

"""Corticosteroids on the first three infusion days of a course."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from fhir_fixtures import builder
from fhir_fixtures.chart import Chart, methylprednisolone
from fhir_fixtures.clock import days_from
from fhir_fixtures.codes import PREDNISONE_20, PREDNISONE_50
from fhir_fixtures.model import Expect, Told
from fhir_fixtures.telling import story

MONDAY = date(2026, 3, 2)
FRIDAY = date(2026, 3, 6)
DAYS = days_from(MONDAY, 3)


@story(10, "steroid-missing-day-2", gender="female")
def steroid_missing_day_2(chart: Chart) -> Told:
    """No corticosteroid was charted on the second infusion day."""
    chart.treated(MONDAY, steroid_days=(1, 3))
    return Told(chart.at(FRIDAY, "18:00"), _each_day((2,), "missing"))


@story(11, "steroid-missing-day-3", vignette="8")
def steroid_missing_day_3(chart: Chart) -> Told:
    """No corticosteroid was charted on the third infusion day."""
    chart.treated(MONDAY, steroid_days=(1, 2))
    return Told(chart.at(FRIDAY, "18:00"), _each_day((3,), "missing"))


@story(12, "steroid-after-start", vignette="9", gender="female")
def steroid_after_start(chart: Chart) -> Told:
    """On day 1 the corticosteroid came forty minutes after the pump had started."""
    chart.treated(MONDAY, steroid_days=(2, 3))
    chart.add("steroid", builder.steroid(MONDAY, "09:40"))
    return Told(chart.at(FRIDAY, "18:00"), _each_day((1,), "missing", "after-start"))


@story(13, "oral-prednisone", vignette="10")
def oral_prednisone(chart: Chart) -> Told:
    """Prednisone 1,250 mg by mouth before each of the first three infusions is equivalent: nothing to find."""
    chart.treated(MONDAY, steroid_days=())
    for day in DAYS:
        chart.add("steroid", builder.oral_dose(PREDNISONE_50, chart.at(day, "07:30"), 1250))
    return Told(chart.at(FRIDAY, "18:00"))


@story(14, "low-dose-prednisone", vignette="11", gender="female")
def low_dose_prednisone(chart: Chart) -> Told:
    """Prednisone 60 mg before each of the first three infusions is far too little."""
    chart.treated(MONDAY, steroid_days=())
    for day in DAYS:
        chart.add("steroid", builder.oral_dose(PREDNISONE_20, chart.at(day, "07:30"), 60))
    return Told(chart.at(FRIDAY, "18:00"), _each_day((1, 2, 3), "violated", "below-dose"))


@story(15, "steroid-ordered-only", vignette="12")
def steroid_ordered_only(chart: Chart) -> Told:
    """Methylprednisolone was ordered for the first three days, but nobody charted that it was given."""
    chart.treated(MONDAY, steroid_days=())
    written = chart.at(date(2026, 2, 27), "14:15")
    order = builder.medication_request(methylprednisolone(MONDAY), status="active", authored=written)
    chart.add("steroid-order", order)
    return Told(chart.at(FRIDAY, "18:00"), _each_day((1, 2, 3), "missing", "ordered-not-documented"))


@story(16, "steroid-evening-before", vignette="13", gender="female")
def steroid_evening_before(chart: Chart) -> Told:
    """Each of the first three infusions had its corticosteroid at eight o'clock on the evening before."""
    chart.treated(MONDAY, steroid_days=())
    for day in DAYS:
        chart.add("steroid", builder.steroid(day - timedelta(days=1), "20:00"))
    return Told(
        chart.at(FRIDAY, "18:00"),
        (*_each_day((1, 2), "missing", "after-start"), *_each_day((3,), "missing")),
        doubt=(
            "The dose meant for the next day lies after that day's own infusion, so days 1 and 2 read as after-start "
            "and day 3 as plain missing; the vignette itself says only 'missing (not that day)'."
        ),
    )


def _each_day(days: Iterable[int], status: str, reason: str | None = None) -> tuple[Expect, ...]:
    return tuple(
        Expect("corticosteroid-premedication", status, reason=reason, course=1, day=day, indicator="warning")
        for day in days
    )

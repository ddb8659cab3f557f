"""The antiviral that goes with every course, and the CD4+ count that lets it end."""

from __future__ import annotations

from datetime import date, timedelta

from fhir_fixtures import builder, lean
from fhir_fixtures.chart import Chart, lemtrada, methylprednisolone, valacyclovir
from fhir_fixtures.clock import days_from
from fhir_fixtures.model import Expect, Told
from fhir_fixtures.telling import story

MONDAY = date(2026, 3, 2)
FRIDAY = date(2026, 3, 6)
_DURATION = "herpes-prophylaxis-duration"
_START = "herpes-prophylaxis-start"


@story(37, "antiviral-stopped-early", vignette="23")
def antiviral_stopped_early(chart: Chart) -> Told:
    """Valacyclovir ended seven weeks after the course: CD4+ cells were back, but two months had not passed."""
    stop = date(2026, 4, 25)
    lean.treated(chart, MONDAY, antiviral_until=stop)
    lean.cd4(chart, date(2026, 4, 20), 260)
    lean.results(chart, date(2026, 4, 20), lean.MONTHLY)
    return Told(chart.at(stop, "18:00"), (Expect(_DURATION, "violated", course=1, indicator="warning"),))


@story(38, "antiviral-long-enough", vignette="24", gender="female")
def antiviral_long_enough(chart: Chart) -> Told:
    """Valacyclovir ended after more than two months, two days after a CD4+ count of exactly the label's 200."""
    stop = date(2026, 5, 20)
    lean.treated(chart, MONDAY, antiviral_until=stop)
    lean.cd4(chart, date(2026, 5, 18), 0.2, "10*9/L")
    lean.results(chart, date(2026, 5, 18))
    return Told(chart.at(stop, "18:00"), (Expect(_DURATION, "met", course=1),))


@story(39, "second-course-without-antiviral", vignette="25")
def second_course_without_antiviral(chart: Chart) -> Told:
    """The first course had its antiviral; nobody thought of it in the second."""
    lean.treated_last_year(chart, date(2026, 2, 23))
    second = date(2026, 3, 9)
    dates = days_from(second, 3)
    for day in dates:
        lean.infusion(chart, day)
    lean.steroids(chart, dates)
    return Told(chart.at(dates[-1], "18:00"), (Expect(_START, "missing", course=2, indicator="warning"),))


@story(40, "antiviral-late", gender="female")
def antiviral_late(chart: Chart) -> Told:
    """Valacyclovir was started on the third infusion day instead of the first."""
    lean.baseline(chart, MONDAY)
    dates = days_from(MONDAY, 5)
    for day in dates:
        lean.infusion(chart, day)
    lean.steroids(chart, dates[:3])
    started = date(2026, 3, 4)
    lean.order(chart, "antiviral", valacyclovir(started, None), written=started)
    expected = Expect(_START, "violated", reason="late", course=1, indicator="warning")
    return Told(chart.at(FRIDAY, "18:00"), (expected,))


@story(41, "antiviral-ended-without-count")
def antiviral_ended_without_count(chart: Chart) -> Told:
    """Valacyclovir ended after more than two months, but no CD4+ count was taken before."""
    stop = date(2026, 5, 20)
    lean.treated(chart, MONDAY, antiviral_until=stop)
    lean.results(chart, date(2026, 5, 11))
    expected = Expect(_DURATION, "violated", reason="cd4-not-shown", course=1, indicator="warning")
    return Told(chart.at(date(2026, 5, 22), "18:00"), (expected,))


@story(42, "count-due", gender="female")
def count_due(chart: Chart) -> Told:
    """Valacyclovir is running and its two months are nearly over: time to draw the CD4+ count that lets it end."""
    lean.treated(chart, MONDAY)
    lean.results(chart, date(2026, 4, 20), lean.MONTHLY)
    return Told(chart.at(date(2026, 4, 25), "18:00"), (Expect(_DURATION, "due", course=1, indicator="info"),))


@story(43, "antiviral-planned-too-short")
def antiviral_planned_too_short(chart: Chart) -> Told:
    """The antiviral that is being signed together with LEMTRADA ends a month after its start."""
    lean.baseline(chart, MONDAY)
    now = chart.at(MONDAY - timedelta(days=10), "10:00")
    for kind, regimen in (
        ("draft-lemtrada", lemtrada(MONDAY, 5)),
        ("draft-steroid", methylprednisolone(MONDAY)),
        ("draft-antiviral", valacyclovir(MONDAY, date(2026, 4, 1))),
    ):
        chart.draft(kind, builder.medication_request(regimen, status="draft", authored=now))
    expected = Expect(
        _DURATION, "violated", reason="planned-too-short", course=1, indicator="warning", ordering="warning"
    )
    return Told(now, (expected,), hooks=("order-sign",))

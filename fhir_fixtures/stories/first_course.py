"""A first course: before it, during it, just after it."""

from __future__ import annotations

from datetime import date, timedelta

from fhir_fixtures import builder, labs
from fhir_fixtures.chart import Chart, Hours
from fhir_fixtures.clock import PACIFIC
from fhir_fixtures.model import Expect, Told
from fhir_fixtures.telling import draft_course, story

MONDAY = date(2026, 3, 2)
FRIDAY = date(2026, 3, 6)


@story(1, "clean-first-course", vignette="1", gender="female")
def clean_first_course(chart: Chart) -> Told:
    """A complete baseline, five infusions Monday to Friday with premedication and prophylaxis: nothing to find."""
    chart.treated(MONDAY)
    slip = builder.infusion(MONDAY + timedelta(days=1), status="entered-in-error")
    chart.add("infusion", slip)
    return Told(chart.at(FRIDAY, "18:00"))


@story(2, "upcr-missing-order", vignette="2")
def upcr_missing_order(chart: Chart) -> Told:
    """LEMTRADA is being ordered for ten days ahead; of the whole baseline only the UPCR is not on record."""
    chart.history(MONDAY)
    chart.baseline(MONDAY, upcr=False)
    chart.noise(MONDAY)
    now = chart.at(MONDAY - timedelta(days=10), "10:00")
    draft_course(chart, MONDAY, 5, written=now)
    return Told(now, (Expect("upcr-baseline", "missing", indicator="warning"),))


_BEGUN = (
    "The indicator of a baseline missed before treatment began reads both 'info for 30 days' and 'null afterwards'; "
    "taken as info for 30 days in the plain report and at patient-view."
)

_STALE = (
    "One row of the table of indicators is about a missed UPCR, another about a stale baseline; the latter is taken."
)


@story(3, "upcr-too-late", vignette="3", gender="female")
def upcr_too_late(chart: Chart) -> Told:
    """The first UPCR was taken four days after the last infusion: it cannot stand in for a baseline."""
    _treated_without_upcr(chart)
    late = date(2026, 3, 10)
    chart.upcr(late)
    return Told(chart.at(late, "18:00"), (Expect("upcr-baseline", "missing", indicator="info"),), doubt=_BEGUN)


@story(4, "albumin-ratio-only", vignette="4")
def albumin_ratio_only(chart: Chart) -> Told:
    """Only an albumin/creatinine ratio was measured before treatment, which is another test."""
    _treated_without_upcr(chart)
    chart.lab("uacr", labs.UACR_PART, chart.at(date(2026, 2, 16), "07:50"))
    expected = Expect("upcr-baseline", "missing", reason="wrong-test", indicator="info")
    return Told(chart.at(FRIDAY, "18:00"), (expected,), doubt=_BEGUN)


@story(5, "upcr-stale", vignette="5", gender="female")
def upcr_stale(chart: Chart) -> Told:
    """The only UPCR is more than three months older than the first infusion."""
    _treated_without_upcr(chart)
    chart.upcr(date(2025, 11, 20))
    expected = Expect("upcr-baseline", "missing", reason="stale", indicator="none")
    return Told(chart.at(FRIDAY, "18:00"), (expected,), doubt=_STALE)


@story(6, "weekend-course", vignette="6")
def weekend_course(chart: Chart) -> Told:
    """Infusions from Thursday to Monday, with a weekend and the change to summer time in between: nothing to find."""
    chart.treated(date(2026, 3, 5))
    return Told(chart.at(date(2026, 3, 9), "18:00"))


@story(7, "skipped-day", vignette="7", gender="female")
def skipped_day(chart: Chart) -> Told:
    """Wednesday's infusion was not done; day 3 of the course is Thursday, and it was premedicated."""
    chart.history(MONDAY)
    chart.baseline(MONDAY)
    order = chart.lemtrada_order(MONDAY, 5)
    given = [date(2026, 3, day) for day in (2, 3, 5, 6)]
    chart.infusions(given, order)
    chart.add("infusion", builder.infusion(date(2026, 3, 4), status="not-done"))
    chart.steroids(given)
    chart.antiviral(MONDAY)
    chart.noise(MONDAY)
    return Told(
        chart.at(FRIDAY, "18:00"),
        (Expect("consecutive-days", "violated", course=1, indicator="none"),),
    )


@story(8, "incomplete-course", vignette="17")
def incomplete_course(chart: Chart) -> Told:
    """Three of five infusions, the last of them ten days ago."""
    chart.history(MONDAY)
    chart.baseline(MONDAY)
    given = [date(2026, 3, day) for day in (2, 3, 4)]
    chart.infusions(given, chart.lemtrada_order(MONDAY, 5))
    chart.steroids(given)
    chart.antiviral(MONDAY)
    chart.noise(MONDAY)
    return Told(
        chart.at(date(2026, 3, 14), "18:00"),
        (Expect("course-length", "missing", reason="incomplete-course", course=1),),
        doubt="The table of indicators has no row for a course that is too short; no indicator is compared.",
    )


@story(9, "west-coast-evening", vignette="14", gender="female", zone=PACIFIC)
def west_coast_evening(chart: Chart) -> Told:
    """Late infusions on the west coast, some of them on the next day in UTC: five days in a row, nothing to find."""
    chart.history(MONDAY)
    chart.baseline(MONDAY)
    order = chart.lemtrada_order(MONDAY, 5)
    for number in range(5):
        late = number % 2 == 1
        hours = Hours("16:30", "15:30", "15:00") if late else Hours("15:30", "14:30", "14:00")
        day = MONDAY + timedelta(days=number)
        chart.infusions([day], order, hours=hours)
        if number < 3:
            chart.steroids([day], (1,), hours=hours)
    chart.antiviral(MONDAY)
    chart.noise(MONDAY)
    return Told(chart.at(FRIDAY, "23:00"))


def _treated_without_upcr(chart: Chart) -> None:
    chart.history(MONDAY)
    chart.baseline(MONDAY, upcr=False)
    chart.course(MONDAY, 5)
    chart.noise(MONDAY)

"""Vaccines before a course, and live viral vaccines after one."""

from __future__ import annotations

from datetime import date, timedelta

from fhir_fixtures import builder, codes, lean
from fhir_fixtures.chart import Chart
from fhir_fixtures.codes import Code
from fhir_fixtures.model import Expect, Told
from fhir_fixtures.telling import draft_course, story

MONDAY = date(2026, 3, 2)
_BEFORE = "vaccines-6-weeks"
_LIVE = "live-vaccine"


@story(54, "zoster-vaccine-before-course", vignette="26", gender="female")
def zoster_vaccine_before_course(chart: Chart) -> Told:
    """The recombinant zoster vaccine was given thirty days before the planned first infusion; it is not live."""
    expected = Expect(_BEFORE, "violated", indicator="none", ordering="info")
    return _planned(chart, codes.ZOSTER_RECOMBINANT, date(2026, 1, 31), expected)


@story(55, "live-vaccine-before-course")
def live_vaccine_before_course(chart: Chart) -> Told:
    """Measles, mumps and rubella vaccine, a live one, was given 24 days before the planned first infusion."""
    expected = Expect(_BEFORE, "violated", indicator="warning", ordering="warning")
    return _planned(chart, codes.MMR, date(2026, 2, 6), expected)


@story(56, "vaccine-some-time-in-january", gender="female")
def vaccine_some_time_in_january(chart: Chart) -> Told:
    """A flu vaccine was given in January, nobody noted the day: whether six weeks have passed cannot be told."""
    expected = Expect(_BEFORE, "cannot-tell", reason="date-vague", indicator="warning", ordering="warning")
    return _planned(chart, codes.INFLUENZA_INACTIVATED, "2026-01", expected, calendar_bound=True)


@story(57, "live-vaccine-ordered")
def live_vaccine_ordered(chart: Chart) -> Told:
    """A live vaccine is being ordered less than a year after the last infusion."""
    lean.treated_last_year(chart, date(2026, 2, 9))
    now = chart.at(date(2026, 2, 20), "10:00")
    chart.draft("draft-vaccine", builder.vaccine_order(codes.MMR, authored=now))
    return Told(
        now, (Expect(_LIVE, "violated", ordering="critical"),), doubt=_PLAIN, hooks=("order-sign",), calendar_bound=True
    )


@story(58, "live-vaccine-ordered-later", gender="female")
def live_vaccine_ordered_later(chart: Chart) -> Told:
    """A live vaccine is being ordered, as a procedure, thirteen months after the last infusion."""
    lean.treated_last_year(chart, date(2026, 4, 6))
    now = chart.at(date(2026, 4, 20), "10:00")
    asked = builder.service_request(codes.VARICELLA_VACCINE, authored=now, status="draft")
    chart.draft("draft-vaccine", asked)
    return Told(
        now, (Expect(_LIVE, "violated", ordering="warning"),), doubt=_PLAIN, hooks=("order-sign",), calendar_bound=True
    )


@story(59, "live-vaccine-given")
def live_vaccine_given(chart: Chart) -> Told:
    """A live vaccine was given five weeks after the last infusion."""
    lean.treated(chart, MONDAY)
    lean.results(chart, date(2026, 3, 30), lean.MONTHLY)
    lean.file(chart, "vaccine", builder.immunization(codes.MMR, date(2026, 4, 10)))
    return Told(
        chart.at(date(2026, 4, 12), "18:00"),
        (Expect(_LIVE, "violated"),),
        doubt="The table of indicators has no row for a live vaccine that has been given; no indicator is compared.",
    )


_PLAIN = "The table of indicators gives none for the plain report of a vaccine that is only ordered; not compared."


def _planned(chart: Chart, vaccine: Code, given: date | str, *expect: Expect, calendar_bound: bool = False) -> Told:
    lean.baseline(chart, MONDAY)
    lean.file(chart, "vaccine", builder.immunization(vaccine, given))
    now = chart.at(MONDAY - timedelta(days=10), "10:00")
    draft_course(chart, MONDAY, 5, written=now)
    return Told(now, expect, hooks=("order-sign",), calendar_bound=calendar_bound)

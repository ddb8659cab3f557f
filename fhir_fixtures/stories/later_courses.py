"""The second course: when it may begin and how long it is."""

from __future__ import annotations

from datetime import date

from fhir_fixtures import builder
from fhir_fixtures.chart import Chart
from fhir_fixtures.clock import back_from
from fhir_fixtures.model import Expect, Told
from fhir_fixtures.telling import draft_course, story

WINTER = date(2026, 1, 10)  # results before this were filed elsewhere
FIRST = date(2025, 3, 3)  # 3 to 7 March 2025, Monday to Friday


@story(17, "second-course-early", vignette="15")
def second_course_early(chart: Chart) -> Told:
    """The second course is being ordered for a day before twelve months have passed since the first infusion."""
    now = _planned(chart, date(2026, 3, 2))
    expected = Expect("course-interval", "violated", course=2, indicator="none", ordering="info")
    return Told(now, (expected,), calendar_bound=True)


@story(18, "second-course-anchor-unclear", vignette="15")
def second_course_anchor_unclear(chart: Chart) -> Told:
    """The second course is planned between twelve months after the first and after the last infusion: accepted."""
    now = _planned(chart, date(2026, 3, 5))
    return Told(
        now,
        calendar_bound=True,
        doubt="course-interval is met here with note anchor-unclear, which is no finding, so nothing is listed.",
    )


@story(19, "second-course-on-time", vignette="15")
def second_course_on_time(chart: Chart) -> Told:
    """The second course is planned for more than twelve months after the last infusion: nothing to find."""
    return Told(_planned(chart, date(2026, 3, 9)))


@story(20, "second-course-too-long", vignette="16")
def second_course_too_long(chart: Chart) -> Told:
    """The second course had five infusions, as many as a first course; the label gives three."""
    _a_year_after_the_first(chart, date(2026, 3, 2))
    chart.course(date(2026, 3, 9), 5)
    expected = Expect("course-length", "violated", course=2, indicator="warning")
    return Told(chart.at(date(2026, 3, 13), "18:00"), (expected,))


def _planned(chart: Chart, first: date) -> str:
    _a_year_after_the_first(chart, date(2026, 2, 16))
    now = chart.at(date(2026, 2, 24), "10:00")
    draft_course(chart, first, 3, written=now)
    return now


def _a_year_after_the_first(chart: Chart, last_tests: date) -> None:
    chart.treated(FIRST, antiviral_until=date(2025, 6, 16))
    chart.monitoring(last_tests, since=WINTER, tsh=back_from(last_tests, 84, WINTER))
    chart.add("skin", builder.skin_exam(chart.at(date(2026, 1, 28), "10:30")))

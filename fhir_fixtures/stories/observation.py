"""The two hours after an infusion: who went home too early, who is still there."""

from __future__ import annotations

from datetime import date

from fhir_fixtures import builder, lean
from fhir_fixtures.chart import Chart
from fhir_fixtures.model import Expect, Told
from fhir_fixtures.telling import story

MONDAY = date(2026, 3, 2)
_OBSERVATION = "post-infusion-observation"
_DISCHARGE = ("encounter-discharge",)


@story(97, "home-after-ninety-minutes", vignette="29", gender="female")
def home_after_ninety_minutes(chart: Chart) -> Told:
    """The first infusion ended at 13:00 and the visit at 14:30, half an hour too early; charted in the evening."""
    _first_infusion(chart, left="14:30")
    expected = Expect(_OBSERVATION, "violated", course=1, day=1, indicator="warning")
    return Told(
        chart.at(MONDAY, "18:00"),
        (expected,),
        hooks=_DISCHARGE,
        doubt="Visits are asked for at discharge only; at the other hooks the observation cannot be judged.",
    )


@story(98, "visit-still-open", vignette="29")
def visit_still_open(chart: Chart) -> Told:
    """An hour and a half after the end of the infusion the visit is still open: nothing to find."""
    _first_infusion(chart, left=None)
    return Told(chart.at(MONDAY, "14:30"))


@story(99, "about-to-leave-too-early", vignette="29", gender="female")
def about_to_leave_too_early(chart: Chart) -> Told:
    """Discharge at 14:30 from a visit that is still open, when the infusion ended at 13:00: to stay until 15:00."""
    _first_infusion(chart, left=None)
    expected = Expect(_OBSERVATION, "violated", course=1, day=1, indicator="warning")
    return Told(
        chart.at(MONDAY, "14:30"),
        (expected,),
        hooks=_DISCHARGE,
        expect_at=_DISCHARGE,
        doubt="Only the discharge hook knows that the patient leaves now; to the plain report the visit goes on.",
    )


def _first_infusion(chart: Chart, *, left: str | None) -> None:
    """The first infusion of an ordered course, from 09:00 to 13:00; a visit that ended then, or goes on."""
    lean.baseline(chart, MONDAY)
    lean.active_orders(chart, MONDAY)
    lean.infusion(chart, MONDAY)
    lean.steroids(chart, [MONDAY])
    visit = builder.encounter(MONDAY, "07:30", left or "15:00", chart.zone)
    if not left:
        visit["status"] = "in-progress"
        del visit["period"]["end"]
    lean.file(chart, "visit", visit)

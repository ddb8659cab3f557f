"""What else is on record when LEMTRADA is being signed: infections, events after infusions, cautions."""

from __future__ import annotations

from datetime import date, timedelta

from fhir_fixtures import builder, codes, lean
from fhir_fixtures.chart import Chart
from fhir_fixtures.clock import days_from
from fhir_fixtures.codes import Code
from fhir_fixtures.model import Expect, Told
from fhir_fixtures.telling import draft_course, each, story

MONDAY = date(2026, 3, 2)
TEN_DAYS_BEFORE = MONDAY - timedelta(days=10)
NEXT_MONDAY = date(2026, 3, 9)
_SIGNED = ("order-sign",)
_INFECTION = "active-infection-contraindication"
_AUTOIMMUNE = "autoimmune-event"
_CRITICAL = Expect("", "violated", indicator="warning", ordering="critical")
_WARNING = Expect("", "violated", indicator="warning", ordering="warning")
_INFO = Expect("", "violated", indicator="info", ordering="info")


@story(105, "zoster-two-weeks-ago", gender="female")
def zoster_two_weeks_ago(chart: Chart) -> Told:
    """Shingles began two weeks before the order is signed, and the entry is active."""
    _problem(chart, codes.ZOSTER, TEN_DAYS_BEFORE - timedelta(days=14))
    return _first_course(chart, *each((_INFECTION,), _CRITICAL))


@story(106, "sepsis-on-record")
def sepsis_on_record(chart: Chart) -> Told:
    """Sepsis is active on the problem list, two days old."""
    _problem(chart, codes.SEPSIS, TEN_DAYS_BEFORE - timedelta(days=2))
    return _first_course(chart, *each((_INFECTION,), _CRITICAL))


@story(107, "stroke-after-the-second-infusion", gender="female")
def stroke_after_the_second_infusion(chart: Chart) -> Told:
    """A stroke came two days after the second infusion; the three that are left are being signed for next week."""
    lean.baseline(chart, MONDAY)
    given = days_from(MONDAY, 2)
    for day in given:
        lean.infusion(chart, day)
    lean.steroids(chart, given)
    lean.antiviral(chart, MONDAY)
    _problem(chart, codes.STROKE, given[-1] + timedelta(days=2))
    now = chart.at(date(2026, 3, 6), "10:00")
    draft_course(chart, NEXT_MONDAY, 3, written=now)
    return Told(now, each(("acute-event-after-infusion",), _CRITICAL), hooks=_SIGNED)


@story(108, "low-platelets-then-order")
def low_platelets_then_order(chart: Chart) -> Told:
    """Immune thrombocytopenia half a year after the first course; now the second one is being signed."""
    _problem(chart, codes.ITP, date(2025, 9, 1))
    return _second_course(chart, *each((_AUTOIMMUNE,), _WARNING))


@story(109, "pml-then-order", gender="female")
def pml_then_order(chart: Chart) -> Told:
    """Progressive multifocal leukoencephalopathy since the first course; now the second one is being signed."""
    _problem(chart, codes.PML, date(2025, 11, 3))
    return _second_course(chart, *each((_AUTOIMMUNE, _INFECTION), _CRITICAL))


@story(110, "thyroid-and-melanoma")
def thyroid_and_melanoma(chart: Chart) -> Told:
    """Hypothyroidism and a melanoma in the past: two lines in the order card."""
    _problem(chart, codes.HYPOTHYROIDISM, date(2019, 5, 6))
    _problem(chart, codes.MELANOMA_HISTORY, date(2015, 10, 12))
    return _first_course(chart, *each(("thyroid-caution", "malignancy-caution"), _INFO))


@story(111, "natalizumab-still-taken", gender="female")
def natalizumab_still_taken(chart: Chart) -> Told:
    """Natalizumab stands on the medication list as taken at present, without an end."""
    began = date(2024, 2, 5)
    taken = builder.statement(codes.NATALIZUMAB, status="active", start=began, end=None, text="natalizumab")
    lean.file(chart, "statement", taken)
    return _first_course(chart, *each(("immunosuppressant-caution",), _WARNING))


@story(112, "pregnancy-on-record", gender="female")
def pregnancy_on_record(chart: Chart) -> Told:
    """A pregnancy was entered three weeks before the order is signed."""
    _problem(chart, codes.PREGNANCY, TEN_DAYS_BEFORE - timedelta(days=21))
    return _first_course(chart, *each(("pregnancy-caution",), _WARNING))


def _problem(chart: Chart, code: Code, onset: date) -> None:
    lean.file(chart, "condition", builder.condition(code, onset=onset))


def _first_course(chart: Chart, *expect: Expect) -> Told:
    lean.baseline(chart, MONDAY)
    now = chart.at(TEN_DAYS_BEFORE, "10:00")
    draft_course(chart, MONDAY, 5, written=now)
    return Told(now, expect, hooks=_SIGNED)


def _second_course(chart: Chart, *expect: Expect) -> Told:
    """A first course in March of last year, every test up to date, the next course to begin in ten days."""
    lean.treated_last_year(chart, date(2026, 2, 23))
    now = chart.at(date(2026, 2, 27), "10:00")
    draft_course(chart, NEXT_MONDAY, 3, written=now)
    return Told(now, expect, hooks=_SIGNED)

"""For whom LEMTRADA is meant: the form of the disease, the drugs before it, the age."""

from __future__ import annotations

from datetime import date, timedelta

from fhir_fixtures import codes, lean
from fhir_fixtures.chart import Chart
from fhir_fixtures.model import Expect, Told
from fhir_fixtures.telling import draft_course, story

MONDAY = date(2026, 3, 2)
LAST_OF_NOVEMBER = date(2026, 11, 30)


@story(96, "two-brands-of-one-drug", vignette="28", gender="female")
def two_brands_of_one_drug(chart: Chart) -> Told:
    """Both earlier drugs are brands of interferon beta-1a: one distinct drug, a line in the order card."""
    brands = (
        (codes.local("drug", "AVON30", "Avonex 30 mcg pen"), "Avonex"),
        (codes.local("drug", "REBI44", "Rebif 44 mcg syringe"), "Rebif"),
    )
    lean.baseline(chart, MONDAY, drugs=brands)
    return _signed(chart, Expect("two-prior-drugs", "violated", indicator="none", ordering="info"))


@story(100, "born-in-2009", vignette="30")
def born_in_2009(chart: Chart) -> Told:
    """Of the date of birth only the year is known: 16 or 17 years old, which cannot be told."""
    expected = Expect("adult", "cannot-tell", reason="date-vague", indicator="warning", ordering="warning")
    return _young(chart, "2009", expected)


@story(101, "born-in-december-2009", vignette="30", gender="female")
def born_in_december_2009(chart: Chart) -> Told:
    """Born some day in December 2009, LEMTRADA planned for November 2026: under 17, not recommended."""
    return _young(chart, "2009-12", Expect("adult", "violated", indicator="warning", ordering="warning"))


@story(113, "primary-progressive-disease", gender="female")
def primary_progressive_disease(chart: Chart) -> Told:
    """The disease is primary progressive multiple sclerosis, which is outside the indication."""
    lean.baseline(chart, MONDAY, disease=codes.PRIMARY_PROGRESSIVE_MS)
    return _signed(chart, Expect("indication", "violated", indicator="warning", ordering="warning"))


@story(114, "first-attack-only")
def first_attack_only(chart: Chart) -> Told:
    """A clinically isolated syndrome is on record, but no multiple sclerosis: not recommended."""
    lean.baseline(chart, MONDAY, disease=codes.FIRST_ATTACK)
    return _signed(
        chart,
        Expect("cis-not-recommended", "violated", indicator="warning", ordering="warning"),
        doubt="That no form of multiple sclerosis is on record is no finding of its own beside this one.",
    )


@story(115, "seventeen-years-old", gender="female")
def seventeen_years_old(chart: Chart) -> Told:
    """LEMTRADA is being signed for somebody of seventeen, outside the adult indication: a line in the order card."""
    lean.baseline(chart, MONDAY)
    chart.resources[0]["birthDate"] = "2008-07-14"
    return _signed(chart, Expect("adult", "violated", indicator="none", ordering="info"))


def _young(chart: Chart, born: str, expected: Expect) -> Told:
    """Judged on 22 November 2026, the course to begin eight days later."""
    lean.baseline(chart, LAST_OF_NOVEMBER)
    chart.resources[0]["birthDate"] = born
    now = chart.at(date(2026, 11, 22), "10:00")
    draft_course(chart, LAST_OF_NOVEMBER, 5, written=now)
    return Told(now, (expected,), hooks=("order-sign",), calendar_bound=True)


def _signed(chart: Chart, expected: Expect, doubt: str | None = None) -> Told:
    now = chart.at(MONDAY - timedelta(days=10), "10:00")
    draft_course(chart, MONDAY, 5, written=now)
    return Told(now, (expected,), hooks=("order-sign",), doubt=doubt)

"""Stories about which product was given, and whether it was given at all."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from fhir_fixtures import builder, codes
from fhir_fixtures.builder import INTRAVENOUS, quantity
from fhir_fixtures.chart import Chart, lemtrada
from fhir_fixtures.clock import days_from
from fhir_fixtures.codes import concept
from fhir_fixtures.model import Expect, Told
from fhir_fixtures.telling import BASELINE, RECURRING, draft_course, each, story

MONDAY = date(2026, 3, 2)
FRIDAY = date(2026, 3, 6)
TEN_DAYS_BEFORE = MONDAY - timedelta(days=10)

_CANNOT_COUNT = Expect("", "cannot-tell", reason="exposure-unclear", indicator="info")
_UNCLEAR = each(RECURRING, _CANNOT_COUNT)
_UNCLEAR_WOMAN = each((*RECURRING, "hpv-yearly"), _CANNOT_COUNT)
_UNCLEAR_DOUBT = "follow-up-complete stands among the recurring requirements; taken as not-applicable here."


@story(29, "campath-then-order", vignette="18")
def campath_then_order(chart: Chart) -> Told:
    """Campath for leukemia in 2012, now a LEMTRADA order for MS: history to mention, and a first course."""
    chart.history(MONDAY)
    leukemia = builder.condition(codes.CLL_REMISSION, onset=date(2012, 3, 12), clinical="remission")
    chart.add("condition", leukemia)
    for days in (0, 2, 4, 7, 9, 11):
        when = {"effectiveDateTime": chart.at(date(2012, 4, 2) + timedelta(days=days), "10:00")}
        product = {"medicationCodeableConcept": concept(codes.CAMPATH)}
        chart.add("campath", builder.administration(product, when, quantity(30, "mg"), INTRAVENOUS))
    chart.baseline(MONDAY)
    chart.noise(MONDAY)
    now = chart.at(TEN_DAYS_BEFORE, "10:00")
    draft_course(chart, MONDAY, 5, written=now)
    return Told(
        now,
        (
            Expect("campath-history", "violated", indicator="info", ordering="info"),
            Expect("malignancy-caution", "violated", indicator="info", ordering="info"),
        ),
        doubt=(
            "The table of indicators silences history in the plain report; the exact reading, which decides, gives "
            "present history the indicator info. The order is still open here, so it is taken as info."
        ),
    )


@story(30, "double-dose-order", gender="female")
def double_dose_order(chart: Chart) -> Told:
    """A LEMTRADA order of 24 mg a day, twice the labeled dose."""
    chart.history(MONDAY)
    chart.baseline(MONDAY)
    chart.noise(MONDAY)
    now = chart.at(TEN_DAYS_BEFORE, "10:00")
    draft_course(chart, MONDAY, 5, written=now, dose=24)
    return Told(
        now,
        (Expect("daily-dose", "violated", course=1, indicator="warning", ordering="critical"),),
        doubt="Critical at the order hooks; the plain report, which also sees the draft, might say warning instead.",
    )


@story(31, "campath-dose-under-lemtrada-code")
def campath_dose_under_lemtrada_code(chart: Chart) -> Told:
    """A completed dose of 30 mg under a LEMTRADA code: surely the other product, so the record must be checked."""
    chart.add("condition", builder.condition(codes.CLL, onset=date(2025, 9, 15)))
    chart.add("allergy", builder.no_known_allergies(date(2025, 9, 15)))
    chart.add("infusion", builder.infusion(MONDAY, dose=quantity(30, "mg")))
    chart.monthly_labs(MONDAY - timedelta(days=3))
    chart.noise(MONDAY)
    return Told(
        chart.at(date(2026, 3, 5), "18:00"),
        (Expect("product-check", "violated", indicator="warning"), *_UNCLEAR),
        doubt=_UNCLEAR_DOUBT,
    )


@story(32, "statement-only", gender="female")
def statement_only(chart: Chart) -> Told:
    """LEMTRADA stands on the medication list, but no infusion is on record: it was given elsewhere."""
    chart.history(date(2025, 3, 3))
    told = builder.statement(
        codes.LEMTRADA,
        status="completed",
        start=date(2025, 3, 3),
        end=date(2025, 3, 7),
        text="LEMTRADA, other hospital",
    )
    chart.add("statement", told)
    chart.monthly_labs(date(2026, 2, 16))
    chart.noise(MONDAY)
    return Told(chart.at(date(2026, 3, 10), "18:00"), _UNCLEAR_WOMAN, doubt=_UNCLEAR_DOUBT)


@story(33, "mixture-infusion")
def mixture_infusion(chart: Chart) -> Told:
    """A clean first course whose infusions are charted as mixtures of alemtuzumab and a saline bag."""
    mixture: dict[str, Any] = {
        "resourceType": "Medication",
        "id": "mixture",
        "code": {"text": "Alemtuzumab in sodium chloride 0.9 %"},
        "ingredient": [
            {
                "isActive": True,
                "itemCodeableConcept": concept(codes.ALEMTUZUMAB),
                "strength": {"numerator": quantity(12, "mg"), "denominator": quantity(100, "mL")},
            },
            {"isActive": False, "itemCodeableConcept": concept(codes.SALINE)},
        ],
    }
    medication = {"contained": [mixture], "medicationReference": {"reference": "#mixture"}}
    _clean_course(chart, medication, quantity(100, "mL"))
    return Told(
        chart.at(FRIDAY, "18:00"),
        doubt="The ingredient code is ambiguous; 12 mg a day makes it LEMTRADA (note product-inferred, no finding).",
    )


@story(34, "medication-by-reference", gender="female")
def medication_by_reference(chart: Chart) -> Told:
    """A clean first course whose infusions name their product by an absolute, versioned reference."""
    product = {"resourceType": "Medication", "code": concept(codes.LEMTRADA, codes.LEMTRADA_NDC), "status": "active"}
    reference = chart.add("product", product)
    _clean_course(chart, {"medicationReference": {"reference": f"{codes.BASE}/{reference}/_history/1"}}, None)
    return Told(chart.at(FRIDAY, "18:00"))


@story(35, "never-exposed")
def never_exposed(chart: Chart) -> Told:
    """An ordinary chart of somebody with MS who never had alemtuzumab: silence."""
    chart.history(MONDAY)
    chart.monthly_labs(date(2026, 1, 12), members=True)
    chart.tsh(date(2026, 1, 12))
    chart.noise(MONDAY)
    return Told(chart.at(date(2026, 3, 10), "18:00"))


@story(36, "empty-record-with-order", vignette="31", gender="female")
def empty_record_with_order(chart: Chart) -> Told:
    """A LEMTRADA order for somebody about whom nothing else is on record."""
    now = chart.at(TEN_DAYS_BEFORE, "10:00")
    order = builder.medication_request(lemtrada(MONDAY, 5), status="draft", authored=now)
    chart.draft("draft-lemtrada", order)
    return Told(
        now,
        (
            *each((*BASELINE, "vzv-immunity", "tb-screening"), Expect("", "missing", indicator="warning")),
            Expect("hepatitis-screening", "missing", indicator="none", ordering="info"),
            Expect("two-prior-drugs", "violated", indicator="none", ordering="info"),
            Expect("corticosteroid-premedication", "missing", course=1, indicator="warning"),
            Expect("herpes-prophylaxis-start", "missing", course=1, indicator="warning"),
        ),
        doubt=(
            "The missing corticosteroid is listed once without a day: it may be one assessment for the ordered course "
            "or one for each of its days 1 to 3."
        ),
    )


def _clean_course(chart: Chart, medication: dict[str, Any], dose: dict[str, Any] | None) -> None:
    chart.history(MONDAY)
    chart.baseline(MONDAY)
    dates = days_from(MONDAY, 5)
    chart.infusions(dates, chart.lemtrada_order(MONDAY, 5), medication=medication, dose=dose)
    chart.steroids(dates)
    chart.antiviral(MONDAY)
    chart.noise(MONDAY)

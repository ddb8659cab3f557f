"""How infusions are charted: too short, twice, half, without a day, without a product."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from fhir_fixtures import builder, codes, lean
from fhir_fixtures.builder import SUBCUTANEOUS, Regimen, quantity
from fhir_fixtures.chart import Chart, lemtrada, methylprednisolone, valacyclovir
from fhir_fixtures.clock import days_from
from fhir_fixtures.codes import concept
from fhir_fixtures.model import Expect, Told
from fhir_fixtures.telling import RECURRING, each, story

MONDAY = date(2026, 3, 2)
FRIDAY = date(2026, 3, 6)
DAYS = days_from(MONDAY, 5)


@story(81, "infusion-too-short")
def infusion_too_short(chart: Chart) -> Told:
    """The third infusion ran two and a half hours instead of four."""
    _infused(chart, DAYS[:2])
    lean.infusion(chart, DAYS[2], minutes=150)
    _infused(chart, DAYS[3:], prepared=False)
    return Told(
        chart.at(FRIDAY, "18:00"),
        (Expect("infusion-duration", "violated", course=1, indicator="none"),),
    )


@story(82, "order-not-intravenous", gender="female")
def order_not_intravenous(chart: Chart) -> Told:
    """LEMTRADA is being signed for injection under the skin."""
    lean.baseline(chart, MONDAY)
    now = chart.at(MONDAY - timedelta(days=10), "10:00")
    wrong = Regimen(codes.LEMTRADA, 12, SUBCUTANEOUS, MONDAY, FRIDAY, "12 mg daily", count=5)
    for kind, regimen in (
        ("draft-lemtrada", wrong),
        ("draft-steroid", methylprednisolone(MONDAY)),
        ("draft-antiviral", valacyclovir(MONDAY, date(2026, 9, 2))),
    ):
        chart.draft(kind, builder.medication_request(regimen, status="draft", authored=now))
    expected = Expect("infusion-duration", "violated", indicator="warning", ordering="critical")
    return Told(now, (expected,), hooks=("order-sign",))


@story(83, "infusion-charted-twice")
def infusion_charted_twice(chart: Chart) -> Told:
    """Two systems charted the second infusion under their own numbers; it is counted once: nothing to find."""
    _infused(chart, DAYS)
    lean.infusion(chart, DAYS[1])
    for place, one in enumerate(one for one in chart.resources if _is_infusion_of(one, chart, DAYS[1])):
        one["identifier"] = [{"system": f"{codes.LOCAL}/feed-{place + 1}", "value": f"A{place + 1}7731"}]
    return Told(chart.at(FRIDAY, "18:00"), (Expect("daily-dose", "met", note="possible-duplicate", course=1),))


@story(84, "one-order-twice-a-day", gender="female")
def one_order_twice_a_day(chart: Chart) -> Told:
    """On the second day the same order was charted in the morning and again in the afternoon, 12 mg each time."""
    _infused(chart, DAYS)
    order = lean.order(
        chart, "lemtrada-order", lemtrada(MONDAY, 5), written=MONDAY - timedelta(days=10), status="completed"
    )
    lean.infusion(chart, DAYS[1], start="14:00")
    for one in chart.resources:
        if one["id"].startswith(f"{chart.id}-infusion"):
            one["request"] = {"reference": order}
    expected = Expect("daily-dose", "cannot-tell", reason="same-order-repeated", course=1, indicator="warning")
    return Told(chart.at(FRIDAY, "18:00"), (expected,))


@story(85, "infusion-stopped")
def infusion_stopped(chart: Chart) -> Told:
    """The fifth infusion was stopped after 7 mg: a low dose with a reason, nothing to find."""
    _infused(chart, DAYS[:4])
    lean.infusion(chart, FRIDAY, minutes=140, status="stopped", dose=quantity(7, "mg"))
    expected = Expect("daily-dose", "not-applicable", reason="partial-dose", course=1)
    return Told(chart.at(FRIDAY, "18:00"), (expected,))


@story(86, "infusion-some-day-in-march", gender="female")
def infusion_some_day_in_march(chart: Chart) -> Told:
    """Four infusions have a date; of the fifth only the month was written down."""
    _infused(chart, DAYS[:4])
    fifth = lean.infusion(chart, FRIDAY)
    del fifth["effectivePeriod"]
    fifth["effectiveDateTime"] = "2026-03"
    vague = Expect("", "cannot-tell", course=1)
    return Told(
        chart.at(date(2026, 3, 20), "18:00"),
        (
            Expect("product-check", "cannot-tell", reason="date-vague", indicator="info"),
            *each(("course-length", "consecutive-days"), vague),
        ),
        doubt=(
            "Length and gaps of the course cannot be told because an infusion lacks its day: the reason may be the "
            "date or the exposure, and the indicator hangs on it; neither is compared."
        ),
        calendar_bound=True,
    )


@story(87, "infusions-of-unknown-product", gender="female")
def infusions_of_unknown_product(chart: Chart) -> Told:
    """LEMTRADA was ordered, and five infusions name a medication that is not in the data."""
    lean.baseline(chart, MONDAY)
    lean.order(chart, "lemtrada-order", lemtrada(MONDAY, 5), written=MONDAY - timedelta(days=10), status="completed")
    product = {"medicationReference": {"reference": f"Medication/{chart.id}-not-sent"}}
    for day in DAYS:
        lean.infusion(chart, day, medication=dict(product))
    unclear = Expect("", "cannot-tell", reason="exposure-unclear", indicator="info")
    return Told(
        chart.at(FRIDAY, "18:00"),
        (
            Expect("product-check", "cannot-tell", reason="unresolved-medication", indicator="info"),
            *each((*RECURRING, "hpv-yearly"), unclear),
        ),
    )


@story(88, "course-resumed", gender="female")
def course_resumed(chart: Chart) -> Told:
    """After three infusions an illness; the last two followed seven weeks later and belong to the same course."""
    given = [*DAYS[:3], *days_from(date(2026, 4, 21), 2)]
    _infused(chart, given)
    lean.results(chart, date(2026, 4, 13), lean.MONTHLY)
    return Told(
        chart.at(given[-1], "18:00"),
        (
            Expect("course-length", "met", note="resumed-course", course=1),
            Expect("consecutive-days", "violated", course=1, indicator="none"),
        ),
    )


@story(89, "contained-medications")
def contained_medications(chart: Chart) -> Told:
    """A clean first course in which every drug is a Medication inside the resource that names it."""
    _infused(chart, DAYS)
    for one in chart.resources:
        if "medicationCodeableConcept" in one:
            drug = one.pop("medicationCodeableConcept")
            one["contained"] = [{"resourceType": "Medication", "id": "drug", "code": drug}]
            one["medicationReference"] = {"reference": "#drug"}
    return Told(chart.at(FRIDAY, "18:00"))


@story(90, "steroids-in-doubtful-entries", gender="female")
def steroids_in_doubtful_entries(chart: Chart) -> Told:
    """One corticosteroid is named in words only, one ran into the infusion, one has no dose: all three count."""
    lean.baseline(chart, MONDAY)
    for day in DAYS:
        lean.infusion(chart, day)
    lean.antiviral(chart, MONDAY)
    entries = [builder.steroid(day, "08:30" if place == 1 else "08:00") for place, day in enumerate(DAYS[:3])]
    entries[0]["medicationCodeableConcept"] = {"text": "Methylprednisolone sodium succinate 1 g IV"}
    del entries[2]["dosage"]["dose"]
    for entry in entries:
        lean.file(chart, "steroid", entry)
    notes = ("matched-by-text", "overlaps-start", "dose-absent")
    return Told(
        chart.at(FRIDAY, "18:00"),
        tuple(
            Expect("corticosteroid-premedication", "met", note=note, course=1, day=day)
            for day, note in enumerate(notes, start=1)
        ),
    )


@story(91, "lemtrada-dispensed-only", gender="female")
def lemtrada_dispensed_only(chart: Chart) -> Told:
    """A pharmacy handed out LEMTRADA months ago, but the days it was given are not on record."""
    vials = {
        "resourceType": "MedicationDispense",
        "medicationCodeableConcept": concept(codes.LEMTRADA),
        "quantity": {"value": 5, "unit": "vial"},
        "status": "completed",
        "whenHandedOver": chart.at(date(2025, 9, 1), "11:00"),
    }
    lean.file(chart, "dispense", vials)
    unclear = Expect("", "cannot-tell", reason="exposure-unclear", indicator="info")
    return Told(chart.at(date(2026, 3, 10), "18:00"), each((*RECURRING, "hpv-yearly"), unclear))


@story(92, "clean-first-course-in-r5", gender="female")
def clean_first_course_in_r5(chart: Chart) -> Told:
    """A clean first course written in R5: nothing to find."""
    _infused(chart, DAYS)
    return Told(chart.at(FRIDAY, "18:00"), r5=True)


@story(93, "double-dose-order-in-r5")
def double_dose_order_in_r5(chart: Chart) -> Told:
    """A LEMTRADA order of 24 mg a day, written in R5."""
    lean.baseline(chart, MONDAY)
    now = chart.at(MONDAY - timedelta(days=10), "10:00")
    for kind, regimen in (
        ("draft-lemtrada", lemtrada(MONDAY, 5, 24)),
        ("draft-steroid", methylprednisolone(MONDAY)),
        ("draft-antiviral", valacyclovir(MONDAY, date(2026, 9, 2))),
    ):
        chart.draft(kind, builder.medication_request(regimen, status="draft", authored=now))
    expected = Expect("daily-dose", "violated", course=1, indicator="warning", ordering="critical")
    return Told(now, (expected,), hooks=("order-select",), r5=True)


def _infused(chart: Chart, days: list[date], *, prepared: bool = True) -> None:
    """Infusions on these days; ``prepared``: with the baseline, three corticosteroids and the antiviral."""
    if prepared:
        lean.baseline(chart, MONDAY)
        lean.antiviral(chart, MONDAY)
        lean.steroids(chart, DAYS[:3])
    for day in days:
        lean.infusion(chart, day)


def _is_infusion_of(resource: dict[str, Any], chart: Chart, day: date) -> bool:
    if not resource["id"].startswith(f"{chart.id}-infusion"):
        return False
    start: str = resource["effectivePeriod"]["start"]
    return start.startswith(day.isoformat())

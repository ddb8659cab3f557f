"""The same patient in as few lines as the requirements need: for stories whose point is one detail of the record.

Everything the label asks for is there, and nothing else: no vital signs, no local codes, no bookkeeping of the feeds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from fhir_fixtures import builder, codes, labs
from fhir_fixtures.builder import Regimen, Resource, quantity
from fhir_fixtures.chart import Chart, lemtrada, methylprednisolone, valacyclovir
from fhir_fixtures.clock import days_from
from fhir_fixtures.codes import Code, concept

_SINGLE = {
    "creatinine": labs.CREATININE_PART,
    "tsh": labs.TSH_PART,
    "upcr": labs.UPCR_PART,
    "alt": labs.LIVER_PARTS[0],
    "ast": labs.LIVER_PARTS[1],
    "bilirubin": labs.LIVER_PARTS[2],
}
_PANELS = {
    "cbc": (codes.CBC_DIFF, (*labs.CBC_PARTS, labs.NEUTROPHIL_PART)),
    "urinalysis": (codes.URINALYSIS, labs.URINE_PARTS),
}
_SCREENING = {
    "vzv": (codes.VZV_IGG, codes.POSITIVE),
    "igra": (codes.IGRA, codes.NEGATIVE),
    "hbsag": (codes.HBSAG, codes.NEGATIVE),
    "anti-hbc": (codes.ANTI_HBC, codes.NEGATIVE),
    "anti-hcv": (codes.ANTI_HCV, codes.NEGATIVE),
}
MONTHLY = ("cbc", "creatinine", "urinalysis")
LIVER = ("alt", "ast", "bilirubin")
ALL_LABS = (*MONTHLY, "tsh", *LIVER)


def file(chart: Chart, kind: str, resource: Resource) -> str:
    """File a resource without ``meta``."""
    return chart.add(kind, resource, bare=True)


# ------------------------------------------------------------------------------------------------------------ results
def result(chart: Chart, kind: str, when: str, *, status: str = "final") -> str:
    """One test: a number, or a panel with components."""
    if kind in _PANELS:
        code, parts = _PANELS[kind]
        made = _observation(code, when, status)
        made["component"] = [labs.component(part, chart.chance()) for part in parts]
        return file(chart, kind, made)
    part = _SINGLE[kind]
    value = labs.measured(part, when, chart.chance())["valueQuantity"]
    return file(chart, kind, _observation(part.code, when, status) | {"valueQuantity": value})


def results(chart: Chart, day: date, kinds: Iterable[str] = ALL_LABS) -> None:
    """These tests, on one morning."""
    for kind in kinds:
        result(chart, kind, chart.at(day, "07:45"))


def cd4(chart: Chart, day: date, value: float = 260, unit: str = "/uL") -> None:
    """A CD4+ count."""
    made = _observation(codes.CD4, chart.at(day, "08:05")) | {"valueQuantity": quantity(value, unit)}
    file(chart, "cd4", made)


def answer(chart: Chart, kind: str, code: Code, when: str, value: Code) -> None:
    """A test whose answer is a word."""
    file(chart, kind, _observation(code, when) | {"valueCodeableConcept": {"coding": [codes.coding(value)]}})


def _observation(code: Code, when: str, status: str = "final") -> Resource:
    return {"resourceType": "Observation", "code": concept(code), "effectiveDateTime": when, "status": status}


def hpv(chart: Chart, day: date) -> None:
    """An HPV test without a finding."""
    answer(chart, "hpv", codes.HPV, chart.at(day, "11:00"), codes.NEGATIVE)


def skin_exam(chart: Chart, day: date) -> None:
    """An examination of the skin."""
    file(
        chart,
        "skin",
        {
            "resourceType": "Procedure",
            "code": concept(codes.SKIN_EXAM),
            "performedDateTime": chart.at(day, "10:30"),
            "status": "completed",
        },
    )


# ----------------------------------------------------------------------------------------------- before the first day
_EARLIER_DRUGS = ((codes.GLATIRAMER, "glatiramer acetate"), (codes.DIMETHYL_FUMARATE, "dimethyl fumarate"))


def baseline(
    chart: Chart,
    day1: date,
    *,
    without: Collection[str] = (),
    disease: Code = codes.RRMS,
    drugs: tuple[tuple[Code, str], tuple[Code, str]] = _EARLIER_DRUGS,
) -> None:
    """MS under two earlier drugs, and everything asked for before the first infusion, fourteen days before it."""
    onset = day1 - timedelta(days=2200)
    file(chart, "condition", builder.condition(disease, onset=onset))
    for (drug, name), days in zip(drugs, (1900, 900), strict=True):
        began = day1 - timedelta(days=days)
        told = builder.statement(drug, status="completed", start=began, end=began + timedelta(days=700), text=name)
        del told["note"], told["informationSource"]
        file(chart, "statement", told)
    day = day1 - timedelta(days=14)
    results(chart, day, [kind for kind in (*ALL_LABS, "upcr") if kind not in without])
    for kind, (code, value) in _SCREENING.items():
        if kind in without:
            continue
        answer(chart, kind, code, chart.at(day, "07:45"), value)
    if chart.gender == "female":
        hpv(chart, day)
    if "skin" not in without:
        skin_exam(chart, day - timedelta(days=7))


# ----------------------------------------------------------------------------------------------------------- a course
def infusion(
    chart: Chart,
    day: date,
    *,
    start: str = "09:00",
    minutes: int = 240,
    status: str = "completed",
    dose: Resource | None = None,
    medication: Resource | None = None,
) -> Resource:
    """One LEMTRADA infusion of 12 mg; returns it, for a story to change."""
    made = builder.infusion(day, start=start, zone=chart.zone, status=status, dose=dose, medication=medication)
    made["effectivePeriod"]["end"] = chart.at(day, _clock(start, minutes))
    file(chart, "infusion", made)
    return made


def _clock(start: str, minutes: int) -> str:
    hour, minute = divmod(int(start[:2]) * 60 + int(start[3:]) + minutes, 60)
    return f"{hour:02d}:{minute:02d}"


def steroids(chart: Chart, days: Iterable[date]) -> None:
    """Methylprednisolone 1,000 mg an hour before the infusion."""
    for day in days:
        file(chart, "steroid", builder.steroid(day, zone=chart.zone))


def antiviral(chart: Chart, start: date, stop: date | None = None, *, status: str | None = None) -> None:
    """Valacyclovir from one day on, to another or until further notice."""
    known = status or ("completed" if stop else "active")
    order(chart, "antiviral", valacyclovir(start, stop), written=start - timedelta(days=10), status=known)


def order(chart: Chart, kind: str, regimen: Regimen, *, written: date, status: str = "active") -> str:
    """A signed order."""
    made = builder.medication_request(regimen, status=status, authored=chart.at(written, "11:20"))
    return file(chart, kind, made)


def course(chart: Chart, first: date, days: int = 5, *, antiviral_until: date | None = None) -> list[date]:
    """Infusions on consecutive days with premedication and prophylaxis."""
    dates = days_from(first, days)
    for day in dates:
        infusion(chart, day)
    steroids(chart, dates[:3])
    antiviral(chart, first, antiviral_until)
    return dates


def treated(chart: Chart, first: date, *, antiviral_until: date | None = None) -> list[date]:
    """Baseline and a first course."""
    baseline(chart, first)
    return course(chart, first, antiviral_until=antiviral_until)


def treated_last_year(chart: Chart, last_labs: date) -> None:
    """A first course on 3 to 7 March 2025, its antiviral ended in time, every test done on ``last_labs``.

    The skin examination was two weeks before those tests, and so was the HPV test of a woman.
    """
    treated(chart, date(2025, 3, 3), antiviral_until=date(2025, 6, 16))
    cd4(chart, date(2025, 6, 9))
    results(chart, last_labs)
    skin_exam(chart, last_labs - timedelta(days=14))
    if chart.gender == "female":
        hpv(chart, last_labs - timedelta(days=14))


def active_orders(chart: Chart, first: date, days: int = 5) -> None:
    """Signed orders for a course, its premedication and its prophylaxis."""
    written = first - timedelta(days=10)
    order(chart, "lemtrada-order", lemtrada(first, days), written=written)
    supporting_orders(chart, first)


def supporting_orders(chart: Chart, first: date) -> None:
    """Signed orders for premedication and prophylaxis only."""
    written = first - timedelta(days=10)
    order(chart, "steroid-order", methylprednisolone(first), written=written)
    order(chart, "antiviral", valacyclovir(first, first + timedelta(days=184)), written=written)

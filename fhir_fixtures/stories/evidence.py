"""Which results count: incomplete sets, look-alikes, doubtful dates, lists that are not whole."""

from __future__ import annotations

from datetime import date, timedelta

from fhir_fixtures import builder, codes, labs, lean
from fhir_fixtures.builder import quantity
from fhir_fixtures.chart import Chart
from fhir_fixtures.codes import concept
from fhir_fixtures.model import Expect, Told
from fhir_fixtures.telling import SCREENING, draft_course, each, story

MONDAY = date(2026, 3, 2)
FRIDAY = date(2026, 3, 6)
SIX_WEEKS_LATER = date(2026, 4, 20)
_CBC_DUE = date(2026, 4, 2)
_VIEW = ("patient-view",)


@story(68, "liver-set-incomplete", gender="female")
def liver_set_incomplete(chart: Chart) -> Told:
    """Before the first course ALT and AST were measured, but only the direct bilirubin."""
    lean.baseline(chart, MONDAY, without=("bilirubin",))
    when = chart.at(MONDAY - timedelta(days=14), "07:45")
    direct = labs.observation(codes.BILIRUBIN_DIRECT, when) | {"valueQuantity": quantity(0.2, "mg/dL")}
    lean.file(chart, "direct-bilirubin", direct)
    expected = Expect("liver-baseline", "missing", reason="wrong-test", indicator="warning", ordering="warning")
    return _signed(chart, expected)


@story(69, "tests-already-ordered")
def tests_already_ordered(chart: Chart) -> Told:
    """UPCR and TSH are not on record; the one is in the draft, the other was ordered yesterday."""
    lean.baseline(chart, MONDAY, without=("upcr", "tsh"))
    now = MONDAY - timedelta(days=10)
    yesterday = chart.at(now - timedelta(days=1), "15:00")
    lean.file(chart, "test-order", builder.service_request(codes.TSH, authored=yesterday))
    missing = (
        Expect(f"{test}-baseline", "missing", note="already-ordered", indicator="warning", ordering="warning")
        for test in ("upcr", "tsh")
    )
    told = _signed(chart, *missing)
    asked = builder.service_request(codes.UPCR, authored=chart.at(now, "10:00"), status="draft")
    chart.draft("draft-test", asked)
    return told


@story(70, "upcr-dated-by-its-release", gender="female")
def upcr_dated_by_its_release(chart: Chart) -> Told:
    """The UPCR says when it was released, not when the urine was taken; it counts: nothing to find."""
    lean.baseline(chart, MONDAY, without=("upcr",))
    when = chart.at(MONDAY - timedelta(days=14), "07:45")
    lean.result(chart, "upcr", when)
    ratio = chart.resources[-1]
    ratio["issued"] = ratio.pop("effectiveDateTime")
    return _signed(chart, Expect("upcr-baseline", "met", note="issued-date"))


@story(71, "cbc-on-the-first-day")
def cbc_on_the_first_day(chart: Chart) -> Told:
    """The only blood count before treatment bears the date of the first infusion and no time of day."""
    lean.baseline(chart, MONDAY, without=("cbc",))
    lean.course(chart, MONDAY)
    lean.result(chart, "cbc", MONDAY.isoformat())
    expected = Expect("cbc-baseline", "cannot-tell", reason="order-unknown", indicator="warning")
    return Told(chart.at(FRIDAY, "18:00"), (expected,))


@story(72, "cbc-preliminary", gender="female")
def cbc_preliminary(chart: Chart) -> Told:
    """The monthly blood count was taken, but its result is still preliminary; the other tests are there."""
    _treated_until_april(chart)
    lean.result(chart, "cbc", chart.at(date(2026, 4, 15), "07:45"), status="preliminary")
    expected = Expect(
        "cbc-monthly",
        "overdue",
        note="preliminary-exists",
        due=_CBC_DUE,
        days_overdue=18,
        indicator="warning",
    )
    return Told(chart.at(SIX_WEEKS_LATER, "18:00"), (expected,), calendar_bound=True)


@story(73, "panel-without-its-members")
def panel_without_its_members(chart: Chart) -> Told:
    """The monthly creatinine hides in a metabolic panel that came without the results it lists."""
    lean.treated(chart, MONDAY)
    when = chart.at(date(2026, 4, 15), "07:45")
    lean.results(chart, date(2026, 4, 15), ("cbc", "urinalysis"))
    panel = labs.observation(codes.CMP, when)
    panel["hasMember"] = [{"reference": f"Observation/{chart.id}-not-sent-{place}"} for place in (1, 2)]
    lean.file(chart, "cmp", panel)
    expected = Expect("creatinine-monthly", "cannot-tell", reason="unreadable", indicator="warning")
    return Told(chart.at(SIX_WEEKS_LATER, "18:00"), (expected,), calendar_bound=True)


@story(74, "cbc-from-single-results", vignette="22", gender="female")
def cbc_from_single_results(chart: Chart) -> Told:
    """The monthly count came as single results of one morning, neutrophils among them: nothing to find."""
    _treated_until_april(chart)
    when = chart.at(date(2026, 4, 15), "07:45")
    for part in (*labs.CBC_PARTS, labs.NEUTROPHIL_PART):
        lean.file(chart, "count", labs.member(part, when, chart.chance()))
    met = Expect("cbc-monthly", "met", due=date(2026, 5, 15))
    return Told(chart.at(SIX_WEEKS_LATER, "18:00"), (met,), calendar_bound=True)


@story(75, "first-page-of-results")
def first_page_of_results(chart: Chart) -> Told:
    """Only the first page of the laboratory results was sent: no recent blood count on it, the rest may follow."""
    _treated_until_april(chart)
    return Told(chart.at(SIX_WEEKS_LATER, "18:00"), _unseen("partial"), paged=("observations",), expect_at=_VIEW)


@story(76, "results-of-somebody-else", gender="female")
def results_of_somebody_else(chart: Chart) -> Told:
    """The laboratory list holds somebody else's blood count and none of this patient's."""
    _treated_until_april(chart)
    lean.result(chart, "cbc", chart.at(date(2026, 4, 15), "07:45"))
    chart.resources[-1]["subject"] = {"reference": "Patient/somebody-else"}
    return Told(
        chart.at(SIX_WEEKS_LATER, "18:00"),
        _unseen("foreign-data"),
        expect_at=_VIEW,
        doubt="A Bundle is the whole record whoever else is in it; there the blood count is overdue.",
    )


@story(77, "skin-exam-overdue")
def skin_exam_overdue(chart: Chart) -> Told:
    """Every blood and urine test is up to date, but the skin was last examined before the course of last year."""
    _treated_last_year(chart)
    expected = Expect("skin-exam-yearly", "overdue", due=date(2026, 3, 3), days_overdue=48, indicator="info")
    return Told(chart.at(SIX_WEEKS_LATER, "18:00"), (expected,), calendar_bound=True)


@story(78, "skin-exam-at-a-visit", gender="female")
def skin_exam_at_a_visit(chart: Chart) -> Told:
    """The skin was examined at a visit to dermatology whose reason says so: nothing to find."""
    _treated_last_year(chart)
    lean.hpv(chart, date(2026, 2, 12))
    visit = builder.encounter(date(2026, 2, 12), "10:00", "10:40", chart.zone)
    visit |= {"type": [{"text": "Dermatology visit"}], "reasonCode": [concept(codes.SKIN_SCREENING)]}
    lean.file(chart, "visit", visit)
    return Told(
        chart.at(SIX_WEEKS_LATER, "18:00"),
        (Expect("skin-exam-yearly", "met", due=date(2027, 2, 12)),),
        hooks=("encounter-discharge",),
        doubt="Visits are asked for at discharge only; at the other hooks this examination would not be seen.",
        calendar_bound=True,
    )


@story(79, "hpv-due", gender="female")
def hpv_due(chart: Chart) -> Told:
    """A woman whose yearly HPV test falls due within a fortnight: a line in the report, no card of its own."""
    lean.treated_last_year(chart, date(2026, 2, 9))
    chart.resources = [one for one in chart.resources if one["id"] != f"{chart.id}-hpv-2"]
    expected = Expect("hpv-yearly", "due", due=date(2026, 3, 3), indicator="info")
    return Told(chart.at(date(2026, 2, 20), "18:00"), (expected,), calendar_bound=True)


@story(80, "sex-not-on-record")
def sex_not_on_record(chart: Chart) -> Told:
    """The record does not say whether the patient is a woman, and an HPV test would be overdue for one."""
    lean.treated_last_year(chart, date(2026, 4, 6))
    del chart.resources[0]["gender"]
    return Told(
        chart.at(SIX_WEEKS_LATER, "18:00"),
        (Expect("hpv-yearly", "cannot-tell", indicator="info"),),
        doubt="Other things that cannot be told are a warning; a recommended test is never more than info here.",
        calendar_bound=True,
    )


def _signed(chart: Chart, *expect: Expect) -> Told:
    now = chart.at(MONDAY - timedelta(days=10), "10:00")
    draft_course(chart, MONDAY, 5, written=now)
    return Told(now, expect, hooks=("order-sign",))


def _treated_until_april(chart: Chart) -> None:
    """A first course in March; in April creatinine and urinalysis, but no blood count."""
    lean.treated(chart, MONDAY)
    lean.results(chart, date(2026, 4, 15), ("creatinine", "urinalysis"))


def _treated_last_year(chart: Chart) -> None:
    """A first course a year ago and every test of the laboratory since; the skin examined only before it."""
    lean.treated(chart, date(2025, 3, 3), antiviral_until=date(2025, 6, 16))
    lean.cd4(chart, date(2025, 6, 9))
    lean.results(chart, date(2026, 4, 6))


def _unseen(reason: str) -> tuple[Expect, ...]:
    """What rests on the absence of laboratory results.

    The blood count; that no test speaks of HIV; that no later test speaks against the screening on record.
    """
    return (
        Expect("cbc-monthly", "cannot-tell", reason=reason, indicator="warning"),
        Expect("hiv-contraindication", "cannot-tell", reason=reason, indicator="info"),
        *each(SCREENING, Expect("", "cannot-tell", reason=reason, indicator="warning")),
    )

"""Appointments for infusions, and the visits themselves: check-in, infusion day, discharge."""

from __future__ import annotations

from datetime import date, timedelta

from fhir_fixtures import builder, codes, lean
from fhir_fixtures.chart import Chart, lemtrada
from fhir_fixtures.codes import concept
from fhir_fixtures.model import Expect, Told
from fhir_fixtures.telling import story

MONDAY = date(2026, 3, 2)
TUESDAY = date(2026, 3, 3)
_NO_UPCR = Expect("upcr-baseline", "missing", indicator="warning", ordering="warning")
_BOOK = ("appointment-book",)
_ARRIVAL = ("encounter-start",)
_STEROID = "corticosteroid-premedication"


@story(60, "appointment-by-reason", gender="female")
def appointment_by_reason(chart: Chart) -> Told:
    """The reason of the appointment is LEMTRADA; of the whole baseline the skin exam is not on record."""
    _before_first_course(chart, ordered=False, without="skin")
    reason = [concept(codes.LEMTRADA, text="LEMTRADA infusion")]
    chart.draft("appointment", builder.appointment(chart.reference, chart.at(MONDAY, "08:00"), reasonCode=reason))
    return Told(
        _ten_days_before(chart),
        (Expect("skin-exam-baseline", "missing", ordering="warning"),),
        hooks=_BOOK,
        expect_at=_BOOK,
        doubt="Only the hook looks at appointments; to the plain report nobody here is about to get LEMTRADA.",
    )


@story(61, "appointment-by-order")
def appointment_by_order(chart: Chart) -> Told:
    """The appointment, written in R5, is based on the LEMTRADA order; the UPCR is not on record."""
    order = _before_first_course(chart, ordered=True)
    based = [{"reference": order}]
    chart.draft("appointment", builder.appointment(chart.reference, chart.at(MONDAY, "08:00"), basedOn=based))
    return Told(_ten_days_before(chart), (_NO_UPCR,), hooks=_BOOK, r5=True)


@story(62, "appointment-of-the-order-day", gender="female")
def appointment_of_the_orders_day(chart: Chart) -> Told:
    """The appointment says nothing of its reason, but LEMTRADA is ordered for that very day; no UPCR on record."""
    _before_first_course(chart, ordered=True)
    chart.draft("appointment", builder.appointment(chart.reference, chart.at(MONDAY, "08:00")))
    return Told(_ten_days_before(chart), (_NO_UPCR,), hooks=_BOOK)


@story(63, "appointment-for-something-else")
def appointment_for_something_else(chart: Chart) -> Told:
    """A treated patient is three days late with TSH; an appointment with the eye clinic is no place to say so."""
    lean.treated(chart, MONDAY, antiviral_until=date(2026, 5, 20))
    lean.cd4(chart, date(2026, 5, 18))
    lean.results(chart, date(2026, 5, 18), (*lean.MONTHLY, *lean.LIVER))
    about = [concept(codes.local("visit", "EYE", "Eye examination"))]
    start = chart.at(date(2026, 7, 1), "14:00")
    chart.draft("appointment", builder.appointment(chart.reference, start, serviceType=about))
    expected = Expect("tsh-quarterly", "overdue", due=date(2026, 6, 2), days_overdue=3, indicator="info")
    return Told(
        chart.at(date(2026, 6, 5), "10:00"),
        (expected,),
        hooks=("patient-view", "appointment-book"),
        expect_at=("check", "patient-view"),
        calendar_bound=True,
    )


@story(64, "before-the-second-infusion", gender="female")
def before_the_second_infusion(chart: Chart) -> Told:
    """Check-in on the second infusion day, before the pump starts: the corticosteroid is not charted yet."""
    _after_first_day(chart)
    expected = Expect(_STEROID, "due", course=1, day=2, indicator="info")
    return Told(chart.at(TUESDAY, "07:40"), (expected,), hooks=_ARRIVAL, expect_at=_ARRIVAL)


@story(65, "ready-for-the-second-infusion")
def ready_for_the_second_infusion(chart: Chart) -> Told:
    """Check-in on the second infusion day, the corticosteroid has been given: nothing to find."""
    _after_first_day(chart)
    lean.steroids(chart, [TUESDAY])
    expected = Expect(_STEROID, "met", course=1, day=2)
    return Told(chart.at(TUESDAY, "08:50"), (expected,), hooks=_ARRIVAL, expect_at=_ARRIVAL)


@story(66, "visit-on-another-day", gender="female")
def visit_on_another_day(chart: Chart) -> Told:
    """A visit in spring, long before the next course: creatinine is ten days late, as at opening the chart."""
    lean.treated(chart, MONDAY)
    lean.results(chart, date(2026, 4, 7), ("cbc", "urinalysis"))
    expected = Expect("creatinine-monthly", "overdue", due=date(2026, 4, 2), days_overdue=10, indicator="warning")
    return Told(chart.at(date(2026, 4, 12), "09:00"), (expected,), hooks=_ARRIVAL, calendar_bound=True)


@story(67, "home-without-antiviral")
def home_without_antiviral(chart: Chart) -> Told:
    """Leaving after the first infusion, more than two hours after its end; no antiviral has been started."""
    lean.baseline(chart, MONDAY)
    lean.order(chart, "lemtrada-order", lemtrada(MONDAY, 5), written=MONDAY - timedelta(days=10))
    lean.infusion(chart, MONDAY)
    lean.steroids(chart, [MONDAY])
    visit = builder.encounter(MONDAY, "07:30", "15:10", chart.zone)
    visit["status"] = "in-progress"
    del visit["period"]["end"]
    lean.file(chart, "visit", visit)
    expected = Expect("herpes-prophylaxis-start", "missing", course=1, indicator="warning")
    return Told(chart.at(MONDAY, "15:10"), (expected,), hooks=("encounter-discharge",))


def _ten_days_before(chart: Chart) -> str:
    return chart.at(MONDAY - timedelta(days=10), "16:00")


def _before_first_course(chart: Chart, *, ordered: bool, without: str = "upcr") -> str | None:
    """A baseline that lacks one test; premedication and prophylaxis are ordered, LEMTRADA only if asked for."""
    lean.baseline(chart, MONDAY, without=(without,))
    lean.supporting_orders(chart, MONDAY)
    if not ordered:
        return None
    return lean.order(chart, "lemtrada-order", lemtrada(MONDAY, 5), written=MONDAY - timedelta(days=10))


def _after_first_day(chart: Chart) -> None:
    """The first infusion is over, the order of the course goes on."""
    lean.baseline(chart, MONDAY)
    lean.active_orders(chart, MONDAY)
    lean.infusion(chart, MONDAY)
    lean.steroids(chart, [MONDAY])

"""Made-up timelines for properties: any mixture of infusions, drugs, orders, results, diagnoses near one course."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from cds_service.core.dates import AsOf, When
from cds_service.core.label import Label
from cds_service.core.timeline import (
    ANY_CONCEPT,
    Administration,
    AllergyFact,
    Appointment,
    ConditionFact,
    Dose,
    DrugOrder,
    Exposure,
    Gap,
    Measured,
    Mention,
    Outcome,
    Person,
    Result,
    Route,
    ServiceOrder,
    Source,
    Timeline,
    Vaccination,
    Visit,
)
from cds_service.labels import load_label

LABEL: Label = load_label("lemtrada-us").label
HOOKS = (None, *sorted(LABEL.hooks))
DAY_ONE = date(2024, 3, 4)
RESULTS = sorted(
    {
        name
        for item in LABEL.requirements
        if (test := getattr(item.rule, "test", None)) is not None
        for name in test.concepts | test.wrong
    }
)
STEROIDS = ("methylprednisolone", "methylprednisolone-form-unclear", "prednisone", "corticosteroid-depot")
DRUGS = ("lemtrada", "lemtrada", "lemtrada", "alemtuzumab-unspecified", "campath")
ANTIVIRALS = ("herpes-antiviral", "herpes-antiviral", "other-antiviral")
VACCINES = (
    *("live-viral-vaccine", "live-viral-vaccine-unclear", "vaccine-not-live-viral", "no-vaccine"),
    *("varicella-vaccine", "tuberculin-test"),
)
SUBSTANCES = ("lemtrada", "campath", "alemtuzumab-unspecified", "excipient")
DIAGNOSES = (
    *("multiple-sclerosis", "b-cll", "hiv-infection", "hiv-look-alikes", "no-cervix", "cervix-remains"),
    *("varicella-history", "varicella", "tb-screening-unclear", "latent-tb-history", "viral-hepatitis-chronic"),
    *("multiple-sclerosis-relapsing", "multiple-sclerosis-outside", "clinically-isolated-syndrome"),
    *(
        "sepsis",
        "sepsis-unclear",
        "zoster",
        "infection",
        "infection-chronic",
        "pml",
        "stroke",
        "itp",
        "ttp-look-alikes",
    ),
    *("encephalitis-unclear", "malignancy", "thyroid-disorder", "pregnancy", "pregnancy-ended"),
)
QUALITATIVE = (
    *("hiv-screening", "hiv-confirmatory", "hiv-viral-load", "hiv-viral-load-unclear"),
    *("vzv-igg", "varicella-history", "tb-igra", "hepatitis-b-test", "hepatitis-c-test"),
    *("pregnancy-test", "pregnancy-test-amount"),
)
VALUED = ("cd4-count", "cd4-count", *QUALITATIVE)

offsets = st.sampled_from((-600, -300, 0, 0, 0, 60, 720)).map(lambda minutes: timezone(timedelta(minutes=minutes)))
hours = st.sampled_from((0, 7, 8, 9, 10, 23))
near_day_one = st.integers(-40, 45).map(lambda days: DAY_ONE + timedelta(days=days))
far_days = st.integers(-400, 2200).map(lambda days: DAY_ONE + timedelta(days=days))
infusion_days = st.one_of(st.integers(0, 6), st.integers(0, 120), st.integers(355, 380), st.integers(700, 2000)).map(
    lambda days: DAY_ONE + timedelta(days=days)
)


@st.composite
def times(draw: st.DrawFn, days: st.SearchStrategy[date]) -> When:
    day = draw(days)
    match draw(st.sampled_from(("timed", "timed", "day", "month"))):
        case "timed":
            return When(day, day, datetime.combine(day, time(draw(hours)), draw(offsets)))
        case "day":
            return When(day, day)
        case _:
            first = day.replace(day=1)
            return When(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


any_time = times(near_day_one | far_days)
maybe_time = st.none() | any_time
doses = st.sampled_from(("12", "12", "12", "6", "11.4", "12.61", "30", "10")).map(lambda mg: Dose(Decimal(mg)))
steroid_doses = st.sampled_from(("1000", "950", "949.9", "500", "1250")).map(lambda mg: Dose(Decimal(mg)))
exposures = st.sampled_from((*[Exposure.GIVEN] * 5, Exposure.STARTED, Exposure.NONE, Exposure.UNKNOWN))
updates = st.none() | st.sampled_from(("2024-05-01T10:00:00Z", "2024-05-01T08:00:00-05:00", "2024-06-01T00:00:00Z"))
identifiers = st.frozensets(st.sampled_from(("a|1", "a|2", "b|1")), max_size=2)
seldom = st.integers(0, 3).map(lambda n: n == 3)


def one_of(names: tuple[str, ...]) -> st.SearchStrategy[frozenset[str]]:
    return st.sampled_from(names).map(lambda name: frozenset({name}))


# --- drugs ------------------------------------------------------------------------------------------------------------


@st.composite
def administrations(draw: st.DrawFn, number: int) -> Administration:
    kind = draw(st.sampled_from((DRUGS, STEROIDS, ANTIVIRALS)))
    start = draw(st.none() | times(infusion_days)) if draw(st.integers(0, 9)) == 0 else draw(times(infusion_days))
    return Administration(
        reference=f"MedicationAdministration/{number}",
        concepts=draw(one_of(kind)) if draw(st.integers(0, 19)) else frozenset(),
        by_text=draw(st.booleans()),
        exposure=draw(exposures),
        start=start,
        end=draw(st.none() | st.just(start and _later(start))),
        dose=draw(st.none() | st.just(Dose(None)) | (steroid_doses if kind is STEROIDS else doses)),
        route=draw(st.sampled_from((None, None, *Route))),
        request=draw(st.none() | st.just("MedicationRequest/1")),
        identifiers=draw(identifiers) if draw(st.integers(0, 4)) == 0 else frozenset(),
        last_updated=draw(updates),
        why_not="no-date" if start is None else None,
    )


def _later(start: When) -> When:
    if start.instant is None:
        return start
    end = start.instant + timedelta(hours=4)
    return When(end.date(), end.date(), end)


@st.composite
def drug_orders(draw: st.DrawFn, number: int, names: tuple[str, ...]) -> DrugOrder:
    status = draw(st.sampled_from(("draft", "active", "active", "completed", "stopped", "unknown")))
    starts = draw(st.none() | times(infusion_days))
    ends = draw(st.none() | times(infusion_days)) if starts is not None and draw(seldom) else None
    named = st.frozensets(infusion_days, min_size=1, max_size=3)
    return DrugOrder(
        reference=f"MedicationRequest/{number}",
        concepts=draw(one_of(names)),
        by_text=False,
        draft=status == "draft",
        active=status == "active",
        starts=starts,
        ends=ends,
        written=draw(st.none() | times(infusion_days)),
        days=draw(named) if draw(seldom) else None,
        day_count=draw(st.none() | st.integers(1, 6)),
        daily_dose=draw(st.none() | doses | steroid_doses),
        route=draw(st.none() | st.sampled_from(Route)),
        completed=status == "completed",
        runs_until=ends or draw(st.none() | any_time),
    )


OTHER_DRUGS = ("ms-natalizumab", "ms-ocrelizumab", "ms-drug-unclear", "immunosuppressant")
ORDERED = (DRUGS, STEROIDS, ANTIVIRALS, ANTIVIRALS, VACCINES, OTHER_DRUGS)


@st.composite
def mentions(draw: st.DrawFn, number: int) -> Mention:
    return Mention(
        f"MedicationStatement/{number}",
        draw(one_of(draw(st.sampled_from((DRUGS, ANTIVIRALS, ANTIVIRALS, OTHER_DRUGS))))),
        by_text=draw(seldom),
        when=draw(st.none() | times(infusion_days)),
        ends=draw(maybe_time),
        closed=draw(seldom),
        dispensed=draw(seldom),
        route=draw(st.none() | st.sampled_from(Route)),
    )


# --- results and what else is on record -------------------------------------------------------------------------------


@st.composite
def results(draw: st.DrawFn, number: int) -> tuple[str, Result]:
    return draw(st.sampled_from(RESULTS)), Result(draw(any_time), f"Observation/{number}", draw(st.booleans()))


@st.composite
def measurements(draw: st.DrawFn, number: int) -> tuple[str, Measured]:
    concept = draw(st.sampled_from(VALUED))
    is_count = concept == "cd4-count"
    counts = st.none() | st.sampled_from(("0", "199.9", "200", "260")).map(Decimal)
    return concept, Measured(
        draw(any_time),
        f"Observation/valued-{number}",
        amount=draw(counts) if is_count else None,
        outcome=draw(st.none() | st.sampled_from(Outcome)) if not is_count else None,
    )


@st.composite
def vaccinations(draw: st.DrawFn, number: int) -> Vaccination:
    concepts = draw(one_of(VACCINES)) if draw(st.booleans()) else frozenset[str]()
    return Vaccination(f"Immunization/{number}", concepts, draw(maybe_time))


@st.composite
def allergies(draw: st.DrawFn, number: int) -> AllergyFact:
    flags = [draw(st.booleans()) for _ in range(3)]
    return AllergyFact(f"AllergyIntolerance/{number}", draw(one_of(SUBSTANCES)), draw(maybe_time), *flags)


@st.composite
def service_orders(draw: st.DrawFn, number: int) -> ServiceOrder:
    names = draw(st.sampled_from((tuple(RESULTS), ("cd4-count",), VACCINES)))
    when, written = draw(maybe_time), draw(maybe_time)
    return ServiceOrder(f"ServiceRequest/{number}", draw(one_of(names)), when, written, draw(seldom))


@st.composite
def conditions(draw: st.DrawFn, number: int) -> ConditionFact:
    names = one_of(DIAGNOSES)
    return ConditionFact(
        f"Condition/{number}",
        draw(names),
        draw(maybe_time),
        unsure=draw(seldom),
        onset=draw(maybe_time),
        ended=draw(maybe_time) if draw(seldom) else None,
        active=not draw(seldom),
    )


@st.composite
def appointments(draw: st.DrawFn, number: int) -> Appointment:
    return Appointment(f"Appointment/{number}", draw(st.booleans()), draw(st.none() | times(infusion_days)))


@st.composite
def visits(draw: st.DrawFn, number: int) -> Visit:
    start, end = draw(st.none() | times(infusion_days)), draw(st.none() | times(infusion_days))
    return Visit(f"Encounter/{number}", start, end, open=draw(seldom), unsure=draw(seldom))


BIRTHS = (
    When(date(1988, 6, 1), date(1988, 6, 30)),
    When(date(2006, 1, 1), date(2006, 12, 31)),
    When(date(2007, 3, 4), date(2007, 3, 4)),
)


@st.composite
def persons(draw: st.DrawFn) -> Person:
    gender = draw(st.sampled_from((None, "female", "male", "other", "unknown")))
    died = draw(st.none() | any_time) if draw(st.integers(0, 5)) == 0 else None
    is_dead = died is not None or draw(st.integers(0, 11)) == 0
    return Person(gender, draw(st.none() | st.sampled_from(BIRTHS)), is_dead, died)


def as_book(found: list[tuple[str, Any]]) -> dict[str, tuple[Any, ...]]:
    book: dict[str, tuple[Any, ...]] = {}
    for concept, result in found:
        book[concept] = (*book.get(concept, ()), result)
    return book


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    counts = st.integers(0, 7)
    given_records = [draw(administrations(number)) for number in range(draw(counts))]
    if draw(st.booleans()):
        given_records += [
            full_day(f"MedicationAdministration/full-{n}", DAY_ONE + timedelta(days=n)) for n in range(draw(counts))
        ]

    def some(made: Any, most: int) -> tuple[Any, ...]:
        return tuple(draw(made(number)) for number in range(draw(st.integers(0, most))))

    measured = some(measurements, 3)
    valued = [(concept, Result(item.when, item.reference, issued_only=False)) for concept, item in measured]
    return Timeline(
        patient="Patient/p",
        administrations=tuple(given_records),
        drug_orders=some(lambda number: drug_orders(number, draw(st.sampled_from(ORDERED))), 4),
        mentions=some(mentions, 2),
        results=as_book([*some(results, 10), *valued]),
        pending=as_book([draw(results(number + 100)) for number in range(draw(st.integers(0, 2)))]),
        unread=draw(unread) if draw(st.integers(0, 5)) == 0 else {},
        measured=as_book(list(measured)),
        service_orders=some(service_orders, 2),
        conditions=some(conditions, 2),
        allergies=some(allergies, 1),
        vaccinations=some(vaccinations, 2),
        appointments=some(appointments, 1),
        visits=some(visits, 3),
        person=draw(st.none() | persons()),
    )


unread = st.dictionaries(
    st.sampled_from((*RESULTS, *VALUED, ANY_CONCEPT)), st.just(("Observation/odd",)), min_size=1, max_size=2
)


def full_day(reference: str, day: date) -> Administration:
    start = datetime.combine(day, time(9), UTC)
    return Administration(
        reference, frozenset({"lemtrada"}), False, Exposure.GIVEN, When(day, day, start), None, Dose(Decimal(12)),  # noqa: FBT003
        Route.INTRAVENOUS, None, frozenset(), None,
    )  # fmt: skip


@st.composite
def moments(draw: st.DrawFn) -> AsOf:
    day = draw(st.integers(-30, 90).map(lambda days: DAY_ONE + timedelta(days=days)) | far_days)
    if draw(st.booleans()):
        return AsOf(day)
    return AsOf(day, datetime.combine(day, time(draw(hours)), draw(offsets)))


hooks = st.sampled_from(HOOKS)
gaps = st.dictionaries(st.sampled_from(Source), st.sampled_from(Gap), max_size=3)

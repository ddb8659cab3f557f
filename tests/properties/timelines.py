"""Made-up timelines for properties: any mixture of infusions, steroids, orders, results and gaps near one course."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from cds_service.core.assessment import Assessment
from cds_service.core.dates import AsOf, When
from cds_service.core.evaluate import evaluate
from cds_service.core.label import Label
from cds_service.core.timeline import (
    Administration,
    ConditionFact,
    Dose,
    DrugOrder,
    Exposure,
    Gap,
    Mention,
    Result,
    Route,
    Source,
    TestOrder,
    Timeline,
)
from cds_service.labels import load_label

LABEL: Label = load_label("lemtrada-us").label
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


doses = st.sampled_from(("12", "12", "12", "6", "11.4", "12.61", "30", "10")).map(lambda mg: Dose(Decimal(mg)))
steroid_doses = st.sampled_from(("1000", "950", "949.9", "500", "1250")).map(lambda mg: Dose(Decimal(mg)))
exposures = st.sampled_from((*[Exposure.GIVEN] * 5, Exposure.STARTED, Exposure.NONE, Exposure.UNKNOWN))
updates = st.none() | st.sampled_from(("2024-05-01T10:00:00Z", "2024-05-01T08:00:00-05:00", "2024-06-01T00:00:00Z"))
identifiers = st.frozensets(st.sampled_from(("a|1", "a|2", "b|1")), max_size=2)


@st.composite
def administrations(draw: st.DrawFn, number: int) -> Administration:
    steroid = draw(st.booleans())
    concept = draw(st.sampled_from(STEROIDS if steroid else DRUGS))
    start = draw(st.none() | times(infusion_days)) if draw(st.integers(0, 9)) == 0 else draw(times(infusion_days))
    return Administration(
        reference=f"MedicationAdministration/{number}",
        concepts=frozenset({concept}) if draw(st.integers(0, 19)) else frozenset(),
        by_text=draw(st.booleans()),
        exposure=draw(exposures),
        start=start,
        end=None,
        dose=draw(st.none() | st.just(Dose(None)) | (steroid_doses if steroid else doses)),
        route=draw(st.sampled_from((None, *Route))) if steroid else None,
        request=draw(st.none() | st.just("MedicationRequest/1")),
        identifiers=draw(identifiers) if draw(st.integers(0, 4)) == 0 else frozenset(),
        last_updated=draw(updates),
        why_not="no-date" if start is None else None,
    )


@st.composite
def drug_orders(draw: st.DrawFn, number: int) -> DrugOrder:
    status = draw(st.sampled_from(("draft", "active", "completed")))
    starts = draw(st.none() | times(infusion_days))
    return DrugOrder(
        reference=f"MedicationRequest/{number}",
        concepts=frozenset({draw(st.sampled_from((*DRUGS, *STEROIDS)))}),
        by_text=False,
        draft=status == "draft",
        active=status == "active",
        starts=starts,
        ends=None,
        written=draw(st.none() | times(infusion_days)),
        days=None,
        day_count=draw(st.none() | st.integers(1, 6)),
        daily_dose=draw(st.none() | doses | steroid_doses),
        route=draw(st.none() | st.sampled_from(Route)),
    )


@st.composite
def results(draw: st.DrawFn, number: int) -> tuple[str, Result]:
    when = draw(times(near_day_one | far_days))
    return draw(st.sampled_from(RESULTS)), Result(when, f"Observation/{number}", draw(st.booleans()))


def as_book(found: list[tuple[str, Result]]) -> dict[str, tuple[Result, ...]]:
    book: dict[str, tuple[Result, ...]] = {}
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
    return Timeline(
        patient="Patient/p",
        administrations=tuple(given_records),
        drug_orders=tuple(draw(drug_orders(number)) for number in range(draw(st.integers(0, 3)))),
        mentions=tuple(
            Mention(
                f"MedicationStatement/{name}", frozenset({name}), by_text=False, when=draw(st.none() | times(far_days))
            )
            for name in draw(st.frozensets(st.sampled_from(sorted(set(DRUGS))), max_size=1))
        ),
        results=as_book([draw(results(number)) for number in range(draw(st.integers(0, 10)))]),
        pending=as_book([draw(results(number + 100)) for number in range(draw(st.integers(0, 2)))]),
        test_orders=tuple(
            TestOrder(
                f"ServiceRequest/{n}", frozenset({draw(st.sampled_from(RESULTS))}), draw(st.none() | times(far_days))
            )
            for n in range(draw(st.integers(0, 2)))
        ),
        conditions=tuple(
            ConditionFact(f"Condition/{name}", frozenset({name}))
            for name in draw(st.frozensets(st.sampled_from(("multiple-sclerosis", "b-cll"))))
        ),
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


gaps = st.dictionaries(st.sampled_from(Source), st.sampled_from(Gap), max_size=3)


# --- comparing --------------------------------------------------------------------------------------------------------


def answers(timeline: Timeline, as_of: AsOf) -> list[dict[str, Any]]:
    """What is said, without the order of evidence."""
    verdict = evaluate(LABEL, timeline, as_of)
    assert verdict.failures == ()
    return [_plain(item) for item in verdict.assessments]


def _plain(item: Assessment) -> dict[str, Any]:
    fields = item._asdict()
    return {**fields, "facts": dict(item.facts), "evidence": sorted(item.evidence), "unread": sorted(item.unread)}


def shift(value: Any, days: int) -> Any:
    """Everything so many days later, dates and instants alike."""
    by = timedelta(days=days)
    match value:
        case datetime() | date():
            return value + by
        case tuple() if hasattr(value, "_fields"):
            return type(value)(*(shift(part, days) for part in value))
        case tuple() | list() | frozenset():
            return type(value)(shift(part, days) for part in value)
        case _:
            return value


def shifted(timeline: Timeline, days: int) -> Timeline:
    return timeline._replace(
        administrations=tuple(
            record._replace(start=shift(record.start, days), end=shift(record.end, days))
            for record in timeline.administrations
        ),
        drug_orders=shift(timeline.drug_orders, days),
        mentions=shift(timeline.mentions, days),
        test_orders=shift(timeline.test_orders, days),
        results={concept: shift(found, days) for concept, found in timeline.results.items()},
        pending={concept: shift(found, days) for concept, found in timeline.pending.items()},
    )

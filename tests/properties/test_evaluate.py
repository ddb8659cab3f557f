"""What holds for every patient, whatever the record says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.core.assessment import Status
from cds_service.core.dates import AsOf, When
from cds_service.core.evaluate import evaluate
from cds_service.core.label import Baseline, Recurring
from cds_service.core.timeline import Gap, Result, Source, Timeline
from tests.properties.timelines import LABEL, answers, full_day, gaps, moments, shift, shifted, timelines, times

EXAMPLES = settings(max_examples=max(150, settings().max_examples))
WEEKS_IN_28_YEARS = 1461
ONE_DAY = timedelta(days=1)


def happened(when: When | None, as_of: AsOf) -> bool:
    """Written down again, apart from the code under test."""
    if when is None:
        return True
    if when.instant is not None and as_of.instant is not None:
        return when.instant <= as_of.instant
    return when.first <= as_of.today


def past_of(timeline: Timeline, as_of: AsOf) -> Timeline:
    """The timeline as it would have been had it ended at `as_of`."""
    return timeline._replace(
        administrations=tuple(item for item in timeline.administrations if happened(item.start, as_of)),
        drug_orders=tuple(
            item
            for item in timeline.drug_orders
            if happened(item.written, as_of)
            or (item.draft and item.written is not None and item.written.first <= as_of.today + ONE_DAY)
        ),
        mentions=tuple(item for item in timeline.mentions if happened(item.when, as_of)),
        conditions=tuple(item for item in timeline.conditions if happened(item.when, as_of)),
        test_orders=tuple(item for item in timeline.test_orders if happened(item.written, as_of)),
        results=_past_results(timeline.results, as_of),
        pending=_past_results(timeline.pending, as_of),
    )


def _past_results(book: Mapping[str, tuple[Result, ...]], as_of: AsOf) -> dict[str, tuple[Result, ...]]:
    return {concept: tuple(item for item in found if happened(item.when, as_of)) for concept, found in book.items()}


@EXAMPLES
@given(timelines(), moments())
def test_the_future_changes_nothing(timeline: Timeline, as_of: AsOf) -> None:
    assert answers(timeline, as_of) == answers(past_of(timeline, as_of), as_of)


@EXAMPLES
@given(timelines(), moments(), st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(timeline: Timeline, as_of: AsOf, random: Any) -> None:
    def mixed(found: tuple[Any, ...]) -> tuple[Any, ...]:
        listed = list(found)
        random.shuffle(listed)
        return tuple(listed)

    other = timeline._replace(
        administrations=mixed(timeline.administrations),
        drug_orders=mixed(timeline.drug_orders),
        mentions=mixed(timeline.mentions),
        test_orders=mixed(timeline.test_orders),
        conditions=mixed(timeline.conditions),
        results={concept: mixed(timeline.results[concept]) for concept in mixed(tuple(timeline.results))},
        pending={concept: mixed(timeline.pending[concept]) for concept in mixed(tuple(timeline.pending))},
    )
    assert answers(other, as_of) == answers(timeline, as_of)


RANK = {"met": 0, "due": 1, "cannot-tell": 2, "overdue": 3, "missing": 4, "violated": 4}
TESTS = {
    item.id: min(min(concepts) for concepts in item.rule.test.any_of if len(concepts) == 1)
    for item in LABEL.requirements
    if isinstance(item.rule, Baseline | Recurring)
}


@EXAMPLES
@given(
    timelines(),
    moments(),
    st.sampled_from(sorted(TESTS)),
    times(st.integers(-60, 2000).map(lambda n: date(2024, 3, 4) + timedelta(days=n))),
)
def test_one_more_result_never_makes_a_requirement_worse(
    timeline: Timeline, as_of: AsOf, requirement: str, when: When
) -> None:
    concept = TESTS[requirement]
    more = (*timeline.results.get(concept, ()), Result(when, "Observation/one-more", issued_only=False))
    richer = timeline._replace(results={**timeline.results, concept: more})
    (before,) = (item for item in answers(timeline, as_of) if item["requirement"] == requirement)
    (after,) = (item for item in answers(richer, as_of) if item["requirement"] == requirement)
    assert (before["status"] == "not-applicable") == (after["status"] == "not-applicable")
    assert RANK.get(after["status"], 0) <= RANK.get(before["status"], 0)


@EXAMPLES
@given(timelines(), moments())
def test_28_years_later_everything_is_28_years_later(timeline: Timeline, as_of: AsOf) -> None:
    """1,461 weeks are 28 years to the day, with the same weekdays and the same leap years (until 2100)."""
    days = 7 * WEEKS_IN_28_YEARS
    later = AsOf(shift(as_of.today, days), shift(as_of.instant, days))
    expected = [
        {
            **{name: shift(value, days) for name, value in item.items() if name != "facts"},
            "facts": {name: shift(value, days) for name, value in item["facts"].items()},
        }
        for item in answers(timeline, as_of)
    ]
    assert answers(shifted(timeline, days), later) == expected


@EXAMPLES
@given(timelines(), moments(), gaps)
def test_a_gap_only_turns_answers_that_rest_on_it_into_cannot_tell(
    timeline: Timeline, as_of: AsOf, missing: dict[Source, Gap]
) -> None:
    whole = answers(timeline, as_of)
    gappy = answers(timeline._replace(gaps=missing), as_of)
    assert len(whole) == len(gappy)
    for before, after in zip(whole, gappy, strict=True):
        if before["status"] == "cannot-tell" or not before["rests_on"] & set(missing):
            assert after == before
        else:
            assert after["status"] == "cannot-tell"
            assert after["reason"] in {missing[source].value for source in before["rests_on"] & set(missing)}


@EXAMPLES
@given(timelines(), moments())
def test_every_requirement_gets_an_answer_and_silence_needs_administrations(timeline: Timeline, as_of: AsOf) -> None:
    verdict = evaluate(LABEL, timeline._replace(gaps={Source.ADMINISTRATIONS: Gap.PARTIAL}), as_of)
    assert {item.requirement for item in verdict.assessments} == {item.id for item in LABEL.requirements}
    silent = {item.requirement for item in verdict.assessments if item.status is Status.NOT_APPLICABLE}
    assert not silent & {item.id for item in LABEL.requirements if isinstance(item.rule, Recurring)}


@pytest.mark.parametrize("day", [date.min, date.min + ONE_DAY, date(9995, 12, 31), date.max - ONE_DAY, date.max])
def test_the_ends_of_the_calendar_raise_nothing(day: date) -> None:
    timeline = Timeline(
        administrations=(full_day("MedicationAdministration/1", day),),
        results={"tsh": (Result(When(day, day), "Observation/1", issued_only=False),)},
    )
    assert evaluate(LABEL, timeline, AsOf(day)).failures == ()
    assert evaluate(LABEL, timeline, AsOf(day, datetime.combine(day, time(12), UTC))).failures == ()

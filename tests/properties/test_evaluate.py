"""What holds for every patient, whatever the record says."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.core.assessment import Status
from cds_service.core.dates import AsOf, When
from cds_service.core.evaluate import evaluate
from cds_service.core.label import Recurring
from cds_service.core.timeline import Gap, Result, Source, Timeline
from tests.properties.comparing import ONE_DAY, answers, mixed, past_of, shift, shifted
from tests.properties.scale import EXAMPLES
from tests.properties.timelines import LABEL, full_day, gaps, hooks, moments, timelines

WEEKS_IN_28_YEARS = 1461


@EXAMPLES
@given(timelines(), moments(), hooks)
def test_the_future_changes_nothing(timeline: Timeline, as_of: AsOf, hook: str | None) -> None:
    """What is dated after `as_of` might as well not be there."""
    assert answers(timeline, as_of, hook) == answers(past_of(timeline, as_of, hook), as_of, hook)


@EXAMPLES
@given(timelines(), moments(), hooks, st.randoms(use_true_random=False))
def test_the_order_of_facts_changes_nothing(timeline: Timeline, as_of: AsOf, hook: str | None, random: Any) -> None:
    """The same facts listed in any order get the same answers, on the same evidence."""
    assert answers(mixed(timeline, random), as_of, hook) == answers(timeline, as_of, hook)


@EXAMPLES
@given(timelines(), moments(), hooks)
def test_28_years_later_everything_is_28_years_later(timeline: Timeline, as_of: AsOf, hook: str | None) -> None:
    """1,461 weeks are 28 years to the day, with the same weekdays and the same leap years (until 2100)."""
    days = 7 * WEEKS_IN_28_YEARS
    later = AsOf(shift(as_of.today, days), shift(as_of.instant, days))
    expected = [
        {
            **{name: shift(value, days) for name, value in item.items() if name != "facts"},
            "facts": {name: shift(value, days) for name, value in item["facts"].items()},
        }
        for item in answers(timeline, as_of, hook)
    ]
    assert answers(shifted(timeline, days), later, hook) == expected


@EXAMPLES
@given(timelines(), moments(), hooks, gaps)
def test_a_gap_only_turns_answers_that_rest_on_it_into_cannot_tell(
    timeline: Timeline, as_of: AsOf, hook: str | None, missing: dict[Source, Gap]
) -> None:
    """Foreign resources in a list are such a gap (`foreign-data`): they change nothing else."""
    whole = answers(timeline, as_of, hook)
    gappy = answers(timeline._replace(gaps=missing), as_of, hook)
    assert len(whole) == len(gappy)
    for before, after in zip(whole, gappy, strict=True):
        if not before["rests_on"] & set(missing) or (
            before["status"] == "cannot-tell" and before["reason"] != "unreadable"
        ):
            assert after == before
        else:
            assert after["status"] == "cannot-tell"
            possible = {missing[source].value for source in before["rests_on"] & set(missing)}
            assert after["reason"] in possible | ({before["reason"]} if before["status"] == "cannot-tell" else set())


@EXAMPLES
@given(timelines(), moments(), hooks)
def test_every_requirement_gets_an_answer_and_silence_needs_administrations(
    timeline: Timeline, as_of: AsOf, hook: str | None
) -> None:
    """Every requirement is answered, and with half the administrations no test asked of everybody is waved through."""
    verdict = evaluate(LABEL, timeline._replace(gaps={Source.ADMINISTRATIONS: Gap.PARTIAL}), as_of, hook)
    assert {item.requirement for item in verdict.assessments} == {item.id for item in LABEL.requirements}
    if verdict.case.deceased:
        return  # nothing is asked of the dead, whatever was given to them
    silent = {item.requirement for item in verdict.assessments if item.status is Status.NOT_APPLICABLE}
    asked_of_all = {
        item.id
        for item in LABEL.requirements
        if isinstance(item.rule, Recurring) and item.rule.gender is None and not item.rule.unless
    }
    assert not silent & asked_of_all


@pytest.mark.parametrize("day", [date.min, date.min + ONE_DAY, date(9995, 12, 31), date.max - ONE_DAY, date.max])
def test_the_ends_of_the_calendar_raise_nothing(day: date) -> None:
    """The first and the last days Python knows are days like any other."""
    timeline = Timeline(
        administrations=(full_day("MedicationAdministration/1", day),),
        results={"tsh": (Result(When(day, day), "Observation/1", issued_only=False),)},
    )
    assert evaluate(LABEL, timeline, AsOf(day)).failures == ()
    assert evaluate(LABEL, timeline, AsOf(day, datetime.combine(day, time(12), UTC))).failures == ()

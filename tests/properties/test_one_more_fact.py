"""What one more fact may do: an acceptable result never makes an answer worse.

And only facts of a source an answer rests on may change it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cds_service.core.dates import AsOf, When
from cds_service.core.label import Baseline, Recurring
from cds_service.core.label import Test as LabTest
from cds_service.core.timeline import (
    Administration,
    Dose,
    DrugOrder,
    Exposure,
    Measured,
    Outcome,
    Result,
    Route,
    Source,
    Timeline,
)
from tests.properties.comparing import Answer, answers, place
from tests.properties.scale import EXAMPLES
from tests.properties.timelines import (
    DAY_ONE,
    LABEL,
    allergies,
    any_time,
    conditions,
    hooks,
    infusion_days,
    measurements,
    moments,
    results,
    service_orders,
    timelines,
    times,
    vaccinations,
    visits,
)

RANK = {"not-applicable": 0, "met": 0, "due": 1, "cannot-tell": 2, "overdue": 3, "missing": 4, "violated": 4}
TESTS = {item.id: item.rule.test for item in LABEL.requirements if isinstance(item.rule, Baseline | Recurring)}
days_of_interest = times(st.integers(-400, 2000).map(lambda n: DAY_ONE + timedelta(days=n)))


def with_result(timeline: Timeline, concept: str, result: Result) -> Timeline:
    return timeline._replace(results={**timeline.results, concept: (*timeline.results.get(concept, ()), result)})


def with_measured(timeline: Timeline, concept: str, item: Measured) -> Timeline:
    richer = with_result(timeline, concept, Result(item.when, item.reference, issued_only=False))
    return richer._replace(measured={**timeline.measured, concept: (*timeline.measured.get(concept, ()), item)})


def one_more_of(test: LabTest, when: When, timeline: Timeline) -> Timeline:
    """One more acceptable result: of one concept that suffices, or of everything that must come together."""
    fewest: frozenset[str] = min(test.any_of, key=len, default=frozenset())
    for concept in sorted(fewest) or [concept for _, concept in test.members]:
        timeline = with_result(timeline, concept, Result(when, f"Observation/more-{concept}", issued_only=False))
    return timeline


def assert_no_worse(before: Iterable[Answer], after: Iterable[Answer], requirements: Iterable[str]) -> None:
    """The same places are spoken of, and none is worse off."""
    old = [item for item in before if item["requirement"] in set(requirements)]
    new = [item for item in after if item["requirement"] in set(requirements)]
    assert [place(item) for item in new] == [place(item) for item in old]
    for one, other in zip(old, new, strict=True):
        assert RANK[other["status"]] <= RANK[one["status"]], (one, other)


@EXAMPLES
@given(timelines(), moments(), hooks, st.sampled_from(sorted(TESTS)), days_of_interest)
def test_one_more_result_never_makes_a_requirement_worse(
    timeline: Timeline, as_of: AsOf, hook: str | None, requirement: str, when: When
) -> None:
    """A test done once more, whenever, never makes its requirement worse, and never silences it either."""
    richer = one_more_of(TESTS[requirement], when, timeline)
    before, after = answers(timeline, as_of, hook), answers(richer, as_of, hook)
    assert_no_worse(before, after, [requirement])
    silenced = [item["status"] == "not-applicable" for item in before if item["requirement"] == requirement]
    assert silenced == [item["status"] == "not-applicable" for item in after if item["requirement"] == requirement]


@EXAMPLES
@given(timelines(), moments(), hooks, times(infusion_days))
def test_one_more_steroid_never_makes_premedication_worse(
    timeline: Timeline, as_of: AsOf, hook: str | None, when: When
) -> None:
    """A full dose of the steroid more, whenever, never makes premedication worse, nor the dose of the drug itself."""
    more = Administration(
        "MedicationAdministration/more", frozenset({"methylprednisolone"}), False, Exposure.GIVEN, when, None,  # noqa: FBT003
        Dose(Decimal(1000)), Route.INTRAVENOUS, None, frozenset(), None,
    )  # fmt: skip
    richer = timeline._replace(administrations=(*timeline.administrations, more))
    assert_no_worse(
        answers(timeline, as_of, hook), answers(richer, as_of, hook), ["corticosteroid-premedication", "daily-dose"]
    )


STATES = ("active", "completed")


def antiviral(starts: When | None, *, until: When | None = None, active: bool = True) -> DrugOrder:
    return DrugOrder(
        "MedicationRequest/more", frozenset({"herpes-antiviral"}), by_text=False, draft=False, active=active,
        starts=starts, ends=until, written=starts, days=None, day_count=None, daily_dose=None, route=Route.ORAL,
        completed=not active, runs_until=until,
    )  # fmt: skip


@EXAMPLES
@given(timelines(), moments(), hooks, times(infusion_days), st.none() | times(infusion_days), st.sampled_from(STATES))
def test_one_more_antiviral_never_makes_its_start_worse(
    timeline: Timeline, as_of: AsOf, hook: str | None, starts: When, until: When | None, state: str
) -> None:
    """An antiviral order more, running or closed, never makes the start of prophylaxis look worse."""
    more = antiviral(starts, until=until, active=state == "active")
    richer = timeline._replace(drug_orders=(*timeline.drug_orders, more))
    assert_no_worse(answers(timeline, as_of, hook), answers(richer, as_of, hook), ["herpes-prophylaxis-start"])


@EXAMPLES
@given(timelines(), moments(), hooks)
def test_an_antiviral_through_everything_leaves_nothing_to_find(
    timeline: Timeline, as_of: AsOf, hook: str | None
) -> None:
    """Running since long before the first infusion, and still: at most the count is asked for."""
    long_ago = date(2015, 1, 1)
    richer = timeline._replace(drug_orders=(*timeline.drug_orders, antiviral(When(long_ago, long_ago))))
    for item in answers(richer._replace(unread={}), as_of, hook):
        if item["requirement"] == "herpes-prophylaxis-start":
            assert item["status"] in {"met", "not-applicable"}, item
        if item["requirement"] == "herpes-prophylaxis-duration":
            assert item["status"] in {"met", "due", "not-applicable"}, item


@EXAMPLES
@given(timelines(), moments(), hooks, days_of_interest, st.sampled_from(("200", "200.1", "900")))
def test_one_more_sufficient_count_never_makes_the_prophylaxis_worse(
    timeline: Timeline, as_of: AsOf, hook: str | None, when: When, amount: str
) -> None:
    """A CD4 count at or above the limit more, whenever, never makes the end of prophylaxis or a live vaccine worse."""
    richer = with_measured(timeline, "cd4-count", Measured(when, "Observation/more", Decimal(amount)))
    assert_no_worse(
        answers(timeline, as_of, hook), answers(richer, as_of, hook), ["herpes-prophylaxis-duration", "live-vaccine"]
    )


@EXAMPLES
@given(timelines(), moments(), hooks, days_of_interest, st.sampled_from(("hiv-confirmatory", "hiv-viral-load")))
def test_one_more_negative_confirming_test_never_makes_infection_worse(
    timeline: Timeline, as_of: AsOf, hook: str | None, when: When, concept: str
) -> None:
    """A negative confirming test more, whenever, never makes an HIV infection likelier."""
    richer = with_measured(timeline, concept, Measured(when, "Observation/more", outcome=Outcome.NEGATIVE))
    assert_no_worse(answers(timeline, as_of, hook), answers(richer, as_of, hook), ["hiv-contraindication"])


# --- what an answer rests on ------------------------------------------------------------------------------------------


@st.composite
def facts(draw: st.DrawFn) -> tuple[Source, str, Any]:
    """One more fact: its source, the field of the timeline it goes into, and the fact itself."""
    match draw(
        st.sampled_from(("result", "measured", "condition", "allergy", "vaccination", "test", "visit", "antiviral"))
    ):
        case "result":
            concept, result = draw(results(900))
            is_examination = concept.startswith("skin-exam")
            return Source.PROCEDURES if is_examination else Source.OBSERVATIONS, "results", (concept, result)
        case "measured":
            return Source.OBSERVATIONS, "measured", draw(measurements(900))
        case "condition":
            found = draw(conditions(900))
            decides_product = found.concepts & (LABEL.product.own_diagnosis | LABEL.product.other_diagnosis)
            return Source.CONDITIONS, "conditions", found if not decides_product else found._replace(concepts=NO_NAMES)
        case "allergy":
            return Source.ALLERGIES, "allergies", draw(allergies(900))
        case "vaccination":
            return Source.IMMUNIZATIONS, "vaccinations", draw(vaccinations(900))
        case "visit":
            return Source.ENCOUNTERS, "visits", draw(visits(900))
        case "test":
            return Source.ORDERS, "service_orders", draw(service_orders(900))
        case _:
            until, active = draw(st.none() | times(infusion_days)), draw(st.booleans())
            return Source.MEDICATIONS, "drug_orders", antiviral(draw(any_time), until=until, active=active)


NO_NAMES = frozenset[str]()


def with_fact(timeline: Timeline, field: str, fact: Any) -> Timeline:
    if field == "results":
        return with_result(timeline, *fact)
    if field == "measured":
        return with_measured(timeline, *fact)
    changed: dict[str, Any] = {field: (*getattr(timeline, field), fact)}
    return timeline._replace(**changed)


@EXAMPLES
@given(timelines(), moments(), hooks, facts())
def test_one_more_fact_changes_only_answers_that_rest_on_its_source(
    timeline: Timeline, as_of: AsOf, hook: str | None, more: tuple[Source, str, Any]
) -> None:
    """Otherwise a gap in that source would have left standing an answer that was not known.

    An answer that says "cannot tell" already claims nothing; "met" and "not applicable" both say nothing to act on.
    """
    source, field, fact = more
    before, after = answers(timeline, as_of, hook), answers(with_fact(timeline, field, fact), as_of, hook)
    assert [place(item) for item in before] == [place(item) for item in after]
    for one, other in zip(before, after, strict=True):
        if one["status"] != "cannot-tell" and source not in one["rests_on"]:
            assert RANK[one["status"]] == RANK[other["status"]], (source, fact, one, other)

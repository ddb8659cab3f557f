"""One patient's case, prepared once for every requirement: the cut timeline, exposures, courses, plan, follow-up."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from cds_service.core.courses import (
    Course,
    FollowUp,
    Plan,
    follow_up,
    group_courses,
    make_plan,
    open_orders,
    order_anchor,
)
from cds_service.core.dates import AsOf
from cds_service.core.exposure import Exposures, has_diagnosis, is_drug_order, read_exposures
from cds_service.core.label import Label, Test
from cds_service.core.results import Done, tests_done
from cds_service.core.timeline import Administration, DrugOrder, Result, Timeline, Unused


class Treatment(StrEnum):
    """Where the patient stands with the drug."""

    NONE = "none"  # no sign of it
    CONSIDERED = "considered"  # ordered or noted, no infusion, nothing that suggests one elsewhere
    UNCLEAR = "unclear"  # signs of infusions without their dates
    TREATED = "treated"


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a kind of requirement may look at. `doubtful_orders` are orders whose product cannot be told."""

    label: Label
    timeline: Timeline
    as_of: AsOf
    exposures: Exposures
    courses: tuple[Course, ...]
    plan: Plan | None
    follow_up: FollowUp | None
    treatment: Treatment
    doubtful_orders: tuple[DrugOrder, ...]
    signs: tuple[str, ...]  # references that suggest exposure without an infusion date
    done: dict[str, tuple[Done, ...]] = field(default_factory=dict)  # per test, filled on first use

    def tests_done(self, test: Test) -> tuple[Done, ...]:
        """Every acceptable result of the test on record, in no particular order."""
        found = self.done.get(test.id)
        if found is None:
            found = self.done[test.id] = tests_done(self.timeline.results, test)
        return found


def prepare(label: Label, timeline: Timeline, as_of: AsOf) -> Case:
    """Cut the timeline at `as_of` and work out what every requirement needs."""
    cut = visible(timeline, as_of)
    exposures = read_exposures(cut, label.product)
    courses = group_courses(exposures.days, label.courses)
    last = courses[-1].last if courses else None
    plan = make_plan(open_orders(cut, label, last, as_of), courses, label, as_of)
    doubtful = tuple(
        order
        for order in cut.drug_orders
        if (order.draft or order.active) and is_drug_order(order, label.product, cut) is None
    )
    signs = _signs_of_exposure(cut, label, as_of)
    return Case(
        label=label,
        timeline=cut,
        as_of=as_of,
        exposures=exposures,
        courses=courses,
        plan=plan,
        follow_up=follow_up(courses, label.follow_up_months),
        treatment=_treatment(cut, label, exposures, courses, signs),
        doubtful_orders=doubtful,
        signs=signs,
    )


def _signs_of_exposure(timeline: Timeline, label: Label, as_of: AsOf) -> tuple[str, ...]:
    """The drug on a medication list, dispensed, or ordered long enough ago to have been given elsewhere."""
    product = label.product
    silent = has_diagnosis(timeline, product.other_diagnosis) and not has_diagnosis(timeline, product.own_diagnosis)
    found = [
        mention.reference
        for mention in timeline.mentions
        if mention.concepts & product.drug
        or (mention.concepts & product.unspecified and not mention.concepts & product.other_product and not silent)
    ]
    limit = as_of.today - timedelta(days=label.active_order_days)
    for order in timeline.drug_orders:
        if order.draft or is_drug_order(order, product, timeline) is False:
            continue
        anchor = order_anchor(order)
        if anchor is None or anchor < limit:
            found.append(order.reference)
    return tuple(found)


def _treatment(
    timeline: Timeline, label: Label, exposures: Exposures, courses: tuple[Course, ...], signs: tuple[str, ...]
) -> Treatment:
    if courses:
        return Treatment.TREATED
    if exposures.doubts or exposures.other_regimen or signs:
        return Treatment.UNCLEAR
    if any(is_drug_order(order, label.product, timeline) is not False for order in timeline.drug_orders):
        return Treatment.CONSIDERED
    return Treatment.NONE


def visible(timeline: Timeline, as_of: AsOf) -> Timeline:
    """The timeline without its future: what had happened by `as_of`. Future facts become `unused` with `future`."""
    future: list[Unused] = []
    administrations = tuple(
        _clipped(record, as_of) for record in timeline.administrations if _seen(record, as_of, future)
    )
    results = {concept: _seen_results(found, as_of, future) for concept, found in timeline.results.items()}
    pending = {concept: _seen_results(found, as_of, []) for concept, found in timeline.pending.items()}
    orders = tuple(
        order for order in timeline.drug_orders if order.draft or order.written is None or as_of.has_seen(order.written)
    )
    listed = {unused.reference for unused in timeline.unused}
    fresh = dict.fromkeys(item for item in future if item.reference not in listed)
    return replace(
        timeline,
        administrations=administrations,
        results=results,
        pending=pending,
        drug_orders=orders,
        unused=(*timeline.unused, *fresh),
    )


def _seen(record: Administration, as_of: AsOf, future: list[Unused]) -> bool:
    if record.start is None or as_of.has_seen(record.start):
        return True
    future.append(Unused(record.reference, "future"))
    return False


def _clipped(record: Administration, as_of: AsOf) -> Administration:
    if record.start is None or record.start.is_exact_day or record.start.last <= as_of.today:
        return record
    return record._replace(start=as_of.clip(record.start))


def _seen_results(found: tuple[Result, ...], as_of: AsOf, future: list[Unused]) -> tuple[Result, ...]:
    today = as_of.today
    if all(result.when.last < today for result in found):
        return found
    kept = []
    for result in found:
        if result.when.last < today:
            kept.append(result)
        elif as_of.has_seen(result.when):
            kept.append(result._replace(when=as_of.clip(result.when)))
        else:
            future.append(Unused(result.reference, "future"))
    return tuple(kept)

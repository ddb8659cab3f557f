"""One patient's case, prepared once for every requirement: the cut timeline, exposures, courses, plan, follow-up."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from cds_service.core.courses import (
    Course,
    FollowUp,
    Plan,
    booked_appointments,
    covers,
    days_of_order,
    follow_up,
    group_courses,
    make_plan,
    open_orders,
    order_anchor,
)
from cds_service.core.dates import FARTHEST_OFFSETS_DAYS, AsOf, When, add_days
from cds_service.core.exposure import Exposures, is_drug_order, is_other_product, read_exposures
from cds_service.core.hooks import BOOKING, CHECK_IN, SIGNING
from cds_service.core.label import Label, Test
from cds_service.core.results import Done, tests_done
from cds_service.core.timeline import Administration, ConditionFact, DrugOrder, Person, Result, Timeline, Unused, Visit


class Treatment(StrEnum):
    """Where the patient stands with the drug."""

    NONE = "none"  # no sign of it
    CONSIDERED = "considered"  # ordered or noted, no infusion, nothing that suggests one elsewhere
    UNCLEAR = "unclear"  # signs of infusions without their dates
    TREATED = "treated"


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a kind of requirement may look at. `doubtful_orders` are orders whose product cannot be told.

    `hook`: where the question is asked (None: the plain report). `at_infusion`: it is asked at the start of an
    encounter on an infusion day, before the pump starts: the dose can still be stopped. `deceased`: nothing is asked of
    the patient any more.
    """

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
    hook: str | None = None
    at_infusion: bool = False
    deceased: bool = False
    done: dict[str, tuple[Done, ...]] = field(default_factory=dict)  # per test, filled on first use
    runs: dict[tuple[frozenset[str], bool], object] = field(default_factory=dict)  # of prophylaxis, filled on first use

    @property
    def next_day(self) -> tuple[int, int]:
        """(course, infusion day) of the infusion that would come today: the plan's, or the next of an open course."""
        if self.plan is not None:
            return self.plan.course, self.plan.first_day
        current = self.courses[-1]
        return current.number, len(current.days) + 1

    def tests_done(self, test: Test) -> tuple[Done, ...]:
        """Every acceptable result of the test on record, in no particular order."""
        found = self.done.get(test.id)
        if found is None:
            found = self.done[test.id] = tests_done(self.timeline.results, test)
        return found

    def look_alikes(self) -> tuple[str, ...]:
        """References of results that only look like a test the label asks for."""
        results = self.timeline.results
        wrong = [concept for concept in results if concept in self.label.look_alikes]
        if not wrong:
            return ()
        counting = {result.reference for concept in results if concept not in wrong for result in results[concept]}
        found = [result.reference for concept in wrong for result in results[concept]]
        return tuple(dict.fromkeys(reference for reference in found if reference not in counting))


def prepare(label: Label, timeline: Timeline, as_of: AsOf, hook: str | None = None) -> Case:
    """Cut the timeline at `as_of` and work out what every requirement needs."""
    cut = visible(timeline, as_of, hook)
    exposures = read_exposures(cut, label.product)
    courses = group_courses(exposures.days, label.courses)
    deceased = cut.person is not None and cut.person.deceased
    orders = [] if deceased else open_orders(cut, label, courses, as_of)
    booked = booked_appointments(cut, orders, as_of) if hook == BOOKING and not deceased else ()
    plan = make_plan(orders, courses, label, as_of, booked)
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
        hook=hook,
        at_infusion=hook == CHECK_IN and not deceased and _is_infusion_day(plan, courses, label, as_of),
        deceased=deceased,
    )


def _is_infusion_day(plan: Plan | None, courses: tuple[Course, ...], label: Label, as_of: AsOf) -> bool:
    """No infusion yet today, and an active order covers the day, or a course that still lacks days is under way."""
    today = as_of.today
    current = courses[-1] if courses else None
    if current is not None and current.last == today:
        return False
    lacks_days = current is not None and len(current.days) < label.courses.length_of(current.number)
    if current is not None and lacks_days and (today - current.last).days <= label.infusion_reach_days:
        return True
    if plan is None:
        return False
    return any(order.active and (covers(order, today) or _was_put_off(order, today, label)) for order in plan.orders)


def _was_put_off(order: DrugOrder, today: date, label: Label) -> bool:
    """Still active some days after its last planned day, and nothing given: the infusion may be today."""
    days = days_of_order(order)
    last = max(days) if days else order.ends.last if order.ends is not None else None
    return last is not None and 0 < (today - last).days <= label.active_order_days


def _signs_of_exposure(timeline: Timeline, label: Label, as_of: AsOf) -> tuple[str, ...]:
    """The drug on a medication list, dispensed, or ordered long enough ago to have been given elsewhere."""
    product = label.product
    found = [
        mention.reference
        for mention in timeline.mentions
        if mention.concepts & product.ingredient and not is_other_product(mention.concepts, product, timeline)
    ]
    limit = add_days(as_of.today, -label.active_order_days)
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
    ordered = any(is_drug_order(order, label.product, timeline) is not False for order in timeline.drug_orders)
    if exposures.doubts or exposures.other_regimen or signs or (ordered and exposures.unresolved):
        return Treatment.UNCLEAR
    return Treatment.CONSIDERED if ordered else Treatment.NONE


def visible(timeline: Timeline, as_of: AsOf, hook: str | None = None) -> Timeline:
    """The timeline without its future: what had happened by `as_of`. Future facts become `unused` with `future`.

    At a `hook` at which drafts are on the screen these are there, whatever day they bear.
    """
    future: list[Unused] = []
    administrations = tuple(
        _clipped(record, as_of)
        for record in timeline.administrations
        if _known(record.reference, record.start, as_of, future)
    )
    past = add_days(as_of.today, -FARTHEST_OFFSETS_DAYS)
    results = {concept: _seen_results(found, past, as_of, future) for concept, found in timeline.results.items()}
    pending = {concept: _seen_results(found, past, as_of, []) for concept, found in timeline.pending.items()}
    orders = tuple(
        order for order in timeline.drug_orders if _known(order.reference, _signing(order, as_of, hook), as_of, future)
    )
    mentions = tuple(item for item in timeline.mentions if _known(item.reference, item.when, as_of, future))
    service_orders = tuple(
        item for item in timeline.service_orders if _known(item.reference, item.written, as_of, future)
    )
    conditions = tuple(
        _not_over_yet(item, as_of) for item in timeline.conditions if _known(item.reference, item.when, as_of, future)
    )
    allergies = tuple(item for item in timeline.allergies if _known(item.reference, item.when, as_of, future))
    vaccinations = tuple(
        item if item.when is None else item._replace(when=as_of.clip(item.when))
        for item in timeline.vaccinations
        if _known(item.reference, item.when, as_of, future)
    )
    measured = {
        concept: tuple(item._replace(when=as_of.clip(item.when)) for item in found if as_of.has_seen(item.when))
        for concept, found in timeline.measured.items()
    }
    unread = timeline.unread
    ahead = {name for name, when in timeline.unread_since.items() if not as_of.has_seen(when)}
    if ahead:
        unread = {concept: tuple(name for name in found if name not in ahead) for concept, found in unread.items()}
    listed = {unused.reference for unused in timeline.unused} if future else set()
    fresh = dict.fromkeys(item for item in future if item.reference not in listed)
    return timeline._replace(
        administrations=administrations,
        results=results,
        pending=pending,
        unread=unread,
        drug_orders=orders,
        mentions=mentions,
        service_orders=service_orders,
        conditions=conditions,
        allergies=allergies,
        vaccinations=vaccinations,
        measured=measured,
        visits=_begun(timeline.visits, as_of) if timeline.visits else (),
        person=_alive(timeline.person, as_of),
        unused=(*timeline.unused, *fresh) if fresh else timeline.unused,
    )


def _alive(person: Person | None, as_of: AsOf) -> Person | None:
    """A death still to come is not known yet."""
    if person is None or person.died is None or as_of.has_seen(person.died):
        return person
    return person._replace(deceased=False, died=None)


def _begun(visits: tuple[Visit, ...], as_of: AsOf) -> tuple[Visit, ...]:
    """The visits that had begun; one whose end is still to come goes on."""
    return tuple(
        visit if visit.end is None or as_of.has_seen(visit.end) else visit._replace(end=None, open=True)
        for visit in visits
        if visit.start is None or as_of.has_seen(visit.start)
    )


def _known(reference: str, since: When | None, as_of: AsOf, future: list[Unused]) -> bool:
    """Whether a fact was on record; without a date it was."""
    if since is None or as_of.has_seen(since):
        return True
    future.append(Unused(reference, "future"))
    return False


def _not_over_yet(item: ConditionFact, as_of: AsOf) -> ConditionFact:
    """A diagnosis whose end is still to come is active."""
    if item.ended is None or as_of.has_seen(item.ended):
        return item
    return item._replace(ended=None, active=True)


def _signing(order: DrugOrder, as_of: AsOf, hook: str | None) -> When | None:
    """When an order was written; a draft being signed is there, whatever day it bears.

    Elsewhere a draft may carry a clock or a calendar day slightly ahead of ours.
    """
    if order.draft and order.written is not None:
        is_near = order.written.first <= add_days(as_of.today, 1)
        return None if is_near or hook in SIGNING else order.written
    return order.written


def _clipped(record: Administration, as_of: AsOf) -> Administration:
    if record.start is None or record.start.is_exact_day or record.start.last <= as_of.today:
        return record
    return record._replace(start=as_of.clip(record.start))


def _seen_results(found: tuple[Result, ...], past: date, as_of: AsOf, future: list[Unused]) -> tuple[Result, ...]:
    """The results on record by `as_of`; those before `past` are, whatever their time zone."""
    if not found or max([result.when.last for result in found]) < past:
        return found
    kept = []
    for result in found:
        if result.when.last < past:
            kept.append(result)
        elif as_of.has_seen(result.when):
            kept.append(result._replace(when=as_of.clip(result.when)))
        else:
            future.append(Unused(result.reference, "future"))
    return tuple(kept)

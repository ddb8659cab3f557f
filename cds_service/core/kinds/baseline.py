"""Kind "baseline": a test before the first infusion, not older than the window.

Source: label-us reading "Before the first infusion" and its exact readings (docs/labels).
"""

from __future__ import annotations

from datetime import date

from cds_service.core.assessment import Assessment, Fact, Note, Reason, Status
from cds_service.core.case import Case, Treatment
from cds_service.core.dates import FARTHEST_OFFSETS_DAYS, When, add_days, add_months, on_day, starts_before
from cds_service.core.kinds.common import ADMINISTRATIONS, not_applicable, results_of
from cds_service.core.label import Baseline, Requirement, Test
from cds_service.core.results import Done, as_done, latest
from cds_service.core.timeline import ANY_CONCEPT


def judge(requirement: Requirement, rule: Baseline, case: Case) -> Assessment:
    """Whether the test was done in the window before day 1 (first infusion; else planned start; else `as_of`)."""
    if not is_asked(case):
        return not_applicable(requirement.id)
    return _Window(requirement, rule, case).judge()


def is_asked(case: Case) -> bool:
    """Whether there is a first infusion to be ready for, past or to come."""
    return case.plan is not None or not (case.treatment in (Treatment.NONE, Treatment.UNCLEAR) or _is_over(case))


def first_start(case: Case) -> When:
    """The start of the first infusion ever; before any, of the one planned, else today."""
    if case.courses:
        return case.courses[0].days[0].start
    return case.plan.start if case.plan is not None else on_day(case.as_of.today)


def _is_over(case: Case) -> bool:
    """A deceased patient who was never given the drug: nothing is asked any more."""
    return case.deceased and not case.courses


class _Window:
    """The days in which the test counts, and the sorting of results into them."""

    def __init__(self, requirement: Requirement, rule: Baseline, case: Case) -> None:
        self.requirement, self.rule, self.case = requirement, rule, case
        self.begun = bool(case.courses)
        self.start = first_start(case)
        self.day_one = self.start.first
        self.opens = _opening(rule, self.day_one)
        self.closes = add_days(self.day_one, FARTHEST_OFFSETS_DAYS)  # from here on no time zone makes it "before"
        self.done = case.tests_done(rule.test)

    def judge(self) -> Assessment:
        in_window, vague = [], []
        for item in self.done:
            counts = self._counts(item)
            if counts:
                in_window.append(item)
            elif counts is None:
                vague.append(item)
        last = latest(in_window)
        if last is not None:
            return self._answer(Status.MET, None, last, (Note.ISSUED_DATE,) if last.issued_only else ())
        if vague:
            on_day_one = self.begun and any(item.when.first <= self.day_one <= item.when.last for item in vague)
            reason = Reason.ORDER_UNKNOWN if on_day_one else Reason.DATE_VAGUE
            return self._answer(Status.CANNOT_TELL, reason, latest(vague), ())
        return self._missing()

    def _missing(self) -> Assessment:
        stale = latest([item for item in self.done if self._is_stale(item)])
        test = self.rule.test
        end = self.day_one if self.begun else max(self.day_one, self.case.as_of.today)
        notes: tuple[Note, ...] = (Note.PRELIMINARY_EXISTS,) if pending(self.case, test, self.opens, end) else ()
        ordered = None if self.begun else already_ordered(self.case, test)
        if ordered is not None:
            notes = (*notes, Note.ALREADY_ORDERED)
        if stale is not None:
            return self._answer(Status.MISSING, Reason.STALE, stale, notes, ordered=ordered)
        wrong = wrong_tests(self.case, test, self.opens, end)
        lacking = self._lacking() if test.members else None
        if lacking is None:  # what belongs to a test done too late looks like nothing else
            wrong = tuple(item for item in wrong if item not in self._done_references())
        reason = Reason.WRONG_TEST if wrong else None
        return self._answer(Status.MISSING, reason, None, notes, evidence=wrong, ordered=ordered, lacking=lacking)

    def _done_references(self) -> frozenset[str]:
        return frozenset(reference for item in self.done for reference in item.references)

    def _lacking(self) -> str | None:
        """The members of a set without a result that counts; None when that is none or all of them."""
        results = self.case.timeline.results
        lacking = [
            name
            for name, concept in self.rule.test.members
            if not any(self._counts(as_done(result)) for result in results.get(concept, ()))
        ]
        return " and ".join(lacking) if 0 < len(lacking) < len(self.rule.test.members) else None

    def _is_stale(self, item: Done) -> bool:
        """Too old, by its oldest part; complete before the start."""
        if item.oldest.last >= self.opens:
            return False
        return not self.begun or item.when is item.oldest or starts_before(item.when, self.start) is not False

    def _answer(
        self,
        status: Status,
        reason: Reason | None,
        done: Done | None,
        notes: tuple[Note, ...],
        evidence: tuple[str, ...] = (),
        ordered: date | None = None,
        lacking: str | None = None,
    ) -> Assessment:
        last_day = done.oldest.last if done is not None and done.oldest.is_exact_day else None
        facts: dict[str, Fact] = {
            "test": self.rule.test.name,
            "day_one": self.day_one,
            "opens": self.opens,
            "closes": add_days(self.day_one, -1),
            "window": self.rule.window_days,
            "window_months": self.rule.window_months,
            "lacking": lacking,
            "last": last_day,
            "age": self._age(done),
            "ordered": ordered,
        }
        absent = status is Status.MISSING
        return Assessment(
            self.requirement.id,
            status,
            reason,
            notes,
            variant=("begun" if self.begun else "before") if lacking is None else "incomplete",
            last_done=last_day,
            evidence=done.references if done is not None else evidence,
            planned=not self.begun,
            event=self.case.courses[0].last if self.begun else None,
            rests_on=ADMINISTRATIONS | results_of(self.requirement) if absent else ADMINISTRATIONS,
            unread=unread(self.case, self.rule.test) if absent else (),
            facts=facts,
        )

    def _age(self, done: Done | None) -> str | None:
        """Days from the result to day 1; of a vague date, the least."""
        if done is None:
            return None
        days = (self.day_one - done.oldest.last).days
        return str(days) if done.oldest.is_exact_day else f"at least {days}"

    def _counts(self, item: Done) -> bool | None:
        """In the window before the start: True, False, or None when the written dates cannot tell."""
        when, oldest = item.when, item.oldest
        if oldest.last < self.opens or (self.begun and when.first > self.closes):
            return False
        before = starts_before(when, self.start) if self.begun else True
        return before if not before or oldest.first >= self.opens else None


def _opening(rule: Baseline, day_one: date) -> date:
    """The first day on which a result counts."""
    if rule.window_months is not None:
        return add_months(day_one, -rule.window_months)
    return add_days(day_one, -rule.window_days)


def wrong_tests(case: Case, test: Test, first: date, last: date) -> tuple[str, ...]:
    """References of look-alikes and incomplete component sets dated within the days given, and of open referrals."""
    found = [
        result.reference
        for concept in test.look_alikes
        for result in case.timeline.results.get(concept, ())
        if first <= result.when.last and result.when.first <= last
    ]
    referred = test.wrong & test.ordered_as  # ordering somebody to look is not looking
    found += [order.reference for order in case.timeline.service_orders if order.concepts & referred]
    return tuple(dict.fromkeys(found))


def pending(case: Case, test: Test, first: date, last: date) -> bool:
    """True when a preliminary result of the test lies within the days given."""
    return bool(case.timeline.pending) and any(
        first <= result.when.last and result.when.first <= last
        for concept in test.concepts
        for result in case.timeline.pending.get(concept, ())
    )


def unread(case: Case, test: Test) -> tuple[str, ...]:
    """References of resources that carry the test's codes, or those of a panel that holds it, and could not be read."""
    if not case.timeline.unread:
        return ()
    found = [
        reference
        for concept, references in sorted(case.timeline.unread.items())
        if concept in test.concepts or concept in test.ordered_as or concept == ANY_CONCEPT
        for reference in references
    ]
    return tuple(dict.fromkeys(found))


def already_ordered(case: Case, test: Test) -> date | None:
    """The day the test is ordered for (or was ordered), when there is an open order for it, or one for each part."""
    orders = case.timeline.service_orders
    found = [order for order in orders if order.concepts & test.ordered_as]
    parts = [[order for order in orders if concept in order.concepts] for _, concept in test.members]
    if parts and all(parts):
        found += [order for part in parts for order in part]
    return max((order.when.last if order.when else case.as_of.today for order in found), default=None)

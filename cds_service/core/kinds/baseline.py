"""Kind "baseline": a test before the first infusion, not older than the window.

Source: label-us reading "Before the first infusion" and its exact readings (docs/labels).
"""

from __future__ import annotations

from datetime import date, timedelta

from cds_service.core.assessment import Assessment, Fact, Note, Reason, Status
from cds_service.core.case import Case, Treatment
from cds_service.core.dates import When, on_day, starts_before
from cds_service.core.kinds.common import ADMINISTRATIONS, LABS, not_applicable
from cds_service.core.label import Baseline, Requirement
from cds_service.core.results import Done, latest


def judge(requirement: Requirement, rule: Baseline, case: Case) -> Assessment:
    """Whether the test was done in the window before day 1 (first infusion; else planned start; else `as_of`)."""
    if case.plan is None and case.treatment in (Treatment.NONE, Treatment.UNCLEAR):
        return not_applicable(requirement.id)
    return _Window(requirement, rule, case).judge()


class _Window:
    """The days in which the test counts, and the sorting of results into them."""

    def __init__(self, requirement: Requirement, rule: Baseline, case: Case) -> None:
        self.requirement, self.rule, self.case = requirement, rule, case
        self.begun = bool(case.courses)
        if case.courses:
            self.start: When = case.courses[0].days[0].start
        elif case.plan is not None:
            self.start = case.plan.start
        else:
            self.start = on_day(case.as_of.today)
        self.day_one = self.start.first
        self.opens = self.day_one - timedelta(days=rule.window_days)
        self.done = case.tests_done(rule.test)

    def judge(self) -> Assessment:
        in_window = [item for item in self.done if self._counts(item.when) is True]
        if in_window:
            last = max(in_window, key=lambda item: item.when.last)
            notes = (Note.ISSUED_DATE,) if last.issued_only else ()
            return self._answer(Status.MET, None, last, notes)
        vague = [item for item in self.done if self._counts(item.when) is None]
        if vague:
            reason = (
                Reason.ORDER_UNKNOWN
                if any(item.when.first <= self.day_one <= item.when.last for item in vague)
                else Reason.DATE_VAGUE
            )
            return self._answer(Status.CANNOT_TELL, reason, latest(tuple(vague)), ())
        return self._missing()

    def _missing(self) -> Assessment:
        stale = latest(tuple(item for item in self.done if item.when.last < self.opens))
        wrong = self._wrong_tests()
        pending = self._pending()
        notes: tuple[Note, ...] = (Note.PRELIMINARY_EXISTS,) if pending else ()
        if not self.begun and already_ordered(self.case, self.rule.test.ordered_as):
            notes = (*notes, Note.ALREADY_ORDERED)
        if stale is not None:
            return self._answer(Status.MISSING, Reason.STALE, stale, notes)
        reason = Reason.WRONG_TEST if wrong else None
        return self._answer(Status.MISSING, reason, None, notes, evidence=wrong)

    def _answer(
        self,
        status: Status,
        reason: Reason | None,
        done: Done | None,
        notes: tuple[Note, ...],
        evidence: tuple[str, ...] = (),
    ) -> Assessment:
        last_day = done.when.last if done is not None and done.when.is_exact_day else None
        facts: dict[str, Fact] = {
            "test": self.rule.test.name,
            "day_one": self.day_one,
            "opens": self.opens,
            "closes": self.day_one - timedelta(days=1),
            "window": self.rule.window_days,
            "last": last_day,
            "age": (self.day_one - last_day).days if last_day else None,
        }
        absent = status is Status.MISSING
        return Assessment(
            self.requirement.id,
            status,
            reason,
            notes,
            variant="begun" if self.begun else "before",
            last_done=last_day,
            evidence=done.references if done is not None else evidence,
            planned=not self.begun,
            event=self.case.courses[0].last if self.begun else None,
            rests_on=ADMINISTRATIONS | LABS if absent else ADMINISTRATIONS,
            unread=unread(self.case, self.rule.test.any_of) if absent else (),
            facts=facts,
        )

    def _counts(self, when: When) -> bool | None:
        """In the window before the start: True, False, or None when the written dates cannot tell."""
        before = starts_before(when, self.start) if self.begun else True
        young: bool | None = when.first >= self.opens
        if not young and when.last >= self.opens:
            young = None
        if before is False or young is False:
            return False
        return None if before is None or young is None else True

    def _wrong_tests(self) -> tuple[str, ...]:
        end = self.day_one if self.begun else max(self.day_one, self.case.as_of.today)
        return wrong_tests(self.case, self.rule.test.wrong, self.rule.test.any_of, self.opens, end)

    def _pending(self) -> bool:
        end = self.day_one if self.begun else max(self.day_one, self.case.as_of.today)
        return pending(self.case, self.rule.test.any_of, self.opens, end)


def wrong_tests(
    case: Case, wrong: frozenset[str], any_of: tuple[frozenset[str], ...], first: date, last: date
) -> tuple[str, ...]:
    """References of look-alikes and incomplete component sets dated within the days given."""
    parts = frozenset().union(*(concepts for concepts in any_of if len(concepts) > 1))
    found = [
        result.reference
        for concept in sorted(wrong | parts)
        for result in case.timeline.results.get(concept, ())
        if first <= result.when.last and result.when.first <= last
    ]
    return tuple(dict.fromkeys(found))


def pending(case: Case, any_of: tuple[frozenset[str], ...], first: date, last: date) -> bool:
    """True when a preliminary result of the test lies within the days given."""
    return any(
        first <= result.when.last and result.when.first <= last
        for concept in frozenset().union(*any_of)
        for result in case.timeline.pending.get(concept, ())
    )


def unread(case: Case, any_of: tuple[frozenset[str], ...]) -> tuple[str, ...]:
    """References of resources that carry the test's codes and could not be read."""
    concepts = frozenset().union(*any_of)
    found = [
        reference
        for concept, references in case.timeline.unread.items()
        if concept in concepts or concept == ANY_CONCEPT
        for reference in references
    ]
    return tuple(dict.fromkeys(found))


ANY_CONCEPT = "*"


def already_ordered(case: Case, ordered_as: frozenset[str], since: date | None = None) -> date | None:
    """The day the test is ordered for (or was ordered), when an open order is not older than `since`."""
    days = []
    for order in case.timeline.test_orders:
        if not order.concepts & ordered_as:
            continue
        day = order.when.last if order.when else case.as_of.today
        if since is None or day > since:
            days.append(day)
    return max(days, default=None)

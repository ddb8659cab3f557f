"""Kinds "screening" and "text-only": a test of any age before the first infusion, whose result decides; mere text.

Source: label section 2.1, the label's section on infections, "Result that decides" in the readings (docs/labels).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from cds_service.core.assessment import Assessment, Fact, Note, Reason, Status
from cds_service.core.case import Case
from cds_service.core.dates import FARTHEST_OFFSETS_DAYS, When, add_days, starts_before
from cds_service.core.kinds.baseline import already_ordered, first_start, is_asked, pending, wrong_tests
from cds_service.core.kinds.common import ADMINISTRATIONS, LABS, not_applicable
from cds_service.core.label import Requirement, Screening
from cds_service.core.results import Done
from cds_service.core.timeline import ANY_CONCEPT, ConditionFact, Exposure, Outcome, Source, Vaccination

_ORDERS = frozenset({Source.ORDERS, Source.MEDICATIONS, Source.STATEMENTS, Source.DISPENSES})  # show no screening
_WHERE_SETTLED = _ORDERS - {Source.ORDERS} | {Source.CONDITIONS, Source.ADMINISTRATIONS}
_EXPOSED = frozenset({Exposure.GIVEN, Exposure.STARTED})
_NOTHING: frozenset[str] = frozenset()
_DIAGNOSED = frozenset({"diagnosis", "undated"})  # found by a diagnosis, not by a test


def judge_text_only(requirement: Requirement, _: Case) -> Assessment:
    """A line of the order card, never a finding: no record shows it."""
    return Assessment(requirement.id, Status.NOT_APPLICABLE, None, (Note.TEXT_ONLY,))


def judge(requirement: Requirement, rule: Screening, case: Case) -> Assessment:
    """Whether the screening took place before day 1 (or something answers for it), and what it found."""
    return _Screen(requirement, rule, case).judge() if is_asked(case) else not_applicable(requirement.id)


class _Tested(NamedTuple):
    """One time the test was done, with what it found; None: nobody reads that here."""

    done: Done
    outcome: Outcome | None


class _Evidence(NamedTuple):
    """One thing that answers for the test: a diagnosis, a vaccine."""

    reference: str
    variant: str
    when: When | None
    before: bool | None  # before the first infusion; None: its date cannot tell
    unsure: bool = False


class _Screen:
    """The first infusion, and what of the record lies before it."""

    def __init__(self, requirement: Requirement, rule: Screening, case: Case) -> None:
        self.requirement, self.rule, self.case = requirement, rule, case
        self.begun, self.start = bool(case.courses), first_start(case)
        self.day_one = self.start.first
        self.sources = requirement.sources - _ORDERS

    def judge(self) -> Assessment:
        evidence = [*self._history(), *self._vaccines()]
        known = [item for item in evidence if item.before and not item.unsure]
        if known:
            return self._met(known[0].variant, (item.reference for item in known), _latest_day(known))
        if self.rule.finding is Outcome.POSITIVE and (found := self._found_ever()) is not None:
            return found
        vague = [item for item in evidence if item.before is None and not item.unsure]
        return self._by_tests(vague) or self._by_signs(evidence) or self._missing()

    # --- what answers for the test --------------------------------------------------------

    def _history(self) -> list[_Evidence]:
        found = [
            _Evidence(item.reference, "history", item.when, self._was_noted(item), item.unsure)
            for item in self.case.timeline.conditions
            if item.concepts & self.rule.history
        ]
        for concept in sorted(self.rule.history):  # written down as an observation
            for item in self.case.timeline.measured.get(concept, ()):
                if item.outcome is not Outcome.NEGATIVE:
                    is_open = item.outcome is not Outcome.POSITIVE
                    found.append(_Evidence(item.reference, "history", item.when, self._noted(item.when), is_open))
        return found

    def _vaccines(self) -> list[_Evidence]:
        return [
            _Evidence(item.reference, "vaccine", item.when, self._was_given(item), item.unsure)
            for item in self.case.timeline.vaccinations
            if item.concepts & self.rule.vaccines
        ]

    def _was_noted(self, item: ConditionFact) -> bool | None:
        return True if item.when is None else self._noted(item.when)

    def _noted(self, when: When) -> bool | None:
        """Whether a history was on record by day 1; what is asked on that very day was so before."""
        if not self.begun or when.last <= self.day_one:
            return True
        return False if when.first > self.day_one else None

    def _was_given(self, item: Vaccination) -> bool | None:
        return self._before(item.when) if item.when is not None else None if self.begun else True

    def _before(self, when: When) -> bool | None:
        """Before the first infusion; until then everything on record is."""
        if not self.begun:
            return True
        if when.first > add_days(self.day_one, FARTHEST_OFFSETS_DAYS):  # no time zone makes it "before"
            return False
        return starts_before(when, self.start)

    # --- a finding, whenever --------------------------------------------------------------

    def _found_ever(self) -> Assessment | None:
        """A positive test or diagnosis of any day: it stays one, unless something settles it."""
        timeline = self.case.timeline
        diagnoses = [item for item in timeline.conditions if item.concepts & self.rule.diagnoses and not item.unsure]
        tests = [
            item
            for concept in sorted(self.rule.test.concepts)
            for item in timeline.measured.get(concept, ())
            if item.outcome is self.rule.finding
        ]
        if not diagnoses and not tests:
            return None
        references = [*(item.reference for item in tests), *(item.reference for item in diagnoses)]
        dated = [item.when for item in tests] or [item.when for item in diagnoses if item.when is not None]
        since = min(dated, default=None, key=_by_first_day)
        settled = self._settled()
        if settled:
            return self._met("settled", [*references, *settled], None)
        variant = "test" if tests else "diagnosis" if since is not None else "undated"
        return self._violated(
            Reason.POSITIVE,
            variant,
            references,
            since,
            rests_on=self.requirement.sources & _WHERE_SETTLED if self.rule.settled_by else frozenset(),
            unread=self._unread(self.rule.settled_by),
        )

    def _settled(self) -> list[str]:
        """References of what explains a finding: a treatment on record, or a diagnosis that names it as past."""
        timeline, concepts = self.case.timeline, self.rule.settled_by
        if not concepts:
            return []
        conditions = [item.reference for item in timeline.conditions if item.concepts & concepts and not item.unsure]
        orders = [item for item in timeline.drug_orders if not (item.draft or item.unsure)]
        listed = [item for item in timeline.mentions if not item.unsure]
        given = [item for item in timeline.administrations if item.exposure in _EXPOSED]
        drugs = [item.reference for found in (orders, listed, given) for item in found if item.concepts & concepts]
        return [*conditions, *drugs]

    # --- tests before the first infusion --------------------------------------------------

    def _by_tests(self, vague: list[_Evidence]) -> Assessment | None:
        """What the last test that says anything found; None without one."""
        counted: list[_Tested] = []
        unplaced: list[_Tested] = []
        undecided: list[_Tested] = []
        for item in self._tests():
            before = self._before(item.done.when)
            if item.outcome is Outcome.INDETERMINATE:
                undecided += [item] if before is not False else []
            elif before is not False:
                (counted if before else unplaced).append(item)
        last = max(counted, key=self._in_time, default=None)
        rivals = unplaced if last is None else [item for item in unplaced if self._may_overtake(item, last)]
        is_good = last is not None and not self._is_bad(last)
        if rivals or (vague and not is_good):
            return self._vague(rivals, vague)
        if last is None:
            return self._indeterminate(undecided) if undecided else None
        return self._passed(last) if is_good else self._not_immune(last)

    def _is_bad(self, item: _Tested) -> bool:
        return item.outcome is self.rule.finding

    def _may_overtake(self, item: _Tested, last: _Tested) -> bool:
        """Whether a test whose date cannot tell may have come after the last one known, and says something else."""
        return self._is_bad(item) is not self._is_bad(last) and item.done.when.last >= last.done.when.first

    def _passed(self, last: _Tested) -> Assessment:
        """A test without a finding: another one, or a diagnosis that counts as one, could still say otherwise."""
        test, diagnoses, day = self.rule.test, self.rule.diagnoses, _day(last.done.when)
        variant = "vague" if day is None else "test" if last.outcome is not None else "unread"
        answer = self._met(variant, last.done.references, day)
        return answer._replace(
            notes=(Note.ISSUED_DATE,) if last.done.issued_only else (),
            rests_on=ADMINISTRATIONS | self.sources & (LABS | {Source.CONDITIONS} if diagnoses else LABS),
            unread=self._unread(test.concepts | test.ordered_as | diagnoses, any_test=True),
        )

    def _not_immune(self, last: _Tested) -> Assessment:
        """The last test did not find what protects; a history or a vaccine on record could still answer for it."""
        done, unread = last.done, self._unread_of_any()
        return self._violated(Reason.NOT_IMMUNE, None, done.references, done.when, rests_on=self.sources, unread=unread)

    def _tests(self) -> list[_Tested]:
        """Every time the test was done; of one day, what nobody reads adds nothing to what was read."""
        told: dict[str, Outcome] = {}
        for concept in sorted(self.rule.test.concepts):
            for item in self.case.timeline.measured.get(concept, ()):
                if item.outcome is not None and told.get(item.reference) is not self.rule.finding:
                    told[item.reference] = item.outcome
        found = []
        for done in self.case.tests_done(self.rule.test):
            outcomes = [told[reference] for reference in done.references if reference in told]
            found.append(_Tested(done, outcomes[0] if outcomes else None))
        days = {(item.done.when.first, item.done.when.last) for item in found if item.outcome is not None}
        return [
            item
            for item in found
            if item.outcome is not None or (item.done.when.first, item.done.when.last) not in days
        ]

    def _in_time(self, item: _Tested) -> tuple[date, date, bool, bool, tuple[str, ...]]:
        """By day; of one day what was found before what was not, so that the order of records is nothing."""
        when = item.done.when
        return when.last, when.first, item.outcome is self.rule.finding, not item.done.issued_only, item.done.references

    # --- answers --------------------------------------------------------------------------

    def _vague(self, tests: list[_Tested], evidence: list[_Evidence]) -> Assessment:
        whens = [*(item.done.when for item in tests), *(item.when for item in evidence if item.when is not None)]
        on_day_one = any(when.first <= self.day_one <= when.last for when in whens)
        return self._answer(
            Status.CANNOT_TELL,
            Reason.ORDER_UNKNOWN if on_day_one else Reason.DATE_VAGUE,
            None,
            [*(name for item in tests for name in item.done.references), *(item.reference for item in evidence)],
        )

    def _indeterminate(self, tests: list[_Tested]) -> Assessment:
        references = [name for item in tests for name in item.done.references]
        last = max((item.done.when for item in tests), key=_by_last_day)
        return self._not_found(Reason.INDETERMINATE, references, _day(last))

    def _by_signs(self, evidence: list[_Evidence]) -> Assessment | None:
        """Something on record suggests the screening, but decides nothing alone: a person should look."""
        timeline, signs = self.case.timeline, self.rule.signs
        found = [item.reference for item in evidence if item.unsure or (item.variant == "history" and not item.before)]
        for item in timeline.conditions:
            is_doubted = item.unsure and bool(item.concepts & self.rule.diagnoses)
            if is_doubted or (item.concepts & signs and self._was_noted(item) is not False):
                found.append(item.reference)
        found += [
            item.reference
            for item in timeline.vaccinations
            if item.concepts & signs and self._was_given(item) is not False
        ]
        found += [
            result.reference
            for concept in sorted(signs)
            for result in timeline.results.get(concept, ())
            if self._before(result.when) is not False
        ]
        if not found:
            return None
        return self._answer(Status.CANNOT_TELL, None, "unsure", found)._replace(notes=(Note.VERIFY,))

    def _missing(self) -> Assessment:
        test, end = self.rule.test, self.day_one if self.begun else max(self.day_one, self.case.as_of.today)
        wrong = wrong_tests(self.case, test, date.min, end)
        return self._not_found(Reason.WRONG_TEST if wrong else None, wrong, None)

    def _not_found(self, reason: Reason | None, references: Iterable[str], last: date | None) -> Assessment:
        test, end = self.rule.test, self.day_one if self.begun else max(self.day_one, self.case.as_of.today)
        ordered = None if self.begun else already_ordered(self.case, test)
        notes = [Note.PRELIMINARY_EXISTS] if pending(self.case, test, date.min, end) else []
        notes += [Note.ALREADY_ORDERED] if ordered is not None else []
        variant = "begun" if self.begun else "before"
        answer = self._answer(Status.MISSING, reason, variant, references, last, ordered=ordered)
        return answer._replace(notes=tuple(notes), rests_on=self.sources, unread=self._unread_of_any())

    def _met(self, variant: str, references: Iterable[str], last: date | None) -> Assessment:
        return self._answer(Status.MET, None, variant, references, last)._replace(rests_on=ADMINISTRATIONS)

    def _violated(
        self,
        reason: Reason,
        variant: str | None,
        references: Iterable[str],
        since: When | None,
        *,
        rests_on: frozenset[Source],
        unread: tuple[str, ...],
    ) -> Assessment:
        """It fades after the later of the last infusion and the day it came on record, but not beside an order."""
        plan, courses = self.case.plan, self.case.courses
        event = max(courses[-1].last, since.first if since is not None else courses[-1].last) if courses else None
        last = _day(since) if since is not None and variant not in _DIAGNOSED else None
        answer = self._answer(Status.VIOLATED, reason, variant, references, last)
        return answer._replace(
            planned=plan is not None,
            event=event if plan is None else None,
            rests_on=rests_on,
            unread=unread,
            facts={**answer.facts, "since": since.first if since is not None else None},
        )

    def _answer(
        self,
        status: Status,
        reason: Reason | None,
        variant: str | None,
        references: Iterable[str],
        last: date | None = None,
        *,
        ordered: date | None = None,
    ) -> Assessment:
        facts: dict[str, Fact] = {
            "test": self.rule.test.name,
            "day_one": self.day_one,
            "closes": add_days(self.day_one, -1),
            "last": last,
            "ordered": ordered,
        }
        return Assessment(
            self.requirement.id,
            status,
            reason,
            variant=variant,
            last_done=last,
            evidence=tuple(dict.fromkeys(references)),
            planned=not self.begun,
            event=self.case.courses[0].last if self.begun else None,
            facts=facts,
        )

    # --- what could not be read -----------------------------------------------------------

    def _unread_of_any(self) -> tuple[str, ...]:
        """References of what could not be read and might be the test, or answer for it."""
        rule = self.rule
        concepts = rule.test.concepts | rule.test.ordered_as | rule.history | rule.diagnoses | rule.signs
        untold = [item for item in self.case.timeline.vaccinations if item.untold] if rule.vaccines else []
        found = [item.reference for item in untold if self._was_given(item) is not False]
        return tuple(dict.fromkeys((*self._unread(concepts, any_test=True), *found)))

    def _unread(self, concepts: frozenset[str], *, any_test: bool = False) -> tuple[str, ...]:
        unread = self.case.timeline.unread
        if not unread:
            return ()
        wanted = sorted(concepts | ({ANY_CONCEPT} if any_test else _NOTHING))
        return tuple(dict.fromkeys(reference for concept in wanted for reference in unread.get(concept, ())))


def _day(when: When) -> date | None:
    return when.last if when.is_exact_day else None


def _latest_day(found: list[_Evidence]) -> date | None:
    """The day of what was noted or given last; None when none of it is dated to the day."""
    days = [day for item in found if item.when is not None and (day := _day(item.when)) is not None]
    return max(days, default=None)


def _by_first_day(when: When) -> tuple[date, date]:
    return when.first, when.last


def _by_last_day(when: When) -> tuple[date, date]:
    return when.last, when.first

"""Kinds "condition-caution" and "pregnancy": what else is diagnosed, and matters when the drug is ordered.

Source: label sections 5 and 8, and the readings of cautions and pregnancy (docs/labels).
"""

from __future__ import annotations

from datetime import date

from cds_service.core.assessment import Assessment, Note, Reason, Status
from cds_service.core.case import Case
from cds_service.core.caution_rules import ConditionCaution, PregnancyCaution, concepts_of, name_of
from cds_service.core.dates import add_days, starts_before
from cds_service.core.kinds.common import LABS, not_applicable
from cds_service.core.kinds.on_record import (
    CONDITIONS,
    answer,
    began,
    diagnosed,
    exact_day,
    is_concerned,
    is_within,
    references_of,
    unread,
    without_order,
)
from cds_service.core.label import Requirement
from cds_service.core.timeline import ANY_CONCEPT, ConditionFact, Measured, Outcome

# --- a diagnosis worth knowing ----------------------------------------------------------------------------------------


def judge_caution(requirement: Requirement, rule: ConditionCaution, case: Case) -> Assessment:
    """Whether such a diagnosis was ever on record, over or not."""
    if not is_concerned(case):
        return not_applicable(requirement.id)
    concepts = concepts_of(rule.conditions)
    found = diagnosed(case, concepts)
    if not found:
        return answer(requirement, case, Status.MET)._replace(rests_on=CONDITIONS, unread=unread(case, concepts))
    first = next((item for item in found if not item.unsure), found[0])
    told = answer(
        requirement,
        case,
        Status.VIOLATED,
        references_of(found),
        variant="order" if case.plan is not None else None,
        facts={"condition": name_of(first.concepts, rule.conditions)},
    )
    return told._replace(notes=(Note.VERIFY,)) if first.unsure else told


# --- pregnancy --------------------------------------------------------------------------------------------------------


def judge_pregnancy(requirement: Requirement, rule: PregnancyCaution, case: Case) -> Assessment:
    """Whether a pregnancy is on record, or a test says so, when the drug is ordered."""
    person = case.timeline.person
    if person is not None and person.gender == rule.spared:
        return not_applicable(requirement.id, variant="spared")
    if case.plan is None:
        return without_order(requirement, case)
    today = case.as_of.today
    entries = [item for item in _pregnancies(rule, case) if _is_current(item, rule, case)]
    sure = [item for item in entries if not item.unsure and _lasts(item, rule, case) is True]
    if sure:
        since = exact_day(began(sure[0], case.as_of))
        return answer(
            requirement, case, Status.VIOLATED, references_of(sure), variant="recorded", facts={"since": since}
        )
    tests = _results(rule.tests, case, add_days(today, -rule.test_days), today)
    positive = [item for item in tests if item.outcome is Outcome.POSITIVE and not _is_settled(item, rule, case)]
    if positive:
        return answer(
            requirement,
            case,
            Status.VIOLATED,
            [item.reference for item in positive],
            variant="test",
            facts={"tested": positive[-1].when.last},
        )
    return _undecided(requirement, rule, case, entries, tests)


def _pregnancies(rule: PregnancyCaution, case: Case) -> list[ConditionFact]:
    return [item for item in diagnosed(case, rule.conditions) if item.active]


def _lasts(item: ConditionFact, rule: PregnancyCaution, case: Case) -> bool | None:
    """Whether the entry is recent enough to be a pregnancy still; None when its date cannot tell."""
    today = case.as_of.today
    return is_within(began(item, case.as_of), add_days(today, -rule.lasts_days), today)


def _is_current(item: ConditionFact, rule: PregnancyCaution, case: Case) -> bool:
    """Not surely over: by its age, by a delivery, or by the end of another entry of the same pregnancy."""
    if _lasts(item, rule, case) is False:
        return False
    start = began(item, case.as_of)
    ends = [_ending(other, rule, case) for other in case.timeline.conditions if not other.unsure]
    return not any(start is not None and end is not None and end >= start.last for end in ends)


def _ending(other: ConditionFact, rule: PregnancyCaution, case: Case) -> date | None:
    """The day by which a pregnancy was over, as far as this entry says so."""
    if other.concepts & rule.ended_by:
        when = began(other, case.as_of)
    elif other.concepts & rule.conditions and not other.active:
        when = other.ended or began(other, case.as_of)
    else:
        return None
    return when.first if when is not None else None


def _results(concepts: frozenset[str], case: Case, first: date, last: date) -> list[Measured]:
    measured = case.timeline.measured
    found = [item for concept in sorted(concepts) for item in measured.get(concept, ())] if measured else []
    return sorted((item for item in found if is_within(item.when, first, last) is not False), key=_by_day)


def _by_day(item: Measured) -> tuple[date, str]:
    return item.when.last, item.reference


def _is_settled(item: Measured, rule: PregnancyCaution, case: Case) -> bool:
    """A negative test on the same day or later, or a pregnancy that ended since."""
    later = [other for name in rule.tests for other in case.timeline.measured.get(name, ()) if other is not item]
    if any(o.outcome is Outcome.NEGATIVE and starts_before(o.when, item.when) is not True for o in later):
        return True
    ends = [_ending(other, rule, case) for other in case.timeline.conditions if not other.unsure]
    return any(end is not None and end >= item.when.last for end in ends)


def _undecided(
    requirement: Requirement, rule: PregnancyCaution, case: Case, entries: list[ConditionFact], tests: list[Measured]
) -> Assessment:
    """No pregnancy that is sure; something may still ask for a look."""
    vague = [item for item in entries if not item.unsure]
    if vague:
        return answer(requirement, case, Status.CANNOT_TELL, references_of(vague), reason=Reason.DATE_VAGUE)
    if entries:
        return answer(requirement, case, Status.CANNOT_TELL, references_of(entries), variant="unsure")
    open_tests = [item for item in tests if not _is_settled(item, rule, case)]
    for outcome, reason in ((Outcome.INDETERMINATE, Reason.INDETERMINATE), (None, Reason.UNREADABLE)):
        found = [item.reference for item in open_tests if item.outcome is outcome]
        if found:
            return answer(requirement, case, Status.CANNOT_TELL, found, variant="test", reason=reason)
    today = case.as_of.today
    amounts = _results(rule.amounts, case, add_days(today, -rule.test_days), today)
    above = [item for item in amounts if item.outcome in (Outcome.POSITIVE, None) and not _is_settled(item, rule, case)]
    if above:
        references = [item.reference for item in above]
        return answer(requirement, case, Status.CANNOT_TELL, references, variant="amount")
    concepts = rule.conditions | rule.tests | rule.amounts | {ANY_CONCEPT}
    return answer(requirement, case, Status.MET)._replace(rests_on=CONDITIONS | LABS, unread=unread(case, concepts))

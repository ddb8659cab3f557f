"""Kinds "indication", "too-early" and "age": whether the drug is meant for this patient at all.

Source: label sections 1 and 8.4 and the exact readings for birth dates (docs/labels).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from cds_service.core.assessment import Assessment, Fact, Note, Reason, Status
from cds_service.core.case import Case
from cds_service.core.dates import When, add_months, on_day
from cds_service.core.kinds.common import ADMINISTRATIONS, not_applicable
from cds_service.core.kinds.on_record import CONDITIONS, answer, is_concerned, references_of, unread
from cds_service.core.label import Requirement
from cds_service.core.label_patients import Age, Indication, TooEarly
from cds_service.core.timeline import ConditionFact

_MONTHS_A_YEAR = 12
_VERIFY = (Note.VERIFY,)


# --- diagnoses --------------------------------------------------------------------------------------------------------


def judge_indication(requirement: Requirement, rule: Indication, case: Case) -> Assessment:
    """Whether the form of the disease is one the drug is for; one that is not told raises nothing."""
    if not is_concerned(case):
        return not_applicable(requirement.id)
    concepts = rule.indicated | rule.outside | rule.untold
    known = _that_hold(item for item in case.timeline.conditions if item.concepts & concepts)
    indicated = [item for item in known if item.concepts & rule.indicated]
    outside = [item for item in known if item.concepts & rule.outside]
    is_unsure = all(item.unsure for item in known)
    if indicated:
        variant = "beside" if outside else None
        is_settled = indicated[0].active and not is_unsure
        notes = _VERIFY if outside or not is_settled else ()
        found = _by_entries(requirement, case, Status.MET, [*indicated, *outside], variant, notes)
        if is_settled:  # no other entry could change that
            return found
    elif outside:
        notes = _VERIFY if is_unsure else ()
        found = _by_entries(requirement, case, Status.VIOLATED, outside, None, notes)
    elif known:
        found = _by_entries(requirement, case, Status.MET, known, "untold", _VERIFY)
    else:
        found = _by_entries(requirement, case, Status.MISSING, [])
    return found._replace(rests_on=CONDITIONS, unread=unread(case, concepts))


def _that_hold(conditions: Iterable[ConditionFact]) -> list[ConditionFact]:
    """The entries that speak: active ones before old ones, of these the confirmed before the unconfirmed."""
    found = list(conditions)
    known = [item for item in found if item.active] or found
    return [item for item in known if not item.unsure] or known


def judge_too_early(requirement: Requirement, rule: TooEarly, case: Case) -> Assessment:
    """A first attack on record and the disease itself is not; once it is established nothing is asked.

    A first attack is over by itself, so that its clinical status says nothing.
    """
    if not is_concerned(case):
        return not_applicable(requirement.id)
    conditions = case.timeline.conditions
    established = [item for item in conditions if item.concepts & rule.established and not item.unsure]
    if established:
        return _by_entries(requirement, case, Status.MET, established, "established")
    early = [item for item in conditions if item.concepts & rule.early]
    notes = _VERIFY if early and all(item.unsure for item in early) else ()
    status = Status.VIOLATED if early else Status.MET
    found = _by_entries(requirement, case, status, early, None, notes)
    return found._replace(rests_on=CONDITIONS, unread=unread(case, rule.early | rule.established))


def _by_entries(
    requirement: Requirement,
    case: Case,
    status: Status,
    entries: list[ConditionFact],
    variant: str | None = None,
    notes: tuple[Note, ...] = (),
) -> Assessment:
    since = min((item.when.first for item in entries if item.when is not None), default=None)
    found = answer(requirement, case, status, references_of(entries), variant=variant, since=since)
    return found._replace(notes=notes)


# --- age --------------------------------------------------------------------------------------------------------------


def judge_age(requirement: Requirement, rule: Age, case: Case) -> Assessment:
    """The age on day 1 of what is planned, else at the first infusion, else now; vague dates are three-valued."""
    if not is_concerned(case):
        return not_applicable(requirement.id)
    day_one = _day_one(case)
    facts: dict[str, Fact] = {"day_one": day_one.first, "least": rule.least_years, "adult": rule.adult_years}
    born = case.timeline.person.born if case.timeline.person is not None else None
    if born is None:
        return _without_birth_date(requirement, case, facts)
    youngest, oldest = _years(born.last, day_one.first), _years(born.first, day_one.last)
    if oldest < rule.least_years:  # an earlier infusion would change nothing
        return answer(requirement, case, Status.VIOLATED, variant="child", facts=facts)
    if youngest >= rule.adult_years:
        found = answer(requirement, case, Status.MET, facts=facts)
    elif youngest >= rule.least_years and oldest < rule.adult_years:
        found = answer(requirement, case, Status.VIOLATED, variant="minor", facts=facts)
    else:
        found = answer(requirement, case, Status.CANNOT_TELL, variant="vague", reason=Reason.DATE_VAGUE, facts=facts)
    return found._replace(rests_on=ADMINISTRATIONS) if case.plan is None else found


def _day_one(case: Case) -> When:
    if case.plan is not None:
        return case.plan.start
    return on_day(case.courses[0].first if case.courses else case.as_of.today)


def _years(born: date, day: date) -> int:
    """Years of age on a day."""
    years = day.year - born.year
    return years if add_months(born, years * _MONTHS_A_YEAR) <= day else years - 1


def _without_birth_date(requirement: Requirement, case: Case, facts: dict[str, Fact]) -> Assessment:
    """No date of birth, in the record or in what arrived of it: a question as long as the age matters.

    It rests on nothing: whatever else was not received, the question stays the same.
    """
    reason = Reason.NOT_PROVIDED
    found = answer(requirement, case, Status.CANNOT_TELL, variant="no-birth-date", reason=reason, facts=facts)
    return found._replace(rests_on=frozenset())

"""Kinds "infection" and "allergy": what rules the drug out, by diagnosis, test or allergy entry.

Source: label section 4 and the exact readings for HIV and history (docs/labels).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from cds_service.core.assessment import Assessment, Fact, Note, Reason, Status
from cds_service.core.case import Case, Treatment
from cds_service.core.dates import starts_before
from cds_service.core.kinds.common import not_applicable
from cds_service.core.label import AllergyCaution, InfectionCaution, Requirement
from cds_service.core.timeline import ANY_CONCEPT, AllergyFact, Measured, Outcome, Source

_INFECTION_SOURCES = frozenset({Source.CONDITIONS, Source.OBSERVATIONS, Source.REPORTS})
_ALLERGY_SOURCES = frozenset({Source.ALLERGIES})


def _is_concerned(case: Case) -> bool:
    """Whether the drug was given, is ordered, or stands anywhere in the record."""
    return case.plan is not None or case.treatment is not Treatment.NONE


# --- infection --------------------------------------------------------------------------------------------------------


def judge_infection(requirement: Requirement, rule: InfectionCaution, case: Case) -> Assessment:
    """Whether the infection is on record, by diagnosis or confirming test; a positive screen alone is a question."""
    if not _is_concerned(case):
        return not_applicable(requirement.id)
    diagnoses = [item for item in case.timeline.conditions if item.concepts & rule.diagnoses]
    known = [item for item in diagnoses if not item.unsure]
    if known:
        since = min((item.when.first for item in known if item.when is not None), default=None)
        variant = "diagnosis" if since is not None else "undated"
        return _answer(requirement, case, Status.VIOLATED, variant, [item.reference for item in known], since)
    tests = _results(case, rule.confirming)
    positive = [item for item in tests if item.outcome is Outcome.POSITIVE]
    if positive:
        since = min(item.when.first for item in positive)
        return _answer(requirement, case, Status.VIOLATED, "test", [item.reference for item in positive], since)
    return _undecided(requirement, rule, case, [item.reference for item in diagnoses], tests)


def _results(case: Case, concepts: Iterable[str]) -> list[Measured]:
    measured = case.timeline.measured
    return [item for concept in sorted(concepts) for item in measured.get(concept, ())] if measured else []


def _undecided(
    requirement: Requirement, rule: InfectionCaution, case: Case, unsure: list[str], tests: list[Measured]
) -> Assessment:
    """Nothing confirms the infection; something may still ask for confirmation."""
    if unsure:
        return _answer(requirement, case, Status.CANNOT_TELL, "unsure", unsure, None, notes=(Note.VERIFY,))
    screens = _results(case, rule.screening)
    reactive = [item for item in screens if item.outcome is Outcome.POSITIVE and not _is_refuted(item, tests)]
    if reactive:
        references = [item.reference for item in reactive]
        return _answer(requirement, case, Status.CANNOT_TELL, "screen", references, None, notes=(Note.VERIFY,))
    for outcome, reason, variant in (
        (Outcome.INDETERMINATE, Reason.INDETERMINATE, "indeterminate"),
        (None, Reason.UNREADABLE, "unread"),
    ):
        open_tests = [item for item in (*tests, *screens) if item.outcome is outcome and not _is_refuted(item, tests)]
        if open_tests:
            references = [item.reference for item in open_tests]
            return _answer(requirement, case, Status.CANNOT_TELL, variant, references, None, reason=reason)
    return _answer(requirement, case, Status.MET, None, [], None)._replace(
        rests_on=_INFECTION_SOURCES, unread=_unread(case, rule)
    )


def _is_refuted(item: Measured, tests: list[Measured]) -> bool:
    """A confirming test that is negative, on the same day or later, settles an earlier question."""
    return any(
        other.outcome is Outcome.NEGATIVE and other is not item and starts_before(other.when, item.when) is not True
        for other in tests
    )


def _unread(case: Case, rule: InfectionCaution) -> tuple[str, ...]:
    unread = case.timeline.unread
    if not unread:
        return ()
    concepts = rule.diagnoses | rule.confirming | rule.screening | {ANY_CONCEPT}
    return tuple(dict.fromkeys(ref for concept in sorted(concepts) for ref in unread.get(concept, ())))


# --- allergy ----------------------------------------------------------------------------------------------------------


def judge_allergy(requirement: Requirement, rule: AllergyCaution, case: Case) -> Assessment:
    """Whether an allergy to the drug or a listed excipient is on record, and how grave; the gravest entry speaks."""
    if not _is_concerned(case):
        return not_applicable(requirement.id)
    own = [item for item in case.timeline.allergies if item.concepts & rule.substances]
    others = [item for item in case.timeline.allergies if item.concepts & rule.excipients and item not in own]
    found = sorted([*own, *others], key=_gravest_first)
    if not found:
        unread = case.timeline.unread
        concepts = sorted(rule.substances | rule.excipients) if unread else ()
        return _answer(requirement, case, Status.MET, None, [], None)._replace(
            rests_on=_ALLERGY_SOURCES,
            unread=tuple(dict.fromkeys(ref for concept in concepts for ref in unread.get(concept, ()))),
        )
    first = found[0]
    is_grave = first.grave and not first.unsure
    since = first.when.first if first.when is not None else None
    substance = "alemtuzumab" if first in own else "an excipient"
    answer = _answer(
        requirement,
        case,
        Status.VIOLATED,
        "grave" if is_grave else "mild",
        [item.reference for item in found],
        since,
        notes=(Note.VERIFY,) if first.unsure else (),
    )
    return answer._replace(facts={**answer.facts, "substance": substance})


def _gravest_first(item: AllergyFact) -> tuple[bool, bool, str]:
    return not (item.grave and not item.unsure), item.unsure, item.reference


# --- both -------------------------------------------------------------------------------------------------------------


def _answer(
    requirement: Requirement,
    case: Case,
    status: Status,
    variant: str | None,
    references: list[str],
    since: date | None,
    *,
    reason: Reason | None = None,
    notes: tuple[Note, ...] = (),
) -> Assessment:
    """The finding fades after the later of the last infusion and the day it came on record, but not beside an order."""
    last = case.courses[-1].last if case.courses else None
    days = [day for day in (last, since) if day is not None]
    facts: dict[str, Fact] = {"since": since, "last_infusion": last}
    return Assessment(
        requirement.id,
        status,
        reason,
        notes,
        variant=variant,
        evidence=tuple(references),
        planned=case.plan is not None,
        event=max(days) if last is not None and case.plan is None else None,
        facts=facts,
    )

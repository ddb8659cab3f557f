"""Orders ready to sign for what a card asks: the tests not found or overdue, the premedication not ordered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from cds_service.advice.items import Item
from cds_service.cds_hooks.models import Action, Suggestion
from cds_service.core.assessment import Assessment, Note, Reason, Status
from cds_service.core.case import Case
from cds_service.core.dates import ONE_DAY
from cds_service.core.label import (
    Baseline,
    Premedication,
    Prophylaxis,
    ProphylaxisDuration,
    ProphylaxisStart,
    Recurring,
    Requirement,
    Rule,
    Screening,
    Test,
)
from cds_service.fhir.orders import Subject, infusion_order, lab_order, prophylaxis_order
from cds_service.labels import LabelBundle
from cds_service.report.messages import Facts, day_text

_ORDERABLE = frozenset({Status.MISSING, Status.DUE, Status.OVERDUE, Status.VIOLATED})


@dataclass(frozen=True, slots=True)
class Suggester:
    """Suggests orders for one patient; `namespace` makes the uuids of one call's suggestions its own."""

    bundle: LabelBundle
    case: Case
    subject: Subject
    namespace: UUID

    def suggest(self, items: Iterable[Item]) -> tuple[Suggestion, ...]:
        """One suggestion per test or drug, in the order of the items."""
        found: dict[str, Suggestion] = {}
        given = tuple(items)
        for item in given:
            assessment, requirement, rule = item.assessment, item.requirement, item.requirement.rule
            if assessment.status not in _ORDERABLE or Note.ALREADY_ORDERED in assessment.notes:
                continue
            if isinstance(rule, Recurring) and rule.test.id not in found:
                found[rule.test.id] = self._lab(rule.test, self._recurring_order(rule.test, assessment), assessment)
            elif isinstance(rule, Baseline) and assessment.planned and rule.test.id not in found:
                found[rule.test.id] = self._lab(rule.test, self._baseline_order(rule), assessment)
            elif isinstance(rule, Screening) and _is_open(assessment) and rule.test.id not in found:
                found[rule.test.id] = self._lab(rule.test, self._screening_order(rule), assessment)
            elif isinstance(rule, ProphylaxisStart) and requirement.id not in found and _is_wanted(assessment):
                found[requirement.id] = self._prophylaxis(requirement, rule.prophylaxis, assessment)
            elif isinstance(rule, ProphylaxisDuration) and assessment.status is Status.DUE:
                test = rule.prophylaxis.count_test
                found.setdefault(test.id, self._lab(test, self._recurring_order(test, assessment), assessment))
            elif isinstance(rule, Premedication) and requirement.id not in found and is_unordered(assessment):
                days = [other.assessment for other in given if other.requirement is requirement]
                found[requirement.id] = self._premedication(requirement, rule, list(filter(is_unordered, days)))
        return tuple(found.values())

    def _recurring_order(self, test: Test, assessment: Assessment) -> dict[str, Any]:
        today = self.case.as_of.today
        due = assessment.due or today
        first = due if due > today and not isinstance(self._rule_of(assessment), ProphylaxisDuration) else today
        return lab_order(test.order, test.name, self.subject, first=first)

    def _rule_of(self, assessment: Assessment) -> Rule:
        return self.bundle.label.requirement(assessment.requirement).rule

    def _baseline_order(self, rule: Baseline) -> dict[str, Any]:
        """Drawn in the window before day 1; today when the start is not known or the window is over."""
        plan, today = self.case.plan, self.case.as_of.today
        if plan is None or not plan.start_known or plan.start.first <= today:
            return lab_order(rule.test.order, rule.test.name, self.subject, first=today)
        closes = plan.start.first - ONE_DAY
        opens = plan.start.first - ONE_DAY * rule.window_days
        return lab_order(rule.test.order, rule.test.name, self.subject, first=opens, last=closes)

    def _screening_order(self, rule: Screening) -> dict[str, Any]:
        """A test of any age counts: from today until the day before day 1, where that is known and still to come."""
        plan, today = self.case.plan, self.case.as_of.today
        known = plan is not None and plan.start_known and plan.start.first > today
        last = plan.start.first - ONE_DAY if plan is not None and known else None
        return lab_order(rule.test.order, rule.test.name, self.subject, first=today, last=last)

    def _lab(self, test: Test, order: dict[str, Any], assessment: Assessment) -> Suggestion:
        recommended = assessment.reason is not Reason.STALE and assessment.status is not Status.DUE
        return self._suggestion(test.id, "suggest.lab", order, Facts(test=test.name), recommended=recommended)

    def _premedication(self, requirement: Requirement, rule: Premedication, lacking: list[Assessment]) -> Suggestion:
        """Only for the infusion days without an order; their dates only when the start is known."""
        plan, wording = self.case.plan, self.bundle.wording.cards
        dose, numbers = int(rule.required_mg), [item.day for item in lacking if item.day is not None]
        days = [day for item in lacking if isinstance(day := item.facts.get("date"), date)]
        dates = days if plan is None or plan.start_known else []
        facts = Facts(dose=f"{dose:,}", days=days_text(numbers), drug=self.bundle.label.drug)
        instruction = wording["suggest.premedication.instruction"].format_map(facts)
        order = infusion_order(rule.order, dose, self.subject, dates=dates, count=len(numbers), instruction=instruction)
        return self._suggestion(requirement.id, "suggest.premedication", order, facts, recommended=True)

    def _prophylaxis(self, requirement: Requirement, rule: Prophylaxis, assessment: Assessment) -> Suggestion:
        """From day 1 until the label's least time after the last infusion; the label gives no dose."""
        wording, needed = self.bundle.wording.cards, assessment.facts.get("needed")
        day_one, today = assessment.facts.get("day_one"), self.case.as_of.today
        first = max(day_one, today) if isinstance(day_one, date) else today
        last = needed if isinstance(needed, date) and needed > first else None
        facts = Facts(drug=self.bundle.label.drug, until=day_text(last) if last is not None else "")
        instruction = wording["suggest.prophylaxis.instruction"].format_map(facts)
        order = prophylaxis_order(rule.order, self.subject, first=first, last=last, instruction=instruction)
        return self._suggestion(requirement.id, "suggest.prophylaxis", order, facts, recommended=True)

    def _suggestion(self, name: str, key: str, order: dict[str, Any], facts: Facts, *, recommended: bool) -> Suggestion:
        cards = self.bundle.wording.cards
        description = cards[f"{key}.description"].format_map(facts)
        # model_construct: the order is ours, valid by construction, and checking it again would copy all of it.
        action = Action.model_construct(type="create", description=description, resource=order)
        return Suggestion(
            label=cards[key].format_map(facts),
            uuid=uuid5(self.namespace, f"suggestion {name}"),
            is_recommended=recommended,
            actions=(action,),
        )


def is_unordered(assessment: Assessment) -> bool:
    """An infusion day (today's at a check-in) for which nothing is ordered; too low a dose wants a corrected order."""
    if assessment.status is Status.DUE:
        return assessment.facts.get("ordered") is None
    return assessment.planned and assessment.status is Status.MISSING


def _is_open(assessment: Assessment) -> bool:
    """No screening on record before what is planned; what one has found is a matter for a person, not for an order."""
    return assessment.planned and assessment.status is Status.MISSING


def _is_wanted(assessment: Assessment) -> bool:
    """No antiviral on record or ordered for a course that is ordered, or not two months ago."""
    return assessment.status is Status.MISSING


def days_text(numbers: Sequence[int]) -> str:
    """`infusion day 3`, `infusion days 1 to 3`, `infusion days 1, 3`."""
    if len(numbers) == 1:
        return f"infusion day {numbers[0]}"
    is_run = list(numbers) == list(range(numbers[0], numbers[0] + len(numbers)))
    listed = f"{numbers[0]} to {numbers[-1]}" if is_run else ", ".join(map(str, numbers))
    return f"infusion days {listed}"

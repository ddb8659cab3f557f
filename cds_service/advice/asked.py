"""What each kind of requirement looks at, by the source it is read from: what a prefetch by code must ask for."""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.core.caution_rules import (
    ActiveInfection,
    ConditionCaution,
    EventAfter,
    EventSince,
    PregnancyCaution,
    concepts_of,
)
from cds_service.core.label import (
    Baseline,
    InfectionCaution,
    Label,
    LiveVaccine,
    ProphylaxisDuration,
    Recurring,
    Rule,
    Screening,
    Test,
)
from cds_service.core.label_patients import Indication, TooEarly

_NOTHING: frozenset[str] = frozenset()


def tests_of(label: Label) -> Iterable[Test]:
    """Every test the label asks for, each once."""
    found: dict[str, Test] = {}
    for requirement in label.requirements:
        rule = requirement.rule
        if isinstance(rule, Baseline | Recurring | Screening):
            found[rule.test.id] = rule.test
        elif isinstance(rule, ProphylaxisDuration):
            found[rule.prophylaxis.count_test.id] = rule.prophylaxis.count_test
    return found.values()


def diagnoses_of(rule: Rule) -> frozenset[str]:
    """The concepts a rule looks for among the conditions."""
    match rule:
        case Recurring():
            return rule.unless
        case Screening():
            return rule.history | rule.diagnoses | rule.settled_by | rule.signs
        case InfectionCaution():
            return rule.diagnoses
        case ActiveInfection():
            return concepts_of(rule.all)
        case EventAfter():
            return concepts_of(rule.events)
        case EventSince():
            return concepts_of((*rule.events, *rule.unclear)) | rule.grave
        case ConditionCaution():
            return concepts_of(rule.conditions)
        case PregnancyCaution():
            return rule.conditions | rule.ended_by
        case Indication():
            return rule.indicated | rule.outside | rule.untold
        case TooEarly():
            return rule.early | rule.established
    return _NOTHING


def results_of(rule: Rule) -> frozenset[str]:
    """The concepts a rule looks for among observations and reports, besides those of its test."""
    match rule:
        case Screening():
            return rule.history | rule.signs | rule.settled_by | rule.diagnoses
        case InfectionCaution():
            return rule.confirming | rule.screening
        case PregnancyCaution():
            return rule.conditions | rule.ended_by | rule.tests | rule.amounts
        case LiveVaccine():
            return rule.counted
    return _NOTHING


def orders_of(rule: Rule) -> frozenset[str]:
    """The concepts a rule looks for among orders other than of drugs, besides those of its test."""
    return rule.live | rule.unclear if isinstance(rule, LiveVaccine) else _NOTHING

"""Which assessments a hook speaks of, and which card each belongs to. Knows kinds of requirement, no drug."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple

from cds_service.core.assessment import Assessment, Reason, Status
from cds_service.core.caution_rules import CautionRule
from cds_service.core.evaluate import Verdict
from cds_service.core.hooks import ORDERING_HOOKS
from cds_service.core.indicators import FINDING_STATUSES, NOT_RECEIVED, indicator
from cds_service.core.label import FollowUpEnd, History, LiveVaccine, ProductCheck, Recurring, Requirement
from cds_service.core.label_patients import PatientRule
from cds_service.core.timeline import Source
from cds_service.labels import LabelBundle
from cds_service.report.messages import message

RANK = {"critical": 0, "warning": 1, "info": 2}
_NOT_LOOKED = NOT_RECEIVED | {Reason.INTERNAL_ERROR}
_SPEAKING = FINDING_STATUSES | {Status.CANNOT_TELL, Status.MET}


class Group(IntEnum):
    """The cards an answer may have, in the order in which equals are shown."""

    CRITICAL = 0
    CHECKLIST = 1
    ORDER = 2
    VACCINE = 3
    UNCLEAR = 4
    UNCHECKED = 5
    LABS = 6
    COURSE = 7
    FOLLOW_UP = 8


class Item(NamedTuple):
    """One assessment as this hook says it: its requirement, how loudly, on which card, in which words."""

    assessment: Assessment
    requirement: Requirement
    indicator: str
    group: Group
    message: str


def items_of(bundle: LabelBundle, verdict: Verdict, hook: str, only: frozenset[str] | None = None) -> list[Item]:
    """Everything this hook has to say, in the label's order; `only` of these requirements where that is given."""
    label, case = bundle.label, verdict.case
    found = []
    for assessment in verdict.assessments:
        if assessment.status not in _SPEAKING or (only is not None and assessment.requirement not in only):
            continue
        shown = indicator(label, assessment, hook, case.as_of, at_infusion=case.at_infusion)
        if shown is not None:
            requirement = label.requirement(assessment.requirement)
            group = _group(requirement, assessment, shown, verdict, hook)
            sentence = message(bundle, assessment, case.timeline.gaps)
            found.append(Item(assessment, requirement, shown, group, sentence))
    return found


def _group(requirement: Requirement, assessment: Assessment, shown: str, verdict: Verdict, hook: str) -> Group:
    rule = requirement.rule
    if shown == "critical":
        return Group.CRITICAL
    unseen = assessment.reason is Reason.EXPOSURE_UNCLEAR and Source.ADMINISTRATIONS in verdict.case.timeline.gaps
    if unseen or assessment.reason in _NOT_LOOKED:
        return Group.UNCHECKED
    if isinstance(rule, ProductCheck) or assessment.reason is Reason.EXPOSURE_UNCLEAR:
        return Group.UNCLEAR
    is_vaccine_order = isinstance(rule, LiveVaccine) and assessment.planned
    if assessment.status is Status.CANNOT_TELL:
        return Group.VACCINE if is_vaccine_order else Group.UNCHECKED
    if isinstance(rule, Recurring):
        return Group.LABS
    if isinstance(rule, FollowUpEnd):
        return Group.FOLLOW_UP
    if is_vaccine_order:
        return Group.VACCINE
    if verdict.case.at_infusion:
        return Group.CHECKLIST
    if assessment.planned or (hook in ORDERING_HOOKS and isinstance(rule, History | PatientRule | CautionRule)):
        return Group.ORDER
    return Group.COURSE


def most_urgent(items: Iterable[Item]) -> Item:
    """The first of the most urgent items."""
    return min(items, key=lambda item: RANK[item.indicator])

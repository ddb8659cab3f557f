"""Which assessments a hook speaks of, and which card each belongs to. Knows kinds of requirement, no drug."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from cds_service.core.assessment import Assessment, Reason, Status
from cds_service.core.evaluate import Verdict
from cds_service.core.indicators import FINDING_STATUSES, ORDERING_HOOKS, indicator
from cds_service.core.label import FollowUpEnd, History, Label, ProductCheck, Recurring

RANK = {"critical": 0, "warning": 1, "info": 2}


class Group(IntEnum):
    """The cards an answer may have, in the order in which equals are shown."""

    CRITICAL = 0
    ORDER = 1
    UNCLEAR = 2
    UNCHECKED = 3
    LABS = 4
    COURSE = 5
    FOLLOW_UP = 6


@dataclass(frozen=True, slots=True)
class Item:
    """One assessment as this hook says it."""

    assessment: Assessment
    indicator: str
    group: Group


def items_of(label: Label, verdict: Verdict, hook: str) -> list[Item]:
    """Everything this hook has to say, in the label's order."""
    found = []
    for assessment in verdict.assessments:
        if assessment.status not in FINDING_STATUSES and assessment.status not in (Status.CANNOT_TELL, Status.MET):
            continue
        shown = indicator(label, assessment, hook, verdict.case.as_of)
        if shown is not None:
            found.append(Item(assessment, shown, _group(label, assessment, shown, hook)))
    return found


def _group(label: Label, assessment: Assessment, shown: str, hook: str) -> Group:
    rule = label.requirement(assessment.requirement).rule
    if shown == "critical":
        return Group.CRITICAL
    if isinstance(rule, ProductCheck) or assessment.reason is Reason.EXPOSURE_UNCLEAR:
        return Group.UNCLEAR
    if assessment.status is Status.CANNOT_TELL:
        return Group.UNCHECKED
    if isinstance(rule, Recurring):
        return Group.LABS
    if isinstance(rule, FollowUpEnd):
        return Group.FOLLOW_UP
    if assessment.planned or (hook in ORDERING_HOOKS and isinstance(rule, History)):
        return Group.ORDER
    return Group.COURSE


def most_urgent(items: Iterable[Item]) -> Item:
    """The first of the most urgent items."""
    return min(items, key=lambda item: RANK[item.indicator])

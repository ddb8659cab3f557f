"""Kinds of requirement: one module per kind, each a function from (requirement, rule, case) to assessments.

A closed set. A kind may look at the case only; it may not know the drug, the hook or the wording.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from cds_service.core import label as rules
from cds_service.core.assessment import Assessment
from cds_service.core.case import Case
from cds_service.core.kinds import baseline, dosing, follow_up_end, premedication, product, recurring


def judge(requirement: rules.Requirement, case: Case) -> Iterator[Assessment]:
    """Judge one requirement of any kind; at least one assessment comes out."""
    rule = requirement.rule
    match rule:
        case rules.Baseline():
            yield baseline.judge(requirement, rule, case)
        case rules.Recurring():
            yield recurring.judge(requirement, rule, case)
        case rules.Premedication():
            yield from premedication.judge(requirement, rule, case)
        case rules.DailyDose():
            yield from dosing.judge_daily_dose(requirement, case)
        case rules.CourseLength():
            yield from dosing.judge_length(requirement, rule, case)
        case rules.CourseInterval():
            yield from dosing.judge_interval(requirement, rule, case)
        case rules.ProductCheck():
            yield product.judge_product(requirement, case)
        case rules.History():
            yield product.judge_history(requirement, case)
        case rules.FollowUpEnd():
            yield follow_up_end.judge(requirement, case)
        case _:  # pragma: no cover - a closed set
            assert_never(rule)

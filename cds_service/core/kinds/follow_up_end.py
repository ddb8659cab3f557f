"""Kind "follow-up-end": the label's months of follow-up are over; from then on nothing is asked by a date."""

from __future__ import annotations

from cds_service.core.assessment import Assessment, Status
from cds_service.core.case import Case, Treatment
from cds_service.core.dates import add_months
from cds_service.core.kinds.common import ADMINISTRATIONS, exposure_unclear, may_go_on, not_applicable
from cds_service.core.label import Recurring, Requirement
from cds_service.core.results import latest


def judge(requirement: Requirement, case: Case) -> Assessment:
    """`met` from the day after the end, naming the tests whose last due date had passed; before: not applicable."""
    follow_up = case.follow_up
    if follow_up is None or case.treatment is not Treatment.TREATED or case.deceased:
        return not_applicable(requirement.id)
    if case.as_of.today <= follow_up.ends:
        return not_applicable(requirement.id, variant="running")
    if may_go_on(case):
        return exposure_unclear(requirement.id, case)
    lapsed = []
    for other in case.label.requirements:
        if isinstance(other.rule, Recurring) and not other.rule.never_overdue and other.rule.gender is None:
            by_then = [item for item in case.tests_done(other.rule.test) if item.when.first <= follow_up.ends]
            last = latest(by_then)
            since = max(last.oldest.last, follow_up.anchor) if last else follow_up.anchor
            if add_months(since, other.rule.months) <= follow_up.ends:
                lapsed.append(other.rule.test.name)
    return Assessment(
        requirement.id,
        Status.MET,
        variant="lapsed" if lapsed else "complete",
        due=follow_up.ends,
        evidence=case.courses[-1].days[-1].references,
        event=follow_up.ends,
        rests_on=ADMINISTRATIONS,
        facts={
            "ends": follow_up.ends,
            "last_infusion": follow_up.last_infusion,
            "months": case.label.follow_up_months,
            "lapsed": ", ".join(lapsed) or None,
        },
    )

"""Kinds "product-check" and "history": what every administration of the ingredient was."""

from __future__ import annotations

from cds_service.core.assessment import Assessment, Fact, Note, Reason, Status
from cds_service.core.case import Case, Treatment
from cds_service.core.exposure import is_other_product
from cds_service.core.kinds.common import ADMINISTRATIONS, not_applicable
from cds_service.core.label import Requirement
from cds_service.core.timeline import Source

_EXPOSURE_SOURCES = ADMINISTRATIONS | {Source.MEDICATIONS, Source.STATEMENTS, Source.DISPENSES}


def judge_product(requirement: Requirement, case: Case) -> Assessment:
    """One answer per patient, the worst wins: other regimen under the drug's code, then doubt, then met."""
    exposures = case.exposures
    resting = ADMINISTRATIONS | {Source.CONDITIONS} if exposures.product_by_diagnosis else ADMINISTRATIONS
    if exposures.other_regimen:
        days = exposures.other_regimen
        return Assessment(
            requirement.id,
            Status.VIOLATED,
            evidence=tuple(reference for found in days for reference in found.references),
            event=days[-1].date,
            facts={"dose": f"{days[-1].total_mg.normalize():f}", "date": days[-1].date, "count": len(days)},
        )
    unresolved = exposures.unresolved if case.treatment is not Treatment.NONE else ()
    if exposures.doubts or case.doubtful_orders or unresolved:
        return _doubtful(requirement, case, unresolved)
    if case.treatment is Treatment.NONE and case.plan is None:
        return not_applicable(requirement.id)
    notes = tuple(
        dict.fromkeys(note for day in exposures.days for note in day.notes if note is not Note.POSSIBLE_DUPLICATE)
    )
    return Assessment(
        requirement.id,
        Status.MET,
        notes=notes,
        evidence=tuple(reference for day in exposures.days for reference in day.references),
        rests_on=resting,
    )


def _doubtful(requirement: Requirement, case: Case, unresolved: tuple[str, ...]) -> Assessment:
    doubts = case.exposures.doubts
    orders = tuple(order.reference for order in case.doubtful_orders)
    reason: Reason | None = None
    variant = "order-unclear"
    when = None
    if doubts:
        reason, variant = doubts[0].reason, doubts[0].variant
        when = doubts[0].when
    elif unresolved:
        reason, variant = Reason.UNRESOLVED_MEDICATION, "unresolved"
    facts: dict[str, Fact] = {
        "count": len(doubts) + len(orders) + len(unresolved),
        "date": when.first if when is not None and when.is_exact_day else None,
    }
    return Assessment(
        requirement.id,
        Status.CANNOT_TELL,
        reason,
        variant=variant,
        evidence=(*(doubt.reference for doubt in doubts), *orders, *unresolved),
        planned=bool(orders) and not doubts,
        facts=facts,
    )


def judge_history(requirement: Requirement, case: Case) -> Assessment:
    """The other product of the same ingredient on record: known history before ordering."""
    if case.treatment is Treatment.NONE and case.plan is None:
        return not_applicable(requirement.id)
    product, timeline = case.label.product, case.timeline
    orders = tuple(
        order.reference
        for order in timeline.drug_orders
        if not order.draft and order.concepts & product.other_product and not order.concepts & product.drug
    )
    mentions = tuple(item.reference for item in timeline.mentions if is_other_product(item.concepts, product, timeline))
    found = (*case.exposures.other_product, *orders, *mentions)
    if found:
        is_ordered = case.plan is not None
        variant = "order" if is_ordered else None
        return Assessment(requirement.id, Status.VIOLATED, variant=variant, evidence=found, planned=is_ordered)
    return Assessment(requirement.id, Status.MET, rests_on=_EXPOSURE_SOURCES)

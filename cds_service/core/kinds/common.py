"""What several kinds share: answers for patients the drug has not reached, and for exposure that is unclear."""

from __future__ import annotations

from cds_service.core.assessment import Assessment, Reason, Status
from cds_service.core.case import Case, Treatment
from cds_service.core.label import Requirement
from cds_service.core.timeline import Source

ADMINISTRATIONS = frozenset({Source.ADMINISTRATIONS})
LABS = frozenset({Source.OBSERVATIONS, Source.REPORTS})
_RESULTS = LABS | {Source.PROCEDURES}


def results_of(requirement: Requirement) -> frozenset[Source]:
    """The sources in which results of the requirement's test are found."""
    return requirement.sources & _RESULTS


def not_applicable(requirement_id: str, *, course: int | None = None, variant: str | None = None) -> Assessment:
    """The requirement asks nothing here; one more administration could change that."""
    return Assessment(requirement_id, Status.NOT_APPLICABLE, variant=variant, course=course, rests_on=ADMINISTRATIONS)


def exposure_unclear(requirement_id: str, case: Case) -> Assessment:
    """There are signs of infusions whose dates are not on record, so nothing can be counted from them."""
    doubts = tuple(doubt.reference for doubt in case.exposures.doubts)
    regimen = tuple(reference for found in case.exposures.other_regimen for reference in found.references)
    return Assessment(
        requirement_id,
        Status.CANNOT_TELL,
        Reason.EXPOSURE_UNCLEAR,
        evidence=tuple(dict.fromkeys((*case.signs, *doubts, *regimen, *case.exposures.unresolved))),
    )


def untreated(requirement_id: str, case: Case) -> Assessment:
    """For requirements that count from infusions, when there is none on record."""
    if case.treatment is Treatment.UNCLEAR:
        return exposure_unclear(requirement_id, case)
    return not_applicable(requirement_id)


def may_go_on(case: Case) -> bool:
    """Whether an administration nobody can place may be an infusion after the last one known."""
    last = case.courses[-1].last if case.courses else None
    return last is not None and any(doubt.when is None or doubt.when.last > last for doubt in case.exposures.doubts)

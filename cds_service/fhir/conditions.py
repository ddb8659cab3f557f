"""The course of a diagnosis: when it began, when it was over, and whether it is active. Knows no label."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from cds_service.core.dates import When
from cds_service.fhir.dates import DateReader
from cds_service.fhir.plain import codes_of
from cds_service.fhir.structs import ABSENT, Resource

_GOES_ON = frozenset({"active", "recurrence", "relapse"})
_OVER = frozenset({"inactive", "remission", "resolved"})


class ConditionCourse(NamedTuple):
    """When a diagnosis began and was over, where that is written, and whether it is active."""

    onset: When | None
    ended: When | None
    active: bool


def read_course(resource: Resource, dates: DateReader) -> ConditionCourse:
    """By the clinical status; without a readable one, active unless an end is written.

    Ages and words say no day: they count as not written, but an end in words is an end.
    """
    begins, over = resource.onsetPeriod, resource.abatementPeriod
    onset = resource.onsetDateTime or (begins.start if begins is not None else None)
    ended = resource.abatementDateTime or ((over.end or over.start) if over is not None else None)
    status = frozenset(code.lower() for code in codes_of(resource.clinicalStatus))
    is_over = bool(status & _OVER) or _has_ended(resource)
    return ConditionCourse(
        dates.read(onset) if onset else None,
        dates.read(ended) if ended else None,
        active=bool(status & _GOES_ON) or not is_over,
    )


def _has_ended(resource: Resource) -> bool:
    """Whether any form of an end is written; "false" says that there was none."""
    if resource.abatementDateTime or resource.abatementPeriod is not None or resource.abatementBoolean:
        return True
    others = (resource.abatementAge, resource.abatementRange, resource.abatementString)
    return any(_is_written(raw) for raw in others)


def _is_written(raw: msgspec.Raw) -> bool:
    return raw is not ABSENT and bytes(raw) != b"null"

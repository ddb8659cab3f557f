"""The answer to one requirement: its status, why, and on what evidence.

Knows the words of the report, not how they are worded to a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from cds_service.core.timeline import Source

Fact = str | int | date | None


class Status(StrEnum):
    """Statuses of an assessment; see the glossary."""

    MET = "met"
    DUE = "due"
    OVERDUE = "overdue"
    MISSING = "missing"
    VIOLATED = "violated"
    NOT_APPLICABLE = "not-applicable"
    CANNOT_TELL = "cannot-tell"


class Reason(StrEnum):
    """Reason codes of the report that this part of the label can produce."""

    NOT_PROVIDED = "not-provided"
    PARTIAL = "partial"
    UNREADABLE = "unreadable"
    DATE_VAGUE = "date-vague"
    FOREIGN_DATA = "foreign-data"
    INTERNAL_ERROR = "internal-error"
    EXPOSURE_UNCLEAR = "exposure-unclear"
    UNRESOLVED_MEDICATION = "unresolved-medication"
    WRONG_TEST = "wrong-test"
    STALE = "stale"
    ORDER_UNKNOWN = "order-unknown"
    AFTER_START = "after-start"
    BELOW_DOSE = "below-dose"
    ORDERED_NOT_DOCUMENTED = "ordered-not-documented"
    INCOMPLETE_COURSE = "incomplete-course"
    PARTIAL_DOSE = "partial-dose"
    SAME_ORDER_REPEATED = "same-order-repeated"
    LATE = "late"
    CD4_NOT_SHOWN = "cd4-not-shown"
    PLANNED_TOO_SHORT = "planned-too-short"
    INDETERMINATE = "indeterminate"
    POSITIVE = "positive"
    NOT_IMMUNE = "not-immune"


class Note(StrEnum):
    """Note codes of the report that this part of the label can produce."""

    PRODUCT_INFERRED = "product-inferred"
    POSSIBLE_DUPLICATE = "possible-duplicate"
    ANCHOR_UNCLEAR = "anchor-unclear"
    ROUTE_OR_DRUG = "route-or-drug"
    OVERLAPS_START = "overlaps-start"
    DOSE_ABSENT = "dose-absent"
    ISSUED_DATE = "issued-date"
    PRELIMINARY_EXISTS = "preliminary-exists"
    ALREADY_ORDERED = "already-ordered"
    RESUMED_COURSE = "resumed-course"
    MATCHED_BY_TEXT = "matched-by-text"
    VERIFY = "verify"
    TEXT_ONLY = "text-only"
    NO_ENCOUNTER_DATA = "no-encounter-data"


_NO_FACTS: Mapping[str, Fact] = MappingProxyType({})


class Assessment(NamedTuple):
    """One requirement judged, for the whole record, one course or one infusion day.

    `variant` tells messages and indicators apart where status and reason do not (e.g. dose too high or too low).
    `planned`: it is about an order that can still be stopped. `event`: the day a fading finding counts from. `days`:
    how many days late or early. `rests_on`: the sources in which one more resource could change the answer; `unread`:
    references of unreadable resources that could. `facts` are the values its message names.
    """

    requirement: str
    status: Status
    reason: Reason | None = None
    notes: tuple[Note, ...] = ()
    variant: str | None = None
    course: int | None = None
    day: int | None = None
    due: date | None = None
    days_overdue: int | None = None
    last_done: date | None = None
    evidence: tuple[str, ...] = ()
    planned: bool = False
    event: date | None = None
    days: int | None = None
    rests_on: frozenset[Source] = frozenset()
    unread: tuple[str, ...] = ()
    facts: Mapping[str, Fact] = _NO_FACTS

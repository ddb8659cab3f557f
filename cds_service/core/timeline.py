"""One patient's dated facts, free of FHIR: what a record says, before anybody judges it.

Facts are immutable tuples named by the domain's word. Concepts are value-set ids of the label; this module may not know
which drug or which codes stand behind them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from cds_service.core.dates import When


class Source(StrEnum):
    """Where facts come from: one name per prefetch key, also used for the parts of a Bundle."""

    PATIENT = "patient"
    ADMINISTRATIONS = "administrations"
    OBSERVATIONS = "observations"
    REPORTS = "reports"
    MEDICATIONS = "medications"
    STATEMENTS = "statements"
    DISPENSES = "dispenses"
    ORDERS = "orders"
    CONDITIONS = "conditions"
    ALLERGIES = "allergies"
    IMMUNIZATIONS = "immunizations"
    PROCEDURES = "procedures"


class Gap(StrEnum):
    """Why a source is not the whole truth; the values are reason codes of the report."""

    NOT_PROVIDED = "not-provided"
    PARTIAL = "partial"
    FOREIGN_DATA = "foreign-data"


class Exposure(StrEnum):
    """What an administration's status says about the drug reaching the patient."""

    GIVEN = "given"  # completed
    STARTED = "started"  # in-progress, stopped, on-hold: exposure happened, perhaps a partial dose
    NONE = "none"  # not-done, entered-in-error
    UNKNOWN = "unknown"


class Route(StrEnum):
    """How a drug was given, as far as requirements tell routes apart."""

    INTRAVENOUS = "intravenous"
    ORAL = "oral"
    INTRAMUSCULAR = "intramuscular"
    OTHER = "other"


class Dose(NamedTuple):
    """An amount of drug: `mg` when it could be read, None when something is written that is no readable amount."""

    mg: Decimal | None
    milliliters: Decimal | None = None  # a volume of product, which only the product's strength can turn into mg


class Administration(NamedTuple):
    """One record of a drug being given (or not given)."""

    reference: str
    concepts: frozenset[str]  # value sets its codes belong to
    by_text: bool  # matched by its name only
    exposure: Exposure
    start: When | None
    end: When | None
    dose: Dose | None  # None: no dose recorded
    route: Route | None
    request: str | None  # the order it fulfils
    identifiers: frozenset[str]
    last_updated: str | None
    why_not: str | None = None  # why it cannot be used as it stands (`unused` code), if it cannot


class DrugOrder(NamedTuple):
    """One medication order. `starts` is a planned start; `written` when it was signed. `draft` = not yet signed."""

    reference: str
    concepts: frozenset[str]
    by_text: bool
    draft: bool
    active: bool
    starts: When | None
    ends: When | None
    written: When | None
    days: frozenset[date] | None  # the days it plans, when it says so
    day_count: int | None  # number of days it plans, when it says so without naming them
    daily_dose: Dose | None
    route: Route | None


class Mention(NamedTuple):
    """A drug on a medication list or in a dispensing record: a sign of exposure without an infusion date."""

    reference: str
    concepts: frozenset[str]
    by_text: bool
    when: When | None = None  # since when it is on record, so that the future stays invisible


class Result(NamedTuple):
    """One usable result of a test."""

    when: When
    reference: str
    issued_only: bool  # dated by its release, no time of collection written


class TestOrder(NamedTuple):
    """One active or drafted order for a test. `when`: the day it is for; `written`: when it was signed."""

    reference: str
    concepts: frozenset[str]
    when: When | None
    written: When | None = None


class ConditionFact(NamedTuple):
    """One diagnosis on record that is not refuted or entered in error."""

    reference: str
    concepts: frozenset[str]
    when: When | None = None  # since when it is on record, so that the future stays invisible


class Unused(NamedTuple):
    """A resource that bears a code of the label, or could not be read or attributed, and was not used."""

    reference: str
    why: str


ANY_CONCEPT = "*"  # under this an unreadable result is filed that may be any test
_NO_RESULTS: Mapping[str, tuple[Result, ...]] = MappingProxyType({})
_NO_STRINGS: Mapping[str, tuple[str, ...]] = MappingProxyType({})
_NO_GAPS: Mapping[Source, Gap] = MappingProxyType({})


class Timeline(NamedTuple):
    """Everything known of one patient.

    `results` are usable results by concept; `pending` preliminary ones; `unread` references, by concept, of resources
    that carry the concept but could not be read (a verdict resting on their absence cannot be told). `gaps` names the
    sources that are not complete, with the reason.
    """

    patient: str | None = None
    administrations: tuple[Administration, ...] = ()
    drug_orders: tuple[DrugOrder, ...] = ()
    mentions: tuple[Mention, ...] = ()
    results: Mapping[str, tuple[Result, ...]] = _NO_RESULTS
    pending: Mapping[str, tuple[Result, ...]] = _NO_RESULTS
    unread: Mapping[str, tuple[str, ...]] = _NO_STRINGS
    test_orders: tuple[TestOrder, ...] = ()
    conditions: tuple[ConditionFact, ...] = ()
    gaps: Mapping[Source, Gap] = _NO_GAPS
    unused: tuple[Unused, ...] = ()

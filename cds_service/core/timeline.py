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
    ENCOUNTERS = "encounters"


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
    completed: bool = False  # carried out as planned: it runs to its planned end, whatever day that is
    unsure: bool = False  # its status does not say whether it holds
    runs_until: When | None = None  # the last day the drug is planned for, as a run of prophylaxis counts it


class Mention(NamedTuple):
    """A drug on a medication list or in a dispensing record: a sign of exposure without an infusion date."""

    reference: str
    concepts: frozenset[str]
    by_text: bool
    when: When | None = None  # since when it is on record, so that the future stays invisible
    ends: When | None = None  # until when it was taken, where that is written
    closed: bool = False  # completed or stopped
    dispensed: bool = False  # handed over by a pharmacy, not known to be taken
    route: Route | None = None
    unsure: bool = False  # its status does not say whether it is taken
    asserted_only: bool = False  # `when` is the day somebody said so; since when it is taken is not written


class Result(NamedTuple):
    """One usable result of a test."""

    when: When
    reference: str
    issued_only: bool  # dated by its release, no time of collection written


class Outcome(StrEnum):
    """What a qualitative test found."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    INDETERMINATE = "indeterminate"


class Measured(NamedTuple):
    """One usable result whose value matters: a number in the value set's unit, or what a qualitative test found.

    Both None: there is a value, but none that could be read as what the value set asks for. `bound`: the comparator
    written with the amount (<, <=, >, >=), when it is only a bound.
    """

    when: When
    reference: str
    amount: Decimal | None = None
    outcome: Outcome | None = None
    bound: str | None = None

    def is_below(self, least: Decimal) -> bool | None:
        """Whether the amount is below this; None when none can be read, or only a bound that does not tell."""
        if self.amount is None:
            return None
        if self.bound is None:
            return self.amount < least
        if self.bound.startswith("<"):
            return True if self.amount < least or (self.amount == least and self.bound == "<") else None
        return False if self.amount >= least else None


class ServiceOrder(NamedTuple):
    """One active or drafted order for a test or a vaccine. `when`: the day it is for; `written`: when it was signed."""

    reference: str
    concepts: frozenset[str]
    when: When | None
    written: When | None = None
    draft: bool = False


class ConditionFact(NamedTuple):
    """One diagnosis on record, not refuted, not entered in error. `unsure`: provisional, differential, unconfirmed.

    `active`: neither resolved, inactive nor in remission, and not over by its written end.
    """

    reference: str
    concepts: frozenset[str]
    when: When | None = None  # since when it is on record, so that the future stays invisible
    unsure: bool = False
    onset: When | None = None  # when it began, where that is written
    ended: When | None = None  # when it was over, where that is written
    active: bool = True


class AllergyFact(NamedTuple):
    """One allergy or intolerance on record that is not refuted or entered in error.

    `grave`: anaphylaxis, angioedema, bronchospasm, a severe reaction or high criticality is written. `unsure`: not
    confirmed. `resolved`: no longer active.
    """

    reference: str
    concepts: frozenset[str]
    when: When | None = None
    grave: bool = False
    unsure: bool = False
    resolved: bool = False


class Vaccination(NamedTuple):
    """One vaccine given. `concepts` are empty for one that no value set lists; `when` is None for want of a date.

    `unsure`: its status does not say whether it was given. `untold`: which vaccine it was could not be read.
    """

    reference: str
    concepts: frozenset[str]
    when: When | None
    unsure: bool = False
    untold: bool = False


class Appointment(NamedTuple):
    """One proposed or booked appointment that is about the drug, by itself or by an order it is based on.

    `about_drug`: its own words, reason or the order it is based on name the drug. `starts`: its time.
    """

    reference: str
    about_drug: bool
    starts: When | None


class Visit(NamedTuple):
    """One encounter that has begun. `start` or `end` None: not written, or not readable.

    `open`: it goes on. `unsure`: its status does not say whether it took place or goes on.
    """

    reference: str
    start: When | None
    end: When | None
    open: bool = False
    unsure: bool = False


class Person(NamedTuple):
    """What the Patient resource says. `gender`: FHIR's administrative gender, None when not written.

    `deceased` without `died`: dead, the day is not known.
    """

    gender: str | None = None
    born: When | None = None
    deceased: bool = False
    died: When | None = None


class Unused(NamedTuple):
    """A resource that bears a code of the label, or could not be read or attributed, and was not used."""

    reference: str
    why: str


ANY_CONCEPT = "*"  # under this an unreadable result is filed that may be any test
_NO_RESULTS: Mapping[str, tuple[Result, ...]] = MappingProxyType({})
_NO_MEASURED: Mapping[str, tuple[Measured, ...]] = MappingProxyType({})
_NO_STRINGS: Mapping[str, tuple[str, ...]] = MappingProxyType({})
_NO_DATES: Mapping[str, When] = MappingProxyType({})
_NO_GAPS: Mapping[Source, Gap] = MappingProxyType({})


class Timeline(NamedTuple):
    """Everything known of one patient.

    `results` are usable results by concept; `pending` preliminary ones; `unread` references, by concept, of resources
    that carry the concept but could not be read (a verdict resting on their absence cannot be told), and `unread_since`
    their dates, by reference, where at least these could be read. `measured`: usable
    results whose value matters, by concept (they stand in `results` as well). `gaps` names the sources that are not
    complete, with the reason. `person` is None without a Patient resource.
    """

    patient: str | None = None
    administrations: tuple[Administration, ...] = ()
    drug_orders: tuple[DrugOrder, ...] = ()
    mentions: tuple[Mention, ...] = ()
    results: Mapping[str, tuple[Result, ...]] = _NO_RESULTS
    pending: Mapping[str, tuple[Result, ...]] = _NO_RESULTS
    unread: Mapping[str, tuple[str, ...]] = _NO_STRINGS
    unread_since: Mapping[str, When] = _NO_DATES
    measured: Mapping[str, tuple[Measured, ...]] = _NO_MEASURED
    service_orders: tuple[ServiceOrder, ...] = ()
    conditions: tuple[ConditionFact, ...] = ()
    allergies: tuple[AllergyFact, ...] = ()
    vaccinations: tuple[Vaccination, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    visits: tuple[Visit, ...] = ()
    person: Person | None = None
    gaps: Mapping[Source, Gap] = _NO_GAPS
    unused: tuple[Unused, ...] = ()

"""A label as data: requirements by kind, the tests they ask for, and the policy chosen around them.

Plain frozen dataclasses; how they are read from files is the business of `labels`. A kind is one dataclass here and one
function in `kinds`; there is no expression language.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from cds_service.core.caution_rules import CautionRule
from cds_service.core.label_patients import PatientRule
from cds_service.core.timeline import Outcome, Source


def _no_names() -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class Test:
    """A test or examination as the label means it.

    `any_of`: alternatives; each is a set of concepts that must all be on record the same day. `members`: instead of
    alternatives, the named parts of a set (name -> concept) that may be of different days; the set is as old as its
    oldest part. `wrong`: concepts that look alike and do not count. `ordered_as`: concepts whose active order means
    this test is already ordered. `order`: (system URI, code, display) for a suggested order. Worked out here, once:
    `concepts`, everything that counts; `look_alikes`, the wrong ones and what counts only together with others.
    """

    id: str
    name: str
    any_of: tuple[frozenset[str], ...]
    wrong: frozenset[str]
    ordered_as: frozenset[str]
    order: tuple[str, str, str]
    members: tuple[tuple[str, str], ...] = ()
    concepts: frozenset[str] = field(init=False, repr=False, default_factory=_no_names)
    look_alikes: tuple[str, ...] = field(init=False, repr=False, default=())

    def __post_init__(self) -> None:
        parts = frozenset[str]().union(*(concepts for concepts in self.any_of if len(concepts) > 1))
        parts |= {concept for _, concept in self.members}
        object.__setattr__(self, "concepts", parts.union(*self.any_of))
        object.__setattr__(self, "look_alikes", tuple(sorted(self.wrong | parts)))


@dataclass(frozen=True, slots=True)
class Product:
    """How the drug's administrations are told apart (doses in mg)."""

    drug: frozenset[str]  # concepts that are this product
    unspecified: frozenset[str]  # concepts that are the ingredient, product unknown
    other_product: frozenset[str]  # concepts that are the other product of the same ingredient
    own_diagnosis: frozenset[str]
    other_diagnosis: frozenset[str]
    daily_mg: Decimal
    tolerance_percent: int
    other_product_mg: tuple[Decimal, ...]  # daily totals that are the other product's regimen
    other_product_window_days: int
    mg_per_ml: Decimal
    max_concentrate_ml: Decimal
    ingredient: frozenset[str] = field(init=False, repr=False, default_factory=_no_names)  # any of the three
    low: Decimal = field(init=False, repr=False, default=Decimal(0))  # least daily total inside the tolerance, mg
    high: Decimal = field(init=False, repr=False, default=Decimal(0))  # largest daily total inside the tolerance, mg

    def __post_init__(self) -> None:
        object.__setattr__(self, "ingredient", self.drug | self.unspecified | self.other_product)
        object.__setattr__(self, "low", self.daily_mg * (100 - self.tolerance_percent) / 100)
        object.__setattr__(self, "high", self.daily_mg * (100 + self.tolerance_percent) / 100)

    def fits(self, mg: Decimal | None) -> bool:
        """Whether a daily total is the label's dose, within the tolerance."""
        return mg is not None and self.low <= mg <= self.high


class Courses(NamedTuple):
    """How infusion days group into courses (days), and how long each course is (infusion days)."""

    gap_days: int
    resume_days: int
    first_length: int
    later_length: int

    def length_of(self, number: int) -> int:
        """Infusion days the label gives to course `number` (1-based)."""
        return self.first_length if number == 1 else self.later_length


class Agent(NamedTuple):
    """One premedication drug: the dose in mg that equals the required dose of the reference drug."""

    concept: str
    equivalent_mg: Decimal
    reference_drug: bool = False
    form_unclear: bool = False  # the code may also mean a depot form; a stated IV or oral route settles it


class ProductCheck(NamedTuple):
    """Kind: every administration of the ingredient can be told to be this product or not."""


class History(NamedTuple):
    """Kind: something in the past worth knowing before ordering (here: the other product of the same ingredient)."""


class Baseline(NamedTuple):
    """Kind: a test before the first infusion, at most `window_days` old, or `window_months` where that is given."""

    test: Test
    window_days: int
    window_months: int | None = None


class Screening(NamedTuple):
    """Kind: before the first infusion a test of any age, or something else on record that answers for it.

    `finding`: what the test must not have found. `history` (diagnoses) and `vaccines` answer for the test;
    `diagnoses` count as a finding; after `settled_by` (diagnoses or drugs) a finding is none. `signs`: codes that
    suggest a screening and decide nothing alone.
    """

    test: Test
    finding: Outcome
    history: frozenset[str]
    vaccines: frozenset[str]
    diagnoses: frozenset[str]
    settled_by: frozenset[str]
    signs: frozenset[str]


class Recurring(NamedTuple):
    """Kind: a test every `months` from the first infusion until the end of follow-up.

    `never_overdue`: past its date it stays due (the label gives no interval). `gender`: asked of these patients only.
    `unless`: diagnoses that make it moot.
    """

    test: Test
    months: int
    lead_days: int
    grace_days: int
    never_overdue: bool = False
    gender: str | None = None
    unless: frozenset[str] = frozenset()


class DailyDose(NamedTuple):
    """Kind: the dose of each infusion day."""


class CourseLength(NamedTuple):
    """Kind: the number of infusion days of each course; `wait_days` before a short course is called incomplete."""

    wait_days: int


class CourseInterval(NamedTuple):
    """Kind: months between courses."""

    months: int


@dataclass(frozen=True, slots=True)
class Premedication:
    """Kind: a drug given before the infusion on the first `days` infusion days of each course.

    `order`: (system URI, code, display) of the drug suggested when none is ordered.
    """

    days: int
    required_mg: Decimal
    tolerance_percent: int
    agents: tuple[Agent, ...]
    depot: frozenset[str]
    order_lookback_days: int
    order: tuple[str, str, str]
    concepts: frozenset[str] = field(init=False, repr=False, default_factory=_no_names)  # of all agents
    enough_mg: Decimal = field(init=False, repr=False, default=Decimal(0))  # the least equivalent dose that passes

    def __post_init__(self) -> None:
        object.__setattr__(self, "concepts", frozenset(agent.concept for agent in self.agents))
        object.__setattr__(self, "enough_mg", self.required_mg * (100 - self.tolerance_percent) / 100)


class ConsecutiveDays(NamedTuple):
    """Kind: the infusion days of a course are calendar days in a row."""


class InfusionDuration(NamedTuple):
    """Kind: how long and by which route each infusion runs; `least_minutes` is the label's time less the tolerance."""

    hours: int
    least_minutes: int


class Prophylaxis(NamedTuple):
    """Kinds "prophylaxis-start" and "prophylaxis-duration": a drug running from day 1 of each course long enough.

    Long enough is the later of `months` after the course's last infusion and a count (`counted`: concepts) of at
    least `least_count`, in the value set's unit. `lead_days` before that date the count is asked for. `unclear`: drugs
    that may serve as well. `count_test` is what is ordered then; `order`: (system URI, code, display) of the drug
    suggested.
    """

    concepts: frozenset[str]
    unclear: frozenset[str]
    months: int
    lead_days: int
    counted: frozenset[str]
    least_count: Decimal
    count_test: Test
    order: tuple[str, str, str]


class ProphylaxisStart(NamedTuple):
    """Kind: the prophylaxis runs on day 1 of each course."""

    prophylaxis: Prophylaxis


class ProphylaxisDuration(NamedTuple):
    """Kind: the prophylaxis goes on long enough after each course."""

    prophylaxis: Prophylaxis


class VaccinesBefore(NamedTuple):
    """Kind: no vaccine less than `days` before day 1. `no_vaccine`: entries of a vaccine list that are none."""

    days: int
    live: frozenset[str]
    no_vaccine: frozenset[str]


class LiveVaccine(NamedTuple):
    """Kind: no live viral vaccine, given or ordered, after a course.

    An ordered one weighs more within `months` of the last infusion, or when the last count (as for the prophylaxis)
    is below `least_count`.
    """

    live: frozenset[str]
    unclear: frozenset[str]
    months: int
    counted: frozenset[str]
    least_count: Decimal


class InfectionCaution(NamedTuple):
    """Kind: an infection that rules the drug out, by diagnosis or test. A positive screen alone decides nothing."""

    diagnoses: frozenset[str]
    confirming: frozenset[str]
    screening: frozenset[str]


class AllergyCaution(NamedTuple):
    """Kind: an allergy to the drug, its ingredient or one of the excipients listed."""

    substances: frozenset[str]
    excipients: frozenset[str]


class FollowUpEnd(NamedTuple):
    """Kind: the months of follow-up after the last infusion are over."""


class TextOnly(NamedTuple):
    """Kind: something no record shows; the order card names it, nobody checks it."""


Rule = (
    ProductCheck
    | History
    | Baseline
    | Screening
    | Recurring
    | DailyDose
    | CourseLength
    | CourseInterval
    | Premedication
    | ConsecutiveDays
    | InfusionDuration
    | ProphylaxisStart
    | ProphylaxisDuration
    | VaccinesBefore
    | LiveVaccine
    | InfectionCaution
    | AllergyCaution
    | FollowUpEnd
    | PatientRule
    | CautionRule
    | TextOnly
)


_WITH_A_TEST = Baseline | Recurring | Screening


class Requirement(NamedTuple):
    """One thing the label asks for."""

    id: str
    kind: str
    title: str
    section: str
    strength: str
    confidence: str
    says: str
    rule: Rule
    sources: frozenset[Source]


class Situation(NamedTuple):
    """Which indicator a status gets. Empty sets mean "any". First match in the table decides.

    `ordering` is used while a dose or an order can still be stopped, `afterwards` at patient-view and in a plain
    report, where it holds for `for_days` days after the event (None: without limit). `beyond_days` restricts the row to
    assessments whose `days` (late or early) exceed it.
    """

    name: str
    requirements: frozenset[str]
    statuses: frozenset[str]
    reasons: frozenset[str]
    variants: frozenset[str]
    beyond_days: int | None
    ordering: str | None
    afterwards: str | None
    for_days: int | None
    because: str


@dataclass(frozen=True, slots=True)
class Label:
    """One label revision with the policy chosen for it, ready to judge with."""

    id: str
    drug: str
    title: str
    set_id: str
    revision: str
    product: Product
    courses: Courses
    follow_up_months: int
    active_order_days: int
    infusion_reach_days: int  # so long after its last infusion a course that lacks days may go on any day
    requirements: tuple[Requirement, ...]
    situations: tuple[Situation, ...]
    hooks: Mapping[str, frozenset[str]]  # hook name -> requirement ids it speaks of
    order_scoped: frozenset[str]  # at ordering these speak of the order alone, not of earlier courses
    patient_view_days: Mapping[str, int]  # requirement id -> days a note about the past stays at patient-view
    _by_id: Mapping[str, Requirement] = field(init=False, repr=False, compare=False, default_factory=dict)
    _situations_of: Mapping[str, tuple[Situation, ...]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    look_alikes: frozenset[str] = field(init=False, repr=False, compare=False, default_factory=frozenset)

    def __post_init__(self) -> None:
        tests = [rule.test for item in self.requirements if isinstance(rule := item.rule, _WITH_A_TEST)]
        object.__setattr__(self, "look_alikes", frozenset[str]().union(*(test.wrong for test in tests)))
        by_id = {requirement.id: requirement for requirement in self.requirements}
        applying = {
            name: tuple(row for row in self.situations if not row.requirements or name in row.requirements)
            for name in by_id
        }
        object.__setattr__(self, "_by_id", MappingProxyType(by_id))
        object.__setattr__(self, "_situations_of", MappingProxyType(applying))

    def requirement(self, requirement_id: str) -> Requirement:
        """The requirement of that id; KeyError when there is none."""
        return self._by_id[requirement_id]

    def situations_of(self, requirement_id: str) -> tuple[Situation, ...]:
        """The rows of the indicator table that may apply to a requirement, in order."""
        return self._situations_of.get(requirement_id, ())

"""Kinds of requirement about what else is on record: infections, events, other diagnoses, other drugs, pregnancy.

The rules as data, like those of `label`; how they are judged stands in `kinds`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Named(NamedTuple):
    """A value set and the words a sentence calls it by."""

    concept: str
    name: str


def concepts_of(named: Iterable[Named]) -> frozenset[str]:
    """The value sets of these."""
    return frozenset(item.concept for item in named)


def name_of(concepts: frozenset[str], named: Iterable[Named]) -> str | None:
    """What the first of these that is among the concepts is called."""
    return next((item.name for item in named if item.concept in concepts), None)


class ActiveInfection(NamedTuple):
    """Kind: no infection while the drug is given.

    `grave` ones count as long as they are active, `recent` ones are as grave for `recent_days`, `others` count for
    `other_days` after they began. `unclear`: codes that decide nothing alone.
    """

    grave: tuple[Named, ...]
    recent: tuple[Named, ...]
    others: tuple[Named, ...]
    unclear: tuple[Named, ...]
    recent_days: int
    other_days: int

    @property
    def all(self) -> tuple[Named, ...]:
        """Every infection it looks for."""
        return self.grave + self.recent + self.others + self.unclear


class EventAfter(NamedTuple):
    """Kind: no such event on an infusion day or in the `days` after it."""

    events: tuple[Named, ...]
    days: int


class EventSince(NamedTuple):
    """Kind: no such event since the first infusion, before the drug is given again. `grave` ones weigh more.

    `unclear`: codes that decide nothing alone.
    """

    events: tuple[Named, ...]
    grave: frozenset[str]
    unclear: tuple[Named, ...]


class ConditionCaution(NamedTuple):
    """Kind: a diagnosis, past or present, worth knowing before ordering."""

    conditions: tuple[Named, ...]


class DrugCaution(NamedTuple):
    """Kind: no such drug taken or given at the same time.

    An administration speaks for `administration_days`, one of a `long_acting` drug for `long_acting_days`, a drug
    handed over by a pharmacy for `dispense_days`. `unclear`: codes that decide nothing alone.
    """

    drugs: tuple[Named, ...]
    unclear: tuple[Named, ...]
    long_acting: frozenset[str]
    administration_days: int
    long_acting_days: int
    dispense_days: int


class PregnancyCaution(NamedTuple):
    """Kind: no pregnancy when the drug is ordered.

    An entry counts for `lasts_days`, unless one of `ended_by` follows; a positive one of `tests` for `test_days`.
    `amounts`: tests whose number only a person can read. `spared`: patients of this gender are not asked.
    """

    conditions: frozenset[str]
    ended_by: frozenset[str]
    tests: frozenset[str]
    amounts: frozenset[str]
    spared: str
    lasts_days: int
    test_days: int


CautionRule = ActiveInfection | EventAfter | EventSince | ConditionCaution | DrugCaution | PregnancyCaution

"""Kinds of requirement about the patient rather than the drug: who it is for, and how long it is watched afterwards.

One dataclass a kind, as in `label`, which joins them with the others.
"""

from __future__ import annotations

from typing import NamedTuple


class Indication(NamedTuple):
    """Kind: the form of the disease the drug is for, by diagnosis.

    `indicated`: it is for these; `outside`: it is not for these; `untold`: the disease, its form not told.
    """

    indicated: frozenset[str]
    outside: frozenset[str]
    untold: frozenset[str]


class TooEarly(NamedTuple):
    """Kind: `early` stages (diagnoses) of a disease are no use for the drug until it is `established`."""

    early: frozenset[str]
    established: frozenset[str]


class Age(NamedTuple):
    """Kind: not recommended below `least_years`; outside the indication below `adult_years`."""

    least_years: int
    adult_years: int


class PriorDrugs(NamedTuple):
    """Kind: at least so many distinct other `drugs` before the first infusion, a value set for each.

    `unclear`: codes that mean one of them and do not say which.
    """

    least: int
    drugs: frozenset[str]
    unclear: frozenset[str]


class Observation(NamedTuple):
    """Kind: so many hours under observation after the end of each infusion."""

    hours: int


PatientRule = Indication | TooEarly | Age | PriorDrugs | Observation

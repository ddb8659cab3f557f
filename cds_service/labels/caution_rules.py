"""Kinds about what else is on record: the fields a requirement may carry, and the policy that completes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cds_service.core.caution_rules import (
    ActiveInfection,
    CautionRule,
    ConditionCaution,
    DrugCaution,
    EventAfter,
    EventSince,
    Named,
    PregnancyCaution,
)
from cds_service.labels.fields import Table

CAUTION_KINDS = frozenset(
    {"active-infection", "event-after", "event-since", "condition-caution", "drug-caution", "pregnancy"}
)
Concepts = Callable[[tuple[str, ...], str], frozenset[str]]


class CautionPolicy(NamedTuple):
    """The days of policy.toml these kinds count with."""

    recent_infection_days: int
    other_infection_days: int
    administration_days: int
    long_acting_days: int
    dispense_days: int
    pregnancy_lasts_days: int
    pregnancy_test_days: int


def read_caution_policy(file: Table) -> CautionPolicy:
    """Three tables of policy.toml: [active_infection], [other_drugs], [pregnancy]."""
    infection, drugs, pregnancy = file.table("active_infection"), file.table("other_drugs"), file.table("pregnancy")
    policy = CautionPolicy(
        recent_infection_days=infection.number("recent_days", least=1),
        other_infection_days=infection.number("other_days", least=1),
        administration_days=drugs.number("administration_days", least=1),
        long_acting_days=drugs.number("long_acting_days", least=1),
        dispense_days=drugs.number("dispense_days", least=1),
        pregnancy_lasts_days=pregnancy.number("lasts_days", least=1),
        pregnancy_test_days=pregnancy.number("test_days", least=1),
    )
    for table in (infection, drugs, pregnancy):
        table.text("because")
        table.done()
    return policy


def read_caution(kind: str, table: Table, policy: CautionPolicy, concepts: Concepts) -> CautionRule:
    """The rule of one requirement of these kinds."""
    match kind:
        case "active-infection":
            return ActiveInfection(
                grave=_named(table, "grave", concepts),
                recent=_named(table, "recent", concepts),
                others=_named(table, "others", concepts),
                unclear=_named(table, "unclear", concepts),
                recent_days=policy.recent_infection_days,
                other_days=policy.other_infection_days,
            )
        case "event-after":
            return EventAfter(_named(table, "events", concepts), table.number("days", least=1))
        case "event-since":
            events, unclear = _named(table, "events", concepts), _named(table, "unclear", concepts)
            return EventSince(events, concepts(table.texts("grave"), table.place), unclear)
        case "condition-caution":
            return ConditionCaution(_named(table, "conditions", concepts))
        case "drug-caution":
            return DrugCaution(
                drugs=_named(table, "drugs", concepts),
                unclear=_named(table, "unclear", concepts),
                long_acting=concepts(table.texts("long_acting"), table.place),
                administration_days=policy.administration_days,
                long_acting_days=policy.long_acting_days,
                dispense_days=policy.dispense_days,
            )
        case _:
            return PregnancyCaution(
                conditions=concepts(table.texts("conditions"), table.place),
                ended_by=concepts(table.texts("ended_by"), table.place),
                tests=concepts(table.texts("tests"), table.place),
                amounts=concepts(table.texts("amounts"), table.place),
                spared=table.text("spared"),
                lasts_days=policy.pregnancy_lasts_days,
                test_days=policy.pregnancy_test_days,
            )


def _named(table: Table, field: str, concepts: Concepts) -> tuple[Named, ...]:
    """A list of { concept, name }: value sets with the words a sentence calls them by."""
    found = []
    for entry in table.tables(field):
        (concept,) = concepts((entry.text("concept"),), entry.place)
        found.append(Named(concept, entry.text("name")))
        entry.done()
    return tuple(found)

"""The fields of kinds of requirement about the patient: indication, age, earlier drugs, time under observation."""

from __future__ import annotations

from collections.abc import Callable

from cds_service.core import label_patients as model
from cds_service.labels.fields import Table

PATIENT_KINDS = frozenset({"indication", "too-early", "age", "prior-drugs", "observation"})


def read_patient_rule(kind: str, table: Table, named: Callable[[Table, str], frozenset[str]]) -> model.PatientRule:
    """The rule of one of `PATIENT_KINDS`. `named` reads a field of value-set names."""
    match kind:
        case "indication":
            return model.Indication(named(table, "indicated"), named(table, "outside"), named(table, "untold"))
        case "too-early":
            return model.TooEarly(named(table, "early"), named(table, "established"))
        case "age":
            return model.Age(table.number("least_years", least=1), table.number("adult_years", least=1))
        case "prior-drugs":
            return model.PriorDrugs(table.number("least", least=1), named(table, "drugs"), named(table, "unclear"))
        case _:
            return model.Observation(table.number("hours", least=1))

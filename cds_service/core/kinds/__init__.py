"""Kinds of requirement: one function per kind, from (requirement, rule, case) to assessments.

A closed set. A kind may look at the case only; it may not know the drug, the hook's wire format or the wording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cds_service.core import caution_rules as others
from cds_service.core import label as rules
from cds_service.core import label_patients as patients
from cds_service.core.assessment import Assessment
from cds_service.core.case import Case
from cds_service.core.kinds import (
    baseline,
    cautions,
    diagnoses,
    dosing,
    eligibility,
    events,
    follow_up_end,
    infections,
    infusions,
    observation,
    other_drugs,
    premedication,
    prior_drugs,
    product,
    prophylaxis,
    recurring,
    screening,
    vaccines,
)

Answer = Assessment | Iterator[Assessment]
PLAIN: Mapping[type, Callable[[rules.Requirement, Case], Answer]] = {
    rules.ProductCheck: product.judge_product,
    rules.History: product.judge_history,
    rules.DailyDose: dosing.judge_daily_dose,
    rules.ConsecutiveDays: infusions.judge_consecutive_days,
    rules.FollowUpEnd: follow_up_end.judge,
    rules.TextOnly: screening.judge_text_only,
}
WITH_RULE: Mapping[type, Callable[[rules.Requirement, Any, Case], Answer]] = {
    rules.CourseLength: dosing.judge_length,
    rules.CourseInterval: dosing.judge_interval,
    rules.InfusionDuration: infusions.judge_duration,
    rules.Premedication: premedication.judge,
    rules.ProphylaxisStart: prophylaxis.judge_start,
    rules.ProphylaxisDuration: prophylaxis.judge_duration,
    rules.Baseline: baseline.judge,
    rules.Screening: screening.judge,
    rules.VaccinesBefore: vaccines.judge_before,
    rules.Recurring: recurring.judge,
    rules.InfectionCaution: cautions.judge_infection,
    rules.AllergyCaution: cautions.judge_allergy,
    rules.LiveVaccine: vaccines.judge_live,
    patients.Indication: eligibility.judge_indication,
    patients.TooEarly: eligibility.judge_too_early,
    patients.Age: eligibility.judge_age,
    patients.PriorDrugs: prior_drugs.judge,
    patients.Observation: observation.judge,
    others.ActiveInfection: infections.judge,
    others.EventAfter: events.judge_after,
    others.EventSince: events.judge_since,
    others.ConditionCaution: diagnoses.judge_caution,
    others.DrugCaution: other_drugs.judge,
    others.PregnancyCaution: diagnoses.judge_pregnancy,
}


def judge(requirement: rules.Requirement, case: Case) -> Iterator[Assessment]:
    """Judge one requirement of any kind; at least one assessment comes out."""
    rule = requirement.rule
    plain = PLAIN.get(type(rule))
    found = plain(requirement, case) if plain is not None else WITH_RULE[type(rule)](requirement, rule, case)
    if isinstance(found, Assessment):
        yield found
    else:
        yield from found

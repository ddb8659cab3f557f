"""What is checked once when the service starts: that every order it can suggest is valid FHIR."""

from __future__ import annotations

from datetime import date

from cds_service.core.label import Baseline, Premedication, Recurring, Screening
from cds_service.fhir.orders import Subject, infusion_order, lab_order, validate_order
from cds_service.labels import LabelBundle

_SAMPLE_DAY = date(2026, 3, 2)  # any day: only the shape is looked at
_SAMPLE = Subject("sample", "sample", "Practitioner/sample")


def check_templates(bundle: LabelBundle) -> None:
    """Build each suggested order once and validate it with fhir.resources; ValueError names the field at fault."""
    for requirement in bundle.label.requirements:
        rule = requirement.rule
        if isinstance(rule, Baseline | Recurring | Screening):
            validate_order(lab_order(rule.test.order, rule.test.name, _SAMPLE, first=_SAMPLE_DAY))
            validate_order(lab_order(rule.test.order, rule.test.name, _SAMPLE, first=_SAMPLE_DAY, last=_SAMPLE_DAY))
        elif isinstance(rule, Premedication):
            dose = int(rule.required_mg)
            for dates in ((), (_SAMPLE_DAY,)):
                validate_order(
                    infusion_order(rule.order, dose, _SAMPLE, dates=dates, count=rule.days, instruction="sample")
                )

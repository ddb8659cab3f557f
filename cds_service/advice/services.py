"""The services a label offers: one per hook it speaks at, with prefetch derived from what that hook checks."""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.cds_hooks.discovery import Service
from cds_service.core.label import Baseline, Label, Recurring, Test
from cds_service.core.timeline import Source
from cds_service.fhir.templates import prefetch_templates
from cds_service.labels import LabelBundle

HOOKS_SERVED = ("patient-view", "order-select", "order-sign")
_ALWAYS = frozenset({Source.PATIENT, Source.ADMINISTRATIONS, Source.MEDICATIONS, Source.STATEMENTS, Source.DISPENSES})
_TITLES = {
    "patient-view": "{drug} follow-up",
    "order-select": "{drug} order checks",
    "order-sign": "{drug} checks before signing",
}
_DESCRIPTIONS = {
    "patient-view": "Says which tests the US label of {drug} asks for now, what a recent course left open, and what "
    "could not be checked.",
    "order-select": "Checks a {drug} order against the US label while it is put together: tests before the first "
    "infusion, premedication, dose, days, interval.",
    "order-sign": "Checks a {drug} order against the US label before it is signed: tests before the first infusion, "
    "premedication, dose, days, interval.",
}


def service_id(label: Label, hook: str) -> str:
    """The id of a label's service at a hook, such as `lemtrada-patient-view`."""
    return f"{label.drug.lower()}-{hook}"


def sources_asked(label: Label, hook: str) -> frozenset[Source]:
    """The prefetch keys a hook needs: what exposure is read from, and what its requirements rest on."""
    spoken = label.hooks.get(hook, frozenset())
    needed = (requirement.sources for requirement in label.requirements if requirement.id in spoken)
    return _ALWAYS.union(*needed)


def services(bundle: LabelBundle) -> tuple[Service, ...]:
    """The discovery entries of a label."""
    label = bundle.label
    codes = codes_by_source(bundle)
    return tuple(
        Service(
            id=service_id(label, hook),
            hook=hook,
            title=_TITLES[hook].format(drug=label.drug),
            description=_DESCRIPTIONS[hook].format(drug=label.drug),
            usage_requirements="Administrations must be available by prefetch; results are counted, not interpreted.",
            prefetch=prefetch_templates(sources_asked(label, hook), codes),
        )
        for hook in HOOKS_SERVED
        if label.hooks.get(hook)
    )


def codes_by_source(bundle: LabelBundle) -> dict[Source, list[tuple[str, str]]]:
    """(system URI, code) pairs to ask each source for: included codes, traps and ambiguous ones alike."""
    tests = list(_tests(bundle.label))
    results = {concept for test in tests for concept in frozenset().union(*test.any_of) | test.wrong}
    results |= {value_set.id for value_set in bundle.value_sets.values() if value_set.panel}
    ordered = {concept for test in tests for concept in test.ordered_as}
    product = bundle.label.product
    wanted = {
        Source.OBSERVATIONS: results,
        Source.REPORTS: results,
        Source.ORDERS: ordered,
        Source.CONDITIONS: product.own_diagnosis | product.other_diagnosis,
    }
    return {
        source: [(code.uri, code.code) for code in bundle.codes if code.value_set in concepts]
        for source, concepts in wanted.items()
    }


def _tests(label: Label) -> Iterable[Test]:
    for requirement in label.requirements:
        if isinstance(requirement.rule, Baseline | Recurring):
            yield requirement.rule.test

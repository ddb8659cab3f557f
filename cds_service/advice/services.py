"""The services a label offers: one per hook it speaks at, with prefetch derived from what that hook checks."""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.advice.asked import diagnoses_of, orders_of, results_of, tests_of
from cds_service.cds_hooks.discovery import Service
from cds_service.core.hooks import CHECK_IN, DISCHARGE, HOOKS, PATIENT_VIEW
from cds_service.core.label import Label
from cds_service.core.timeline import Source
from cds_service.fhir.code_maps import LocalCode
from cds_service.fhir.templates import prefetch_templates
from cds_service.labels import LabelBundle

_ALWAYS = frozenset({Source.PATIENT, Source.ADMINISTRATIONS, Source.MEDICATIONS, Source.STATEMENTS, Source.DISPENSES})
_TITLES = {
    "patient-view": "{drug} follow-up",
    "order-select": "{drug} order checks",
    "order-sign": "{drug} checks before signing",
    "appointment-book": "{drug} checks when booking",
    "encounter-start": "{drug} checklist before the infusion",
    "encounter-discharge": "{drug} checks at discharge",
}
_DESCRIPTIONS = {
    "patient-view": "Says which tests the US label of {drug} asks for now, what a recent course left open, and what "
    "could not be checked.",
    "order-select": "Checks a {drug} order against the US label while it is put together: tests before the first "
    "infusion, premedication, dose, days, interval.",
    "order-sign": "Checks a {drug} order against the US label before it is signed: tests before the first infusion, "
    "premedication, dose, days, interval.",
    "appointment-book": "Checks the day booked for a {drug} infusion against the US label: tests before the first "
    "infusion, interval between courses, premedication and antiviral orders, contraindications.",
    "encounter-start": "On an infusion day of {drug}: what the US label asks for before the pump starts. On other days "
    "as when the chart is opened.",
    "encounter-discharge": "After a {drug} infusion: herpes prophylaxis going on, and which tests come next.",
}


def service_id(label: Label, hook: str) -> str:
    """The id of a label's service at a hook, such as `lemtrada-patient-view`."""
    return f"{label.drug.lower()}-{hook}"


def sources_asked(label: Label, hook: str) -> frozenset[Source]:
    """The prefetch keys a hook needs: what exposure is read from, and what its requirements rest on."""
    spoken = label.hooks.get(hook, frozenset())
    if hook == CHECK_IN:
        spoken |= label.hooks.get(PATIENT_VIEW, frozenset())  # on any other day it speaks as when the chart is opened
    needed = (requirement.sources for requirement in label.requirements if requirement.id in spoken)
    asked = _ALWAYS.union(*needed) - {Source.ENCOUNTERS}
    return asked | {Source.ENCOUNTERS} if hook == DISCHARGE else asked


def services(bundle: LabelBundle, local: Iterable[LocalCode] = ()) -> tuple[Service, ...]:
    """The discovery entries of a label. `local`: the site's own codes, asked for beside the label's."""
    label = bundle.label
    codes = codes_by_source(bundle, tuple(local))
    return tuple(
        Service(
            id=service_id(label, hook),
            hook=hook,
            title=_TITLES[hook].format(drug=label.drug),
            description=_DESCRIPTIONS[hook].format(drug=label.drug),
            usage_requirements="Administrations must be available by prefetch; results are counted, not interpreted.",
            prefetch=prefetch_templates(sources_asked(label, hook), codes),
        )
        for hook in HOOKS
        if label.hooks.get(hook)
    )


def codes_by_source(bundle: LabelBundle, local: tuple[LocalCode, ...] = ()) -> dict[Source, list[tuple[str, str]]]:
    """(system URI, code) pairs to ask each source for: included codes, traps and ambiguous ones alike."""
    label = bundle.label
    rules = [requirement.rule for requirement in label.requirements]
    tests = list(tests_of(label))
    results = {concept for test in tests for concept in test.concepts | test.wrong}
    results |= {value_set.id for value_set in bundle.value_sets.values() if value_set.panel or value_set.value}
    ordered = {concept for test in tests for concept in test.ordered_as}
    product = label.product
    wanted = {
        Source.OBSERVATIONS: results.union(*map(results_of, rules)),
        Source.REPORTS: results.union(*map(results_of, rules)),
        Source.ORDERS: ordered.union(*map(orders_of, rules)),
        Source.CONDITIONS: (product.own_diagnosis | product.other_diagnosis).union(*map(diagnoses_of, rules)),
    }
    return {source: _codes(bundle, local, concepts) for source, concepts in wanted.items()}


def _codes(bundle: LabelBundle, local: tuple[LocalCode, ...], concepts: Iterable[str]) -> list[tuple[str, str]]:
    """The label's codes of these value sets, then the site's own."""
    wanted = frozenset(concepts)
    own = [(code.uri, code.code) for code in bundle.codes if code.value_set in wanted]
    return [*own, *((code.system, code.code) for code in local if code.concepts & wanted)]

"""What a prefetch by code asks for: a concept nobody asks for would read as "not found"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from cds_service.advice.services import codes_by_source, services
from cds_service.core.timeline import Source
from cds_service.fhir.templates import LONGEST_TEMPLATE
from cds_service.labels import LabelBundle, load_label

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
READ_FROM = {
    Source.OBSERVATIONS: {LOINC},
    Source.REPORTS: {LOINC},
    Source.CONDITIONS: {ICD10, SNOMED},
}


@pytest.fixture(name="bundle", scope="module")
def _bundle() -> LabelBundle:
    return load_label()


def words(value: Any) -> Iterator[str]:
    """Every text anywhere inside a rule."""
    if isinstance(value, str):
        yield value
    elif is_dataclass(value):
        for member in fields(value):
            yield from words(getattr(value, member.name))
    elif isinstance(value, tuple | list | frozenset):
        for member in value:
            yield from words(member)


@pytest.mark.parametrize("source", READ_FROM)
def test_every_concept_a_rule_looks_at_is_asked_for_where_it_is_read(bundle: LabelBundle, source: Source) -> None:
    asked = set(codes_by_source(bundle)[source])
    looked_at = {
        (requirement.id, word)
        for requirement in bundle.label.requirements
        if source in requirement.sources
        for word in words(requirement.rule)
        if word in bundle.value_sets
    }
    assert len(looked_at) > 20
    tests = {word for requirement in bundle.label.requirements for word in words(getattr(requirement.rule, "test", ()))}
    unasked = {
        (name, code.value_set, code.code)
        for name, concept in looked_at
        for code in bundle.codes
        if code.value_set == concept and code.uri in READ_FROM[source] and (code.uri, code.code) not in asked
        if source is not Source.CONDITIONS or concept not in tests
    }
    assert unasked == set()


def test_every_template_is_short_enough_to_be_asked(bundle: LabelBundle) -> None:
    templates = [template for service in services(bundle) for template in service.prefetch.values()]
    assert max(map(len, templates)) <= LONGEST_TEMPLATE


def test_only_the_discharge_asks_for_encounters(bundle: LabelBundle) -> None:
    asking = {service.hook for service in services(bundle) if "encounters" in service.prefetch}
    assert asking == {"encounter-discharge"}


def test_procedures_are_asked_by_patient_alone(bundle: LabelBundle) -> None:
    """An infusion, a vaccine, a screening and an examination may all be written down as a procedure."""
    found = {service.prefetch.get("procedures") for service in services(bundle)} - {None}
    assert found == {"Procedure?patient={{context.patientId}}"}

"""Templates from sources and codes: short enough, and never a filter on what exposure is read from."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from cds_service.cds_hooks.templates import check_template
from cds_service.core.timeline import Source
from cds_service.fhir.templates import LONGEST_TEMPLATE, prefetch_templates

LOINC = "http://loinc.org"
EXPOSURE = (Source.ADMINISTRATIONS, Source.MEDICATIONS, Source.STATEMENTS, Source.DISPENSES)


def codes(count: int) -> list[tuple[str, str]]:
    return [(LOINC, f"{number}-0") for number in range(count)]


def test_codes_are_asked_for_while_they_fit() -> None:
    found = prefetch_templates([Source.OBSERVATIONS], {Source.OBSERVATIONS: codes(2)})
    assert found == {
        "observations": "Observation?patient={{context.patientId}}&code=http://loinc.org|0-0,http://loinc.org|1-0"
    }


@pytest.mark.parametrize("source", [Source.OBSERVATIONS, Source.REPORTS, Source.CONDITIONS, Source.PROCEDURES])
def test_a_template_never_grows_beyond_the_limit(source: Source) -> None:
    template = ""
    for count in (10, 30, 50, 60, 100, 1000):
        (template,) = prefetch_templates([source], {source: codes(count)}).values()
        assert len(quote(template)) <= LONGEST_TEMPLATE
        assert check_template(template, "patient-view") == []
    assert "code=" not in template


def test_examinations_are_asked_for_where_codes_do_not_fit() -> None:
    (template,) = prefetch_templates([Source.OBSERVATIONS], {Source.OBSERVATIONS: codes(1000)}).values()
    assert template == "Observation?patient={{context.patientId}}&category=laboratory,exam"


def test_what_exposure_is_read_from_is_never_filtered() -> None:
    found = prefetch_templates(EXPOSURE, dict.fromkeys(EXPOSURE, codes(3)))
    assert all(template.endswith("?patient={{context.patientId}}") for template in found.values())


def test_every_source_has_a_template_in_the_subset() -> None:
    found = prefetch_templates(Source, {})
    assert list(found) == [source.value for source in Source]
    assert found["patient"] == "Patient/{{context.patientId}}"
    assert found["orders"] == "ServiceRequest?patient={{context.patientId}}&status=active"
    assert [problem for template in found.values() for problem in check_template(template, "order-sign")] == []

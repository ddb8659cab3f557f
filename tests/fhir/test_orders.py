"""Suggested orders: every variant is valid FHIR R4 and says what it should."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from cds_service.fhir.orders import Subject, infusion_order, lab_order, validate_order
from cds_service.labels import load_label
from cds_service.web.startup import check_templates

TSH = ("http://loinc.org", "3016-3", "Thyrotropin [Units/volume] in Serum or Plasma")
STEROID = ("http://www.nlm.nih.gov/research/umls/rxnorm", "1743704", "methylprednisolone 1000 MG Injection")
DAY = date(2026, 3, 2)
SUBJECTS = [
    Subject("p1"),
    Subject("p1", "e1"),
    Subject("p1", None, "Practitioner/x"),
    Subject("p1", "e1", "PractitionerRole/x"),
    Subject("p1", "e1", "Patient/p1"),
]


def round_trip(order: dict[str, Any]) -> None:
    validate_order(order)
    model = get_fhir_model_class(order["resourceType"]).model_validate(order)
    assert json.loads(model.model_dump_json()) == order


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("last", [None, date(2026, 3, 20)])
def test_a_laboratory_order(subject: Subject, last: date | None) -> None:
    order = lab_order(TSH, "TSH", subject, first=DAY, last=last)
    round_trip(order)
    assert (order["status"], order["intent"]) == ("draft", "order")
    assert order["code"] == {"coding": [dict(zip(("system", "code", "display"), TSH, strict=True))], "text": "TSH"}
    assert ("encounter" in order) == (subject.encounter_id is not None)
    assert ("requester" in order) == (subject.requester is not None and subject.requester.startswith("Practitioner"))


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("dates", [(), (DAY,), (DAY, date(2026, 3, 5))])
def test_an_infusion_order(subject: Subject, dates: tuple[date, ...]) -> None:
    order = infusion_order(STEROID, 1000, subject, dates=dates, count=3, instruction="before the infusion")
    round_trip(order)
    (dosage,) = order["dosageInstruction"]
    assert dosage["doseAndRate"][0]["doseQuantity"]["value"] == 1000
    if dates:
        assert dosage["timing"]["event"] == [day.isoformat() for day in dates]
    else:
        assert dosage["timing"]["repeat"]["count"] == 3


def test_orders_do_not_share_what_could_be_changed() -> None:
    first, second = (lab_order(TSH, "TSH", Subject("p1"), first=DAY) for _ in range(2))
    first["category"][0]["coding"][0]["code"] = "changed"
    assert second["category"][0]["coding"][0]["code"] != "changed"


def test_an_order_that_is_not_fhir_is_refused() -> None:
    order = lab_order(TSH, "TSH", Subject("p1"), first=DAY)
    with pytest.raises(ValidationError):
        validate_order(order | {"occurrenceDateTime": "some day"})


def test_the_orders_of_the_label_are_valid() -> None:
    check_templates(load_label())

"""Medication resources: which drug, how much, when, which way, and what became of it."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cds_service.core.timeline import Administration, Dose, Exposure, Route
from tests.fhir.made import (
    ALEMTUZUMAB,
    CAMPATH,
    LEMTRADA,
    METHYLPREDNISOLONE,
    PREDNISONE,
    RXNORM,
    SNOMED,
    SUBJECT,
    administration,
    concept,
    given,
    mg,
    order,
    ordered,
    read,
    unused,
)

Json = dict[str, Any]
BASE = "https://fhir.example.org/r4"
URN = "urn:uuid:7b9a3e52-0000-4000-8000-000000000002"
PRODUCT: Json = {"resourceType": "Medication", "id": "m", "code": concept(RXNORM, LEMTRADA)}


def of(medication: Json, identity: str = "a1", **fields: Any) -> Json:
    """An administration whose medication is written this way."""
    return administration(identity, **{"medicationCodeableConcept": None, **medication, **fields})


def infusing(medication: Json, **fields: Any) -> Administration:
    """An administration of a Medication of the bundle, as read."""
    return given(of({"medicationReference": {"reference": "Medication/m"}}, **fields), medication)


# --- which drug -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "medication, resources",
    [
        ({"medicationCodeableConcept": concept(RXNORM, LEMTRADA)}, []),
        ({"medication": {"concept": concept(RXNORM, LEMTRADA)}}, []),
        ({"medicationReference": {"reference": "Medication/m"}}, [PRODUCT]),
        ({"medicationReference": {"reference": "Medication/m/_history/4"}}, [PRODUCT]),
        ({"medicationReference": {"reference": f"{BASE}/Medication/m"}}, [PRODUCT]),
        (
            {"medicationReference": {"reference": f"{BASE}/Medication/m"}},
            [{**PRODUCT, "fullUrl": f"{BASE}/Medication/m"}],
        ),
        (
            {"medicationReference": {"reference": f"{BASE}/Medication/m/_history/4"}},
            [{**PRODUCT, "fullUrl": f"{BASE}/Medication/m"}],
        ),
        ({"medicationReference": {"reference": URN}}, [{**PRODUCT, "fullUrl": URN}]),
        ({"medication": {"reference": {"reference": "Medication/m"}}}, [PRODUCT]),
        ({"medication": {"reference": "Medication/m"}}, [PRODUCT]),
        ({"medicationReference": {"reference": "#m"}, "contained": [PRODUCT]}, []),
        ({"medicationReference": {"reference": "#m"}, "contained": [{**PRODUCT, "id": "#m"}]}, []),
    ],
)
def test_the_drug_however_it_is_written(medication: Json, resources: list[Json]) -> None:
    record = given(of(medication), *resources)
    assert (set(record.concepts), record.by_text) == ({"lemtrada"}, False)


@pytest.mark.parametrize(
    "medication, concepts",
    [
        ({"medicationCodeableConcept": {"text": "alemtuzumab 12 mg IV"}}, {"alemtuzumab-unspecified"}),
        (
            {"medicationCodeableConcept": {"coding": [{"system": "urn:local", "code": "1", "display": "LEMTRADA"}]}},
            {"alemtuzumab-unspecified"},
        ),
        (
            {"medicationReference": {"reference": "Medication/gone", "display": "Lemtrada"}},
            {"alemtuzumab-unspecified"},
        ),
        ({"medicationReference": {"display": "Lemtrada"}}, {"alemtuzumab-unspecified"}),
        ({"medication": {"reference": {"display": "Campath"}}}, {"campath"}),
        ({"medicationCodeableConcept": {"text": "methylprednisolone 1 g"}}, {"methylprednisolone"}),
    ],
)
def test_a_name_serves_where_there_is_no_code(medication: Json, concepts: set[str]) -> None:
    record = given(of(medication))
    assert (set(record.concepts), record.by_text) == (concepts, True)


def test_codings_that_contradict_each_other_are_both_kept() -> None:
    both = {"coding": [{"system": RXNORM, "code": LEMTRADA}, {"system": RXNORM, "code": CAMPATH}]}
    assert given(of({"medicationCodeableConcept": both})).concepts == {"lemtrada", "campath"}


@pytest.mark.parametrize(
    "medication",
    [
        {"medicationCodeableConcept": concept(RXNORM, "161")},
        {"medicationCodeableConcept": {"text": "saline"}},
        {"medicationCodeableConcept": concept("urn:local", "77")},
        {"medicationReference": {"reference": "Medication/gone", "display": "saline"}},
        {"medicationReference": {"display": "saline"}},
    ],
)
def test_other_drugs_are_none_of_our_business(medication: Json) -> None:
    timeline = read(of(medication, status="entered-in-error"))
    assert (timeline.administrations, timeline.unused) == ((), ())


@pytest.mark.parametrize(
    "medication",
    [
        {"medicationReference": {"reference": "Medication/gone"}},
        {"medicationReference": {"reference": "#gone"}},
        {"medication": {"reference": {"reference": "Medication/gone", "display": "  "}}},
        {"medicationReference": {}},
        {"medicationCodeableConcept": {}},
        {"medicationCodeableConcept": {"coding": [{}], "text": " "}},
        {},
    ],
)
def test_a_medication_nobody_can_tell_is_named(medication: Json) -> None:
    timeline = read(of(medication))
    assert unused(timeline) == {("MedicationAdministration/a1", "unresolved-reference")}
    assert [record.concepts for record in timeline.administrations] == [frozenset()]


def test_a_medication_that_says_nothing_is_not_resolved() -> None:
    timeline = read(
        of({"medicationReference": {"reference": "Medication/m"}}), {"resourceType": "Medication", "id": "m"}
    )
    assert unused(timeline) == {("MedicationAdministration/a1", "unresolved-reference")}


def test_a_medication_of_another_server_is_not_the_one_here() -> None:
    local = {**PRODUCT, "fullUrl": f"{BASE}/Medication/m"}
    timeline = read(of({"medicationReference": {"reference": "https://other.example.org/Medication/m"}}), local)
    assert [record.concepts for record in timeline.administrations] == [frozenset()]


# --- mixtures and strengths -----------------------------------------------------------------------------------------


def mixture(*ingredients: Json, code: Json | None = None) -> Json:
    made: Json = {"resourceType": "Medication", "id": "m", "ingredient": list(ingredients)}
    return {**made, "code": code} if code is not None else made


def ingredient(code: str, strength: Json | None = None, **fields: Any) -> Json:
    made: Json = {"itemCodeableConcept": concept(RXNORM, code), **fields}
    return {**made, "strength": strength} if strength is not None else made


def per(value: float, unit: str, denominator: float, denominator_unit: str) -> Json:
    return {"numerator": mg(value, unit), "denominator": mg(denominator, denominator_unit)}


SALINE = ingredient("9863", per(100, "mL", 1, "{bag}"))
BAG = mixture(SALINE, ingredient(ALEMTUZUMAB, per(12, "mg", 101.2, "mL")))
BY_BAG = mixture(ingredient(ALEMTUZUMAB, per(12, "mg", 1, "{bag}")), SALINE)
VIAL = mixture(ingredient(ALEMTUZUMAB, per(12, "mg", 1.2, "mL")))
CONCENTRATE = mixture(ingredient(ALEMTUZUMAB, per(10, "mg", 1, "mL")))


@pytest.mark.parametrize(
    "medication, dose, expected",
    [
        (BAG, mg(101.2, "mL"), Dose(Decimal(12))),
        (BAG, mg(50.6, "mL"), Dose(Decimal(6))),
        (BAG, mg(12), Dose(Decimal(12))),
        (BAG, None, Dose(Decimal(12))),
        (BAG, {"value": 1, "unit": "bag"}, Dose(Decimal(12))),
        (BAG, {"value": 1}, Dose(Decimal(12))),
        (BAG, {"value": 12}, Dose(None)),
        (BAG, {"value": 12, "unit": "mcg"}, Dose(None)),
        (BAG, mg(-12), Dose(None)),
        (BY_BAG, mg(100, "mL"), Dose(Decimal(12))),
        (BY_BAG, {"value": 2, "unit": "bags"}, Dose(Decimal(24))),
        (BY_BAG, {"value": 2, "unit": "vial"}, Dose(None)),
        (BY_BAG, {"value": 12}, Dose(None)),
        (BY_BAG, None, Dose(Decimal(12))),
        (VIAL, mg(1.2, "mL"), Dose(Decimal(12))),
        (VIAL, {"value": 1, "unit": "vial"}, Dose(Decimal(12))),
        (VIAL, None, Dose(Decimal(12))),
        (VIAL, mg(101.2, "mL"), Dose(None, Decimal("101.2"))),
        (CONCENTRATE, mg(1.2, "mL"), Dose(Decimal(12))),
        (CONCENTRATE, mg(100, "mL"), Dose(None, Decimal(100))),
        (CONCENTRATE, {"value": 1, "unit": "vial"}, Dose(None)),
        (CONCENTRATE, None, None),
        (mixture(ingredient(ALEMTUZUMAB)), mg(100, "mL"), Dose(None, Decimal(100))),
        (mixture(ingredient(ALEMTUZUMAB, strengthQuantity=mg(12))), mg(100, "mL"), Dose(Decimal(12))),
        (mixture(ingredient(ALEMTUZUMAB, strengthQuantity=mg(12))), {"value": 12, "unit": "MG"}, Dose(None)),
        (mixture(ingredient(ALEMTUZUMAB, strengthRatio=per(12, "mg", 1, "{bag}"))), None, Dose(Decimal(12))),
        (mixture(ingredient(ALEMTUZUMAB, {"numerator": {"value": 12, "unit": "mcg"}})), None, None),
    ],
)
def test_a_mixtures_dose_is_the_ingredients_amount(medication: Json, dose: Json | None, expected: Dose | None) -> None:
    record = infusing(medication, dosage={"dose": dose} if dose is not None else None)
    assert record.concepts == {"alemtuzumab-unspecified"}
    assert record.dose == expected


def test_tablets_are_counted() -> None:
    tablets = mixture(ingredient(PREDNISONE, per(50, "mg", 1, "{tablet}")))
    record = infusing(tablets, dosage={"dose": {"value": 25, "unit": "tablets"}})
    assert (set(record.concepts), record.dose) == ({"prednisone"}, Dose(Decimal(1250)))


@pytest.mark.parametrize(
    "medication, concepts, by_text",
    [
        (mixture(SALINE, ingredient(LEMTRADA), code={"text": "infusion"}), {"lemtrada"}, False),
        (
            mixture(ingredient(ALEMTUZUMAB), code=concept(RXNORM, LEMTRADA)),
            {"lemtrada", "alemtuzumab-unspecified"},
            False,
        ),
        (
            mixture({"itemCodeableConcept": {"text": "alemtuzumab"}}, code=concept(RXNORM, LEMTRADA)),
            {"lemtrada"},
            False,
        ),
        (mixture({"itemCodeableConcept": {"text": "alemtuzumab"}}), {"alemtuzumab-unspecified"}, True),
        (
            mixture(ingredient(METHYLPREDNISOLONE), code={"text": "methylprednisolone bag"}),
            {"methylprednisolone"},
            False,
        ),
        (mixture({"item": {"concept": concept(RXNORM, LEMTRADA)}}), {"lemtrada"}, False),
        (
            mixture({"itemReference": {"reference": "Medication/other", "display": "Lemtrada"}}),
            {"alemtuzumab-unspecified"},
            True,
        ),
        (mixture(code=concept(RXNORM, LEMTRADA)), {"lemtrada"}, False),
    ],
)
def test_a_mixture_is_what_is_in_it(medication: Json, concepts: set[str], by_text: bool) -> None:  # noqa: FBT001 - a column of the table
    record = infusing(medication)
    assert (set(record.concepts), record.by_text) == (concepts, by_text)


def test_a_strength_named_by_text_serves_a_coded_product() -> None:
    vial = mixture(
        {"itemCodeableConcept": {"text": "alemtuzumab"}, "strength": per(12, "mg", 1, "{vial}")},
        code=concept(RXNORM, LEMTRADA),
    )
    record = infusing(vial, dosage={"dose": {"value": 1, "unit": "vial"}})
    assert (set(record.concepts), record.dose) == ({"lemtrada"}, Dose(Decimal(12)))


@pytest.mark.parametrize(
    "item", [{"itemReference": {"reference": "Medication/s"}}, {"item": {"reference": {"reference": "Medication/s"}}}]
)
def test_an_ingredient_may_be_a_medication_itself(item: Json) -> None:
    substance = {"resourceType": "Medication", "id": "s", "code": concept(RXNORM, LEMTRADA)}
    record = given(of({"medicationReference": {"reference": "Medication/m"}}), mixture(item), substance)
    assert record.concepts == {"lemtrada"}


# --- dose, route, request, identifiers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dosage, expected",
    [
        ({"dose": mg(12)}, Dose(Decimal(12))),
        ({"dose": mg(0.012, "g")}, Dose(Decimal(12))),
        ({"dose": mg(12_000, "ug")}, Dose(Decimal(12))),
        ({"doseQuantity": mg(12)}, Dose(Decimal(12))),
        ([{"dose": mg(12)}], Dose(Decimal(12))),
        ({"dose": mg(1.2, "mL")}, Dose(None, Decimal("1.2"))),
        ({"dose": {"value": "12", "unit": "mg"}}, Dose(Decimal(12))),
        ({"dose": {"value": 12}}, Dose(None)),
        ({"dose": {"value": 12, "unit": "milligrams"}}, Dose(None)),
        ({"dose": mg(-12)}, Dose(None)),
        ({"dose": {}}, None),
        ({"text": "12 mg"}, None),
        ({"rateQuantity": mg(3, "mg/h")}, None),
        ({"rateRatio": {"numerator": mg(12), "denominator": mg(4, "h")}}, None),
        ([], None),
    ],
)
def test_doses(dosage: object, expected: Dose | None) -> None:
    assert given(administration(dosage=dosage)).dose == expected


@pytest.mark.parametrize(
    "route, expected",
    [
        (concept(SNOMED, "47625008"), Route.INTRAVENOUS),
        ({"text": "subcutaneous"}, Route.OTHER),
        (None, None),
    ],
)
def test_routes(route: Json | None, expected: Route | None) -> None:
    assert given(administration(dosage={"dose": mg(12), "route": route})).route is expected


def test_requests_and_identifiers() -> None:
    fields: Json = {"request": {"reference": "MedicationRequest/r"}, "identifier": [{"system": "urn:a", "value": "1"}]}
    record = given(administration(**fields))
    assert (record.request, set(record.identifiers)) == ("MedicationRequest/r", {"urn:a|1"})


@pytest.mark.parametrize(
    "identifier, expected",
    [
        ({"system": "urn:a", "value": "1"}, {"urn:a|1"}),
        ([{"system": "urn:a", "value": "1"}, {"value": "2"}, {"system": "urn:b"}], {"urn:a|1", "None|2"}),
        ("1", set()),
        ([5], set()),
        (None, set()),
    ],
)
def test_identifiers_of_any_shape(identifier: object, expected: set[str]) -> None:
    assert given(administration(identifier=identifier)).identifiers == expected


@pytest.mark.parametrize(
    "meta, expected",
    [
        ({"lastUpdated": "2026-03-02T10:00:00-05:00"}, "2026-03-02T15:00:00.000000+00:00"),
        ({"lastUpdated": "2026-03-02T15:00:00.250Z"}, "2026-03-02T15:00:00.250000+00:00"),
        ({"lastUpdated": "2026-03-02"}, None),
        ({"lastUpdated": "yesterday"}, None),
        ({"lastUpdated": 5}, None),
        ("none", None),
        ({}, None),
        (None, None),
    ],
)
def test_versions_are_told_apart_by_instant_not_by_text(meta: object, expected: str | None) -> None:
    assert given(administration(meta=meta)).last_updated == expected


# --- status and time ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status, exposure, why",
    [
        ("completed", Exposure.GIVEN, None),
        ("in-progress", Exposure.STARTED, None),
        ("stopped", Exposure.STARTED, None),
        ("on-hold", Exposure.STARTED, None),
        ("not-done", Exposure.NONE, "not-done"),
        ("entered-in-error", Exposure.NONE, "entered-in-error"),
        ("unknown", Exposure.UNKNOWN, "bad-status"),
        ("done", Exposure.UNKNOWN, "bad-status"),
        (None, Exposure.UNKNOWN, "bad-status"),
        ({"text": "completed"}, Exposure.UNKNOWN, "bad-status"),
    ],
)
def test_statuses(status: object, exposure: Exposure, why: str | None) -> None:
    timeline = read(administration(status=status))
    assert timeline.administrations[0].exposure is exposure
    assert unused(timeline) == ({("MedicationAdministration/a1", why)} if why else set())


START = "2026-03-02T09:00:00-05:00"


@pytest.mark.parametrize(
    "time",
    [
        {"effectiveDateTime": START},
        {"effectivePeriod": {"start": START}},
        {"occurenceDateTime": START},
        {"occurencePeriod": {"start": START}},
        {"occurenceTiming": {"event": [START]}},
        {"occurrenceDateTime": START},
        {"occurrencePeriod": {"start": START}},
        {"occurrenceTiming": {"event": [START]}},
    ],
)
def test_times_of_either_version(time: Json) -> None:
    record = given(administration(**{"effectivePeriod": None, **time}))
    assert record.start is not None
    assert (record.start.first, record.why_not) == (date(2026, 3, 2), None)


@pytest.mark.parametrize(
    "time, why",
    [
        ({}, "no-date"),
        ({"effectivePeriod": {"end": START}}, "no-date"),
        ({"effectiveDateTime": ""}, "no-date"),
        ({"occurenceTiming": {"event": [START, START]}}, "no-date"),
        ({"effectiveDateTime": "2026-02-30"}, "bad-date"),
        ({"effectivePeriod": {"start": "soon", "end": START}}, "bad-date"),
    ],
)
def test_without_a_start_it_is_said_why(time: Json, why: str) -> None:
    timeline = read(administration(**{"effectivePeriod": None, **time}))
    assert (timeline.administrations[0].start, timeline.administrations[0].why_not) == (None, why)
    assert unused(timeline) == {("MedicationAdministration/a1", why)}


def test_a_bad_end_is_no_end() -> None:
    record = given(administration(effectivePeriod={"start": START, "end": "later"}))
    assert (record.end, record.why_not) == (None, None)


# --- orders and lists -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status, draft, active",
    [
        ("active", False, True),
        ("draft", True, False),
        ("completed", False, False),
        ("stopped", False, False),
        ("on-hold", False, False),
        ("unknown", False, False),
        (None, False, False),
        ({"text": "active"}, False, False),
    ],
)
def service_orders(status: object, draft: bool, active: bool) -> None:  # noqa: FBT001 - columns of the table
    found = ordered(order(status=status))
    assert (found.draft, found.active, set(found.concepts)) == (draft, active, {"lemtrada"})


@pytest.mark.parametrize(
    "fields, why",
    [
        ({"status": "cancelled"}, "not-done"),
        ({"status": "entered-in-error"}, "entered-in-error"),
        ({"doNotPerform": True}, "not-done"),
        (
            {"medicationCodeableConcept": None, "medicationReference": {"reference": "Medication/x"}},
            "unresolved-reference",
        ),
    ],
)
def test_void_orders_are_named(fields: Json, why: str) -> None:
    timeline = read(order(**fields))
    assert timeline.drug_orders == ()
    assert unused(timeline) == {("MedicationRequest/m1", why)}


def test_an_order_without_a_medication_says_nothing() -> None:
    assert read(order(medicationCodeableConcept=None)).unused == ()


def test_an_order_dated_badly_is_kept_and_named() -> None:
    for fields in ({"authoredOn": "x"}, {"dosageInstruction": [{"timing": {"event": ["x"]}}]}):
        timeline = read(order(**fields))
        assert len(timeline.drug_orders) == 1
        assert unused(timeline) == {("MedicationRequest/m1", "bad-date")}


def test_an_orders_route_is_the_first_one_stated() -> None:
    found = ordered(order(dosageInstruction=[{}, {"route": {"text": "IV"}}, {"route": {"text": "oral"}}]))
    assert found.route is Route.INTRAVENOUS


def test_an_orders_dose_may_be_its_medications() -> None:
    found = ordered(order(medicationCodeableConcept=None, medicationReference={"reference": "Medication/m"}), BAG)
    assert found.daily_dose == Dose(Decimal(12))


@pytest.mark.parametrize(
    "fields, day",
    [
        (
            {"resourceType": "MedicationStatement", "status": "active", "effectiveDateTime": "2025-01-02"},
            date(2025, 1, 2),
        ),
        (
            {"resourceType": "MedicationStatement", "status": "stopped", "effectivePeriod": {"start": "2025-01-02"}},
            date(2025, 1, 2),
        ),
        ({"resourceType": "MedicationStatement", "status": "unknown", "dateAsserted": "2025-01-02"}, date(2025, 1, 2)),
        ({"resourceType": "MedicationUsage", "status": "recorded"}, None),
        (
            {"resourceType": "MedicationDispense", "status": "completed", "whenHandedOver": "2025-01-02"},
            date(2025, 1, 2),
        ),
        ({"resourceType": "MedicationStatement"}, None),
        ({"resourceType": "MedicationStatement", "status": {"text": "active"}}, None),
    ],
)
def test_lists_and_dispensing_mention_a_drug(fields: Json, day: date | None) -> None:
    mention = {"id": "x", "medicationCodeableConcept": concept(RXNORM, LEMTRADA), "subject": SUBJECT, **fields}
    (found,) = read(mention).mentions
    assert found.concepts == {"lemtrada"}
    assert (found.when.first if found.when else None) == day


@pytest.mark.parametrize(
    "status, why", [("not-taken", "not-done"), ("entered-in-error", "entered-in-error"), ("declined", "not-done")]
)
@pytest.mark.parametrize("kind", ["MedicationStatement", "MedicationDispense"])
def test_void_mentions_are_named(kind: str, status: str, why: str) -> None:
    mention = {
        "resourceType": kind,
        "id": "x",
        "status": status,
        "medicationCodeableConcept": concept(RXNORM, LEMTRADA),
        "subject": SUBJECT,
    }
    timeline = read(mention)
    assert timeline.mentions == ()
    assert unused(timeline) == {(f"{kind}/x", why)}


def test_an_unresolved_mention_is_named() -> None:
    mention = {"resourceType": "MedicationStatement", "id": "x", "status": "active", "subject": SUBJECT}
    timeline = read({**mention, "medicationReference": {"reference": "Medication/gone"}})
    assert unused(timeline) == {("MedicationStatement/x", "unresolved-reference")}
    assert read(mention).unused == ()

"""Values that matter: what a test found, and CD4 counts in whatever unit they are written."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from cds_service.core.timeline import Outcome
from cds_service.fhir.outcomes import read_bounded_count, read_outcome
from cds_service.fhir.structs import Quantity, resource_decoder
from tests.fhir.made import LOINC, SNOMED, UCUM, Json, as_bytes, concept, observation, panel, read, report, without

V3 = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
POSITIVE, NEGATIVE, OPEN = Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.INDETERMINATE
CD4, CD4_PERCENT, HIV_SCREEN, HIV_RNA = "24467-3", "8123-2", "56888-1", "25836-8"


def outcome(**fields: Any) -> Outcome | None:
    return read_outcome(resource_decoder.decode(as_bytes({"resourceType": "Observation", **fields})))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Positive", POSITIVE),
        ("REACTIVE", POSITIVE),
        ("repeatedly reactive", POSITIVE),
        ("Detected", POSITIVE),
        ("POS", POSITIVE),
        ("Negative", NEGATIVE),
        ("neg", NEGATIVE),
        ("Non-Reactive", NEGATIVE),
        ("Nonreactive", NEGATIVE),
        ("non reactive", NEGATIVE),
        ("Not detected", NEGATIVE),
        ("None detected", NEGATIVE),
        ("not present", NEGATIVE),
        ("Undetectable", NEGATIVE),
        ("Indeterminate", OPEN),
        ("Inconclusive: bands present", OPEN),
        ("Equivocal", OPEN),
        ("HIV-1 positive, HIV-2 negative", POSITIVE),
        ("HIV-1 negative; HIV-2 negative", NEGATIVE),
        ("HIV-1 negative and HIV-2 positive", POSITIVE),
        ("HIV-1 positive, HIV-2 indeterminate", OPEN),
        ("Negative. Positive control valid", NEGATIVE),
        ("HIV-1 Reactive / HIV-2 Non-reactive", POSITIVE),
        ("HIV-1 Ab: Positive HIV-2 Ab: Negative", POSITIVE),
        ("HIV-1 Ab: Negative HIV-2 Ab: Positive", POSITIVE),
        ("HIV-1 reactive | HIV-2 nonreactive", POSITIVE),
        ("HIV-1 negative - HIV-2 positive", POSITIVE),
        ("HIV-1 positive\tHIV-2 negative", POSITIVE),
        ("HIV-2 not detected HIV-1 detected", POSITIVE),
        ("HIV-1 REACTIVE / HIV-2 INDETERMINATE", OPEN),
        ("HIV-2 negative without doubt HIV-1 reactive", OPEN),
        ("Non-reactive / Non-reactive", NEGATIVE),
        ("Non\u2011reactive", NEGATIVE),
        ("Not positive", NEGATIVE),
        ("Negative positive control valid", NEGATIVE),
        ("Non-reactive. If reactive, please confirm.", NEGATIVE),
        ("Negative; early infection may be present", NEGATIVE),
        ("HIV-1 reactive, may be recent; HIV-2 negative", POSITIVE),
        ("No HIV antibodies detected", None),
        ("see comment", None),
        ("positively no idea", None),
        ("", None),
        ("HIV-2 negative " + "x" * 300 + " HIV-1 positive", POSITIVE),
        ("HIV-2 negative " + "x" * 5000 + " HIV-1 positive", None),
    ],
)
@pytest.mark.parametrize("where", ["valueString", "text", "display", "interpretation"])
def test_words_say_what_a_test_found(where: str, text: str, expected: Outcome | None) -> None:
    shapes: dict[str, Json] = {
        "valueString": {"valueString": text},
        "text": {"valueCodeableConcept": {"text": text}},
        "display": {"valueCodeableConcept": {"coding": [{"display": text}]}},
        "interpretation": {"interpretation": [{"text": text}]},
    }
    assert outcome(**shapes[where]) is expected


@pytest.mark.parametrize(
    "code, expected",
    [
        ("POS", POSITIVE),
        ("pos", POSITIVE),
        ("RR", POSITIVE),
        ("WR", POSITIVE),
        ("DET", POSITIVE),
        ("NEG", NEGATIVE),
        ("NR", NEGATIVE),
        ("ND", NEGATIVE),
        ("IND", OPEN),
        ("E", OPEN),
        ("R", None),  # resistant
        ("A", None),
        ("N", None),
        ("H", None),
    ],
)
def test_interpretation_codes(code: str, expected: Outcome | None) -> None:
    assert outcome(interpretation=[concept(V3, code)]) is expected
    assert outcome(interpretation=concept(V3, code)) is expected


@pytest.mark.parametrize(
    "system, code, expected",
    [
        (SNOMED, "10828004", POSITIVE),
        (SNOMED, "260373001", POSITIVE),
        (SNOMED, "260385009", NEGATIVE),
        (SNOMED, "260415000", NEGATIVE),
        (SNOMED, "82334004", OPEN),
        (LOINC, "LA6576-8", POSITIVE),
        (LOINC, "LA6577-6", NEGATIVE),
        ("http://example.org/local", "10828004", None),
    ],
)
def test_coded_values(system: str, code: str, expected: Outcome | None) -> None:
    assert outcome(valueCodeableConcept=concept(system, code)) is expected


@pytest.mark.parametrize(
    "fields, expected",
    [
        ({"interpretation": [concept(V3, "NEG"), concept(V3, "POS")]}, POSITIVE),
        ({"interpretation": [{"text": "HIV-2 negative"}, {"text": "HIV-1 positive"}]}, POSITIVE),
        (
            {"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": c} for c in ("260385009", "10828004")]}},
            POSITIVE,
        ),
        ({"valueCodeableConcept": {"text": "Negative", "coding": [{"display": "HIV-1 reactive"}]}}, POSITIVE),
        ({"interpretation": [concept(V3, "NEG")], "valueString": "Positive"}, NEGATIVE),
        ({"interpretation": [concept(V3, "A")], "valueString": "Positive"}, POSITIVE),
        (
            {"interpretation": [concept(V3, "H")], "valueCodeableConcept": concept(SNOMED, "260385009", text="Pos")},
            NEGATIVE,
        ),
        ({"valueCodeableConcept": {"coding": [{"code": "?"}], "text": "Reactive"}}, POSITIVE),
        ({"interpretation": "garbage", "valueString": "Negative"}, NEGATIVE),
        ({"interpretation": None, "valueBoolean": True}, POSITIVE),
        ({"valueBoolean": False}, NEGATIVE),
        ({}, None),
    ],
)
def test_interpretation_comes_first_then_the_coded_value_then_text(fields: Json, expected: Outcome | None) -> None:
    assert outcome(**fields) is expected


@pytest.mark.parametrize(
    "quantity, expected",
    [
        ({"value": 54000, "unit": "copies/mL"}, POSITIVE),
        ({"value": 54000}, POSITIVE),
        ({"value": "31", "code": "{copies}/mL"}, POSITIVE),
        ({"value": 0, "unit": "copies/mL"}, NEGATIVE),
        ({"value": 10000000, "comparator": ">", "unit": "copies/mL"}, POSITIVE),
        ({"value": 20, "comparator": "<", "unit": "copies/mL"}, OPEN),
        ({"value": 0.08, "unit": "S/CO"}, None),
        ({"value": 12.4, "code": "{s_co_ratio}"}, None),
        ({"value": 0.1, "unit": "index"}, None),
        ({"value": -1, "unit": "copies/mL"}, None),
        ({"value": "many", "unit": "copies/mL"}, None),
        ({"unit": "copies/mL"}, None),
    ],
)
def test_an_amount_above_zero_was_detected_an_index_says_nothing(quantity: Json, expected: Outcome | None) -> None:
    assert outcome(valueQuantity=quantity) is expected


@pytest.mark.parametrize(
    "value, unit, code, expected",
    [
        (260, "cells/uL", None, 260),
        (260, None, "{cells}/uL", 260),
        (260, "/uL", "/uL", 260),
        (260, "cells/mcL", None, 260),
        (260, "cells/\u00b5L", None, 260),
        (260, "cells/\u03bcl", None, 260),
        (260, "cells/mm3", None, 260),
        (260, "cells/mm\u00b3", None, 260),
        (260, "/cumm", None, 260),
        (260, "#/uL", None, 260),
        (0.2, None, "10*9/L", 200),
        ("0.200", "10^9/L", None, 200),
        (0.2, "x10E9/L", None, 200),
        (0.2, "\u00d710\u00b3/\u00b5L", None, 200),
        (0.2, "K/uL", None, 200),
        (0.26, None, "10*3/uL", 260),
        (260, None, "10*6/L", 260),
        (260000, None, "/mL", 260),
        (21, "%", "%", None),
        (260, "mg/dL", None, None),
        (260, None, None, None),
        (260, "x" * 50, None, None),
        ("many", "cells/uL", None, None),
        (-5, "cells/uL", None, None),
    ],
)
def test_cd4_counts_in_cells_per_microliter(
    value: float | str, unit: str | None, code: str | None, expected: int | None
) -> None:
    quantity = Quantity(value=value, unit=unit, code=code, system=UCUM if code else None)
    found, _ = read_bounded_count(quantity)
    assert found == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    "comparator, bound", [("<", "<"), ("<=", "<="), (">", ">"), (">=", ">="), (None, None), ("ad", "?")]
)
def test_a_bound_is_written_beside_the_count(comparator: str | None, bound: str | None) -> None:
    quantity = Quantity(value=0.5, unit="10*9/L", comparator=comparator)
    assert read_bounded_count(quantity) == ((None, None) if bound == "?" else (500, bound))


def test_nothing_is_no_count() -> None:
    assert read_bounded_count(None) == (None, None)


def test_a_code_of_another_system_is_read_by_its_unit_text() -> None:
    odd = Quantity(value=260, unit="cells/uL", code="10*9/L", system="http://example.org/units")
    assert read_bounded_count(odd)[0] == 260


# --- as parts of a record -------------------------------------------------------------------------------------------


def quantity(value: float, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def test_a_count_is_measured_and_a_result() -> None:
    timeline = read(observation("cd4", CD4, valueQuantity=quantity(0.26, "10*9/L")))
    (found,) = timeline.measured["cd4-count"]
    assert (found.amount, found.outcome, found.reference) == (Decimal(260), None, "Observation/cd4")
    assert [item.reference for item in timeline.results["cd4-count"]] == ["Observation/cd4"]


@pytest.mark.parametrize(
    "comparator, value, below",
    [
        (None, 199, True),
        (None, 200, False),
        ("<", 200, True),
        ("<", 201, None),
        ("<=", 199, True),
        ("<=", 200, None),
        (">", 150, None),
        (">", 200, False),
        (">=", 199, None),
        (">=", 200, False),
    ],
)
def test_a_bound_proves_what_it_proves(comparator: str | None, value: float, below: bool | None) -> None:  # noqa: FBT001 - a column of the table
    made = without({**quantity(value, "/uL"), "comparator": comparator})
    (found,) = read(observation("cd4", CD4, valueQuantity=made)).measured["cd4-count"]
    assert found.is_below(Decimal(200)) is below


HIV_CONFIRM = "80203-3"


@pytest.mark.parametrize(
    "text, doubted", [("HIV-1 Reactive / HIV-2 Non-reactive", True), ("Non-reactive", False), ("see note", False)]
)
@pytest.mark.parametrize(
    "fields",
    [
        {"status": "preliminary"},
        {"status": "partial"},
        {"status": "unknown"},
        {"effectiveDateTime": None},
        {"effectiveDateTime": None, "status": "preliminary"},
    ],
)
def test_a_positive_test_that_cannot_be_used_is_not_silence(fields: Json, text: str, doubted: bool) -> None:  # noqa: FBT001 - a column of the table
    timeline = read(observation("s", HIV_CONFIRM, **{"valueQuantity": None, "valueString": text, **fields}))
    assert not timeline.measured
    assert ("hiv-confirmatory" in timeline.unread) is doubted


@pytest.mark.parametrize("status", ["registered", "entered-in-error", "cancelled"])
def test_a_positive_test_that_is_none_is_nothing(status: str) -> None:
    made = observation("s", HIV_CONFIRM, status=status, valueQuantity=None, valueString="Positive")
    assert not read(made).unread


@pytest.mark.parametrize(
    "fields, doubted",
    [
        ({"conclusion": "HIV-1 positive"}, True),
        ({"conclusion": "HIV-1 negative"}, False),
        ({"conclusionCode": [concept(SNOMED, "10828004")]}, True),
        ({"conclusionCode": [{"text": "Reactive"}]}, True),
        ({"conclusionCode": [concept(SNOMED, "260385009")]}, False),
        ({"conclusion": "Positive", "status": "preliminary"}, True),
        ({"conclusion": "Positive", "effectiveDateTime": None}, True),
        ({"conclusion": "Positive", "status": "entered-in-error"}, False),
        ({"conclusion": 7}, False),
        ({}, False),
    ],
)
def test_a_report_that_concludes_a_positive_test_is_not_silence(fields: Json, doubted: bool) -> None:  # noqa: FBT001 - a column of the table
    assert ("hiv-confirmatory" in read(report("d", HIV_CONFIRM, **fields)).unread) is doubted


def test_a_percentage_is_no_count() -> None:
    assert "cd4-count" not in read(observation("cd4", CD4_PERCENT, valueQuantity=quantity(21, "%"))).measured


def test_a_component_is_measured_by_itself() -> None:
    parts = [
        {"code": concept(LOINC, CD4), "valueQuantity": quantity(180, "/uL")},
        {"code": concept(LOINC, CD4_PERCENT), "valueQuantity": quantity(21, "%")},
    ]
    (found,) = read(panel("p", {"text": "Lymphocytes"}, component=parts)).measured["cd4-count"]
    assert found.amount == 180


@pytest.mark.parametrize("status", ["preliminary", "registered", "entered-in-error", "unknown", "cancelled"])
def test_only_usable_results_are_measured(status: str) -> None:
    unusable = observation("s", HIV_SCREEN, status=status, valueQuantity=None, valueString="Reactive")
    assert not read(unusable).measured


def test_a_value_nobody_can_read_is_measured_as_unread() -> None:
    (found,) = read(observation("s", HIV_SCREEN, valueQuantity=None, valueString="see report")).measured[
        "hiv-screening"
    ]
    assert (found.amount, found.outcome) == (None, None)


def test_a_viral_load_that_was_detected_is_positive() -> None:
    (found,) = read(observation("r", HIV_RNA, valueQuantity={"value": 54000, "unit": "copies/mL"})).measured[
        "hiv-viral-load"
    ]
    assert found.outcome is POSITIVE


def test_a_panel_without_a_value_measures_nothing_by_itself() -> None:
    member = observation("s", HIV_SCREEN, valueQuantity=None, valueString="Reactive")
    whole = panel("p", "85037-0", hasMember=[{"reference": "Observation/s"}])
    assert [item.reference for item in read(whole, member).measured["hiv-screening"]] == ["Observation/s"]


def test_an_interpretation_of_the_wrong_shape_is_passed_over() -> None:
    resource = resource_decoder.decode(as_bytes(without({"resourceType": "Observation", "valueString": "Reactive"})))
    resource.interpretation = msgspec.Raw(b"null")
    assert read_outcome(resource) is POSITIVE

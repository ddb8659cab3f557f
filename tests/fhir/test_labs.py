"""Results: which count, under which test, dated when; and why the others do not."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.core.timeline import Timeline
from tests.fhir.made import (
    CBC_PANEL,
    CREATININE,
    LOINC,
    METABOLIC_PANEL,
    NEUTROPHILS,
    PLATELETS,
    SNOMED,
    SUBJECT,
    THYROID_PANEL,
    TSH,
    UNRELATED,
    concept,
    facts,
    observation,
    panel,
    read,
    report,
    unused,
    used,
)


def part(code: str, **value: Any) -> dict[str, Any]:
    return {"code": concept(LOINC, code), **value}


NUMBER = {"valueQuantity": {"value": 4.2, "unit": "10*3/uL"}}
DATA_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
ABSENT = {"dataAbsentReason": {"text": "unknown"}}


# --- status ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["final", "amended", "corrected", "appended"])
def test_these_statuses_count(status: str) -> None:
    timeline = read(observation(status=status))
    assert used(timeline) == ["Observation/o1"]
    assert timeline.unused == ()


@pytest.mark.parametrize("status", ["preliminary", "partial"])
def test_preliminary_results_are_known_but_do_not_count(status: str) -> None:
    timeline = read(observation(status=status))
    assert used(timeline) == []
    assert [result.reference for result in timeline.pending["tsh"]] == ["Observation/o1"]
    assert unused(timeline) == {("Observation/o1", "preliminary")}
    assert timeline.unread == {}


@pytest.mark.parametrize(
    "status, why, in_doubt",
    [
        ("registered", "not-done", False),
        ("cancelled", "not-done", False),
        ("entered-in-error", "entered-in-error", False),
        ("unknown", "bad-status", False),
        ("Final", "bad-status", True),
        ("done", "bad-status", True),
        ("", "bad-status", True),
        (None, "bad-status", True),
        ({"text": "final"}, "bad-status", True),
    ],
)
@pytest.mark.parametrize("kind", ["Observation", "DiagnosticReport"])
def test_other_statuses_do_not_count(kind: str, status: object, why: str, in_doubt: bool) -> None:  # noqa: FBT001 - a column of the table
    timeline = read(observation(resourceType=kind, status=status))
    assert facts(timeline) == set()
    assert unused(timeline) == {(f"{kind}/o1", why)}
    assert bool(timeline.unread) is in_doubt


# --- value ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        {"valueQuantity": {"value": 0}},
        {"valueQuantity": {"value": "1.5"}},
        {"valueQuantity": {"value": 0.01, "comparator": "<"}},
        {"valueString": "None seen"},
        {"valueString": "0-2"},
        {"valueBoolean": False},
        {"valueInteger": 0},
        {"valueCodeableConcept": {"text": "negative"}},
        {"valueCodeableConcept": {"coding": [{"code": "N"}]}},
        {"valueRange": {"low": {"value": 1}}},
        {"valueRatio": {"numerator": {"value": 1}}},
        {"valueSampledData": {"dimensions": 1}},
        {"valueTime": "08:00:00"},
        {"valueDateTime": "2026"},
        {"valuePeriod": {"start": "2026"}},
        {"valueAttachment": {"url": "x"}},
        {"valueReference": {"reference": "x"}},
        {"valueQuantity": {"value": 1}, **ABSENT},
        {"valueString": "see note"},
        {"valueString": "not performed by us, 1.5 elsewhere"},
        {"valueCodeableConcept": concept(DATA_ABSENT, "unknown", text="Normal")},
        {"valueCodeableConcept": {"coding": [{"system": DATA_ABSENT, "code": "unknown"}, {"code": "N"}]}},
        {"valueCodeableConcept": {"text": "Normal"}},
    ],
)
def test_any_value_is_a_value(value: dict[str, Any]) -> None:
    timeline = read(observation(**{"valueQuantity": None, **value}))
    assert used(timeline) == ["Observation/o1"]


@pytest.mark.parametrize(
    "value",
    [
        {},
        ABSENT,
        {"valueQuantity": {}},
        {"valueQuantity": {"unit": "mIU/L"}},
        {"valueQuantity": {"value": "  "}},
        {"valueString": ""},
        {"valueString": "  "},
        {"valueCodeableConcept": {}},
        {"valueCodeableConcept": {"coding": [{}]}},
        {"valueCodeableConcept": concept(DATA_ABSENT, "not-performed", "Not Performed", "not performed")},
        {"valueCodeableConcept": concept(DATA_ABSENT, "error")},
        {"valueCodeableConcept": concept("http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "NASK")},
        {"valueCodeableConcept": concept(SNOMED, "262008008")},
        {"valueCodeableConcept": {"text": "Test not performed"}},
        {"valueCodeableConcept": concept("http://example.org/results", "QNS", "Quantity not sufficient")},
        {"valueString": "Test not performed"},
        {"valueString": " QNS. "},
        {"valueString": "CANCELLED"},
        {"valueString": "canceled"},
        {"valueString": "Specimen  hemolyzed"},
        {"valueString": "Pending"},
        {"valueRange": {}},
        {"valueRange": None},
        {"component": []},
        {"component": [part(UNRELATED, **ABSENT)]},
    ],
)
def test_without_a_value_there_is_no_result(value: dict[str, Any]) -> None:
    resource = observation(valueQuantity=None)
    timeline = read({**resource, **value})
    assert facts(timeline) == set()
    assert unused(timeline) == {("Observation/o1", "no-value")}
    assert timeline.unread == {}


@pytest.mark.parametrize(
    "second",
    [
        {"valueString": "1.5"},
        {"valueBoolean": True},
        {"valueRange": {"low": {"value": 1}}},
        {"valuePeriod": {"start": "2026"}},
        {"valueInteger": 3},
    ],
)
def test_two_values_contradict_each_other(second: dict[str, Any]) -> None:
    timeline = read(observation(**second))
    assert used(timeline) == []
    assert unused(timeline) == {("Observation/o1", "unreadable")}
    assert set(timeline.unread) == {"tsh"}
    inside = read(panel(component=[part(PLATELETS, **NUMBER, **second)]))
    assert facts(inside) == set()
    assert unused(inside) == {("Observation/panel", "unreadable")}


@pytest.mark.parametrize(
    "value, counts",
    [
        ({"valueQuantity": {"value": 150}}, True),
        ({"valueQuantity": {"value": "150"}}, True),
        ({"valueInteger": 150}, True),
        ({"valueString": "150"}, True),
        ({"valueString": " 150.0 "}, True),
        ({"valueString": "clumped"}, False),
        ({"valueString": "150 K/uL"}, False),
        ({"valueString": "NaN"}, False),
        ({"valueQuantity": {"value": "many"}}, False),
        ({"valueCodeableConcept": {"text": "adequate"}}, False),
        ({"valueBoolean": True}, False),
    ],
)
def test_platelets_must_be_a_number(value: dict[str, Any], counts: bool) -> None:  # noqa: FBT001 - a column of the table
    timeline = read(observation(**{"code": PLATELETS, "valueQuantity": None, **value}))
    assert used(timeline, "platelets") == (["Observation/o1"] if counts else [])
    assert unused(timeline) == (set() if counts else {("Observation/o1", "no-value")})
    inside = read(panel("x", "85354-9", component=[part(PLATELETS, **value)]))
    assert used(inside, "platelets") == (["Observation/x"] if counts else [])


# --- time -----------------------------------------------------------------------------------------------------------

DAY = date(2026, 2, 16)
UNDATED = {"effectiveDateTime": None}


@pytest.mark.parametrize(
    "times, day, issued_only",
    [
        ({"effectiveDateTime": "2026-02-16"}, DAY, False),
        ({"effectivePeriod": {"start": "2026-02-16T08:00:00-05:00", "end": "2026-02-18"}}, DAY, False),
        ({"effectiveInstant": "2026-02-16T08:00:00-05:00"}, DAY, False),
        ({"effectiveTiming": {"event": ["2026-02-18", "2026-02-16"]}}, DAY, False),
        ({"effectiveTiming": {"event": ["2026-02-16T23:00:00-05:00", "2026-02-17T01:00:00+01:00"]}}, DAY, False),
        ({"effectiveTiming": {"repeat": {"boundsPeriod": {"start": "2026-02-16"}}}}, DAY, False),
        ({"effectiveDateTime": "2026-02-16", "issued": "2026-02-19T08:00:00Z"}, DAY, False),
        ({"issued": "2026-02-16T08:00:00Z"}, DAY, True),
        ({"effectivePeriod": {"end": "2026-02-18"}, "issued": "2026-02-16T08:00:00Z"}, DAY, True),
        ({"effectiveTiming": {}, "issued": "2026-02-16T08:00:00Z"}, DAY, True),
        ({"effectiveDateTime": "", "issued": "2026-02-16T08:00:00Z"}, DAY, True),
    ],
)
def test_the_time_that_counts(times: dict[str, Any], day: date, issued_only: bool) -> None:  # noqa: FBT001 - a column of the table
    (result,) = read(observation(**{**UNDATED, **times})).results["tsh"]
    assert (result.when.first, result.issued_only) == (day, issued_only)


def test_a_partial_date_stays_an_interval() -> None:
    (result,) = read(observation(effectiveDateTime="2026-02")).results["tsh"]
    assert (result.when.first, result.when.last) == (date(2026, 2, 1), date(2026, 2, 28))


@pytest.mark.parametrize(
    "times, why",
    [
        ({}, "no-date"),
        ({"effectivePeriod": {"end": "2026-02-16"}}, "no-date"),
        ({"effectiveTiming": {}}, "no-date"),
        ({"effectiveDateTime": "2026-02-30"}, "bad-date"),
        ({"effectiveDateTime": "2026-02-30", "issued": "2026-02-16T08:00:00Z"}, "bad-date"),
        ({"effectivePeriod": {"start": "soon"}}, "bad-date"),
        ({"effectiveInstant": "x"}, "bad-date"),
        ({"effectiveTiming": {"event": ["2026-02-16", "x"]}}, "bad-date"),
        ({"issued": "0000-01-01T00:00:00Z"}, "bad-date"),
    ],
)
@pytest.mark.parametrize("kind", ["Observation", "DiagnosticReport"])
def test_an_unreadable_date_leaves_doubt_an_absent_one_does_not(kind: str, times: dict[str, Any], why: str) -> None:
    timeline = read(observation(**{"resourceType": kind, **UNDATED, **times}))
    assert unused(timeline) == {(f"{kind}/o1", why)}
    assert set(timeline.unread) == ({"tsh"} if why == "bad-date" else set())


def test_z_is_the_sites_day_when_a_zone_is_set() -> None:
    late = observation(effectiveDateTime="2026-02-17T02:00:00Z")
    assert read(late).results["tsh"][0].when.first == date(2026, 2, 17)
    assert read(late, zone="America/New_York").results["tsh"][0].when.first == DAY


# --- codes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code, concept_id",
    [
        (TSH, "tsh"),
        (CREATININE, "serum-creatinine"),
        (NEUTROPHILS, "differential"),
        ("57023-4", "differential"),
        ("2890-2", "urine-protein-creatinine-ratio"),
        ("9318-7", "upcr-look-alikes"),
        ("2161-8", "creatinine-look-alikes"),
        ("33914-3", "creatinine-look-alikes"),
        ("3024-7", "tsh-look-alikes"),
        ("5385-0", "tsh-look-alikes"),
        ("5821-4", "urine-cell-counts"),
    ],
)
def test_results_are_filed_under_what_their_code_means(code: str, concept_id: str) -> None:
    timeline = read(observation(code=concept(LOINC, code)))
    assert list(timeline.results) == [concept_id]


@pytest.mark.parametrize("code", [None, {}, {"text": "TSH"}, concept(LOINC, UNRELATED), concept("urn:local", TSH)])
def test_other_observations_are_none_of_our_business(code: object) -> None:
    timeline = read(observation(code=code, status="entered-in-error"))
    assert (timeline.results, timeline.unused, timeline.unread) == ({}, (), {})


def test_any_of_several_codings_decides() -> None:
    codings = {"coding": [{"system": "urn:local", "code": "9"}, {"system": LOINC, "code": TSH}]}
    assert used(read(observation(code=codings))) == ["Observation/o1"]


# --- panels ---------------------------------------------------------------------------------------------------------


def test_components_are_results_of_their_own() -> None:
    timeline = read(
        panel(component=[part(PLATELETS, **NUMBER), part(NEUTROPHILS, **NUMBER), part(UNRELATED, **NUMBER)])
    )
    assert {concept_id: used(timeline, concept_id) for concept_id in timeline.results} == {
        "platelets": ["Observation/panel"],
        "differential": ["Observation/panel"],
        "cbc-with-differential-panel": ["Observation/panel"],
    }


def test_a_component_without_a_value_is_none() -> None:
    timeline = read(panel("x", "85354-9", component=[part(PLATELETS, **NUMBER), part(TSH, **ABSENT)]))
    assert list(timeline.results) == ["platelets"]


def test_a_member_panel_counts_only_through_its_parts() -> None:
    timeline = read(panel("x", METABOLIC_PANEL, component=[part(CREATININE, **NUMBER)]))
    assert list(timeline.results) == ["serum-creatinine"]
    without = read(panel("x", METABOLIC_PANEL, component=[part(UNRELATED, **NUMBER)]))
    assert (without.results, without.unused) == ({}, ())


MEMBER = observation("m", NEUTROPHILS)
URN = "urn:uuid:7b9a3e52-0000-4000-8000-000000000001"
BASE = "https://fhir.example.org/r4"


@pytest.mark.parametrize(
    "reference, member",
    [
        ("Observation/m", MEMBER),
        ("Observation/m/_history/2", MEMBER),
        (f"{BASE}/Observation/m", MEMBER),
        (f"{BASE}/Observation/m", {**MEMBER, "fullUrl": f"{BASE}/Observation/m"}),
        (f"{BASE}/Observation/m/_history/2", {**MEMBER, "fullUrl": f"{BASE}/Observation/m"}),
        ("Observation/m", {**MEMBER, "fullUrl": f"{BASE}/Observation/m"}),
        (URN, {**MEMBER, "fullUrl": URN}),
    ],
)
@pytest.mark.parametrize("make", [panel, report])
def test_a_panel_is_usable_by_a_member_however_it_refers_to_it(
    make: Any, reference: str, member: dict[str, Any]
) -> None:
    field = "hasMember" if make is panel else "result"
    timeline = read(make("x", CBC_PANEL, **{field: [{"reference": reference}]}), member)
    holder = "Observation/x" if make is panel else "DiagnosticReport/x"
    assert used(timeline, "cbc-with-differential-panel") == [holder]
    assert used(timeline, "differential") == ["Observation/m"]
    assert timeline.unused == ()


@pytest.mark.parametrize("make", [panel, report])
def test_contained_members_are_results(make: Any) -> None:
    inner = {k: v for k, v in MEMBER.items() if k not in {"subject", "effectiveDateTime"}}
    field = "hasMember" if make is panel else "result"
    timeline = read(make("x", CBC_PANEL, contained=[inner], **{field: [{"reference": "#m"}]}))
    holder = "Observation/x" if make is panel else "DiagnosticReport/x"
    assert used(timeline, "cbc-with-differential-panel") == [holder]
    assert used(timeline, "differential") == [f"{holder}#m"]
    assert timeline.results["differential"][0].when.first == DAY


@pytest.mark.parametrize(
    "times",
    [
        {"effectivePeriod": {"start": "2026-02-16"}},
        {"effectiveInstant": "2026-02-16T00:00:00-05:00"},
        {"effectiveTiming": {"event": ["2026-02-16"]}},
        {"issued": "2026-02-16T00:00:00-05:00"},
    ],
)
def test_a_contained_result_has_its_reports_time(times: dict[str, Any]) -> None:
    inner = {k: v for k, v in MEMBER.items() if k not in {"subject", "effectiveDateTime"}}
    timeline = read(report(contained=[inner], result=[{"reference": "#m"}], effectiveDateTime=None, **times))
    assert timeline.results["differential"][0].when.first == DAY


def test_a_contained_tsh_of_a_thyroid_panel_counts() -> None:
    inner = observation("t", TSH, subject=None)
    timeline = read(panel("x", THYROID_PANEL, contained=[inner], hasMember=[{"reference": "#t"}]))
    assert used(timeline) == ["Observation/x#t"]


def test_a_contained_result_of_somebody_else_is_no_evidence() -> None:
    inner = observation("t", TSH, subject={"reference": "Patient/p2"})
    timeline = read(panel("x", UNRELATED, contained=[inner]))
    assert facts(timeline) == set()
    assert unused(timeline) == {("Observation/x#t", "wrong-patient")}


def test_a_usable_member_counts_whatever_its_panels_status() -> None:
    for status in ("cancelled", "entered-in-error", "preliminary", "unknown"):
        timeline = read(panel("x", CBC_PANEL, status=status, hasMember=[{"reference": "Observation/m"}]), MEMBER)
        assert used(timeline, "differential") == ["Observation/m"]
        assert used(timeline, "cbc-with-differential-panel") == []


@pytest.mark.parametrize("make", [panel, report])
def test_members_that_are_not_in_the_data_leave_doubt(make: Any) -> None:
    field = "hasMember" if make is panel else "result"
    timeline = read(make("x", CBC_PANEL, **{field: [{"reference": "Observation/gone"}]}))
    assert {why for _, why in unused(timeline)} == {"unresolved-reference"}
    assert set(timeline.unread) == {"cbc-with-differential-panel"}


@pytest.mark.parametrize("make", [panel, report])
@pytest.mark.parametrize(
    "change",
    [
        {"status": "preliminary"},
        {"status": "cancelled"},
        {"status": {"text": "final"}},
        {"valueQuantity": None, **ABSENT},
        {"subject": {"reference": "Patient/p2"}},
    ],
)
def test_a_panel_without_a_usable_member_has_no_value(make: Any, change: dict[str, Any]) -> None:
    field = "hasMember" if make is panel else "result"
    member = {k: v for k, v in {**MEMBER, **change}.items() if v is not None}
    timeline = read(make("x", CBC_PANEL, **{field: [{"reference": "Observation/m"}]}), member)
    assert used(timeline, "cbc-with-differential-panel") == []
    assert ("x", "no-value") in {(name.partition("/")[2], why) for name, why in unused(timeline)}


def test_a_panel_of_panels_is_usable_by_the_innermost_result() -> None:
    inner = panel("inner", "57023-4", hasMember=[{"reference": "Observation/m"}])
    outer = panel("outer", CBC_PANEL, hasMember=[{"reference": "Observation/inner"}])
    timeline = read(outer, inner, MEMBER)
    assert used(timeline, "cbc-with-differential-panel") == ["Observation/outer"]


def test_a_panel_that_holds_itself_is_no_result() -> None:
    timeline = read(panel("x", CBC_PANEL, hasMember=[{"reference": "Observation/x"}]))
    assert facts(timeline) == set()
    assert unused(timeline) == {("Observation/x", "no-value")}


def test_a_member_of_another_server_is_not_the_one_here() -> None:
    local = {**MEMBER, "fullUrl": f"{BASE}/Observation/m"}
    timeline = read(report(result=[{"reference": "https://other.example.org/Observation/m"}]), local)
    assert ("DiagnosticReport/r1", "unresolved-reference") in unused(timeline)


@pytest.mark.parametrize("result", ["Observation/m", [5], {"reference": "Observation/m"}])
def test_an_unreadable_list_of_results_is_named(result: object) -> None:
    timeline = read(report(result=result), MEMBER)
    assert unused(timeline) == {("DiagnosticReport/r1", "unreadable")}
    assert set(timeline.unread) == {"cbc-with-differential-panel"}


def test_a_report_counts_for_numbers_only_through_its_members() -> None:
    clumped = observation("c", PLATELETS, valueQuantity=None, valueString="clumped")
    timeline = read(report("x", PLATELETS, result=[{"reference": "Observation/c"}]), clumped)
    assert used(timeline, "platelets") == []


@pytest.mark.parametrize("status, usable", [("final", True), ("partial", False), ("preliminary", False)])
def test_a_preliminary_report_is_pending(status: str, usable: bool) -> None:  # noqa: FBT001 - a column of the table
    timeline = read(report(status=status, result=[{"reference": "Observation/m"}]), MEMBER)
    assert bool(used(timeline, "cbc-with-differential-panel")) is usable
    assert (("DiagnosticReport/r1", "preliminary") in unused(timeline)) is not usable
    assert bool(timeline.pending.get("cbc-with-differential-panel")) is not usable


@pytest.mark.parametrize("make", [observation, report])
@pytest.mark.parametrize("code", ["3016-3", [concept(LOINC, TSH)]])
def test_a_code_that_is_no_concept_may_be_any_test(make: Any, code: object) -> None:
    timeline = read({**make("x"), "code": code})
    assert {why for _, why in unused(timeline)} == {"unreadable"}
    assert set(timeline.unread) == {"*"}


# --- the short way and the long way agree --------------------------------------------------------------------------


def _seen(timeline: Timeline) -> object:
    results = {key: [(r.when, r.issued_only) for r in found] for key, found in timeline.results.items()}
    return results, {why for _, why in unused(timeline)}, set(timeline.unread)


@given(
    st.sampled_from([TSH, PLATELETS, CBC_PANEL, METABOLIC_PANEL, UNRELATED]),
    st.sampled_from(["final", "amended", "preliminary", "registered", "unknown", "odd"]),
    st.sampled_from(["2026-02-16", "2026-02", "2026-02-16T08:00:00Z", "2026-02-30"]),
    st.sampled_from([0, 1.5, "2", "x"]),
)
def test_plain_results_are_read_as_those_with_an_empty_component_list(
    code: str, status: str, time: str, value: object
) -> None:
    plain = observation(code=concept(LOINC, code), status=status, effectiveDateTime=time)
    plain["valueQuantity"] = {"value": value}
    long_way = {**plain, "contained": [{"resourceType": "Organization", "id": "x"}], "subject": SUBJECT}
    assert _seen(read(plain)) == _seen(read(long_way))

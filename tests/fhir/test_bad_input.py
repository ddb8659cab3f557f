"""Broken records through the whole engine: refused clearly, or reported with every broken part named."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_service.engine import Engine
from cds_service.fhir.decode import UnreadableInputError
from tests.fhir.made import (
    ALEMTUZUMAB,
    CAMPATH,
    CBC_PANEL,
    CREATININE,
    LEMTRADA,
    LOINC,
    NEUTROPHILS,
    PATIENT,
    PLATELETS,
    RXNORM,
    SUBJECT,
    TSH,
    administration,
    as_bytes,
    bundle,
    concept,
    facts,
    lab_order,
    observation,
    order,
    panel,
)

Json = dict[str, Any]
AS_OF = "2026-11-22T18:00:00-05:00"
SECRET = "Jane Roe 1990"  # stands for what a message may never repeat
ENGINE = Engine.load()
COURSE = [
    administration(f"a{day}", effectivePeriod={"start": f"2026-03-0{day + 1}T09:00:00-05:00"}) for day in range(1, 6)
]


def reports(value: object) -> list[Json]:
    return ENGINE.reports(value if isinstance(value, bytes) else as_bytes(value), as_of=AS_OF)


def report(*resources: Json) -> Json:
    (found,) = reports(bundle(PATIENT, *COURSE, *resources))
    return found


def unused(found: Json) -> set[tuple[str, str]]:
    return {(row["reference"], row["why"]) for row in found["unused"]}


def status(found: Json, requirement: str) -> str:
    (row,) = [row for row in found["assessments"] if row["requirement"] == requirement]
    return str(row["status"])


DEEP = b"[" * 10_000 + b"]" * 10_000


@pytest.mark.parametrize(
    "body, said",
    [
        (b"", "the input is empty; a FHIR Bundle in JSON is expected"),
        (b"\xef\xbb\xbf", "empty"),
        (b"   \n", "empty"),
        (b"Jane Roe 1990", "not JSON"),
        (b'{"resourceType": "Bundle", "entry": [', "not JSON"),
        (b'{"resourceType": "Bundle", "id": "Jane Roe 1990', "not JSON"),
        (b'{"resourceType": "Bundle"}{"resourceType": "Bundle"}', "not JSON"),
        (b"{'resourceType': 'Bundle'}", "not JSON"),
        (b'{"resourceType": "Bundle", "entry": [{"resource": {"valueInteger": NaN}}]}', "not JSON"),
        (b'{"resourceType": "Bundle", "entry": [{"resource": {"valueInteger": -Infinity}}]}', "not JSON"),
        (b'{"resourceType": "Bundle", "id": "\\ud83d Jane Roe 1990"}', "not JSON"),
        (b'{"resourceType": "Bundle", "id": "Jane Roe 1990 \xff"}', "not UTF-8 text .byte 48."),
        ('{"resourceType": "Bundle"}'.encode("utf-16"), "not UTF-8"),
        ("{}".encode("utf-32-be"), "not JSON"),
        (b"[]", "no object"),
        (b'["Jane Roe 1990"]', "no object"),
        (b'"Jane Roe 1990"', "no object"),
        (b"17", "no object"),
        (b"{}", "no resourceType"),
        (b'{"resourceType": "Patient", "id": "Jane Roe 1990"}', "Patient, not a Bundle; wrap"),
        (b'{"resourceType": "Jane Roe 1990"}', "not a Bundle; wrap"),
        (b'{"resourceType": "Bundle", "entry": {"Jane Roe 1990": 1}}', "Bundle.entry"),
        (b'{"resourceType": "Bundle", "entry": "Jane Roe 1990"}', "Bundle.entry"),
        (DEEP, "not JSON|no object|nested too deeply"),
        (b'{"resourceType": "Bundle", "x": ' + DEEP + b"}", "nested too deeply"),
        (b'{"resourceType": "Bundle", "entry": [{"resource": {"x": ' + DEEP + b"}}]}", "nested too deeply"),
    ],
)
def test_what_cannot_be_read_at_all_is_refused_clearly(body: bytes, said: str) -> None:
    with pytest.raises(UnreadableInputError, match=said) as caught:
        reports(body)
    message = str(caught.value)
    assert "Jane" not in message
    assert message.startswith(("the input is", "the input has", "the Bundle cannot be read"))
    assert "Bundle" in message or "UTF-8" in message


def test_a_byte_order_mark_is_no_harm() -> None:
    assert reports(b"\xef\xbb\xbf" + as_bytes(bundle(PATIENT))) == reports(bundle(PATIENT))


def test_an_empty_bundle_has_a_report() -> None:
    (found,) = reports({"resourceType": "Bundle"})
    assert (found["patient"], found["unused"]) == (None, [])


@pytest.mark.parametrize(
    "resource, why",
    [
        (observation("x", status="entered-in-error"), "entered-in-error"),
        (observation("x", status="cancelled"), "not-done"),
        (observation("x", status="preliminary"), "preliminary"),
        (observation("x", valueQuantity=None, dataAbsentReason={"text": "lost"}), "no-value"),
        (observation("x", effectiveDateTime=None), "no-date"),
        (observation("x", effectiveDateTime="2026-02-30"), "bad-date"),
        (observation("x", effectiveDateTime="0000-00-00"), "bad-date"),
        (observation("x", status="odd"), "bad-status"),
        (observation("x", status=None), "bad-status"),
        (observation("x", valueString="also this"), "unreadable"),
        ({**observation("x"), "status": 7}, "unreadable"),
        (observation("x", subject={"reference": "Patient/p2"}), "wrong-patient"),
        (observation("x", subject=None), "unresolved-reference"),
        (panel("x", CBC_PANEL, hasMember=[{"reference": "Observation/gone"}]), "unresolved-reference"),
        (observation("x", effectiveDateTime="2027-01-01"), "future"),
    ],
)
def test_every_reason_is_given_its_name(resource: Json, why: str) -> None:
    assert unused(report(resource)) == {("Observation/x", why)}


def test_a_number_out_of_range_costs_its_resource_only() -> None:
    body = as_bytes(bundle(PATIENT, *COURSE, observation("good"), observation("odd")))
    body = body.replace(b'"value": 1.5', b'"value": 1e999', 2).replace(b'"value": 1e999', b'"value": 1.5', 1)
    (found,) = reports(body)
    assert unused(found) == {("Observation/odd", "unreadable")}
    assert any(row["evidence"] == ["Observation/good"] for row in found["assessments"])


def test_huge_numbers_written_as_text_reach_no_arithmetic() -> None:
    doses = ["9e999999", "1e400", "1e-999999", "NaN", "-Infinity"]
    given = [administration(f"x{n}", dosage={"dose": {"value": dose, "unit": "mg"}}) for n, dose in enumerate(doses)]
    (found,) = reports(bundle(PATIENT, *given))
    assert found["courses"][0]["infusions"][0]["dose"] is None
    assert status(found, "daily-dose") == "cannot-tell"


def test_the_ends_of_the_calendar_end_no_report() -> None:
    for text in (
        "0001-01-01",
        "9999-12-31",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59+14:00",
        "0001-01-01T00:00:00+14:00",
    ):
        resources = [
            observation("x", effectiveDateTime=text),
            administration("y", effectivePeriod={"start": text, "end": text}),
            order(
                "z",
                authoredOn=text,
                dosageInstruction=[{"timing": {"repeat": {"boundsPeriod": {"start": text}, "count": 5}}}],
            ),
            lab_order("w", occurrenceDateTime=text),
        ]
        assert len(report(*resources)["assessments"]) > 0


@pytest.mark.parametrize("entry", [None, 5, "text", [], {"resource": 5}, {"resource": []}, {"fullUrl": 5}])
def test_odd_entries_are_named_by_their_place(entry: object) -> None:
    value = bundle(PATIENT, *COURSE, observation("good"))
    value["entry"].append(entry)
    (found,) = reports(value)
    assert unused(found) == {("entry[7]", "unreadable")}
    assert len(found["courses"][0]["infusions"]) == 5
    # The results found still count, but nothing rests on the absence of others any more.
    assert status(found, "creatinine-monthly") == "cannot-tell"


def test_wrong_patient_resources_are_never_evidence() -> None:
    stranger = {"reference": "Patient/p2"}
    found = report(observation("x", subject=stranger), administration("y", subject=stranger))
    assert unused(found) == {("Observation/x", "wrong-patient"), ("MedicationAdministration/y", "wrong-patient")}
    assert not any("x" in name or "/y" in name for row in found["assessments"] for name in row["evidence"])


def test_only_readable_absence_is_absence() -> None:
    doubtful = [
        {**observation("x"), "status": 7},
        observation("x", effectiveDateTime="x"),
        observation("x", subject=None),
    ]
    assert status(report(), "tsh-quarterly") == "overdue"
    assert [status(report(resource), "tsh-quarterly") for resource in doubtful] == ["cannot-tell"] * 3
    settled = [observation("x", status=s) for s in ("preliminary", "unknown", "cancelled")]
    settled += [observation("x", effectiveDateTime=None), observation("x", valueQuantity=None)]
    assert [status(report(resource), "tsh-quarterly") for resource in settled] == ["overdue"] * 5


def test_ten_thousand_observations() -> None:
    many = [observation(f"o{n}", [TSH, CREATININE, "2951-2"][n % 3]) for n in range(10_000)]
    found = report(*many)
    assert found["unused"] == []
    assert status(found, "tsh-quarterly") == "overdue"


def test_ten_thousand_broken_observations() -> None:
    many = [{**observation(f"o{n}"), "status": 7} for n in range(10_000)]
    assert len(report(*many)["unused"]) == 10_000


# --- nothing is lost ------------------------------------------------------------------------------------------------

MAKERS: list[Callable[[str], Json]] = [
    lambda i: observation(i, TSH),
    lambda i: observation(i, PLATELETS),
    lambda i: panel(i, CBC_PANEL, component=[{"code": concept(LOINC, NEUTROPHILS), "valueQuantity": {"value": 1}}]),
    lambda i: panel(i, CBC_PANEL, hasMember=[{"reference": "Observation/r0"}]),
    lambda i: {**panel(i, CBC_PANEL), "resourceType": "DiagnosticReport", "result": [{"reference": "Observation/r0"}]},
    lambda i: administration(i, LEMTRADA),
    lambda i: administration(i, ALEMTUZUMAB),
    lambda i: administration(i, CAMPATH, identifier=[{"system": "urn:a", "value": i}]),
    lambda i: administration(i, medicationCodeableConcept={"text": "Lemtrada"}),
    lambda i: order(i, dosageInstruction=[{"doseAndRate": [{"doseQuantity": {"value": 12, "unit": "mg"}}]}]),
    lambda i: {**order(i), "resourceType": "MedicationStatement"},
    lambda i: {**order(i), "resourceType": "MedicationDispense", "whenHandedOver": "2026-01-01"},
    lab_order,
    lambda i: {
        "resourceType": "Condition",
        "id": i,
        "subject": SUBJECT,
        "code": concept("http://hl7.org/fhir/sid/icd-10-cm", "G35"),
    },
]
# What a damaged value may become. Fields that say what a resource is (type, id, code) stay, or it bears no code.
KEPT = {"resourceType", "id", "code", "medicationCodeableConcept", "intent", "doNotPerform"}
JUNK = st.sampled_from(
    [
        *(None, 7, -1.5, True, 10**30, "", "x", "2026-02-30", "2026-02", "entered-in-error", "unknown", "active"),
        *("Patient/p1", [], [None], {}, {"reference": "Patient/p1"}, {"reference": "Patient/p9"}, {"reference": "#x"}),
        *({"start": "2026"}, {"value": "1e999999"}, {"value": 12, "unit": "mg"}, {"coding": [{"code": 5}]}),
        [{"reference": "Observation/gone"}],
    ]
)


def paths(value: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [at] if at else []
    members: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in members:
        if at or key not in KEPT:
            found += paths(inner, (*at, key))
    return found


@st.composite
def damaged(draw: st.DrawFn) -> list[Json]:
    resources = []
    for number in range(draw(st.integers(1, 6))):
        made = copy.deepcopy(draw(st.sampled_from(MAKERS))(f"r{number}"))
        for _ in range(draw(st.integers(0, 3))):
            places = paths(made)
            if not places:
                break
            place = draw(st.sampled_from(places))
            holder: Any = made
            for key in place[:-1]:
                holder = holder[key]
            if draw(st.booleans()):
                holder[place[-1]] = copy.deepcopy(draw(JUNK))
            elif isinstance(holder, dict):
                del holder[place[-1]]
        resources.append(made)
    return resources


def is_settled(resource: Json) -> bool:
    """An order that is closed or only proposed is read, says nothing any more, and need not be named."""
    is_text = isinstance(resource.get("status"), str)
    return resource["resourceType"] == "ServiceRequest" and is_text and resource["status"] != "active"


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=400)
@given(damaged(), st.booleans())
def test_no_resource_that_bears_a_code_of_the_label_is_lost(resources: list[Json], with_patient: bool) -> None:  # noqa: FBT001 - drawn
    body = as_bytes(bundle(*([PATIENT] if with_patient else []), *resources))
    timelines = ENGINE.timelines(body)
    accounted = set().union(*(facts(t) | {item.reference for item in t.unused} for t in timelines))
    lost = [f"{r['resourceType']}/{r['id']}" for r in resources if not is_settled(r)]
    assert [name for name in lost if name not in accounted] == []
    for found in ENGINE.reports(body, as_of=AS_OF):
        assert "internal-error" not in json.dumps(found)


@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode))
def test_any_bytes_are_refused_or_reported(body: bytes) -> None:
    try:
        found = reports(body)
    except UnreadableInputError:
        return
    assert found


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["resource", "resourceType", "id", "code", "coding", "subject", "entry", "contained", "link", "issue"]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_any_json_in_an_entry_is_refused_or_reported(value: object) -> None:
    text = json.dumps({"resourceType": "Bundle", "entry": [{"resource": PATIENT}, value, {"resource": value}]})
    try:
        body = text.encode()
        found = reports(body)
    except UnreadableInputError:
        return
    assert found
    assert all(row["why"] for one in found for row in one["unused"])


@given(st.text(max_size=12).filter(lambda text: len(text) > 3))
def test_messages_never_repeat_what_was_sent(text: str) -> None:
    for value in (
        {"resourceType": text},
        {"resourceType": "Patient", "id": text},
        [text],
        {"resourceType": "Bundle", "entry": text},
    ):
        with pytest.raises(UnreadableInputError) as caught:
            reports(as_bytes(value))
        assert f"'{text}'" not in str(caught.value)
        assert SECRET not in str(caught.value)
    assert RXNORM

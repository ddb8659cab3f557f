"""Section E: contexts, required and optional fields, prefetch tokens; and what real clients send (section M)."""

from typing import Any

import pytest

from cds_service.cds_hooks.errors import CdsHooksError
from cds_service.cds_hooks.hooks import HOOKS, HookContext, OrderSelectContext
from cds_service.cds_hooks.request import parse_head

USER = {"userId": "Practitioner/u1", "patientId": "p1"}
DRAFT = {"resourceType": "MedicationRequest", "id": "m1", "status": "draft"}
ORDERS = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": DRAFT}]}
VALID: dict[str, dict[str, Any]] = {
    "patient-view": USER,
    "order-select": USER | {"draftOrders": ORDERS, "selections": ["MedicationRequest/m1"]},
    "order-sign": USER | {"draftOrders": ORDERS},
    "appointment-book": USER | {"appointments": {"resourceType": "Bundle", "entry": []}},
    "encounter-start": USER | {"encounterId": "e1"},
    "encounter-discharge": USER | {"encounterId": "e1"},
}
REQUIRED = {
    "patient-view": {"userId", "patientId"},
    "order-select": {"userId", "patientId", "draftOrders", "selections"},
    "order-sign": {"userId", "patientId", "draftOrders"},
    "appointment-book": {"userId", "patientId", "appointments"},
    "encounter-start": {"userId", "patientId", "encounterId"},
    "encounter-discharge": {"userId", "patientId", "encounterId"},
}


def parse(hook: str, context: object) -> HookContext:
    head = {"hook": hook, "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "context": context}
    return parse_head(head, hook=hook).context


def refused(hook: str, context: object) -> list[tuple[str, str]]:
    """(expression, diagnostics) of each issue of the 422."""
    with pytest.raises(CdsHooksError) as caught:
        parse(hook, context)
    assert caught.value.status == 422
    return [(issue.expression[0], issue.diagnostics) for issue in caught.value.issues]


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_e_valid_context(hook: str) -> None:
    context = parse(hook, VALID[hook])
    assert type(context) is HOOKS[hook].context
    assert context.patient_id == "p1"
    assert context.user_type == "Practitioner"


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_e_required_and_optional(hook: str) -> None:
    assert set(HOOKS[hook].required) == REQUIRED[hook]
    assert set(HOOKS[hook].optional) == {"encounterId"} - REQUIRED[hook]


@pytest.mark.parametrize(
    "hook, field", [(hook, field) for hook, fields in sorted(REQUIRED.items()) for field in sorted(fields)]
)
@pytest.mark.parametrize("how", ["absent", "null"])
def test_e_required_field_missing(hook: str, field: str, how: str) -> None:
    context = dict(VALID[hook])
    if how == "absent":
        del context[field]
    else:
        context[field] = None
    assert refused(hook, context)[0][0] == f"context.{field}"


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_c4_prefetch_tokens(hook: str) -> None:
    assert HOOKS[hook].prefetch_tokens == {"userId", "patientId", "encounterId"}


def test_user_types() -> None:
    assert HOOKS["patient-view"].user_types == ("Practitioner", "PractitionerRole", "Patient", "RelatedPerson")
    assert HOOKS["order-sign"].user_types == ("Practitioner", "PractitionerRole")


@pytest.mark.parametrize(
    "user", ["PractitionerRole/a.b-c", "Device/1", "Practitioner/COREPRACTITIONER1", "Patient/1_2"]
)
def test_user_id_of_any_type(user: str) -> None:
    assert parse("patient-view", USER | {"userId": user}).user_id == user


@pytest.mark.parametrize(
    "user", ["u1", "", "Practitioner/", "/u1", "Practitioner/u1/x", "https://a.example/Practitioner/1", "a b/c", 7, {}]
)
def test_ord_1_user_id_malformed(user: object) -> None:
    assert [place for place, _ in refused("patient-view", USER | {"userId": user})] == ["context.userId"]


@pytest.mark.parametrize("value", ["Patient/p1", "", " ", "a b", "..", ".", "p?_include=*", "p#", 5, ["p1"], "x" * 129])
def test_patient_id_is_a_bare_id(value: object) -> None:
    assert [place for place, _ in refused("patient-view", USER | {"patientId": value})] == ["context.patientId"]


@pytest.mark.parametrize("value", ["Encounter/e1", "a/b", 1])
def test_encounter_id_is_a_bare_id(value: object) -> None:
    assert [place for place, _ in refused("patient-view", USER | {"encounterId": value})] == ["context.encounterId"]


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_blank_optional_encounter_counts_as_absent(value: object) -> None:
    assert parse("patient-view", USER | {"encounterId": value}).encounter_id is None


@pytest.mark.parametrize("value", ["", " "])
def test_a_blank_required_encounter_does_not(value: str) -> None:
    assert refused("encounter-start", USER | {"encounterId": value})[0][0] == "context.encounterId"


def test_a_refusal_never_echoes_the_value() -> None:
    canary = "Jane Canary 1960"
    context = {
        "userId": canary,
        "patientId": canary,
        "encounterId": canary,
        "draftOrders": canary,
        "selections": canary,
    }
    issues = refused("order-select", context)
    assert len(issues) == 5
    assert "Canary" not in str(issues)


def test_unknown_fields_are_ignored() -> None:
    assert parse("patient-view", USER | {"com.example.x": 1, "snake_case": 2}).patient_id == "p1"


def test_python_spelling_is_no_wire_spelling() -> None:
    assert {place for place, _ in refused("patient-view", {"user_id": "Practitioner/1", "patient_id": "p"})} == {
        "context.userId",
        "context.patientId",
    }


@pytest.mark.parametrize("context", [[], "x", 1])
def test_context_is_an_object(context: object) -> None:
    assert refused("patient-view", context) == [("context", "context must be an object.")]


def test_a_context_shows_nothing_in_its_repr() -> None:
    assert "p1" not in f"{parse('order-sign', VALID['order-sign'])!r}{parse('patient-view', USER)!s}"


# ------------------------------------------------------------------------------------------------------- order hooks


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_o_no_draft_orders_at_all_is_a_422_that_says_so(hook: str) -> None:
    context = {key: value for key, value in VALID[hook].items() if key != "draftOrders"}
    assert refused(hook, context) == [("context.draftOrders", "context.draftOrders is required.")]


@pytest.mark.parametrize(
    "draft_orders, says",
    [
        ([], "object"),
        ({}, "Bundle"),
        ({"resourceType": "Patient"}, "Bundle"),
        ({"resourceType": "Bundle", "entry": {}}, "array"),
        ({"resourceType": "Bundle", "entry": [1]}, "array"),
    ],
)
def test_draft_orders_is_a_bundle(draft_orders: object, says: str) -> None:
    [(place, diagnostics)] = refused("order-sign", USER | {"draftOrders": draft_orders})
    assert place == "context.draftOrders"
    assert says in diagnostics


def test_o_sandbox_bundle_without_type_draft_without_intent_or_medication() -> None:
    draft = {"resourceType": "MedicationRequest", "id": "request-123", "category": {"text": "object"}}
    context = parse(
        "order-select",
        USER
        | {
            "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": draft}]},
            "selections": ["MedicationRequest/request-123"],
        },
    )
    assert isinstance(context, OrderSelectContext)
    assert context.selected() == [draft]
    assert context.encounter_id is None


def test_o_draft_orders_are_kept_as_sent() -> None:
    assert parse("order-sign", VALID["order-sign"]).resources() == [DRAFT]
    assert parse("patient-view", USER).resources() == []


def test_resign_with_any_status_and_entries_without_resource() -> None:
    active = DRAFT | {"status": "active"}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": active}, {"fullUrl": "urn:x"}, {"resource": None}]}
    assert parse("order-sign", USER | {"draftOrders": bundle}).resources() == [active]


@pytest.mark.parametrize("entry", [None, []])
def test_a_bundle_may_have_no_entry(entry: object) -> None:
    bundle = {"resourceType": "Bundle", "entry": entry}
    assert parse("order-sign", USER | {"draftOrders": bundle}).resources() == []


def select(selections: object, *entries: dict[str, Any]) -> OrderSelectContext:
    bundle = {"resourceType": "Bundle", "entry": list(entries)}
    context = parse("order-select", USER | {"draftOrders": bundle, "selections": selections})
    assert isinstance(context, OrderSelectContext)
    return context


OTHER = {"resourceType": "ServiceRequest", "id": "s1"}


@pytest.mark.parametrize(
    "selection",
    ["MedicationRequest/m1", "m1"],
)
def test_selections_by_reference_or_bare_id(selection: str) -> None:
    assert select([selection], {"resource": OTHER}, {"resource": DRAFT}).selected() == [DRAFT]


@pytest.mark.parametrize("full_url", ["urn:uuid:m9", "https://ehr.example/fhir/MedicationRequest/m9"])
def test_selections_by_full_url(full_url: str) -> None:
    nameless = {"resourceType": "MedicationRequest"}
    entries = ({"fullUrl": full_url, "resource": nameless}, {"resource": OTHER})
    assert select(["MedicationRequest/m9"], *entries).selected() == [nameless]


def test_selected_are_in_the_order_of_the_drafts() -> None:
    both = select(["ServiceRequest/s1", "MedicationRequest/m1"], {"resource": DRAFT}, {"resource": OTHER})
    assert both.selected() == [DRAFT, OTHER]


def test_a_stale_selection_beside_a_good_one_is_ignored() -> None:
    assert select(["MedicationRequest/gone", "MedicationRequest/m1"], {"resource": DRAFT}).selected() == [DRAFT]


@pytest.mark.parametrize(
    "selections, place",
    [
        pytest.param([], "context.selections", id="at-least-one"),
        pytest.param("MedicationRequest/m1", "context.selections", id="no-array"),
        pytest.param(["MedicationRequest/gone"], "context.selections", id="INF-lib-points-into-draftOrders"),
        pytest.param(["ServiceRequest/m1"], "context.selections", id="other-type"),
        pytest.param(["a/b/c"], "context.selections[0]", id="malformed"),
        pytest.param([{"reference": "MedicationRequest/m1"}], "context.selections[0]", id="object"),
    ],
)
def test_selections_refused(selections: object, place: str) -> None:
    context = USER | {"draftOrders": ORDERS, "selections": selections}
    assert [found for found, _ in refused("order-select", context)] == [place]


def test_empty_selections_are_named_even_when_there_are_no_orders() -> None:
    issues = refused("order-select", USER | {"selections": []})
    assert [place for place, _ in issues] == ["context.draftOrders", "context.selections"]
    assert "at least one" in issues[1][1]


def test_appointments_are_kept_as_sent() -> None:
    appointment = {"resourceType": "Appointment", "status": "proposed"}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": appointment}]}
    assert parse("appointment-book", USER | {"appointments": bundle}).resources() == [appointment]

"""Section D: the head of a request."""

from collections.abc import Mapping
from typing import Any

import pytest

from cds_service.cds_hooks.errors import CdsHooksError
from cds_service.cds_hooks.hooks import Hook, HookContext
from cds_service.cds_hooks.request import CdsRequest, parse_head
from cds_service.cds_hooks.scopes import may_search, parse_scopes

INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
AUTHORIZATION = {
    "access_token": "s3cret-t0ken",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "user/Patient.read user/Observation.read",
    "subject": "cds-service4",
}
SERVER = "https://ehr.example/fhir"


def head(**changes: Any) -> dict[str, Any]:
    base = {
        "hook": "patient-view",
        "hookInstance": INSTANCE,
        "context": {"userId": "Practitioner/u1", "patientId": "p1"},
    }
    return base | changes


def parse(**changes: Any) -> CdsRequest:
    return parse_head(head(**changes), hook="patient-view")


def refused(request: Mapping[str, object], **options: Any) -> list[tuple[str, str]]:
    """(code, expression) of each issue of the 422."""
    with pytest.raises(CdsHooksError) as caught:
        parse_head(request, **({"hook": "patient-view"} | options))
    assert caught.value.status == 422
    return [(issue.code, "".join(issue.expression)) for issue in caught.value.issues]


def test_a_minimal_request() -> None:
    request = parse()
    assert (request.hook, request.hook_instance, request.context.patient_id) == ("patient-view", INSTANCE, "p1")
    assert (request.fhir_server, request.fhir_authorization, request.prefetch, request.extension) == (None,) * 4


@pytest.mark.parametrize("field", ["hook", "hookInstance", "context"])
@pytest.mark.parametrize("how", ["absent", "null"])
def test_d_required(field: str, how: str) -> None:
    request = head(**{field: None})
    if how == "absent":
        del request[field]
    assert refused(request) == [("required", field)]


def test_every_problem_is_named_at_once() -> None:
    places = [place for _, place in refused({"fhirServer": "x", "prefetch": []})]
    assert places == ["hook", "hookInstance", "fhirServer", "context", "prefetch"]


@pytest.mark.parametrize("hook", ["order-sign", "Patient-View", "", 1, ["patient-view"]])
def test_d_another_hook(hook: object) -> None:
    assert refused(head(hook=hook)) == [("value", "hook")]


@pytest.mark.parametrize("body", [[], "x", 1, None])
def test_d_a_body_that_is_no_object(body: Any) -> None:
    assert refused(body) == [("structure", "")]


@pytest.mark.parametrize("value", [INSTANCE, INSTANCE.upper()])
def test_d_hook_instance_is_kept_as_sent(value: str) -> None:
    assert parse(hookInstance=value).hook_instance == value


@pytest.mark.parametrize(
    "value", ["fhir-mcp-instance", "", "{" + INSTANCE + "}", "urn:uuid:" + INSTANCE, INSTANCE + "\n", 5, {}]
)
def test_o_hook_instance_that_is_no_uuid(value: object) -> None:
    assert refused(head(hookInstance=value)) == [("value", "hookInstance")]


def test_o_lenient_hook_instance() -> None:
    request = head(hookInstance="fhir-mcp-instance")
    assert parse_head(request, hook="patient-view", lenient_hook_instance=True).hook_instance == "fhir-mcp-instance"


@pytest.mark.parametrize("value", ["", "a\nb", "x" * 129, 5, {}])
def test_a_lenient_hook_instance_is_still_fit_for_a_log(value: object) -> None:
    assert refused(head(hookInstance=value), lenient_hook_instance=True) == [("value", "hookInstance")]


def test_lenient_is_not_optional() -> None:
    assert refused(head(hookInstance=None), lenient_hook_instance=True) == [("required", "hookInstance")]


# -------------------------------------------------------------------------------------------------------- FHIR access


@pytest.mark.parametrize("value", [SERVER, "http://127.0.0.1:8080/fhir/"])
def test_d_fhir_server_also_http_on_loopback(value: str) -> None:
    assert parse(fhirServer=value).fhir_server == value


@pytest.mark.parametrize("value", [None, "", " "])
def test_d_fhir_server_absent(value: object) -> None:
    assert parse(fhirServer=value).fhir_server is None


@pytest.mark.parametrize("value", ["fhir", "ftp://a.example", "https://", "file:///etc/passwd", 5, {}, "https://a b"])
def test_d_fhir_server_malformed(value: object) -> None:
    assert refused(head(fhirServer=value)) == [("value", "fhirServer")]


def test_cds_r_1_authorization_needs_server() -> None:
    assert refused(head(fhirAuthorization=AUTHORIZATION)) == [("required", "fhirServer")]


def test_a_malformed_server_is_named_once() -> None:
    assert refused(head(fhirAuthorization=AUTHORIZATION, fhirServer="x")) == [("value", "fhirServer")]


def test_d_authorization() -> None:
    request = parse(fhirServer=SERVER, fhirAuthorization=AUTHORIZATION | {"patient": "p1", "unknown": 1})
    authorization = request.fhir_authorization
    assert authorization is not None
    assert authorization.access_token.get_secret_value() == "s3cret-t0ken"
    assert (authorization.expires_in, authorization.subject, authorization.patient) == (300, "cds-service4", "p1")


@pytest.mark.parametrize("field", sorted(AUTHORIZATION))
def test_d_authorization_members_are_required(field: str) -> None:
    partial = {key: value for key, value in AUTHORIZATION.items() if key != field}
    assert refused(head(fhirServer=SERVER, fhirAuthorization=partial)) == [("required", f"fhirAuthorization.{field}")]


@pytest.mark.parametrize(
    "field, value",
    [
        ("token_type", "mac"),
        ("expires_in", "300"),
        ("expires_in", True),
        ("access_token", ""),
        ("access_token", "a\r\nX-Evil: 1"),
        ("access_token", "ü"),
        ("access_token", 7),
        ("scope", None),
        ("patient", "Patient/a/b"),
    ],
)
def test_d_authorization_malformed(field: str, value: object) -> None:
    found = refused(head(fhirServer=SERVER, fhirAuthorization=AUTHORIZATION | {field: value}))
    assert [place for _, place in found] == [f"fhirAuthorization.{field}"]


def test_token_type_in_any_case() -> None:
    request = parse(fhirServer=SERVER, fhirAuthorization=AUTHORIZATION | {"token_type": "bearer"})
    assert request.fhir_authorization is not None
    assert request.fhir_authorization.token_type == "Bearer"


def test_d_authorization_is_an_object() -> None:
    assert refused(head(fhirServer=SERVER, fhirAuthorization="x")) == [("structure", "fhirAuthorization")]


def test_o_authorization_for_another_patient() -> None:
    found = refused(head(fhirServer=SERVER, fhirAuthorization=AUTHORIZATION | {"patient": "other"}))
    assert found == [("conflict", "fhirAuthorization.patient")]


@pytest.mark.parametrize("patient", ["p1", "Patient/p1", None, ""])
def test_authorization_for_this_patient(patient: object) -> None:
    assert parse(fhirServer=SERVER, fhirAuthorization=AUTHORIZATION | {"patient": patient}).fhir_authorization


def test_d2_8_token_and_patient_data_appear_in_no_repr_and_no_error() -> None:
    canary = {"patient": {"resourceType": "Patient", "name": "Canary"}}
    request = parse(fhirServer=SERVER, fhirAuthorization=AUTHORIZATION, prefetch=canary)
    shown = f"{request!r} {request!s} {request.fhir_authorization!r} {request.fhir_authorization!s}"
    assert INSTANCE in shown
    for secret in ("s3cret", "Canary", "p1", "u1"):
        assert secret not in shown
    with pytest.raises(CdsHooksError) as caught:
        parse(fhirServer=SERVER, fhirAuthorization=AUTHORIZATION | {"access_token": "s3cret two", "expires_in": "x"})
    assert "s3cret" not in f"{caught.value!r} {caught.value.body()}"


# ------------------------------------------------------------------------------------------- prefetch and extensions


def test_a6_null_prefetch_values_are_legal_and_kept() -> None:
    assert parse(prefetch={"patient": None}).prefetch == {"patient": None}
    assert parse(prefetch=None).prefetch is None


def test_prefetch_is_opaque_and_not_copied() -> None:
    prefetch = {"x": {"resourceType": 5, "entry": "not FHIR at all"}}
    assert parse(prefetch=prefetch).prefetch is prefetch


@pytest.mark.parametrize("value", [[], "x", 0, False])
def test_prefetch_is_an_object(value: object) -> None:
    assert refused(head(prefetch=value)) == [("structure", "prefetch")]


@pytest.mark.parametrize("value", [[], ["x"], "x", None, {}])
def test_o_an_extension_that_is_no_object_is_ignored(value: object) -> None:
    assert parse(extension=value).extension is None


def test_j3_extension_object() -> None:
    assert parse(extension={"com.example.x": 1}).extension == {"com.example.x": 1}


def test_unknown_members_are_ignored() -> None:
    assert parse(**{"user": "1.0 had it", "com.example": {}}).hook == "patient-view"


def test_requests_share_no_state() -> None:
    first = parse(prefetch={"a": 1}, extension={"x": 1})
    assert (parse().prefetch, parse().extension) == (None, None)
    assert first.prefetch == {"a": 1}


def test_a_hook_of_ones_own() -> None:
    hook = Hook("com.example.thing-done", "1.0", HookContext, ("Practitioner",))
    assert parse_head(head(hook=hook.name), hook=hook).hook == "com.example.thing-done"


def test_an_unpublished_name_is_a_programming_mistake() -> None:
    with pytest.raises(KeyError):
        parse_head(head(), hook="patient-veiw")


# ------------------------------------------------------------------------------------------------------------- scopes


@pytest.mark.parametrize(
    "scope, read, search",
    [
        ("user/Observation.read", True, True),
        ("patient/*.read", True, True),
        ("user/*.*", True, True),
        ("user/Observation.write", False, False),
        ("patient/Observation.rs", True, True),
        ("system/Observation.r", True, False),
        ("system/Observation.cruds", True, True),
        ("patient/Observation.cud", False, False),
    ],
)
def test_k_both_scope_syntaxes(scope: str, read: bool, search: bool) -> None:  # noqa: FBT001
    [parsed] = parse_scopes(scope)
    assert (parsed.read, parsed.search) == (read, search)
    assert parsed.covers("Observation")
    assert may_search((parsed,), "Observation") is search


def test_scopes_of_a_request() -> None:
    request = parse(fhirServer=SERVER, fhirAuthorization=AUTHORIZATION)
    assert request.fhir_authorization is not None
    scopes = request.fhir_authorization.scopes()
    assert may_search(scopes, "Patient")
    assert may_search(scopes, "Observation")
    assert not may_search(scopes, "Condition")


def test_a_restricted_scope_may_hide_part_of_the_answer() -> None:
    [scope] = parse_scopes("patient/Observation.rs?category=laboratory")
    assert scope.restriction == "category=laboratory"
    assert not may_search((scope,), "Observation")


@pytest.mark.parametrize("text", ["", "openid fhirUser launch", "patient/Observation.", "patient/Observation.sr", "x"])
def test_other_scopes_are_left_out(text: str) -> None:
    assert parse_scopes(text) == ()

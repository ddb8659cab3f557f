"""Section F: statuses and OperationOutcomes."""

import json

import pytest

from cds_service.cds_hooks import errors
from cds_service.cds_hooks.empties import find_empties
from cds_service.cds_hooks.errors import CdsHooksError, Issue, operation_outcome


@pytest.mark.parametrize(
    "error, status, code",
    [
        pytest.param(errors.not_json(), 400, "structure", id="F6-400"),
        pytest.param(errors.unknown_service(), 404, "not-found", id="F9"),
        pytest.param(errors.missing_data("administrations"), 412, "processing", id="F3"),
        pytest.param(errors.too_large(1000), 413, "too-long", id="413"),
        pytest.param(errors.unsupported_media_type(), 415, "not-supported", id="415"),
        pytest.param(errors.unprocessable(Issue("value", "x")), 422, "value", id="F6-422"),
        pytest.param(errors.wrong_patient("prefetch.patient"), 422, "conflict", id="O-wrong-patient"),
        pytest.param(errors.unavailable(), 503, "transient", id="503"),
        pytest.param(errors.internal_error(), 500, "exception", id="F4"),
    ],
)
def test_helpers(error: CdsHooksError, status: int, code: str) -> None:
    assert error.status == status
    body = error.body()
    assert body is not None
    assert body["resourceType"] == "OperationOutcome"
    assert [issue["code"] for issue in json.loads(json.dumps(body))["issue"]] == [code]
    assert find_empties(body) == []


def test_f7_unauthorized_is_bare() -> None:
    assert errors.unauthorized().status == 401
    assert errors.unauthorized().body() is None
    assert str(errors.unauthorized()) == "401"


def test_f5_412_names_every_missing_key() -> None:
    body = errors.missing_data("administrations", "patient").body()
    assert body == {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "processing",
                "diagnostics": f"Required prefetch key '{key}' was not sent and could not be fetched.",
                "expression": [f"prefetch.{key}"],
            }
            for key in ("administrations", "patient")
        ],
    }


def test_412_without_a_key_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="key"):
        errors.missing_data()


def test_413_names_the_limit() -> None:
    assert "1000" in str(errors.too_large(1000))


def test_an_outcome_needs_an_issue() -> None:
    with pytest.raises(ValueError, match="at least one"):
        operation_outcome([])

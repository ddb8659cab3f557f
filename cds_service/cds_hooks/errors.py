"""Refusals: one exception with an HTTP status, and the FHIR OperationOutcome that explains it (section F, rows F3-F7).

May not echo what the caller sent, which may be patient data, nor say why a token was refused. Expressions name members
in wire spelling, as `context.patientId` or `feedback[0].card`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

Severity = Literal["fatal", "error", "warning", "information"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing wrong. `code` is of FHIR's issue-type; `diagnostics` is for the person who can mend it."""

    code: str
    diagnostics: str
    expression: tuple[str, ...] = ()
    severity: Severity = "error"


class CdsHooksError(Exception):
    """A call that cannot be answered with cards: `status` for HTTP, `issues` for the body."""

    def __init__(self, status: int, issues: Iterable[Issue] = ()) -> None:
        self.status = status
        self.issues = tuple(issues)
        super().__init__(f"{status}: {'; '.join(issue.diagnostics for issue in self.issues)}".rstrip(": "))

    def body(self) -> dict[str, object] | None:
        """The OperationOutcome to send; None when the answer is bare (401)."""
        return operation_outcome(self.issues) if self.issues else None


def operation_outcome(issues: Sequence[Issue]) -> dict[str, object]:
    """A FHIR R4 OperationOutcome with these issues, without empty members. Raises ValueError without any issue."""
    if not issues:
        raise ValueError("an OperationOutcome needs at least one issue")
    return {"resourceType": "OperationOutcome", "issue": [_issue(issue) for issue in issues]}


def not_json(reason: str = "The body is not JSON.") -> CdsHooksError:
    """400: the body cannot be parsed (row F6). `reason` must not quote the body."""
    return CdsHooksError(400, [Issue("structure", reason)])


def unauthorized() -> CdsHooksError:
    """401 without a body: nothing about the reason (row F7)."""
    return CdsHooksError(401)


def unknown_service() -> CdsHooksError:
    """404: no service of that id (row F9)."""
    return CdsHooksError(404, [Issue("not-found", "No CDS service has this id; GET /cds-services lists them.")])


def missing_data(*keys: str, reason: str = "was not sent and could not be fetched") -> CdsHooksError:
    """412: required prefetch keys could not be had from anywhere; one issue per key (rows D2.7, F5)."""
    if not keys:
        raise ValueError("name the prefetch key that is missing")
    issues = [Issue("processing", f"Required prefetch key '{key}' {reason}.", (f"prefetch.{key}",)) for key in keys]
    return CdsHooksError(412, issues)


def too_large(limit_bytes: int) -> CdsHooksError:
    """413, naming the limit."""
    return CdsHooksError(413, [Issue("too-long", f"The body is larger than the {limit_bytes} bytes accepted here.")])


def unsupported_media_type() -> CdsHooksError:
    """415: only uncompressed application/json is read."""
    return CdsHooksError(415, [Issue("not-supported", "Send application/json in UTF-8, without a Content-Encoding.")])


def unprocessable(*issues: Issue) -> CdsHooksError:
    """422: JSON, but not what CDS Hooks asks for (row F6)."""
    return CdsHooksError(422, issues)


def wrong_patient(expression: str) -> CdsHooksError:
    """422 with code `conflict`: `expression` is about another patient than context.patientId (section O)."""
    return unprocessable(wrong_patient_issue(expression))


def wrong_patient_issue(expression: str) -> Issue:
    """The issue of `wrong_patient`, to be counted by its code."""
    return Issue("conflict", f"{expression} is about another patient than context.patientId.", (expression,))


def unavailable(reason: str = "The service cannot take this call now; try again later.") -> CdsHooksError:
    """503: something of ours is out of order or overloaded."""
    return CdsHooksError(503, [Issue("transient", reason)])


def internal_error() -> CdsHooksError:
    """500 without a word about the cause; never answered as `cards: []` (row F4)."""
    return CdsHooksError(500, [Issue("exception", "The service failed while answering; no advice was computed.")])


_TEXT = {
    "missing": ("required", "is required"),
    "string_type": ("structure", "must be a string"),
    "string_unicode": ("value", "must be valid Unicode"),
    "int_type": ("structure", "must be an integer"),
    "int_from_float": ("structure", "must be an integer"),
    "bool_type": ("structure", "must be true or false"),
    "dict_type": ("structure", "must be an object"),
    "model_type": ("structure", "must be an object"),
    "model_attributes_type": ("structure", "must be an object"),
    "list_type": ("structure", "must be an array"),
    "tuple_type": ("structure", "must be an array"),
    "too_short": ("required", "must not be empty"),
}


def issues_of(error: ValidationError, root: str = "") -> list[Issue]:
    """One issue per problem pydantic found, in our words: its own messages may quote the input."""
    found = []
    for item in error.errors(include_url=False, include_input=False):
        context = item.get("ctx", {})
        if item["type"] == "value_error":
            code, text = "value", str(context["error"])
        elif item["type"] == "literal_error":
            code, text = "value", f"must be {context['expected']}"
        else:
            code, text = _TEXT.get(item["type"], ("value", "is not valid"))
        place = _expression(root, item["loc"])
        found.append(Issue(code, f"{place or 'The body'} {text}.", (place,) if place else ()))
    return found


def _expression(root: str, location: Iterable[int | str]) -> str:
    """`context`, ("selections", 0) -> `context.selections[0]`."""
    path = root
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.lstrip(".")


def _issue(issue: Issue) -> dict[str, object]:
    """One entry of OperationOutcome.issue."""
    entry: dict[str, object] = {"severity": issue.severity, "code": issue.code, "diagnostics": issue.diagnostics}
    if issue.expression:
        entry["expression"] = list(issue.expression)
    return entry

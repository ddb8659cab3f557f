"""What a CDS client sends when it calls a service, without reading the FHIR inside (checklist section D).

The caller has decoded the JSON; `prefetch` is opaque here and may be missing from the head altogether when a faster
decoder reads it. Refusals name the member, never its value. Accepts 1.x, 2.0 and 3.0 requests alike.

Decisions: unknown members are ignored; null and blank optional members count as absent; an `extension` that is no
object (a client in the field sends a list) is ignored, since nothing may depend on an extension; an Authorization for
another patient than the context's is refused. Whether `fhirServer` is https and allowed is for the shell to say.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, SecretStr, StrictInt, ValidationError, field_validator

from cds_service.cds_hooks.base import Inbound, Text, is_absolute_url
from cds_service.cds_hooks.errors import (
    CdsHooksError,
    Issue,
    issues_of,
    unprocessable,
    wrong_patient_issue,
)
from cds_service.cds_hooks.hooks import HOOKS, Hook, HookContext, OptionalBareId
from cds_service.cds_hooks.scopes import Scope, parse_scopes

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HOOK_INSTANCE_LIMIT = 128


def _without_type(value: object) -> object:
    return value.removeprefix("Patient/") if isinstance(value, str) else value


class FhirAuthorization(Inbound):
    """A bearer token for the client's FHIR server. `access_token` is a SecretStr: never logged, stored or shared.

    Member names are OAuth's, in snake_case on the wire. `patient` is the one patient the token is limited to.
    """

    model_config = ConfigDict(alias_generator=None)

    access_token: SecretStr
    token_type: Text
    expires_in: StrictInt
    scope: str
    subject: Text
    patient: Annotated[OptionalBareId, BeforeValidator(_without_type)] = None

    @field_validator("access_token")
    @classmethod
    def _token_fits_a_header(cls, value: SecretStr) -> SecretStr:
        token = value.get_secret_value()
        if not token or not token.isascii() or any(character <= " " or character == "\x7f" for character in token):
            raise ValueError("must be a token without white space")
        return value

    @field_validator("token_type")
    @classmethod
    def _bearer(cls, value: str) -> str:
        if value.lower() != "bearer":
            raise ValueError("must be Bearer")
        return "Bearer"

    def scopes(self) -> tuple[Scope, ...]:
        """The data scopes the token was granted."""
        return parse_scopes(self.scope)


class CdsRequest(Inbound):
    """A call that has passed `parse_head`. `prefetch` is as sent: a key with None means "known to have no data"."""

    hook: str
    hook_instance: str
    context: HookContext
    fhir_server: str | None = None
    fhir_authorization: FhirAuthorization | None = None
    prefetch: dict[str, Any] | None = None
    extension: dict[str, Any] | None = None

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return (("hook", self.hook), ("hook_instance", self.hook_instance))


def parse_head(head: Mapping[str, object], *, hook: str | Hook, lenient_hook_instance: bool = False) -> CdsRequest:
    """Check a decoded request against the hook its service is for.

    `hook` is a published name or a Hook of one's own. `lenient_hook_instance` lets a hookInstance pass that is no UUID.
    Raises CdsHooksError 422 with one issue per problem, KeyError for a hook name that is not published.
    """
    expected = HOOKS[hook] if isinstance(hook, str) else hook
    if not isinstance(head, Mapping):
        raise unprocessable(Issue("structure", "The body must be a JSON object."))
    issues: list[Issue] = []
    _check_hook(head, expected.name, issues)
    instance = _hook_instance(head, issues, lenient=lenient_hook_instance)
    server = _fhir_server(head, issues)
    authorization = _authorization(head, issues)
    if authorization is not None and server is None and "fhirServer" not in _places(issues):
        issues.append(Issue("required", "fhirServer is required with fhirAuthorization.", ("fhirServer",)))
    context = _context(head, expected.context, issues)
    if context and authorization and authorization.patient not in {None, context.patient_id}:
        issues.append(wrong_patient_issue("fhirAuthorization.patient"))
    prefetch = _prefetch(head, issues)
    if issues or context is None or instance is None:
        raise CdsHooksError(422, issues)
    extension = head.get("extension")
    # model_construct: every part was checked above, and a re-check would copy the whole prefetch.
    return CdsRequest.model_construct(
        hook=expected.name,
        hook_instance=instance,
        context=context,
        fhir_server=server,
        fhir_authorization=authorization,
        prefetch=prefetch,
        extension=extension if isinstance(extension, dict) and extension else None,
    )


def _places(issues: Iterable[Issue]) -> set[str]:
    return {place for issue in issues for place in issue.expression}


def _check_hook(head: Mapping[str, object], expected: str, issues: list[Issue]) -> None:
    """`hook` must be the one this service is for (row D-hook)."""
    hook = head.get("hook")
    if hook is None:
        issues.append(Issue("required", "hook is required.", ("hook",)))
    elif hook != expected:
        issues.append(Issue("value", f"hook must be {expected}, which is what this service answers.", ("hook",)))


def _hook_instance(head: Mapping[str, object], issues: list[Issue], *, lenient: bool) -> str | None:
    """`hookInstance`, a UUID; leniently any short printable string (it goes into logs)."""
    value = head.get("hookInstance")
    if isinstance(value, str) and _UUID.fullmatch(value):
        return value
    if value is None:
        issues.append(Issue("required", "hookInstance is required.", ("hookInstance",)))
    elif not lenient:
        issues.append(Issue("value", "hookInstance must be a UUID.", ("hookInstance",)))
    elif isinstance(value, str) and value.strip() and value.isprintable() and len(value) <= _HOOK_INSTANCE_LIMIT:
        return value
    else:
        issues.append(
            Issue(
                "value",
                f"hookInstance must be a printable string of at most {_HOOK_INSTANCE_LIMIT} characters.",
                ("hookInstance",),
            )
        )
    return None


def _fhir_server(head: Mapping[str, object], issues: list[Issue]) -> str | None:
    """`fhirServer` as sent; None when absent, null or blank."""
    value = head.get("fhirServer")
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str) and is_absolute_url(value):
        return value
    issues.append(Issue("value", "fhirServer must be an absolute http(s) URL.", ("fhirServer",)))
    return None


def _authorization(head: Mapping[str, object], issues: list[Issue]) -> FhirAuthorization | None:
    """`fhirAuthorization`; None when absent, null or wrong."""
    value = head.get("fhirAuthorization")
    if value is None:
        return None
    try:
        return FhirAuthorization.model_validate(value)
    except ValidationError as error:
        issues.extend(issues_of(error, "fhirAuthorization"))
        return None


def _prefetch(head: Mapping[str, object], issues: list[Issue]) -> dict[str, Any] | None:
    """`prefetch` as sent; None when absent or null."""
    value = head.get("prefetch")
    if value is None or isinstance(value, dict):
        return value
    issues.append(Issue("structure", "prefetch must be an object.", ("prefetch",)))
    return None


def _context(head: Mapping[str, object], model: type[HookContext], issues: list[Issue]) -> HookContext | None:
    """`context` as the hook's own model; None when wrong."""
    value = head.get("context")
    if value is None:
        issues.append(Issue("required", "context is required.", ("context",)))
        return None
    try:
        return model.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        issues.extend(issues_of(error, "context"))
        return None

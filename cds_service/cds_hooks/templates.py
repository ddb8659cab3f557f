"""Prefetch templates: whether they are in the restricted subset, what they become, whether one came back unresolved.

Checklist section C. Knows URLs and tokens, not what the answers are for. The 3.0 extensions (FHIRPath in tokens,
`%key`, `_maxresults`) are refused: 2.0 clients ignore them or send them literally.
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

from cds_service.cds_hooks.hooks import HOOKS, Hook, HookContext

USER_TOKENS: Mapping[str, str] = {
    "userPractitionerId": "Practitioner",
    "userPractitionerRoleId": "PractitionerRole",
    "userPatientId": "Patient",
    "userRelatedPersonId": "RelatedPerson",
}
"""Tokens for the bare id of the user, by the resource type the user must have (row C2)."""

_ANY = "\0"  # stands for a token: it will become something URL-encoded
_TOKEN = re.compile(r"\{\{(.*?)\}\}")
_PATH = re.compile(r"[A-Z][A-Za-z]*(/(\0|[A-Za-z0-9\-.]{1,64}))?|\0")
_RESULT_PARAMETERS = {
    "_count": re.compile(r"[1-9][0-9]*"),
    "_sort": re.compile(r"-?[a-z_][a-z_\-]*(,-?[a-z_][a-z_\-]*)*"),
}
_COMMON_PARAMETERS = frozenset({"_id", "_lastUpdated", "_tag", "_security"})
_FOREIGN_PREFIX = re.compile(r"(ne|sa|eb|ap)(\d{4}|\0)")
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9\-]*")
_DOUBLE_ENCODINGS = 3


def check_template(template: str, hook: str | Hook) -> list[str]:
    """What is wrong with a template of a service on this hook, one sentence each; [] when it is in the subset.

    Rows C1-C5: permitted tokens only; `Type/id`, `{{context.userId}}` or `Type?parameters`; no _include, no modifier
    but `:in`, no chaining, no prefix but eq lt gt ge le. A hook that is not published is checked for form only.
    """
    hook = HOOKS.get(hook, hook) if isinstance(hook, str) else hook
    problems = [_check_token(token, hook) for token in _TOKEN.findall(template)]
    plain = _TOKEN.sub(_ANY, template)
    if "{" in plain or "}" in plain:
        problems.append("Token delimiters do not match: write {{context.patientId}}.")
    if re.search(r"[\s#\\\"<>]", plain):
        problems.append('White space and the characters # \\ " < > must be percent-encoded.')
    path, question_mark, query = plain.partition("?")
    if not _PATH.fullmatch(path):
        problems.append("Start with ResourceType/id, {{context.userId}} or ResourceType?, without a leading slash.")
    elif question_mark and ("/" in path or path == _ANY):
        problems.append("An instance read takes no parameters.")
    elif path == _ANY and not template.startswith("{{context.userId}}"):
        problems.append("Only {{context.userId}} is a whole reference; write ResourceType/{{token}}.")
    elif not question_mark and "/" not in path and path != _ANY:
        problems.append("A search needs parameters, or it would ask for every patient.")
    if question_mark:
        problems.extend(_check_parameter(part) for part in query.split("&"))
    return [problem for problem in problems if problem]


def resolve_template(template: str, context: HookContext | Mapping[str, object]) -> str | None:
    """The query a client would run, values URL-encoded; None when a token has no value.

    `context` is a parsed context or a mapping by wire names. What comes back never holds a literal `{{` (section O).
    """
    values: Mapping[str, object] = context.tokens() if isinstance(context, HookContext) else context
    missing = False

    def substitute(match: re.Match[str]) -> str:
        nonlocal missing
        value = _token_value(match[1], values)
        missing = missing or value is None
        return value or ""

    resolved = _TOKEN.sub(substitute, template)
    return None if missing or "{" in resolved or "}" in resolved else resolved


def looks_unresolved(self_link: str) -> bool:
    """True when a Bundle's self link still holds `{{`, however often percent-encoded: no such query was ever meant."""
    text = self_link
    for _ in range(_DOUBLE_ENCODINGS):
        if "{{" in text:
            return True
        text = unquote(text)
    return "{{" in text


def _check_token(token: str, hook: str | Hook) -> str:
    """The problem with one token, or ""."""
    if token in USER_TOKENS:
        return ""
    field = token.removeprefix("context.")
    if field == token or not re.fullmatch(r"[A-Za-z]+", field):
        return "A token is context.<field> or one of the user ids, without spaces, paths or functions (3.0 only)."
    if isinstance(hook, Hook) and field not in hook.prefetch_tokens:
        return f"context.{field} is no prefetch token of {hook.name}."
    return ""


def _check_parameter(part: str) -> str:
    """The problem with one `name=value`, or ""."""
    name, equals, value = part.partition("=")
    if not equals or not value:
        return f"Parameter '{name}' has no value."
    if name in _RESULT_PARAMETERS:
        return "" if _RESULT_PARAMETERS[name].fullmatch(value) else f"'{name}' has a value outside the subset."
    name, colon, modifier = name.partition(":")
    if name in {"sort", "count"}:
        return f"'{name}' is no FHIR parameter: write _{name}, as in _sort=-date."
    if colon and modifier != "in":
        return f"Modifier ':{modifier}' is outside the subset; only ':in' is allowed."
    if "." in name:
        return f"Chained parameter '{name}' is outside the subset."
    if name.startswith("_") and name not in _COMMON_PARAMETERS:
        return f"'{name}' is outside the subset."
    if not name.startswith("_") and not _NAME.fullmatch(name):
        return f"'{name}' is no parameter name."
    if any(_FOREIGN_PREFIX.match(alternative) for alternative in value.split(",")):
        return f"'{name}' uses a prefix other than eq, lt, gt, ge, le."
    return ""


def _token_value(token: str, values: Mapping[str, object]) -> str | None:
    """The URL-encoded value of a token; None when there is none, or none that may stand in a URL path."""
    keep: Callable[[str], str]
    if token in USER_TOKENS:
        user_type, _, value = str(values.get("userId") or "").partition("/")
        raw: object = value if user_type == USER_TOKENS[token] else None
        keep = _encode
    else:
        raw = values.get(token.removeprefix("context.")) if token.startswith("context.") else None
        # userId is itself "Type/id": its one slash is a path separator.
        keep = _encode_reference if token == "context.userId" else _encode  # noqa: S105 - a prefetch token, no secret
    if not isinstance(raw, str) or not raw.strip(". ") or "{" in raw or "}" in raw:
        return None
    return keep(raw)


def _encode(value: str) -> str:
    return quote(value, safe="")


def _encode_reference(value: str) -> str:
    resource_type, slash, identity = value.partition("/")
    return f"{_encode(resource_type)}{slash}{_encode(identity)}"

"""SMART scopes of an access token, in the spelling of version 1 (`.read`) and of version 2 (`.rs`), row K.

Says what a token may be used for, so that a search that would be refused is not even started. Knows no token.
"""

import re
from dataclasses import dataclass

_SCOPE = re.compile(r"(patient|user|system)/([A-Z][A-Za-z]*|\*)\.(read|write|\*|c?r?u?d?s?)(\?\S+)?")


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope on FHIR data. `restriction` is the query of a version 2 scope such as `category=laboratory`."""

    level: str
    resource_type: str
    read: bool
    search: bool
    restriction: str | None = None

    def covers(self, resource_type: str) -> bool:
        """True when the scope is about this resource type (or all)."""
        return self.resource_type in {"*", resource_type}


def parse_scopes(text: str) -> tuple[Scope, ...]:
    """The data scopes in a space-separated scope string; others (`openid`, `launch`, unknown) are left out."""
    return tuple(scope for part in text.split() if (scope := _parse(part)) is not None)


def may_search(scopes: tuple[Scope, ...], resource_type: str) -> bool:
    """True when an unrestricted scope allows searching this type; a restricted one may hide part of the answer."""
    return any(scope.search and scope.restriction is None and scope.covers(resource_type) for scope in scopes)


def _parse(part: str) -> Scope | None:
    match = _SCOPE.fullmatch(part)
    if match is None or not match[3]:
        return None
    level, resource_type, rights, query = match.groups()
    if rights in {"read", "write", "*"}:
        readable = rights != "write"
        return Scope(level, resource_type, read=readable, search=readable, restriction=query[1:] if query else None)
    return Scope(
        level, resource_type, read="r" in rights, search="s" in rights, restriction=query[1:] if query else None
    )

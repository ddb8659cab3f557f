"""The two base classes of the wire models (what we send, what we are sent) and the string types they share.

May not know any particular model. What we send is strict, because a misspelt member would be lost without a sound;
what we are sent ignores unknown members, because clients of other versions add theirs.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

from cds_service.cds_hooks.empties import prune_object

_ABSOLUTE_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s]+")


class Outbound(BaseModel):
    """Base of everything we send: frozen, unknown arguments refused, snake_case here and camelCase on the wire.

    `keep_empty` names (in wire spelling) the arrays that are sent although empty.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )
    keep_empty: ClassVar[frozenset[str]] = frozenset()


class Inbound(BaseModel):
    """Base of everything we are sent: frozen, unknown members ignored, and a repr that shows no content.

    Requests carry patient data and tokens; neither may reach a log through a stray `%r`.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return ()


def is_absolute_url(value: str) -> bool:
    """True for an http or https URL with a host, without white space."""
    if re.search(r"\s", value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _encodable(value: str) -> str:
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("must be valid Unicode, without half a surrogate pair")
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


def blank_is_absent(value: object) -> object:
    """None for a blank string: before-validator of optional strings."""
    return None if isinstance(value, str) and not value.strip() else value


def _absolute_url(value: str) -> str:
    if not is_absolute_url(value):
        raise ValueError("must be an absolute http(s) URL")
    return value


def _absolute_uri(value: str) -> str:
    if not _ABSOLUTE_URI.fullmatch(value):
        raise ValueError("must be an absolute URI, such as http://loinc.org or urn:oid:1.2.3")
    return value


def _without_empties(value: Mapping[str, object]) -> dict[str, object] | None:
    return prune_object(value) or None


Text = Annotated[str, AfterValidator(_encodable), AfterValidator(_not_blank)]
"""A required string: more than white space (row A5)."""

OptionalText = Annotated[Annotated[str, AfterValidator(_encodable)] | None, BeforeValidator(blank_is_absent)]
"""An optional string; blank counts as absent, so that it is left out rather than sent empty (row A2)."""

Url = Annotated[str, AfterValidator(_encodable), AfterValidator(_absolute_url)]
"""An absolute http(s) URL, kept as written."""

Uri = Annotated[str, AfterValidator(_encodable), AfterValidator(_absolute_uri)]
"""An absolute URI of any scheme: the system of a Coding."""

JsonObject = Annotated[dict[str, Any], AfterValidator(_without_empties)]
"""A JSON object passed through as given, minus empties; a deep copy, so later changes by the caller do not reach it."""

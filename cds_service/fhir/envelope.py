"""A CDS Hooks request decoded in one pass: the head as plain values, prefetch as resources.

Falls back key by key (and resource by resource) when a prefetch value is not shaped like FHIR, so that one odd resource
costs nothing but itself. Knows the names of the envelope's members, not what a hook means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import Raw, Struct

from cds_service.fhir.decode import Decoded, UnreadableInputError, as_text, decode_value, taken_apart
from cds_service.fhir.structs import ABSENT, Resource, any_decoder

HEAD_FIELDS = ("hook", "hookInstance", "fhirServer", "fhirAuthorization", "context", "extension")


class _Envelope(Struct):
    hook: Raw = ABSENT
    hookInstance: Raw = ABSENT
    fhirServer: Raw = ABSENT
    fhirAuthorization: Raw = ABSENT
    context: Raw = ABSENT
    extension: Raw = ABSENT
    prefetch: dict[str, Resource | None] | None = None


class _RawEnvelope(Struct):
    hook: Raw = ABSENT
    hookInstance: Raw = ABSENT
    fhirServer: Raw = ABSENT
    fhirAuthorization: Raw = ABSENT
    context: Raw = ABSENT
    extension: Raw = ABSENT
    prefetch: Raw = ABSENT


_decoder = msgspec.json.Decoder(_Envelope)
_raw_decoder = msgspec.json.Decoder(_RawEnvelope)
_prefetch_decoder = msgspec.json.Decoder(dict[str, Raw])


@dataclass(slots=True)
class Prefetched:
    """One prefetch value: a resource, a Bundle taken apart, nothing (`null`), or something unreadable."""

    resource: Resource | None = None
    decoded: Decoded | None = None
    is_null: bool = False


@dataclass(slots=True)
class Envelope:
    """A request: `head` for the protocol's own checks, `prefetch` for the reader (None: not sent)."""

    head: dict[str, Any]
    prefetch: dict[str, Prefetched] = field(default_factory=dict)


def decode_envelope(body: bytes) -> Envelope:
    """Decode a request body. UnreadableInputError when it is not UTF-8 JSON; other oddities are left to the checks."""
    text = as_text(body)
    try:
        envelope = _decoder.decode(text)
    except msgspec.ValidationError:
        return _piece_by_piece(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _not_json(error) from None
    found = {key: _taken_apart(value) for key, value in (envelope.prefetch or {}).items()}
    return Envelope(_head(envelope), found)


def _not_json(error: Exception) -> UnreadableInputError:
    reason = "nested too deeply" if isinstance(error, RecursionError) else f"not JSON ({error})"
    return UnreadableInputError(f"the body is {reason}")


def _taken_apart(resource: Resource | None) -> Prefetched:
    if resource is None:
        return Prefetched(is_null=True)
    if resource.resourceType == "Bundle":
        return Prefetched(decoded=taken_apart(resource))
    return Prefetched(resource=resource)


def _piece_by_piece(text: bytes) -> Envelope:
    try:
        envelope = _raw_decoder.decode(text)
    except msgspec.ValidationError:
        return Envelope({})  # JSON, but no object: the protocol's checks say so
    except (msgspec.DecodeError, RecursionError) as error:
        raise _not_json(error) from None
    head = _head(envelope)
    raw = bytes(envelope.prefetch)
    if not raw or raw == b"null":
        return Envelope(head)
    try:
        values = _prefetch_decoder.decode(raw)
    except msgspec.ValidationError:
        return Envelope({**head, "prefetch": "not an object"})
    return Envelope(head, {key: _decoded_value(value) for key, value in values.items()})


def _decoded_value(raw: Raw) -> Prefetched:
    if bytes(raw) == b"null":
        return Prefetched(is_null=True)
    resource, decoded = decode_value(raw)
    return Prefetched(resource, decoded)


def _head(envelope: _Envelope | _RawEnvelope) -> dict[str, Any]:
    fields: Mapping[str, Raw] = {name: getattr(envelope, name) for name in HEAD_FIELDS}
    try:
        return {name: any_decoder.decode(raw) for name, raw in fields.items() if bytes(raw)}
    except (msgspec.MsgspecError, RecursionError) as error:  # a number beyond every range, and the like
        raise _not_json(error) from None

"""Bytes to resources: one fast pass, and resource by resource when something in it is not what FHIR says.

Nothing is lost: what cannot be decoded comes back as `Unreadable` with its place, so that it can be named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cds_service.fhir.record import SOURCE_OF_TYPE
from cds_service.fhir.structs import (
    ABSENT,
    Entry,
    Link,
    RawBundle,
    Resource,
    any_decoder,
    members_decoder,
    raw_bundle_decoder,
    raw_entry_decoder,
    resource_decoder,
)

_TROUBLE = (msgspec.MsgspecError, RecursionError)
_DEEPEST_BUNDLE = 8
# Kinds that an error message may name; any other `resourceType` might be anything, a patient's name included.
_KNOWN_KINDS = frozenset({*SOURCE_OF_TYPE, "Encounter", "Medication", "OperationOutcome", "Parameters"})


class UnreadableInputError(Exception):
    """The input as a whole cannot be read; the message says where and what was expected, never the content."""


class UnreadablePartError(Exception):
    """A part that is decoded only where it matters is not what FHIR says: its resource cannot be relied on."""


class NotABundleError(UnreadableInputError):
    """The input is JSON, but no Bundle (or none whose entries can be found)."""


@dataclass(slots=True)
class Unreadable:
    """A resource that is JSON but not what its type should look like. `plain` is its untyped content."""

    place: str
    plain: dict[str, Any]

    @property
    def reference(self) -> str:
        """Type/id where there is one, else the place."""
        kind, identity = self.plain.get("resourceType"), self.plain.get("id")
        return f"{kind}/{identity}" if isinstance(kind, str) and isinstance(identity, str) else self.place


@dataclass(slots=True)
class Decoded:
    """A Bundle (or one resource) taken apart."""

    entries: list[Entry] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    total: int | None = None  # how many the server found, where a searchset says so


def as_text(body: bytes) -> bytes:
    """The body without a byte order mark, after checking that it is UTF-8; UnreadableInputError names the byte."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        msg = f"the input is not UTF-8 text (byte {error.start})"
        raise UnreadableInputError(msg) from None
    return body.removeprefix(b"\xef\xbb\xbf")


def decode_bundle(body: bytes) -> Decoded:
    """The entries of a Bundle in JSON. UnreadableInputError when it is not JSON or not a Bundle."""
    try:
        bundle = resource_decoder.decode(body)
    except msgspec.ValidationError:
        return _entry_by_entry(body)
    except _TROUBLE as error:
        raise UnreadableInputError(_not_json(body, error)) from None
    if bundle.resourceType != "Bundle":
        raise NotABundleError(_not_bundle(bundle.resourceType))
    return taken_apart(bundle)


def taken_apart(bundle: Resource | RawBundle) -> Decoded:
    """A decoded Bundle as its parts (a `RawBundle` without its entries, which are decoded one by one)."""
    entries = (bundle.entry or []) if isinstance(bundle, Resource) else []
    total = bytes(bundle.total)
    return Decoded(entries, links=bundle.link or [], total=int(total) if total.isdigit() else None)


def _not_json(body: bytes, error: Exception) -> str:
    if not body.strip():
        return "the input is empty; a FHIR Bundle in JSON is expected"
    if isinstance(error, RecursionError):
        return "the input is nested too deeply; a FHIR Bundle in JSON is expected"
    return f"the input is not JSON ({error}); a FHIR Bundle in JSON is expected"


def _not_bundle(kind: object) -> str:
    if kind is None:
        return "the input has no resourceType; a FHIR Bundle is expected"
    named = f"a resource of type {kind}" if isinstance(kind, str) and kind in _KNOWN_KINDS else "something else"
    return f"the input is {named}, not a Bundle; wrap the resources in a Bundle (type collection)"


def _entry_by_entry(body: bytes, place: str = "", depth: int = 0) -> Decoded:
    """Take a Bundle apart one entry after another, so that only what is odd is lost (and named)."""
    try:
        bundle = raw_bundle_decoder.decode(body)
    except msgspec.ValidationError as error:
        raise NotABundleError(_why_no_bundle(body, error)) from None
    except _TROUBLE as error:
        raise UnreadableInputError(_not_json(body, error)) from None
    if bundle.resourceType != "Bundle":
        raise NotABundleError(_not_bundle(bundle.resourceType))
    decoded = taken_apart(bundle)
    for number, raw in enumerate(bundle.entry or []):
        _decode_entry(raw, f"{place}entry[{number}]", decoded, depth)
    return decoded


def _why_no_bundle(body: bytes, error: msgspec.ValidationError) -> str:
    if body.lstrip()[:1] != b"{":
        return "the input is JSON but no object; a FHIR Bundle is expected"
    kind = _plain(body).get("resourceType")
    return f"the Bundle cannot be read: {_shape(error)}" if kind == "Bundle" else _not_bundle(kind)


def _plain(raw: msgspec.Raw | bytes) -> dict[str, Any]:
    """The members of an object without any expectation of their shape; members that are no JSON value are left out."""
    try:
        members = members_decoder.decode(raw)
    except _TROUBLE:
        return {}
    plain = {}
    for name, value in members.items():
        try:
            plain[name] = any_decoder.decode(value)
        except _TROUBLE:
            continue
    return plain


def _decode_entry(raw: msgspec.Raw, place: str, decoded: Decoded, depth: int) -> None:
    try:
        entry = raw_entry_decoder.decode(raw)
    except _TROUBLE:
        content = _plain(raw).get("resource")
        decoded.unreadable.append(Unreadable(place, content if isinstance(content, dict) else {}))
        return
    if entry.resource is ABSENT or bytes(entry.resource) == b"null":
        if entry.response is not None or entry.request is not ABSENT:
            decoded.entries.append(Entry(entry.fullUrl, None, entry.response, entry.request))
        return
    odd: list[Unreadable] = []
    resource = decode_resource(entry.resource, place, odd)
    if resource is not None:
        decoded.entries.append(Entry(entry.fullUrl, resource, entry.response, entry.request))
    elif odd[0].plain.get("resourceType") == "Bundle" and depth < _DEEPEST_BUNDLE:
        _decode_inner_bundle(bytes(entry.resource), place, decoded, depth)
    else:
        decoded.unreadable += odd


def _decode_inner_bundle(body: bytes, place: str, decoded: Decoded, depth: int) -> None:
    """A Bundle within the Bundle, of which only some resources are odd: its parts join the others."""
    try:
        inner = _entry_by_entry(body, f"{place}.resource.", depth + 1)
    except UnreadableInputError:
        decoded.unreadable.append(Unreadable(place, _plain(body)))
        return
    decoded.entries += inner.entries
    decoded.unreadable += inner.unreadable
    decoded.links += inner.links


def decode_resource(raw: msgspec.Raw | bytes, place: str, unreadable: list[Unreadable]) -> Resource | None:
    """One resource; None (and an entry in `unreadable`) when its shape is not FHIR's."""
    try:
        return resource_decoder.decode(raw)
    except _TROUBLE:
        unreadable.append(Unreadable(place, _plain(raw)))
        return None


def decode_value(raw: msgspec.Raw) -> tuple[Resource | None, Decoded | None]:
    """One prefetch value by itself: (resource, None), (None, a Bundle taken apart), or (None, None) when neither."""
    try:
        resource = resource_decoder.decode(raw)
    except _TROUBLE:
        try:
            return None, _entry_by_entry(bytes(raw))
        except UnreadableInputError:
            return None, None
    if resource.resourceType == "Bundle":
        return None, taken_apart(resource)
    return resource, None


_SALVAGED = {info.name: info.type for info in msgspec.structs.fields(Resource) if info.name not in ("entry", "link")}


def salvage(plain: dict[str, Any]) -> Resource:
    """What can be read of a resource whose shape is not FHIR's: every field that is right by itself."""
    found = {}
    for name, value in plain.items():
        kind = _SALVAGED.get(name)
        if kind is None or kind is msgspec.Raw:
            continue
        try:
            found[name] = msgspec.convert(value, kind)
        except _TROUBLE:
            continue
    return Resource(**found)


def _shape(error: msgspec.ValidationError) -> str:
    return str(error).replace("`$", "`Bundle")


def split_lines(body: bytes) -> Iterable[tuple[int, bytes]]:
    """The non-empty lines of NDJSON with their 1-based numbers."""
    for number, line in enumerate(body.splitlines(), start=1):
        if line.strip():
            yield number, line

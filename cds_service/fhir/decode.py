"""Bytes to resources: one fast pass, and resource by resource when something in it is not what FHIR says.

Nothing is lost: what cannot be decoded comes back as `Unreadable` with its place, so that it can be named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cds_service.fhir.structs import (
    ABSENT,
    Entry,
    Link,
    Resource,
    any_decoder,
    raw_bundle_decoder,
    raw_entry_decoder,
    resource_decoder,
)


class UnreadableInputError(Exception):
    """The input as a whole cannot be read; the message says where and what was expected, never the content."""


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
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnreadableInputError(_not_json(body, error)) from None
    if bundle.resourceType != "Bundle":
        raise NotABundleError(_not_bundle(bundle.resourceType))
    return Decoded(bundle.entry or [], links=bundle.link or [])


def _not_json(body: bytes, error: Exception) -> str:
    if not body.strip():
        return "the input is empty; a FHIR Bundle in JSON is expected"
    if isinstance(error, RecursionError):
        return "the input is nested too deeply; a FHIR Bundle in JSON is expected"
    return f"the input is not JSON ({error}); a FHIR Bundle in JSON is expected"


def _not_bundle(kind: str | None) -> str:
    if kind is None:
        return "the input has no resourceType; a FHIR Bundle is expected"
    return f"the input is a {kind[:40]!r}, not a Bundle; wrap the resources in a Bundle (type collection)"


def _entry_by_entry(body: bytes) -> Decoded:
    try:
        bundle = raw_bundle_decoder.decode(body)
    except msgspec.ValidationError as error:
        plain = any_decoder.decode(body)
        kind = plain.get("resourceType") if isinstance(plain, dict) else None
        if kind != "Bundle":
            raise NotABundleError(_not_bundle(kind if isinstance(kind, str) else None)) from None
        msg = f"the Bundle cannot be read: {_shape(error)}"
        raise NotABundleError(msg) from None
    if bundle.resourceType != "Bundle":
        raise NotABundleError(_not_bundle(bundle.resourceType))
    decoded = Decoded(links=bundle.link or [])
    for number, raw in enumerate(bundle.entry or []):
        _decode_entry(raw, f"entry[{number}]", decoded)
    return decoded


def _decode_entry(raw: msgspec.Raw, place: str, decoded: Decoded) -> None:
    try:
        entry = raw_entry_decoder.decode(raw)
    except msgspec.ValidationError:
        plain = any_decoder.decode(raw)
        content = plain.get("resource") if isinstance(plain, dict) else None
        decoded.unreadable.append(Unreadable(place, content if isinstance(content, dict) else {}))
        return
    if entry.resource is ABSENT or bytes(entry.resource) == b"null":
        return
    resource = decode_resource(entry.resource, place, decoded.unreadable)
    if resource is not None:
        decoded.entries.append(Entry(entry.fullUrl, resource, entry.search))


def decode_resource(raw: msgspec.Raw | bytes, place: str, unreadable: list[Unreadable]) -> Resource | None:
    """One resource; None (and an entry in `unreadable`) when its shape is not FHIR's."""
    try:
        return resource_decoder.decode(raw)
    except (msgspec.ValidationError, RecursionError):
        plain = any_decoder.decode(raw)
        unreadable.append(Unreadable(place, plain if isinstance(plain, dict) else {}))
        return None


def decode_value(raw: msgspec.Raw) -> tuple[Resource | None, Decoded | None]:
    """One prefetch value by itself: (resource, None), (None, a Bundle taken apart), or (None, None) when neither."""
    try:
        resource = resource_decoder.decode(raw)
    except (msgspec.ValidationError, RecursionError):
        try:
            return None, _entry_by_entry(bytes(raw))
        except UnreadableInputError:
            return None, None
    if resource.resourceType == "Bundle":
        return None, Decoded(resource.entry or [], links=resource.link or [])
    return resource, None


def _shape(error: msgspec.ValidationError) -> str:
    return str(error).replace("`$", "`Bundle")


def split_lines(body: bytes) -> Iterable[tuple[int, bytes]]:
    """The non-empty lines of NDJSON with their 1-based numbers."""
    for number, line in enumerate(body.splitlines(), start=1):
        if line.strip():
            yield number, line

"""The least anybody could do: decode only the fields that judging needs, and judge nothing.

One flat Struct for every resource type, because a tagged union refuses a whole request over one unexpected type and
slows down when `resourceType` comes late. This is the yardstick of line 2; the service has its own reader.
"""

import msgspec


class Coding(msgspec.Struct):
    """A code and whose code it is."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class Concept(msgspec.Struct):
    """Codings with their text."""

    coding: list[Coding] = []
    text: str | None = None


class Reference(msgspec.Struct):
    """Another resource."""

    reference: str | None = None
    display: str | None = None


class Period(msgspec.Struct):
    """From, until."""

    start: str | None = None
    end: str | None = None


class Quantity(msgspec.Struct):
    """A number with its unit."""

    value: float | None = None
    unit: str | None = None
    code: str | None = None


class Dosage(msgspec.Struct):
    """How much, and which way."""

    dose: Quantity | None = None
    route: Concept | None = None


class Component(msgspec.Struct):
    """A part of a panel."""

    code: Concept | None = None
    valueQuantity: Quantity | None = None


class Resource(msgspec.Struct):
    """The fields judged, of any resource type."""

    resourceType: str
    id: str | None = None
    status: str | None = None
    code: Concept | None = None
    subject: Reference | None = None
    effectiveDateTime: str | None = None
    effectivePeriod: Period | None = None
    issued: str | None = None
    valueQuantity: Quantity | None = None
    valueString: str | None = None
    valueCodeableConcept: Concept | None = None
    component: list[Component] = []
    medicationCodeableConcept: Concept | None = None
    medicationReference: Reference | None = None
    dosage: Dosage | None = None


class Entry(msgspec.Struct):
    """A resource and its address."""

    fullUrl: str | None = None
    resource: Resource | None = None


class Bundle(msgspec.Struct):
    """The resources of one record."""

    resourceType: str
    entry: list[Entry] = []


_DECODER = msgspec.json.Decoder(Bundle)


def decode(body: bytes) -> Bundle:
    """The Bundle, typed; everything not named above is skipped unread."""
    return _DECODER.decode(body)

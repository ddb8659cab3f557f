"""The least anybody could do: decode only the fields that judging needs, and judge nothing.

This is the yardstick of line 2; the service has its own reader. It is meant to be fair both ways.

Not starved: every field that one of the 29 requirements, or telling whether a resource may be used at all, rests on is
here: status and verification, code and members, every `value[x]` (is there one, is there only one), interpretation, all
the times and timings of results, doses and orders, supply, reactions, links between patients, in R4 and R5 spelling.
Not padded: what only appointments or a prefetch list's own bookkeeping need is left out, and so is what nothing reads.
Fields that matter for few of the resources that have them (`identifier` and `meta` of a result are never looked at)
stay undecoded, as anybody in a hurry would leave them. One flat Struct for every resource type, because a tagged union
refuses a whole request over one unexpected type and slows down when `resourceType` comes late; its fields stand in the
order in which servers write them; no Struct is tracked by the garbage collector, because a decoded tree has no cycles.
`tests/code_health/test_benchmarks.py` compares the fields with those the service reads.
"""

from msgspec import Raw, Struct, json

ABSENT = Raw(b"")


class Coding(Struct, gc=False):
    """A code and whose code it is."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class Concept(Struct, gc=False):
    """Codings with their text; in R5 an order's code holds a concept."""

    coding: list[Coding] | None = None
    text: str | None = None
    concept: "Concept | None" = None


class Reference(Struct, gc=False):
    """Another resource."""

    reference: str | None = None
    display: str | None = None


class Medication(Struct, gc=False):
    """A medication as R5 writes it."""

    concept: Concept | None = None
    reference: Reference | str | None = None


class Period(Struct, gc=False):
    """From, until."""

    start: str | None = None
    end: str | None = None


class Quantity(Struct, gc=False):
    """A number with its unit."""

    value: float | str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None
    comparator: str | None = None


class Amount(Struct, gc=False):
    """A number with its unit, per another."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Range(Struct, gc=False):
    """A dose between two."""

    low: Quantity | None = None
    high: Quantity | None = None


class DoseAndRate(Struct, gc=False):
    """The dose of one instruction."""

    doseQuantity: Quantity | None = None
    doseRange: Range | None = None


class Repeat(Struct, gc=False):
    """How often, and from when until when."""

    boundsPeriod: Period | None = None
    boundsDuration: Quantity | None = None
    count: int | None = None
    frequency: int | None = None
    period: float | None = None
    periodUnit: str | None = None
    timeOfDay: list[str] | None = None


class Timing(Struct, gc=False):
    """When."""

    event: list[str] | None = None
    repeat: Repeat | None = None
    code: Concept | None = None


class Dosage(Struct, gc=False):
    """How much, which way, when."""

    sequence: int | None = None
    text: str | None = None
    timing: Timing | None = None
    route: Concept | None = None
    dose: Quantity | None = None
    doseQuantity: Quantity | None = None
    doseAndRate: list[DoseAndRate] | None = None


class Ingredient(Struct, gc=False):
    """A part of a mixture."""

    itemCodeableConcept: Concept | None = None
    itemReference: Reference | None = None
    item: Medication | None = None
    strength: Amount | None = None
    strengthRatio: Amount | None = None
    strengthQuantity: Quantity | None = None


class Issue(Struct, gc=False):
    """What a server says went wrong."""

    severity: str | None = None


class Link(Struct, gc=False):
    """Another page, or another record of the same person."""

    relation: str | None = None
    url: str | None = None
    type: str | None = None
    other: Reference | None = None


class Component(Struct, gc=False):
    """A part of a panel."""

    code: Concept | None = None
    valueQuantity: Quantity | None = None
    valueCodeableConcept: Concept | None = None
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: int | None = None
    valueRange: Raw = ABSENT
    valueRatio: Raw = ABSENT
    valueSampledData: Raw = ABSENT
    valueTime: Raw = ABSENT
    valueDateTime: Raw = ABSENT
    valuePeriod: Raw = ABSENT
    valueAttachment: Raw = ABSENT
    valueReference: Raw = ABSENT
    interpretation: Raw = ABSENT


class Resource(Struct, gc=False):
    """The fields judged, of any resource type."""

    resourceType: str | None = None
    birthDate: str | None = None
    id: str | None = None
    meta: Raw = ABSENT  # the later of two versions
    identifier: Raw = ABSENT  # the same administration from two feeds
    status: str | Concept | None = None
    code: Concept | str | list[str] | None = None
    medicationCodeableConcept: Concept | None = None
    subject: Reference | list[Reference] | None = None
    effectiveDateTime: str | None = None
    issued: str | None = None
    valueQuantity: Quantity | None = None
    component: list[Component] | None = None
    patient: Reference | None = None
    contained: "list[Resource] | None" = None
    effectivePeriod: Period | None = None
    effectiveInstant: str | None = None
    effectiveTiming: Timing | None = None
    occurenceDateTime: str | None = None
    occurencePeriod: Period | None = None
    occurenceTiming: Timing | None = None
    occurrenceDateTime: str | None = None
    occurrencePeriod: Period | None = None
    occurrenceTiming: Timing | None = None
    occurrenceString: str | None = None
    authoredOn: str | None = None
    recordedDate: str | None = None
    onsetDateTime: str | None = None
    dateAsserted: str | None = None
    whenHandedOver: str | None = None
    valueCodeableConcept: Concept | None = None
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: int | None = None
    valueRange: Raw = ABSENT
    valueRatio: Raw = ABSENT
    valueSampledData: Raw = ABSENT
    valueTime: Raw = ABSENT
    valueDateTime: Raw = ABSENT
    valuePeriod: Raw = ABSENT
    valueAttachment: Raw = ABSENT
    valueReference: Raw = ABSENT
    hasMember: list[Reference] | None = None
    result: Raw = ABSENT
    interpretation: Raw = ABSENT  # of the few results that decide
    medicationReference: Reference | None = None
    medication: Medication | None = None
    ingredient: list[Ingredient] | None = None
    dosage: Raw = ABSENT  # of the few drugs that decide
    dosageInstruction: list[Dosage] | None = None
    request: Reference | list[Reference] | None = None
    doNotPerform: bool | None = None
    intent: str | None = None
    dispenseRequest: Raw = ABSENT
    adherence: Raw = ABSENT
    clinicalStatus: Concept | str | None = None
    verificationStatus: Concept | str | None = None
    onsetPeriod: Period | None = None
    abatementDateTime: str | None = None
    abatementPeriod: Period | None = None
    abatementBoolean: bool | None = None
    abatementAge: Raw = ABSENT
    abatementRange: Raw = ABSENT
    abatementString: Raw = ABSENT
    performedDateTime: str | None = None
    performedPeriod: Period | None = None
    performedString: str | None = None
    vaccineCode: Concept | None = None
    criticality: str | None = None
    reaction: Raw = ABSENT
    gender: str | None = None
    deceasedBoolean: bool | None = None
    deceasedDateTime: str | None = None
    period: Period | None = None
    actualPeriod: Period | None = None
    reasonCode: Raw = ABSENT  # a visit that was a skin examination
    reason: Raw = ABSENT
    orderDetail: Raw = ABSENT  # which vaccine an order is for
    conclusion: Raw = ABSENT  # of the few reports that decide
    conclusionCode: Raw = ABSENT
    link: list[Link] | None = None
    issue: list[Issue] | None = None


class Entry(Struct, gc=False):
    """A resource, its address, and whether asking for it failed."""

    fullUrl: str | None = None
    resource: Resource | None = None
    response: Raw = ABSENT


class Bundle(Struct, gc=False):
    """The resources of one record, and whether there are more."""

    resourceType: str | None = None
    entry: list[Entry] | None = None
    link: list[Link] | None = None


_DECODER = json.Decoder(Bundle)


def decode(body: bytes) -> Bundle:
    """The Bundle, typed; everything not named above is skipped unread."""
    return _DECODER.decode(body)

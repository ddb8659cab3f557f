"""The few fields of FHIR resources that are read, as one flat structure whatever the resource type.

One structure for every type decodes fastest and does not care where `resourceType` stands among the keys. Fields whose
shape differs between types or versions are unions. What is not named here is skipped unseen. Fields few resources are
asked for stay undecoded (`Raw`). `gc=False`: a decoded tree has no cycles, and the collector need not walk it.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

Number = float | str
ABSENT = Raw(b"")  # a field kept undecoded and not written; anything else has bytes


class Coding(Struct, gc=False):
    """FHIR Coding."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class CodeableConcept(Struct, gc=False):
    """FHIR CodeableConcept; where R5 has a CodeableReference instead (an order's `code`), its `concept`."""

    coding: list[Coding] | None = None
    text: str | None = None
    concept: CodeableConcept | None = None


class Reference(Struct, gc=False):
    """FHIR Reference."""

    reference: str | None = None
    display: str | None = None


class CodeableReference(Struct, gc=False):
    """FHIR R5 CodeableReference."""

    concept: CodeableConcept | None = None
    reference: Reference | str | None = None
    display: str | None = None


class Period(Struct, gc=False):
    """FHIR Period."""

    start: str | None = None
    end: str | None = None


class Quantity(Struct, gc=False):
    """FHIR Quantity; `value` may arrive as text from lenient clients."""

    value: Number | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None
    comparator: str | None = None


class Ratio(Struct, gc=False):
    """FHIR Ratio."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Range(Struct, gc=False):
    """FHIR Range."""

    low: Quantity | None = None
    high: Quantity | None = None


class Meta(Struct, gc=False):
    """FHIR Meta."""

    lastUpdated: str | None = None
    versionId: str | None = None


class Identifier(Struct, gc=False):
    """FHIR Identifier."""

    system: str | None = None
    value: str | None = None


class DoseAndRate(Struct, gc=False):
    """FHIR Dosage.doseAndRate."""

    doseQuantity: Quantity | None = None
    doseRange: Range | None = None


class Repeat(Struct, gc=False):
    """FHIR Timing.repeat."""

    boundsPeriod: Period | None = None
    boundsDuration: Quantity | None = None
    count: int | None = None
    frequency: int | None = None
    period: float | None = None
    periodUnit: str | None = None
    timeOfDay: list[str] | None = None


class Timing(Struct, gc=False):
    """FHIR Timing."""

    event: list[str] | None = None
    repeat: Repeat | None = None
    code: CodeableConcept | None = None


class Dosage(Struct, gc=False):
    """FHIR Dosage, and MedicationAdministration.dosage."""

    sequence: int | None = None
    text: str | None = None
    timing: Timing | None = None
    route: CodeableConcept | None = None
    dose: Quantity | None = None
    doseQuantity: Quantity | None = None
    doseAndRate: list[DoseAndRate] | None = None


class Ingredient(Struct, gc=False):
    """FHIR Medication.ingredient (R4 and R5 shapes)."""

    itemCodeableConcept: CodeableConcept | None = None
    itemReference: Reference | None = None
    item: CodeableReference | None = None
    strength: Ratio | None = None
    strengthRatio: Ratio | None = None
    strengthQuantity: Quantity | None = None


class Issue(Struct, gc=False):
    """FHIR OperationOutcome.issue."""

    severity: str | None = None
    code: str | None = None


class Link(Struct, gc=False):
    """FHIR Bundle.link (and Patient.link)."""

    relation: str | None = None
    url: str | None = None
    type: str | None = None
    other: Reference | None = None


class Component(Struct, gc=False):
    """FHIR Observation.component."""

    code: CodeableConcept | None = None
    valueQuantity: Quantity | None = None
    valueCodeableConcept: CodeableConcept | None = None
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: int | None = None
    valueRange: Raw = ABSENT
    valueRatio: Raw = ABSENT
    valueSampledData: Raw = ABSENT
    valueTime: str | None = None
    valueDateTime: str | None = None
    valuePeriod: Raw = ABSENT
    valueAttachment: Raw = ABSENT
    valueReference: Raw = ABSENT
    interpretation: Raw = ABSENT


class Response(Struct, gc=False):
    """FHIR Bundle.entry.response, as far as it tells that a part of a batch failed."""

    status: str | None = None
    outcome: Raw = ABSENT
    lastModified: str | None = None


class Request(Struct, gc=False):
    """FHIR Bundle.entry.request, as far as it tells that a resource was deleted."""

    method: str | None = None
    url: str | None = None


class Part(Struct, gc=False):
    """FHIR Parameters.parameter, as far as it may hold resources."""

    resource: Raw = ABSENT
    part: list[Part] | None = None


class Adherence(Struct, gc=False):
    """FHIR R5 MedicationStatement.adherence."""

    code: CodeableConcept | None = None


class DispenseRequest(Struct, gc=False):
    """FHIR MedicationRequest.dispenseRequest; `validityPeriod` is how long it may be filled, never an end."""

    expectedSupplyDuration: Quantity | None = None
    numberOfRepeatsAllowed: int | None = None


class Participant(Struct, gc=False):
    """FHIR Appointment.participant."""

    actor: Reference | None = None


class Resource(Struct, gc=False):
    """Every field read of any resource type. A Bundle is a resource too."""

    # What nearly every result and administration has, in the order servers write it: a key is looked for from the last
    # one found on, so where the medication stands is a fifteenth of decoding administrations.
    resourceType: str | None = None
    id: str | None = None
    meta: Raw = ABSENT
    identifier: Raw = ABSENT
    status: str | CodeableConcept | None = None
    code: CodeableConcept | str | list[Any] | None = None
    medicationCodeableConcept: CodeableConcept | None = None
    subject: Reference | list[Reference] | None = None
    effectiveDateTime: str | None = None
    issued: str | None = None
    valueQuantity: Quantity | None = None
    component: list[Component] | None = None
    # whose it is, what it holds
    patient: Reference | list[Reference] | None = None
    contained: list[Resource] | None = None
    # times
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
    # Observation and DiagnosticReport
    valueCodeableConcept: CodeableConcept | None = None
    valueString: str | None = None
    valueBoolean: bool | None = None
    valueInteger: int | None = None
    valueRange: Raw = ABSENT
    valueRatio: Raw = ABSENT
    valueSampledData: Raw = ABSENT
    valueTime: str | None = None
    valueDateTime: str | None = None
    valuePeriod: Raw = ABSENT
    valueAttachment: Raw = ABSENT
    valueReference: Raw = ABSENT
    hasMember: list[Reference] | None = None
    result: Raw = ABSENT
    interpretation: Raw = ABSENT
    # medications
    medicationReference: Reference | None = None
    medication: CodeableReference | None = None
    ingredient: list[Ingredient] | None = None
    dosage: Raw = ABSENT  # of the few drugs the label knows; typed it is a quarter of decoding administrations
    dosageInstruction: list[Dosage] | None = None
    request: Reference | list[Reference] | None = None
    doNotPerform: bool | None = None
    intent: str | None = None
    dispenseRequest: Raw = ABSENT
    adherence: Raw = ABSENT
    # conditions
    clinicalStatus: CodeableConcept | str | None = None
    verificationStatus: CodeableConcept | str | None = None
    onsetPeriod: Period | None = None
    abatementDateTime: str | None = None
    abatementPeriod: Period | None = None
    abatementBoolean: bool | None = None
    abatementAge: Raw = ABSENT
    abatementRange: Raw = ABSENT
    abatementString: Raw = ABSENT
    # Procedure, Immunization, AllergyIntolerance
    performedDateTime: str | None = None
    performedPeriod: Period | None = None
    performedString: str | None = None
    vaccineCode: CodeableConcept | None = None
    criticality: str | None = None
    reaction: Raw = ABSENT
    # Patient
    gender: str | None = None
    birthDate: str | None = None
    deceasedBoolean: bool | None = None
    deceasedDateTime: str | None = None
    # Appointment and Encounter
    start: str | None = None
    requestedPeriod: Raw = ABSENT
    period: Period | None = None
    actualPeriod: Period | None = None
    participant: Raw = ABSENT
    serviceType: Raw = ABSENT
    reasonCode: Raw = ABSENT
    reasonReference: Raw = ABSENT
    reason: Raw = ABSENT
    basedOn: Raw = ABSENT
    description: Raw = ABSENT
    comment: Raw = ABSENT
    note: Raw = ABSENT
    patientInstruction: Raw = ABSENT
    specialty: Raw = ABSENT
    appointmentType: Raw = ABSENT
    # ServiceRequest and DiagnosticReport
    orderDetail: Raw = ABSENT
    conclusion: Raw = ABSENT
    conclusionCode: Raw = ABSENT
    # Bundle and OperationOutcome
    entry: list[Entry] | None = None
    link: list[Link] | None = None
    total: Raw = ABSENT  # a number in a Bundle, an amount elsewhere
    issue: list[Issue] | None = None
    parameter: Raw = ABSENT


class Entry(Struct, gc=False):
    """FHIR Bundle.entry."""

    fullUrl: str | None = None
    resource: Resource | None = None
    response: Response | None = None
    request: Raw = ABSENT


class RawEntry(Struct, gc=False):
    """A Bundle entry whose resource is decoded by itself, after the Bundle as a whole could not be."""

    fullUrl: str | None = None
    resource: Raw = ABSENT
    response: Response | None = None
    request: Raw = ABSENT


class RawBundle(Struct, gc=False):
    """A Bundle read entry by entry."""

    resourceType: str | None = None
    entry: list[Raw] | None = None
    link: list[Link] | None = None
    total: Raw = ABSENT


resource_decoder = msgspec.json.Decoder(Resource)
raw_bundle_decoder = msgspec.json.Decoder(RawBundle)
raw_entry_decoder = msgspec.json.Decoder(RawEntry)
members_decoder = msgspec.json.Decoder(dict[str, Raw])
meta_decoder = msgspec.json.Decoder(Meta)
adherence_decoder = msgspec.json.Decoder(Adherence)
dosage_decoder = msgspec.json.Decoder(list[Dosage] | Dosage | None)
dispense_decoder = msgspec.json.Decoder(DispenseRequest)
participants_decoder = msgspec.json.Decoder(list[Participant])
references_decoder = msgspec.json.Decoder(list[Reference])
concepts_decoder = msgspec.json.Decoder(list[CodeableConcept] | CodeableConcept)
request_decoder = msgspec.json.Decoder(Request)
parts_decoder = msgspec.json.Decoder(list[Part])
identifiers_decoder = msgspec.json.Decoder(list[Identifier] | Identifier)
any_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder()

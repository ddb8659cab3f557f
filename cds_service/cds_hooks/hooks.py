"""The published hooks as data: names, versions, contexts and which context fields may stand in a prefetch template.

Checklist section E. Knows nothing of what a service does at a hook. FHIR content (`draftOrders`, `appointments`) is
checked for being a Bundle and otherwise left as plain JSON objects: real clients send Bundles without a type and drafts
without intent or medication, and reading FHIR is somebody else's work.

Decisions, where the specification and real clients differ:
* ids are bare: "Patient/1" is refused, and so is anything a URL path could misread;
* `userId` is `Type/id` of any resource type;
* a blank or null optional field counts as absent;
* `selections` may be `Type/id` or a bare id; those that point nowhere are ignored as long as one points into
  `draftOrders`, because refusing the call would silence the check of the order that is there.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, field_validator

from cds_service.cds_hooks.base import Inbound, blank_is_absent

_ID = re.compile(r"(?!\.+$)[A-Za-z0-9._\-]{1,128}")
_REFERENCE = re.compile(rf"([A-Z][A-Za-z]{{1,63}})/({_ID.pattern})")


def _bare_id(value: str) -> str:
    if "/" in value:
        raise ValueError("must be a bare id, without the resource type or any slash")
    if not _ID.fullmatch(value):
        raise ValueError("must be a FHIR id: letters, digits, '-', '.' or '_'")
    return value


def _reference(value: str) -> str:
    if not _REFERENCE.fullmatch(value):
        raise ValueError("must have the form ResourceType/id")
    return value


def _selection(value: str) -> str:
    if not (_REFERENCE.fullmatch(value) or _ID.fullmatch(value)):
        raise ValueError("must have the form ResourceType/id")
    return value


def _bundle(value: dict[str, Any]) -> dict[str, Any]:
    if value.get("resourceType") != "Bundle":
        raise ValueError("must be a FHIR Bundle (resourceType Bundle)")
    entries = value.get("entry")
    if entries is not None and not (isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)):
        raise ValueError("must be a Bundle whose entry is an array of objects")
    return value


BareId = Annotated[str, AfterValidator(_bare_id)]
OptionalBareId = Annotated[BareId | None, BeforeValidator(blank_is_absent)]
UserReference = Annotated[str, AfterValidator(_reference)]
Selection = Annotated[str, AfterValidator(_selection)]
BundleObject = Annotated[dict[str, Any], AfterValidator(_bundle)]


class HookContext(Inbound):
    """What every hook served here has: who is looking, and at whom. `resources` is empty where nothing is drafted."""

    token_fields: ClassVar[tuple[str, ...]] = ("userId", "patientId", "encounterId")

    user_id: UserReference
    patient_id: BareId
    encounter_id: OptionalBareId = None

    @property
    def user_type(self) -> str:
        """Resource type of the user, such as Practitioner."""
        return self.user_id.partition("/")[0]

    def tokens(self) -> dict[str, str]:
        """Context fields that may stand in a prefetch template, by wire name, where they have a value."""
        values = {"userId": self.user_id, "patientId": self.patient_id, "encounterId": self.encounter_id}
        return {name: value for name in self.token_fields if (value := values[name]) is not None}

    def resources(self) -> list[dict[str, Any]]:
        """The drafted or proposed resources that came with the call, in order."""
        return []


class PatientViewContext(HookContext):
    """patient-view: a chart was opened."""


class _OrderContext(HookContext):
    """What the order hooks share."""

    draft_orders: BundleObject

    def resources(self) -> list[dict[str, Any]]:
        """The drafts, in order."""
        return list(_resources(self.draft_orders))


class OrderSelectContext(_OrderContext):
    """order-select: orders are being put together; `selections` names those the user has just chosen."""

    selections: tuple[Selection, ...]

    @field_validator("selections")
    @classmethod
    def _point_into_drafts(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not value:
            raise ValueError("must name at least one of the draftOrders")
        if "draft_orders" in info.data and not _selected(info.data["draft_orders"], value):
            raise ValueError("must name an entry of draftOrders; none of them does")
        return value

    def selected(self) -> list[dict[str, Any]]:
        """The drafts that `selections` names, in order; at least one."""
        return _selected(self.draft_orders, self.selections)


class OrderSignContext(_OrderContext):
    """order-sign: orders are about to be signed, or signed again (any status is legal)."""


class AppointmentBookContext(HookContext):
    """appointment-book: appointments are being proposed."""

    appointments: BundleObject

    def resources(self) -> list[dict[str, Any]]:
        """The proposed appointments, in order."""
        return list(_resources(self.appointments))


class EncounterStartContext(HookContext):
    """encounter-start: `encounterId` is required."""

    encounter_id: BareId


class EncounterDischargeContext(HookContext):
    """encounter-discharge: `encounterId` is required."""

    encounter_id: BareId


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook. `user_types` is what the library names; other types are tolerated in a request."""

    name: str
    version: str
    context: type[HookContext]
    user_types: tuple[str, ...]

    @property
    def required(self) -> tuple[str, ...]:
        """Wire names of the context fields a client must send."""
        return tuple(field.alias or name for name, field in self.context.model_fields.items() if field.is_required())

    @property
    def optional(self) -> tuple[str, ...]:
        """Wire names of the context fields a client may leave out."""
        return tuple(
            field.alias or name for name, field in self.context.model_fields.items() if not field.is_required()
        )

    @property
    def prefetch_tokens(self) -> frozenset[str]:
        """Wire names of the context fields allowed in prefetch templates (row C4)."""
        return frozenset(self.context.token_fields)


_CLINICIANS = ("Practitioner", "PractitionerRole")
_EVERYBODY = (*_CLINICIANS, "Patient", "RelatedPerson")

PATIENT_VIEW = Hook("patient-view", "1.0", PatientViewContext, _EVERYBODY)
ORDER_SELECT = Hook("order-select", "1.0", OrderSelectContext, _CLINICIANS)
ORDER_SIGN = Hook("order-sign", "1.0", OrderSignContext, _CLINICIANS)
APPOINTMENT_BOOK = Hook("appointment-book", "1.0", AppointmentBookContext, _EVERYBODY)
ENCOUNTER_START = Hook("encounter-start", "1.0", EncounterStartContext, _CLINICIANS)
ENCOUNTER_DISCHARGE = Hook("encounter-discharge", "1.0", EncounterDischargeContext, _CLINICIANS)

HOOKS: Mapping[str, Hook] = MappingProxyType(
    {
        hook.name: hook
        for hook in (PATIENT_VIEW, ORDER_SELECT, ORDER_SIGN, APPOINTMENT_BOOK, ENCOUNTER_START, ENCOUNTER_DISCHARGE)
    }
)
"""The hooks by name."""


def _resources(bundle: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The resources of a Bundle; entries without one are passed over."""
    for entry in bundle.get("entry") or ():
        if isinstance(entry.get("resource"), dict):
            yield entry["resource"]


def _selected(bundle: Mapping[str, Any], selections: tuple[str, ...]) -> list[dict[str, Any]]:
    """The resources of a Bundle that one of `selections` names, by their own id or that of their fullUrl."""
    wanted = frozenset(selections)
    found = []
    for entry in bundle.get("entry") or ():
        resource = entry.get("resource")
        if isinstance(resource, dict) and not wanted.isdisjoint(_names(resource, entry.get("fullUrl"))):
            found.append(resource)
    return found


def _names(resource: Mapping[str, Any], full_url: object) -> Iterator[str]:
    """What a selection may call this resource: `Type/id` and the bare id."""
    ids = [resource.get("id")]
    if isinstance(full_url, str):
        ids.append(re.split(r"[/:]", full_url)[-1])
    for identity in ids:
        if isinstance(identity, str) and identity:
            yield identity
            yield f"{resource.get('resourceType')}/{identity}"

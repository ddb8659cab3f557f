"""What a CDS service answers: cards, suggestions, actions, links (specification 2.0 and 2.0.1; checklist section G).

Knows the protocol only: no drug, no label, no clock, no random numbers (the caller supplies every uuid). A value that
can be constructed can be sent. pydantic's ValidationError (a ValueError) names the member at fault, not its content.
"""

from typing import Annotated, ClassVar, Literal, Self, TypeVar
from uuid import UUID

from pydantic import AfterValidator, Field, StrictBool, field_validator, model_validator

from cds_service.cds_hooks.base import JsonObject, OptionalText, Outbound, Text, Uri, Url

SUMMARY_LIMIT = 139
"""The specification says fewer than 140 characters (row G-summary)."""

Indicator = Literal["info", "warning", "critical"]
SelectionBehavior = Literal["at-most-one", "any"]
ActionType = Literal["create", "update", "delete"]
LinkType = Literal["absolute", "smart"]

_Identified = TypeVar("_Identified", "Card", "Suggestion")


def summary_length(text: str) -> int:
    """Length as the stricter clients count it: UTF-16 units, as JavaScript does, so an emoji is two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def shorten_summary(text: str, limit: int = SUMMARY_LIMIT) -> str:
    """`text` on one line and at most `limit` long, cut at a word where possible and then ended by an ellipsis."""
    line = " ".join(text.split())
    if summary_length(line) <= limit:
        return line
    cut = line[: limit - 1]
    while summary_length(cut) > limit - 1:
        cut = cut[:-1]
    head, _, _ = cut.rpartition(" ")
    return f"{(head if len(head) > limit // 2 else cut).rstrip(' ,;:')}…"


def _summary(value: str) -> str:
    if summary_length(value) > SUMMARY_LIMIT:
        raise ValueError(f"must be shorter than {SUMMARY_LIMIT + 1} characters (an emoji counts as two)")
    if any(separator in value for separator in "\r\n\u2028\u2029"):
        raise ValueError("must be one line")
    return value


Summary = Annotated[Text, AfterValidator(_summary)]


class Coding(Outbound):
    """A code of a code system: `code` and `system` always, `display` where there is one (row G-coding)."""

    code: Text
    system: Uri
    display: OptionalText = None


class OverrideReason(Coding):
    """A reason the user may pick when dismissing a card: a Coding whose `display` is required (cds-resp-4)."""

    display: Text


class Source(Outbound):
    """Where the guidance comes from. `topic` says what kind of advice it is; drill-down belongs into `Card.links`."""

    label: Text
    url: Url | None = None
    icon: Url | None = None
    topic: Coding | None = None
    extension: JsonObject | None = None


class Action(Outbound):
    """One change: create and update carry a whole `resource`, delete a `resource_id` of the form `Type/id`.

    `description` is always required: 3.0 relaxes it for system actions only, and 2.0 clients rely on it (row G-action).
    """

    type: ActionType
    description: Text
    resource: JsonObject | None = None
    resource_id: str | None = Field(default=None, pattern=r"^[A-Z][A-Za-z]*/[A-Za-z0-9\-.]{1,64}$")
    extension: JsonObject | None = None

    @model_validator(mode="after")
    def _payload_fits_type(self) -> Self:
        if self.type == "delete":
            if self.resource is not None:
                raise ValueError("delete takes resourceId, not resource")
            if self.resource_id is None:
                raise ValueError("delete needs resourceId")
            return self
        if self.resource is None:
            raise ValueError(f"{self.type} needs resource")
        if not isinstance(self.resource.get("resourceType"), str):
            # A validator has to raise ValueError: pydantic lets TypeError through.
            raise ValueError("resource needs a resourceType")  # noqa: TRY004
        if self.type == "update" and not isinstance(self.resource.get("id"), str):
            raise ValueError("update needs the whole resource, with its id")
        if self.type == "create" and self.resource_id is not None:
            raise ValueError("create takes no resourceId: the resource does not exist yet")
        return self


class Suggestion(Outbound):
    """A button on the card: every action is carried out when it is chosen. `is_recommended` is always sent.

    Without a `uuid` clients send no feedback about it (row H8).
    """

    label: Text
    uuid: UUID | None = None
    is_recommended: StrictBool = False
    actions: tuple[Action, ...] = ()
    extension: JsonObject | None = None


class Link(Outbound):
    """A link to read (`absolute`) or a SMART app to launch (`smart`); only the latter may carry `app_context`.

    With `autolaunchable` the card itself may never be shown (2.0.1).
    """

    label: Text
    url: Url
    type: LinkType
    app_context: OptionalText = None
    autolaunchable: StrictBool | None = None
    extension: JsonObject | None = None

    @model_validator(mode="after")
    def _app_context_needs_smart(self) -> Self:
        if self.app_context is not None and self.type != "smart":
            raise ValueError("appContext is allowed on links of type smart only")
        return self


class Card(Outbound):
    """One piece of advice. Give it a `uuid`: no feedback comes for a card without (row H8).

    `detail` is GitHub-flavoured Markdown; whoever writes it escapes text that came from a record.
    """

    uuid: UUID | None = None
    summary: Summary
    detail: OptionalText = None
    indicator: Indicator
    source: Source
    suggestions: tuple[Suggestion, ...] = ()
    selection_behavior: SelectionBehavior | None = None
    override_reasons: tuple[OverrideReason, ...] = ()
    links: tuple[Link, ...] = ()
    extension: JsonObject | None = None

    @model_validator(mode="after")
    def _suggestions_are_selectable(self) -> Self:
        if self.suggestions and self.selection_behavior is None:
            raise ValueError("suggestions need selectionBehavior")
        if self.selection_behavior != "any" and sum(item.is_recommended for item in self.suggestions) > 1:
            raise ValueError("more than one recommended suggestion needs selectionBehavior any")
        return self

    @field_validator("suggestions")
    @classmethod
    def _suggestion_uuids_differ(cls, value: tuple[Suggestion, ...]) -> tuple[Suggestion, ...]:
        return _distinct(value)


class CdsResponse(Outbound):
    """The body of a 200: `cards`, sent even when empty, and `system_actions`, left out when empty (rows F1, F2).

    An empty `cards` says "nothing to advise"; a failed evaluation is an error status, never this (row F4).
    """

    keep_empty: ClassVar[frozenset[str]] = frozenset({"cards"})

    cards: tuple[Card, ...] = ()
    system_actions: tuple[Action, ...] = ()
    extension: JsonObject | None = None

    @field_validator("cards")
    @classmethod
    def _card_uuids_differ(cls, value: tuple[Card, ...]) -> tuple[Card, ...]:
        return _distinct(value)


def _distinct(items: tuple[_Identified, ...]) -> tuple[_Identified, ...]:
    """The same items; feedback names them by uuid, so no two may share one."""
    given = [item.uuid for item in items if item.uuid is not None]
    if len(set(given)) != len(given):
        raise ValueError("two entries share a uuid, so feedback could not tell them apart")
    return items

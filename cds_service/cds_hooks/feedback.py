"""What users did with our cards: the body of `POST /cds-services/{id}/feedback` (checklist section H).

Knows no store and does not know whether a card is ours: unknown and repeated cards are legal (rows H1, H6). Unknown
members are ignored, refusals never quote the input, and reprs show nothing: a user's comment may name a patient.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from cds_service.cds_hooks.base import Inbound, OptionalText, Text, Uri
from cds_service.cds_hooks.errors import CdsHooksError, Issue, issues_of, unprocessable

ENTRY_LIMIT = 1000
"""Entries accepted in one call."""

_ID_LIMIT = 255
_RFC_3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)

Outcome = Literal["accepted", "overridden"]


def _timestamp(value: object) -> datetime:
    """An RFC 3339 date-time as an aware datetime in UTC; a leap second counts as the second before it."""
    match = _RFC_3339.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be an RFC 3339 date and time with offset, such as 2026-01-31T09:30:00Z")
    year, month, day, hour, minute, second = (int(group) for group in match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    offset = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0))
    try:
        moment = datetime(
            year,
            month,
            day,
            hour,
            minute,
            59 if second == 60 else second,
            int((fraction or "0")[:6].ljust(6, "0")),
            tzinfo=timezone(-offset if sign == "-" else offset),
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no date and time that exists") from None


def _short(value: str) -> str:
    if len(value) > _ID_LIMIT:
        raise ValueError(f"must be at most {_ID_LIMIT} characters")
    return value


Timestamp = Annotated[datetime, BeforeValidator(_timestamp)]
Identifier = Annotated[Text, AfterValidator(_short)]


class Reason(Inbound):
    """The code of an override reason, ours or the client's own; `display` is often missing (row H4)."""

    code: Identifier
    system: Annotated[Uri, AfterValidator(_short)]
    display: OptionalText = None


class Override(Inbound):
    """Why a card was dismissed: a listed `reason`, a `user_comment`, or both (cds-fb-3)."""

    reason: Reason | None = None
    user_comment: OptionalText = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.reason is None and self.user_comment is None:
            raise ValueError("needs a reason, a userComment or both")
        return self


class AcceptedSuggestion(Inbound):
    """One suggestion of ours that was carried out, by its uuid."""

    id: Identifier


class FeedbackEntry(Inbound):
    """One outcome of one card. `outcome_timestamp` is aware and in UTC.

    `accepted` names the suggestions taken (cds-fb-2); `overridden` may come without any reason (row H5).
    """

    card: Identifier
    outcome: Outcome
    outcome_timestamp: Timestamp
    accepted_suggestions: tuple[AcceptedSuggestion, ...] = ()
    override_reason: Override | None = None

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: object) -> object:
        if isinstance(data, Mapping) and data.get("acceptedSuggestions", ()) is None:
            return {key: value for key, value in data.items() if key != "acceptedSuggestions"}
        return data

    @model_validator(mode="after")
    def _accepted_names_suggestions(self) -> Self:
        if self.outcome == "accepted" and not self.accepted_suggestions:
            raise ValueError("needs acceptedSuggestions, because its outcome is accepted")
        return self


class FeedbackBatch(Inbound):
    """One call: any number of cards, of one or several calls of the service, repeats included (row H1)."""

    feedback: tuple[FeedbackEntry, ...] = Field(max_length=ENTRY_LIMIT)


def parse_feedback(obj: object) -> FeedbackBatch:
    """The decoded body as a batch. Raises CdsHooksError 422 with one issue per problem; then nothing was accepted."""
    if not isinstance(obj, Mapping):
        raise unprocessable(Issue("structure", "The body must be a JSON object with an array `feedback`."))
    try:
        return FeedbackBatch.model_validate(obj, by_alias=True, by_name=False)
    except ValidationError as error:
        raise CdsHooksError(422, issues_of(error)) from None

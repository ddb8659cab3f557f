"""Section H: feedback."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cds_service.cds_hooks.errors import CdsHooksError
from cds_service.cds_hooks.feedback import ENTRY_LIMIT, FeedbackBatch, FeedbackEntry, parse_feedback

WHEN = "2026-01-31T09:30:00Z"
OVERRIDDEN = {"card": "card-1", "outcome": "overridden", "outcomeTimestamp": WHEN}
ACCEPTED = {
    "card": "card-1",
    "outcome": "accepted",
    "outcomeTimestamp": WHEN,
    "acceptedSuggestions": [{"id": "s-1"}, {"id": "s-2"}],
}


def parse(**changes: Any) -> FeedbackEntry:
    [entry] = parse_feedback({"feedback": [OVERRIDDEN | changes]}).feedback
    return entry


def refused(body: object) -> list[str]:
    """Expression of each issue of the 422."""
    with pytest.raises(CdsHooksError) as caught:
        parse_feedback(body)
    assert caught.value.status == 422
    assert caught.value.body() is not None
    return ["".join(issue.expression) for issue in caught.value.issues]


def test_h3_accepted() -> None:
    [entry] = parse_feedback({"feedback": [ACCEPTED]}).feedback
    assert (entry.card, entry.outcome) == ("card-1", "accepted")
    assert [suggestion.id for suggestion in entry.accepted_suggestions] == ["s-1", "s-2"]
    assert entry.outcome_timestamp == datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def test_h5_overridden_without_any_reason() -> None:
    assert parse().override_reason is None
    assert parse(overrideReason=None, acceptedSuggestions=None).accepted_suggestions == ()


def test_h4_reason_without_display() -> None:
    override = parse(overrideReason={"reason": {"code": "c", "system": "http://a.example"}}).override_reason
    assert override is not None
    assert override.reason is not None
    assert (override.reason.code, override.reason.display, override.user_comment) == ("c", None, None)


def test_h4_comment_only_and_both() -> None:
    only = parse(overrideReason={"userComment": "later"}).override_reason
    assert only is not None
    assert (only.reason, only.user_comment) == (None, "later")
    reason = {"code": "c", "system": "urn:s", "display": "d"}
    both = parse(overrideReason={"reason": reason, "userComment": "x", "new": 1}).override_reason
    assert both is not None
    assert both.reason is not None
    assert (both.reason.display, both.user_comment) == ("d", "x")


@pytest.mark.parametrize(
    "override, place",
    [
        pytest.param({}, "feedback[0].overrideReason", id="cds-fb-3"),
        pytest.param({"userComment": " "}, "feedback[0].overrideReason", id="cds-fb-3-blank"),
        pytest.param("no", "feedback[0].overrideReason", id="H4-string"),
        pytest.param({"reason": {"code": "c"}}, "feedback[0].overrideReason.reason.system", id="H4-system"),
        pytest.param({"reason": {"system": "urn:s"}}, "feedback[0].overrideReason.reason.code", id="H4-code"),
        pytest.param({"reason": "c"}, "feedback[0].overrideReason.reason", id="H4-reason-string"),
        pytest.param({"userComment": 5}, "feedback[0].overrideReason.userComment", id="H4-comment-type"),
    ],
)
def test_h4_refused(override: object, place: str) -> None:
    assert refused({"feedback": [OVERRIDDEN | {"overrideReason": override}]}) == [place]


@pytest.mark.parametrize(
    "body, places",
    [
        pytest.param([], [""], id="H1-array"),
        pytest.param(None, [""], id="H1-null"),
        pytest.param({}, ["feedback"], id="H1-no-feedback"),
        pytest.param({"feedback": {}}, ["feedback"], id="H1-object"),
        pytest.param({"feedback": None}, ["feedback"], id="H1-feedback-null"),
        pytest.param({"feedback": ["x"]}, ["feedback[0]"], id="H2-string"),
        pytest.param(OVERRIDDEN, ["feedback"], id="H1-bare-entry"),
        pytest.param(
            {"feedback": [{}]},
            ["feedback[0].card", "feedback[0].outcome", "feedback[0].outcomeTimestamp"],
            id="H2-empty",
        ),
        pytest.param({"feedback": [OVERRIDDEN | {"card": ""}]}, ["feedback[0].card"], id="H2-card"),
        pytest.param({"feedback": [OVERRIDDEN | {"card": "x" * 256}]}, ["feedback[0].card"], id="H2-card-long"),
        pytest.param({"feedback": [OVERRIDDEN | {"outcome": "ignored"}]}, ["feedback[0].outcome"], id="H2-outcome"),
        pytest.param({"feedback": [OVERRIDDEN, OVERRIDDEN | {"outcome": "accepted"}]}, ["feedback[1]"], id="cds-fb-2"),
        pytest.param({"feedback": [ACCEPTED | {"acceptedSuggestions": []}]}, ["feedback[0]"], id="cds-fb-2-empty"),
        pytest.param({"feedback": [ACCEPTED | {"acceptedSuggestions": None}]}, ["feedback[0]"], id="cds-fb-2-null"),
        pytest.param(
            {"feedback": [ACCEPTED | {"acceptedSuggestions": [{}]}]},
            ["feedback[0].acceptedSuggestions[0].id"],
            id="H3-id",
        ),
        pytest.param(
            {"feedback": [ACCEPTED | {"acceptedSuggestions": ["s"]}]},
            ["feedback[0].acceptedSuggestions[0]"],
            id="H3-string",
        ),
        pytest.param({"feedback": [OVERRIDDEN] * (ENTRY_LIMIT + 1)}, ["feedback"], id="bounded"),
    ],
)
def test_refused(body: object, places: list[str]) -> None:
    assert refused(body) == places


@pytest.mark.parametrize(
    "text, expected",
    [
        ("2026-01-31T09:30:00Z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31t09:30:00z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31 09:30:00Z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-31T09:30:00.5Z", datetime(2026, 1, 31, 9, 30, 0, 500000, tzinfo=UTC)),
        ("2026-01-31T09:30:00.123456789Z", datetime(2026, 1, 31, 9, 30, 0, 123456, tzinfo=UTC)),
        ("2026-01-31T09:30:00+05:30", datetime(2026, 1, 31, 4, 0, tzinfo=UTC)),
        ("2026-01-31T09:30:00-00:00", datetime(2026, 1, 31, 9, 30, tzinfo=UTC)),
        ("2026-01-01T00:30:00+01:00", datetime(2025, 12, 31, 23, 30, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-01-31T20:30:00-05:00", datetime(2026, 2, 1, 1, 30, tzinfo=UTC)),
    ],
)
def test_h2_timestamps(text: str, expected: datetime) -> None:
    stamp = parse(outcomeTimestamp=text).outcome_timestamp
    assert (stamp, stamp.utcoffset()) == (expected, expected.utcoffset())


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-31",
        "2026-01-31T09:30:00",
        "2026-01-31T09:30Z",
        "2026-02-30T09:30:00Z",
        "2026-01-31T25:00:00Z",
        "2026-01-31T09:30:00+0100",
        "2026-01-31T09:30:00+25:00",
        "0001-01-01T00:00:00+10:00",
        "0000-01-01T00:00:00Z",
        "٢٠٢٦-01-31T09:30:00Z",
        "yesterday",
        "",
        1769851800,
        None,
    ],
)
def test_h2_timestamps_refused(value: object) -> None:
    assert refused({"feedback": [OVERRIDDEN | {"outcomeTimestamp": value}]}) == ["feedback[0].outcomeTimestamp"]


def test_h1_o_repeats_and_accepted_then_overridden_for_one_card() -> None:
    batch = parse_feedback({"feedback": [ACCEPTED, OVERRIDDEN, OVERRIDDEN], "unknown": 1})
    assert [entry.outcome for entry in batch.feedback] == ["accepted", "overridden", "overridden"]


def test_equal_entries_are_equal_so_that_a_store_can_be_idempotent() -> None:
    assert parse() == parse(outcomeTimestamp="2026-01-31T10:30:00+01:00")
    assert len({parse(), parse()}) == 1


def test_h6_cards_need_not_be_uuids_of_ours() -> None:
    assert parse(card="some other id").card == "some other id"


def test_an_empty_batch_is_nothing() -> None:
    assert parse_feedback({"feedback": []}) == FeedbackBatch(feedback=())


def test_neither_refusals_nor_reprs_show_the_comment() -> None:
    entry = parse(overrideReason={"userComment": "Jane Canary"})
    assert "Canary" not in f"{entry!r} {entry!s} {entry.override_reason!r}"
    with pytest.raises(CdsHooksError) as caught:
        parse_feedback(
            {"feedback": [OVERRIDDEN | {"card": ["Canary"], "outcome": "Canary", "outcomeTimestamp": "Canary"}]}
        )
    assert "Canary" not in f"{caught.value} {caught.value.body()}"
    assert len(caught.value.issues) == 3

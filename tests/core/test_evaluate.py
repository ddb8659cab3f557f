"""A fault inside one requirement is that requirement's alone; how loudly an answer speaks."""

from __future__ import annotations

from datetime import date

import pytest

from cds_service.core import hooks, indicators
from cds_service.core.assessment import Assessment, Note, Reason, Status
from cds_service.core.dates import AsOf
from cds_service.core.evaluate import evaluate
from cds_service.core.kinds import WITH_RULE
from cds_service.core.label import Baseline
from cds_service.core.timeline import Gap, Source, Timeline
from cds_service.labels import load_label

LABEL = load_label("lemtrada-us").label
TODAY = AsOf(date(2026, 3, 6))
BEFORE_AN_ORDER = {"campath-history", "two-prior-drugs", "malignancy-caution", "thyroid-caution"}  # only to be weighed


def test_a_fault_in_one_kind_leaves_the_others_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Assessment:
        raise ZeroDivisionError

    whole = evaluate(LABEL, Timeline(), TODAY)
    monkeypatch.setitem(WITH_RULE, Baseline, fail)
    verdict = evaluate(LABEL, Timeline(), TODAY)
    failed = {name for name, error in verdict.failures if isinstance(error, ZeroDivisionError)}
    assert failed == {item.id for item in LABEL.requirements if item.kind == "baseline"}
    for before, after in zip(whole.assessments, verdict.assessments, strict=True):
        if after.requirement in failed:
            assert (after.status, after.reason) == (Status.CANNOT_TELL, Reason.INTERNAL_ERROR)
        else:
            assert after == before


def test_without_administrations_nothing_is_silent() -> None:
    verdict = evaluate(LABEL, Timeline(gaps={Source.ADMINISTRATIONS: Gap.NOT_PROVIDED}), TODAY)
    asked = {item.id for item in LABEL.requirements if item.kind != "text-only"}
    assert {item.status for item in verdict.assessments if item.requirement in asked} == {Status.CANNOT_TELL}


def test_every_requirement_speaks_at_the_order_and_all_but_history_at_the_chart() -> None:
    ids = {item.id for item in LABEL.requirements if item.kind != "text-only"}
    afterwards = {"consecutive-days", "follow-up-complete", "post-infusion-observation"}
    assert LABEL.hooks["order-sign"] == ids - afterwards
    assert LABEL.hooks[hooks.PATIENT_VIEW] == ids - BEFORE_AN_ORDER
    assert LABEL.hooks["encounter-start"] == ids - afterwards - {"two-prior-drugs"}


def test_a_hook_the_label_does_not_know_says_nothing() -> None:
    overdue = Assessment("tsh-quarterly", Status.OVERDUE, days=90)
    assert indicators.indicator(LABEL, overdue, None, TODAY) == "warning"
    assert indicators.indicator(LABEL, overdue, "medication-refill", TODAY) is None


@pytest.mark.parametrize(
    "item, shown, finding, actionable",
    [
        (Assessment("tsh-quarterly", Status.OVERDUE), "info", True, True),
        (Assessment("tsh-quarterly", Status.DUE, notes=(Note.ALREADY_ORDERED,)), None, False, False),
        (Assessment("tsh-quarterly", Status.CANNOT_TELL), "warning", False, True),
        (Assessment("follow-up-complete", Status.MET), "info", False, False),
        (Assessment("tsh-quarterly", Status.MET), None, False, False),
        (Assessment("no-such-requirement", Status.OVERDUE), None, False, False),
    ],
)
def test_findings_and_what_someone_should_look_at(
    item: Assessment,
    shown: str | None,
    finding: bool,  # noqa: FBT001 - a table
    actionable: bool,  # noqa: FBT001 - a table
) -> None:
    assert indicators.indicator(LABEL, item, None, TODAY) == shown
    assert (shown is not None and item.status in indicators.FINDING_STATUSES) is finding
    assert (shown is not None and item.status in indicators.ACTIONABLE_STATUSES) is actionable

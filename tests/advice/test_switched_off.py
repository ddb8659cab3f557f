"""What a site switched off is named where a card would read as if everything was checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_service.advice.items import Group
from cds_service.advice.wording import Writer
from cds_service.labels import load_label
from cds_service.labels.site import Site
from tests.golden.stories import outcome

NAMED = "Switched off at this site, so not checked: skin exam."


def writer(*off: str) -> Writer:
    verdict = outcome("lapsed-monthly-labs", "patient-view").verdict
    assert verdict is not None
    bundle = load_label()
    site = Site(Path("overlay"), "Example site", (), dict.fromkeys(off, "done elsewhere"), ()) if off else None
    return Writer(bundle._replace(site=site), verdict.case)


@pytest.mark.parametrize("group", [Group.ORDER, Group.CHECKLIST])
def test_a_card_about_an_infusion_names_what_is_switched_off(group: Group) -> None:
    topic = load_label().label.requirements[0]
    assert NAMED in writer("skin-exam-baseline").detail(group, [], [], topic)
    assert "Switched off" not in writer().detail(group, [], [], topic)


def test_an_empty_checklist_claims_every_check_only_where_every_check_was_made() -> None:
    topic = load_label().label.requirements[0]
    assert "Every check that applies" in writer().detail(Group.CHECKLIST, [], [], topic)
    assert "Every check" not in writer("skin-exam-baseline").detail(Group.CHECKLIST, [], [], topic)

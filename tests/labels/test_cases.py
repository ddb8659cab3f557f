"""The case tables: what must come out for each requirement of a label, case by case."""

from collections import Counter

import pytest

from cds_service.labels import load_label
from tests.labels.case_tables import TABLES, TableCase, judge, load_tables, mismatches

CASES = load_tables()
LABEL = load_label("lemtrada-us").label
FEWEST = 8


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_comes_out_as_written(case: TableCase) -> None:
    assert mismatches(LABEL, case, judge(LABEL, case)) == []


def test_every_requirement_has_a_table_and_every_table_a_requirement() -> None:
    assert {path.stem for path in TABLES.glob("*.toml")} == {requirement.id for requirement in LABEL.requirements}


def test_no_table_is_thin_and_no_name_is_used_twice() -> None:
    per_table = Counter(case.requirement for case in CASES)
    assert {name: count for name, count in per_table.items() if count < FEWEST} == {}
    names = Counter(case.id for case in CASES)
    assert [name for name, count in names.items() if count > 1] == []


def test_every_status_a_requirement_can_have_is_shown_by_a_case() -> None:
    shown = {(case.requirement, expected.get("status")) for case in CASES for expected in case.expect}
    recurring = {"met", "due", "overdue", "cannot-tell", "not-applicable"}
    baseline = {"met", "missing", "cannot-tell", "not-applicable"}
    wanted = {
        **{item.id: recurring for item in LABEL.requirements if item.kind == "recurring"},
        "liver-periodic": recurring - {"overdue"},
        "consecutive-days": {"met", "violated", "cannot-tell", "not-applicable"},
        "infusion-duration": {"met", "violated", "cannot-tell", "not-applicable"},
        "herpes-prophylaxis-start": {"met", "missing", "violated", "cannot-tell", "not-applicable"},
        "herpes-prophylaxis-duration": {"met", "due", "violated", "cannot-tell", "not-applicable"},
        "vaccines-6-weeks": {"met", "violated", "cannot-tell", "not-applicable"},
        "live-vaccine": {"met", "violated", "cannot-tell", "not-applicable"},
        "hiv-contraindication": {"met", "violated", "cannot-tell", "not-applicable"},
        "hypersensitivity-contraindication": {"met", "violated", "cannot-tell", "not-applicable"},
        **{item.id: baseline for item in LABEL.requirements if item.kind == "baseline"},
        "daily-dose": {"met", "violated", "cannot-tell", "not-applicable"},
        "course-length": {"met", "due", "missing", "violated", "cannot-tell", "not-applicable"},
        "course-interval": {"met", "violated", "cannot-tell", "not-applicable"},
        "corticosteroid-premedication": {"met", "missing", "violated", "cannot-tell", "not-applicable"},
        "product-check": {"met", "violated", "cannot-tell", "not-applicable"},
        "campath-history": {"met", "violated", "cannot-tell", "not-applicable"},
        "indication": {"met", "missing", "violated", "cannot-tell", "not-applicable"},
        "cis-not-recommended": {"met", "violated", "cannot-tell", "not-applicable"},
        "adult": {"met", "violated", "cannot-tell", "not-applicable"},
        "two-prior-drugs": {"met", "violated", "cannot-tell", "not-applicable"},
        "post-infusion-observation": {"met", "violated", "cannot-tell", "not-applicable"},
        "vzv-immunity": {"met", "missing", "violated", "cannot-tell", "not-applicable"},
        "tb-screening": {"met", "missing", "violated", "cannot-tell", "not-applicable"},
        "hepatitis-screening": {"met", "missing", "violated", "cannot-tell", "not-applicable"},
        "rems": {"not-applicable"},
        "pretreatment-considered": {"not-applicable"},
        **{
            name: {"met", "violated", "cannot-tell", "not-applicable"}
            for name in (
                *("active-infection-contraindication", "acute-event-after-infusion", "autoimmune-event"),
                *("malignancy-caution", "thyroid-caution", "immunosuppressant-caution", "pregnancy-caution"),
            )
        },
        "follow-up-complete": {"met", "cannot-tell", "not-applicable"},
    }
    assert {(name, status) for name, statuses in wanted.items() for status in statuses} - shown == set()

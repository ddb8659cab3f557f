"""Every sentence the case tables can bring about: nothing empty, no fact left unfilled, no template left unused."""

from __future__ import annotations

import re

from cds_service.core.assessment import Assessment, Note, Reason, Status
from cds_service.core.evaluate import Verdict
from cds_service.labels import load_label
from cds_service.report.messages import message
from tests.labels.case_tables import judge, load_tables

BUNDLE = load_label("lemtrada-us")
VERDICTS: list[tuple[str, Verdict]] = [(case.id, judge(BUNDLE.label, case)) for case in load_tables()]
SPOKEN: list[tuple[str, Assessment, str]] = [
    (name, item, message(BUNDLE, item, verdict.case.timeline.gaps))
    for name, verdict in VERDICTS
    for item in verdict.assessments
]


def test_no_sentence_is_empty_and_no_fact_is_unknown() -> None:
    poor = {
        (item.requirement, item.status.value, item.variant, text)
        for _, item, text in SPOKEN
        if not text.strip() or "unknown" in text or "some data" in text or re.search(r"[{}]|None\b", text)
    }
    assert poor == set()


def test_sentences_end_as_sentences_and_hold_no_endless_numbers() -> None:
    odd = {text for _, _, text in SPOKEN if not text.endswith(".") or ".." in text or re.search(r"\d\.\d{3,}", text)}
    assert odd == set()


def test_none_on_record_is_said_only_where_there_is_none() -> None:
    for _, item, text in SPOKEN:
        if "none on record" in text:
            assert item.last_done is None
            assert item.variant != "vague"


def test_a_reason_that_asks_for_its_own_sentence_has_one() -> None:
    """Reasons other than gaps and the kind's main one may not fall back to the words of another reason."""
    gaps = {Reason.NOT_PROVIDED, Reason.PARTIAL, Reason.UNREADABLE, Reason.FOREIGN_DATA}
    reasons = {
        (item.requirement, item.status, item.reason) for _, item, _ in SPOKEN if item.reason not in {None, *gaps}
    }
    said: dict[tuple[str, Status], set[str]] = {}
    for requirement, status, reason in reasons:
        kind = BUNDLE.label.requirement(requirement).kind
        assert reason is not None
        template = BUNDLE.wording.template(requirement, kind, status.value, None, reason.value)
        said.setdefault((requirement, status), set()).add(template)
    for (requirement, status), templates in said.items():
        wanted = {reason for name, at, reason in reasons if (name, at) == (requirement, status)}
        assert len(templates) == len(wanted), (requirement, status, wanted)


def test_every_template_is_brought_about_by_some_case() -> None:
    used = set()
    for _, item, _ in SPOKEN:
        kind = BUNDLE.label.requirement(item.requirement).kind
        reason = item.reason.value if item.reason is not None else None
        used.add(BUNDLE.wording.template(item.requirement, kind, item.status.value, item.variant, reason))
    idle = {
        (table, key)
        for table, templates in BUNDLE.wording.messages.items()
        for key, template in templates.items()
        if template not in used
    }
    # The fault of a requirement cannot be written in a table; `due` and `overdue` need a vague date to lack one.
    assert idle - {("any", "cannot-tell.internal-error")} == set()


def test_every_note_that_is_produced_has_words() -> None:
    produced = {note for _, item, _ in SPOKEN for note in item.notes}
    assert {note.value for note in produced} <= set(BUNDLE.wording.notes)
    assert set(Note) - produced <= {Note.MATCHED_BY_TEXT}

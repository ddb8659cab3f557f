"""One sentence per assessment, from the label's wording and the assessment's facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from string import Formatter

from cds_service.core.assessment import Assessment, Fact, Note, Status
from cds_service.core.timeline import Gap, Source
from cds_service.labels import LabelBundle

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DERIVED = {
    "days_text": "days",
    "age_text": "age",
    "before_text": "before",
    "Test": "test",
}  # made from the fact beside it


@lru_cache(maxsize=1024)
def day_text(day: date) -> str:
    """A date as people read it: 2 Mar 2026."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


class Facts(dict[str, str]):
    """Facts as text; a fact that is not known reads as such instead of failing."""

    def __missing__(self, key: str) -> str:
        return "none on record" if key == "last" else "unknown"


def as_text(facts: Mapping[str, Fact]) -> Facts:
    """Facts ready for a template: dates spelled out, `Test` capitalised beside `test`, `days_text` beside `days`."""
    return _as_text(facts, (*facts, *_DERIVED))


def _as_text(facts: Mapping[str, Fact], names: Iterable[str]) -> Facts:
    """The facts of these names, as far as they are known."""
    found = Facts()
    for name in names:
        value = facts.get(name)
        if value is not None:
            found[name] = day_text(value) if isinstance(value, date) else _with_thousands(str(value))
        elif name in _DERIVED and (value := facts.get(_DERIVED[name])) is not None:
            found[name] = _derived(name, _with_thousands(str(value)))
    return found


def _derived(name: str, text: str) -> str:
    if name == "Test":
        return text[:1].upper() + text[1:]
    return "1 day" if text == "1" else f"{text} days"


def _with_thousands(text: str) -> str:
    return f"{int(text):,}" if len(text) > 3 and text.isascii() and text.isdigit() else text


def message(bundle: LabelBundle, assessment: Assessment, gaps: Mapping[Source, Gap]) -> str:
    """The assessment's sentence. `gaps`: source -> why it is not complete, named when that is the reason."""
    requirement = bundle.label.requirement(assessment.requirement)
    template = bundle.wording.template(
        assessment.requirement, requirement.kind, assessment.status, assessment.variant, assessment.reason
    )
    facts = _as_text(assessment.facts, _named_in(template))  # a sentence names few of them: half the time of all
    facts["drug"], facts["title"] = bundle.label.drug, requirement.title
    if assessment.status is Status.CANNOT_TELL:
        facts["why"] = why(bundle, assessment, gaps)
    sentence = template.format_map(facts)
    if Note.PRELIMINARY_EXISTS in assessment.notes:  # it does not count, but nobody should draw blood again unknowingly
        exists = bundle.wording.notes[Note.PRELIMINARY_EXISTS]
        sentence = f"{sentence} {exists[:1].upper()}{exists[1:]}."
    return sentence


@lru_cache(maxsize=1024)
def _named_in(template: str) -> tuple[str, ...]:
    return tuple({name for _, name, _, _ in Formatter().parse(template) if name} - {"drug", "title"})


def why(bundle: LabelBundle, assessment: Assessment, gaps: Mapping[Source, Gap]) -> str:
    """Why an assessment cannot be told, in words."""
    reason = assessment.reason.value if assessment.reason is not None else "unreadable"
    lacking = [bundle.wording.sources[source] for source in sorted(assessment.rests_on) if gaps.get(source) == reason]
    template = bundle.wording.reasons.get(reason, "the record does not say")
    return template.format(sources=" and ".join(lacking) or "some data")

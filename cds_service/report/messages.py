"""One sentence per assessment, from the label's wording and the assessment's facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from cds_service.core.assessment import Assessment, Fact, Status
from cds_service.core.timeline import Gap, Source
from cds_service.labels import LabelBundle

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day_text(day: date) -> str:
    """A date as people read it: 2 Mar 2026."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


class Facts(dict[str, str]):
    """Facts as text; a fact that is not known reads as such instead of failing."""

    def __missing__(self, key: str) -> str:
        return "none on record" if key == "last" else "unknown"


def as_text(facts: Mapping[str, Fact]) -> Facts:
    """Facts ready for a template: dates spelled out, `Test` capitalised beside `test`, `days_text` beside `days`."""
    found = Facts()
    for name, value in facts.items():
        if value is None:
            continue
        found[name] = day_text(value) if isinstance(value, date) else _with_thousands(str(value))
    for name in ("days", "age"):
        if name in found:
            found[f"{name}_text"] = "1 day" if found[name] == "1" else f"{found[name]} days"
    if "test" in found:
        found["Test"] = found["test"][:1].upper() + found["test"][1:]
    return found


def _with_thousands(text: str) -> str:
    return f"{int(text):,}" if len(text) > 3 and text.isascii() and text.isdigit() else text


def message(bundle: LabelBundle, assessment: Assessment, gaps: Mapping[Source, Gap]) -> str:
    """The assessment's sentence. `gaps`: source -> why it is not complete, named when that is the reason."""
    requirement = bundle.label.requirement(assessment.requirement)
    reason = assessment.reason.value if assessment.reason is not None else None
    template = bundle.wording.template(
        assessment.requirement, requirement.kind, assessment.status.value, assessment.variant, reason
    )
    facts = as_text(assessment.facts)
    facts["drug"], facts["title"] = bundle.label.drug, requirement.title
    if assessment.status is Status.CANNOT_TELL:
        facts["why"] = why(bundle, assessment, gaps)
    return template.format_map(facts)


def why(bundle: LabelBundle, assessment: Assessment, gaps: Mapping[Source, Gap]) -> str:
    """Why an assessment cannot be told, in words."""
    reason = assessment.reason.value if assessment.reason is not None else "unreadable"
    lacking = [bundle.wording.sources[source] for source in sorted(assessment.rests_on) if gaps.get(source) == reason]
    template = bundle.wording.reasons.get(reason, "the record does not say")
    return template.format(sources=" and ".join(lacking) or "some data")
